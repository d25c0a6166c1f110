/* Telling what was chosen, and what a model folder holds. */
#include "api/decisions.h"
#include "backend/loader.h"
#include "base/error.h"
#include "hub/locate.h"
#include "pipeline/context.h"
#include "tasks/registry.h"

#include <accelpipe/model.h>
#include <string.h>

static const char *batching_name(ap__batching batching) {
    switch (batching) {
    case AP__BATCHING_PADDED:
        return "padded";
    case AP__BATCHING_EQUAL:
        return "equal lengths";
    case AP__BATCHING_ASKED:
        return "equal lengths, padded where batch_size asks for it";
    default:
        return "single";
    }
}

static ap_status describe_session(ap_value *dict, const ap__model *model, ap_error *err) {
    const ap__session *session = ap__model_get_session(model);
    const ap__backend *backend = ap__session_get_backend(session);
    const ap_session_info *info = ap__session_get_info(session);
    ap_status status = ap__dict_set_text(dict, "file", ap__model_get_file(model), err);
    if (!status) status = ap__dict_set_text(dict, "accelerator", ap__backend_get_name(backend), err);
    if (!status)
        status = ap__dict_set_text(dict, "runtime_version", ap__backend_get_probe(backend)->version, err);
    if (!status) status = ap__dict_set_text(dict, "device", info->device, err);
    if (!status)
        status = ap__dict_set_text(dict, "torch_dtype", ap_dtype_name(ap__model_get_dtype(model)), err);
    if (!status) status = ap__dict_set_bool(dict, "from_cache", info->from_cache != 0, err);
    return status;
}

static ap_status describe_pipeline(ap_value *dict, const ap_pipeline *pipe, ap_error *err) {
    const ap_task_context *ctx = &pipe->ctx;
    ap__value_set_dict(dict);
    ap_status status = ap__dict_set_text(dict, "task", ctx->task->name, err);
    if (!status) status = ap__dict_set_text(dict, "model", pipe->model_name, err);
    if (!status) status = ap__dict_set_bool(dict, "is_bundled_model", pipe->is_bundled_model, err);
    if (!status) status = describe_session(dict, ctx->model, err);
    if (!status) status = ap__dict_set_bool(dict, "is_chosen_accelerator", pipe->is_chosen_backend, err);
    if (!status)
        status =
            ap__dict_set_text(dict, "accelerator_reason", ap__decisions_why(pipe->decisions, "backend"), err);
    if (!status) status = ap__dict_set_int(dict, "num_threads", pipe->num_threads, err);
    if (!status) status = ap__dict_set_int(dict, "batch_size", pipe->batch_size, err);
    if (!status)
        status = ap__dict_set_text(dict, "batching", batching_name(ap__model_get_batching(ctx->model)), err);
    return status;
}

