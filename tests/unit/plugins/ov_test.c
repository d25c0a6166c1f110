/* What is of OpenVINO alone: IR, exactness with int8 weights, names, options, its part of the cache. */
#define _GNU_SOURCE /* setenv, memmem */
#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"

#include "base/cancel.h"
#include "base/file.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 48, N_ROWS = 5, MAX_MODEL_BYTES = 1 << 28 };

#define IR(name) AP_TEST_DATA_DIR "/ir/" name ".xml"

static ap__path folder;
static const ap__backend *ov;
static ap_error err;

int group_setup(void **state) {
    (void)state;
    sessions_setup(&folder);
    ov = sessions_backend("ov");
    return 0;
}

int group_teardown(void **state) {
    (void)state;
    sessions_teardown(&folder);
    return 0;
}

int test_setup(void **state) {
    (void)state;
    sessions_renew_cache(&folder);
    return 0;
}

static void need_ov(void) {
    if (!ov) skip();
}

static ap__session *open_with(const ap__session_options *options) { return sessions_open_with(ov, options); }

static ap__session *open_path(const char *path) {
    return open_with(&(ap__session_options){.path = path, .n_threads = 1});
}

static ap_status try_open(const ap__session_options *options) {
    ap__session *session = NULL;
    err = (ap_error)AP_ERROR_INIT;
    ap_status status = ap__session_open(&session, ov, options, &err);
    if (status) assert_null(session);
    ap__session_close(session);
    return status;
}

static bool is_cached(const ap__session *session) { return ap__session_get_info(session)->from_cache != 0; }

/* y of a model with the input x, whose rows have SIZE numbers. The tensor is the caller's. */
static ap__tensor *run_rows(ap__session *session, const float *x, int64_t n_rows) {
    const int64_t shape[] = {n_rows, SIZE};
    ap__feed input = {"x", 0, sessions_tensor(AP_DTYPE_F32, shape, 2, x)}, output = {.name = "y"};
    assert_ok(ap__session_run(session, &input, 1, &output, 1, NULL, &err), &err);
    ap__tensor_unref(input.tensor);
    return output.tensor;
}

/* -- IR ------------------------------------------------------------------------------------------------ */

static void check_append(ap__session *session) {
    static const int64_t shape[] = {1, 2, 3, 4};
    ap__feed inputs[] = {{"past", 0, sessions_tensor(AP_DTYPE_F32, shape, 4, NULL)},
                         {"new", 0, sessions_tensor(AP_DTYPE_F32, shape, 4, NULL)}};
    ap__feed output = {.name = "present"};
    assert_ok(ap__session_run(session, inputs, 2, &output, 1, NULL, &err), &err);
    assert_int_equal(6, ap__tensor_get_view(output.tensor)->shape[2]);
    ap__tensor_unref(inputs[0].tensor);
    ap__tensor_unref(inputs[1].tensor);
    ap__tensor_unref(output.tensor);
    ap__session_close(session);
}

void test_ir_from_file_and_memory(void **state) {
    (void)state;
    need_ov();
    ap__bytes bytes = {0};
    check_append(sessions_open(ov, IR("append")));
    assert_ok(ap__file_read(&bytes, IR("append"), MAX_MODEL_BYTES, &err), &err);
    check_append(open_with(&(ap__session_options){.bytes = bytes.ptr, .n_bytes = bytes.len}));
    ap__bytes_clear(&bytes);
}

static void check_weights(ap__session *session, float factor) {
    float ones[SIZE];
    for (int i = 0; i < SIZE; i++) ones[i] = 1;
    ap__tensor *y = run_rows(session, ones, 1);
    for (int j = 0; j < SIZE; j++) {
        float sum = 0;
        for (int i = 0; i < SIZE; i++) sum += factor * (float)(((i * SIZE + j) * 5) % 17 - 8) / 4;
        assert_true(((const float *)ap__tensor_get_view(y)->data)[j] == sum);
    }
    ap__tensor_unref(y);
    ap__session_close(session);
}

void test_ir_with_weights_beside_it(void **state) {
    (void)state;
    need_ov();
    check_weights(sessions_open(ov, IR("weights")), 1);
}

