/* The library's part of a session, on the replay plugin. */
#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"

#include "base/cancel.h"

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

/* A session of that text. */
static ap__session *open_text(const char *text) {
    ap__path path = tempdir_write_text(&folder, "model.replay", text);
    return sessions_open(replay, path.text);
}

#define SMALL                                                                                                \
    HEAD "input ids int64 -1 3\ninput mask int64 -1 3\noutput y float32 -1 2\ncompute y rows ids mask\n"

static const int64_t two_by_three[] = {2, 3}, three_by_two[] = {3, 2};

/* -- opening ------------------------------------------------------------------------------------------- */

static ap_status open_fails(const ap__session_options *options) {
    ap__session *session = (ap__session *)&folder;
    err = (ap_error)AP_ERROR_INIT;
    ap_status status = ap__session_open(&session, replay, options, &err);
    assert_null(session);
    return status;
}

void test_open_needs_a_model(void **state) {
    (void)state;
    assert_fails(open_fails(&(ap__session_options){.path = NULL}), AP_EINVAL, &err, "no model to open");
    assert_fails(open_fails(&(ap__session_options){.path = "/no/such/model"}), AP_ENOTFOUND, &err,
                 "no such file");
    assert_fails(open_fails(&(ap__session_options){.path = folder.text}), AP_ENOTFOUND, &err, "no such file");
}

void test_open_checks_the_device(void **state) {
    (void)state;
    ap__path path = tempdir_write_text(&folder, "model.replay", SMALL);
    static const char *const good[] = {"cpu", "CPU", "cpu:0"}, *const bad[] = {"cuda", "cpux", "c", ""};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ap__session *session = NULL;
        const ap__session_options options = {.path = path.text, .device = good[i]};
        assert_ok(ap__session_open(&session, replay, &options, &err), &err);
        ap__session_close(session);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const ap__session_options options = {.path = path.text, .device = bad[i]};
        assert_fails(open_fails(&options), AP_EINVAL, &err, "accelerator \"replay\" has here: cpu");
    }
}

void test_open_passes_options_on(void **state) {
    (void)state;
    ap__path path = tempdir_write_text(&folder, "model.replay", SMALL);
    const ap_key_value unknown = {"colour", "red"}, fails = {"fail_run", "1"};
    assert_fails(open_fails(&(ap__session_options){.path = path.text, .options = &unknown, .n_options = 1}),
                 AP_EINVAL, &err, "\"colour\" is not known");
    ap__session *session = NULL;
    const ap__session_options options = {.path = path.text, .options = &fails, .n_options = 1};
    assert_ok(ap__session_open(&session, replay, &options, &err), &err);
    ap__session_close(session);
}

void test_open_from_memory(void **state) {
    (void)state;
    ap__session *session = NULL;
    const ap__session_options options = {.bytes = SMALL, .n_bytes = strlen(SMALL)};
    assert_ok(ap__session_open(&session, replay, &options, &err), &err);
    assert_int_equal(2, ap__session_get_info(session)->n_inputs);
    ap__session_close(session);
}

void test_describes(void **state) {
    (void)state;
    ap__session *session = open_text(SMALL);
    const ap_io *mask = ap__session_find_input(session, "mask"), *y = ap__session_find_output(session, "y");
    assert_int_equal(AP_DTYPE_I64, mask->dtype);
    assert_int_equal(2, mask->rank);
    assert_int_equal(-1, mask->shape[0]);
    assert_int_equal(3, mask->shape[1]);
    assert_int_equal(AP_DTYPE_F32, y->dtype);
    assert_null(ap__session_find_input(session, "y"));
    assert_null(ap__session_find_output(session, "mask"));
    assert_string_equal("cpu", ap__session_get_info(session)->device);
    assert_ptr_equal(replay, ap__session_get_backend(session));
    ap__session_close(session);
    ap__session_close(NULL);
}

/* -- inputs that do not fit ---------------------------------------------------------------------------- */

typedef struct bad_input {
    const char *name;
    ap_dtype dtype;
    const int64_t *shape;
    uint32_t rank;
    const char *says[3];
} bad_input;

static ap_status run(ap__session *session, ap__feed *inputs, size_t n_inputs, ap__feed *outputs,
                     size_t n_outputs) {
    err = (ap_error)AP_ERROR_INIT;
    ap_status status = ap__session_run(session, inputs, n_inputs, outputs, n_outputs, NULL, &err);
    for (size_t i = 0; status && i < n_outputs; i++) assert_null(outputs[i].tensor);
    return status;
}

