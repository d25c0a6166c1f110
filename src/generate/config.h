/* Which values generate() runs with: those of a call over those of the creation, over the model's files, over
 * the pipeline's own, over GenerationConfig's. Source: transformers@v4.55.4 generation/utils.py
 * _prepare_generation_config, pipelines/base.py Pipeline.__init__, generation/configuration_utils.py
 * validate. */
#ifndef AP_GENERATE_CONFIG_H
#define AP_GENERATE_CONFIG_H

#include "generate/params.h"
#include "model/config.h"

/* What the files of a model say: generation_config.json, or else config.json. Immutable. */
typedef struct ap__generation_files {
    ap_value *json;         /* Owned: what `opts` borrows from. */
    ap__generate_opts opts; /* Every row is there. */
    /* Files of before 4.50 give calls their special tokens alone; a pipeline is made with all of them. */
    bool fills_calls;
    bool is_encoder_decoder;
} ap__generation_files;

/* Reads `folder`/generation_config.json; without one, config.json gives what it has.
 * @return AP_EFORMAT, AP_ETYPE, ... with the path. */
ap_status ap__generation_files_load(ap__generation_files **out, const char *folder, const ap__config *config,
                                    ap_error *err);
void ap__generation_files_destroy(ap__generation_files *files); /* NULL is fine. */

/* What a pipeline adds to that. */
typedef struct ap__generation_maker {
    const ap__generation_files *files;
    const char *defaults_json;      /* The pipeline's own values: {"max_new_tokens": 256, ...}. */
    const ap__generate_opts *given; /* Of the creation. */
    const ap_value
        *task_specific; /* config.json: task_specific_params[task]; NULL: none. Borrowed by the result. */
    uint32_t tokenizer_pad_id; /* AP__TOKEN_NONE: none. */
} ap__generation_maker;

/* The values of a pipeline.   @return AP_EINVAL, AP_EUNSUPPORTED naming the parameter */
ap_status ap__generation_make(ap__generate_opts *out, const ap__generation_maker *maker, ap_error *err);

/* The values of one call: those of `made`, where they are defaults those of the files, and over them the rows
 * of `given` whose origin is the call. */
ap_status ap__generation_call(ap__generate_opts *out, const ap__generate_opts *made,
                              const ap__generation_files *files, const ap__generate_opts *given,
                              ap_error *err);

/* Errors of values and of their combinations; those that the reference only warns of are one line in the log.
 * @param asked which values somebody may have given: of those of other origins there is no warning. */
ap_status ap__generation_validate(const ap__generate_opts *c, ap_origin asked, ap_error *err);

#endif