void test_ir_in_memory_without_its_weights(void **state) {
    (void)state;
    need_ov();
    ap__bytes bytes = {0};
    assert_ok(ap__file_read(&bytes, IR("weights"), MAX_MODEL_BYTES, &err), &err);
    ap__session_options options = {.bytes = bytes.ptr, .n_bytes = bytes.len};
    assert_int_not_equal(AP_OK, try_open(&options));
    options.external_data = AP_TEST_DATA_DIR "/ir";
    assert_fails(try_open(&options), AP_EUNSUPPORTED, &err,
                 "IR in memory does not say where its weights are");
    ap__bytes_clear(&bytes);
}

static float run_with_state(ap__session *session, ap_state *state, float x) {
    const ap_io *in = &ap__session_get_info(session)->inputs[0],
                *out = &ap__session_get_info(session)->outputs[0];
    int64_t shape[AP_TENSOR_MAX_RANK];
    float values[64];
    for (uint32_t i = 0; i < in->rank; i++) shape[i] = in->shape[i] < 0 ? 1 : in->shape[i];
    for (size_t i = 0; i < 64; i++) values[i] = x;
    ap__tensor *tensor = sessions_tensor(AP_DTYPE_F32, shape, in->rank, values);
    const ap__feed input = {.name = in->name, .tensor = tensor};
    ap__feed output = {.name = out->name};
    const ap__stateful_run run = {state, &input, 1, &output, 1, NULL};
    assert_ok(ap__session_run_stateful(session, &run, &err), &err);
    float y = *(const float *)ap__tensor_get_view(output.tensor)->data;
    ap__tensor_unref(output.tensor);
    assert_int_not_equal(AP_OK, ap__session_run(session, &input, 1, &output, 1, NULL, &err));
    assert_says(&err, "the model is stateful: a run needs a state");
    ap__tensor_unref(tensor);
    return y;
}

/* Each state goes on by itself, and a new one begins anew. */
static void check_state(ap__session *session) {
    ap_state *a, *b;
    assert_ok(ap__session_state_create(&a, session, &err), &err);
    float first = run_with_state(session, a, 1), second = run_with_state(session, a, 1);
    assert_true(first != second);
    assert_ok(ap__session_state_create(&b, session, &err), &err);
    assert_true(run_with_state(session, b, 1) == first);
    assert_true(run_with_state(session, b, 1) == second);
    ap__session_state_destroy(session, b);
    ap__session_state_destroy(session, a);
    ap__session_state_destroy(session, NULL);
}

void test_models_with_state(void **state) {
    (void)state;
    need_ov();
    ap__session *session = open_with(&(ap__session_options){.path = IR("stateful")});
    assert_int_equal(1, ap__session_get_info(session)->is_stateful);
    check_state(session);
    ap__session_close(session);
    /* The word alone is no state. */
    ap__bytes bytes = {0};
    assert_ok(ap__file_read(&bytes, IR("append"), MAX_MODEL_BYTES, &err), &err);
    char *name = strstr(bytes.ptr, "name=\"join\"");
    assert_non_null(name);
    static const char head[] = "<?xml version=\"1.0\"?><!-- \"ReadValue\" -->";
    char text[4096];
    int n = snprintf(text, sizeof text, "%s%.*s name=\"ReadValue\" %s", head,
                     (int)(name - strstr(bytes.ptr, "<net")), strstr(bytes.ptr, "<net"),
                     name + strlen("name=\"join\""));
    assert_true(n > 0 && (size_t)n < sizeof text);
    check_append(open_with(&(ap__session_options){.bytes = text, .n_bytes = (size_t)n}));
    ap__bytes_clear(&bytes);
}

void test_other_formats_are_refused(void **state) {
    (void)state;
    need_ov();
    static const char *const texts[] = {"", "node { name: \"x\" }", "\x1F\x8B", "<html></html>",
                                        "PK\x03\x04"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ap__path path = tempdir_write_text(&folder, "model.pb", texts[i]);
        assert_fails(try_open(&(ap__session_options){.path = path.text}), AP_EFORMAT, &err,
                     "neither an ONNX model nor OpenVINO IR");
    }
    ap__path xml = tempdir_write_text(&folder, "model.xml", "<?xml version=\"1.0\"?><net name=\"x\">");
    assert_fails(try_open(&(ap__session_options){.path = xml.text}), AP_EFORMAT, &err, "");
}

/* -- names, types, shapes ------------------------------------------------------------------------------ */

