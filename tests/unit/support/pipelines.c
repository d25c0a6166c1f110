/* Pipelines for tests. */
#define _GNU_SOURCE /* setenv */
#include "unit/support/pipelines.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void support_use_build_plugins(void) { setenv("ACCELPIPE_PLUGIN_DIR", AP_TEST_PLUGIN_DIR, 0); }

ap_value *support_json(const char *text) {
    ap_value *value = NULL;
    ap_error err = AP_ERROR_INIT;
    if (ap_value_from_json(&value, text, AP_NUL_TERMINATED, &err)) fail_msg("%s: %s", err.message, text);
    return value;
}

/* Sets every entry of `more` in `init`. */
static ap_status add_entries(ap_value *init, const ap_value *more) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < ap_value_len(more); i++) {
        const char *key;
        ap_value *copy = NULL;
        status = ap_value_copy(&copy, ap_value_dict_at(more, i, &key), NULL);
        if (!status) status = ap_value_dict_set_take(init, key, copy, NULL);
    }
    return status;
}

ap_value *support_init(const char *name, const char *more) {
    char text[8192];
    ap_value *init = NULL, *extra = NULL;
    snprintf(
        text, sizeof text,
        "{\"task\": \"text-classification\", \"accelerator\": \"ort\", \"model\": \"%s/parity/models/%s\"}",
        AP_TEST_DATA_DIR, name);
    ap_status status = ap_value_from_json(&init, text, AP_NUL_TERMINATED, NULL);
    if (!status && more) status = ap_value_from_json(&extra, more, AP_NUL_TERMINATED, NULL);
    if (!status) status = add_entries(init, extra);
    ap_value_destroy(extra);
    if (!status) return init;
    ap_value_destroy(init);
    return NULL;
}

ap_status support_pipeline_fails(const char *name, const char *more, ap_error *err) {
    ap_pipeline *pipe = NULL;
    ap_value *init = support_init(name, more);
    ap_status status = ap_pipeline_create_from_value(&pipe, init, err);
    ap_value_destroy(init);
    if (!status) fail_msg("expected a failure");
    assert_null(pipe);
    return status;
}

ap_pipeline *support_pipeline(const char *name, const char *more) {
    ap_error err = AP_ERROR_INIT;
    ap_pipeline *pipe = NULL;
    ap_value *init = support_init(name, more);
    if (ap_pipeline_create_from_value(&pipe, init, &err)) fail_msg("%s: %s", name, err.message);
    ap_value_destroy(init);
    return pipe;
}

ap_value *support_call(const ap_pipeline *pipe, const char *inputs, const char *params) {
    ap_error err = AP_ERROR_INIT;
    ap_value *in = support_json(inputs), *more = params ? support_json(params) : NULL, *out = NULL;
    if (ap_pipeline_call(&out, pipe, in, more, &err)) fail_msg("%s: %s", inputs, err.message);
    ap_value_destroy(more);
    ap_value_destroy(in);
    return out;
}

ap_status support_try_call(const ap_pipeline *pipe, const char *inputs, const char *params, ap_error *err) {
    ap_value *in = NULL, *options = NULL, *out = NULL;
    ap_status status = inputs ? ap_value_from_json(&in, inputs, AP_NUL_TERMINATED, err) : AP_OK;
    if (!status && params) status = ap_value_from_json(&options, params, AP_NUL_TERMINATED, err);
    if (!status && (status = ap_pipeline_call(&out, pipe, in, options, err))) assert_null(out);
    ap_value_destroy(out);
    ap_value_destroy(options);
    ap_value_destroy(in);
    return status;
}

void support_call_fails(const ap_pipeline *pipe, const char *inputs, const char *params, ap_status status,
                        const char *message) {
    ap_error err = AP_ERROR_INIT;
    ap_value *in = inputs ? support_json(inputs) : NULL, *more = params ? support_json(params) : NULL;
    ap_value *out = NULL;
    ap_status got = ap_pipeline_call(&out, pipe, in, more, &err);
    if (got != status || !strstr(err.message, message))
        fail_msg("%s with %s: %s: %s", inputs ? inputs : "no inputs", params ? params : "{}",
                 ap_status_name(got), err.message);
    assert_null(out);
    ap_value_destroy(more);
    ap_value_destroy(in);
}

