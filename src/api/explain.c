/* Telling what the router chose and why, and what would be faster. */
#include "api/router.h"
#include "backend/cpu.h"
#include "backend/loader.h"
#include "base/error.h"
#include "base/threads.h"
#include "value/params.h"

#include <accelpipe/pipeline.h>
#include <stdio.h>
#include <string.h>

/* -- what would be faster ------------------------------------------------------------------------------ */

static ap_status advise_threads(ap__router *r, ap_value *record, ap_error *err) {
    const ap__thread_budget *budget = ap__thread_budget_get();
    int n = r->pipe->num_threads;
    char text[16];
    snprintf(text, sizeof text, "%d", budget->n);
    if (n < budget->n)
        return ap__decide(record, AP__DECISION_FASTER, "threads", text, err,
                          "num_threads=%d leaves cores idle that this process may use", n);
    if (n > budget->n_cores)
        return ap__decide(record, AP__DECISION_FASTER, "threads", text, err,
                          "%d threads share %d physical cores and wait for each other", n, budget->n_cores);
    if (budget->n_quota && n > budget->n_quota)
        return ap__decide(record, AP__DECISION_FASTER, "threads", text, err,
                          "the control group has the time of %d CPUs only", budget->n_quota);
    return AP_OK;
}

/* Quantized variants that are there. Only ONNX Runtime's integer kernels make them faster; OpenVINO takes
 * half as long again for a graph that quantizes its activations. */
static ap_status advise_variants(ap__router *r, ap_value *record, const ap__known_backend *row,
                                 ap_error *err) {
    static const char *const names[] = {"q8", "q4"};
    bool is_plain = !r->kwargs.file_name && (!r->torch_dtype || strcmp(r->torch_dtype, "auto") == 0 ||
                                             strcmp(r->torch_dtype, "float32") == 0);
    ap_status status = AP_OK;
    if (!is_plain || strcmp(row->name, "ort") != 0) return AP_OK;
    for (size_t i = 0; !status && i < sizeof names / sizeof *names; i++) {
        ap__path path;
        if (ap__model_file_has_variant(&path, r->folder.text, names[i], row->reads))
            status =
                ap__decide(record, AP__DECISION_FASTER, "file", ap__path_name(path.text), err,
                           "torch_dtype=\"%s\": its weights are smaller, and mostly faster; scores differ a "
                           "little",
                           names[i]);
    }
    return status;
}

static ap_status advise_precision(ap__router *r, ap_value *record, const ap__known_backend *row,
                                  ap_error *err) {
    if (ap__model_get_dtype(r->pipe->ctx.model) != AP_DTYPE_F32 || !ap__cpu_has_bf16() ||
        !ap__known_backend_lists(row->computes, "bfloat16"))
        return AP_OK;
    return ap__decide(
        record, AP__DECISION_FASTER, "precision", "bfloat16", err,
        "torch_dtype=\"bfloat16\": the CPU multiplies it natively; scores differ in the third digit");
}

ap_status ap__router_advise(ap__router *r, ap_error *err) {
    ap_value *record = r->pipe->decisions;
    const ap__backend *backend = ap__session_get_backend(ap__model_get_session(r->pipe->ctx.model));
    ap_status status = advise_threads(r, record, err);
    if (!status) status = advise_variants(r, record, backend->row, err);
    if (!status) status = advise_precision(r, record, backend->row, err);
    if (!status && !ap__opt_boolean(&r->init->cache, true))
        status = ap__decide(record, AP__DECISION_FASTER, "start-up cache", "on", err,
                            "cache=false: every start prepares the model anew");
    return status;
}

/* OpenVINO, where another backend runs a file that it reads too: for batches of some thousand tokens it takes
 * seven tenths of ONNX Runtime's time. Loads it to see whether it is there. */
static ap_status advise_backend(ap_value *record, const ap_pipeline *pipe, ap_error *err) {
    const ap__known_backend *ov = ap__known_backend_find("ov");
    const ap__backend *used = ap__session_get_backend(ap__model_get_session(pipe->ctx.model)), *backend;
    const char *install;
    if (used->row == ov || !ap__model_file_is_read(ap__model_get_file(pipe->ctx.model), "onnx")) return AP_OK;
    bool is_here = ap__backend_load(&backend, ov, &install, NULL) == AP_OK;
    if (is_here && !pipe->is_chosen_backend)
        return ap__decide(record, AP__DECISION_FASTER, "backend", ov->name, err,
                          "accelerator=\"%s\" is available too, and mostly faster for large batches",
                          ov->name);
    if (is_here || !install) return AP_OK;
    return ap__decide(record, AP__DECISION_FASTER, "backend", ov->name, err,
                      "mostly faster for large batches; install it with: %s", install);
}

/* -- the value ----------------------------------------------------------------------------------------- */

static ap_status add_error(ap_value *record, const ap_error *why, ap_error *err) {
    ap_value *slot;
    ap_status status = ap__dict_add(&slot, record, "error", 5, err);
    if (status || !why) return status;
    ap__value_set_dict(slot);
    status = ap__dict_set_text(slot, "code", ap_status_name(why->status), err);
    return status ? status : ap__dict_set_text(slot, "message", why->message, err);
}

static ap_status explain(ap_value **out, const ap_pipeline *pipe, const ap_error *why, ap_error *err) {
    ap_status status = ap_value_copy(out, pipe->decisions, err);
    if (!status && !why) status = advise_backend(*out, pipe, err);
    if (!status) status = add_error(*out, why, err);
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

ap_status ap_pipeline_explain(ap_value **out, const ap_pipeline *pipe, ap_error *err) {
    if (!out || !pipe)
        return ap__fail(err, AP_EINVAL, "ap_pipeline_explain: %s is NULL", out ? "pipe" : "out");
    *out = NULL;
    return explain(out, pipe, NULL, err);
}

/* Whether the failure is of the machine or the model, and so a part of the answer. */
static bool is_finding(ap_status status) {
    return status == AP_ENOTFOUND || status == AP_EIO || status == AP_EFORMAT || status == AP_ELIMIT ||
           status == AP_ENOBACKEND || status == AP_EBACKEND || status == AP_EUNSUPPORTED;
}

static ap_status explain_init(ap_value **out, const ap__init_opts *init, const ap_value *params,
                              ap_error *err) {
    ap_pipeline *pipe = NULL;
    ap_error why = AP_ERROR_INIT;
    ap_status status = ap__router_create(&pipe, init, params, &why);
    why.status = status;
    if (pipe && pipe->decisions && (!status || is_finding(status)))
        status = explain(out, pipe, status ? &why : NULL, err);
    else if (err)
        *err = why;
    ap_pipeline_destroy(pipe);
    return status;
}

ap_status ap_explain(ap_value **out, const ap_value *dict, ap_error *err) {
    ap__init_opts init = {0};
    ap_value params = {0};
    if (!out) return ap__fail(err, AP_EINVAL, "ap_explain: out is NULL");
    *out = NULL;
    ap_status status = ap__init_split(&init, &params, dict, err);
    if (!status) status = explain_init(out, &init, &params, err);
    ap__value_clear(&params);
    return status;
}
