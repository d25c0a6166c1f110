/* From the vectors of a text's tokens to one vector of the text. */
#ifndef AP_TENSOR_POOLING_H
#define AP_TENSOR_POOLING_H

#include <stddef.h>
#include <stdint.h>

typedef enum ap__pooling {
    AP__POOLING_NONE = 0,
    AP__POOLING_MEAN = 1, /* Of the tokens that are attended to. */
    AP__POOLING_CLS = 2,  /* The first of these. */
    AP__POOLING_MAX = 3   /* The largest of them, number by number. */
} ap__pooling;

/* Source: UKPLab/sentence-transformers@v5.1.0 sentence_transformers/models/Pooling.py forward.
 * @param[out] out [width]   @param rows [n, width]   @param mask [n] 0: not attended to; NULL: all are.
 * Without any that is, the mean is 0, and cls and max take all. */
void ap__pool(float *out, ap__pooling how, const float *rows, const int64_t *mask, size_t n, size_t width);

/* In place: to length 1, unless all is 0. Source: torch.nn.functional.normalize. */
void ap__normalize(float *x, size_t n);

/* Sum of products. */
double ap__dot(const float *a, const float *b, size_t n);

#endif
