/* Running a decoder step by step. */
#include "base/alloc.h"
#include "base/error.h"
#include "model/decoder_impl.h"
#include "tensor/convert.h"

#include <string.h>

typedef struct decoding {
    ap__decoding base;
    const ap__decoder *decoder;
    ap__token_rows rows;
    size_t n_kept;        /* Tokens that the cache has of every row; the others are read by the next run. */
    ap_state *state;      /* Of a stateful model; NULL: a new one is needed. */
    int64_t *origins;     /* [n_rows] What the rows of the state are that the rows here go on from. */
    ap__tensor **caches;  /* [decoder->caches.spec.n] */
    ap__tensor **crosses; /* [decoder->crosses.spec.n] Hold what they should once a token was read. */
    ap__tensor *states;   /* The encoder's output; NULL: there is none. */
    ap__tensor *encoder_mask; /* int64 [n_rows, n] */
    uint32_t *sources;        /* [n_rows] Equal where rows have the same encoder's output. */
    ap__feed *feeds;          /* Room for those of a run. */
    ap__tensor *logits;       /* Of the last run, where these are what the caller got. */
    float *buffer;            /* Else they were copied to here. */
    size_t buffer_len;
} decoding;

static decoding *of(ap__decoding *base) { return (decoding *)base; }

/* -- inputs -------------------------------------------------------------------------------------------- */

/* Inputs that are made for each run, by role; freed behind it. */
typedef struct made_inputs {
    ap__tensor *tensors[AP__ROLE_LOGITS];
} made_inputs;

/* What a run reads: the last `n` tokens of the rows. */
typedef struct run_part {
    const ap__decoder_graph *graph;
    size_t n_tokens, n_logits;
    bool uses_cache; /* Something was read before. */
    ap_cancel *cancel;
} run_part;

static void fill_tokens(int64_t *out, const ap__token_rows *rows, size_t n) {
    for (size_t i = 0; i < rows->n_rows; i++)
        memcpy(out + i * n, rows->tokens + i * rows->capacity + rows->n_tokens - n, n * sizeof *out);
}

static void fill_mask(int64_t *out, const ap__token_rows *rows) {
    for (size_t i = 0; i < rows->n_rows; i++) {
        const uint8_t *mask = rows->mask + i * rows->capacity;
        for (size_t k = 0; k < rows->n_tokens; k++) *out++ = mask[k] == AP__MASK_IN;
    }
}

static void fill_ints(int64_t *out, ap__role role, const decoding *d, const run_part *part) {
    switch (role) {
    case AP__ROLE_INPUT_IDS:
        fill_tokens(out, &d->rows, part->n_tokens);
        break;
    case AP__ROLE_ATTENTION_MASK:
        fill_mask(out, &d->rows);
        break;
    case AP__ROLE_POSITION_IDS:
        ap__token_rows_positions(out, &d->rows, part->n_tokens);
        break;
    case AP__ROLE_BEAM_IDX:
        memcpy(out, d->origins, d->base.n_rows * sizeof *out);
        break;
    case AP__ROLE_CACHE_POSITION:
        for (size_t i = 0; i < part->n_tokens; i++) out[i] = (int64_t)(d->rows.n_tokens - part->n_tokens + i);
        break;
    default: /* AP__ROLE_N_LOGITS */
        *out = (int64_t)part->n_logits;
        break;
    }
}

/* @return the rank */
static uint32_t shape_ints(int64_t *shape, ap__role role, const decoding *d, const run_part *part) {
    if (role == AP__ROLE_N_LOGITS) return 0;
    shape[0] = role == AP__ROLE_CACHE_POSITION ? (int64_t)part->n_tokens : (int64_t)d->base.n_rows;
    shape[1] = (int64_t)(role == AP__ROLE_ATTENTION_MASK ? d->rows.n_tokens : part->n_tokens);
    return role == AP__ROLE_CACHE_POSITION || role == AP__ROLE_BEAM_IDX ? 1 : 2;
}

