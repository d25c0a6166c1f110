/* To how many tokens a batch is padded. */
#ifndef AP_PIPELINE_LENGTHS_H
#define AP_PIPELINE_LENGTHS_H

#include "pipeline/context.h"

/* The length for a batch whose longest feed has `longest` tokens: that, or a little more where the backend
 * asks for few lengths and padding changes no result. */
size_t ap__lengths_choose(const ap_task_context *ctx, size_t longest);

/* `length` rounded up: by at most a sixteenth from 64 on, where there are 16 lengths between a power of two
 * and the next; to a multiple of 4 above 16. There are 76 up to 512. */
size_t ap__lengths_round(size_t length);

#endif
