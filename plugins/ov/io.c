/* What a compiled model says of its inputs and outputs. */
#include "ov.h"

#include <string.h>

/* The runtime's functions that differ between inputs and outputs. */
typedef struct io_side {
    const char *what;
    ov_status_e (*count)(const ov_compiled_model_t *, size_t *);
    ov_status_e (*port)(const ov_compiled_model_t *, size_t, ov_output_const_port_t **);
} io_side;

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

static ap_status read_port(ap_io *io, const ov_output_const_port_t *port, ap_error *err) {
    char *name = NULL;
    ov_element_type_e type = 0;
    ov_partial_shape_t shape = {{0, 0}, NULL};
    ap_status status = ovp_fail(err, ov.api.port_get_any_name(port, &name), "describe");
    io->name = name;
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

ap_status ovp_ios_read(ap_session *session, ap_error *err) {
    const io_side inputs = {"inputs", ov.api.compiled_model_inputs_size,
                            ov.api.compiled_model_input_by_index};
    const io_side outputs = {"outputs", ov.api.compiled_model_outputs_size,
                             ov.api.compiled_model_output_by_index};
    ap_status status = read_ios(&session->inputs, &session->n_inputs, session->model, &inputs, err);
    return status ? status : read_ios(&session->outputs, &session->n_outputs, session->model, &outputs, err);
}

static void clear_ios(ap_io *ios, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (ios[i].name) ov.api.free(ios[i].name);
    ov.host->free(ios);
}

void ovp_ios_clear(ap_session *session) {
    clear_ios(session->inputs, session->n_inputs);
    clear_ios(session->outputs, session->n_outputs);
}