void test_inputs_that_do_not_fit(void **state) {
    (void)state;
    static const bad_input cases[] = {
        {"input_ids", AP_DTYPE_I64, two_by_three, 2, {"no input \"input_ids\"", "it has \"ids\", \"mask\""}},
        {"ids",
         AP_DTYPE_I32,
         two_by_three,
         2,
         {"input: ids", "expected int64 [-1, 3]", "found int32 [2, 3]"}},
        {"ids", AP_DTYPE_I64, two_by_three, 1, {"input: ids", "found int64 [2]"}},
        {"ids", AP_DTYPE_I64, three_by_two, 2, {"input: ids", "found int64 [3, 2]"}},
        {"mask", AP_DTYPE_I64, two_by_three, 2, {"input \"mask\" was given twice"}},
    };
    ap__session *session = open_text(SMALL);
    ap__tensor *mask = sessions_tensor(AP_DTYPE_I64, two_by_three, 2, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bad_input *c = &cases[i];
        ap__feed inputs[] = {{"mask", 0, mask},
                             {c->name, 0, sessions_tensor(c->dtype, c->shape, c->rank, NULL)}};
        ap__feed output = {.name = "y"};
        assert_int_equal(AP_EINVAL, run(session, inputs, 2, &output, 1));
        for (size_t k = 0; k < 3 && c->says[k]; k++) assert_says(&err, c->says[k]);
        ap__tensor_unref(inputs[1].tensor);
    }
    ap__feed only_mask = {"mask", 0, mask}, no_tensor[] = {{"mask", 0, mask}, {"ids", 0, NULL}},
             output = {.name = "y"};
    assert_fails(run(session, &only_mask, 1, &output, 1), AP_EINVAL, &err,
                 "input \"ids\" of the model was not given");
    assert_fails(run(session, no_tensor, 2, &output, 1), AP_EINVAL, &err, "input \"ids\" has no tensor");
    ap__tensor_unref(mask);
    ap__session_close(session);
}

void test_outputs_that_do_not_fit(void **state) {
    (void)state;
    ap__session *session = open_text(SMALL);
    ap__tensor *ids = sessions_tensor(AP_DTYPE_I64, two_by_three, 2, NULL);
    ap__feed inputs[] = {{"ids", 0, ids}, {"mask", 0, ids}};
    ap__feed unknown = {.name = "logits"}, skipped = {.name = "y", .flags = AP_TENSOR_SKIP};
    assert_fails(run(session, inputs, 2, &unknown, 1), AP_EINVAL, &err, "no output \"logits\"; it has \"y\"");
    assert_fails(run(session, inputs, 2, &skipped, 1), AP_EINVAL, &err, "no output is asked for");
    assert_fails(run(session, inputs, 2, NULL, 0), AP_EINVAL, &err, "no output is asked for");
    ap__tensor_unref(ids);
    ap__session_close(session);
}

/* -- outputs ------------------------------------------------------------------------------------------- */

/* One input `x` to `y`, as it is, of this many bytes. */
#define COPY                                                                                                 \
    HEAD "input x uint8 -1\noutput y uint8 -1\noutput z uint8 -1\ncompute y copy x\ncompute z copy x\n"

void test_outputs_elsewhere_are_read(void **state) {
    (void)state;
    static const int64_t five = 5;
    ap__session *session = open_text(COPY "elsewhere 1\n");
    ap__feed x = {"x", 0, sessions_tensor(AP_DTYPE_U8, &five, 1, "abcde")};
    ap__feed outputs[] = {{.name = "y", .flags = AP_TENSOR_KEEP_IN_BACKEND}, {.name = "z"}};
    assert_ok(run(session, &x, 1, outputs, 2), &err);
    const ap_tensor_view *kept = ap__tensor_get_view(outputs[0].tensor),
                         *read = ap__tensor_get_view(outputs[1].tensor);
    assert_null(kept->data);
    assert_int_equal(5, kept->size_bytes);
    assert_memory_equal("abcde", read->data, 5);

    ap__feed again = {"x", 0, outputs[0].tensor}, y = {.name = "y"};
    assert_ok(run(session, &again, 1, &y, 1), &err);
    assert_memory_equal("abcde", ap__tensor_get_view(y.tensor)->data, 5);
    ap__tensor_unref(x.tensor);
    ap__tensor_unref(y.tensor);
    for (size_t i = 0; i < 2; i++) ap__tensor_unref(outputs[i].tensor);
    ap__session_close(session);
}