void test_names_are_those_of_the_graph(void **state) {
    (void)state;
    need_ov();
    static const int64_t three = 3;
    static const float x[] = {1, 5, 2};
    static const char *const expected[] = {"y", "z", "same", "top"};
    ap__path path = sessions_model("ov", "aliases");
    ap__session *session = sessions_open(ov, path.text);
    ap__feed input = {"x", 0, sessions_tensor(AP_DTYPE_F32, &three, 1, x)}, outputs[4] = {{0}};
    for (int i = 0; i < 4; i++) {
        assert_string_equal(expected[i], ap__session_get_info(session)->outputs[i].name);
        outputs[i].name = expected[i];
    }
    assert_int_equal(0, ap__session_find_output(session, "top")->rank);
    assert_ok(ap__session_run(session, &input, 1, outputs, 4, NULL, &err), &err);
    for (int i = 0; i < 4; i++) {
        const ap_tensor_view *view = ap__tensor_get_view(outputs[i].tensor);
        const float *data = view->data;
        assert_int_equal(i < 3, view->rank);
        assert_true(data[i < 3] == (i == 2 ? 5 : i < 2 ? 10 : 5));
        ap__tensor_unref(outputs[i].tensor);
    }
    ap__tensor_unref(input.tensor);
    ap__session_close(session);
}

void test_unknown_rank_is_refused(void **state) {
    (void)state;
    need_ov();
    ap__path path = sessions_model("ov", "any_rank");
    assert_fails(try_open(&(ap__session_options){.path = path.text}), AP_EUNSUPPORTED, &err, "dynamic rank");
}

void test_unknown_operator_is_named(void **state) {
    (void)state;
    need_ov();
    ap__path path = sessions_model("ov", "unknown_op");
    assert_fails(try_open(&(ap__session_options){.path = path.text}), AP_EUNSUPPORTED, &err,
                 "NoSuchOperator");
    assert_null(strstr(err.message, ".cpp"));
}

/* The runtime would cut them to 32 bits and say nothing. */
/* Results of two ranks are refused by the device; the branch that is always taken has one. */
void test_ifs_whose_branch_is_known(void **state) {
    (void)state;
    need_ov();
    const ap__path path = sessions_model("ov", "branches"),
                   external = sessions_model("ov", "branches_external");
    ap__bytes bytes = {0};
    for (int i = 0; i < 2; i++) {
        ap__session *session = open_path(path.text);
        assert_int_equal(i, is_cached(session));
        check_weights(session, 1);
    }
    check_weights(sessions_open(ov, external.text), 1);
    assert_ok(ap__file_read(&bytes, external.text, MAX_MODEL_BYTES, &err), &err);
    const ap__session_options options = {
        .bytes = bytes.ptr, .n_bytes = bytes.len, .external_data = AP_TEST_DATA_DIR "/onnx"};
    check_weights(open_with(&options), 1);
    ap__bytes_clear(&bytes);
}

void test_ifs_whose_result_has_two_ranks_are_refused(void **state) {
    (void)state;
    need_ov();
    const ap__path path = sessions_model("ov", "branches_by_input");
    assert_fails(try_open(&(ap__session_options){.path = path.text}), AP_EUNSUPPORTED, &err,
                 "If operation with dynamic rank");
}

void test_integers_that_do_not_fit_are_refused(void **state) {
    (void)state;
    need_ov();
    static const int64_t one = 1, three = 3, good[] = {INT32_MAX, 0, INT32_MIN},
                         bad[] = {1, (int64_t)1 << 31, 1};
    const int64_t *const cases[] = {good, bad};
    ap__path path = sessions_model("ov", "huge");
    ap__session *session = sessions_open(ov, path.text);
    for (int i = 0; i < 2; i++) {
        ap__feed inputs[] = {{"x", 0, sessions_tensor(AP_DTYPE_F32, &one, 1, NULL)},
                             {"shape", 0, sessions_tensor(AP_DTYPE_I64, &three, 1, cases[i])}};
        ap__feed output = {.name = "y"};
        ap_status status = ap__session_run(session, inputs, 2, &output, 1, NULL, &err);
        assert_int_not_equal(AP_OK, status); /* The first is a shape below zero. */
        assert_int_equal(i == 1, strstr(err.message, "more than 32 bits") != NULL);
        ap__tensor_unref(inputs[0].tensor);
        ap__tensor_unref(inputs[1].tensor);
    }
    ap__session_close(session);
}

