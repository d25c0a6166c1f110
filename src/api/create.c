/* The router: from the parameters of pipeline() to a loaded pipeline. */
#include "api/router.h"
#include "api/tokenizer_impl.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/threads.h"
#include "hub/locate.h"
#include "pipeline/phases.h"
#include "tasks/custom.h"
#include "tasks/registry.h"
#include "value/params.h"

#include <stdio.h>
#include <string.h>

/* -- what was asked for -------------------------------------------------------------------------------- */

static const ap_value *opt_value(const ap_opt *opt) { return ap__opt_is_set(opt) ? opt->as.value : NULL; }

/* A component of another origin may not suit a model that nobody named. */
static ap_status check_origins(const ap__init_opts *o, ap_error *err) {
    const ap_opt *given[] = {&o->tokenizer, &o->feature_extractor, &o->image_processor, &o->processor};
    static const char *const names[] = {"tokenizer", "feature_extractor", "image_processor", "processor"};
    if (ap__opt_is_set(&o->model)) return AP_OK;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (ap__opt_is_set(given[i]))
            return ap__fail(err, AP_EINVAL,
                            "%s is given and model is not: it may not suit the default model; name a model",
                            names[i]);
    return AP_OK;
}

/* torch_dtype may also stand in model_kwargs; the default "auto" beside it does not count. */
static ap_status merge_dtype(ap__router *r, ap_error *err) {
    const ap__init_opts *o = r->init;
    r->torch_dtype = ap__init_opts_dtype(o);
    if (!r->kwargs.torch_dtype) return AP_OK;
    if (r->torch_dtype && strcmp(r->torch_dtype, "auto") != 0)
        return ap__fail(err, AP_EINVAL, "torch_dtype and model_kwargs.%s are both given; give one of them",
                        r->kwargs.torch_dtype_entry);
    r->torch_dtype = r->kwargs.torch_dtype;
    return AP_OK;
}

static ap_status merge_device(ap__router *r, ap_error *err) {
    const ap_value *map = opt_value(&r->init->device_map);
    if (map && r->kwargs.device_map)
        return ap__fail(err, AP_EINVAL,
                        "device_map and model_kwargs.device_map are both given; give one of them");
    if (!map) map = r->kwargs.device_map;
    ap_status status = ap__device_read(&r->device, opt_value(&r->init->device), map, err);
    /* -1 leaves the model where it was loaded, as in transformers. */
    if (!status && r->kwargs.provider && r->device.is_number && r->device.number < 0)
        r->device = (ap__device_request){0};
    return status;
}

/* Parameters that say the same thing in two places, and those that need a second look. */
static ap_status merge(ap__router *r, ap_error *err) {
    ap_status status = check_origins(r->init, err);
    if (!status) status = ap__model_kwargs_read(&r->kwargs, opt_value(&r->init->model_kwargs), err);
    if (!status) status = merge_dtype(r, err);
    if (!status) status = merge_device(r, err);
    if (!status && r->kwargs.token && ap__opt_is_set(&r->init->token))
        return ap__fail(err, AP_EINVAL,
                        "token and model_kwargs.use_auth_token are both given; give token alone");
    return status;
}

/* -- model and task ------------------------------------------------------------------------------------ */

static ap_status find_folder(ap__router *r, ap_error *err) {
    const char *model = ap__opt_string(&r->init->model, NULL);
    const ap_task *task = r->pipe->ctx.task;
    if (!model && !task)
        return ap__fail(err, AP_EINVAL, "neither a task nor a model was given; name at least one of them");
    if (!model && !task->default_model)
        return ap__fail(err, AP_EINVAL, "task %s has no bundled model; name a model", task->name);
    r->pipe->is_bundled_model = !model;
    r->pipe->model_name = ap__strdup(model ? model : task->default_model);
    if (!r->pipe->model_name) return ap__fail_nomem(err);
    ap_status status = model ? ap__model_locate(&r->folder, model, err)
                             : ap__model_locate_bundled(&r->folder, task->default_model, err);
    if (!status)
        status = ap__decide(r->pipe->decisions, AP__DECISION_CHOSEN, "model", r->folder.text, err, "%s",
                            model ? "named by model" : "no model was named: the one bundled for the task");
    const char *revision = ap__opt_string(&r->init->revision, NULL);
    if (status || !revision) return status;
    return ap__decide(r->pipe->decisions, AP__DECISION_PASSED, "revision", revision, err,
                      "the model is a local folder, which has none");
}

