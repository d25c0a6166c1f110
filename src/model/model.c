/* Opening a model and running a single graph. */
#include "model/model.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "model/onnx_scan.h"

#include <stdatomic.h>
#include <string.h>

enum { IO_MAX = 256 }; /* Inputs or outputs of one graph. */

struct ap__model {
    ap__config *config;
    ap__session *session;
    ap__file_choice file;
    atomic_int batching; /* ap__batching; 0: not looked at yet. */
};

static ap_status check_session(const ap__model *model, ap_error *err) {
    const ap_session_info *info = ap__session_get_info(model->session);
    if (info->n_inputs > IO_MAX || info->n_outputs > IO_MAX)
        return ap__fail(err, AP_ELIMIT, "%s: %u inputs and %u outputs, over the limit of %d each",
                        model->file.path.text, info->n_inputs, info->n_outputs, IO_MAX);
    if (!info->n_inputs || !info->n_outputs)
        return ap__fail(err, AP_EFORMAT, "%s: the graph has %u inputs and %u outputs", model->file.path.text,
                        info->n_inputs, info->n_outputs);
    return AP_OK;
}

ap_status ap__model_open(ap__model **out, const char *folder, ap__config *config, const ap__backend *backend,
                         const ap__file_request *file, const ap__session_options *session, ap_error *err) {
    *out = NULL;
    ap__model *model = ap__calloc(1, sizeof *model);
    if (!model) {
        ap__config_destroy(config);
        return ap__fail_nomem(err);
    }
    model->config = config;
    ap__session_options options = *session;
    ap_status status = ap__model_file_choose(&model->file, folder, file, err);
    if (!status) {
        options.path = model->file.path.text;
        options.dtype = model->file.dtype;
        status = ap__session_open(&model->session, backend, &options, err);
    }
    if (!status) status = check_session(model, err);
    if (status)
        ap__model_close(model);
    else
        *out = model;
    return status;
}

void ap__model_close(ap__model *model) {
    if (!model) return;
    ap__session_close(model->session);
    ap__config_destroy(model->config);
    ap__free(model);
}

const ap__config *ap__model_get_config(const ap__model *model) { return model->config; }

ap__session *ap__model_get_session(const ap__model *model) { return model->session; }

const char *ap__model_get_file(const ap__model *model) { return model->file.path.text; }

ap_dtype ap__model_get_dtype(const ap__model *model) { return model->file.dtype; }

/* -- batching ------------------------------------------------------------------------------------------ */

/* Operators that choose a scale by looking at all activations of a batch. */
static const char *const DYNAMIC_OPS[] = {"DynamicQuantizeLinear", "DynamicQuantizeMatMul",
                                          "DynamicQuantizeLSTM", NULL};

static bool is_dynamically_quantized(const ap__model *model) {
    bool found = false;
    ap_error err = AP_ERROR_INIT;
    size_t len = strlen(model->file.path.text);
    if (len < 5 || strcmp(model->file.path.text + len - 5, ".onnx") != 0) return false;
    if (ap__onnx_file_has_op(&found, model->file.path.text, DYNAMIC_OPS, &err)) {
        ap__log(AP_LOG_WARNING, "model: cannot look at its operators, inputs run one by one: %s",
                err.message);
        return true;
    }
    return found;
}

static ap__batching find_batching(const ap__model *model) {
    const ap_session_info *info = ap__session_get_info(model->session);
    for (uint32_t i = 0; i < info->n_inputs; i++)
        if (info->inputs[i].rank != AP_RANK_UNKNOWN && info->inputs[i].rank > 0 &&
            info->inputs[i].shape[0] == 1)
            return AP__BATCHING_SINGLE;
    if (is_dynamically_quantized(model)) return AP__BATCHING_SINGLE;
    return ap__session_find_input(model->session, "attention_mask") ? AP__BATCHING_PADDED
                                                                    : AP__BATCHING_EQUAL;
}

ap__batching ap__model_get_batching(ap__model *model) {
    int batching = atomic_load(&model->batching);
    if (!batching) {
        batching = (int)find_batching(model); /* Two threads find the same. */
        atomic_store(&model->batching, batching);
    }
    return (ap__batching)batching;
}

/* -- one run ------------------------------------------------------------------------------------------- */

/* Whether `name` stands in a list of names separated by blanks. */
static bool is_listed(const char *names, const char *name) {
    size_t len = strlen(name);
    for (const char *at = names; len && (at = strstr(at, name)); at += len) {
        bool starts = at == names || at[-1] == ' ';
        if (starts && (at[len] == ' ' || !at[len])) return true;
    }
    return false;
}

/* The wanted outputs; a model with one output gives it whatever its name is. */
static size_t choose_outputs(ap__feed *feeds, const ap_session_info *info, const char *names) {
    size_t n = 0;
    for (uint32_t i = 0; i < info->n_outputs; i++) {
        if (names && info->n_outputs > 1 && !is_listed(names, info->outputs[i].name)) continue;
        feeds[n++] = (ap__feed){.name = info->outputs[i].name, .flags = AP_TENSOR_HOST};
    }
    return n;
}

static ap_status choose_inputs(ap__feed *feeds, const ap_session_info *info, const ap_value *inputs,
                               ap_error *err) {
    for (uint32_t i = 0; i < info->n_inputs; i++) {
        const char *name = info->inputs[i].name;
        ap__tensor *tensor = ap__value_tensor(ap__dict_find(inputs, name, strlen(name)));
        if (!tensor) return ap__fail(err, AP_EINVAL, "the model's input %s was not given", name);
        feeds[i] = (ap__feed){.name = name, .tensor = tensor};
    }
    return AP_OK;
}

/* Moves the outputs into a dict; those that did not get there are given back. */
static ap_status collect_outputs(ap_value *dict, ap__feed *feeds, size_t n, const char *wanted,
                                 ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < n; i++) {
        /* The only output of a model takes the name that the task looks for. */
        const char *name = n == 1 && wanted && !strchr(wanted, ' ') ? wanted : feeds[i].name;
        if (status)
            ap__tensor_unref(feeds[i].tensor);
        else
            status = ap__dict_set_tensor_take(dict, name, feeds[i].tensor, err);
    }
    return status;
}

ap_status ap__model_run(ap_value **out, const ap__model *model, const ap_value *inputs, const char *outputs,
                        ap_cancel *cancel, ap_error *err) {
    const ap_session_info *info = ap__session_get_info(model->session);
    ap__feed in[IO_MAX], got[IO_MAX];
    *out = NULL;
    size_t n_out = choose_outputs(got, info, outputs);
    if (!n_out) return ap__fail(err, AP_EINVAL, "%s has no output named %s", model->file.path.text, outputs);
    ap_status status = choose_inputs(in, info, inputs, err);
    if (!status) status = ap__session_run(model->session, in, info->n_inputs, got, n_out, cancel, err);
    if (status) return status;
    if ((status = ap_value_create_dict(out, err))) {
        for (size_t i = 0; i < n_out; i++) ap__tensor_unref(got[i].tensor);
        return status;
    }
    if ((status = collect_outputs(*out, got, n_out, outputs, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}
