#include "api.h"

#include "common.h"

static const char *option_or_null(const char *name) {
    const char *value = bench_option(name);
    return *value ? value : NULL;
}

void bench_check(ap_status status, const ap_error *err) {
    if (status) bench_die("%s [%s]", err->message, ap_status_name(status));
}

ap_pipeline *bench_create_pipeline(void) {
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = NULL;
    ap_pipeline_options options = AP_PIPELINE_OPTIONS_INIT;
    options.task = bench_option("--task");
    options.model = option_or_null("--model");
    options.accelerator = option_or_null("--accelerator");
    options.cache_dir = option_or_null("--cache-dir");
    options.num_threads = bench_option_number("--threads");
    const char *json = option_or_null("--model-kwargs");
    ap_value *model_kwargs = NULL;
    if (json) bench_check(ap_value_from_json(&model_kwargs, json, AP_NUL_TERMINATED, &err), &err);
    options.model_kwargs = model_kwargs;
    bench_check(ap_pipeline_create(&pipe, &options, &err), &err);
    ap_value_destroy(model_kwargs);
    return pipe;
}

ap_value *bench_create_string(const char *text) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    bench_check(ap_value_create_string(&value, text, AP_NUL_TERMINATED, &err), &err);
    return value;
}
