/* Running a decoder step by step. */
#include "base/alloc.h"
#include "base/error.h"
#include "model/decoding_impl.h"

#include <string.h>

typedef ap__model_decoding decoding;

static decoding *of(ap__decoding *base) { return (decoding *)base; }

/* -- state --------------------------------------------------------------------------------------------- */

/* A runtime can neither cut a state nor join two: the next run reads all tokens again. */
static void forget_state(decoding *d) {
    if (!d->state) return;
    ap__session_state_destroy(d->decoder->first.session, d->state);
    d->state = NULL;
    d->n_kept = 0;
}

static ap_status set_origins(decoding *d, const int64_t *origins, ap_error *err) {
    size_t n = d->rows.n_rows;
    int64_t *copy = ap__calloc(n, sizeof *copy);
    if (!copy) return ap__fail_nomem(err);
    for (size_t i = 0; i < n; i++) copy[i] = origins ? origins[i] : (int64_t)i;
    ap__free(d->origins);
    d->origins = copy;
    return AP_OK;
}

static ap_status need_state(decoding *d, ap_error *err) {
    if (d->state) return AP_OK;
    ap_status status = set_origins(d, NULL, err);
    return status ? status : ap__session_state_create(&d->state, d->decoder->first.session, err);
}

/* The next run takes its rows from the state's by beam_idx. `d->rows` has the new rows already. */
static ap_status select_state(decoding *d, const uint32_t *rows, int64_t *index, ap_error *err) {
    if (!d->state) return AP_OK;
    if (!ap__decoder_graph_has(&d->decoder->first, AP__ROLE_BEAM_IDX)) {
        forget_state(d);
        return AP_OK;
    }
    for (size_t i = 0; i < d->rows.n_rows; i++) index[i] = d->origins[rows[i]];
    return set_origins(d, index, err);
}

/* -- operations ---------------------------------------------------------------------------------------- */

static ap_status check_step(const decoding *d, const ap__step *step, ap_error *err) {
    size_t n_masked = 0, n = d->base.n_rows * step->n_tokens;
    if (!step->n_tokens || !step->n_logits || step->n_logits > step->n_tokens)
        return ap__fail(err, AP_EINVAL, "a step of %zu tokens with the logits of %zu", step->n_tokens,
                        step->n_logits);
    for (size_t i = 0; step->mask && i < n; i++) n_masked += step->mask[i] != AP__MASK_IN;
    if (!n_masked || d->decoder->takes_mask) return AP_OK;
    return ap__fail(
        err, AP_EUNSUPPORTED,
        "%s takes no attention_mask and position_ids: texts of different lengths cannot share a batch",
        d->decoder->first.file);
}

static ap_status step(ap__decoding *self, const ap__step *step, float **logits, ap_error *err) {
    decoding *d = of(self);
    const ap__decoder *decoder = d->decoder;
    *logits = NULL;
    ap_status status = check_step(d, step, err);
    if (!status) status = ap__token_rows_append(&d->rows, step->tokens, step->mask, step->n_tokens, err);
    if (!status && decoder->is_stateful) status = need_state(d, err);
    if (status) return status;
    const ap__run_part part = {
        .graph = d->n_kept && decoder->next.session ? &decoder->next : &decoder->first,
        .n_tokens = d->rows.n_tokens - d->n_kept,
        .n_logits = step->n_logits,
        .uses_cache = d->n_kept > 0,
        .cancel = step->cancel,
    };
    status = ap__decoding_run(d, &part, err);
    if (!status) status = ap__decoding_read_logits(logits, d, &part, err);
    if (status) { /* The caches are as before, so that another may try. */
        ap__token_rows_slice(&d->rows, 0, self->n_tokens);
        return status;
    }
    self->n_tokens = d->rows.n_tokens;
    if (decoder->has_cache || decoder->is_stateful) d->n_kept = self->n_tokens;
    for (size_t i = 0; d->origins && i < self->n_rows; i++) d->origins[i] = (int64_t)i;
    return AP_OK;
}

/* -- rows ---------------------------------------------------------------------------------------------- */

static bool is_identity(const uint32_t *rows, size_t n_rows, size_t n_before) {
    bool is_same = n_rows == n_before;
    for (size_t i = 0; is_same && i < n_rows; i++) is_same = rows[i] == i;
    return is_same;
}

