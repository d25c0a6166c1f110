/**
 * @file
 * Pipelines: pipeline(task, model, ...) and its call, as in transformers.
 *
 *     #include <accelpipe/accelpipe.h>
 *     #include <stdio.h>
 *     int main(void) {
 *         ap_error err = AP_ERROR_INIT;
 *         ap_pipeline_options options = AP_PIPELINE_OPTIONS_INIT;
 *         options.task = "text-classification";
 *         ap_pipeline *pipe = NULL;
 *         ap_value *text = NULL, *result = NULL;
 *         if (!ap_pipeline_create(&pipe, &options, &err) &&
 *             !ap_value_create_string(&text, "I loved it.", AP_NUL_TERMINATED, &err) &&
 *             !ap_pipeline_call(&result, pipe, text, NULL, &err)) {
 *             const ap_value *best = ap_value_list_get(result, 0);
 *             printf("%s\n", ap_value_get_string(ap_value_dict_get(best, "label"), NULL));
 *         } else {
 *             fprintf(stderr, "%s\n", err.message);
 *         }
 *         ap_value_destroy(result);
 *         ap_value_destroy(text);
 *         ap_pipeline_destroy(pipe);
 *         return err.status != AP_OK;
 *     }
 *
 * Ownership: `create` and results are the caller's to destroy; options, inputs and params are borrowed for
 * the call only.
 *
 * Threading: a created pipeline is immutable and may be called from many threads at once; each call runs
 * on its caller's thread, with at most one helper thread of its own for a list or a stream, or as many more
 * as num_workers says.
 *
 * Source: transformers@v4.55.4 pipelines/__init__.py pipeline(), pipelines/base.py Pipeline.
 */
#ifndef ACCELPIPE_PIPELINE_H
#define ACCELPIPE_PIPELINE_H

#include <accelpipe/status.h>
#include <accelpipe/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ap_pipeline ap_pipeline;

/** A task as a row: <accelpipe/sys/task.h>. */
struct ap_task;

/**
 * The parameters of pipeline(). Zero or NULL means "not given". A new member is only ever appended.
 */
typedef struct ap_pipeline_options {
    size_t struct_size;     /**< sizeof(ap_pipeline_options), set by AP_PIPELINE_OPTIONS_INIT. */
    const char *task;       /**< "text-classification" or an alias; inferred from the model when absent. */
    const char *model;      /**< A folder in Hugging Face layout; absent: the task's bundled model. */
    const ap_value *config; /**< String: a folder or file; dict: in place of the model's config.json. */
    const char *tokenizer;  /**< A folder whose tokenizer is used in place of the model's. */
    const char *feature_extractor;
    const char *image_processor;
    const char *processor;
    const char *framework; /**< "pt" is accepted; others are refused. */
    const char *revision;  /**< Branch, tag or commit on the Hub; a local folder has none. */
    const char *token;     /**< Token for the Hub; a local folder needs none. */
    const ap_value
        *device; /**< String ("cpu", "cuda:0") or int (-1: CPU). Together with device_map: error. */
    const ap_value *device_map; /**< String or dict, as in transformers. */
    const char *torch_dtype; /**< "auto", "float32", ... : computed in it, and which variant of the file. */
    ap_switch trust_remote_code;  /**< Code of a model folder is never run, whatever this says. */
    const ap_value *model_kwargs; /**< Dict: file_name, subfolder, provider, ... */
    const char *accelerator; /**< "ort", "ov" or "ipex"; absent: the first of ov, ort, ipex that is available
                                  and can run the model. */
    int64_t batch_size;      /**< Items per forward; 0: batches are formed by length. A CPU runs large ones in
                                parts. */
    int64_t num_workers;     /**< Threads for preprocessing, at most 64; 0 and 1: one where it pays. */
    const ap_value *params;  /**< Dict: the task's own parameters, defaults for every call. */
    int64_t num_threads;     /**< Threads of the backend; 0: the process's budget ($ACCELPIPE_NUM_THREADS, or
                                  physical cores within affinity and cgroup quota), shared by all pipelines. */
    ap_switch cache;         /**< Start-up cache of the backend, on by default. */
    const char
        *cache_dir; /**< In place of $ACCELPIPE_CACHE, $XDG_CACHE_HOME/accelpipe, ~/.cache/accelpipe. */
    const struct ap_task *custom_task; /**< A task for this pipeline alone: ap_pipeline_create_custom(). */
    const char *assistant_model; /**< Of tasks that generate: a smaller model with the same tokenizer, which
                                      guesses tokens ahead; the result stays the same. */
} ap_pipeline_options;