/* `tensor` (int64) as int32; it is taken, also on failure. */
static ap_status narrow(ap__tensor **out, ap__tensor *tensor, ap_error *err) {
    const ap_tensor_view *view = ap__tensor_get_view(tensor);
    const int64_t *from = view->data;
    ap_status status = ap__tensor_create(out, AP_DTYPE_I32, view->shape, view->rank, err);
    size_t n = ap__tensor_n_elements(tensor);
    for (size_t i = 0; !status && i < n; i++) ((int32_t *)ap__tensor_data(*out))[i] = (int32_t)from[i];
    ap__tensor_unref(tensor);
    return status;
}

static ap_status make_ints(ap__tensor **out, const decoding *d, const run_part *part, const ap__port *port,
                           ap_error *err) {
    int64_t shape[AP_TENSOR_MAX_RANK] = {0};
    uint32_t rank = shape_ints(shape, port->role, d, part);
    ap__tensor *tensor;
    *out = NULL;
    ap_status status = ap__tensor_create(&tensor, AP_DTYPE_I64, shape, rank, err);
    if (status) return status;
    fill_ints(ap__tensor_data(tensor), port->role, d, part);
    if (port->dtype == AP_DTYPE_I32) return narrow(out, tensor, err);
    *out = tensor;
    return AP_OK;
}

static ap_status make_use_cache(ap__tensor **out, const run_part *part, ap_error *err) {
    const int64_t one = 1;
    ap_status status = ap__tensor_create(out, AP_DTYPE_BOOL, &one, 1, err);
    if (!status) *(uint8_t *)ap__tensor_data(*out) = part->uses_cache;
    return status;
}

/* The encoder's mask is made once and kept. */
static ap_status encoder_mask(ap__tensor **made, ap__tensor **out, const decoding *d, const ap__port *port,
                              ap_error *err) {
    *out = d->encoder_mask;
    if (port->dtype != AP_DTYPE_I32) return AP_OK;
    ap_status status = narrow(made, ap__tensor_ref(d->encoder_mask), err);
    *out = *made;
    return status;
}

static ap_status choose_input(ap__tensor **out, made_inputs *made, const decoding *d, const run_part *part,
                              const ap__port *port, ap_error *err) {
    ap_status status = AP_OK;
    switch (port->role) {
    case AP__ROLE_CACHE:
        *out = d->caches[port->slot];
        return AP_OK;
    case AP__ROLE_CROSS:
        *out = d->crosses[port->slot];
        return AP_OK;
    case AP__ROLE_ENCODER_STATES:
        *out = d->states;
        return AP_OK;
    case AP__ROLE_ENCODER_MASK:
        return encoder_mask(&made->tensors[port->role], out, d, port, err);
    case AP__ROLE_USE_CACHE:
        status = make_use_cache(&made->tensors[port->role], part, err);
        break;
    default:
        status = make_ints(&made->tensors[port->role], d, part, port, err);
        break;
    }
    *out = made->tensors[port->role];
    return status;
}

/* -- a run --------------------------------------------------------------------------------------------- */

/* Outputs that are wanted. What a merged graph gives for the encoder's part of a cache that it was given is a
 * dummy. */
static bool is_wanted(const ap__port *output, const run_part *part) {
    if (output->role == AP__ROLE_CROSS) return !part->uses_cache;
    return output->role == AP__ROLE_LOGITS || output->role == AP__ROLE_CACHE;
}

static size_t choose_outputs(ap__feed *out, const run_part *part) {
    size_t n = 0;
    for (uint32_t i = 0; i < part->graph->n_outputs; i++) {
        const ap__port *output = &part->graph->outputs[i];
        if (is_wanted(output, part))
            out[n++] = (ap__feed){.name = output->name,
                                  .flags = output->role == AP__ROLE_LOGITS ? AP_TENSOR_HOST
                                                                           : AP_TENSOR_KEEP_IN_BACKEND};
    }
    return n;
}

/* Puts the outputs in their places; the caches from before go. */
static void take_outputs(decoding *d, const run_part *part, const ap__feed *out) {
    for (uint32_t i = 0; i < part->graph->n_outputs; i++) {
        const ap__port *output = &part->graph->outputs[i];
        if (!is_wanted(output, part)) continue;
        ap__tensor **place = output->role == AP__ROLE_LOGITS  ? &d->logits
                             : output->role == AP__ROLE_CACHE ? &d->caches[output->slot]
                                                              : &d->crosses[output->slot];
        ap__tensor_unref(*place);
        *place = (out++)->tensor;
    }
}