/* Rows of a [n_rows, n] tensor in host memory. */
static ap_status gather_mask(ap__tensor **mask, const uint32_t *rows, size_t n_rows, ap_error *err) {
    if (!*mask) return AP_OK;
    const ap_tensor_view *view = ap__tensor_get_view(*mask);
    const int64_t shape[2] = {(int64_t)n_rows, view->shape[1]}, *from = view->data;
    ap__tensor *chosen;
    ap_status status = ap__tensor_create(&chosen, AP_DTYPE_I64, shape, 2, err);
    if (status) return status;
    size_t n = (size_t)shape[1];
    for (size_t i = 0; n && i < n_rows; i++)
        memcpy((int64_t *)ap__tensor_data(chosen) + i * n, from + rows[i] * n, n * sizeof *from);
    ap__tensor_unref(*mask);
    *mask = chosen;
    return AP_OK;
}

/* What follows from the encoder's output stays where it is while each row stays with its output. */
static ap_status select_encoder(decoding *d, const uint32_t *rows, const int64_t *index, size_t n_rows,
                                ap_error *err) {
    bool is_same = n_rows == d->base.n_rows;
    if (!d->states) return AP_OK;
    for (size_t i = 0; is_same && i < n_rows; i++) is_same = d->sources[rows[i]] == d->sources[i];
    if (is_same) return AP_OK;
    uint32_t *sources = ap__calloc(n_rows, sizeof *sources);
    if (!sources) return ap__fail_nomem(err);
    for (size_t i = 0; i < n_rows; i++) sources[i] = d->sources[rows[i]];
    ap__free(d->sources);
    d->sources = sources;
    ap_status status = gather_mask(&d->encoder_mask, rows, n_rows, err);
    if (!status)
        status = ap__kept_gather(ap__decoder_set(&d->decoder->states), &d->states, index, n_rows, NULL, err);
    if (!status)
        status = ap__kept_gather(ap__decoder_set(&d->decoder->crosses), d->crosses, index, n_rows, NULL, err);
    return status;
}

/* Gives up the columns in front that no row has a token in. */
static ap_status trim(decoding *d, ap_error *err) {
    size_t n_blank = ap__token_rows_blank(&d->rows), n = d->rows.n_tokens;
    if (d->state && n_blank < n / 2) return AP_OK; /* It would cost a reading. */
    if (!n_blank) return AP_OK;
    forget_state(d);
    ap_status status =
        ap__kept_slice(ap__decoder_set(&d->decoder->caches), d->caches, (int64_t)n_blank, (int64_t)n, err);
    if (status) return status;
    ap__token_rows_slice(&d->rows, n_blank, n);
    d->base.n_tokens = d->rows.n_tokens;
    if (d->n_kept) d->n_kept -= n_blank;
    return AP_OK;
}

static ap_status select_rows(ap__decoding *self, const uint32_t *rows, size_t n_rows, ap_error *err) {
    decoding *d = of(self);
    if (!n_rows) return ap__fail(err, AP_EINVAL, "no row of a decoding was selected");
    for (size_t i = 0; i < n_rows; i++)
        if (rows[i] >= self->n_rows)
            return ap__fail(err, AP_EINVAL, "row %u of a decoding of %zu rows", rows[i], self->n_rows);
    if (is_identity(rows, n_rows, self->n_rows)) return AP_OK;
    int64_t *index = ap__calloc(n_rows, sizeof *index);
    if (!index) return ap__fail_nomem(err);
    for (size_t i = 0; i < n_rows; i++) index[i] = rows[i];
    ap_status status = ap__token_rows_select(&d->rows, rows, n_rows, err);
    if (!status)
        status = ap__kept_gather(ap__decoder_set(&d->decoder->caches), d->caches, index, n_rows, NULL, err);
    if (!status) status = select_encoder(d, rows, index, n_rows, err);
    if (!status) status = select_state(d, rows, index, err); /* Writes into index. */
    ap__free(index);
    if (status) return status;
    self->n_rows = n_rows;
    return trim(d, err);
}

