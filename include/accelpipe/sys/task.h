/**
 * @file
 * A task as a row: its name, what it needs, its parameters, and its functions.
 *
 * The engine owns the order (parameters, preprocess, batch, forward, unbatch, postprocess), the threads,
 * cancellation and errors; a task supplies the row. preprocess() emits any number of feeds for one input,
 * so tasks that cut their input into chunks need no engine of their own.
 *
 *     static ap_status shout(const ap_task_context *ctx, const void *opts, ap_value **out,
 *                            ap_value *const *outputs, size_t n_outputs, ap_error *err) {
 *         ap_value *loud;
 *         ap_status status = ap_task_base_postprocess(ctx, opts, out, outputs, n_outputs, err);
 *         if (!status && !(status = ap_value_create_bool(&loud, 1, err)))
 *             status = ap_value_dict_set_take(*out, "loud", loud, err);
 *         return status;
 *     }
 *     ap_task row = AP_TASK_INIT;
 *     row.name = "loud-classification";
 *     row.base = "text-classification";
 *     row.postprocess = shout;
 *     ap_task_register(&row, &err);
 *
 * A row of an application is a task of its own, or names a `base` and overrides some of it: each member that
 * it leaves NULL or 0 is the base's. Its functions reach those of the base by ap_task_base_preprocess() and
 * the like. It is made known to the whole process by ap_task_register(), or given to one pipeline
 * (ap_pipeline_options.custom_task, ap_pipeline_create_custom()).
 *
 * Parameters of an override come beside those of its base, in a struct of its own: its functions get their
 * own `opts`, those of the base the base's. One that has the name of one of the base's takes its place.
 *
 * Ownership: the row itself is copied. What it points to (texts, tables, `user`) and its functions are
 * borrowed: of a registered row until the process ends, of a pipeline's own until the pipeline is destroyed.
 *
 * Threading: a row is const. Its functions are called from many threads at once, and preprocess() at the
 * same time as forward() and postprocess() of earlier inputs; a context may only be read, and is gone when
 * the function has returned. ap_task_register() may be called from any thread at any time.
 */
#ifndef ACCELPIPE_SYS_TASK_H
#define ACCELPIPE_SYS_TASK_H

#include <accelpipe/pipeline.h>
#include <accelpipe/status.h>
#include <accelpipe/tokenizer.h>
#include <accelpipe/value.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AP_TASK_ABI 1u

/* -- parameters ---------------------------------------------------------------------------------------- */

/** Where the value of a parameter came from: transformers tells "absent" from "None", and some tasks tell a
 * value of the call from one of the creation. */
typedef enum ap_origin { AP_ORIGIN_ABSENT = 0, AP_ORIGIN_INIT = 1, AP_ORIGIN_CALL = 2 } ap_origin;

/** A bound parameter; which member of `as` counts follows from the row's type. Text and values are borrowed
 * from the dict they came from. */
typedef struct ap_opt {
    ap_origin origin;
    int is_null; /**< Given, and null. */
    union {
        int boolean;
        int64_t integer; /**< Of AP_PARAM_TYPE_CHOICE: the choice's number. */
        double number;
        const char *string;
        const ap_value *value;
    } as;
} ap_opt;

typedef enum ap_param_type {
    AP_PARAM_TYPE_BOOL = 1,
    AP_PARAM_TYPE_INT = 2,
    AP_PARAM_TYPE_FLOAT = 3,  /**< Takes ints too. */
    AP_PARAM_TYPE_STRING = 4, /**< Choices, if any, are for help only. */
    AP_PARAM_TYPE_CHOICE = 5, /**< One of a list of names; bools count where the list has them. */
    AP_PARAM_TYPE_VALUE = 6   /**< Anything: the task looks for itself. */
} ap_param_type;

/** Bits: the phase that reads a parameter. */
typedef enum ap_phase {
    AP_PHASE_INIT = 0, /**< Of pipeline() itself. */
    AP_PHASE_PREPROCESS = 1,
    AP_PHASE_FORWARD = 2,
    AP_PHASE_POSTPROCESS = 4,
    AP_PHASE_INPUT = 8 /**< Of normalize_inputs(): an input given by keyword (question=..., context=...). */
} ap_phase;

typedef enum ap_param_flags {
    AP_PARAM_NULL_OK = 1,  /**< null is a value of its own; without this flag, null counts as absent. */
    AP_PARAM_ANY_CASE = 2, /**< Of choices: compared without case. */
    AP_PARAM_KEY = 4,      /**< Of choices: an unknown one is AP_EKEY, where the reference raises KeyError. */
    AP_PARAM_LENIENT = 8   /**< A value of another type counts as absent, as in the reference. */
} ap_param_flags;

