/* The router: from the parameters of pipeline() to a loaded pipeline. */
#include "api/init_params.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/threads.h"
#include "hub/locate.h"
#include "pipeline/context.h"
#include "tasks/registry.h"
#include "value/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known so far of a pipeline that is being made. */
typedef struct router {
    const ap__init_opts *init;
    const ap_value *params; /* The task's own parameters; NULL: none. */
    ap_pipeline *pipe;
    ap__path folder;
    ap__config *config; /* Until the model takes it. */
    const ap__backend *backend;
} router;

/* -- model and task ------------------------------------------------------------------------------------ */

static ap_status find_folder(router *r, ap_error *err) {
    const char *model = ap__opt_string(&r->init->model, NULL);
    const ap_task *task = r->pipe->ctx.task;
    if (!model && !task)
        return ap__fail(err, AP_EINVAL, "neither a task nor a model was given; name at least one of them");
    if (!model && !task->default_model)
        return ap__fail(err, AP_EINVAL, "task %s has no bundled model; name a model", task->name);
    r->pipe->is_bundled_model = !model;
    r->pipe->model_name = ap__strdup(model ? model : task->default_model);
    if (!r->pipe->model_name) return ap__fail_nomem(err);
    return model ? ap__model_locate(&r->folder, model, err)
                 : ap__model_locate_bundled(&r->folder, task->default_model, err);
}

static ap_status load_config(router *r, ap_error *err) {
    const ap_opt *given = &r->init->config;
    if (!ap__opt_is_set(given)) return ap__config_load(&r->config, r->folder.text, err);
    const char *path = ap_value_get_string(given->as.value, NULL);
    if (!path) return ap__config_from_value(&r->config, given->as.value, err);
    return ap__path_is_dir(path) ? ap__config_load(&r->config, path, err)
                                 : ap__config_load_file(&r->config, path, err);
}

static ap_status find_task(router *r, ap_error *err) {
    ap_task_context *ctx = &r->pipe->ctx;
    if (!ctx->task) return ap__task_infer(&ctx->task, r->config, err);
    if (!ap__task_fits(ctx->task, r->config))
        ap__log(AP_LOG_WARNING, "pipeline: %s: its architecture is not one for %s", r->config->source,
                ctx->task->name);
    return AP_OK;
}

/* -- parameters of the task ---------------------------------------------------------------------------- */

static ap_status fail_unknown(const char *name, const ap_task *task, ap_error *err) {
    char hint[96];
    ap__suggestion suggestion = {0};
    ap__params_suggest(&suggestion, task->params, name);
    ap__params_suggest(&suggestion, ap__init_params, name);
    return ap__fail(err, AP_EINVAL, "neither pipeline() nor task %s has a parameter \"%.64s\"%s", task->name,
                    name, ap__suggestion_text(&suggestion, hint, sizeof hint));
}

/* Binds to a copy that lives as long as the pipeline. */
static ap_status bind_params(router *r, ap_error *err) {
    ap_pipeline *pipe = r->pipe;
    const ap_task *task = pipe->ctx.task;
    pipe->opts = ap__calloc(1, task->opts_size);
    if (!pipe->opts) return ap__fail_nomem(err);
    ap_kind kind = ap_value_kind(r->params);
    if (kind == AP_KIND_NULL) return AP_OK;
    if (kind != AP_KIND_DICT)
        return ap__fail(err, AP_ETYPE, "params: expected a dict, found %s", ap_kind_name(kind));
    ap_status status = ap_value_copy(&pipe->params, r->params, err);
    for (size_t i = 0; !status && i < ap_value_len(pipe->params); i++) {
        const char *name;
        bool found;
        const ap_value *value = ap_value_dict_at(pipe->params, i, &name);
        status = ap__params_bind_one(&found, task->params, pipe->opts, name, value, AP_ORIGIN_INIT, err);
        if (!status && !found) status = fail_unknown(name, task, err);
    }
    return status;
}

/* -- components ---------------------------------------------------------------------------------------- */

