/* Every allocation of creating and calling a pipeline fails in turn: no crash, no leak, nothing half made. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/torture.h"

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

/* One call on JSON; `*status` is that of the whole run so far. */
static void call(ap_status *status, const ap_pipeline *pipe, const char *inputs, const char *params,
                 ap_error *err) {
    ap_value *in = NULL, *more = NULL, *out = NULL;
    if (!*status) *status = ap_value_from_json(&in, inputs, AP_NUL_TERMINATED, err);
    if (!*status && params) *status = ap_value_from_json(&more, params, AP_NUL_TERMINATED, err);
    if (!*status && (*status = ap_pipeline_call(&out, pipe, in, more, err))) assert_null(out);
    ap_value_destroy(out);
    ap_value_destroy(more);
    ap_value_destroy(in);
}

static void call_phases(ap_status *status, const ap_pipeline *pipe, ap_error *err) {
    ap_value *in = NULL, *feeds = NULL, *outputs = NULL, *result = NULL;
    if (!*status) *status = ap_value_create_string(&in, "a b c", AP_NUL_TERMINATED, err);
    if (!*status && (*status = ap_pipeline_preprocess(&feeds, pipe, in, NULL, err))) assert_null(feeds);
    if (!*status && (*status = ap_pipeline_forward(&outputs, pipe, feeds, NULL, err))) assert_null(outputs);
    if (!*status && (*status = ap_pipeline_postprocess(&result, pipe, outputs, NULL, err)))
        assert_null(result);
    ap_value_destroy(result);
    ap_value_destroy(outputs);
    ap_value_destroy(feeds);
    ap_value_destroy(in);
}

static void describe(ap_status *status, const ap_pipeline *pipe, ap_error *err) {
    ap_value *out = NULL;
    if (!*status && (*status = ap_pipeline_describe(&out, pipe, err))) assert_null(out);
    ap_value_destroy(out);
}

/* The whole life of a pipeline: it keeps memory between its calls, so only its end shows a leak. */
static ap_status live(void *init, ap_error *err) {
    ap_pipeline *pipe = NULL;
    ap_status status = ap_pipeline_create_from_value(&pipe, init, err);
    if (status) assert_null(pipe);
    call(&status, pipe, "\"I loved every minute of it, and the caf\\u00e9 too.\"", NULL, err);
    call(&status, pipe, "{\"text\": \"a\", \"text_pair\": \"b\"}", "{\"top_k\": null, \"truncation\": true}",
         err);
    call(&status, pipe, "[\"a\", \"b c d\", \"e f\", \"\"]", "{\"top_k\": null, \"batch_size\": 2}", err);
    call_phases(&status, pipe, err);
    describe(&status, pipe, err);
    ap_pipeline_destroy(pipe);
    return status;
}

/* Graceful, because a batch that fails is tried again one feed at a time, which may then find the memory. The
 * cache is off: a failed allocation there is no failure of the call. */
void test_a_whole_life(void **state) {
    (void)state;
    ap_value *init = support_init("bert-sst2", "{\"cache\": false, \"top_k\": 2, \"num_threads\": 1}");
    torture_graceful(live, init);
    ap_value_destroy(init);
}

typedef struct steady {
    ap_pipeline *pipe;
    ap_value *input;
} steady;

static ap_status call_steadily(void *ctx, ap_error *err) {
    steady *s = ctx;
    ap_value *out = NULL;
    ap_status status = ap_pipeline_call(&out, s->pipe, s->input, NULL, err);
    ap_value_destroy(out);
    return status;
}

/* What a steady single call may allocate: its result, and what carries it through the phases. */
void test_a_steady_call_allocates_little(void **state) {
    (void)state;
    steady s = {support_pipeline("bert-sst2", NULL), support_json("\"a b c\"")};
    (void)torture_count(call_steadily, &s);
    assert_in_range(torture_count(call_steadily, &s), 1, 30);
    ap_value_destroy(s.input);
    ap_pipeline_destroy(s.pipe);
}
