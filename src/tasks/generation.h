/* What the tasks of models that generate share: the values of generate(), the run of a batch, and text from
 * ids. */
#ifndef AP_TASKS_GENERATION_H
#define AP_TASKS_GENERATION_H

#include "generate/generate.h"
#include "pipeline/context.h"
#include "pipeline/tokenize.h"

/* Options that begin with this one are those of a task that generates. */
typedef struct ap__generation_opts {
    ap__generate_opts given; /* Bound: the table ap__generate_params. */
    ap_opt stop_sequence;
    bool is_made;
    ap__generate_opts made, config; /* Of the pipeline, and of the call. */
    ap_value *stop_ids;             /* Owned: of stop_sequence. */
    ap_origin stop_origin;
    bool gives_max_length, gives_min_length; /* The call does. */
    bool cleans_up;                          /* Spaces before punctuation, of what is decoded. */
    bool streams_prompt;                     /* The prompt is part of what is decoded, and no news. */
} ap__generation_opts;

/* What of a task sanitize() needs. */
typedef struct ap__generation_task {
    const char *defaults_json;   /* Values of generate() that the pipeline has by itself. */
    const ap_value *task_params; /* config.json: task_specific_params[task]; NULL: none. */
    bool stops_at_first;         /* Of the ids of stop_sequence, the first ends a sequence; else each does. */
} ap__generation_task;

/* For sanitize(), behind what the task does itself: fills `made` at creation, and `config`. */
ap_status ap__generation_sanitize(ap__generation_opts *o, const ap_task_context *ctx,
                                  const ap__generation_task *task, ap_error *err);

/* For clear_opts(). */
void ap__generation_clear(ap__generation_opts *o, const ap__generation_opts *created);

/* A length that the call gives by itself, or else the pipeline's: what of a generation_config of the call
 * does not count in. `opt` is of `given`, and `made` of the same row. */
int64_t ap__generation_length(const ap_opt *opt, const ap_opt *made, int64_t otherwise);

/* For forward_feeds(): feeds have "input_ids" and maybe "attention_mask", [1, n].
 * @param[out] outputs have `output`, [1, n_sequences, n], and all that the feed carries. */
ap_status ap__generation_run(ap_value **outputs, const ap_task_context *ctx, const ap__generation_opts *o,
                             const char *output, ap_value *const *feeds, size_t n, const ap_task_run *run,
                             ap_error *err);

/* The text of an input.   @return AP_ETYPE with `what` when it is none, as the reference's TypeError. */
ap_status ap__generation_text(ap__text *out, const ap_value *input, const char *what, ap_error *err);

/* config.json: task_specific_params[task]; NULL: there are none. */
const ap_value *ap__task_specific_params(const ap_task_context *ctx, const char *task);

/* The task's name as it was asked for. */
const char *ap__task_name(const ap_task_context *ctx);

/* tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=...).
 * @param[out] out owned: ap__free(). */
ap_status ap__generation_decode(char **out, size_t *len, const ap_task_context *ctx, ap__ids ids,
                                bool cleans_up, ap_error *err);

/* One of the sequences of an output, and how many there are.   @return AP_EINVAL it is no [1, n_sequences, n]
 */
ap_status ap__generation_sequences(const int64_t **ids, size_t *n_sequences, size_t *n,
                                   const ap_value *output, const char *name, ap_error *err);

#endif
