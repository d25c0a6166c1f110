/* What is of ONNX Runtime alone: exactness with int8 weights, external data, options, its part of the cache.
 */
#define _GNU_SOURCE /* setenv */
#include "unit/backend/sessions.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 48, N_ROWS = 5, MAX_MODEL_BYTES = 1 << 28 };

static ap__path folder;
static const ap__backend *ort;
static ap_error err;

int group_setup(void **state) {
    (void)state;
    sessions_setup(&folder);
    ort = sessions_backend("ort");
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

static void need_ort(void) {
    if (!ort) skip();
}

static ap__session *open_with(const ap__session_options *options) { return sessions_open_with(ort, options); }

static ap_status open_fails(const ap__session_options *options) {
    ap__session *session = NULL;
    err = (ap_error)AP_ERROR_INIT;
    ap_status status = ap__session_open(&session, ort, options, &err);
    assert_null(session);
    return status;
}

static bool is_cached(const ap__session *session) { return ap__session_get_info(session)->from_cache != 0; }

/* -- int8 weights -------------------------------------------------------------------------------------- */

/* Inputs whose products with powers of two are exact in float32, so that results can be compared for
 * equality. */
static float input_at(int row, int i) { return (float)((row * 31 + i * 7) % 64 - 32) / 8; }

/* See quantized_weights() in tools/golden/onnx_models.py. */
static float weight_at(int i, int j) {
    static const float scales[] = {1 / 64.f, 1 / 128.f, 1 / 256.f, 1 / 512.f};
    return (float)((7 * i + 3 * j) % 255 - 127) * scales[j % 4];
}

static void check_product(ap__session *session) {
    static const int64_t shape[] = {N_ROWS, SIZE};
    float x[N_ROWS][SIZE];
    for (int row = 0; row < N_ROWS; row++)
        for (int i = 0; i < SIZE; i++) x[row][i] = input_at(row, i);
    ap__feed input = {"x", 0, sessions_tensor(AP_DTYPE_F32, shape, 2, x)}, output = {.name = "y"};
    assert_ok(ap__session_run(session, &input, 1, &output, 1, NULL, &err), &err);
    const float *y = ap__tensor_get_view(output.tensor)->data;
    for (int row = 0; row < N_ROWS; row++)
        for (int j = 0; j < SIZE; j++) {
            float sum = 0;
            for (int i = 0; i < SIZE; i++) sum += x[row][i] * weight_at(i, j);
            assert_true(y[row * SIZE + j] == sum);
        }
    ap__tensor_unref(input.tensor);
    ap__tensor_unref(output.tensor);
}

void test_int8_weights_are_computed_with_in_float32(void **state) {
    (void)state;
    need_ort();
    ap__path path = sessions_model("ort", "weight_only");
    for (int i = 0; i < 2; i++) {
        ap__session *session = open_with(&(ap__session_options){.path = path.text, .n_threads = 1});
        assert_int_equal(i, is_cached(session));
        check_product(session);
        ap__session_close(session);
    }
}

/* -- a real model, cached and not ---------------------------------------------------------------------- */

/* Logits of a few token ids, or the test is left out. */
static void run_bert(float *logits, ap__session *session) {
    static const int64_t shape[] = {1, 8}, ids[] = {2, 17, 41, 23, 5, 77, 9, 3},
                         ones[] = {1, 1, 1, 1, 1, 1, 1, 1};
    const ap_session_info *info = ap__session_get_info(session);
    ap__feed inputs[3] = {{0}}, output = {.name = "logits"};
    assert_true(info->n_inputs <= 3);
    for (uint32_t i = 0; i < info->n_inputs; i++) {
        const char *name = info->inputs[i].name;
        const int64_t *data = strcmp(name, "input_ids") == 0 ? ids : ones;
        static const int64_t zeros[8];
        inputs[i] = (ap__feed){name, 0, NULL};
        inputs[i].tensor = sessions_tensor(AP_DTYPE_I64, shape, 2, strstr(name, "type") ? zeros : data);
    }
    assert_ok(ap__session_run(session, inputs, info->n_inputs, &output, 1, NULL, &err), &err);
    memcpy(logits, ap__tensor_get_view(output.tensor)->data, 2 * sizeof *logits);
    for (uint32_t i = 0; i < info->n_inputs; i++) ap__tensor_unref(inputs[i].tensor);
    ap__tensor_unref(output.tensor);
}

static void check_model_cached(const char *path) {
    float plain[2], cached[2];
    if (!ap__path_is_file(path)) {
        print_message("left out: %s is not here\n", path);
        skip();
    }
    ap__session *session = sessions_open(ort, path);
    run_bert(plain, session);
    ap__session_close(session);
    for (int i = 0; i < 3; i++) {
        session = open_with(&(ap__session_options){.path = path, .n_threads = 1});
        assert_int_equal(i > 0, is_cached(session));
        run_bert(cached, session);
        assert_memory_equal(plain, cached, sizeof plain);
        ap__session_close(session);
    }
}

void test_cached_session_gives_the_same_bits(void **state) {
    (void)state;
    need_ort();
    check_model_cached(AP_TEST_DATA_DIR "/parity/models/bert-sst2/onnx/model.onnx");
}

void test_cached_bundled_model_gives_the_same_bits(void **state) {
    (void)state;
    need_ort();
    check_model_cached(AP_TEST_SHARED_DIR "/demo-model/onnx/model.onnx");
}

/* -- external data ------------------------------------------------------------------------------------- */

/* A copy of external.onnx and of its weights, all of which are `weight`. */
static ap__path write_external(float weight) {
    ap__bytes bytes = {0};
    float weights[SIZE * SIZE];
    ap__path path = sessions_model("ort", "external");
    assert_ok(ap__file_read(&bytes, path.text, MAX_MODEL_BYTES, &err), &err);
    for (size_t i = 0; i < SIZE * SIZE; i++) weights[i] = weight;
    tempdir_write(&folder, "external.bin", weights, sizeof weights);
    if (!ap__path_is_file(folder.text)) ap__path_join(&path, folder.text, "external.onnx", NULL);
    if (!ap__path_is_file(path.text)) tempdir_write(&folder, "external.onnx", bytes.ptr, bytes.len);
    ap__bytes_clear(&bytes);
    return path;
}

static float run_external(ap__session *session) {
    static const int64_t shape[] = {1, SIZE};
    float ones[SIZE];
    for (int i = 0; i < SIZE; i++) ones[i] = 1;
    ap__feed input = {"x", 0, sessions_tensor(AP_DTYPE_F32, shape, 2, ones)}, output = {.name = "y"};
    assert_ok(ap__session_run(session, &input, 1, &output, 1, NULL, &err), &err);
    float first = *(const float *)ap__tensor_get_view(output.tensor)->data;
    ap__tensor_unref(input.tensor);
    ap__tensor_unref(output.tensor);
    return first / (float)SIZE;
}

void test_weights_that_change_behind_an_unchanged_graph(void **state) {
    (void)state;
    need_ort();
    for (int weight = 1; weight <= 3; weight++) {
        ap__path path = write_external((float)weight);
        for (int i = 0; i < 2; i++) {
            ap__session *session = open_with(&(ap__session_options){.path = path.text, .n_threads = 1});
            assert_int_equal(i, is_cached(session));
            assert_true(run_external(session) == (float)weight);
            ap__session_close(session);
        }
    }
}

void test_graph_in_memory_with_weights_in_a_folder(void **state) {
    (void)state;
    need_ort();
    ap__bytes bytes = {0};
    ap__path path = write_external(2);
    assert_ok(ap__file_read(&bytes, path.text, MAX_MODEL_BYTES, &err), &err);
    ap__session *session = open_with(
        &(ap__session_options){.bytes = bytes.ptr, .n_bytes = bytes.len, .external_data = folder.text});
    assert_true(run_external(session) == 2);
    assert_false(is_cached(session));
    ap__session_close(session);
    ap__bytes_clear(&bytes);
}

void test_weights_are_missing(void **state) {
    (void)state;
    need_ort();
    ap__path path = write_external(1), weights;
    ap__path_join(&weights, folder.text, "external.bin", NULL);
    assert_int_equal(0, unlink(weights.text));
    assert_fails(open_fails(&(ap__session_options){.path = path.text}), AP_EFORMAT, &err,
                 "download or export it again");
    assert_says(&err, "external.bin");
    tempdir_write_text(&folder, "external.bin", "version https://git-lfs.github.com/spec/v1");
    assert_fails(open_fails(&(ap__session_options){.path = path.text}), AP_EFORMAT, &err, "external.onnx");
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

/* Opens the model, harms its entry, and opens it twice again: rebuilt, then used. */
static void check_harm(void (*harm)(const ap__path *entry)) {
    ap__path path = sessions_model("ort", "weight_only");
    for (int i = 0; i < 3; i++) {
        ap__session *session = open_with(&(ap__session_options){.path = path.text, .n_threads = 1});
        assert_int_equal(i == 2, is_cached(session));
        check_product(session);
        ap__session_close(session);
        ap__path entry = find_entry();
        if (i == 0) harm(&entry);
    }
}

static ap__path file_of(const ap__path *entry, const char *name) {
    ap__path file;
    ap__path_join(&file, entry->text, name, NULL);
    assert_true(ap__path_is_file(file.text));
    return file;
}

static void cut_weights(const ap__path *entry) {
    assert_int_equal(0, truncate(file_of(entry, "weights.bin").text, 100));
}

static void cut_model(const ap__path *entry) {
    assert_int_equal(0, truncate(file_of(entry, "model.onnx").text, 100));
}

static void remove_manifest(const ap__path *entry) {
    assert_int_equal(0, unlink(file_of(entry, "manifest").text));
}

static void cut_manifest(const ap__path *entry) {
    assert_int_equal(0, truncate(file_of(entry, "manifest").text, 30));
}

static void empty_manifest(const ap__path *entry) {
    assert_int_equal(0, truncate(file_of(entry, "manifest").text, 0));
}

/* As long as the manifest says, and no model. */
static void overwrite_model(const ap__path *entry) {
    struct stat info;
    ap__path file = file_of(entry, "model.onnx");
    assert_int_equal(0, stat(file.text, &info));
    assert_int_equal(0, truncate(file.text, 0));
    assert_int_equal(0, truncate(file.text, info.st_size));
}

void test_harmed_entries_are_rebuilt(void **state) {
    (void)state;
    need_ort();
    void (*const harms[])(const ap__path *) = {cut_weights,  cut_model,      remove_manifest,
                                               cut_manifest, empty_manifest, overwrite_model};
    for (size_t i = 0; i < sizeof harms / sizeof *harms; i++) {
        ap__path entry;
        check_harm(harms[i]);
        entry = find_entry();
        const char *const names[] = {"model.onnx", "weights.bin", "manifest"};
        for (size_t k = 0; k < 3; k++) assert_int_equal(0, unlink(file_of(&entry, names[k]).text));
        assert_int_equal(0, rmdir(entry.text));
    }
}

void test_a_model_that_cannot_be_opened_leaves_nothing(void **state) {
    (void)state;
    need_ort();
    ap__path dir;
    ap__path broken = tempdir_write_text(&folder, "broken.onnx", "broken");
    assert_int_equal(AP_EFORMAT, open_fails(&(ap__session_options){.path = broken.text}));
    ap__path unknown = sessions_model("ort", "unknown_op");
    assert_int_not_equal(AP_OK, open_fails(&(ap__session_options){.path = unknown.text}));
    assert_says(&err, "NoSuchOperator");
    ap__path_join(&dir, getenv("ACCELPIPE_CACHE"), "sessions", NULL);
    assert_int_equal(0, rmdir(dir.text));
}

/* -- options ------------------------------------------------------------------------------------------- */

static ap_status open_option(const char *key, const char *value) {
    ap__path path = sessions_model("ort", "append");
    const ap_key_value option = {key, value};
    ap__session *session = NULL;
    const ap__session_options options = {
        .path = path.text, .options = &option, .n_options = 1, .no_cache = true};
    err = (ap_error)AP_ERROR_INIT;
    ap_status status = ap__session_open(&session, ort, &options, &err);
    ap__session_close(session);
    return status;
}

void test_options_that_are_taken(void **state) {
    (void)state;
    need_ort();
    static const char *const options[][2] = {
        {"provider", "CPUExecutionProvider"},
        {"session.intra_op.allow_spinning", "1"},
        {"session.disable_prepacking", "1"},
        {"graph_optimization_level", "ORT_ENABLE_BASIC"},
        {"graph_optimization_level", "0"},
        {"execution_mode", "ORT_PARALLEL"},
        {"intra_op_num_threads", "2"},
        {"inter_op_num_threads", "1"},
        {"enable_cpu_mem_arena", "false"},
        {"enable_mem_pattern", "True"},
        {"optimization.enable_gelu_approximation", "1"},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        assert_ok(open_option(options[i][0], options[i][1]), &err);
}

void test_options_that_are_refused(void **state) {
    (void)state;
    need_ort();
    static const struct {
        const char *key, *value;
        ap_status status;
        const char *says;
    } cases[] = {
        {"provider", "CUDAExecutionProvider", AP_EINVAL, "it has: "},
        {"provider", "Nonsense", AP_EINVAL, "provider \"Nonsense\" is not in this ONNX Runtime"},
        {"provider_options.device_id", "0", AP_EINVAL, "takes no options"},
        {"colour", "red", AP_EINVAL,
         "session option \"colour\" is not known; known are provider, enable_cpu_mem"},
        {"graph_optimization_level", "high", AP_EINVAL,
         "\"graph_optimization_level\" is \"high\"; it must be one"},
        {"intra_op_num_threads", "many", AP_EINVAL, "a number from 0 to 4096"},
        {"intra_op_num_threads", "-1", AP_EINVAL, "a number from 0 to 4096"},
        {"enable_mem_pattern", "", AP_EINVAL, "one like true"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(open_option(cases[i].key, cases[i].value), cases[i].status, &err, cases[i].says);
    open_option("provider", "CUDAExecutionProvider");
    assert_says(&err, "CPUExecutionProvider");
}

/* -- shapes -------------------------------------------------------------------------------------------- */

void test_tensors_of_unknown_rank(void **state) {
    (void)state;
    need_ort();
    static const int64_t shape[] = {1, 1, 2};
    ap__path path = sessions_model("ort", "any_rank");
    ap__session *session = sessions_open(ort, path.text);
    assert_int_equal(AP_RANK_UNKNOWN, ap__session_find_input(session, "x")->rank);
    for (uint32_t rank = 0; rank <= 3; rank++) {
        ap__feed input = {"x", 0, sessions_tensor(AP_DTYPE_F32, shape, rank, NULL)}, output = {.name = "y"};
        assert_ok(ap__session_run(session, &input, 1, &output, 1, NULL, &err), &err);
        const ap_tensor_view *in = ap__tensor_get_view(input.tensor),
                             *out = ap__tensor_get_view(output.tensor);
        assert_int_equal(rank, out->rank);
        assert_memory_equal(in->data, out->data, in->size_bytes);
        ap__tensor_unref(input.tensor);
        ap__tensor_unref(output.tensor);
    }
    ap__session_close(session);
}