void support_check_batches(const ap_pipeline *pipe, const ap_value *list, const char *params,
                           const char *single_params) {
    ap_error err = AP_ERROR_INIT;
    ap_value *more = support_json(params), *single = support_json(single_params), *batched = NULL;
    if (ap_pipeline_call(&batched, pipe, list, more, &err)) fail_msg("%s: %s", params, err.message);
    assert_int_equal(ap_value_len(batched), ap_value_len(list));
    for (size_t i = 0; i < ap_value_len(list); i++) {
        ap_value *alone = NULL;
        if (ap_pipeline_call(&alone, pipe, ap_value_list_get(list, i), single, &err))
            fail_msg("%s", err.message);
        double difference = support_difference(alone, ap_value_list_get(batched, i));
        if (difference > 1e-5) fail_msg("%s: item %zu: %g", params, i, difference);
        ap_value_destroy(alone);
    }
    ap_value_destroy(batched);
    ap_value_destroy(single);
    ap_value_destroy(more);
}

void support_expect(const ap_pipeline *pipe, const char *inputs, const char *params, const char *expected) {
    ap_value *out = support_call(pipe, inputs, params), *right = support_json(expected);
    if (support_difference(right, out) > 1e-4) {
        char *text = NULL;
        (void)ap_value_to_json(&text, NULL, out, AP_JSON_COMPACT, NULL);
        fail_msg("%s with %s:\n%s\nnot\n%s", inputs, params ? params : "{}", text, expected);
    }
    ap_value_destroy(right);
    ap_value_destroy(out);
}

static char warnings[4096];
static size_t warnings_len;

static void keep_warning(ap_log_level level, const char *line, void *ctx) {
    (void)ctx;
    if (level != AP_LOG_WARNING || warnings_len >= sizeof warnings) return;
    int n = snprintf(warnings + warnings_len, sizeof warnings - warnings_len, "%s\n", line);
    if (n > 0) warnings_len += (size_t)n;
}

const char *support_warnings(void) {
    static char last[sizeof warnings];
    ap_log_set(keep_warning, AP_LOG_WARNING, NULL);
    memcpy(last, warnings, sizeof last);
    warnings[0] = '\0';
    warnings_len = 0;
    return last;
}

static double worse(double a, double b) { return a > b ? a : b; }

double support_difference(const ap_value *a, const ap_value *b) {
    double most = 0;
    const char *key;
    if (ap_value_kind(a) != ap_value_kind(b) || ap_value_len(a) != ap_value_len(b)) return 1e9;
    switch (ap_value_kind(a)) {
    case AP_KIND_FLOAT:
        return fabs(ap_value_get_float(a) - ap_value_get_float(b));
    case AP_KIND_LIST:
        for (size_t i = 0; i < ap_value_len(a); i++)
            most = worse(most, support_difference(ap_value_list_get(a, i), ap_value_list_get(b, i)));
        return most;
    case AP_KIND_DICT:
        for (size_t i = 0; i < ap_value_len(a); i++) {
            const ap_value *item = ap_value_dict_at(a, i, &key);
            most = worse(most, support_difference(item, ap_value_dict_get(b, key)));
        }
        return most;
    default:
        return ap_value_equal(a, b) ? 0 : 1e9;
    }
}

void support_sentence(char *buf, size_t size, unsigned seed, unsigned n_words) {
    static const char *const words[] = {
        "the",   "film",  "was", "a",     "slow",  "quiet",       "story",        "about", "rain",
        "and",   "two",   "old", "men",   "who",   "never",       "spoke",        "of",    "it",
        "again", "until", "now", "Paris", "1984,", "caf\xC3\xA9", "\xE5\xB0\x8F", "!"};
    size_t at = 0;
    buf[0] = '\0';
    for (unsigned i = 0; i < n_words && at < size; i++) {
        seed = seed * 1103515245u + 12345u;
        const char *word = words[(seed >> 16) % (sizeof words / sizeof *words)];
        int n = snprintf(buf + at, size - at, "%s%s", i ? " " : "", word);
        if (n < 0) return;
        at += (size_t)n;
    }
}
