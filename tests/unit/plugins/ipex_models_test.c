/* Every ONNX file of the reference models on both runtimes: the graph that the ipex plugin lowers must give
 * what ONNX Runtime gives. Needs ../shared and both runtimes; without them there is nothing to compare. */
#define _GNU_SOURCE /* setenv, glob */
#include "unit/backend/sessions.h"
#include "unit/support/check.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What lowers and runs the models is not instrumented, see docs/design/backend.md: nothing is found a second
 * time. */
#if defined __SANITIZE_ADDRESS__
#define IS_SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

enum { MAX_IOS = 64 };

static const ap__backend *ort, *ipex;
static ap__path folder;

int group_setup(void **state) {
    (void)state;
    sessions_setup(&folder);
    ort = sessions_backend("ort");
    ipex = sessions_backend("ipex");
    return 0;
}

int group_teardown(void **state) {
    (void)state;
    sessions_teardown(&folder);
    return 0;
}

/* -- inputs -------------------------------------------------------------------------------------------- */

/* Extents that a model leaves open, by the inputs they belong to: of a batch of two, eight positions, or
 * three new ones after five; pictures of 64 pixels. */
typedef struct extents {
    const char *input; /* Its name begins with this. */
    int64_t at[4];
} extents;

enum { BATCH = -1, SIZE = -2, PAST = -3 };

static const extents rows[] = {
    {"past_key_values", {BATCH, 4, PAST, 8}},
    {"encoder_hidden_states", {BATCH, 8, 32, 0}},
    {"pixel_values", {BATCH, 3, SIZE, SIZE}},
    {"pixel_mask", {BATCH, SIZE, SIZE, 0}},
    {"input_points", {BATCH, 2, 2, 2}},
    {"input_labels", {BATCH, 2, 2, 0}},
    {"image_embeddings", {BATCH, 0, 0, 0}},
    {"image_positional", {BATCH, 0, 0, 0}},
    {"input_values", {BATCH, 1600, 0, 0}},
    {"input_features", {BATCH, 0, 0, 0}},
    {"bbox", {BATCH, 8, 4, 0}},
};

/* Extent of a picture: the model's own, from config.json beside it. Set for each model. */
static int64_t image_size, batch;

/* Positions that a decoder has seen. */
static int64_t n_past;

static void read_config(const char *model) {
    char path[4096], text[65536];
    snprintf(path, sizeof path, "%.*s/../config.json", (int)(strrchr(model, '/') - model), model);
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[len] = '\0';
    const char *at = strstr(text, "\"image_size\": ");
    image_size = at ? strtol(at + strlen("\"image_size\": "), NULL, 10) : 0;
    if (!image_size) image_size = 64;
    /* Exported with a batch of one in places. */
    batch = strstr(model, "tapas") || strstr(model, "vilt") || strstr(model, "sam-masks") ? 1 : 2;
}

static bool has_input(const ap_session_info *info, const char *prefix) {
    for (uint32_t i = 0; i < info->n_inputs; i++)
        if (strncmp(info->inputs[i].name, prefix, strlen(prefix)) == 0) return true;
    return false;
}

static int64_t extent_of(const ap_session_info *info, const ap_io *io, uint32_t axis) {
    if (io->shape[axis] >= 0) return io->shape[axis];
    bool has_past = has_input(info, "past_key_values");
    if (has_past && strcmp(io->name, "attention_mask") == 0 && axis == 1) return n_past + 3;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(io->name, rows[i].input, strlen(rows[i].input)) == 0) {
            /* Keys of the encoder have its length. */
            if (axis == 2 && strstr(io->name, ".encoder.")) return 8;
            if (rows[i].at[axis] == PAST) return n_past;
            return rows[i].at[axis] == BATCH  ? batch
                   : rows[i].at[axis] == SIZE ? image_size
                                              : rows[i].at[axis];
        }
    if (axis == 0) return batch;
    if (has_input(info, "pixel_mask") || !has_past || strcmp(io->name, "encoder_attention_mask") == 0)
        return 8;
    return 3;
}