/* What a caller holds is not written to by later runs, wanted or not. */
void test_outputs_stay_as_they_are(void **state) {
    (void)state;
    need_ov();
    static const int64_t three = 3;
    ap__path path = sessions_model("ov", "aliases");
    ap__session *session = sessions_open(ov, path.text);
    ap__tensor *kept = NULL;
    for (int i = 0; i < 4; i++) {
        const float x[] = {(float)i, (float)i, (float)i};
        ap__feed input = {"x", 0, sessions_tensor(AP_DTYPE_F32, &three, 1, x)};
        ap__feed outputs[] = {{"z", i ? AP_TENSOR_SKIP : AP_TENSOR_HOST, NULL}, {"top", 0, NULL}};
        assert_ok(ap__session_run(session, &input, 1, outputs, 2, NULL, &err), &err);
        if (i == 0) kept = outputs[0].tensor;
        assert_true(*(const float *)ap__tensor_get_view(outputs[1].tensor)->data == (float)i);
        for (int k = 0; k < 3; k++) assert_true(((const float *)ap__tensor_get_view(kept)->data)[k] == 0);
        ap__tensor_unref(outputs[1].tensor);
        ap__tensor_unref(input.tensor);
    }
    ap__tensor_unref(kept);
    ap__session_close(session);
}

/* -- threads ------------------------------------------------------------------------------------------- */

static double seconds_of(clockid_t clock) {
    struct timespec now;
    assert_int_equal(0, clock_gettime(clock, &now));
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* How much of the CPU time of some runs is that of the thread that started them. */
static double measure_own_share(const ap__session_options *options) {
    enum { N_TEXTS = 8, N_TOKENS = 256, N_RUNS = 5 };
    static const int64_t ids[N_TEXTS * N_TOKENS], shape[] = {N_TEXTS, N_TOKENS};
    ap__session *session = open_with(options);
    ap__tensor *x = sessions_tensor(AP_DTYPE_I64, shape, 2, ids);
    ap__feed in[] = {{"input_ids", 0, x}, {"attention_mask", 0, x}, {"token_type_ids", 0, x}};
    double own = seconds_of(CLOCK_THREAD_CPUTIME_ID), all = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < N_RUNS; i++) {
        ap__feed out = {.name = "logits"};
        assert_ok(ap__session_run(session, in, 3, &out, 1, NULL, &err), &err);
        ap__tensor_unref(out.tensor);
    }
    own = seconds_of(CLOCK_THREAD_CPUTIME_ID) - own;
    all = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - all;
    ap__tensor_unref(x);
    ap__session_close(session);
    return own / all;
}

/* With one thread that is all of it; a caller who asks for streams gets their threads. */
void test_one_thread_is_that_of_the_caller(void **state) {
    (void)state;
    need_ov();
    static const char path[] = AP_TEST_DATA_DIR "/growth/model.onnx";
    const ap_key_value option = {"NUM_STREAMS", "1"};
    assert_true(measure_own_share(&(ap__session_options){.path = path, .n_threads = 1}) > 0.9);
    assert_true(measure_own_share(&(ap__session_options){
                    .path = path, .n_threads = 1, .options = &option, .n_options = 1}) < 0.5);
}

typedef struct racer {
    ap_cancel *cancel;
    pthread_barrier_t start;
} racer;

static void *cancel_at_start(void *ctx) {
    racer *r = ctx;
    pthread_barrier_wait(&r->start);
    ap_cancel_trigger(r->cancel);
    return NULL;
}

/* Just before a run of a minute, while it begins, or just after: it ends soon. */
void test_a_cancel_that_comes_with_the_start(void **state) {
    (void)state;
    need_ov();
    enum { N_RACES = 20, SOON_S = 20 };
    static const int64_t one = 1;
    ap__path path = sessions_model("ov", "slow_chain");
    ap__session *session = sessions_open(ov, path.text);
    ap__feed inputs[] = {{"n", 0, sessions_tensor(AP_DTYPE_I64, &one, 1, &one)},
                         {"x", 0, sessions_tensor(AP_DTYPE_F32, &one, 1, NULL)}};
    for (int i = 0; i < N_RACES; i++) {
        racer r;
        pthread_t thread;
        ap__feed output = {.name = "y"};
        assert_ok(ap_cancel_create(&r.cancel, &err), &err);
        pthread_barrier_init(&r.start, NULL, 2);
        assert_int_equal(0, pthread_create(&thread, NULL, cancel_at_start, &r));
        double start_s = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        pthread_barrier_wait(&r.start);
        assert_fails(ap__session_run(session, inputs, 2, &output, 1, r.cancel, &err), AP_ECANCELED, &err,
                     "cancelled");
        assert_true(seconds_of(CLOCK_THREAD_CPUTIME_ID) - start_s < SOON_S);
        assert_int_equal(0, pthread_join(thread, NULL));
        pthread_barrier_destroy(&r.start);
        ap_cancel_destroy(r.cancel);
    }
    ap__tensor_unref(inputs[0].tensor);
    ap__tensor_unref(inputs[1].tensor);
    ap__session_close(session);
}

