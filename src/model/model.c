/* Opening a model and running a single graph. */
#include "model/model.h"

#include "base/alloc.h"
#include "base/error.h"
#include "model/neighbours.h"
#include "model/onnx_scan.h"
#include "value/value.h"

#include <stdatomic.h>
#include <string.h>

enum { IO_MAX = 256 }; /* Inputs or outputs of one graph. */

struct ap__model {
    ap__config *config;
    ap__session *session; /* The decoder's where there is one. */
    ap__decoder *decoder; /* NULL: a single graph. */
    ap__file_choice file;
    atomic_int batching; /* ap__batching; 0: not looked at yet. */
};

static ap_status check_session(const ap__model *model, ap_error *err) {
    const ap_session_info *info = ap__session_get_info(model->session);
    if (info->n_inputs > IO_MAX || info->n_outputs > IO_MAX)
        return ap__fail(err, AP_ELIMIT, "%s: %u inputs and %u outputs, over the limit of %d each",
                        model->file.path.text, info->n_inputs, info->n_outputs, IO_MAX);
    if (info->is_stateful)
        return ap__fail(
            err, AP_EUNSUPPORTED,
            "%s is stateful (it has ReadValue layers), which this task does not support; export it without "
            "state: optimum-cli export openvino --disable-stateful",
            model->file.path.text);
    if (!info->n_inputs || !info->n_outputs)
        return ap__fail(err, AP_EFORMAT, "%s: the graph has %u inputs and %u outputs", model->file.path.text,
                        info->n_inputs, info->n_outputs);
    return AP_OK;
}

static ap_status open_single(ap__model *model, const ap__backend *backend, const ap__session_options *session,
                             ap_error *err) {
    ap__session_options options = *session;
    options.path = model->file.path.text;
    options.dtype = model->file.dtype;
    ap_status status = ap__session_open(&model->session, backend, &options, err);
    return status ? status : check_session(model, err);
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
    ap_status status = ap__model_file_choose(&model->file, folder, file, err);
    if (!status && file->kind > AP_MODEL_SINGLE_GRAPH)
        status = ap__decoder_open(&model->decoder, folder, config, backend, file, session, err);
    else if (!status)
        status = open_single(model, backend, session, err);
    if (!status && model->decoder) model->session = ap__decoder_get_session(model->decoder);
    if (status)
        ap__model_close(model);
    else
        *out = model;
    return status;
}

void ap__model_close(ap__model *model) {
    if (!model) return;
    if (model->decoder)
        ap__decoder_close(model->decoder);
    else
        ap__session_close(model->session);
    ap__config_destroy(model->config);
    ap__free(model);
}

const ap__config *ap__model_get_config(const ap__model *model) { return model->config; }

ap__session *ap__model_get_session(const ap__model *model) { return model->session; }

const ap__decoder *ap__model_get_decoder(const ap__model *model) { return model->decoder; }

const char *ap__model_get_file(const ap__model *model) { return model->file.path.text; }

ap_dtype ap__model_get_dtype(const ap__model *model) { return model->file.dtype; }

/* -- batching ------------------------------------------------------------------------------------------ */

static ap__batching find_batching(const ap__model *model) {
    const ap_session_info *info = ap__session_get_info(model->session);
    for (uint32_t i = 0; i < info->n_inputs; i++)
        if (info->inputs[i].rank != AP_RANK_UNKNOWN && info->inputs[i].rank > 0 &&
            info->inputs[i].shape[0] == 1)
            return AP__BATCHING_SINGLE;
    if (ap__onnx_file_mixes_rows(model->file.path.text)) return AP__BATCHING_SINGLE;
    if (!ap__session_find_input(model->session, "attention_mask")) return AP__BATCHING_EQUAL;
    return info->has_neighbours || ap__model_file_has_neighbours(model->file.path.text) ? AP__BATCHING_ASKED
                                                                                        : AP__BATCHING_PADDED;
}

ap__batching ap__model_get_batching(ap__model *model) {
    int batching = atomic_load(&model->batching);
    if (!batching) {
        batching = (int)find_batching(model); /* Two threads find the same. */
        atomic_store(&model->batching, batching);
    }
    return (ap__batching)batching;
}