static ap_status load_tokenizer(router *r, ap_error *err) {
    ap_task_context *ctx = &r->pipe->ctx;
    const char *folder = ap__opt_string(&r->init->tokenizer, r->folder.text);
    bool reads_tables = ctx->task->components & AP_COMPONENT_TABLE_TOKENIZER;
    if (!reads_tables && !(ctx->task->components & AP_COMPONENT_TOKENIZER)) return AP_OK;
    if (!ap__path_is_dir(folder)) return ap__fail(err, AP_ENOTFOUND, "tokenizer %s: no such folder", folder);
    return reads_tables ? ap__tapas_load(&ctx->tapas, folder, err)
                        : ap__tokenizer_load(&ctx->tokenizer, folder, err);
}

/* Whether the backend offers a device of that name. */
static bool has_device(const ap__backend *backend, const char *name) {
    const char *devices = ap__backend_get_probe(backend)->devices;
    size_t len = strlen(name);
    for (const char *at = devices; (at = strstr(at, name)); at += len)
        if ((at == devices || at[-1] == ' ') && (at[len] == ' ' || !at[len])) return true;
    return false;
}

/* The device's name in `buf`, NULL for the backend's own choice. A number is a GPU's where there is one, the
 * CPU otherwise, as in transformers. */
static const char *choose_device(const router *r, char *buf, size_t size) {
    const ap_value *device = ap__opt_is_set(&r->init->device) ? r->init->device.as.value : NULL;
    const ap_value *map = ap__opt_is_set(&r->init->device_map) ? r->init->device_map.as.value : NULL;
    const char *name = ap_value_get_string(device ? device : map, NULL);
    if (name) return strcmp(name, "auto") == 0 ? NULL : name;
    if (!device) return NULL;
    int64_t number = ap_value_get_int(device);
    if (number < 0 || !has_device(r->backend, "cuda")) return "cpu";
    snprintf(buf, size, "cuda:%lld", (long long)number);
    return buf;
}

/* -- model_kwargs -------------------------------------------------------------------------------------- */

enum { OPTIONS_MAX = 64, OPTION_TEXT_BYTES = 192 };

/* Runtime options in the form of the plugin border. */
typedef struct runtime_options {
    ap_key_value pairs[OPTIONS_MAX];
    char texts[OPTIONS_MAX][2][OPTION_TEXT_BYTES];
    size_t n;
} runtime_options;

static ap_status option_text(char *out, const ap_value *value, const char *name, ap_error *err) {
    const char *text = ap_value_get_string(value, NULL);
    int n = -1;
    switch (ap_value_kind(value)) {
    case AP_KIND_STRING:
        n = snprintf(out, OPTION_TEXT_BYTES, "%s", text);
        break;
    case AP_KIND_BOOL:
        n = snprintf(out, OPTION_TEXT_BYTES, "%d", ap_value_get_bool(value));
        break;
    case AP_KIND_INT:
        n = snprintf(out, OPTION_TEXT_BYTES, "%lld", (long long)ap_value_get_int(value));
        break;
    default:
        break;
    }
    if (n >= 0 && n < OPTION_TEXT_BYTES) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "model_kwargs: %.64s: expected a short string, a number or a bool, found %s", name,
                    ap_kind_name(ap_value_kind(value)));
}

static ap_status add_option(runtime_options *options, const char *prefix, const char *name,
                            const ap_value *value, ap_error *err) {
    if (options->n == OPTIONS_MAX)
        return ap__fail(err, AP_ELIMIT, "model_kwargs: more than %d runtime options", OPTIONS_MAX);
    char(*texts)[OPTION_TEXT_BYTES] = options->texts[options->n];
    int n = snprintf(texts[0], OPTION_TEXT_BYTES, "%s%s", prefix, name);
    if (n < 0 || n >= OPTION_TEXT_BYTES)
        return ap__fail(err, AP_ELIMIT, "model_kwargs: the name %.64s is too long", name);
    ap_status status = option_text(texts[1], value, name, err);
    if (!status) options->pairs[options->n++] = (ap_key_value){texts[0], texts[1]};
    return status;
}

