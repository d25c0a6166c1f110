/* What a call makes of its inputs when the task has a say in it (normalize_inputs). The task gives no feeds,
 * so that the calls need no model. */
#include "pipeline/context.h"
#include "unit/support/check.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"
#include "value/params.h"

#include <accelpipe/accelpipe.h>

typedef struct opts {
    ap_opt words;
} opts;

static const ap_param PARAMS[] = {
    AP_PARAM(words, VALUE, INPUT, opts, 0, NULL, NULL, "The inputs, by keyword."), AP_PARAM_END};

static ap_status normalize_inputs(const ap_task_context *ctx, const void *bound, ap_value **out,
                                  const ap_value *inputs, ap_error *err) {
    const opts *o = bound;
    (void)ctx;
    if (inputs) return AP_OK;
    if (!ap__opt_is_set(&o->words)) return ap_value_create_string(out, "refused", AP_NUL_TERMINATED, err);
    return ap_value_copy(out, o->words.as.value, err);
}

static ap_status preprocess(const ap_task_context *ctx, const void *bound, const ap_value *input,
                            ap_feeds *feeds, ap_error *err) {
    (void)ctx, (void)bound, (void)feeds;
    if (!ap__value_is_text(input, "refused")) return AP_OK;
    err->status = AP_EINVAL;
    return AP_EINVAL;
}

static ap_status postprocess(const ap_task_context *ctx, const void *bound, ap_value **out,
                             ap_value *const *outputs, size_t n_outputs, ap_error *err) {
    (void)ctx, (void)bound, (void)outputs;
    return ap_value_create_int(out, (int64_t)n_outputs, err);
}

/* Of one input, its result. */
static ap_status shape_result(const ap_task_context *ctx, const void *bound, const ap_value *inputs,
                              ap_value **result, ap_error *err) {
    (void)ctx, (void)bound;
    if (ap_value_len(inputs) != 1) return AP_OK;
    ap_value_destroy(*result);
    *result = NULL;
    return ap_value_create_bool(result, 1, err);
}

static const ap_task TASK = {.abi = AP_TASK_ABI,
                             .size = sizeof(ap_task),
                             .name = "echo",
                             .input = AP_INPUT_TEXT,
                             .params = PARAMS,
                             .opts_size = sizeof(opts),
                             .preprocess = preprocess,
                             .postprocess = postprocess,
                             .shape_result = shape_result,
                             .normalize_inputs = normalize_inputs};

static const ap__task_layer LAYER = {.own = &TASK, .task = &TASK};

static ap_status call(ap_value **out, const char *inputs, const char *params, ap_error *err) {
    static opts created;
    ap_pipeline pipe = {.ctx = {.task = &TASK, .layer = &LAYER}, .opts = &created};
    ap_value *in = inputs ? value_of(inputs) : NULL, *more = params ? value_of(params) : NULL;
    ap_status status = ap_pipeline_call(out, &pipe, in, more, err);
    ap_value_destroy(more);
    ap_value_destroy(in);
    return status;
}

static void expect(const char *inputs, const char *params, const char *expected) {
    ap_error err = AP_ERROR_INIT;
    ap_value *out = NULL;
    assert_ok(call(&out, inputs, params, &err), &err);
    assert_json(expected, out);
    ap_value_destroy(out);
}

void test_inputs_as_they_are(void **state) {
    (void)state;
    expect("\"a\"", NULL, "0");
    expect("[\"a\", \"b\"]", NULL, "[0,0]");
    expect("[]", NULL, "[]");
    expect("null", NULL, "0"); /* Null is an input, NULL is none. */
}

void test_inputs_by_keyword(void **state) {
    (void)state;
    expect(NULL, "{\"words\": \"a\"}", "0");
    expect(NULL, "{\"words\": [\"a\", \"b\", \"c\"]}", "[0,0,0]");
    expect("[\"a\", \"b\"]", "{\"words\": \"a\"}", "[0,0]");
}

void test_the_shape_sees_the_normalized_inputs(void **state) {
    (void)state;
    expect(NULL, "{\"words\": [\"a\"]}", "true");
}

void test_a_failure_ends_the_call(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap_value *out = NULL;
    assert_int_equal(call(&out, NULL, NULL, &err), AP_EINVAL);
    assert_null(out);
}

static ap_status call_by_keyword(void *ctx, ap_error *err) {
    static opts created;
    ap_pipeline pipe = {.ctx = {.task = &TASK, .layer = &LAYER}, .opts = &created};
    ap_value *out = NULL;
    ap_status status = ap_pipeline_call(&out, &pipe, NULL, ctx, err);
    if (status) assert_null(out);
    ap_value_destroy(out);
    return status;
}

void test_torture(void **state) {
    (void)state;
    ap_value *params = value_of("{\"words\": [\"a\", \"b\"]}");
    torture(call_by_keyword, params);
    ap_value_destroy(params);
}