#define AP_PIPELINE_OPTIONS_INIT AP_STRUCT_INIT(ap_pipeline_options)

/** Creates a pipeline: finds model and backend, loads both.
 * @param[out] out Owned: ap_pipeline_destroy(). NULL on failure.
 * @return AP_EKEY unknown task; AP_EINVAL a bad option; AP_ENOTFOUND no such model or a file of it missing;
 * AP_EFORMAT a file of it corrupt; AP_EUNSUPPORTED something the model needs; AP_ENOBACKEND none available;
 * AP_EBACKEND the backend refused the model. Since 0.1. */
AP_API ap_status ap_pipeline_create(ap_pipeline **out, const ap_pipeline_options *options, ap_error *err);

/** The same from one dict with the names of transformers' pipeline(): {"task": ..., "model": ...,
 * "top_k": 2}; names that are not pipeline()'s are the task's own parameters. Since 0.1. */
AP_API ap_status ap_pipeline_create_from_value(ap_pipeline **out, const ap_value *init, ap_error *err);

/** Frees the pipeline; NULL is fine. No call on it may be running. */
AP_API void ap_pipeline_destroy(ap_pipeline *pipe);

/** What was chosen: {"task", "model", "file", "accelerator", "device", "torch_dtype", "num_threads", ...}. */
AP_API ap_status ap_pipeline_describe(ap_value **out, const ap_pipeline *pipe, ap_error *err);

/** What was chosen and why: {"decisions": [{"what", "choice", "why"}, ...], "passed_over": [...], "faster":
 * [...], "error": null}. "decisions" has a row for model, config, task, tokenizer, processor, threads,
 * backend, file, device, precision and start-up cache, in the order in which they were made; "passed_over"
 * what could have been in their place, "faster" what would make it faster. Since 0.1. */
AP_API ap_status ap_pipeline_explain(ap_value **out, const ap_pipeline *pipe, ap_error *err);

/** The same of a pipeline that ap_pipeline_create_from_value() would make of `init`; the model is opened for
 * it, and closed. Where machine or model are in the way (a file is missing, no backend is available), that is
 * no failure but "error": {"code", "message"}, behind the decisions that were made before. Since 0.1. */
AP_API ap_status ap_explain(ap_value **out, const ap_value *init, ap_error *err);

/* -- calling ------------------------------------------------------------------------------------------- */

/** Calls the pipeline on one input or a list of inputs.
 * @param inputs What the task takes: a string, a dict, a list of them, ...; NULL where they are among the
 * params, by keyword ({"question": ..., "context": ...}).
 * @param params Dict of the call's parameters, or NULL. A parameter that is null is not one that is absent.
 * @param[out] out Owned. The result as transformers shapes it: of a list, a list in the same order.
 * @return AP_EINVAL, AP_ETYPE, AP_EKEY for inputs and parameters; AP_EBACKEND; AP_ENOMEM. The first input
 * that fails fails the call; the message names its index. Since 0.1. */
AP_API ap_status ap_pipeline_call(ap_value **out, const ap_pipeline *pipe, const ap_value *inputs,
                                  const ap_value *params, ap_error *err);

/** A request to stop, shared between the thread that calls and the one that cancels. */
typedef struct ap_cancel ap_cancel;

AP_API ap_status ap_cancel_create(ap_cancel **out, ap_error *err);

/** Stops every call that was given `cancel`, running or to come, with AP_ECANCELED. May be called from any
 * thread, not from a signal handler. */
AP_API void ap_cancel_trigger(ap_cancel *cancel);

/** No call with it may be running. NULL is fine. */
AP_API void ap_cancel_destroy(ap_cancel *cancel);

/** @param n_total 0 while it is not known. Called on the thread that made the call. */
typedef void (*ap_progress_fn)(size_t n_done, size_t n_total, void *ctx);

/** Receives text while a model writes it, on the thread that made the call: whole characters, and all that
 * one sequence gets is its new text. Sequences of several inputs may come in turns.
 * @param input index among the inputs of the call.   @param sequence index among those of the input, below
 * num_return_sequences.
 * @param text borrowed; not NUL-terminated. With `len_bytes` 0 the sequence is at its end. */
typedef void (*ap_piece_fn)(size_t input, size_t sequence, const char *text, size_t len_bytes, void *ctx);

