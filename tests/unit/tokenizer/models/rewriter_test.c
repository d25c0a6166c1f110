/* Bytes that are rewritten: the longest sequence first, then what comes out once more. */
#include "tokenizer/models/rewriter.h"

#include "base/error.h"
#include "base/json.h"
#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <string.h>

/* 'a' grows, "ab" is another matter, and U+00FF is one byte; then what came out is put together. */
#define REWRITES                                                                                             \
    "{\"rewrites\":[[[\"a\",\"xy\"],[\"ab\",\"q\"],[\"abcd\",\"\xC3\xBF\"]],"                                \
    "[[\"xyx\",\"1\"],[\"qc\",\"\xC2\x80\"]]]}"

static ap_status rewrite(const char *json, const char *text, ap__arena *arena, ap__spanned *out,
                         ap_error *err) {
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    ap__rewriters rewriters;
    ap__loader loader = {.arena = arena, .file = "test", .err = err};
    if (!doc) return ap__fail_nomem(err);
    ap_status status = ap__rewriters_read(&rewriters, &loader, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    if (status) return status;
    *out = (ap__spanned){.n = strlen(text)};
    out->bytes = ap__arena_strndup(arena, text, out->n);
    out->spans = ap__arena_calloc(arena, out->n, sizeof *out->spans);
    if (!out->bytes || !out->spans) return ap__fail_nomem(err);
    for (uint32_t i = 0; i < out->n; i++) out->spans[i] = (ap__span){i, i + 1};
    return ap__rewriters_apply(&rewriters, arena, out, err);
}

static void check(const char *text, const char *expected, const ap__span *spans) {
    ap__arena arena = {0};
    ap__spanned out;
    ap_error err = AP_ERROR_INIT;
    assert_ok(rewrite(REWRITES, text, &arena, &out, &err), &err);
    assert_int_equal(strlen(expected), out.n);
    if (out.n) assert_memory_equal(expected, out.bytes, out.n);
    if (out.n) assert_memory_equal(spans, out.spans, out.n * sizeof *spans);
    ap__arena_clear(&arena);
}

void test_the_longest_is_rewritten(void **state) {
    (void)state;
    check("", "", NULL);
    check("z", "z", (const ap__span[]){{0, 1}});
    check("abc", "\x80", (const ap__span[]){{0, 3}});
    check("abcd", "\xFF", (const ap__span[]){{0, 4}});
    check("abce",
          "\x80"
          "e",
          (const ap__span[]){{0, 3}, {3, 4}});
    check("aa", "1y", (const ap__span[]){{0, 2}, {1, 2}});
    check("\xC3\xA9", "\xC3\xA9", (const ap__span[]){{0, 1}, {1, 2}});
}

void test_what_cannot_be_read(void **state) {
    (void)state;
    static const struct {
        ap_status status;
        const char *json, *message;
    } ROWS[] = {
        {AP_EFORMAT, "{\"rewrites\":[[[\"a\",\"\"]]]}", "item 0: expected two texts of 1 to 64 bytes"},
        {AP_EFORMAT, "{\"rewrites\":[[[\"a\",\"b\"],[7,\"b\"]]]}", "item 1: expected two texts"},
        {AP_EFORMAT, "{\"rewrites\":[[[\"\xC4\x80\",\"b\"]]]}", "item 0: expected two texts"},
        {AP_EFORMAT, "{\"rewrites\":[[\"ab\"]]}", "item 0: expected two texts"},
        {AP_ELIMIT, "{\"rewrites\":[[],[],[]]}", "at most 2 lists"}};
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        ap__arena arena = {0};
        ap__spanned out;
        ap_error err = AP_ERROR_INIT;
        assert_fails(rewrite(ROWS[i].json, "a", &arena, &out, &err), ROWS[i].status, &err, ROWS[i].message);
        ap__arena_clear(&arena);
    }
}

static ap_status rewrite_once(void *ctx, ap_error *err) {
    ap__arena arena = {0};
    ap__spanned out;
    ap_status status = rewrite(REWRITES, ctx, &arena, &out, err);
    ap__arena_clear(&arena);
    return status;
}

void test_torture(void **state) {
    (void)state;
    char text[] = "abcaabcdz";
    torture(rewrite_once, text);
}
