/* Operators one by one, on every backend: each gives what ONNX Runtime gave when
 * tools/golden/make_operator_models.py made the files, or says at the opening which operator it has not got.
 */
#include "unit/backend/sessions.h"
#include "unit/support/check.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_INPUTS = 4 };

static ap__path folder;
static ap_error err;

int group_setup(void **state) {
    (void)state;
    sessions_setup(&folder);
    return 0;
}

int group_teardown(void **state) {
    (void)state;
    sessions_teardown(&folder);
    return 0;
}

/* -- inputs: values() of the script --------------------------------------------------------------------- */

static void fill(void *to, ap_dtype dtype, size_t i) {
    static const uint16_t halves[] = {0xbc00, 0xbb00, 0xba00, 0xb900, 0xb800, 0xb600, 0xb400, 0xb000, 0,
                                      0x3000, 0x3400, 0x3600, 0x3800, 0x3900, 0x3a00, 0x3b00, 0x3c00};
    const int step = (int)(i * 7 % 17);
    if (dtype == AP_DTYPE_F32) ((float *)to)[i] = (float)(step - 8) / 4;
    if (dtype == AP_DTYPE_F16) ((uint16_t *)to)[i] = halves[step]; /* (step - 8) / 8 */
    if (dtype == AP_DTYPE_I64) ((int64_t *)to)[i] = (int64_t)(i % 3);
    if (dtype == AP_DTYPE_I32) ((int32_t *)to)[i] = (int32_t)(i % 3);
    if (dtype == AP_DTYPE_BOOL) ((uint8_t *)to)[i] = i % 2;
    if (dtype == AP_DTYPE_U8) ((uint8_t *)to)[i] = (uint8_t)(i * 37 % 256);
}

static ap__tensor *make_input(const ap_io *io) {
    unsigned char bytes[4096];
    size_t n = 1;
    for (uint32_t i = 0; i < io->rank; i++) n *= (size_t)io->shape[i];
    assert_true(n * ap_dtype_size(io->dtype) <= sizeof bytes);
    for (size_t i = 0; i < n; i++) fill(bytes, io->dtype, i);
    return sessions_tensor(io->dtype, io->shape, io->rank, bytes);
}

/* -- outputs -------------------------------------------------------------------------------------------- */

static double element(const ap_tensor_view *view, size_t i) {
    switch (view->dtype) {
    case AP_DTYPE_F32:
        return (double)((const float *)view->data)[i];
    case AP_DTYPE_I64:
        return (double)((const int64_t *)view->data)[i];
    case AP_DTYPE_I32:
        return ((const int32_t *)view->data)[i];
    case AP_DTYPE_I8:
        return ((const int8_t *)view->data)[i];
    default:
        return ((const uint8_t *)view->data)[i];
    }
}

static double difference(ap__tensor *x, ap__tensor *y) {
    const ap_tensor_view *a = ap__tensor_get_view(x), *b = ap__tensor_get_view(y);
    double most = 0;
    if (a->dtype != b->dtype || ap__tensor_n_elements(x) != ap__tensor_n_elements(y)) return INFINITY;
    for (size_t i = 0; i < ap__tensor_n_elements(x); i++) {
        const double d = fabs(element(a, i) - element(b, i));
        if (!(d <= most)) most = isnan(d) ? INFINITY : d;
    }
    return most;
}

/* How far "y" is from "expected". */
static double run(ap__session *session) {
    const ap_session_info *info = ap__session_get_info(session);
    ap__feed in[MAX_INPUTS],
        out[2] = {{.name = "y", .flags = AP_TENSOR_HOST}, {.name = "expected", .flags = AP_TENSOR_HOST}};
    assert_true(info->n_inputs <= MAX_INPUTS);
    for (uint32_t i = 0; i < info->n_inputs; i++)
        in[i] = (ap__feed){.name = info->inputs[i].name, .tensor = make_input(&info->inputs[i])};
    ap_status status = ap__session_run(session, in, info->n_inputs, out, 2, NULL, &err);
    for (uint32_t i = 0; i < info->n_inputs; i++) ap__tensor_unref(in[i].tensor);
    if (status) return INFINITY;
    const double most = difference(out[0].tensor, out[1].tensor);
    ap__tensor_unref(out[0].tensor);
    ap__tensor_unref(out[1].tensor);
    return most;
}