ap_status ap_pipeline_describe(ap_value **out, const ap_pipeline *pipe, ap_error *err) {
    if (!out || !pipe)
        return ap__fail(err, AP_EINVAL, "ap_pipeline_describe: %s is NULL", out ? "pipe" : "out");
    ap_status status = ap_value_create_null(out, err);
    if (!status && (status = describe_pipeline(*out, pipe, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* -- model folders ------------------------------------------------------------------------------------- */

/* A copy of a value, or null, under `key`. */
static ap_status set_copy(ap_value *dict, const char *key, const ap_value *value, ap_error *err) {
    ap_value *slot;
    ap_status status = ap__dict_add(&slot, dict, key, strlen(key), err);
    return status ? status : ap__value_assign(slot, value, err);
}

static ap_status describe_config(ap_value *dict, const ap__config *config, ap_error *err) {
    const ap__task_layer *layer = NULL;
    ap_value *labels, *slot;
    bool has_task = ap__task_infer(&layer, config, NULL) == AP_OK;
    ap_status status = ap__dict_set_text(dict, "model_type", config->model_type, err);
    if (!status)
        status = set_copy(dict, "architectures", ap_value_dict_get(config->json, "architectures"), err);
    if (!status) status = ap__dict_set_text(dict, "task", has_task ? layer->task->name : NULL, err);
    if (!status) status = ap__dict_set_text(dict, "problem_type", config->problem_type, err);
    if (!status) status = ap__dict_set_list(&labels, dict, "labels", err);
    for (size_t i = 0; !status && i < config->n_labels; i++)
        if (!(status = ap__list_add(&slot, labels, err)))
            status = ap__value_assign(slot, config->labels[i], err);
    return status;
}

/* @param vocab_size 0: not told. */
static ap_status set_tokenizer(ap_value *slot, const ap__tokenizer_config *config, size_t vocab_size,
                               ap_error *err) {
    ap_status status = ap__dict_set_text(slot, "tokenizer_class", config->tokenizer_class, err);
    if (!status && vocab_size) status = ap__dict_set_int(slot, "vocab_size", (int64_t)vocab_size, err);
    if (!status && config->model_max_length < INT64_MAX)
        status = ap__dict_set_int(slot, "model_max_length", (int64_t)config->model_max_length, err);
    if (!status) status = ap__dict_set_text(slot, "pad_token", config->pad_token, err);
    if (!status)
        status = ap__dict_set_text(slot, "padding_side",
                                   config->padding_side == AP__SIDE_LEFT ? "left" : "right", err);
    return status;
}

/* Of the kind that the model's task loads. */
static ap_status describe_tokenizer(ap_value *dict, const char *folder, const ap__config *config,
                                    ap_error *err) {
    const ap__task_layer *layer = NULL;
    ap__tokenizer *tokenizer = NULL;
    ap__tapas *tapas = NULL;
    ap_error why = AP_ERROR_INIT;
    ap_value *slot;
    ap_status status = ap__dict_add(&slot, dict, "tokenizer", 9, err);
    if (status) return status;
    ap__value_set_dict(slot);
    bool reads_tables =
        !ap__task_infer(&layer, config, NULL) && layer->task->components & AP_COMPONENT_TABLE_TOKENIZER;
    if (reads_tables ? ap__tapas_load(&tapas, folder, &why) : ap__tokenizer_load(&tokenizer, folder, &why))
        return ap__dict_set_text(slot, "error", why.message, err);
    if (tapas)
        status = set_tokenizer(slot, ap__tapas_get_config(tapas), 0, err);
    else
        status = set_tokenizer(slot, ap__tokenizer_get_config(tokenizer),
                               ap__tokenizer_get_vocab_size(tokenizer), err);
    ap__tokenizer_destroy(tokenizer);
    ap__tapas_destroy(tapas);
    return status;
}

static ap_status describe_io(ap_value *dict, const char *key, const ap_io *ios, uint32_t n, ap_error *err) {
    ap_value *list, *slot, *shape;
    ap_status status = ap__dict_set_list(&list, dict, key, err);
    for (uint32_t i = 0; !status && i < n; i++) {
        if ((status = ap__list_add(&slot, list, err))) break;
        ap__value_set_dict(slot);
        status = ap__dict_set_text(slot, "name", ios[i].name, err);
        if (!status) status = ap__dict_set_text(slot, "dtype", ap_dtype_name(ios[i].dtype), err);
        if (status || ios[i].rank == AP_RANK_UNKNOWN) continue;
        status = ap__dict_set_list(&shape, slot, "shape", err);
        for (uint32_t axis = 0; !status && axis < ios[i].rank; axis++) {
            ap_value *extent;
            if (!(status = ap__list_add(&extent, shape, err))) ap__value_set_int(extent, ios[i].shape[axis]);
        }
    }
    return status;
}

/* What the runtime made of the model, where the backend tells. */
static ap_status describe_operators(ap_value *dict, const ap__session *session, ap_error *err) {
    const char *const *line = ap__session_inspect(session);
    ap_value *list = NULL;
    ap_status status = line ? ap__dict_set_list(&list, dict, "operators", err) : AP_OK;
    for (; !status && line && *line; line++) {
        ap_value *text = NULL;
        status = ap_value_create_string(&text, *line, AP_NUL_TERMINATED, err);
        if (!status) status = ap_value_list_append_take(list, text, err);
    }
    return status;
}

static ap_status open_in(ap__model **out, const char *folder, const ap__backend *backend, ap_error *err) {
    const ap__task_layer *layer = NULL;
    const ap__session_options options = {.no_cache = true};
    ap__config *config = NULL;
    ap_status status = ap__config_load(&config, folder, err);
    if (status) return status;
    bool has_task = ap__task_infer(&layer, config, NULL) == AP_OK;
    const ap__file_request file = {
        .kind = has_task ? layer->task->model_kind : AP_MODEL_SINGLE_GRAPH,
        .reads = backend->row->reads,
        .computes = backend->row->computes,
        .splits_merged = !backend->row->runs_merged,
    };
    return ap__model_open(out, folder, config, backend, &file, &options, err);
}

/* The first backend that can, as the router chooses it; failing, the first refusal. */
static ap_status open_in_first(ap__model **out, const char *folder, ap_error *err) {
    const ap__backend *backend;
    ap_error first = AP_ERROR_INIT;
    for (size_t i = 0; i < AP__N_KNOWN_BACKENDS; i++) {
        ap_error why = AP_ERROR_INIT;
        if (!ap__known_backends[i].is_listed ||
            ap__backend_load(&backend, &ap__known_backends[i], NULL, &why))
            continue;
        if (!(why.status = open_in(out, folder, backend, &why)) || why.status == AP_ENOMEM) {
            *err = why;
            return why.status;
        }
        if (!first.status) first = why;
    }
    if (!first.status) return ap__backend_get(&backend, NULL, err);
    *err = first;
    return first.status;
}

/* Opens the model where a backend can; where none is there, the rest is told all the same. */
static ap_status describe_graph(ap_value *dict, const char *folder, const char *accelerator, ap_error *err) {
    const ap__backend *backend;
    ap__model *model = NULL;
    ap_error why = AP_ERROR_INIT;
    ap_status status = accelerator ? ap__backend_get(&backend, accelerator, &why) : AP_OK;
    if (status) {
        if (err) *err = why;
        return status;
    }
    status = accelerator ? open_in(&model, folder, backend, &why) : open_in_first(&model, folder, &why);
    if (status) return ap__dict_set_text(dict, "error", why.message, err);
    const ap_session_info *info = ap__session_get_info(ap__model_get_session(model));
    status = describe_session(dict, model, err);
    if (!status)
        status = ap__dict_set_text(dict, "batching", batching_name(ap__model_get_batching(model)), err);
    if (!status) status = describe_io(dict, "inputs", info->inputs, info->n_inputs, err);
    if (!status) status = describe_io(dict, "outputs", info->outputs, info->n_outputs, err);
    if (!status) status = describe_operators(dict, ap__model_get_session(model), err);
    ap__model_close(model);
    return status;
}

static ap_status inspect(ap_value *dict, const char *name, const char *accelerator, ap_error *err) {
    ap__path folder;
    ap__config *config = NULL;
    ap_value *files;
    ap__value_set_dict(dict);
    ap_status status = ap__model_locate(&folder, name, err);
    if (!status) status = ap__config_load(&config, folder.text, err);
    if (!status) status = ap__dict_set_text(dict, "model", name, err);
    if (!status) status = describe_config(dict, config, err);
    if (!status) status = ap__dict_set_list(&files, dict, "files", err);
    if (!status) status = ap__model_files_list(files, folder.text, err);
    if (!status) status = describe_tokenizer(dict, folder.text, config, err);
    if (!status) status = describe_graph(dict, folder.text, accelerator, err);
    ap__config_destroy(config);
    return status;
}

ap_status ap_model_inspect(ap_value **out, const char *model, const char *accelerator, ap_error *err) {
    if (!out || !model)
        return ap__fail(err, AP_EINVAL, "ap_model_inspect: %s is NULL", out ? "model" : "out");
    ap_status status = ap_value_create_null(out, err);
    if (!status && (status = inspect(*out, model, accelerator, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}
