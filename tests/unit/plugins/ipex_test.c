/* What is of torch and IPEX alone: TorchScript files, bfloat16, what inspect() tells, hostile ONNX files. */
#define _GNU_SOURCE /* setenv */
#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/process.h"
#include "unit/support/tempdir.h"

#include "base/file.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SIZE = 48, MAX_MODEL_BYTES = 1 << 28 };

static ap__path folder;
static const ap__backend *ipex;
static ap_error err;

int group_setup(void **state) {
    (void)state;
    sessions_setup(&folder);
    ipex = sessions_backend("ipex");
    return 0;
}

int group_teardown(void **state) {
    (void)state;
    sessions_teardown(&folder);
    return 0;
}

static void need_ipex(void) {
    if (!ipex) skip();
}

static ap__session *open_with(const ap__session_options *options) {
    ap__session *session = NULL;
    assert_ok(ap__session_open(&session, ipex, options, &err), &err);
    return session;
}

static ap_status open_fails(const ap__session_options *options) {
    ap__session *session = NULL;
    err = (ap_error)AP_ERROR_INIT;
    ap_status status = ap__session_open(&session, ipex, options, &err);
    assert_null(session);
    return status;
}

static ap__path script(const char *name) {
    ap__path path;
    assert_int_equal(AP_OK, ap__path_format(&path, NULL, "%s/torchscript/%s.pt", AP_TEST_DATA_DIR, name));
    return path;
}

static bool has_line(const ap__session *session, const char *start) {
    const char *const *line = ap__session_inspect(session);
    assert_non_null(line);
    for (; *line; line++)
        if (strncmp(*line, start, strlen(start)) == 0) return true;
    return false;
}

/* -- TorchScript: see tools/golden/torchscript_models.cc ------------------------------------------------ */

static double number(int i, double step) { return (i % 17 - 8) * step; }

static double gelu(double x) { return x * 0.5 * (1 + erf(x / sqrt(2))); }

/* The model "layers" in double. */
static double expected_logit(const float *x, int row, int column) {
    double sum = 0;
    for (int i = 0; i < 16; i++) {
        double hidden = number(i, 0.25);
        for (int k = 0; k < 8; k++) hidden += (double)x[row * 8 + k] * number(i * 8 + k, 0.125);
        sum += gelu(hidden) * number(column * 16 + i, 0.0625);
    }
    return sum;
}

/* The largest difference of "logits" from what they are. */
static double run_layers(ap__session *session) {
    static const int64_t shape[] = {3, 8}, one = 1;
    float x[24];
    double most = 0;
    for (int i = 0; i < 24; i++) x[i] = (float)(i * 7 % 24) / 12 - 1;
    ap__feed inputs[] = {{"x", 0, sessions_tensor(AP_DTYPE_F32, shape, 2, x)},
                         {"y", 0, sessions_tensor(AP_DTYPE_F32, &one, 1, x)}};
    ap__feed outputs[] = {{.name = "logits"}, {.name = "sum"}};
    assert_ok(ap__session_run(session, inputs, 2, outputs, 2, NULL, &err), &err);
    const float *logits = ap__tensor_get_view(outputs[0].tensor)->data,
                *sum = ap__tensor_get_view(outputs[1].tensor)->data;
    assert_int_equal(4, ap__tensor_get_view(outputs[0].tensor)->shape[1]);
    for (int i = 0; i < 12; i++) most = fmax(most, fabs((double)logits[i] - expected_logit(x, i / 4, i % 4)));
    for (int i = 0; i < 24; i++) assert_true(sum[i] == x[i] + x[0]);
    for (int i = 0; i < 2; i++) {
        ap__tensor_unref(inputs[i].tensor);
        ap__tensor_unref(outputs[i].tensor);
    }
    return most;
}

void test_torchscript_with_a_dictionary(void **state) {
    (void)state;
    need_ipex();
    ap__path path = script("layers");
    ap__session *session = open_with(&(ap__session_options){.path = path.text, .n_threads = 1});
    const ap_session_info *info = ap__session_get_info(session);
    assert_int_equal(2, info->n_inputs);
    assert_int_equal(2, info->n_outputs);
    assert_string_equal("logits", info->outputs[0].name);
    assert_true(has_line(session, "ipex_prepack::linear_gelu_run 1"));
    assert_true(has_line(session, "ipex_prepack::linear_run 1"));
    assert_true(run_layers(session) < 1e-5);
    ap__session_close(session);
}

