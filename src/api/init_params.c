/* pipeline()'s own parameters. Source: transformers@v4.55.4 pipelines/__init__.py pipeline();
 * optimum@v2.0.0 pipelines (accelerator). */
#include "api/init_params.h"

#include "base/error.h"
#include "base/threads.h"
#include "value/params.h"
#include "value/value.h"

#include <accelpipe/task.h>
#include <stdio.h>
#include <string.h>

#define ROW(NAME, TYPE, DEFAULT, DOC) AP_PARAM(NAME, TYPE, INIT, ap__init_opts, 0, NULL, DEFAULT, DOC)

/* For help and completion only: ap__backend_get() knows the names. */
static const ap_param_choice ACCELERATORS[] = {{"ort", 0, 0}, {"ov", 0, 0}, {"ipex", 0, 0}, {NULL, 0, 0}};

const ap_param ap__init_params[] = {
    ROW(task, STRING, NULL, "Task or alias; absent: inferred from the model."),
    ROW(model, STRING, NULL, "Folder of the model; absent: the task's bundled model."),
    ROW(config, VALUE, NULL, "Folder or file of a config.json, or its contents, in place of the model's."),
    ROW(tokenizer, STRING, NULL, "Folder whose tokenizer is used in place of the model's."),
    ROW(feature_extractor, STRING, NULL, "Folder whose feature extractor is used in place of the model's."),
    ROW(image_processor, STRING, NULL, "Folder whose image processor is used in place of the model's."),
    ROW(processor, STRING, NULL, "Folder whose processor is used in place of the model's."),
    ROW(framework, STRING, NULL, "\"pt\" is accepted for compatibility."),
    ROW(revision, STRING, NULL, "Revision on the Hub; a local folder has none."),
    ROW(use_fast, BOOL, "true", "Accepted for compatibility: the tokenizer is always a fast one."),
    ROW(token, VALUE, NULL, "Token for the Hub; a local folder needs none."),
    ROW(device, VALUE, NULL, "\"cpu\", \"cuda:0\", ... or a number, -1 for the CPU."),
    ROW(device_map, VALUE, NULL, "\"auto\", a device or a dict of one device; not together with device."),
    ROW(torch_dtype, STRING, "\"auto\"", "Which variant of the model's file, and what it computes in."),
    ROW(dtype, STRING, NULL, "The same as torch_dtype."),
    ROW(trust_remote_code, BOOL, "false", "Accepted for compatibility: code of a model folder is never run."),
    ROW(model_kwargs, VALUE, NULL, "Dict: file_name, subfolder, provider, session_options, ov_config, ..."),
    AP_PARAM(accelerator, STRING, INIT, ap__init_opts, 0, ACCELERATORS, NULL,
             "\"ort\", \"ov\" or \"ipex\"; absent: the first available of ov, ort, ipex."),
    ROW(batch_size, INT, NULL, "Inputs per batch; absent: batches are formed by length."),
    ROW(num_workers, INT, NULL, "Threads for preprocessing, at most 64; absent, 0 and 1: one where it pays."),
    ROW(num_threads, INT, NULL, "Threads of the backend; absent: the process's budget of physical cores."),
    ROW(cache, BOOL, "true", "Keep a start-up cache of the prepared model on disk."),
    ROW(cache_dir, STRING, NULL, "Folder of that cache; absent: the user's cache folder."),
    ROW(assistant_model, STRING, NULL,
        "Of tasks that generate: folder of a smaller model with the same tokenizer, which guesses tokens "
        "ahead; the result stays the same."),
    AP_PARAM_END};

#undef ROW

static void set_string(ap_opt *opt, const char *text) {
    if (!text) return;
    opt->origin = AP_ORIGIN_INIT;
    opt->as.string = text;
}

static void set_value(ap_opt *opt, const ap_value *value) {
    if (ap_value_kind(value) == AP_KIND_NULL) return;
    opt->origin = AP_ORIGIN_INIT;
    opt->as.value = value;
}

static void set_integer(ap_opt *opt, int64_t value) {
    if (!value) return;
    opt->origin = AP_ORIGIN_INIT;
    opt->as.integer = value;
}

static void set_switch(ap_opt *opt, ap_switch value) {
    if (value == AP_SWITCH_DEFAULT) return;
    opt->origin = AP_ORIGIN_INIT;
    opt->as.boolean = value == AP_SWITCH_ON;
}

