/* What all searches have. */
#include "generate/search.h"

#include "base/alloc.h"
#include "base/error.h"
#include "tensor/math.h"

ap_status ap__search_create(ap__search **out, const ap__search_maker *maker, ap_error *err) {
    switch (maker->rules->mode) {
    case AP__MODE_BEAMS:
        return ap__search_create_beams(out, maker, err);
    case AP__MODE_GROUPS:
        return ap__search_create_groups(out, maker, err);
    default:
        return ap__search_create_sample(out, maker, err);
    }
}

ap_status ap__search_init(ap__search *search, const ap__search_ops *ops, const ap__search_maker *maker,
                          size_t n_rows, ap_error *err) {
    search->ops = ops;
    search->rules = maker->rules;
    search->input = maker->input;
    search->sink = maker->sink;
    search->guide = maker->guide;
    search->n_rows = 1;
    search->next = ap__calloc(n_rows, sizeof *search->next + sizeof *search->parents);
    if (!search->next) return ap__fail_nomem(err);
    search->parents = (uint32_t *)(void *)(search->next + n_rows);
    for (size_t i = 0; maker->prompt.n && i < n_rows; i++)
        search->next[i] = maker->prompt.ptr[maker->prompt.n - 1];
    return AP_OK;
}

ap_status ap__search_guide(const ap__search *search, float *scores, size_t first, size_t n_rows,
                           ap_error *err) {
    const ap__guide *guide = search->guide;
    return guide ? guide->apply(guide->ctx, scores, n_rows, search->next + first, err) : AP_OK;
}

void ap__search_destroy(ap__search *search) {
    if (!search) return;
    ap__free(search->next);
    search->ops->destroy(search);
}

ap_status ap__search_choose(int64_t *out, const ap__rules *rules, const float *scores, ap__scratch *scratch,
                            ap__random *random, ap_error *err) {
    size_t token = 0;
    ap_status status = AP_OK;
    if (rules->draws)
        status = ap__draw(&token, scores, scratch, random, err);
    else
        token = ap__argmax(scores, scratch->n);
    *out = (int64_t)token;
    return status;
}