/* A number that depends on the place alone. */
static uint64_t noise(uint64_t n) {
    n = (n + 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
    n = (n ^ n >> 27) * 0x94D049BB133111EBu;
    return n ^ n >> 31;
}

static int64_t whole(const ap_io *io, size_t i, bool is_second_row) {
    if (strstr(io->name, "attention_mask")) return !(is_second_row && i % 8 == 7);
    if (strcmp(io->name, "pixel_mask") == 0) return 1;
    if (strcmp(io->name, "position_ids") == 0) return (int64_t)(i % 3 + 5);
    if (strcmp(io->name, "token_type_ids") == 0) return (int64_t)(noise(i) % 2);
    if (strcmp(io->name, "input_labels") == 0) return (int64_t)(noise(i) % 2);
    if (strcmp(io->name, "bbox") == 0) return (int64_t)(i % 4 < 2 ? 10 : 20);
    return (int64_t)(noise(i) % 25 + 5);
}

static ap__tensor *make_input(const ap_session_info *info, const ap_io *io) {
    int64_t shape[AP_TENSOR_MAX_RANK];
    size_t n = 1;
    for (uint32_t axis = 0; axis < io->rank; axis++) {
        shape[axis] = extent_of(info, io, axis);
        n *= (size_t)shape[axis];
    }
    ap__tensor *tensor = sessions_tensor(io->dtype, shape, io->rank, NULL);
    void *data = ap__tensor_data(tensor);
    for (size_t i = 0; i < n; i++) {
        if (io->dtype == AP_DTYPE_F32)
            ((float *)data)[i] = (float)(noise(i) % 2001) / 1000 - 1;
        else if (io->dtype == AP_DTYPE_I64)
            ((int64_t *)data)[i] = whole(io, i, i >= n / 2);
        else if (io->dtype == AP_DTYPE_BOOL)
            ((bool *)data)[i] = has_input(info, "past_key_values");
    }
    return tensor;
}

/* -- comparing ----------------------------------------------------------------------------------------- */

/* The largest difference, of numbers and between them; infinity when shapes or types differ. */
static double difference(const ap_tensor_view *x, const ap_tensor_view *y) {
    double most = 0;
    if (x->dtype != y->dtype || x->rank != y->rank || x->size_bytes != y->size_bytes) return INFINITY;
    for (uint32_t i = 0; i < x->rank; i++)
        if (x->shape[i] != y->shape[i]) return INFINITY;
    if (x->dtype != AP_DTYPE_F32)
        return x->size_bytes && memcmp(x->data, y->data, x->size_bytes) != 0 ? INFINITY : 0;
    const float *a = x->data, *b = y->data;
    for (size_t i = 0; i < x->size_bytes / sizeof *a; i++) {
        double d = fabs((double)a[i] - (double)b[i]) / fmax(1, fabs((double)b[i]));
        if (isnan(a[i]) != isnan(b[i])) return INFINITY;
        if (!isnan(d)) most = fmax(most, d);
    }
    return most;
}

typedef struct results {
    ap__feed feeds[MAX_IOS];
    size_t n;
} results;

static ap_status run(results *out, ap__session *session, const ap__feed *inputs, size_t n_inputs,
                     ap_error *err) {
    const ap_session_info *info = ap__session_get_info(session);
    out->n = 0;
    for (uint32_t i = 0; i < info->n_outputs && i < MAX_IOS; i++)
        out->feeds[out->n++] = (ap__feed){.name = info->outputs[i].name};
    ap_status status = ap__session_run(session, inputs, n_inputs, out->feeds, out->n, NULL, err);
    if (status) out->n = 0;
    return status;
}

static void results_clear(results *r) {
    for (size_t i = 0; i < r->n; i++) ap__tensor_unref(r->feeds[i].tensor);
}

static double compare_runs(ap__session *x, ap__session *y, ap_error *err) {
    const ap_session_info *info = ap__session_get_info(x);
    ap__feed inputs[MAX_IOS];
    results a = {.n = 0}, b = {.n = 0};
    double most = INFINITY;
    assert_true(info->n_inputs <= MAX_IOS);
    for (uint32_t i = 0; i < info->n_inputs; i++)
        inputs[i] = (ap__feed){info->inputs[i].name, 0, make_input(info, &info->inputs[i])};
    if (!run(&a, x, inputs, info->n_inputs, err) && !run(&b, y, inputs, info->n_inputs, err)) {
        most = 0;
        for (size_t i = 0; i < a.n; i++)
            most = fmax(most, difference(ap__tensor_get_view(a.feeds[i].tensor),
                                         ap__tensor_get_view(b.feeds[i].tensor)));
    }
    results_clear(&a);
    results_clear(&b);
    for (uint32_t i = 0; i < info->n_inputs; i++) ap__tensor_unref(inputs[i].tensor);
    return most;
}

/* -- the table ----------------------------------------------------------------------------------------- */

/* Models whose random weights magnify what float32 rounds. */
static double tolerance_of(const char *path) { return strstr(path, "dpt-depth") ? 5e-4 : 1e-4; }

static ap__session *open_file(const ap__backend *backend, const char *path, ap_dtype dtype, ap_error *err) {
    ap__session *session = NULL;
    const ap__session_options options = {.path = path, .dtype = dtype, .n_threads = 1, .no_cache = true};
    ap__session_open(&session, backend, &options, err);
    return session;
}

#define MODELS "/parity/models/*/onnx/*.onnx"
#define BUNDLED AP_TEST_SOURCE_DIR "/models/minilm-sst2/onnx/model.onnx"

/* How far ipex is off; infinity when one of the two fails. */
static double compare_file(const char *path, ap_dtype dtype) {
    ap_error err = AP_ERROR_INIT;
    double most = INFINITY;
    read_config(path);
    ap__session *x = open_file(ort, path, AP_DTYPE_F32, &err),
                *y = x ? open_file(ipex, path, dtype, &err) : NULL;
    n_past = 5;
    if (y) most = compare_runs(x, y, &err);
    n_past = 0; /* Generation begins with an empty cache. */
    if (y && has_input(ap__session_get_info(x), "past_key_values"))
        most = fmax(most, compare_runs(x, y, &err));
    if (err.status) print_message("%s: %s\n", path, err.message);
    ap__session_close(x);
    ap__session_close(y);
    return most;
}

static bool is_right(const char *path) {
    double most = compare_file(path, AP_DTYPE_F32);
    if (most > 1e-4) print_message("%s: differs by %g\n", path, most);
    return most <= tolerance_of(path);
}

static bool has_bf16(void) {
    ap_error err = AP_ERROR_INIT;
    ap__session *session = open_file(ipex, BUNDLED, AP_DTYPE_BF16, &err);
    ap__session_close(session);
    return session != NULL;
}

void test_every_model_gives_what_ort_gives(void **state) {
    (void)state;
    glob_t files = {.gl_pathc = 0};
    size_t n_wrong = 0;
    if (IS_SANITIZED || !ort || !ipex || glob(AP_TEST_SHARED_DIR MODELS, 0, NULL, &files)) skip();
    for (size_t i = 0; i < files.gl_pathc; i++) n_wrong += !is_right(files.gl_pathv[i]);
    globfree(&files);
    assert_int_equal(0, n_wrong);
}

/* The bundled model keeps int8 weights behind DequantizeLinear; arithmetic is float32. */
void test_the_bundled_model(void **state) {
    (void)state;
    if (!ort || !ipex) skip();
    assert_true(is_right(BUNDLED));
}

/* Every model runs in bfloat16, too. How far results are off depends on the model: with the random weights of
 * these, which magnify, half of them stay below a tenth. */
void test_every_model_runs_in_bfloat16(void **state) {
    (void)state;
    glob_t files = {.gl_pathc = 0};
    size_t n_close = 0, n_failed = 0;
    if (IS_SANITIZED || !ort || !ipex || !has_bf16() || glob(AP_TEST_SHARED_DIR MODELS, 0, NULL, &files))
        skip();
    for (size_t i = 0; i < files.gl_pathc; i++) {
        double most = compare_file(files.gl_pathv[i], AP_DTYPE_BF16);
        n_close += most < 0.1;
        n_failed += !(most < 1e3);
    }
    assert_int_equal(0, n_failed);
    assert_true(n_close * 2 > files.gl_pathc);
    globfree(&files);
}

void test_the_bundled_model_in_bfloat16(void **state) {
    (void)state;
    if (!ort || !ipex || !has_bf16()) skip();
    assert_true(compare_file(BUNDLED, AP_DTYPE_BF16) < 0.1);
}