/** A choice: its name ("true" and "false" with `is_bool` stand for the bools) and its number. */
typedef struct ap_param_choice {
    const char *name; /**< NULL ends the list. */
    int64_t number;
    int is_bool;
} ap_param_choice;

/** One parameter: the single source for checks, help, docs and signatures. */
typedef struct ap_param {
    const char *name; /**< NULL ends the table. */
    ap_param_type type;
    ap_phase phase;
    size_t offset; /**< Of its ap_opt in the task's options struct. */
    int flags;     /**< Bits of ap_param_flags. */
    const ap_param_choice *choices;
    const char *default_json;       /**< For readers; NULL: absent. The task acts on absence itself. */
    const char *doc;                /**< One line. */
    const struct ap_param *include; /**< With an empty name: another table, at `offset` in the struct. */
} ap_param;

#define AP_PARAM(NAME, TYPE, PHASE, STRUCT, FLAGS, CHOICES, DEFAULT, DOC)                                    \
    {                                                                                                        \
#NAME, AP_PARAM_TYPE_##TYPE, AP_PHASE_##PHASE, offsetof(STRUCT, NAME), FLAGS, CHOICES, DEFAULT, DOC, \
            NULL                                                                                             \
    }
#define AP_PARAM_INCLUDE(TABLE, STRUCT, MEMBER)                                                              \
    { "", AP_PARAM_TYPE_VALUE, AP_PHASE_INIT, offsetof(STRUCT, MEMBER), 0, NULL, NULL, NULL, TABLE }
#define AP_PARAM_END                                                                                         \
    { NULL, AP_PARAM_TYPE_VALUE, AP_PHASE_INIT, 0, 0, NULL, NULL, NULL, NULL }

/* -- the row ------------------------------------------------------------------------------------------- */

/** Bits: what a task loads from the model folder. */
typedef enum ap_component {
    AP_COMPONENT_TOKENIZER = 1,
    AP_COMPONENT_IMAGE_PROCESSOR = 2,
    AP_COMPONENT_FEATURE_EXTRACTOR = 4,
    AP_COMPONENT_TABLE_TOKENIZER = 8 /**< That of TAPAS, in place of AP_COMPONENT_TOKENIZER. */
} ap_component;

/** Which sessions make up the model. */
typedef enum ap_model_kind {
    AP_MODEL_SINGLE_GRAPH = 1,   /**< One session, one run for each batch. */
    AP_MODEL_CAUSAL_LM = 2,      /**< A decoder that continues what it was given, token by token. */
    AP_MODEL_ENCODER_DECODER = 3 /**< An encoder, run once, and a decoder that writes about its output. */
} ap_model_kind;

/** What one input is; the CLI chooses by it how to read its arguments. */
typedef enum ap_input_kind {
    AP_INPUT_TEXT = 1,
    AP_INPUT_IMAGE = 2,
    AP_INPUT_AUDIO = 3,
    AP_INPUT_VIDEO = 4
} ap_input_kind;

/** Bits. */
typedef enum ap_task_flags {
    /** Where a call asks for a batch_size, padding stays in the outputs, as in transformers. */
    AP_TASK_KEEPS_PADDING = 1,
    /** Feeds never share a batch: in the models of this task, its rows change each other's results. */
    AP_TASK_RUNS_ALONE = 2
} ap_task_flags;

/** The pipeline that a task's functions work for; see the functions at the end. */
typedef struct ap_task_context ap_task_context;

/** Takes the feeds of one input. */
typedef struct ap_feeds ap_feeds;

/** What a batch is a part of: its call. */
typedef struct ap_task_run ap_task_run;