static ap_status crop(ap__decoding *self, size_t n_tokens, ap_error *err) {
    decoding *d = of(self);
    if (n_tokens > self->n_tokens)
        return ap__fail(err, AP_EINVAL, "%zu tokens of a decoding that has read %zu", n_tokens,
                        self->n_tokens);
    if (n_tokens == self->n_tokens) return AP_OK;
    forget_state(d);
    ap_status status =
        ap__kept_slice(ap__decoder_set(&d->decoder->caches), d->caches, 0, (int64_t)n_tokens, err);
    if (status) return status;
    ap__token_rows_slice(&d->rows, 0, n_tokens);
    self->n_tokens = n_tokens;
    if (d->n_kept) d->n_kept = n_tokens;
    return AP_OK;
}

/* -- joining ------------------------------------------------------------------------------------------- */

/* The masks of two encoder's outputs, the shorter one filled up on the left. */
static ap_status join_masks(ap__tensor **mask, const ap__tensor *other, ap_error *err) {
    if (!*mask) return AP_OK;
    const ap_tensor_view *views[2] = {ap__tensor_get_view(*mask), ap__tensor_get_view(other)};
    size_t n = (size_t)(views[0]->shape[1] > views[1]->shape[1] ? views[0]->shape[1] : views[1]->shape[1]);
    const int64_t shape[2] = {views[0]->shape[0] + views[1]->shape[0], (int64_t)n};
    ap__tensor *joined;
    ap_status status = ap__tensor_create(&joined, AP_DTYPE_I64, shape, 2, err);
    if (status) return status;
    int64_t *to = ap__tensor_data(joined);
    for (size_t v = 0; v < 2; v++) {
        size_t len = (size_t)views[v]->shape[1], n_rows = (size_t)views[v]->shape[0];
        for (size_t i = 0; n && i < n_rows; i++, to += n) {
            memset(to, 0, (n - len) * sizeof *to);
            if (len) memcpy(to + n - len, (const int64_t *)views[v]->data + i * len, len * sizeof *to);
        }
    }
    ap__tensor_unref(*mask);
    *mask = joined;
    return AP_OK;
}

static ap_status join_sources(decoding *d, const decoding *other, ap_error *err) {
    size_t n = d->base.n_rows, n_other = other->base.n_rows;
    uint32_t *sources = ap__calloc(n + n_other, sizeof *sources), next = 0;
    if (!sources) return ap__fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        sources[i] = d->sources[i];
        if (sources[i] >= next) next = sources[i] + 1;
    }
    for (size_t i = 0; i < n_other; i++) sources[n + i] = next + other->sources[i];
    ap__free(d->sources);
    d->sources = sources;
    return AP_OK;
}

static ap_status join_encoder(decoding *d, const decoding *other, ap_error *err) {
    const ap__decoder *decoder = d->decoder;
    if (!d->states) return AP_OK;
    ap_status status = join_sources(d, other, err);
    if (!status) status = join_masks(&d->encoder_mask, other->encoder_mask, err);
    if (!status) status = ap__kept_join(ap__decoder_set(&decoder->states), &d->states, &other->states, err);
    if (!status) status = ap__kept_join(ap__decoder_set(&decoder->crosses), d->crosses, other->crosses, err);
    return status;
}

static ap_status check_join(const decoding *d, const decoding *other, ap_error *err) {
    if (d->decoder != other->decoder)
        return ap__fail(err, AP_EINVAL, "decodings of two models cannot be joined");
    if (!d->base.n_tokens || !other->base.n_tokens)
        return ap__fail(err, AP_EINVAL, "a decoding that has read nothing cannot be joined");
    if (d->base.n_tokens == other->base.n_tokens || d->decoder->takes_mask) return AP_OK;
    return ap__fail(
        err, AP_EUNSUPPORTED,
        "%s takes no attention_mask and position_ids: texts of %zu and %zu tokens cannot be joined",
        d->decoder->first.file, d->base.n_tokens, other->base.n_tokens);
}

static void end(ap__decoding *self);

static ap_status join(ap__decoding *self, ap__decoding *base, ap_error *err) {
    decoding *d = of(self), *other = of(base);
    ap_status status = base->ops == self->ops
                           ? check_join(d, other, err)
                           : ap__fail(err, AP_EINVAL, "decodings of two kinds cannot be joined");
    if (!status) status = ap__token_rows_join(&d->rows, &other->rows, err);
    if (!status) status = ap__kept_join(ap__decoder_set(&d->decoder->caches), d->caches, other->caches, err);
    if (!status) status = join_encoder(d, other, err);
    if (!status) {
        self->n_rows += base->n_rows;
        self->n_tokens = d->rows.n_tokens;
        if (d->n_kept) d->n_kept = self->n_tokens;
        forget_state(d);
    }
    base->ops->end(base);
    return status;
}