/* -- int8 weights -------------------------------------------------------------------------------------- */

/* See quantized_weights() in tools/golden/onnx_models.py, and input_at() in ort_test.c. */
static void check_product(ap__session *session) {
    static const float scales[] = {1 / 64.f, 1 / 128.f, 1 / 256.f, 1 / 512.f};
    float x[N_ROWS * SIZE];
    for (int i = 0; i < N_ROWS * SIZE; i++) x[i] = (float)((i / SIZE * 31 + i % SIZE * 7) % 64 - 32) / 8;
    ap__tensor *tensor = run_rows(session, x, N_ROWS);
    const float *y = ap__tensor_get_view(tensor)->data;
    for (int row = 0; row < N_ROWS; row++)
        for (int j = 0; j < SIZE; j++) {
            float sum = 0;
            for (int i = 0; i < SIZE; i++)
                sum += x[row * SIZE + i] * (float)((7 * i + 3 * j) % 255 - 127) * scales[j % 4];
            assert_true(y[row * SIZE + j] == sum);
        }
    ap__tensor_unref(tensor);
}

void test_int8_weights_are_computed_with_in_float32(void **state) {
    (void)state;
    need_ov();
    ap__path path = sessions_model("ov", "weight_only");
    for (int i = 0; i < 2; i++) {
        ap__session *session = open_path(path.text);
        assert_int_equal(i, is_cached(session));
        check_product(session);
        ap__session_close(session);
    }
}

/* -- external data ------------------------------------------------------------------------------------- */

/* A copy of the model, and weights beside it that are `factor` times those that it has. */
static ap__path write_model(const char *from, const char *name, const char *weights_name, float factor) {
    ap__bytes bytes = {0};
    float weights[SIZE * SIZE];
    assert_ok(ap__file_read(&bytes, from, MAX_MODEL_BYTES, &err), &err);
    for (int i = 0; i < SIZE * SIZE; i++) weights[i] = factor * (float)((i * 5) % 17 - 8) / 4;
    tempdir_write(&folder, weights_name, weights, sizeof weights);
    ap__path path;
    ap__path_join(&path, folder.text, name, NULL);
    if (!ap__path_is_file(path.text)) tempdir_write(&folder, name, bytes.ptr, bytes.len);
    ap__bytes_clear(&bytes);
    return path;
}

static void check_weights_change(const char *from, const char *name, const char *weights_name) {
    for (int factor = 1; factor <= 3; factor++) {
        ap__path path = write_model(from, name, weights_name, (float)factor);
        for (int i = 0; i < 2; i++) {
            ap__session *session = open_path(path.text);
            assert_int_equal(i, is_cached(session));
            check_weights(session, (float)factor);
        }
    }
}

void test_weights_that_change_behind_an_unchanged_graph(void **state) {
    (void)state;
    need_ov();
    check_weights_change(sessions_model("ov", "external").text, "external.onnx", "external.bin");
    check_weights_change(IR("weights"), "weights.xml", "weights.bin");
}

static void check_external_in_memory(const ap__bytes *bytes, const char *dir, ap_status expected,
                                     const char *says) {
    const ap__session_options options = {.bytes = bytes->ptr, .n_bytes = bytes->len, .external_data = dir};
    assert_fails(try_open(&options), expected, &err, says);
}