typedef struct ap_task {
    uint32_t abi;        /**< AP_TASK_ABI. */
    uint32_t size;       /**< sizeof(ap_task). */
    const char *name;    /**< As in transformers. */
    const char *aliases; /**< Separated by blanks; NULL: none. */
    const char *doc;     /**< One line. */
    ap_input_kind input;
    uint32_t components;
    ap_model_kind model_kind;
    const char *default_model; /**< Of the bundled models; NULL: none. */
    /** Ends of the architecture names in config.json that serve this task ("ForSequenceClassification"),
     * separated by blanks: the task of a model is inferred by them. */
    const char *architectures;
    /** Outputs of the model that are wanted, separated by blanks; NULL: all. Of "first|second|*" the first
     * that there is counts, "*" being the graph's first; it goes by the name in front. */
    const char *outputs;
    const ap_param *params;
    size_t opts_size; /**< Of the struct of ap_opt that `params` binds to; it begins as zeros. */

    /** Runs once, at creation: input names, ranks, label counts. optional */
    ap_status (*check_model)(const ap_task_context *ctx, ap_error *err);

    /** Rules between parameters, after binding: `opts` may be changed. Runs at creation, for the parameters
     * of the creation, and for each call, whose `opts` begins as a copy of those. That of a base runs too,
     * before it. optional */
    ap_status (*sanitize)(const ap_task_context *ctx, void *opts, ap_error *err);

    /** One input to feeds (see ap_feeds_add_take()). */
    ap_status (*preprocess)(const ap_task_context *ctx, const void *opts, const ap_value *input,
                            ap_feeds *feeds, ap_error *err);

    /** A batch of model inputs (a dict of tensors) to model outputs. Left NULL, *out is what one run of the
     * session gives. optional: one run of the session */
    ap_status (*forward)(const ap_task_context *ctx, const void *opts, ap_value **out, const ap_value *inputs,
                         ap_error *err);

    /** The outputs of all feeds of one input, in the order in which they were emitted, to its result. */
    ap_status (*postprocess)(const ap_task_context *ctx, const void *opts, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err);

    /** The last word on the shape of a whole call: `result` is the list of results, or the bare result when
     * `inputs` (normalized) was no list. Not called for a stream, whose results stand alone. optional
     * @param result taken and replaced; NULL after a failure. */
    ap_status (*shape_result)(const ap_task_context *ctx, const void *opts, const ap_value *inputs,
                              ap_value **result, ap_error *err);

    /** Turns what a whole call was given into its inputs: a list, or anything else for a single one. Not
     * called for a stream, whose inputs stand alone. optional: they are what was given
     * @param inputs NULL when there are none but those by keyword (AP_PHASE_INPUT) in `opts`.
     * @param[out] out owned; NULL: `inputs` as they are. */
    ap_status (*normalize_inputs)(const ap_task_context *ctx, const void *opts, ap_value **out,
                                  const ap_value *inputs, ap_error *err);

    /** Frees what sanitize() put into `opts` beside the bound parameters. That of a base runs too, after it.
     * optional
     * @param created the options of the creation, whose things a call borrows; NULL when `opts` are these. */
    void (*clear_opts)(void *opts, const void *created);

    /** Outputs whose second dimension is the tokens of a feed, separated by blanks, by the names that
     * postprocess() sees: the padding that a batch added is taken off them. NULL: none. */
    const char *token_outputs;
    /** Inputs of the model that postprocess() gets as well, separated by blanks. NULL: none. */
    const char *kept_inputs;
    uint32_t flags; /**< Bits of ap_task_flags; those of a base count too, as its components do. */
    /** The task that this row overrides, by name or alias; NULL: none, and then name, input, model_kind,
     * preprocess() and postprocess() are needed. */
    const char *base;
    void *user; /**< For the row's functions: ap_task_context_get_user(). */

    /** Does everything between preprocess() and postprocess() for a batch, in place of the engine's stacking,
     * forward() and what undoes it: models that generate. optional
     * @param feeds [n] what preprocess() emitted, not stacked; lent.
     * @param[out] outputs [n] a dict for each, owned; all NULL on failure. */
    ap_status (*forward_feeds)(const ap_task_context *ctx, const void *opts, ap_value **outputs,
                               ap_value *const *feeds, size_t n, const ap_task_run *run, ap_error *err);
} ap_task;

/** A row that begins as nothing but its version. */
#ifdef __cplusplus
#define AP_TASK_INIT                                                                                         \
    { AP_TASK_ABI, sizeof(ap_task) }
#else
#define AP_TASK_INIT                                                                                         \
    { .abi = AP_TASK_ABI, .size = sizeof(ap_task) }
#endif

/* -- making a row known -------------------------------------------------------------------------------- */

/** Makes a task known to this process by its name, as if it were one of the library's.
 * @return AP_EABI the row is of another version; AP_EINVAL a member is missing or not allowed (the message
 * names it); AP_EKEY its name or an alias is taken, or there is no such base; AP_ENOMEM. Since 0.1. */
AP_API ap_status ap_task_register(const ap_task *row, ap_error *err);

/** ap_pipeline_create_from_value() with a row for this pipeline alone, which needs no registering; with a
 * base it needs no name. `task` among the parameters is then not needed; if given, it is the row's name or
 * its base.
 * @param init may be NULL: no parameters.   @return also as ap_task_register(). Since 0.1. */
AP_API ap_status ap_pipeline_create_custom(ap_pipeline **out, const ap_value *init, const ap_task *row,
                                           ap_error *err);