void test_torchscript_with_a_tuple(void **state) {
    (void)state;
    need_ipex();
    static const int64_t shape[] = {1, 2}, ids[] = {3, 19};
    ap__path path = script("tuple");
    const ap_key_value option = {"output_names", "rows mean"};
    ap__session *session = open_with(
        &(ap__session_options){.path = path.text, .n_threads = 1, .options = &option, .n_options = 1});
    assert_int_equal(AP_DTYPE_I64, ap__session_get_info(session)->inputs[0].dtype);
    ap__feed input = {"input_ids", 0, sessions_tensor(AP_DTYPE_I64, shape, 2, ids)},
             output = {.name = "mean"};
    assert_ok(ap__session_run(session, &input, 1, &output, 1, NULL, &err), &err);
    const float *mean = ap__tensor_get_view(output.tensor)->data;
    for (int i = 0; i < 4; i++)
        assert_true(mean[i] == (float)((number(12 + i, 0.5) + number(76 + i, 0.5)) / 2));
    ap__tensor_unref(input.tensor);
    ap__tensor_unref(output.tensor);
    ap__session_close(session);
}

void test_torchscript_that_is_refused(void **state) {
    (void)state;
    need_ipex();
    ap__path path = script("file");
    assert_fails(open_fails(&(ap__session_options){.path = path.text}), AP_EUNSUPPORTED, &err, "from_file");
    path = script("tuple");
    ap_key_value option = {"output_names", "one two three"};
    const ap__session_options options = {.path = path.text, .options = &option, .n_options = 1};
    assert_fails(open_fails(&options), AP_EINVAL, &err, "3 names");
    option = (ap_key_value){"input_dtypes", "input_ids:int65"};
    assert_fails(open_fails(&options), AP_EINVAL, &err, "int65");
    path = sessions_model("ipex", "append");
    assert_fails(open_fails(&options), AP_EINVAL, &err, "TorchScript");
}

/* Cut anywhere, and with bytes changed. */
void test_broken_torchscript(void **state) {
    (void)state;
    need_ipex();
    ap__path path = script("tuple");
    ap__bytes bytes = {0};
    assert_ok(ap__file_read(&bytes, path.text, MAX_MODEL_BYTES, &err), &err);
    for (size_t i = 0; i < bytes.len; i += 97) {
        ap__session *session = NULL;
        ap__path broken = tempdir_write(&folder, "broken.pt", bytes.ptr, i);
        bytes.ptr[i] = (char)~bytes.ptr[i];
        ap__path changed = tempdir_write(&folder, "changed.pt", bytes.ptr, bytes.len);
        bytes.ptr[i] = (char)~bytes.ptr[i];
        ap__session_open(&session, ipex, &(ap__session_options){.path = broken.text}, &err);
        ap__session_close(session);
        session = NULL;
        ap__session_open(&session, ipex, &(ap__session_options){.path = changed.text}, &err);
        ap__session_close(session);
    }
    ap__bytes_clear(&bytes);
}

/* -- bfloat16 ------------------------------------------------------------------------------------------ */

void test_bfloat16(void **state) {
    (void)state;
    need_ipex();
    ap__session *session = NULL;
    ap__path path = script("layers");
    const ap__session_options options = {.path = path.text, .n_threads = 1, .dtype = AP_DTYPE_BF16};
    ap_status status = ap__session_open(&session, ipex, &options, &err);
    if (status) {
        assert_fails(status, AP_EUNSUPPORTED, &err, "AVX512_BF16"); /* This CPU has it not. */
        return;
    }
    double difference = run_layers(session);
    assert_true(difference > 1e-5 && difference < 0.2);
    ap__session_close(session);
}

void test_other_dtypes_are_refused(void **state) {
    (void)state;
    need_ipex();
    ap__path path = sessions_model("ipex", "append");
    assert_fails(open_fails(&(ap__session_options){.path = path.text, .dtype = AP_DTYPE_F16}),
                 AP_EUNSUPPORTED, &err, "bfloat16");
}

/* -- fusions of IPEX that must not be made -------------------------------------------------------------- */

static ap__tensor *ramp(const int64_t *shape, uint32_t rank, float *data) {
    size_t n = 1;
    for (uint32_t i = 0; i < rank; i++) n *= (size_t)shape[i];
    for (size_t i = 0; i < n; i++) data[i] = (float)((i * 7 + 3) % 11) / 4 - 1;
    return sessions_tensor(AP_DTYPE_F32, shape, rank, data);
}

/* (x w) f with w[i][j] = i - j. */
static float factor_at(const float *x, const float *f, int j) {
    float sum = 0;
    for (int i = 0; i < 4; i++) sum += x[i] * (float)(i - j);
    return sum * f[j];
}

