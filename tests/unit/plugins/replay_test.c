/* The replay plugin: its model's text, its cases and its functions. */
#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <stdio.h>
#include <string.h>

static ap__path folder;
static const ap__backend *replay;
static ap_error err;

int group_setup(void **state) {
    (void)state;
    sessions_setup(&folder);
    replay = sessions_backend("replay");
    return replay == NULL;
}

int group_teardown(void **state) {
    (void)state;
    sessions_teardown(&folder);
    return 0;
}

#define HEAD "accelpipe-replay 1\n"

static ap_status open_status(ap__session **out, const char *text) {
    const ap__session_options options = {.bytes = text, .n_bytes = strlen(text)};
    err = (ap_error)AP_ERROR_INIT;
    return ap__session_open(out, replay, &options, &err);
}

static ap__session *open_text(const char *text) {
    ap__session *session = NULL;
    assert_ok(open_status(&session, text), &err);
    return session;
}

void test_lines_that_are_wrong(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "no model to open"},
        {"nonsense", "line 1: not a replay model"},
        {HEAD "input x\n", "line 2: expected NAME DTYPE"},
        {HEAD "\n# comment\ninput x float33 1\n", "line 4: unknown dtype"},
        {HEAD "input x float32 a\n", "line 2: a number"},
        {HEAD "input x float32 1 1 1 1 1 1 1 1 1\n", "too many extents"},
        {HEAD "output y float32 1\ncompute y copy x\n", "unknown input"},
        {HEAD "input x float32 1\ncompute y copy x\n", "unknown output"},
        {HEAD "input x float32 1\noutput y float32 1\ncompute y power x\n", "unknown function"},
        {HEAD "input x float32 1\noutput y float32 1\ncompute y copy x x\n", "a wrong number of inputs"},
        {HEAD "input x float32 1\nin x 1 = 00000000\n", "no case has begun"},
        {HEAD "input x float32 1\ncase\nin x 1 = 0000\n", "not as many as the shape has"},
        {HEAD "input x float32 1\ncase\nin x 1 = 0000000g\n", "not hexadecimal"},
        {HEAD "input x float32 1\ncase\nin x 99999999999 99999999999 = 00\n", "not as many"},
        {HEAD "input x float32 1\ncase\nin z 1 = 00000000\n", "unknown name"},
        {HEAD "latency_ms soon\n", "no number"},
        {HEAD "colour red\n", "unknown word"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ap__session *session = NULL;
        assert_int_not_equal(AP_OK, open_status(&session, cases[i][0]));
        assert_says(&err, cases[i][1]);
        assert_null(session);
    }
}

void test_recorded_cases(void **state) {
    (void)state;
    static const int64_t shape[] = {1, 2}, other[] = {1, 3};
    static const int32_t first[] = {1, 2}, second[] = {3, 4}, third[] = {1, 2, 3};
    ap__session *session =
        open_text(HEAD "input ids int32 -1 -1\noutput y float32 -1\n"
                       "case\nin ids 1 2 = 0100000002000000\nout y 1 = 0000803f\n"
                       "case\nin ids 1 2 = 0300000004000000\nout y 2 = 0000004000004040\n");
    ap__tensor *inputs[] = {sessions_tensor(AP_DTYPE_I32, shape, 2, first),
                            sessions_tensor(AP_DTYPE_I32, shape, 2, second),
                            sessions_tensor(AP_DTYPE_I32, other, 2, third)};
    const float expected[][2] = {{1, 0}, {2, 3}};
    for (size_t i = 0; i < 2; i++) {
        ap__feed input = {"ids", 0, inputs[i]}, output = {.name = "y"};
        assert_ok(ap__session_run(session, &input, 1, &output, 1, NULL, &err), &err);
        const ap_tensor_view *view = ap__tensor_get_view(output.tensor);
        assert_int_equal(i + 1, view->shape[0]);
        assert_memory_equal(expected[i], view->data, view->size_bytes);
        ap__tensor_unref(output.tensor);
    }
    ap__feed input = {"ids", 0, inputs[2]}, output = {.name = "y"};
    assert_fails(ap__session_run(session, &input, 1, &output, 1, NULL, &err), AP_EBACKEND, &err,
                 "no case has these inputs");
    for (size_t i = 0; i < 3; i++) ap__tensor_unref(inputs[i]);
    ap__session_close(session);
}