ap_status ap__init_opts_from_options(ap__init_opts *out, const ap_pipeline_options *o, ap_error *err) {
    memset(out, 0, sizeof *out);
    if (o->struct_size != sizeof *o)
        return ap__fail(err, AP_EINVAL,
                        "ap_pipeline_options: struct_size is %zu, this version has %zu; start from "
                        "AP_PIPELINE_OPTIONS_INIT",
                        o->struct_size, sizeof *o);
    set_string(&out->task, o->task);
    set_string(&out->model, o->model);
    set_value(&out->config, o->config);
    set_string(&out->tokenizer, o->tokenizer);
    set_string(&out->feature_extractor, o->feature_extractor);
    set_string(&out->image_processor, o->image_processor);
    set_string(&out->processor, o->processor);
    set_string(&out->framework, o->framework);
    set_string(&out->revision, o->revision);
    set_value(&out->device, o->device);
    set_value(&out->device_map, o->device_map);
    set_string(&out->torch_dtype, o->torch_dtype);
    set_switch(&out->trust_remote_code, o->trust_remote_code);
    set_value(&out->model_kwargs, o->model_kwargs);
    set_string(&out->accelerator, o->accelerator);
    set_integer(&out->batch_size, o->batch_size);
    set_integer(&out->num_workers, o->num_workers);
    set_integer(&out->num_threads, o->num_threads);
    set_switch(&out->cache, o->cache);
    set_string(&out->cache_dir, o->cache_dir);
    set_string(&out->assistant_model, o->assistant_model);
    out->custom_task = o->custom_task;
    return AP_OK;
}

/* -- checks -------------------------------------------------------------------------------------------- */

static ap_status check_count(const ap_opt *opt, const char *name, int64_t max, ap_error *err) {
    int64_t value = ap__opt_integer(opt, 0);
    if (value >= 0 && value <= max) return AP_OK;
    return ap__fail(err, AP_EINVAL, "parameter %s: %lld is not within 0 and %lld", name, (long long)value,
                    (long long)max);
}

static ap_status check_framework(const ap_opt *framework, ap_error *err) {
    const char *name = ap__opt_string(framework, "pt");
    if (strcmp(name, "pt") == 0) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "framework \"%.32s\": only \"pt\" is accepted; the backend is chosen by accelerator",
                    name);
}

/* Kept for the Hub; a local folder needs none. Its value is never shown. */
static ap_status check_token(const ap_opt *token, ap_error *err) {
    if (!ap__opt_is_set(token)) return AP_OK;
    ap_kind kind = ap_value_kind(token->as.value);
    if (kind == AP_KIND_STRING || kind == AP_KIND_BOOL) return AP_OK;
    return ap__fail(err, AP_ETYPE, "parameter token: expected a string or bool, found %s",
                    ap_kind_name(kind));
}

const char *ap__init_opts_dtype(const ap__init_opts *o) {
    const char *torch_dtype = ap__opt_string(&o->torch_dtype, NULL), *dtype = ap__opt_string(&o->dtype, NULL);
    return !torch_dtype || (dtype && strcmp(torch_dtype, "auto") == 0) ? dtype : torch_dtype;
}

/* "auto" is the default that programs for transformers hand on, and contradicts nothing. */
static ap_status check_dtypes(const ap__init_opts *o, ap_error *err) {
    const char *chosen = ap__init_opts_dtype(o), *dtype = ap__opt_string(&o->dtype, "auto");
    if (!chosen || strcmp(dtype, "auto") == 0 || strcmp(chosen, dtype) == 0) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "torch_dtype \"%.32s\" and dtype \"%.32s\" contradict each other; give one of them",
                    o->torch_dtype.as.string, o->dtype.as.string);
}

static ap_status check_config(const ap_opt *opt, ap_error *err) {
    if (!ap__opt_is_set(opt)) return AP_OK;
    ap_kind kind = ap_value_kind(opt->as.value);
    if (kind == AP_KIND_STRING || kind == AP_KIND_DICT) return AP_OK;
    return ap__fail(err, AP_ETYPE, "parameter config: expected a path or a dict, found %s",
                    ap_kind_name(kind));
}

/* 0 would be no batch; the struct of the C API has it for "absent". */
static ap_status check_batch_size(const ap_opt *opt, ap_error *err) {
    if (!ap__opt_is_set(opt) || ap__opt_integer(opt, 0) != 0)
        return check_count(opt, "batch_size", 1 << 20, err);
    return ap__fail(err, AP_EINVAL, "parameter batch_size: 0 is below 1; leave it out for batches by length");
}

ap_status ap__init_opts_check(const ap__init_opts *o, ap_error *err) {
    ap_status status = check_batch_size(&o->batch_size, err);
    if (!status) status = check_count(&o->num_workers, "num_workers", 1024, err);
    if (!status) status = check_count(&o->num_threads, "num_threads", AP__THREADS_MAX, err);
    if (!status) status = check_framework(&o->framework, err);
    if (!status) status = check_token(&o->token, err);
    if (!status) status = check_dtypes(o, err);
    if (!status) status = check_config(&o->config, err);
    return status;
}

ap_status ap_pipeline_describe_params(ap_value **out, ap_error *err) {
    if (!out) return ap__fail(err, AP_EINVAL, "ap_pipeline_describe_params: out is NULL");
    ap_status status = ap_value_create_list(out, err);
    if (!status && (status = ap__params_describe(*out, ap__init_params, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}