void test_a_factor_of_another_shape_than_the_product(void **state) {
    (void)state;
    need_ipex();
    static const int64_t shapes[][2][3] = {
        {{2, 3, 4}, {2, 1, 4}}, {{2, 3, 4}, {1, 3, 4}}, {{1, 1, 4}, {2, 3, 4}}};
    ap__path path = sessions_model("ipex", "factor");
    ap__session *session = open_with(&(ap__session_options){.path = path.text, .n_threads = 1});
    for (size_t k = 0; k < 3; k++) {
        float x[24], f[24];
        const int64_t *xs = shapes[k][0], *fs = shapes[k][1];
        ap__feed inputs[] = {{"x", 0, ramp(xs, 3, x)}, {"f", 0, ramp(fs, 3, f)}}, output = {.name = "y"};
        assert_ok(ap__session_run(session, inputs, 2, &output, 1, NULL, &err), &err);
        const float *y = ap__tensor_get_view(output.tensor)->data;
        assert_int_equal(24 * sizeof *y, ap__tensor_get_view(output.tensor)->size_bytes);
        for (int i = 0; i < 24; i++) {
            int row = i / 12, column = i / 4 % 3;
            const float *at_x = x + ((xs[0] > 1 ? row * xs[1] : 0) + (xs[1] > 1 ? column : 0)) * 4;
            const float *at_f = f + ((fs[0] > 1 ? row * fs[1] : 0) + (fs[1] > 1 ? column : 0)) * 4;
            assert_true(fabsf(y[i] - factor_at(at_x, at_f, i % 4)) < 1e-5F);
        }
        ap__tensor_unref(inputs[0].tensor);
        ap__tensor_unref(inputs[1].tensor);
        ap__tensor_unref(output.tensor);
    }
    ap__session_close(session);
}

/* Rows of softmax sum to one, whatever the mask; and a mask with more batches gives as many. */
void test_a_mask_that_is_larger_than_the_scores(void **state) {
    (void)state;
    need_ipex();
    static const int64_t qs[] = {1, 2, 3, 4}, ks[] = {1, 2, 4, 5},
                         masks[][4] = {{1, 1, 3, 5}, {4, 2, 3, 5}, {4, 1, 1, 5}};
    ap__path path = sessions_model("ipex", "scores");
    ap__session *session = open_with(&(ap__session_options){.path = path.text, .n_threads = 1});
    assert_true(has_line(session, "accelpipe_ipex::mha_scores_calc_v2 1"));
    for (size_t k = 0; k < 3; k++) {
        float q[24], keys[40], mask[120];
        ap__feed inputs[] = {
            {"q", 0, ramp(qs, 4, q)}, {"k", 0, ramp(ks, 4, keys)}, {"m", 0, ramp(masks[k], 4, mask)}};
        ap__feed output = {.name = "y"};
        assert_ok(ap__session_run(session, inputs, 3, &output, 1, NULL, &err), &err);
        const ap_tensor_view *view = ap__tensor_get_view(output.tensor);
        const float *y = view->data;
        assert_int_equal(masks[k][0], view->shape[0]);
        for (size_t row = 0; row < view->size_bytes / sizeof *y / 5; row++) {
            float sum = 0;
            for (size_t i = 0; i < 5; i++) sum += y[row * 5 + i];
            assert_true(fabsf(sum - 1) < 1e-5F);
        }
        for (int i = 0; i < 3; i++) ap__tensor_unref(inputs[i].tensor);
        ap__tensor_unref(output.tensor);
    }
    ap__session_close(session);
}

/* -- memory -------------------------------------------------------------------------------------------- */

/* Between the two layers lie 48 MB, more than glibc ever keeps. */
enum { N_LARGE_ROWS = 3 << 18, HIDDEN_KB = N_LARGE_ROWS / 1024 * 16 * 4, FEW_FAULTS = 1000 };

static long count_faults(void) {
    struct rusage usage;
    assert_int_equal(0, getrusage(RUSAGE_SELF, &usage));
    return usage.ru_minflt;
}

/* Pages that a run over `x` needs from the system. */
static long run_large(ap__session *session, ap__tensor *x) {
    static const int64_t one = 1;
    static const float zero = 0;
    ap__feed inputs[] = {{"x", 0, x}, {"y", 0, sessions_tensor(AP_DTYPE_F32, &one, 1, &zero)}};
    ap__feed outputs[] = {{.name = "logits"}, {.name = "sum"}};
    long before = count_faults();
    assert_ok(ap__session_run(session, inputs, 2, outputs, 2, NULL, &err), &err);
    long faults = count_faults() - before;
    ap__tensor_unref(inputs[1].tensor);
    for (int i = 0; i < 2; i++) ap__tensor_unref(outputs[i].tensor);
    return faults;
}

