/* Any bytes as a tokenizer.json; with what can be read, texts are encoded and decoded. The first line of the
 * input that is not part of the JSON text, if there is one (behind a NUL byte), is a text to encode. */
#include "base/alloc.h"
#include "base/utf8.h"
#include "tokenizer/stream.h"

#include <stdlib.h>
#include <string.h>

/* Longer texts make slow patterns slow without showing more. */
enum { TEXT_MAX_BYTES = 256 };

static void check(int holds) {
    if (!holds) abort();
}

static void check_error(ap_status status, const ap_error *err) {
    size_t len = strlen(err->message);
    check(err->status == status && len && ap__utf8_valid_len(err->message, len) == len);
}

static void check_encoding(const ap__encoding *e, size_t text_len) {
    for (size_t i = 0; i < e->n; i++) {
        check(e->offsets_bytes[i].start <= text_len && e->offsets_bytes[i].end <= text_len);
        check(e->tokens[i].ptr[e->tokens[i].len] == '\0');
    }
}

static void check_stream(const ap__tokenizer *tokenizer, const ap__encoding *e, const char *whole,
                         size_t len) {
    ap__decode_stream_options o = {0};
    ap__decode_stream *stream;
    ap__text text;
    size_t at = 0;
    check(ap__decode_stream_create(&stream, tokenizer, &o, NULL) == AP_OK);
    for (size_t i = 0; i <= e->n; i++) {
        ap_status status = i < e->n ? ap__decode_stream_step(stream, e->ids[i], &text, NULL)
                                    : ap__decode_stream_flush(stream, &text, NULL);
        if (status == AP_ELIMIT) break;
        check(status == AP_OK && at + text.len <= len && !memcmp(whole + at, text.ptr, text.len));
        at += text.len;
    }
    ap__decode_stream_destroy(stream);
}

static void use(const ap__tokenizer *tokenizer, ap__text text) {
    ap_error err = AP_ERROR_INIT;
    ap__encode_options o = {.add_special_tokens = true, .with_tokens = true};
    ap__encoding e = {0};
    ap_status status = ap__tokenizer_encode(&e, tokenizer, text, NULL, &o, &err);
    if (status) {
        check_error(status, &err);
        return;
    }
    check_encoding(&e, text.len);
    char *decoded;
    size_t len;
    status = ap__tokenizer_decode(&decoded, &len, tokenizer, e.ids, e.n, false, &err);
    if (status)
        check_error(status, &err);
    else
        check_stream(tokenizer, &e, decoded, len);
    ap__free(decoded);
    ap__encoding_clear(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char TEXT[] =
        "Hello  wo\xCC\x81rld, don't [MASK] \xE2\x96\x81 123 \xF0\x9F\x98\x80\n\t \xEF\xAC\x81 abab";
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *tokenizer;
    const uint8_t *end = size ? memchr(data, '\0', size) : NULL;
    size_t json_len = end ? (size_t)(end - data) : size;
    ap_status status =
        ap__tokenizer_from_json(&tokenizer, size ? (const char *)data : "", json_len, "tokenizer.json", &err);
    if (status) {
        check(!tokenizer);
        check_error(status, &err);
        return 0;
    }
    use(tokenizer, (ap__text){TEXT, sizeof TEXT - 1});
    use(tokenizer, (ap__text){"", 0});
    if (end) {
        size_t len = size - json_len - 1;
        use(tokenizer, (ap__text){(const char *)end + 1, len < TEXT_MAX_BYTES ? len : TEXT_MAX_BYTES});
    }
    ap__tokenizer_destroy(tokenizer);
    return 0;
}
