/* Small tokenizers for tests. */
#include "unit/tokenizer/toy.h"

#include "unit/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char TOY_WORD_LEVEL[] =
    "{\"type\":\"WordLevel\",\"unk_token\":\"<unk>\",\"vocab\":{\"<unk>\":0,\"a\":1,\"b\":2,"
    "\"ab\":3,\"hello\":4,\"world\":5,\",\":6,\"[CLS]\":7,\"[SEP]\":8}}";
const char TOY_BPE[] =
    "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"c\":2,\"d\":3,\"e\":4,\"ab\":5,\"abc\":6,"
    "\"de\":7},\"merges\":[[\"a\",\"b\"],[\"ab\",\"c\"],[\"d\",\"e\"]]}";
const char TOY_UNIGRAM[] =
    "{\"type\":\"Unigram\",\"unk_id\":0,\"byte_fallback\":true,\"vocab\":[[\"<unk>\",0],"
    "[\"\\u2581\",-2],[\"a\",-3],[\"b\",-3],[\"ab\",-4.5],[\"\\u2581a\",-4],[\"<0xE2>\",-9],"
    "[\"<0x98>\",-9],[\"<0x83>\",-9]]}";

ap_status toy_try(ap__tokenizer **out, const char *model, const char *more, ap_error *err) {
    size_t size = strlen(model) + strlen(more) + 32;
    char *json = malloc(size);
    assert_non_null(json);
    int len = snprintf(json, size, "{%s\"model\":%s}", more, model);
    ap_status status = ap__tokenizer_from_json(out, json, (size_t)len, "tokenizer.json", err);
    free(json);
    return status;
}

ap__tokenizer *toy_make(const char *model, const char *more) {
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *tokenizer;
    assert_ok(toy_try(&tokenizer, model, more, &err), &err);
    return tokenizer;
}

ap__text toy_text(const char *text) { return (ap__text){text, strlen(text)}; }

static const char *print(const ap__encoding *e, bool with_spans) {
    static char out[4096];
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < e->n && len + 64 < sizeof out; i++) {
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%u", i ? " " : "", e->ids[i]);
        if (with_spans)
            len += (size_t)snprintf(out + len, sizeof out - len, ":%u-%u", e->offsets_chars[i].start,
                                    e->offsets_chars[i].end);
    }
    return out;
}

static const char *encode(const ap__tokenizer *tokenizer, const char *text, const ap__encode_options *options,
                          bool with_spans) {
    ap_error err = AP_ERROR_INIT;
    ap__encoding e = {0};
    assert_ok(ap__tokenizer_encode(&e, tokenizer, toy_text(text), NULL, options, &err), &err);
    const char *out = print(&e, with_spans);
    ap__encoding_clear(&e);
    return out;
}

const char *toy_ids(const ap__tokenizer *tokenizer, const char *text) {
    return encode(tokenizer, text, NULL, false);
}

const char *toy_spans(const ap__tokenizer *tokenizer, const char *text, const ap__encode_options *options) {
    return encode(tokenizer, text, options, true);
}
