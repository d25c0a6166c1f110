#include "base/json.h"

#include "base/alloc.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"

#include <math.h>
#include <string.h>

static ap_error err;

static yyjson_doc *parse(const char *text) {
    yyjson_doc *doc = NULL;
    assert_ok(ap__json_parse(&doc, text, strlen(text), "text", &err), &err);
    return doc;
}

static void assert_refused(const char *text, size_t len, const char *message) {
    yyjson_doc *doc = (yyjson_doc *)1;
    assert_fails(ap__json_parse(&doc, text, len, "some.json", &err), AP_EFORMAT, &err, message);
    assert_null(doc);
    assert_says(&err, "some.json: not JSON: ");
}

void test_parse(void **state) {
    (void)state;
    yyjson_doc *doc = parse(" {\"a\": [1, null]} ");
    assert_int_equal(2, yyjson_arr_size(yyjson_obj_get(yyjson_doc_get_root(doc), "a")));
    yyjson_doc_free(doc);
}

void test_parse_borrows_the_text(void **state) {
    (void)state;
    char text[] = "{\"key\": \"a\\nb\"}", before[sizeof text];
    memcpy(before, text, sizeof text);
    yyjson_doc *doc = parse(text);
    assert_memory_equal(before, text, sizeof text); /* Not changed, ... */
    memset(text, 'x', sizeof text);                 /* ... and not needed any more. */
    assert_string_equal("a\nb", yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "key")));
    yyjson_doc_free(doc);
}

void test_parse_reads_len_bytes_only(void **state) {
    (void)state;
    yyjson_doc *doc;
    assert_ok(ap__json_parse(&doc, "12]", 2, "text", &err), &err);
    assert_int_equal(12, yyjson_get_int(yyjson_doc_get_root(doc)));
    yyjson_doc_free(doc);
}

void test_parse_takes_pythons_numbers(void **state) {
    (void)state;
    yyjson_doc *doc = parse("[NaN, Infinity, -Infinity]");
    yyjson_val *root = yyjson_doc_get_root(doc);
    assert_true(isnan(yyjson_get_real(yyjson_arr_get(root, 0))));
    assert_true(isinf(yyjson_get_real(yyjson_arr_get(root, 1))));
    assert_true(yyjson_get_real(yyjson_arr_get(root, 2)) < 0);
    yyjson_doc_free(doc);
}

void test_faults_have_a_place(void **state) {
    (void)state;
    assert_refused("", 0, "it is empty");
    assert_refused("[1, 2", 5, "at byte 5");
    assert_refused("{\"a\": }", 7, "at byte 6");
    assert_refused("[1] x", 5, "at byte 4");
    assert_refused("  ", 2, "at byte");
    assert_refused("[1,]", 4, "at byte");
    assert_refused("{'a': 1}", 8, "at byte 1");
    assert_refused("[1] // why", 10, "at byte 4");
    assert_refused("\xEF\xBB\xBF[1]", 6, "BOM");
    assert_refused("\"a\0b\"", 5, "at byte 2");
    assert_refused("\"caf\xE9\"", 6, "at byte");
}

void test_parse_file(void **state) {
    (void)state;
    ap__path folder;
    tempdir_create(&folder);
    yyjson_doc *doc;
    ap__path path = tempdir_write_text(&folder, "good.json", "[1]");
    assert_ok(ap__json_parse_file(&doc, path.text, 3, &err), &err);
    yyjson_doc_free(doc);
    assert_fails(ap__json_parse_file(&doc, path.text, 2, &err), AP_ELIMIT, &err,
                 "3 bytes, over the limit of 2");
    assert_null(doc);
    path = tempdir_write_text(&folder, "bad.json", "[1");
    assert_fails(ap__json_parse_file(&doc, path.text, 100, &err), AP_EFORMAT, &err, "bad.json: not JSON: ");
    assert_null(doc);
    path = tempdir_write_text(&folder, "empty.json", "");
    assert_fails(ap__json_parse_file(&doc, path.text, 100, &err), AP_EFORMAT, &err,
                 "empty.json: not JSON: it is empty");
    assert_fails(ap__json_parse_file(&doc, "/no/such.json", 100, &err), AP_ENOTFOUND, &err, "/no/such.json");
    assert_null(doc);
    tempdir_remove(&folder);
}

void test_alc_is_our_allocator(void **state) {
    (void)state;
    const yyjson_alc *alc = ap__json_alc();
    void *ptr = alc->malloc(alc->ctx, 10);
    ptr = alc->realloc(alc->ctx, ptr, 10, 20);
    assert_non_null(ptr);
    ap__free(ptr);
}

static ap_status parse_once(void *ctx, ap_error *error) {
    yyjson_doc *doc;
    ap_status status = ap__json_parse(&doc, ctx, strlen(ctx), "text", error);
    if (status) assert_null(doc);
    yyjson_doc_free(doc);
    return status;
}

void test_torture(void **state) {
    (void)state;
    char text[] = "{\"a\": [1, 2.5, \"text\", {\"b\": null}]}";
    assert_true(torture(parse_once, text) >= 1);
}