static ap_status add_options(runtime_options *options, const char *prefix, const char *what,
                             const ap_value *dict, ap_error *err) {
    ap_status status = AP_OK;
    if (ap_value_kind(dict) == AP_KIND_NULL) return AP_OK;
    if (ap_value_kind(dict) != AP_KIND_DICT)
        return ap__fail(err, AP_ETYPE, "model_kwargs: %s: expected a dict, found %s", what,
                        ap_kind_name(ap_value_kind(dict)));
    for (size_t i = 0; !status && i < ap_value_len(dict); i++) {
        const char *name;
        const ap_value *value = ap_value_dict_at(dict, i, &name);
        status = add_option(options, prefix, name, value, err);
    }
    return status;
}

static ap_status need_string(const char **out, const char *name, const ap_value *value, ap_error *err) {
    *out = ap_value_get_string(value, NULL);
    if (*out || ap_value_kind(value) == AP_KIND_NULL) return AP_OK;
    return ap__fail(err, AP_ETYPE, "model_kwargs: %s: expected a string, found %s", name,
                    ap_kind_name(ap_value_kind(value)));
}

static ap_status read_kwarg(ap__file_request *file, runtime_options *options, const char *name,
                            const ap_value *value, ap_error *err) {
    static const char *const names[] = {"file_name",        "subfolder",       "provider",
                                        "provider_options", "session_options", "use_io_binding"};
    char hint[96];
    ap__suggestion suggestion = {0};
    if (strcmp(name, "file_name") == 0) return need_string(&file->file_name, name, value, err);
    if (strcmp(name, "subfolder") == 0) return need_string(&file->subfolder, name, value, err);
    if (strcmp(name, "provider") == 0) return add_option(options, "", name, value, err);
    if (strcmp(name, "provider_options") == 0)
        return add_options(options, "provider_options.", name, value, err);
    if (strcmp(name, "session_options") == 0) return add_options(options, "", name, value, err);
    if (strcmp(name, "use_io_binding") == 0) return AP_OK; /* Outputs are always bound. */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) ap__suggest(&suggestion, name, names[i]);
    return ap__fail(err, AP_EINVAL, "model_kwargs has no entry \"%.64s\"%s", name,
                    ap__suggestion_text(&suggestion, hint, sizeof hint));
}

static ap_status read_model_kwargs(ap__file_request *file, runtime_options *options, const ap_opt *given,
                                   ap_error *err) {
    const ap_value *dict = ap__opt_is_set(given) ? given->as.value : NULL;
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < ap_value_len(dict); i++) {
        const char *name;
        const ap_value *value = ap_value_dict_at(dict, i, &name);
        status = read_kwarg(file, options, name, value, err);
    }
    return status;
}

/* -- opening ------------------------------------------------------------------------------------------- */

static ap_status open_model(router *r, ap_error *err) {
    const ap__init_opts *init = r->init;
    char device[32];
    ap__file_request file = {.torch_dtype =
                                 ap__opt_string(&init->torch_dtype, ap__opt_string(&init->dtype, NULL))};
    runtime_options *options = ap__calloc(1, sizeof *options);
    if (!options) return ap__fail_nomem(err);
    ap_status status = read_model_kwargs(&file, options, &init->model_kwargs, err);
    if (!status) {
        ap__session_options session = {
            .use = AP_USE_LATENCY,
            .device = choose_device(r, device, sizeof device),
            .n_threads = r->pipe->num_threads,
            .no_cache = !ap__opt_boolean(&init->cache, true),
            .cache_dir = ap__opt_string(&init->cache_dir, NULL),
            .options = options->pairs,
            .n_options = options->n,
        };
        ap__config *config = r->config;
        r->config = NULL;
        status =
            ap__model_open(&r->pipe->ctx.model, r->folder.text, config, r->backend, &file, &session, err);
    }
    ap__free(options);
    return status;
}

/* What the task says to the model, and to the parameters. */
static ap_status check_task(router *r, ap_error *err) {
    ap_task_context *ctx = &r->pipe->ctx;
    ctx->config = ap__model_get_config(ctx->model);
    ap_status status = ctx->task->check_model ? ctx->task->check_model(ctx, err) : AP_OK;
    if (status || !ctx->task->sanitize) return status;
    return ctx->task->sanitize(ctx, r->pipe->opts, err);
}

