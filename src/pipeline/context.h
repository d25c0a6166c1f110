/* A created pipeline, as the engine and the tasks see it. Immutable once it is made. */
#ifndef AP_PIPELINE_CONTEXT_H
#define AP_PIPELINE_CONTEXT_H

#include "generate/config.h"
#include "model/model.h"
#include "tokenizer/tapas/tapas.h"
#include "tokenizer/tokenizer.h"

#include <accelpipe/pipeline.h>
#include <accelpipe/sys/task.h>

struct ap_task_context {
    const ap_task *task;
    ap__model *model;
    const ap__config *config; /* The model's. */
    ap__tokenizer *tokenizer; /* NULL when the task needs none. */
    ap__tapas *tapas;         /* The same of a task that reads tables. */
    ap__generation_files *generation; /* Of a model that generates. */
    char *task_name;                  /* As it was asked for: the task's own, or an alias. */
};

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
    bool is_chosen_backend; /* Nobody named the accelerator. */
    ap_value *decisions;    /* What the router chose, and why. */
};

#endif
