/* The parameters of pipeline() itself: one table for C options, dicts, CLI flags and signatures. */
#ifndef AP_API_INIT_PARAMS_H
#define AP_API_INIT_PARAMS_H

#include <accelpipe/pipeline.h>
#include <accelpipe/sys/task.h>

/* Bound parameters; everything is borrowed from where it came from. */
typedef struct ap__init_opts {
    ap_opt task, model, config, tokenizer, feature_extractor, image_processor, processor, framework, revision,
        use_fast, token, device, device_map, torch_dtype, dtype, trust_remote_code, model_kwargs, accelerator,
        batch_size, num_workers, num_threads, cache, cache_dir, assistant_model;
    const ap_task *custom_task; /* A row, not a value, and so in no table. */
} ap__init_opts;

extern const ap_param ap__init_params[];

/* The options struct in the same form. `storage` keeps what has to live as long as `out`.
 * @return AP_EINVAL a struct of another version. */
ap_status ap__init_opts_from_options(ap__init_opts *out, const ap_pipeline_options *options, ap_error *err);

/* torch_dtype or dtype, which are one; NULL: neither. "auto" gives way to the other. */
const char *ap__init_opts_dtype(const ap__init_opts *opts);

/* Checks that concern parameters alone: values, and combinations that contradict each other. */
ap_status ap__init_opts_check(const ap__init_opts *opts, ap_error *err);

#endif