void test_memory_stays_for_the_next_run_and_goes_with_the_session(void **state) {
    (void)state;
    need_ipex();
    static const int64_t shape[] = {N_LARGE_ROWS, 8};
    ap__path path = script("layers");
    ap__session *session = open_with(&(ap__session_options){.path = path.text, .n_threads = 1});
    float *zeros = calloc(N_LARGE_ROWS, 8 * sizeof *zeros);
    assert_non_null(zeros);
    ap__tensor *x = sessions_tensor(AP_DTYPE_F32, shape, 2, zeros);
    free(zeros);
    for (int i = 0; i < 2; i++) run_large(session, x);
    assert_true(run_large(session, x) < FEW_FAULTS);
    ap__tensor_unref(x);
    long before = process_resident_kb();
    ap__session_close(session);
    assert_true(before - process_resident_kb() >= HIDDEN_KB);
}

/* An output is the caller's for as long as he keeps it, whatever runs meanwhile and whatever is closed. */
void test_a_large_output_outlives_its_session(void **state) {
    (void)state;
    need_ipex();
    enum { N_ROWS = 4096 };
    static const int64_t shape[] = {N_ROWS, 8}, one = 1;
    static float numbers[N_ROWS * 8];
    ap__path path = script("layers");
    ap__session *session = open_with(&(ap__session_options){.path = path.text, .n_threads = 1});
    ap__feed kept[] = {{.name = "sum"}, {.name = "sum"}};
    for (int run = 0; run < 2; run++) {
        for (int i = 0; i < N_ROWS * 8; i++) numbers[i] = (float)(i + run);
        ap__feed inputs[] = {{"x", 0, sessions_tensor(AP_DTYPE_F32, shape, 2, numbers)},
                             {"y", 0, sessions_tensor(AP_DTYPE_F32, &one, 1, numbers)}};
        assert_ok(ap__session_run(session, inputs, 2, &kept[run], 1, NULL, &err), &err);
        for (int i = 0; i < 2; i++) ap__tensor_unref(inputs[i].tensor);
    }
    ap__session_close(session);
    for (int run = 0; run < 2; run++) {
        const float *sum = ap__tensor_get_view(kept[run].tensor)->data;
        for (int i = 0; i < N_ROWS * 8; i++) assert_true(sum[i] == (float)(i + 2 * run));
        ap__tensor_unref(kept[run].tensor);
    }
}

/* -- many callers -------------------------------------------------------------------------------------- */

enum { N_CALLERS = 8, N_RUNS = 10, LENGTH = 12 };

/* Logits of the bundled model for a row of ids that `seed` gives. */
static ap_status run_bundled(float *logits, ap__session *session, int seed, ap_error *error) {
    const int64_t shape[] = {1, LENGTH};
    int64_t ids[LENGTH], ones[LENGTH], zeros[LENGTH] = {0};
    for (int i = 0; i < LENGTH; i++) {
        ids[i] = 1000 + (seed * 37 + i * 101) % 5000;
        ones[i] = 1;
    }
    ap__feed inputs[] = {{"input_ids", 0, sessions_tensor(AP_DTYPE_I64, shape, 2, ids)},
                         {"attention_mask", 0, sessions_tensor(AP_DTYPE_I64, shape, 2, ones)},
                         {"token_type_ids", 0, sessions_tensor(AP_DTYPE_I64, shape, 2, zeros)}};
    ap__feed output = {.name = "logits"};
    ap_status status = ap__session_run(session, inputs, 3, &output, 1, NULL, error);
    if (!status) memcpy(logits, ap__tensor_get_view(output.tensor)->data, 2 * sizeof *logits);
    ap__tensor_unref(output.tensor);
    for (int i = 0; i < 3; i++) ap__tensor_unref(inputs[i].tensor);
    return status;
}

typedef struct caller {
    pthread_t thread;
    ap__session *session;
    int seed, n_wrong;
    float expected[2];
} caller;

static void *call_many(void *ctx) {
    caller *c = ctx;
    for (int i = 0; i < N_RUNS; i++) {
        float logits[2] = {0};
        ap_error error = AP_ERROR_INIT;
        c->n_wrong += run_bundled(logits, c->session, c->seed, &error) != AP_OK ||
                      memcmp(logits, c->expected, sizeof logits) != 0;
    }
    return NULL;
}