static ap_status build(router *r, ap_error *err) {
    ap_pipeline *pipe = r->pipe;
    const char *task = ap__opt_string(&r->init->task, NULL);
    const char *accelerator = ap__opt_string(&r->init->accelerator, NULL);
    int64_t num_threads = ap__opt_integer(&r->init->num_threads, 0);
    pipe->num_threads = num_threads ? (int32_t)num_threads : ap__threads_allowed();
    pipe->batch_size = ap__opt_integer(&r->init->batch_size, 0);
    pipe->is_chosen_backend = !accelerator;
    ap_status status = ap__init_opts_check(r->init, err);
    if (!status && task) status = ap__task_find(&pipe->ctx.task, task, err);
    if (!status) status = find_folder(r, err);
    if (!status) status = load_config(r, err);
    if (!status) status = find_task(r, err);
    if (!status) status = bind_params(r, err);
    if (!status) status = ap__backend_get(&r->backend, accelerator, err);
    if (!status) status = load_tokenizer(r, err);
    if (!status) status = open_model(r, err);
    if (!status) status = check_task(r, err);
    return status;
}

static ap_status create(ap_pipeline **out, const ap__init_opts *init, const ap_value *params, ap_error *err) {
    router r = {.init = init, .params = params};
    r.pipe = ap__calloc(1, sizeof *r.pipe);
    if (!r.pipe) return ap__fail_nomem(err);
    ap_status status = build(&r, err);
    ap__config_destroy(r.config);
    if (status)
        ap_pipeline_destroy(r.pipe);
    else
        *out = r.pipe;
    return status;
}

ap_status ap_pipeline_create(ap_pipeline **out, const ap_pipeline_options *options, ap_error *err) {
    ap__init_opts init;
    if (!out || !options)
        return ap__fail(err, AP_EINVAL, "ap_pipeline_create: %s is NULL", out ? "options" : "out");
    *out = NULL;
    ap_status status = ap__init_opts_from_options(&init, options, err);
    return status ? status : create(out, &init, options->params, err);
}

/* Parts a dict into pipeline()'s own parameters and the task's. */
static ap_status split_init(ap__init_opts *init, ap_value *params, const ap_value *dict, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < ap_value_len(dict); i++) {
        const char *name;
        bool found;
        ap_value *slot;
        const ap_value *value = ap_value_dict_at(dict, i, &name);
        status = ap__params_bind_one(&found, ap__init_params, init, name, value, AP_ORIGIN_INIT, err);
        if (status || found) continue;
        status = ap__dict_add(&slot, params, name, strlen(name), err);
        if (!status) status = ap__value_assign(slot, value, err);
    }
    return status;
}

ap_status ap_pipeline_create_from_value(ap_pipeline **out, const ap_value *dict, ap_error *err) {
    ap__init_opts init = {0};
    ap_value params = {0};
    if (!out) return ap__fail(err, AP_EINVAL, "ap_pipeline_create_from_value: out is NULL");
    *out = NULL;
    if (ap_value_kind(dict) != AP_KIND_DICT)
        return ap__fail(err, AP_ETYPE, "init: expected a dict, found %s", ap_kind_name(ap_value_kind(dict)));
    ap__value_set_dict(&params);
    ap_status status = split_init(&init, &params, dict, err);
    if (!status) status = create(out, &init, &params, err);
    ap__value_clear(&params);
    return status;
}

void ap_pipeline_destroy(ap_pipeline *pipe) {
    if (!pipe) return;
    if (pipe->opts && pipe->ctx.task->clear_opts) pipe->ctx.task->clear_opts(pipe->opts, NULL);
    ap__model_close(pipe->ctx.model);
    ap__tokenizer_destroy(pipe->ctx.tokenizer);
    ap__tapas_destroy(pipe->ctx.tapas);
    ap_value_destroy(pipe->params);
    ap__free(pipe->opts);
    ap__free(pipe->model_name);
    ap__free(pipe);
}
