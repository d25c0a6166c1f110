#include "tokenizer/convert/spm_model.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"

#include <stdlib.h>
#include <string.h>

/* Two pieces, a trainer and a normalizer, with a field, a group and a wire type that are not known. */
static const unsigned char MODEL[] = {
    0x0A, 0x0B, 0x0A, 0x02, 'a',  'b',  0x15, 0,    0,    0xC0, 0xBF, 0x18, 0x03, /* "ab", -1.5, control */
    0x7A, 0x01, 'x',                                                              /* field 15 */
    0x0A, 0x03, 0x0A, 0x01, 'c',                                                  /* "c" */
    0x7B, 0x08, 0x01, 0x13, 0x14, 0x7C,                                           /* groups 15 and 2 */
    0x12, 0x0C, 0x18, 0x02, 0xC0, 0x02, 0x05, 0x98, 0x02, 0x01, 0xEA, 0x02, 0x01,
    'u',                             /* BPE, 5, bytes, "u" */
    0x1A, 0x04, 0x12, 0x02, 1,    2, /* charsmap */
    0x25, 0,    0,    0,    0,       /* self_test_data as a number */
};

static ap_status parse(ap__spm_model *out, ap__arena *arena, const void *bytes, size_t len, ap_error *err) {
    return ap__spm_model_parse(out, arena, bytes, len, "x.model", err);
}

void test_every_member_is_read(void **state) {
    (void)state;
    ap__arena arena = {0};
    ap__spm_model model;
    ap_error err = AP_ERROR_INIT;
    assert_ok(parse(&model, &arena, MODEL, sizeof MODEL, &err), &err);
    assert_int_equal(model.n, 2);
    assert_memory_equal(model.pieces[0].text.ptr, "ab", model.pieces[0].text.len);
    assert_true(model.pieces[0].score == -1.5f && model.pieces[0].type == AP__SPM_CONTROL);
    assert_memory_equal(model.pieces[1].text.ptr, "c", model.pieces[1].text.len);
    assert_true(model.pieces[1].score == 0 && model.pieces[1].type == AP__SPM_NORMAL);
    assert_int_equal(model.model_type, AP__SPM_BPE);
    assert_int_equal(model.unk_id, 5);
    assert_true(model.is_byte_fallback);
    assert_memory_equal(model.unk_piece.ptr, "u", model.unk_piece.len);
    assert_int_equal(model.charsmap.len, 2);
    ap__arena_clear(&arena);
}

/* Cut anywhere, it is either a shorter model or an error; never a crash. */
void test_truncated_anywhere(void **state) {
    (void)state;
    size_t n_ok = 0;
    for (size_t len = 0; len < sizeof MODEL; len++) {
        ap__arena arena = {0};
        ap__spm_model model;
        ap_error err = AP_ERROR_INIT;
        char *copy = malloc(len ? len : 1); /* So that a read behind the end is seen. */
        memcpy(copy, MODEL, len);
        ap_status status = parse(&model, &arena, copy, len, &err);
        if (status) assert_fails(status, AP_EFORMAT, &err, "x.model: not a SentencePiece model");
        n_ok += !status;
        ap__arena_clear(&arena);
        free(copy);
    }
    assert_int_equal(n_ok, 6); /* Behind each whole field from the first piece on. */
}

static void check_refused(const char *bytes, size_t len, const char *why) {
    ap__arena arena = {0};
    ap__spm_model model;
    ap_error err = AP_ERROR_INIT;
    assert_fails(parse(&model, &arena, bytes, len, &err), AP_EFORMAT, &err, why);
    ap__arena_clear(&arena);
}

#define REFUSED(text, why) check_refused((text), sizeof(text) - 1, (why))

void test_hostile_messages(void **state) {
    (void)state;
    REFUSED("", "it has no pieces at byte 0");
    REFUSED("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", "it ends inside a field"); /* Length -1. */
    REFUSED("\x0A\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", "a number is too long");
    REFUSED("\x02\x00", "there is no such field at byte 1");       /* Field 0. */
    REFUSED("\x0F\x00", "there is no such field");                 /* Wire type 7. */
    REFUSED("\x80\x80\x80\x80\x80\x01", "there is no such field"); /* A field number of 33 bits. */
    REFUSED("\x0C", "a group ends that was not begun");
    REFUSED("\x0B\x14", "a group ends that was not begun"); /* Another one. */
    REFUSED("\x0B", "it ends inside a number");             /* A group without end. */
    REFUSED("\x0A\x00", "a piece is empty");
    REFUSED("\x0A\x04\x0A\x02\xC3\x28", "a text is not UTF-8 at byte 4");
    REFUSED("\x0A\x08\x0A\x01x\x15\x00\x00\xC0\x7F", "a score is not a number");
    REFUSED("\x0A\x03\x0A\x01x\x12\x02\xEA\x02", "it ends inside a number"); /* Inside the trainer. */
    REFUSED("not a model at all", "at byte");
}

void test_groups_in_groups(void **state) {
    (void)state;
    char bytes[300] = "\x0A\x03\x0A\x01x";
    memset(bytes + 5, 0x0B, 64);
    memset(bytes + 69, 0x0C, 64);
    ap__arena arena = {0};
    ap__spm_model model;
    ap_error err = AP_ERROR_INIT;
    assert_ok(parse(&model, &arena, bytes, 5 + 128, &err), &err);
    ap__arena_clear(&arena);
    memset(bytes + 5, 0x0B, 200);
    check_refused(bytes, 205, "groups are nested too deep");
}

void test_a_million_pieces(void **state) {
    (void)state;
    enum { N = 1000000, SIZE = 5 };
    char *bytes = malloc((size_t)N * SIZE);
    assert_non_null(bytes);
    for (size_t i = 0; i < N; i++) memcpy(bytes + i * SIZE, "\x0A\x03\x0A\x01x", SIZE);
    ap__arena arena = {0};
    ap__spm_model model;
    ap_error err = AP_ERROR_INIT;
    assert_ok(parse(&model, &arena, bytes, (size_t)N * SIZE, &err), &err);
    assert_int_equal(model.n, N);
    ap__arena_clear(&arena);
    free(bytes);
}

void test_values_that_are_not_known_are_left_out(void **state) {
    (void)state;
    static const char BYTES[] = "\x0A\x05\x0A\x01x\x18\x09\x12\x02\x18\x07"; /* Type 9, model type 7. */
    ap__arena arena = {0};
    ap__spm_model model;
    ap_error err = AP_ERROR_INIT;
    assert_ok(parse(&model, &arena, BYTES, sizeof BYTES - 1, &err), &err);
    assert_int_equal(model.pieces[0].type, AP__SPM_NORMAL);
    assert_int_equal(model.model_type, AP__SPM_UNIGRAM);
    ap__arena_clear(&arena);
}

static ap_status parse_once(void *ctx, ap_error *err) {
    (void)ctx;
    ap__arena arena = {0};
    ap__spm_model model;
    ap_status status = parse(&model, &arena, MODEL, sizeof MODEL, err);
    ap__arena_clear(&arena);
    return status;
}

void test_torture(void **state) {
    (void)state;
    torture(parse_once, NULL);
}