/* Prepacked weights are shared by all of them, and each result is what it is alone, to the bit. */
void test_many_callers_of_one_model(void **state) {
    (void)state;
    need_ipex();
    caller callers[N_CALLERS] = {{.seed = 0}};
    ap__session *session = open_with(&(ap__session_options){
        .path = AP_TEST_SOURCE_DIR "/models/minilm-sst2/onnx/model.onnx", .n_threads = 1});
    for (int i = 0; i < N_CALLERS; i++) {
        callers[i] = (caller){.session = session, .seed = i};
        assert_ok(run_bundled(callers[i].expected, session, i, &err), &err);
    }
    for (int i = 0; i < N_CALLERS; i++)
        assert_int_equal(0, pthread_create(&callers[i].thread, NULL, call_many, &callers[i]));
    for (int i = 0; i < N_CALLERS; i++) {
        assert_int_equal(0, pthread_join(callers[i].thread, NULL));
        assert_int_equal(0, callers[i].n_wrong);
    }
    ap__session_close(session);
}

/* -- ONNX ---------------------------------------------------------------------------------------------- */

void test_an_operator_that_is_not_there_is_named(void **state) {
    (void)state;
    need_ipex();
    ap__path path = sessions_model("ipex", "unknown_op");
    assert_fails(open_fails(&(ap__session_options){.path = path.text}), AP_EUNSUPPORTED, &err,
                 "NoSuchOperator");
}

static void check_external(ap__session *session) {
    static const int64_t shape[] = {1, SIZE};
    float x[SIZE];
    for (int i = 0; i < SIZE; i++) x[i] = (float)(i % 8);
    ap__feed input = {"x", 0, sessions_tensor(AP_DTYPE_F32, shape, 2, x)}, output = {.name = "y"};
    assert_ok(ap__session_run(session, &input, 1, &output, 1, NULL, &err), &err);
    const float *y = ap__tensor_get_view(output.tensor)->data;
    for (int j = 0; j < SIZE; j++) {
        float sum = 0;
        for (int i = 0; i < SIZE; i++) sum += x[i] * (float)((i * SIZE + j) * 5 % 17 - 8) / 4;
        assert_true(y[j] == sum);
    }
    ap__tensor_unref(input.tensor);
    ap__tensor_unref(output.tensor);
}

static ap__bytes read_external(void) {
    ap__bytes bytes = {0};
    ap__path path = sessions_model("ipex", "external");
    assert_ok(ap__file_read(&bytes, path.text, MAX_MODEL_BYTES, &err), &err);
    return bytes;
}

void test_external_data(void **state) {
    (void)state;
    need_ipex();
    ap__path path = sessions_model("ipex", "external");
    ap__session *session = open_with(&(ap__session_options){.path = path.text});
    check_external(session);
    ap__session_close(session);
    ap__bytes bytes = read_external();
    ap__session_options options = {
        .bytes = bytes.ptr, .n_bytes = bytes.len, .external_data = AP_TEST_DATA_DIR "/onnx"};
    session = open_with(&options);
    check_external(session);
    ap__session_close(session);
    options.external_data = NULL;
    assert_fails(open_fails(&options), AP_EFORMAT, &err, "external.bin");
    ap__bytes_clear(&bytes);
}

/* In memory: another name of the same length for the file. */
static void replace(ap__bytes *bytes, const char *name, const char *by) {
    for (size_t i = 0; i + 12 <= bytes->len; i++)
        if (memcmp(bytes->ptr + i, name, 12) == 0) memcpy(bytes->ptr + i, by, 12);
}

void test_external_data_stays_in_the_folder(void **state) {
    (void)state;
    need_ipex();
    ap__path link, missing;
    ap__bytes bytes = read_external();
    const ap__session_options options = {
        .bytes = bytes.ptr, .n_bytes = bytes.len, .external_data = folder.text};
    assert_fails(open_fails(&options), AP_ENOTFOUND, &err, "external.bin");
    replace(&bytes, "external.bin", "../ernal.bin");
    assert_fails(open_fails(&options), AP_EFORMAT, &err, "outside");
    replace(&bytes, "../ernal.bin", "/xternal.bin");
    assert_fails(open_fails(&options), AP_EFORMAT, &err, "outside");
    replace(&bytes, "/xternal.bin", "tolink12.bin");
    ap__path_join(&link, folder.text, "tolink12.bin", NULL);
    assert_int_equal(0, symlink(AP_TEST_DATA_DIR "/onnx/external.bin", link.text));
    assert_fails(open_fails(&options), AP_EFORMAT, &err, "outside");
    assert_int_equal(0, unlink(link.text));
    missing = tempdir_write(&folder, "tolink12.bin", "short", 5);
    assert_fails(open_fails(&options), AP_EFORMAT, &err, "beyond the end");
    assert_int_equal(0, unlink(missing.text));
    ap__bytes_clear(&bytes);
}