/* -- begin and end ------------------------------------------------------------------------------------- */

static void end(ap__decoding *self) {
    decoding *d = of(self);
    forget_state(d);
    ap__free(d->origins);
    ap__token_rows_clear(&d->rows);
    if (d->caches) ap__kept_unref(d->caches, d->decoder->caches.spec.n);
    if (d->crosses) ap__kept_unref(d->crosses, d->decoder->crosses.spec.n);
    ap__tensor_unref(d->states);
    ap__tensor_unref(d->encoder_mask);
    ap__tensor_unref(d->logits);
    ap__free(d->sources);
    ap__free(d->feeds);
    ap__free(d->buffer);
    ap__free(d->caches);
    ap__free(d);
}

static const ap__decoding_ops ops = {
    .step = step,
    .select = select_rows,
    .crop = crop,
    .join = join,
    .end = end,
};

static size_t n_ports(const ap__decoder_graph *graph) { return (size_t)graph->n_inputs + graph->n_outputs; }

static size_t n_cache_tensors(const ap__decoder *decoder) {
    return decoder->caches.spec.n + decoder->crosses.spec.n;
}

static ap_status allocate(decoding *d, ap_error *err) {
    const ap__decoder *decoder = d->decoder;
    size_t n = n_ports(&decoder->first), n_next = n_ports(&decoder->next);
    d->feeds = ap__calloc(n > n_next ? n : n_next, sizeof *d->feeds);
    d->caches = ap__calloc(n_cache_tensors(decoder), sizeof *d->caches);
    if (!d->feeds || !d->caches) return ap__fail_nomem(err);
    d->crosses = d->caches + decoder->caches.spec.n;
    return AP_OK;
}

static ap_status fork_encoder(decoding *d, const decoding *from, ap_error *err) {
    size_t n = from->base.n_rows;
    d->states = ap__tensor_ref(from->states);
    if (from->encoder_mask) d->encoder_mask = ap__tensor_ref(from->encoder_mask);
    d->sources = ap__calloc(n, sizeof *d->sources);
    if (!d->sources) return ap__fail_nomem(err);
    memcpy(d->sources, from->sources, n * sizeof *d->sources);
    return AP_OK;
}

static ap_status feed_encoder(ap__feed *feeds, const decoding *d, const ap_value *inputs, ap_error *err) {
    const ap_session_info *info = ap__session_get_info(d->decoder->encoder);
    for (uint32_t i = 0; i < info->n_inputs; i++) {
        const char *name = info->inputs[i].name;
        ap__tensor *tensor = ap__value_tensor(ap__dict_find(inputs, name, strlen(name)));
        if (!tensor) return ap__fail(err, AP_EINVAL, "the encoder's input %s was not given", name);
        const ap_tensor_view *view = ap__tensor_get_view(tensor);
        if (!view->rank || (size_t)view->shape[0] != d->base.n_rows)
            return ap__fail(err, AP_EINVAL, "the encoder's input %s has %lld rows, expected %zu", name,
                            view->rank ? (long long)view->shape[0] : 0LL, d->base.n_rows);
        feeds[i] = (ap__feed){.name = name, .tensor = tensor};
    }
    return AP_OK;
}

static ap_status run_encoder(decoding *d, const ap_value *inputs, ap_cancel *cancel, ap_error *err) {
    const ap_session_info *info = ap__session_get_info(d->decoder->encoder);
    ap__feed *feeds = ap__calloc(info->n_inputs, sizeof *feeds);
    if (!feeds) return ap__fail_nomem(err);
    ap__feed out = {.name = ap__decoder_states_name(d->decoder), .flags = AP_TENSOR_KEEP_IN_BACKEND};
    ap_status status = feed_encoder(feeds, d, inputs, err);
    if (!status) status = ap__session_run(d->decoder->encoder, feeds, info->n_inputs, &out, 1, cancel, err);
    d->states = out.tensor;
    ap__free(feeds);
    return status;
}