/** The pipeline without its task's override: the base's, with the same model, tokenizer and parameters of the
 * creation. Borrowed, until `pipe` is destroyed. NULL when its task overrides none. It may be called as any
 * other: ap_pipeline_preprocess() of it is the base's preprocess() with parameters of the caller's choice.
 * Since 0.1. */
AP_API const ap_pipeline *ap_pipeline_get_base(const ap_pipeline *pipe);

/* -- what a task's functions may use ------------------------------------------------------------------- */

/** Adds a feed: a dict of tensors named as the model's inputs, the first dimension of each being 1 (or any,
 * with AP_TASK_RUNS_ALONE), and whatever else postprocess() needs. `feed` is taken. */
AP_API ap_status ap_feeds_add_take(ap_feeds *feeds, ap_value *feed, ap_error *err);

/** How many feeds the input has so far, and one of them, to look at or to add to; NULL when there is none.
 * Borrowed until the next feed is added. Since 0.1. */
AP_API size_t ap_feeds_get_n(const ap_feeds *feeds);
AP_API ap_value *ap_feeds_get(ap_feeds *feeds, size_t index);

/** Everything that a context lends lives as long as the pipeline. */

/** config.json of the model. */
AP_API const ap_value *ap_task_context_get_config(const ap_task_context *ctx);

/** config.json: id2label[index], mostly a string; NULL when there is none. */
AP_API const ap_value *ap_task_context_get_label(const ap_task_context *ctx, size_t index);

/** How many entries id2label has, as transformers counts num_labels. */
AP_API size_t ap_task_context_get_n_labels(const ap_task_context *ctx);

/** `user` of the row that the function is of. Since 0.1. */
AP_API void *ap_task_context_get_user(const ap_task_context *ctx);

/** The pipeline as that row sees it. Since 0.1. */
AP_API const ap_pipeline *ap_task_context_get_pipeline(const ap_task_context *ctx);

/** The pipeline's tokenizer; NULL when the task has none, or that of TAPAS. Since 0.1. */
AP_API const ap_tokenizer *ap_task_context_get_tokenizer(const ap_task_context *ctx);

/** Whether the call that the function works for was cancelled: work that takes long asks now and then, and
 * returns AP_ECANCELED. Since 0.1. */
AP_API int ap_task_context_is_cancelled(const ap_task_context *ctx);

/** Runs the model once.
 * @param inputs a dict of tensors named as the model's inputs; ids are converted to its types, and
 * token_type_ids, position_ids and attention_mask are made where it asks for them and `inputs` has none.
 * @param[out] out owned: a dict of tensors, those that `outputs` of the row names.
 * @return AP_EINVAL an input is missing or of another shape; AP_EBACKEND; AP_ECANCELED; AP_ENOMEM. Since 0.1.
 */
AP_API ap_status ap_task_context_run(const ap_task_context *ctx, ap_value **out, const ap_value *inputs,
                                     ap_error *err);

/** The functions of the row's base, as Python's super(). `ctx` and `opts` are those that the calling function
 * was given. Where the base leaves a function out, what stands for it happens: forward() runs the model once,
 * normalize_inputs() and shape_result() change nothing.
 * @return what the function gives; AP_EINVAL when the row has no base, or its base no forward_feeds(). Since
 * 0.1. */
AP_API ap_status ap_task_base_check_model(const ap_task_context *ctx, ap_error *err);
AP_API ap_status ap_task_base_preprocess(const ap_task_context *ctx, const void *opts, const ap_value *input,
                                         ap_feeds *feeds, ap_error *err);
AP_API ap_status ap_task_base_forward(const ap_task_context *ctx, const void *opts, ap_value **out,
                                      const ap_value *inputs, ap_error *err);
AP_API ap_status ap_task_base_forward_feeds(const ap_task_context *ctx, const void *opts, ap_value **outputs,
                                            ap_value *const *feeds, size_t n, const ap_task_run *run,
                                            ap_error *err);
AP_API ap_status ap_task_base_postprocess(const ap_task_context *ctx, const void *opts, ap_value **out,
                                          ap_value *const *outputs, size_t n_outputs, ap_error *err);
AP_API ap_status ap_task_base_shape_result(const ap_task_context *ctx, const void *opts,
                                           const ap_value *inputs, ap_value **result, ap_error *err);
AP_API ap_status ap_task_base_normalize_inputs(const ap_task_context *ctx, const void *opts, ap_value **out,
                                               const ap_value *inputs, ap_error *err);

#ifdef __cplusplus
}
#endif
#endif
