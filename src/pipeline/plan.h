/* Which feeds run together: batches of a given size in order, or batches formed by length. */
#ifndef AP_PIPELINE_PLAN_H
#define AP_PIPELINE_PLAN_H

#include "model/model.h"

/* What the batches are formed by. */
typedef struct ap__plan_rule {
    int64_t batch_size;    /* As asked for; 0: by length. */
    ap__batching batching; /* What the model allows. */
    bool can_pad;          /* The tokenizer has a token to pad with. */
    size_t n_rows;         /* By length: so many, however long; 0: as pays for one run. */
    size_t run_tokens;     /* What pays for one run: ap__plan_run_tokens(). */
    bool few_shapes;       /* By length: numbers of rows as ap__plan_run_rows() has them. */
} ap__plan_rule;

/* So many tokens pay for one run on a CPU. */
size_t ap__plan_run_tokens(int32_t n_threads);

/* Of n rows, at least one, as many as run together where shapes are to be few: a power of two. */
size_t ap__plan_run_rows(size_t n);

/* Orders feeds and cuts them into batches.
 * @param lengths [n] in tokens.
 * @param[out] order [n] indexes of the feeds, batch after batch.
 * @param[out] ends [n] the end of each batch in `order`.   @param tmp [n] scratch.
 * @return how many batches. */
size_t ap__plan_batches(size_t *order, size_t *ends, size_t *tmp, const size_t *lengths, size_t n,
                        const ap__plan_rule *rule);

#endif