static bool is_called(const char *name, const char *start) {
    return strncmp(name, start, strlen(start)) == 0;
}

/* Halves have 11 bits; steps of int8 are what a sum that is rounded otherwise moves by, and OpenVINO rounds
 * what is halfway away from zero, ONNX to the even neighbour. */
static double tolerance_of(const ap__backend *backend, const char *name) {
    const bool is_ov = strcmp(ap__backend_get_name(backend), "ov") == 0;
    if (is_called(name, "half_")) return 1e-3;
    if (is_called(name, "int8_")) return 0.1;
    return is_called(name, "rounds_") && is_ov ? 1 : 1e-4;
}

/* -- all of them ---------------------------------------------------------------------------------------- */

/* @param[out] n_refused   @return whether the file is right, or refused as it should be. */
static bool check(const ap__backend *backend, const char *path, size_t *n_refused) {
    ap__session *session = NULL;
    err = (ap_error)AP_ERROR_INIT;
    const ap__session_options options = {.path = path, .n_threads = 1, .no_cache = true};
    ap_status status = ap__session_open(&session, backend, &options, &err);
    const char *name = strrchr(path, '/') + 1;
    if (status) {
        *n_refused += 1;
        if (status == AP_EUNSUPPORTED) return true;
        print_message("%s: %s: %s\n", ap__backend_get_name(backend), name, err.message);
        return false;
    }
    const double most = run(session);
    ap__session_close(session);
    const double tolerance = tolerance_of(backend, name);
    if (most > tolerance)
        print_message("%s: %s: differs by %g; %s\n", ap__backend_get_name(backend), name, most, err.message);
    return most <= tolerance;
}

/* @return how many are refused. */
static size_t check_all(const char *name) {
    glob_t files = {.gl_pathc = 0};
    size_t n_wrong = 0, n_refused = 0;
    const ap__backend *backend = sessions_backend(name);
    if (!backend) skip();
    assert_int_equal(0, glob(AP_TEST_DATA_DIR "/operators/*.onnx", 0, NULL, &files));
    assert_true(files.gl_pathc >= 40);
    for (size_t i = 0; i < files.gl_pathc; i++) n_wrong += !check(backend, files.gl_pathv[i], &n_refused);
    globfree(&files);
    assert_int_equal(0, n_wrong);
    return n_refused;
}

void test_onnx_runtime(void **state) {
    (void)state;
    assert_int_equal(0, check_all("ort"));
}

/* It has no com.microsoft.Attention: two files. */
void test_ipex(void **state) {
    (void)state;
    assert_int_equal(2, check_all("ipex"));
}

void test_openvino(void **state) {
    (void)state;
    check_all("ov");
}

/* What OpenVINO would compute wrongly without a word. */
void test_openvino_refuses_what_it_gets_wrong(void **state) {
    static const struct {
        const char *file, *message;
    } cases[] = {
        {"fused_gemm_tanh", "operator com.microsoft.FusedGemm (node \"the FusedGemm\")"},
        {"old_attention_scale", "operator com.microsoft.Attention (node \"the Attention\")"},
    };
    (void)state;
    const ap__backend *backend = sessions_backend("ov");
    if (!backend) skip();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ap__path path;
        ap__session *session = NULL;
        assert_ok(ap__path_format(&path, &err, AP_TEST_DATA_DIR "/operators/%s.onnx", cases[i].file), &err);
        const ap__session_options options = {.path = path.text, .n_threads = 1, .no_cache = true};
        assert_fails(ap__session_open(&session, backend, &options, &err), AP_EUNSUPPORTED, &err,
                     cases[i].message);
    }
}
