/* What a compiled model says of its inputs and outputs. */
#include "ov.h"

#include <string.h>

/* What differs between inputs and outputs. */
typedef struct io_side {
    const char *what;
    ov_status_e (*count)(const ov_compiled_model_t *, size_t *);
    ov_status_e (*port)(const ov_compiled_model_t *, size_t, ov_output_const_port_t **);
    ov_status_e (*port_of_name)(const ov_compiled_model_t *, const char *, ov_output_const_port_t **);
    void (*onnx_names)(const void *, size_t, onnx_name_fn, void *);
} io_side;

static char *copy_name(const char *name, size_t len) {
    char *copy = ov.host->alloc(len + 1);
    if (!copy) return NULL;
    memcpy(copy, name, len);
    copy[len] = '\0';
    return copy;
}

static ap_status read_shape(ap_io *io, const ov_partial_shape_t *shape, ap_error *err) {
    io->rank = AP_RANK_UNKNOWN;
    if (shape->rank.min != shape->rank.max) return AP_OK;
    if (shape->rank.max > AP_TENSOR_MAX_RANK)
        return ov.host->fail(err, AP_EUNSUPPORTED, "\"%s\" has rank %lld, over the limit of %d", io->name,
                             (long long)shape->rank.max, AP_TENSOR_MAX_RANK);
    io->rank = (uint32_t)shape->rank.max;
    for (uint32_t i = 0; i < io->rank; i++)
        io->shape[i] = shape->dims[i].min == shape->dims[i].max ? shape->dims[i].max : -1;
    return AP_OK;
}

/* One of the port's names. */
static ap_status read_name(const char **out, const ov_output_const_port_t *port, ap_error *err) {
    char *name = NULL;
    ap_status status = ovp_fail(err, ov.api.port_get_any_name(port, &name), "describe");
    if (status) return status;
    *out = copy_name(name, strlen(name));
    ovp_text_free(name);
    return *out ? AP_OK : ovp_fail_nomem(err);
}

static ap_status read_port(ap_io *io, const ov_output_const_port_t *port, ap_error *err) {
    ov_element_type_e type = 0;
    ov_partial_shape_t shape = {{0, 0}, NULL};
    ap_status status = read_name(&io->name, port, err);
    if (!status) status = ovp_fail(err, ov.api.port_get_element_type(port, &type), "describe");
    if (!status) status = ovp_fail(err, ov.api.port_get_partial_shape(port, &shape), "describe");
    if (status) return status;
    io->dtype = ovp_dtype_from(type);
    status = read_shape(io, &shape, err);
    ov.api.partial_shape_free(&shape);
    return status;
}

static ap_status read_io(ap_io *io, const ov_compiled_model_t *model, const io_side *side, size_t i,
                         ap_error *err) {
    ov_output_const_port_t *port = NULL;
    ap_status status = ovp_fail(err, side->port(model, i, &port), "describe");
    if (status) return status;
    status = read_port(io, port, err);
    ov.api.output_const_port_free(port);
    return status;
}

static ap_status read_ios(ap_io **out, uint32_t *n_out, const ov_compiled_model_t *model, const io_side *side,
                          ap_error *err) {
    size_t n = 0;
    ap_status status = ovp_fail(err, side->count(model, &n), "describe");
    if (status) return status;
    if (n >= UINT32_MAX / sizeof(ap_io))
        return ov.host->fail(err, AP_ELIMIT, "the model has %zu %s", n, side->what);
    *out = ov.host->alloc((n ? n : 1) * sizeof **out);
    if (!*out) return ovp_fail_nomem(err);
    memset(*out, 0, n * sizeof **out);
    *n_out = (uint32_t)n;
    for (size_t i = 0; !status && i < n; i++) status = read_io(&(*out)[i], model, side, i, err);
    return status;
}

/* -- names of ONNX ------------------------------------------------------------------------------------- */

/* A port has all names of the tensor that it stands for ("logits", and that of the node in front of an
 * Identity), and the runtime gives any of them; the graph says which one is meant, by the order, which the
 * runtime keeps. */
typedef struct renaming {
    const io_side *side;
    const ov_compiled_model_t *model;
    ap_io *ios;
    uint32_t n, at;
    bool is_nomem;
} renaming;

static bool count_name(void *ctx, onnx_text name) {
    (void)name;
    ++*(uint32_t *)ctx;
    return true;
}

/* Whether the model's port that has `name` is the one that is also called `other`. */
static bool is_same_port(const renaming *r, const char *name, const char *other) {
    ov_output_const_port_t *port = NULL;
    char *any = NULL;
    if (r->side->port_of_name(r->model, name, &port)) return false;
    bool is_same = !ov.api.port_get_any_name(port, &any) && strcmp(any, other) == 0;
    ovp_text_free(any);
    ov.api.output_const_port_free(port);
    return is_same;
}

static bool rename_next(void *ctx, onnx_text name) {
    renaming *r = ctx;
    ap_io *io = &r->ios[r->at++];
    if (strlen(io->name) == name.len && memcmp(io->name, name.ptr, name.len) == 0) return true;
    char *copy = copy_name(name.ptr, name.len);
    if (!copy) r->is_nomem = true;
    if (!copy || !is_same_port(r, copy, io->name)) {
        ov.host->free(copy);
        return copy != NULL;
    }
    ov.host->free((void *)(uintptr_t)io->name);
    io->name = copy;
    return true;
}

static ap_status use_onnx_names(renaming *r, const model_bytes *onnx, ap_error *err) {
    uint32_t n = 0;
    r->side->onnx_names(onnx->ptr, onnx->len, count_name, &n);
    if (n != r->n) return AP_OK;
    r->side->onnx_names(onnx->ptr, onnx->len, rename_next, r);
    return r->is_nomem ? ovp_fail_nomem(err) : AP_OK;
}

/* -- both sides ---------------------------------------------------------------------------------------- */

ap_status ovp_ios_read(ap_session *session, const model_bytes *onnx, ap_error *err) {
    const io_side inputs = {"inputs", ov.api.compiled_model_inputs_size, ov.api.compiled_model_input_by_index,
                            ov.api.compiled_model_input_by_name, onnx_input_names};
    const io_side outputs = {"outputs", ov.api.compiled_model_outputs_size,
                             ov.api.compiled_model_output_by_index, ov.api.compiled_model_output_by_name,
                             onnx_output_names};
    ap_status status = read_ios(&session->inputs, &session->n_inputs, session->model, &inputs, err);
    if (!status) status = read_ios(&session->outputs, &session->n_outputs, session->model, &outputs, err);
    if (status || !onnx) return status;
    renaming in = {&inputs, session->model, session->inputs, session->n_inputs, 0, false};
    renaming out = {&outputs, session->model, session->outputs, session->n_outputs, 0, false};
    status = use_onnx_names(&in, onnx, err);
    return status ? status : use_onnx_names(&out, onnx, err);
}

static void clear_ios(ap_io *ios, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) ov.host->free((void *)(uintptr_t)ios[i].name);
    ov.host->free(ios);
}

void ovp_ios_clear(ap_session *session) {
    clear_ios(session->inputs, session->n_inputs);
    clear_ios(session->outputs, session->n_outputs);
}
