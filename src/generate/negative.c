/* Reading negative prompts: a list of ids, a list of such lists, or a tensor of one of these shapes. */
#include "generate/negative.h"

#include "base/alloc.h"
#include "base/error.h"
#include "tensor/convert.h"
#include "value/value.h"

#include <string.h>

/* A parameter as a matrix of ints. */
typedef struct matrix {
    const char *name;
    const ap_value *value;
    const ap_tensor_view *view; /* NULL: `value` is a list. */
    bool is_flat;               /* One row, which stands by itself. */
    size_t n_rows, n;
} matrix;

/* -- the parameters ------------------------------------------------------------------------------------ */

static ap_status fail_shape(const matrix *m, ap_error *err) {
    return ap__fail(err, AP_EINVAL,
                    "parameter %s: expected ints [n_tokens] or [n_prompts, n_tokens], at least one, found %s",
                    m->name, ap_kind_name(ap_value_kind(m->value)));
}

static ap_status open_tensor(matrix *m, ap_error *err) {
    uint32_t rank = m->view->rank;
    if (rank != 1 && rank != 2) return fail_shape(m, err);
    m->is_flat = rank == 1;
    m->n_rows = m->is_flat ? 1 : (size_t)m->view->shape[0];
    m->n = (size_t)m->view->shape[rank - 1];
    return m->n_rows && m->n ? AP_OK : fail_shape(m, err);
}

static ap_status open_list(matrix *m, ap_error *err) {
    const ap_value *first = ap_value_list_get(m->value, 0);
    if (!first) return fail_shape(m, err);
    m->is_flat = ap_value_kind(first) != AP_KIND_LIST;
    m->n_rows = m->is_flat ? 1 : ap_value_len(m->value);
    m->n = ap_value_len(m->is_flat ? m->value : first);
    for (size_t i = 0; !m->is_flat && i < m->n_rows; i++)
        if (ap_value_len(ap_value_list_get(m->value, i)) != m->n)
            return ap__fail(err, AP_EINVAL, "parameter %s: list %zu has another length than the first, %zu",
                            m->name, i, m->n);
    return m->n ? AP_OK : fail_shape(m, err);
}

static ap_status open_matrix(matrix *m, const char *name, const ap_value *value, ap_error *err) {
    ap__tensor *tensor = ap__value_tensor(value);
    *m = (matrix){.name = name, .value = value, .view = tensor ? ap__tensor_get_view(tensor) : NULL};
    if (!tensor && ap_value_kind(value) != AP_KIND_LIST) return fail_shape(m, err);
    ap_status status = tensor ? open_tensor(m, err) : open_list(m, err);
    if (!status && (m->n > AP__IDS_MAX || m->n_rows > AP__IDS_MAX))
        return ap__fail(err, AP_ELIMIT, "parameter %s: [%zu, %zu] is too large", name, m->n_rows, m->n);
    return status;
}

static ap_status read_element(int64_t *out, const matrix *m, size_t row, size_t i, ap_error *err) {
    if (m->view) return ap__element_as_int(out, m->view, row * m->n + i) ? AP_OK : fail_shape(m, err);
    const ap_value *list = m->is_flat ? m->value : ap_value_list_get(m->value, row);
    const ap_value *item = ap_value_list_get(list, i);
    ap_kind kind = ap_value_kind(item);
    *out = kind == AP_KIND_BOOL ? ap_value_get_bool(item) : ap_value_get_int(item);
    return kind == AP_KIND_INT || kind == AP_KIND_BOOL ? AP_OK : fail_shape(m, err);
}

/* -- which row ----------------------------------------------------------------------------------------- */

static ap_status compare_rows(bool *are_equal, const matrix *m, ap_error *err) {
    ap_status status = AP_OK;
    *are_equal = true;
    for (size_t row = 1; row < m->n_rows; row++)
        for (size_t i = 0; !status && i < m->n; i++) {
            int64_t a, b;
            status = read_element(&a, m, 0, i, err);
            if (!status) status = read_element(&b, m, row, i, err);
            if (!status && a != b) *are_equal = false;
        }
    return status;
}

