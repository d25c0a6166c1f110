/**
 * @file
 * The whole public API: Hugging Face pipelines as a C library. Start at pipeline.h.
 */
#ifndef ACCELPIPE_ACCELPIPE_H
#define ACCELPIPE_ACCELPIPE_H

#include <accelpipe/api.h>
#include <accelpipe/backend.h>
#include <accelpipe/log.h>
#include <accelpipe/model.h>
#include <accelpipe/pipeline.h>
#include <accelpipe/status.h>
#include <accelpipe/task.h>
#include <accelpipe/tensor.h>
#include <accelpipe/tokenizer.h>
#include <accelpipe/value.h>

#endif