/** Where the time of a call went, and on what. Times are wall time, summed over the threads of the call:
 * where inputs are preprocessed beside the model, the phases come to more than the whole. A new member is
 * only ever appended. */
typedef struct ap_timings {
    size_t struct_size; /**< sizeof(ap_timings), set by AP_TIMINGS_INIT. */
    uint64_t total_ns;
    uint64_t preprocess_ns;
    uint64_t collate_ns; /**< Padding and stacking feeds to batches. */
    uint64_t forward_ns;
    uint64_t unbatch_ns; /**< Taking batches apart again. */
    uint64_t postprocess_ns;
    uint64_t n_inputs;
    uint64_t n_feeds;   /**< What the inputs were cut to: windows, labels, ... */
    uint64_t n_batches; /**< Runs of forward(). */
    uint64_t n_tokens; /**< That the model read, without padding; of inputs that are no text, their number. */
    uint64_t n_padding_tokens; /**< What it read beside them. */
} ap_timings;

#define AP_TIMINGS_INIT AP_STRUCT_INIT(ap_timings)

/** What a call may be given beside inputs and parameters. A new member is only ever appended. */
typedef struct ap_call_options {
    size_t struct_size; /**< sizeof(ap_call_options), set by AP_CALL_OPTIONS_INIT. */
    ap_cancel *cancel;  /**< Borrowed; NULL: the call cannot be cancelled. */
    ap_progress_fn progress;
    void *progress_ctx;
    ap_timings *timings; /**< Overwritten by the call, also where it fails; NULL: nothing is measured. */
    ap_piece_fn
        piece; /**< Of tasks that generate text; with beams, the text comes in one piece. Since 0.1. */
    void *piece_ctx;
} ap_call_options;

#define AP_CALL_OPTIONS_INIT AP_STRUCT_INIT(ap_call_options)

/** ap_pipeline_call() with options. @return also AP_ECANCELED. Since 0.1. */
AP_API ap_status ap_pipeline_call_with(ap_value **out, const ap_pipeline *pipe, const ap_value *inputs,
                                       const ap_value *params, const ap_call_options *options, ap_error *err);

/** Gives the next input of a stream. It is called on a helper thread, one call at a time.
 * @param[out] out the input, owned by the stream from then on; left NULL at the end of the inputs.
 * @return Anything but AP_OK: this input failed; its error is emitted in its place, and the stream goes on.
 */
typedef ap_status (*ap_next_fn)(ap_value **out, void *ctx, ap_error *err);

/** Receives the results in the order of the inputs, on the thread that called ap_pipeline_stream().
 * @param result Owned by the callback; NULL when the input failed.   @param err AP_OK or why it failed.
 * @return 0 to go on, anything else to end the stream. */
typedef int (*ap_emit_fn)(size_t index, ap_value *result, const ap_error *err, void *ctx);

/** Calls the pipeline on any number of inputs in bounded memory. Results come while inputs are still being
 * read; one that fails does not stop the others.
 * @return AP_OK also when inputs failed; AP_ECANCELED; AP_EINVAL for bad parameters. Since 0.1. */
AP_API ap_status ap_pipeline_stream(const ap_pipeline *pipe, ap_next_fn next, ap_emit_fn emit, void *ctx,
                                    const ap_value *params, const ap_call_options *options, ap_error *err);

/* -- the three phases ---------------------------------------------------------------------------------- */

/** One input to a list of feeds; a feed is a dict of tensors named as the model's inputs, plus whatever the
 * task carries to its last phase. Most tasks give one feed. Since 0.1. */
AP_API ap_status ap_pipeline_preprocess(ap_value **out, const ap_pipeline *pipe, const ap_value *input,
                                        const ap_value *params, ap_error *err);

/** Feeds to model outputs, one dict for each: the tensors the model gave, plus what the feed carried. The
 * feeds run as one batch, padded where they differ in length. Since 0.1. */
AP_API ap_status ap_pipeline_forward(ap_value **out, const ap_pipeline *pipe, const ap_value *feeds,
                                     const ap_value *params, ap_error *err);

/** The model outputs of one input to its result. Since 0.1. */
AP_API ap_status ap_pipeline_postprocess(ap_value **out, const ap_pipeline *pipe,
                                         const ap_value *model_outputs, const ap_value *params,
                                         ap_error *err);

#ifdef __cplusplus
}
#endif
#endif