void test_graph_in_memory_with_weights_in_a_folder(void **state) {
    (void)state;
    need_ov();
    ap__bytes bytes = {0};
    ap__path path = write_model(sessions_model("ov", "external").text, "external.onnx", "external.bin", 2),
             weights;
    assert_ok(ap__file_read(&bytes, path.text, MAX_MODEL_BYTES, &err), &err);
    const ap__session_options options = {
        .bytes = bytes.ptr, .n_bytes = bytes.len, .external_data = folder.text};
    check_weights(open_with(&options), 2);

    check_external_in_memory(&bytes, NULL, AP_EUNSUPPORTED, "(\"external.bin\"): no folder was named");
    check_external_in_memory(&bytes, "/no/such", AP_ENOTFOUND, "/no/such/external.bin");
    ap__path_join(&weights, folder.text, "external.bin", NULL);
    assert_int_equal(0, truncate(weights.text, 100));
    check_external_in_memory(&bytes, folder.text, AP_EFORMAT,
                             "\"external.bin\" is shorter than the model says");
    assert_int_equal(0, unlink(weights.text));
    assert_int_equal(0, symlink("external.onnx", weights.text));
    check_external_in_memory(&bytes, folder.text, AP_ENOTFOUND, "external.bin");
    assert_int_equal(0, unlink(weights.text));
    char *name = memmem(bytes.ptr, bytes.len, "external.bin", strlen("external.bin"));
    assert_non_null(name);
    memcpy(name, "../etc/hosts", strlen("../etc/hosts"));
    check_external_in_memory(&bytes, folder.text, AP_EINVAL, "external data \"../etc/hosts\" is outside of");
    ap__bytes_clear(&bytes);
}

/* As in the Hub's cache: a folder of links, and what they lead to in another one, side by side. */
void test_model_and_weights_that_are_links(void **state) {
    (void)state;
    need_ov();
    static const char *const names[][2] = {{"external.onnx", "external.bin"}, {"weights.xml", "weights.bin"}};
    const ap__path onnx = sessions_model("ov", "external");
    const char *const from[] = {onnx.text, IR("weights")};
    for (size_t i = 0; i < 2; i++) {
        ap__path blob = write_model(from[i], "blobs/0123", "blobs/4567", 3), snapshot, link, weights;
        snapshot = tempdir_make_dir(&folder, "snapshot");
        ap__path_join(&link, snapshot.text, names[i][0], NULL);
        ap__path_join(&weights, snapshot.text, names[i][1], NULL);
        assert_int_equal(0, symlink("../blobs/0123", link.text));
        assert_int_equal(0, symlink("../blobs/4567", weights.text));
        check_weights(open_path(link.text), 3);
        assert_int_equal(0, unlink(weights.text));
        assert_int_equal(0, symlink("../elsewhere", weights.text));
        ap_status status = try_open(&(ap__session_options){.path = link.text});
        assert_int_not_equal(AP_OK, status);
        if (i == 1) assert_fails(status, AP_EFORMAT, &err, "download or export it again");
        if (i == 0) {
            tempdir_write_text(&folder, "elsewhere", "secret");
            assert_fails(try_open(&(ap__session_options){.path = link.text}), AP_EINVAL, &err,
                         "is outside of");
        }
        assert_int_equal(0, unlink(blob.text));
    }
}

/* -- out of memory ------------------------------------------------------------------------------------- */

static ap_status open_and_run(void *ctx, ap_error *error) {
    static const int64_t three = 3;
    ap__path path = sessions_model("ov", ctx);
    ap__session *session = NULL;
    ap__tensor *x = NULL;
    ap__feed output = {.name = "y"};
    const ap__session_options options = {.path = path.text, .n_threads = 1, .no_cache = true};
    ap_status status = ap__session_open(&session, ov, &options, error);
    if (status) assert_null(session);
    if (!status) status = ap__tensor_create(&x, AP_DTYPE_F32, &three, 1, error);
    if (!status) memset(ap__tensor_data(x), 0, 3 * sizeof(float));
    ap__feed input = {"x", 0, x};
    if (!status) status = ap__session_run(session, &input, 1, &output, 1, NULL, error);
    if (status) assert_null(output.tensor);
    ap__tensor_unref(output.tensor);
    ap__tensor_unref(x);
    ap__session_close(session);
    return status;
}

void test_every_allocation_may_fail(void **state) {
    (void)state;
    need_ov();
    torture(open_and_run, (void *)(uintptr_t) "aliases");
}

void test_weights_are_missing(void **state) {
    (void)state;
    need_ov();
    ap__path path = write_model(sessions_model("ov", "external").text, "external.onnx", "external.bin", 1),
             weights;
    ap__path_join(&weights, folder.text, "external.bin", NULL);
    assert_int_equal(0, unlink(weights.text));
    assert_int_not_equal(AP_OK, try_open(&(ap__session_options){.path = path.text}));
    assert_says(&err, "external.bin");
}