static ap_status run_part_of(decoding *d, const run_part *part, ap_error *err) {
    const ap__decoder_graph *graph = part->graph;
    made_inputs made = {{NULL}};
    ap__feed *out = d->feeds + graph->n_inputs;
    ap_status status = AP_OK;
    ap__tensor_unref(d->logits);
    d->logits = NULL;
    for (uint32_t i = 0; !status && i < graph->n_inputs; i++) {
        d->feeds[i] = (ap__feed){.name = graph->inputs[i].name};
        status = choose_input(&d->feeds[i].tensor, &made, d, part, &graph->inputs[i], err);
    }
    const ap__stateful_run run = {d->state,    d->feeds, graph->n_inputs, out, choose_outputs(out, part),
                                  part->cancel};
    if (!status) status = ap__session_run_stateful(graph->session, &run, err);
    for (size_t i = 0; i < sizeof made.tensors / sizeof *made.tensors; i++) ap__tensor_unref(made.tensors[i]);
    if (!status) take_outputs(d, part, out);
    return status;
}

/* -- logits -------------------------------------------------------------------------------------------- */

static ap_status check_logits(decoding *d, const run_part *part, ap_error *err) {
    const ap_tensor_view *view = ap__tensor_get_view(d->logits);
    char shape[160];
    if (view->rank == 3 && (size_t)view->shape[0] == d->base.n_rows &&
        (size_t)view->shape[1] >= part->n_logits && view->shape[2] > 0) {
        d->base.vocab_size = (size_t)view->shape[2];
        return AP_OK;
    }
    return ap__fail(err, AP_EBACKEND, "%s: logits have the shape %s; expected [%zu, %zu or more, any]",
                    part->graph->file, ap__shape_text(shape, sizeof shape, view->shape, view->rank),
                    d->base.n_rows, part->n_logits);
}

static ap_status reserve_buffer(decoding *d, size_t n_floats, ap_error *err) {
    size_t n_bytes;
    if (n_floats <= d->buffer_len) return AP_OK;
    ap__free(d->buffer);
    d->buffer_len = 0;
    d->buffer = ap__mul_size(&n_bytes, n_floats, sizeof *d->buffer) ? ap__malloc(n_bytes) : NULL;
    if (!d->buffer) return ap__fail_nomem(err);
    d->buffer_len = n_floats;
    return AP_OK;
}

/* The last positions of each row, as float32. Where that is all there is, it is not copied. */
static ap_status read_logits(float **out, decoding *d, const run_part *part, ap_error *err) {
    ap_status status = check_logits(d, part, err);
    if (status) return status;
    const ap_tensor_view *view = ap__tensor_get_view(d->logits);
    size_t n_given = (size_t)view->shape[1], n = part->n_logits * d->base.vocab_size;
    if (n_given == part->n_logits && view->dtype == AP_DTYPE_F32) {
        *out = (float *)(uintptr_t)view->data; /* An output is nobody else's. */
        return AP_OK;
    }
    if ((status = reserve_buffer(d, d->base.n_rows * n, err))) return status;
    for (size_t i = 0; i < d->base.n_rows; i++)
        ap__elements_as_float(d->buffer + i * n, view, (i + 1) * n_given * d->base.vocab_size - n, n);
    ap__tensor_unref(d->logits); /* Those of a long text take more than its cache. */
    d->logits = NULL;
    *out = d->buffer;
    return AP_OK;
}

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
    const run_part part = {
        .graph = d->n_kept && decoder->next.session ? &decoder->next : &decoder->first,
        .n_tokens = d->rows.n_tokens - d->n_kept,
        .n_logits = step->n_logits,
        .uses_cache = d->n_kept > 0,
        .cancel = step->cancel,
    };
    status = run_part_of(d, &part, err);
    if (!status) status = read_logits(logits, d, &part, err);
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
