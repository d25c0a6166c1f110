/* To how many tokens a batch is padded. */
#ifndef AP_PIPELINE_LENGTHS_H
#define AP_PIPELINE_LENGTHS_H

#include "pipeline/context.h"

/* The length for a batch of so many rows whose longest has `longest` tokens: that, or a little more where the
 * backend asks for few lengths and padding changes no result. */
size_t ap__lengths_choose(const ap_task_context *ctx, size_t longest, size_t n_rows);

/* `length` rounded up, by an eighth at most from 32 on: there are 46 up to 512. Of one row, up to 16 not at
 * all: there are 52. */
size_t ap__lengths_round(size_t length, size_t n_rows);

#endif