static ap_status read_config(ap__router *r, ap_error *err) {
    const ap_opt *given = &r->init->config;
    if (!ap__opt_is_set(given)) return ap__config_load(&r->config, r->folder.text, err);
    const char *path = ap_value_get_string(given->as.value, NULL);
    if (!path) return ap__config_from_value(&r->config, given->as.value, err);
    ap_status status = ap__path_is_dir(path) ? ap__config_load(&r->config, path, err)
                                             : ap__config_load_file(&r->config, path, err);
    if (status == AP_ENOTFOUND)
        ap__error_wrap(err, status, "parameter config, which names a config.json or the folder of one");
    return status;
}

ap_status ap__router_load_config(ap__router *r, ap_error *err) {
    ap_status status = read_config(r, err);
    return status ? status : ap__model_kwargs_configure(&r->config, opt_value(&r->init->model_kwargs), err);
}

static ap_status find_config(ap__router *r, ap_error *err) {
    ap_status status = ap__router_load_config(r, err);
    if (status) return status;
    return ap__decide(r->pipe->decisions, AP__DECISION_CHOSEN, "config", r->config->source, err, "%s",
                      ap__opt_is_set(&r->init->config) ? "named by config" : "the model's");
}

static void set_task(ap_pipeline *pipe, const ap__task_layer *layer) {
    pipe->ctx.layer = layer;
    pipe->ctx.task = layer->task;
    pipe->ctx.pipe = pipe;
}

/* A task of the application may stand in place of the one that is named, if it is over that one. */
static ap_status check_named_task(const ap__task_layer *custom, const char *name, ap_error *err) {
    const ap__task_layer *named = NULL;
    if (custom->own->name && strcmp(custom->own->name, name) == 0) return AP_OK;
    ap_status status = ap__task_find(&named, name, err);
    for (const ap__task_layer *layer = custom->base; !status && layer; layer = layer->base)
        if (layer == named) return AP_OK;
    if (status) return status;
    return ap__fail(err, AP_EINVAL,
                    "task \"%.64s\" and custom_task %s are both given, and the second is not over the "
                    "first; give one of them",
                    name, custom->task->name);
}

/* The task as far as it is named. */
static ap_status name_task(ap__router *r, ap_error *err) {
    const char *name = ap__opt_string(&r->init->task, NULL);
    const ap__task_layer *layer = NULL;
    ap_status status = AP_OK;
    if (r->init->custom_task) {
        status = ap__task_layer_create(&r->pipe->own_layer, r->init->custom_task, err);
        layer = r->pipe->own_layer;
        if (!status && name) status = check_named_task(layer, name, err);
    } else if (name) {
        status = ap__task_find(&layer, name, err);
    }
    if (!status && layer) set_task(r->pipe, layer);
    return status;
}