bool ap__model_takes_any_rows(ap__model *model) {
    const ap_session_info *info = ap__session_get_info(model->session);
    for (uint32_t i = 0; i < info->n_inputs; i++)
        if (info->inputs[i].rank != AP_RANK_UNKNOWN && info->inputs[i].rank > 0 &&
            info->inputs[i].shape[0] >= 0)
            return false;
    return ap__model_get_batching(model) != AP__BATCHING_SINGLE;
}

/* -- one run ------------------------------------------------------------------------------------------- */

/* A part of a list of names. */
typedef struct word {
    const char *ptr;
    size_t len;
} word;

/* An output that is wanted: its name in the graph and the one that the task knows it by. */
typedef struct wanted {
    const char *name;
    word key;
} wanted;

static const char *find_output(const ap_session_info *info, word name) {
    if (name.len == 1 && name.ptr[0] == '*') return info->outputs[0].name;
    for (uint32_t i = 0; i < info->n_outputs; i++)
        if (strlen(info->outputs[i].name) == name.len && !memcmp(info->outputs[i].name, name.ptr, name.len))
            return info->outputs[i].name;
    return NULL;
}

/* The first of "first|second|*" that there is. */
static bool choose_output(wanted *out, const ap_session_info *info, word words) {
    out->name = NULL;
    out->key = (word){words.ptr, 0};
    for (size_t at = 0, len; !out->name && at < words.len; at += len + 1) {
        for (len = 0; at + len < words.len && words.ptr[at + len] != '|';) len++;
        if (!out->key.len) out->key.len = len;
        out->name = find_output(info, (word){words.ptr + at, len});
    }
    return out->name != NULL;
}

/* The wanted outputs; a model with one output gives it whatever its name is. */
static size_t choose_outputs(wanted *out, const ap_session_info *info, const char *names) {
    size_t n = 0;
    if (!names || (info->n_outputs == 1 && strchr(names, ' '))) {
        for (; n < info->n_outputs; n++)
            out[n] = (wanted){info->outputs[n].name, {info->outputs[n].name, strlen(info->outputs[n].name)}};
        return n;
    }
    for (size_t len; *(names += strspn(names, " ")) && n < IO_MAX; names += len) {
        len = strcspn(names, " ");
        n += choose_output(&out[n], info, (word){names, len});
        if (!n && info->n_outputs == 1)
            out[n++] = (wanted){info->outputs[0].name, {names, strcspn(names, " |")}};
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
static ap_status collect_outputs(ap_value *dict, ap__feed *feeds, const wanted *outputs, size_t n,
                                 ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < n; i++) {
        ap_value *slot = NULL;
        if (!status) status = ap__dict_add(&slot, dict, outputs[i].key.ptr, outputs[i].key.len, err);
        if (status) {
            ap__tensor_unref(feeds[i].tensor);
            continue;
        }
        ap__value_clear(slot); /* A name may be listed twice. */
        ap__value_set_tensor_take(slot, feeds[i].tensor);
    }
    return status;
}

ap_status ap__model_run(ap_value **out, const ap__model *model, const ap_value *inputs, const char *outputs,
                        ap_cancel *cancel, ap_error *err) {
    const ap_session_info *info = ap__session_get_info(model->session);
    ap__feed in[IO_MAX], got[IO_MAX];
    wanted chosen[IO_MAX];
    *out = NULL;
    size_t n_out = choose_outputs(chosen, info, outputs);
    for (size_t i = 0; i < n_out; i++) got[i] = (ap__feed){.name = chosen[i].name, .flags = AP_TENSOR_HOST};
    if (!n_out) return ap__fail(err, AP_EINVAL, "%s has no output named %s", model->file.path.text, outputs);
    ap_status status = choose_inputs(in, info, inputs, err);
    if (!status) status = ap__session_run(model->session, in, info->n_inputs, got, n_out, cancel, err);
    if (status) return status;
    if ((status = ap_value_create_dict(out, err))) {
        for (size_t i = 0; i < n_out; i++) ap__tensor_unref(got[i].tensor);
        return status;
    }
    if ((status = collect_outputs(*out, got, chosen, n_out, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}