/* The output of `function` for rows of three ids, with a mask. */
static ap__tensor *run_rows(ap__session *session, int64_t n_rows, int64_t width, const int64_t *ids,
                            const int64_t *mask) {
    const int64_t shape[] = {n_rows, width};
    ap__feed inputs[] = {{"ids", 0, sessions_tensor(AP_DTYPE_I64, shape, 2, ids)},
                         {"mask", 0, sessions_tensor(AP_DTYPE_I64, shape, 2, mask)}};
    ap__feed output = {.name = "y"};
    assert_ok(ap__session_run(session, inputs, 2, &output, 1, NULL, &err), &err);
    for (size_t i = 0; i < 2; i++) ap__tensor_unref(inputs[i].tensor);
    return output.tensor;
}

static const float *floats(const ap__tensor *tensor) { return ap__tensor_get_view(tensor)->data; }

void test_rows_do_not_see_padding_or_the_batch(void **state) {
    (void)state;
    static const int64_t alone[] = {5, 6}, ones[] = {1, 1}, batch[] = {5, 6, 0, 9, 9, 9},
                         mask[] = {1, 1, 0, 1, 1, 1};
    ap__session *session =
        open_text(HEAD "input ids int64 -1 -1\ninput mask int64 -1 -1\noutput y float32 -1 3\n"
                       "compute y rows ids mask\n");
    ap__tensor *a = run_rows(session, 1, 2, alone, ones), *b = run_rows(session, 2, 3, batch, mask);
    assert_int_equal(3, ap__tensor_get_view(a)->shape[1]);
    assert_memory_equal(floats(a), floats(b), 3 * sizeof(float));
    assert_memory_not_equal(floats(b), floats(b) + 3, 3 * sizeof(float));
    for (int i = 0; i < 6; i++) assert_true(floats(b)[i] >= -1 && floats(b)[i] < 1);
    ap__tensor_unref(a);
    ap__tensor_unref(b);
    ap__session_close(session);
}

void test_tokens_are_by_themselves(void **state) {
    (void)state;
    static const int64_t ids[] = {5, 6, 5}, mask[] = {1, 1, 1};
    ap__session *session =
        open_text(HEAD "input ids int64 -1 -1\ninput mask int64 -1 -1\noutput y float32 -1 -1 4\n"
                       "compute y tokens ids\n");
    ap__tensor *y = run_rows(session, 1, 3, ids, mask);
    const ap_tensor_view *view = ap__tensor_get_view(y);
    assert_int_equal(3, view->rank);
    assert_int_equal(3, view->shape[1]);
    assert_int_equal(4, view->shape[2]);
    assert_memory_equal(floats(y), floats(y) + 8, 4 * sizeof(float));
    assert_memory_not_equal(floats(y), floats(y) + 4, 4 * sizeof(float));
    ap__tensor_unref(y);
    ap__session_close(session);
}

void test_functions_whose_shapes_do_not_fit(void **state) {
    (void)state;
    static const int64_t ids[] = {5, 6, 5}, shape[] = {1, 3};
    static const char *const texts[] = {
        HEAD "input ids int64 -1 -1\noutput y float32 -1 -1\ncompute y rows ids\n",
        HEAD "input ids int64 -1 -1\noutput y int64 -1 2\ncompute y rows ids\n",
        HEAD "input ids int64 -1 -1\noutput y float32 -1\ncompute y tokens ids\n",
        HEAD "input ids int64 -1 -1\noutput y float32 -1 -1\ncompute y copy ids\n",
        HEAD "input ids int64 -1 -1\noutput y int64 -1 -1\ncompute y concat ids ids\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ap__session *session = open_text(texts[i]);
        ap__feed input = {"ids", 0, sessions_tensor(AP_DTYPE_I64, shape, 2, ids)}, output = {.name = "y"};
        assert_fails(ap__session_run(session, &input, 1, &output, 1, NULL, &err), AP_EINVAL, &err,
                     "the shapes do not fit");
        ap__tensor_unref(input.tensor);
        ap__session_close(session);
    }
}
