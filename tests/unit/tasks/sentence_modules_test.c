/* The files of sentence-transformers: which way of pooling they name, and what is refused. */
#include "tasks/sentence_modules.h"

#include "base/path.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"

#include <string.h>

static ap__path folder;
static ap_error err;

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    tempdir_make_dir(&folder, "onnx");
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

#define TRANSFORMER "{\"idx\": 0, \"path\": \"\", \"type\": \"sentence_transformers.models.Transformer\"}"
#define POOLING "{\"idx\": 1, \"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\"}"

static ap_status read_from(ap__pooling *out, const char *file) {
    ap__path path;
    assert_ok(ap__path_join(&path, folder.text, file, &err), &err);
    return ap__sentence_modules_read(out, path.text, &err);
}

static void write_files(const char *modules, const char *pooling) {
    if (modules) tempdir_write_text(&folder, "modules.json", modules);
    if (pooling) tempdir_write_text(&folder, "1_Pooling/config.json", pooling);
}

static void expect_pooling(ap__pooling expected, const char *modules, const char *pooling) {
    ap__pooling found;
    write_files(modules, pooling);
    assert_ok(read_from(&found, "onnx/model.onnx"), &err);
    assert_int_equal(expected, found);
    assert_ok(read_from(&found, "model.onnx"), &err);
    assert_int_equal(expected, found);
}

void test_pooling(void **state) {
    (void)state;
    expect_pooling(AP__POOLING_NONE, NULL, NULL);
    expect_pooling(AP__POOLING_NONE, "[" TRANSFORMER "]", NULL);
    expect_pooling(AP__POOLING_CLS, "[" TRANSFORMER ", " POOLING "]",
                   "{\"word_embedding_dimension\": 12, \"pooling_mode_cls_token\": true, "
                   "\"pooling_mode_mean_tokens\": false}");
    expect_pooling(AP__POOLING_MEAN,
                   "[" TRANSFORMER ", " POOLING ", {\"path\": \"2\", \"type\": \"x.Normalize\"}]",
                   "{\"pooling_mode_mean_tokens\": true, \"include_prompt\": true}");
    expect_pooling(AP__POOLING_MAX, NULL, "{\"pooling_mode_max_tokens\": true}");
    expect_pooling(AP__POOLING_NONE, NULL, "{}");
}

static void expect_failure(ap_status expected, const char *message, const char *modules,
                           const char *pooling) {
    ap__pooling found;
    write_files(modules, pooling);
    assert_fails(read_from(&found, "onnx/model.onnx"), expected, &err, message);
}

void test_failures(void **state) {
    (void)state;
    expect_failure(
        AP_EUNSUPPORTED, "the module sentence_transformers.models.Dense is not supported",
        "[" TRANSFORMER ", {\"path\": \"2_Dense\", \"type\": \"sentence_transformers.models.Dense\"}]", NULL);
    expect_failure(AP_EFORMAT, "needs the strings type and path", "[{\"type\": \"x\"}]", NULL);
    expect_failure(AP_EFORMAT, "modules.json", "[", NULL);
    expect_failure(AP_ENOTFOUND, "1_Pooling/config.json", "[" POOLING "]", NULL);
    expect_failure(AP_EUNSUPPORTED, "pooling_mode_lasttoken is not supported; parameter pooling", NULL,
                   "{\"pooling_mode_lasttoken\": true}");
    expect_failure(AP_EUNSUPPORTED, "a second way of pooling, pooling_mode_max_tokens", NULL,
                   "{\"pooling_mode_cls_token\": true, \"pooling_mode_max_tokens\": true}");
}

static ap_status read_once(void *ctx, ap_error *out_err) {
    ap__pooling found;
    return ap__sentence_modules_read(&found, ctx, out_err);
}

void test_torture(void **state) {
    ap__path path;
    (void)state;
    write_files("[" TRANSFORMER ", " POOLING "]", "{\"pooling_mode_cls_token\": true}");
    assert_ok(ap__path_join(&path, folder.text, "onnx/model.onnx", &err), &err);
    torture(read_once, path.text);
}