/* One prompt is for all inputs, and so are equal ones, which the reference wants for beams: one for each. */
static ap_status choose_row(size_t *row, const matrix *m, const ap__generation *g, size_t i_prompt,
                            ap_error *err) {
    bool are_equal;
    size_t n = g->is_batch ? g->n_prompts : 1;
    ap_status status = compare_rows(&are_equal, m, err);
    *row = 0;
    for (size_t i = 0; !are_equal && i < g->n_prompts; i++)
        *row += g->prompts[i].index < g->prompts[i_prompt].index;
    if (status || are_equal || (n > 1 && m->n_rows == n)) return status;
    return ap__fail(
        err, AP_EINVAL,
        "parameter %s: %zu different prompts for %zu input%s; give one for all, or with batch_size "
        "one for each input of a batch",
        m->name, m->n_rows, n, n == 1 ? "" : "s");
}

/* -- all of it ----------------------------------------------------------------------------------------- */

static ap_status read_tokens(ap__negative_prompt *out, const matrix *ids, size_t row, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < ids->n; i++) {
        int64_t id;
        status = read_element(&id, ids, row, i, err);
        if (!status && id < 0)
            status = ap__fail(err, AP_EINVAL, "parameter %s: %lld is no token id", ids->name, (long long)id);
        if (!status) status = ap__tokens_add(&out->tokens, id, err);
    }
    return status;
}

static ap_status read_mask(ap__negative_prompt *out, const matrix *ids, const ap_opt *opt, size_t row,
                           ap_error *err) {
    matrix mask;
    bool has_zero = false;
    if (!ap__opt_is_set(opt)) return AP_OK;
    ap_status status = open_matrix(&mask, "negative_prompt_attention_mask", opt->as.value, err);
    if (status) return status;
    if (mask.n != ids->n || mask.n_rows != ids->n_rows)
        return ap__fail(err, AP_EINVAL,
                        "negative_prompt_attention_mask is [%zu, %zu], and negative_prompt_ids [%zu, %zu]",
                        mask.n_rows, mask.n, ids->n_rows, ids->n);
    if (!(out->mask = ap__calloc(mask.n, 1))) return ap__fail_nomem(err);
    for (size_t i = 0; !status && i < mask.n; i++) {
        int64_t number;
        if ((status = read_element(&number, &mask, row, i, err))) break;
        out->mask[i] = number ? AP__MASK_IN : AP__MASK_HIDDEN;
        has_zero = has_zero || !number;
    }
    if (status || has_zero) return status;
    ap__free(out->mask);
    out->mask = NULL;
    return AP_OK;
}

ap_status ap__negative_prompt_read(ap__negative_prompt *out, const ap__generation *g, size_t i_prompt,
                                   ap_error *err) {
    const ap__generate_opts *c = g->config;
    matrix ids;
    size_t row;
    *out = (ap__negative_prompt){0};
    if (!ap__opt_is_set(&c->negative_prompt_ids)) {
        if (!ap__opt_is_set(&c->negative_prompt_attention_mask)) return AP_OK;
        return ap__fail(err, AP_EINVAL,
                        "negative_prompt_attention_mask is given, and negative_prompt_ids is not");
    }
    ap_status status = open_matrix(&ids, "negative_prompt_ids", c->negative_prompt_ids.as.value, err);
    if (!status) status = choose_row(&row, &ids, g, i_prompt, err);
    if (!status) status = read_tokens(out, &ids, row, err);
    return status ? status : read_mask(out, &ids, &c->negative_prompt_attention_mask, row, err);
}

void ap__negative_prompt_clear(ap__negative_prompt *prompt) {
    ap__tokens_clear(&prompt->tokens);
    ap__free(prompt->mask);
    *prompt = (ap__negative_prompt){0};
}