/* What of the encoder's output the decoder sees: by the attention_mask of its inputs, else all of it. */
static ap_status make_encoder_mask(decoding *d, const ap_value *inputs, ap_error *err) {
    const ap_tensor_view *states = ap__tensor_get_view(d->states);
    ap__tensor *given = ap__value_tensor(ap__dict_find(inputs, "attention_mask", strlen("attention_mask")));
    const int64_t shape[2] = {(int64_t)d->base.n_rows, states->rank == 3 ? states->shape[1] : 0};
    if (!ap__decoder_graph_has(&d->decoder->first, AP__ROLE_ENCODER_MASK)) return AP_OK;
    if (given) {
        ap_status status = ap__expect_shape(given, "attention_mask", AP_DTYPE_I64, 2, shape, err);
        if (!status) d->encoder_mask = ap__tensor_ref(given);
        return status;
    }
    ap_status status = ap__tensor_create(&d->encoder_mask, AP_DTYPE_I64, shape, 2, err);
    for (size_t i = 0; !status && i < ap__tensor_n_elements(d->encoder_mask); i++)
        ((int64_t *)ap__tensor_data(d->encoder_mask))[i] = 1;
    return status;
}

static ap_status begin_encoder(decoding *d, const ap_value *inputs, ap_cancel *cancel, ap_error *err) {
    if (!d->decoder->encoder) return AP_OK;
    d->sources = ap__calloc(d->base.n_rows, sizeof *d->sources);
    if (!d->sources) return ap__fail_nomem(err);
    for (size_t i = 0; i < d->base.n_rows; i++) d->sources[i] = (uint32_t)i;
    ap_status status = run_encoder(d, inputs, cancel, err);
    return status ? status : make_encoder_mask(d, inputs, err);
}

static ap_status begin_alone(ap__decoding **out, const ap__decoder *decoder, size_t n_rows,
                             const ap_value *inputs, ap_cancel *cancel, ap_error *err) {
    decoding *d = ap__calloc(1, sizeof *d);
    *out = NULL;
    if (!d) return ap__fail_nomem(err);
    d->decoder = decoder;
    d->base = (ap__decoding){.ops = &ops, .n_rows = n_rows, .vocab_size = decoder->vocab_size};
    d->rows.n_rows = n_rows;
    ap_status status = allocate(d, err);
    if (!status) status = ap__kept_create(d->caches, &decoder->caches, n_rows, err);
    if (!status) status = ap__kept_create(d->crosses, &decoder->crosses, n_rows, err);
    if (!status) status = begin_encoder(d, inputs, cancel, err);
    if (status)
        end(&d->base);
    else
        *out = &d->base;
    return status;
}

ap_status ap__decoding_begin(ap__decoding **out, const ap__decoder *decoder, size_t n_rows,
                             const ap_value *inputs, ap_cancel *cancel, ap_error *err) {
    ap__decoding *own;
    *out = NULL;
    if (!n_rows) return ap__fail(err, AP_EINVAL, "a decoding without rows");
    ap_status status = begin_alone(&own, decoder, n_rows, inputs, cancel, err);
    if (status) return status;
    if (decoder->company) return ap__company_admit(out, decoder->company, own, err);
    *out = own;
    return AP_OK;
}

ap_status ap__decoding_fork(ap__decoding **out, const ap__decoding *from, const uint32_t *rows, size_t n_rows,
                            ap_error *err) {
    const decoding *f = (const decoding *)from;
    decoding *d = ap__calloc(1, sizeof *d);
    *out = NULL;
    if (!d) return ap__fail_nomem(err);
    d->decoder = f->decoder;
    d->base = f->base;
    d->n_kept = f->state ? 0 : f->n_kept; /* There are no copies of a state. */
    ap_status status = allocate(d, err);
    if (!status) status = ap__token_rows_copy(&d->rows, &f->rows, err);
    for (size_t i = 0; !status && i < n_cache_tensors(d->decoder); i++)
        d->caches[i] = ap__tensor_ref(f->caches[i]);
    if (!status && f->states) status = fork_encoder(d, f, err);
    if (!status) status = select_rows(&d->base, rows, n_rows, err);
    if (status)
        end(&d->base);
    else
        *out = &d->base;
    return status;
}