static ap_status find_task(ap__router *r, ap_error *err) {
    ap_task_context *ctx = &r->pipe->ctx;
    const ap__task_layer *layer;
    bool is_given = ctx->task != NULL;
    if (!is_given) {
        ap_status status = ap__task_infer(&layer, r->config, err);
        if (status) return status;
        set_task(r->pipe, layer);
    }
    if (!ap__task_fits(ctx->task, r->config))
        ap__log(AP_LOG_WARNING, "pipeline: %s: its architecture is not one for %s", r->config->source,
                ctx->task->name);
    const ap_value *architectures = ap_value_dict_get(r->config->json, "architectures");
    const char *first = ap_value_get_string(ap_value_list_get(architectures, 0), NULL);
    if (is_given)
        return ap__decide(r->pipe->decisions, AP__DECISION_CHOSEN, "task", ctx->task->name, err, "%s",
                          r->pipe->own_layer ? "given by custom_task" : "named by task");
    return ap__decide(r->pipe->decisions, AP__DECISION_CHOSEN, "task", ctx->task->name, err,
                      "inferred from the architecture %.64s", first ? first : "");
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
static ap_status bind_params(ap__router *r, ap_error *err) {
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

static ap_status decide_tokenizer(ap__router *r, const char *folder, ap_error *err) {
    const ap__tokenizer_config *config = ap__context_tokenizer_config(&r->pipe->ctx);
    return ap__decide(r->pipe->decisions, AP__DECISION_CHOSEN, "tokenizer", folder, err, "%s%s%s",
                      ap__opt_is_set(&r->init->tokenizer) ? "named by tokenizer" : "the model's",
                      config->tokenizer_class ? ": " : "",
                      config->tokenizer_class ? config->tokenizer_class : "");
}

static ap_status load_tokenizer(ap__router *r, ap_error *err) {
    ap_task_context *ctx = &r->pipe->ctx;
    const char *folder = ap__opt_string(&r->init->tokenizer, r->folder.text);
    bool reads_tables = ctx->task->components & AP_COMPONENT_TABLE_TOKENIZER;
    if (!reads_tables && !(ctx->task->components & AP_COMPONENT_TOKENIZER))
        return ap__decide(r->pipe->decisions, AP__DECISION_CHOSEN, "tokenizer", "none", err,
                          "task %s takes none", ctx->task->name);
    if (!ap__path_is_dir(folder))
        return ap__fail(err, AP_ENOTFOUND,
                        "tokenizer %s: no such folder; name the one that the tokenizer's files are in",
                        folder);
    ap_status status = reads_tables ? ap__tapas_load(&ctx->tapas, folder, err)
                                    : ap__tokenizer_load(&ctx->tokenizer, folder, err);
    return status ? status : decide_tokenizer(r, folder, err);
}

/* A component that the task does not take is not looked at, as in transformers. */
static ap_status pass_over_component(ap__router *r, const char *name, const ap_opt *given, ap_error *err) {
    const char *task = r->pipe->ctx.task->name;
    if (!ap__opt_is_set(given)) return AP_OK;
    ap__log(AP_LOG_WARNING, "pipeline: %s is not used: task %s takes none", name, task);
    return ap__decide(r->pipe->decisions, AP__DECISION_PASSED, name, given->as.string, err,
                      "task %s takes none", task);
}

static ap_status load_components(ap__router *r, ap_error *err) {
    const ap__init_opts *init = r->init;
    ap_status status = load_tokenizer(r, err);
    if (!status)
        status = ap__decide(r->pipe->decisions, AP__DECISION_CHOSEN, "processor", "none", err,
                            "task %s takes none", r->pipe->ctx.task->name);
    if (!status) status = pass_over_component(r, "feature_extractor", &init->feature_extractor, err);
    if (!status) status = pass_over_component(r, "image_processor", &init->image_processor, err);
    return status ? status : pass_over_component(r, "processor", &init->processor, err);
}

/* What models that generate have beside: values of generate(), and templates of chats, which are the
 * tokenizer's. */
static ap_status load_generation(ap__router *r, ap_error *err) {
    ap_task_context *ctx = &r->pipe->ctx;
    if (ctx->task->model_kind == AP_MODEL_SINGLE_GRAPH) return AP_OK;
    ap_status status = ap__generation_files_load(&ctx->generation, r->folder.text, r->config, err);
    if (status || ctx->task->model_kind != AP_MODEL_CAUSAL_LM) return status;
    const char *folder = ap__opt_string(&r->init->tokenizer, r->folder.text);
    return ap__chat_templates_load(&ctx->chat_templates, folder, ctx->tokenizer, err);
}

static ap_status choose_threads(ap__router *r, ap_error *err) {
    const ap__thread_budget *budget = ap__thread_budget_get();
    int64_t wanted = ap__opt_integer(&r->init->num_threads, 0);
    char text[16];
    r->pipe->num_threads = wanted ? (int32_t)wanted : budget->n;
    snprintf(text, sizeof text, "%d", r->pipe->num_threads);
    return ap__decide(r->pipe->decisions, AP__DECISION_CHOSEN, "threads", text, err, "%s",
                      wanted ? "num_threads" : budget->reason);
}

/* -- all of it ----------------------------------------------------------------------------------------- */

/* The pipeline as each task sees it that the own one stands on. The block of parameters of a base is the
 * beginning of ours. */
static ap_status add_bases(ap_pipeline *pipe, ap_error *err) {
    for (const ap__task_layer *layer = pipe->ctx.layer->base; layer; layer = layer->base) {
        ap_pipeline *base = ap__malloc(sizeof *base);
        if (!base) return ap__fail_nomem(err);
        *base = *pipe;
        base->base = NULL;
        set_task(base, layer);
        pipe->base = base;
        pipe->ctx.base = &base->ctx;
        pipe = base;
    }
    return AP_OK;
}

/* What the task says to the model, and to the parameters. */
static ap_status check_task(ap__router *r, ap_error *err) {
    ap_task_context *ctx = &r->pipe->ctx;
    ctx->config = ap__model_get_config(ctx->model);
    ap_status status = AP_OK;
    if (ctx->tokenizer)
        status = ap__tokenizer_lend(&ctx->lent_tokenizer, ctx->tokenizer,
                                    ap__opt_string(&r->init->tokenizer, r->folder.text), err);
    if (!status) status = add_bases(r->pipe, err);
    if (!status) status = ap__phase_check_model(ctx, err);
    return status ? status : ap__phase_sanitize(ctx, NULL, r->pipe->opts, err);
}

/* An alias may say more than the task's name ("translation_en_to_de"). */
static ap_status keep_task_name(ap__router *r, ap_error *err) {
    const char *task = ap__opt_string(&r->init->task, NULL);
    if (task && !(r->pipe->ctx.task_name = ap__strdup(task))) return ap__fail_nomem(err);
    return AP_OK;
}

static ap_status run(ap__router *r, ap_error *err) {
    ap_pipeline *pipe = r->pipe;
    pipe->batch_size = ap__opt_integer(&r->init->batch_size, 0);
    pipe->num_workers = ap__opt_integer(&r->init->num_workers, 0);
    pipe->is_chosen_backend = !ap__opt_string(&r->init->accelerator, NULL);
    ap_status status = ap__decisions_create(&pipe->decisions, err);
    if (!status) status = ap__init_opts_check(r->init, err);
    if (!status) status = merge(r, err);
    if (!status) status = name_task(r, err);
    if (!status) status = keep_task_name(r, err);
    if (!status) status = find_folder(r, err);
    if (!status) status = find_config(r, err);
    if (!status) status = find_task(r, err);
    if (!status) status = bind_params(r, err);
    if (!status) status = load_components(r, err);
    if (!status) status = load_generation(r, err);
    if (!status) status = choose_threads(r, err);
    if (!status) status = ap__router_open_model(r, err);
    if (!status) status = ap__router_open_assistant(r, err);
    if (!status) status = check_task(r, err);
    return status ? status : ap__router_advise(r, err);
}

ap_status ap__router_create(ap_pipeline **out, const ap__init_opts *init, const ap_value *params,
                            ap_error *err) {
    ap__router *r = ap__calloc(1, sizeof *r);
    ap_status status = AP_OK;
    *out = ap__calloc(1, sizeof **out);
    if (r && *out) {
        r->init = init;
        r->params = params;
        r->pipe = *out;
        status = run(r, err);
        ap__config_destroy(r->config);
    } else {
        status = ap__fail_nomem(err);
    }
    ap__free(r);
    return status;
}

static ap_status create(ap_pipeline **out, const ap__init_opts *init, const ap_value *params, ap_error *err) {
    ap_status status = ap__router_create(out, init, params, err);
    if (status) {
        ap_pipeline_destroy(*out);
        *out = NULL;
    }
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

ap_status ap__init_split(ap__init_opts *init, ap_value *params, const ap_value *dict, ap_error *err) {
    ap_status status = AP_OK;
    ap__value_set_dict(params);
    if (ap_value_kind(dict) != AP_KIND_DICT)
        return ap__fail(err, AP_ETYPE, "init: expected a dict, found %s", ap_kind_name(ap_value_kind(dict)));
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

static ap_status create_from_value(ap_pipeline **out, const ap_value *dict, const ap_task *custom,
                                   ap_error *err) {
    ap__init_opts init = {0};
    ap_value params = {0};
    *out = NULL;
    ap_status status = ap__init_split(&init, &params, dict, err);
    init.custom_task = custom;
    if (!status) status = create(out, &init, &params, err);
    ap__value_clear(&params);
    return status;
}

ap_status ap_pipeline_create_from_value(ap_pipeline **out, const ap_value *dict, ap_error *err) {
    if (!out) return ap__fail(err, AP_EINVAL, "ap_pipeline_create_from_value: out is NULL");
    return create_from_value(out, dict, NULL, err);
}

ap_status ap_pipeline_create_custom(ap_pipeline **out, const ap_value *init, const ap_task *row,
                                    ap_error *err) {
    ap_value none = {0};
    if (!out || !row)
        return ap__fail(err, AP_EINVAL, "ap_pipeline_create_custom: %s is NULL", out ? "row" : "out");
    ap__value_set_dict(&none);
    return create_from_value(out, init ? init : &none, row, err);
}

const ap_pipeline *ap_pipeline_get_base(const ap_pipeline *pipe) { return pipe->base; }

static void destroy_bases(ap_pipeline *pipe) {
    while (pipe) {
        ap_pipeline *next = pipe->base;
        ap__free(pipe);
        pipe = next;
    }
}

void ap_pipeline_destroy(ap_pipeline *pipe) {
    if (!pipe) return;
    if (pipe->opts) ap__phase_clear_opts(pipe->ctx.layer, pipe->opts, NULL);
    destroy_bases(pipe->base);
    ap__free(pipe->own_layer);
    ap__free(pipe->ctx.lent_tokenizer);
    ap__model_close(pipe->ctx.model);
    ap__model_close(pipe->ctx.assistant);
    ap__generation_files_destroy(pipe->ctx.assistant_generation);
    ap__tokenizer_destroy(pipe->ctx.tokenizer);
    ap__tapas_destroy(pipe->ctx.tapas);
    ap__generation_files_destroy(pipe->ctx.generation);
    ap__chat_templates_destroy(pipe->ctx.chat_templates);
    ap__free(pipe->ctx.task_name);
    ap_value_destroy(pipe->params);
    ap_value_destroy(pipe->decisions);
    ap__free(pipe->opts);
    ap__free(pipe->model_name);
    ap__free(pipe);
}
