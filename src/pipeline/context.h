/* A created pipeline, as the engine and the tasks see it. Immutable once it is made. */
#ifndef AP_PIPELINE_CONTEXT_H
#define AP_PIPELINE_CONTEXT_H

#include "generate/chat/chat_template.h"
#include "generate/config.h"
#include "model/model.h"
#include "tokenizer/tapas/tapas.h"
#include "tokenizer/tokenizer.h"

#include <accelpipe/pipeline.h>
#include <accelpipe/sys/task.h>

/* Largest struct of parameters of one row. */
#define AP__TASK_OPTS_MAX_BYTES ((size_t)1 << 20)

/* A task, which may stand on another that it overrides. */
typedef struct ap__task_layer {
    const ap_task *own;  /* The row as its author wrote it: its functions, of which some may be missing. */
    const ap_task *task; /* The same with what it inherits, but for functions: what is read of a task. */
    const struct ap__task_layer *base; /* NULL: it stands on none. */
    size_t opts_offset; /* Of its own parameters, behind those of its base in one block of task->opts_size. */
} ap__task_layer;

struct ap_task_context {
    const ap_task *task; /* layer->task */
    const ap__task_layer *layer;
    const ap_task_context *base; /* Of layer->base. */
    const ap_pipeline *pipe;     /* The one that this is the context of. */
    const struct ap__call *call; /* What a function works for; NULL outside of calls. */
    ap__model *model;
    const ap__config *config;         /* The model's. */
    ap__tokenizer *tokenizer;         /* NULL when the task needs none. */
    ap__tapas *tapas;                 /* The same of a task that reads tables. */
    ap_tokenizer *lent_tokenizer;     /* `tokenizer` as the public API has it; NULL as well. */
    ap__generation_files *generation; /* Of a model that generates. */
    ap__model *assistant;             /* That guesses for it; NULL: there is none. */
    ap__generation_files *assistant_generation;
    ap__chat_templates *chat_templates; /* Of a causal one. */
    char *task_name; /* As it was asked for: the task's own name, or an alias; NULL: it was inferred. */
};

/* Of the call that a function works for; NULL: there is none. */
ap_cancel *ap__context_get_cancel(const ap_task_context *ctx);

/* One run of the model on inputs that are complete; gives the outputs that the whole task wants, whichever of
 * its rows asks. */
ap_status ap__context_run_model(ap_value **out, const ap_task_context *ctx, const ap_value *inputs,
                                ap_error *err);

/* Of the tokenizer, whichever the task has; NULL when it has none. */
const ap__tokenizer_config *ap__context_tokenizer_config(const ap_task_context *ctx);

struct ap_pipeline {
    ap_task_context ctx;
    void *opts;          /* [task->opts_size] The task's parameters, bound to the values of the creation. */
    ap_value *params;    /* Where these values live. */
    int64_t batch_size;  /* 0: by length. */
    int64_t num_workers; /* 0: one where it pays. */
    int32_t num_threads; /* Of the backend. */
    char *model_name;    /* As given, or of the bundled model. */
    bool is_bundled_model;
    bool is_chosen_backend;    /* Nobody named the accelerator. */
    ap_value *decisions;       /* What the router chose, and why. */
    ap__task_layer *own_layer; /* Of a task that only this pipeline has; owned. */
    struct ap_pipeline *base;  /* The same pipeline as its base's: owned, and all that is in it is ours. */
};

#endif