/* -- the cache's folder -------------------------------------------------------------------------------- */

/* The only entry of the cache. */
static ap__path find_entry(void) {
    ap__path dir, entry = {{0}};
    int n = 0;
    ap__path_join(&dir, getenv("ACCELPIPE_CACHE"), "sessions", NULL);
    DIR *entries = opendir(dir.text);
    assert_non_null(entries);
    for (const struct dirent *e; (e = readdir(entries));) {
        if (e->d_name[0] == '.') continue;
        n++;
        ap__path_join(&entry, dir.text, e->d_name, NULL);
    }
    closedir(entries);
    assert_int_equal(1, n);
    return entry;
}

/* The file of the entry whose name ends so. */
static ap__path file_of(const ap__path *entry, const char *end) {
    ap__path file = {{0}};
    DIR *entries = opendir(entry->text);
    assert_non_null(entries);
    for (const struct dirent *e; (e = readdir(entries));)
        if (strlen(e->d_name) >= strlen(end) && strcmp(e->d_name + strlen(e->d_name) - strlen(end), end) == 0)
            ap__path_join(&file, entry->text, e->d_name, NULL);
    closedir(entries);
    assert_true(ap__path_is_file(file.text));
    return file;
}

static void cut_blob(const ap__path *entry) {
    assert_int_equal(0, truncate(file_of(entry, ".blob").text, 100));
}

/* As long as the manifest says, and no model. */
static void overwrite_blob(const ap__path *entry) {
    struct stat info;
    ap__path file = file_of(entry, ".blob");
    assert_int_equal(0, stat(file.text, &info));
    assert_int_equal(0, chmod(file.text, 0600));
    assert_int_equal(0, truncate(file.text, 0));
    assert_int_equal(0, truncate(file.text, info.st_size));
}

static void rename_blob(const ap__path *entry) {
    ap__path file = file_of(entry, ".blob"), other;
    ap__path_join(&other, entry->text, "1.blob", NULL);
    assert_int_equal(0, rename(file.text, other.text));
}

static void remove_manifest(const ap__path *entry) {
    assert_int_equal(0, unlink(file_of(entry, "manifest").text));
}

static void cut_manifest(const ap__path *entry) {
    assert_int_equal(0, truncate(file_of(entry, "manifest").text, 30));
}

/* What the manifest shows is rebuilt in the same open; what only the runtime sees, in the one after it. */
void test_harmed_entries_are_rebuilt(void **state) {
    (void)state;
    need_ov();
    void (*const harms[])(const ap__path *) = {cut_blob, overwrite_blob, rename_blob, remove_manifest,
                                               cut_manifest};
    ap__path path = sessions_model("ov", "weight_only");
    for (size_t k = 0; k < sizeof harms / sizeof *harms; k++) {
        test_setup(NULL);
        for (int i = 0; i < 4; i++) {
            ap__session *session = open_path(path.text);
            check_product(session);
            bool is_hit = is_cached(session);
            ap__session_close(session);
            assert_int_equal(i == 3 || (i == 2 && harms[k] != overwrite_blob), is_hit);
            if (i == 0) {
                ap__path entry = find_entry();
                harms[k](&entry);
            }
        }
    }
}

void test_a_model_that_cannot_be_opened_leaves_nothing(void **state) {
    (void)state;
    need_ov();
    ap__path dir, unknown = sessions_model("ov", "unknown_op");
    assert_int_not_equal(AP_OK, try_open(&(ap__session_options){.path = unknown.text}));
    ap__path_join(&dir, getenv("ACCELPIPE_CACHE"), "sessions", NULL);
    assert_int_equal(0, rmdir(dir.text));
}

void test_thread_count_is_no_part_of_the_entry(void **state) {
    (void)state;
    need_ov();
    ap__path path = sessions_model("ov", "weight_only");
    for (int n = 1; n <= 3; n++) {
        ap__session *session = open_with(&(ap__session_options){.path = path.text, .n_threads = n});
        assert_int_equal(n > 1, is_cached(session));
        check_product(session);
        ap__session_close(session);
    }
}

