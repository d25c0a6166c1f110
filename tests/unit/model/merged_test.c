/* Merged decoders in parts; that the parts compute what the whole does, decoding_test.c shows on OpenVINO. */
#define _GNU_SOURCE /* symlink */
#include "model/merged.h"

#include "base/file.h"
#include "model/onnx_scan.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MERGED AP_TEST_DATA_DIR "/parity/models/t5-mini/onnx/decoder_model_merged.onnx"
#define SINGLE AP_TEST_DATA_DIR "/parity/models/t5-mini/onnx/decoder_model.onnx"

static ap_error err;

static bool has(const ap__buf *graph, const char *text) {
    return memmem(graph->ptr, graph->len, text, strlen(text)) != NULL;
}

static void assert_parts(const ap__branches *parts) {
    static const char *const condition[] = {"If", NULL};
    ap__bytes whole;
    assert_true(parts->is_merged);
    assert_ok(ap__file_map(&whole, MERGED, SIZE_MAX, &err), &err);
    for (size_t i = 0; i < AP__N_BRANCHES; i++) {
        const ap__buf *graph = &parts->graphs[i];
        bool found = true;
        assert_ok(ap__onnx_has_op(&found, graph->ptr, graph->len, condition, &err), &err);
        assert_false(found);
        assert_false(has(graph, "use_cache_branch"));
        assert_true(has(graph, "encoder_hidden_states"));
        assert_true(has(graph, "present.1.decoder.value"));
        assert_true(graph->len < whole.len * 3 / 4); /* The weights are not in it. */
    }
    ap__bytes_clear(&whole);
}

void test_split(void **state) {
    (void)state;
    ap__branches parts;
    assert_ok(ap__merged_split(&parts, MERGED, &err), &err);
    assert_parts(&parts);
    assert_true(has(&parts.graphs[AP__BRANCH_ELSE], "decoder_model_merged.onnx"));
    ap__branches_clear(&parts);
    assert_false(parts.is_merged);
}

/* In the Hub's cache a file is a link to one of another name. */
void test_link(void **state) {
    (void)state;
    ap__path folder, link;
    ap__branches parts;
    tempdir_create(&folder);
    assert_int_equal(AP_OK, ap__path_join(&link, folder.text, "model.onnx", NULL));
    assert_int_equal(0, symlink(MERGED, link.text));
    assert_ok(ap__merged_split(&parts, link.text, &err), &err);
    assert_parts(&parts);
    assert_string_equal("onnx", ap__path_name(parts.folder.text));
    assert_true(has(&parts.graphs[AP__BRANCH_THEN], "decoder_model_merged.onnx"));
    ap__branches_clear(&parts);
    tempdir_remove(&folder);
}

void test_other_models(void **state) {
    (void)state;
    ap__branches parts;
    assert_ok(ap__merged_split(&parts, SINGLE, &err), &err);
    assert_false(parts.is_merged);
    assert_null(parts.graphs[0].ptr);
    assert_fails(ap__merged_split(&parts, AP_TEST_DATA_DIR "/ir/append.xml", &err), AP_EFORMAT, &err,
                 "append.xml: not an ONNX model");
    assert_fails(ap__merged_split(&parts, "/no/such/file", &err), AP_ENOTFOUND, &err, "/no/such/file");
}

/* Cut anywhere, it is no model, or no merged one; and it is not read beyond its end. */
void test_cut_files(void **state) {
    (void)state;
    ap__bytes whole;
    assert_ok(ap__file_read(&whole, MERGED, SIZE_MAX, &err), &err);
    for (size_t len = 0; len < whole.len; len += 1 + len / 7) {
        char *cut = malloc(len ? len : 1);
        ap__branches parts = {0};
        memcpy(cut, whole.ptr, len);
        ap_status status = ap__merged_split_bytes(&parts, cut, len, "name", "", NULL);
        assert_true(status == AP_EFORMAT || status == AP_OK);
        ap__branches_clear(&parts);
        free(cut);
    }
    ap__bytes_clear(&whole);
}

static ap_status split(void *ctx, ap_error *error) {
    (void)ctx;
    ap__branches parts;
    ap_status status = ap__merged_split(&parts, MERGED, error);
    if (status) assert_null(parts.graphs[0].ptr);
    ap__branches_clear(&parts);
    return status;
}

void test_torture(void **state) {
    (void)state;
    torture(split, NULL);
}
