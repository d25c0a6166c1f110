/* One run of a decoder's graph: what it is fed, what it gives, and the logits. */
#include "base/alloc.h"
#include "base/error.h"
#include "model/decoding_impl.h"
#include "tensor/convert.h"

#include <string.h>

typedef ap__model_decoding decoding;

/* -- inputs -------------------------------------------------------------------------------------------- */

/* Inputs that are made for each run, by role; freed behind it. */
typedef struct made_inputs {
    ap__tensor *tensors[AP__ROLE_LOGITS];
} made_inputs;

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

static void fill_ints(int64_t *out, ap__role role, const decoding *d, const ap__run_part *part) {
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
static uint32_t shape_ints(int64_t *shape, ap__role role, const decoding *d, const ap__run_part *part) {
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

static ap_status make_ints(ap__tensor **out, const decoding *d, const ap__run_part *part,
                           const ap__port *port, ap_error *err) {
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

static ap_status make_use_cache(ap__tensor **out, const ap__run_part *part, ap_error *err) {
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

static ap_status choose_input(ap__tensor **out, made_inputs *made, const decoding *d,
                              const ap__run_part *part, const ap__port *port, ap_error *err) {
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
static bool is_wanted(const ap__port *output, const ap__run_part *part) {
    if (output->role == AP__ROLE_CROSS) return !part->uses_cache;
    return output->role == AP__ROLE_LOGITS || output->role == AP__ROLE_CACHE;
}

static size_t choose_outputs(ap__feed *out, const ap__run_part *part) {
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
static void take_outputs(decoding *d, const ap__run_part *part, const ap__feed *out) {
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

ap_status ap__decoding_run(decoding *d, const ap__run_part *part, ap_error *err) {
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

static ap_status check_logits(decoding *d, const ap__run_part *part, ap_error *err) {
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
ap_status ap__decoding_read_logits(float **out, decoding *d, const ap__run_part *part, ap_error *err) {
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
