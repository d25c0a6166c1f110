/* A created pipeline, as the engine and the tasks see it. Immutable once it is made. */
#ifndef AP_PIPELINE_CONTEXT_H
#define AP_PIPELINE_CONTEXT_H

#include "model/model.h"
#include "tokenizer/tokenizer.h"

#include <accelpipe/pipeline.h>
#include <accelpipe/sys/task.h>

struct ap_task_context {
    const ap_task *task;
    ap__model *model;
    const ap__config *config; /* The model's. */
    ap__tokenizer *tokenizer; /* NULL when the task needs none. */
};

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