void test_a_cache_of_the_callers_own(void **state) {
    (void)state;
    need_ov();
    ap__path path = sessions_model("ov", "weight_only"), dir = tempdir_make_dir(&folder, "own");
    const ap_key_value option = {"CACHE_DIR", dir.text};
    for (int i = 0; i < 2; i++) {
        ap__session *session =
            open_with(&(ap__session_options){.path = path.text, .options = &option, .n_options = 1});
        assert_int_equal(i, is_cached(session));
        ap__session_close(session);
    }
    ap__path ours;
    ap__path_join(&ours, getenv("ACCELPIPE_CACHE"), "sessions", NULL);
    assert_int_equal(0, rmdir(ours.text));
}

/* -- options and devices ------------------------------------------------------------------------------- */

static ap_status open_option(const char *device, const char *key, const char *value) {
    ap__path path = sessions_model("ov", "append");
    const ap_key_value option = {key, value};
    return try_open(&(ap__session_options){
        .path = path.text, .device = device, .options = &option, .n_options = 1, .no_cache = true});
}

void test_options_that_are_taken(void **state) {
    (void)state;
    need_ov();
    static const char *const options[][2] = {
        {"PERFORMANCE_HINT", "THROUGHPUT"},
        {"NUM_STREAMS", "2"},
        {"INFERENCE_NUM_THREADS", "2"},
        {"ENABLE_CPU_PINNING", "YES"},
        {"PERF_COUNT", "NO"},
        {"INFERENCE_PRECISION_HINT", "f32"},
        {"EXECUTION_MODE_HINT", "ACCURACY"},
        {"KV_CACHE_PRECISION", "u8"},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        assert_ok(open_option("cpu", options[i][0], options[i][1]), &err);
        assert_ok(open_option("auto", options[i][0], options[i][1]), &err);
    }
}

void test_options_that_are_refused(void **state) {
    (void)state;
    need_ov();
    static const char *const options[][2] = {
        {"COLOUR", "red"}, {"provider", "CPUExecutionProvider"}, {"PERFORMANCE_HINT", "QUICK"}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        assert_fails(open_option(NULL, options[i][0], options[i][1]), AP_EINVAL, &err, options[i][0]);
    open_option(NULL, "COLOUR", "red");
    assert_says(&err, "property COLOUR=red: OpenVINO: open: ");
    assert_says(&err, "Unsupported property COLOUR by CPU plugin");
    assert_fails(open_option("auto", "COLOUR", "red"), AP_EINVAL, &err,
                 "no device here has a property \"COLOUR\"");
}

void test_devices(void **state) {
    (void)state;
    need_ov();
    ap__path path = sessions_model("ov", "append");
    assert_non_null(strstr(ap__backend_get_probe(ov)->devices, "cpu"));
    static const char *const names[] = {NULL,    "cpu",  "CPU",      "cpu:0",
                                        "CPU.0", "auto", "AUTO:CPU", "auto:cpu:0,CPU"};
    static const char *const ours[] = {"cpu", "cpu", "cpu", "cpu", "cpu", "auto", "auto:cpu", "auto:cpu,cpu"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ap__session *session = open_with(&(ap__session_options){.path = path.text, .device = names[i]});
        assert_string_equal(ours[i], ap__session_get_info(session)->device);
        check_append(session);
    }
    assert_fails(try_open(&(ap__session_options){.path = path.text, .device = "cpu:7"}), AP_EINVAL, &err,
                 "no device \"cpu:7\"");
    static const char *const lists[] = {"auto:", "auto:cpu,", "auto:tpu", "auto:cpu,,cpu", "autos:cpu"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        assert_fails(try_open(&(ap__session_options){.path = path.text, .device = lists[i]}), AP_EINVAL, &err,
                     lists[i]);
    assert_fails(try_open(&(ap__session_options){.path = path.text, .device = "tpu"}), AP_EINVAL, &err,
                 "tpu");
}

/* Arithmetic that the device has not got is refused, and not replaced. */
void test_dtypes(void **state) {
    (void)state;
    need_ov();
    ap__path path = sessions_model("ov", "append");
    static const ap_dtype dtypes[] = {AP_DTYPE_BF16, AP_DTYPE_F16};
    for (size_t i = 0; i < 2; i++) {
        ap_status status = try_open(&(ap__session_options){.path = path.text, .dtype = dtypes[i]});
        if (status) assert_fails(status, AP_EUNSUPPORTED, &err, "OpenVINO says that it has: ");
    }
    assert_fails(try_open(&(ap__session_options){.path = path.text, .dtype = AP_DTYPE_I8}), AP_EUNSUPPORTED,
                 &err, "no arithmetic");
}