void test_a_failed_run_fills_nothing_and_the_next_works(void **state) {
    (void)state;
    static const int64_t five = 5;
    ap__session *session = open_text(COPY "fail_run 2\n");
    ap__feed x = {"x", 0, sessions_tensor(AP_DTYPE_U8, &five, 1, "abcde")};
    for (int i = 1; i <= 3; i++) {
        ap__feed y = {.name = "y", .tensor = (ap__tensor *)&five};
        ap_status status = run(session, &x, 1, &y, 1);
        if (i == 2)
            assert_fails(status, AP_EBACKEND, &err, "run 2 fails");
        else
            assert_ok(status, &err);
        ap__tensor_unref(y.tensor);
    }
    ap__tensor_unref(x.tensor);
    ap__session_close(session);
}

void test_more_tensors_than_fit_on_the_stack(void **state) {
    (void)state;
    enum { N = 60 };
    static const int64_t one = 1;
    char text[8192] = HEAD, names[N][2][8];
    ap__feed inputs[N] = {{0}}, outputs[N] = {{0}};
    for (int i = 0; i < N; i++) {
        size_t at = strlen(text);
        unsigned char byte = (unsigned char)i;
        snprintf(names[i][0], sizeof names[i][0], "x%d", i);
        snprintf(names[i][1], sizeof names[i][1], "y%d", i);
        snprintf(text + at, sizeof text - at,
                 "input x%d uint8 -1\noutput y%d uint8 -1\ncompute y%d copy x%d\n", i, i, i, i);
        /* In the reverse order of the model's. */
        inputs[N - 1 - i] = (ap__feed){names[i][0], 0, sessions_tensor(AP_DTYPE_U8, &one, 1, &byte)};
        outputs[i].name = names[i][1];
    }
    ap__session *session = open_text(text);
    assert_ok(run(session, inputs, N, outputs, N), &err);
    for (int i = 0; i < N; i++) {
        assert_int_equal(i, *(const unsigned char *)ap__tensor_get_view(outputs[i].tensor)->data);
        ap__tensor_unref(inputs[i].tensor);
        ap__tensor_unref(outputs[i].tensor);
    }
    ap__session_close(session);
}

void test_cancelled_before_it_began(void **state) {
    (void)state;
    static const int64_t five = 5;
    ap_cancel *cancel = NULL;
    ap__session *session = open_text(COPY);
    ap__feed x = {"x", 0, sessions_tensor(AP_DTYPE_U8, &five, 1, "abcde")}, y = {.name = "y"};
    assert_ok(ap_cancel_create(&cancel, &err), &err);
    ap_cancel_trigger(cancel);
    assert_fails(ap__session_run(session, &x, 1, &y, 1, cancel, &err), AP_ECANCELED, &err, "cancelled");
    assert_null(y.tensor);
    ap_cancel_destroy(cancel);
    ap__tensor_unref(x.tensor);
    ap__session_close(session);
}

/* -- running out of memory ----------------------------------------------------------------------------- */

static ap_status open_and_run(void *ctx, ap_error *error) {
    static const int64_t five = 5;
    ap__session *session = NULL;
    ap__tensor *tensor = NULL;
    const ap__session_options options = {.bytes = ctx, .n_bytes = strlen(ctx), .n_threads = 1};
    ap_status status = ap__session_open(&session, replay, &options, error);
    if (!status) status = ap__tensor_create(&tensor, AP_DTYPE_U8, &five, 1, error);
    if (!status) {
        ap__feed x = {"x", 0, tensor},
                 outputs[] = {{.name = "y"}, {.name = "z", .flags = AP_TENSOR_KEEP_IN_BACKEND}};
        memset(ap__tensor_data(tensor), 0, 5);
        status = ap__session_run(session, &x, 1, outputs, 2, NULL, error);
        for (size_t i = 0; i < 2; i++) {
            if (status) assert_null(outputs[i].tensor);
            ap__tensor_unref(outputs[i].tensor);
        }
    }
    ap__tensor_unref(tensor);
    ap__session_close(session);
    return status;
}

void test_torture(void **state) {
    (void)state;
    char here[] = COPY, elsewhere[] = COPY "elsewhere 1\n";
    torture(open_and_run, here);
    torture(open_and_run, elsewhere);
}
