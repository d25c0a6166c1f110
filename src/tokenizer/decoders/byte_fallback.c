/* ByteFallback: runs of tokens like "<0xE2>" become the text that those bytes are.
 * Source: huggingface/tokenizers@v0.21.4 decoders/byte_fallback.rs. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/strings.h"

/* As u8::from_str_radix, which takes a sign for a digit. */
static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that a token stands for; -1 for another token. */
static int byte_of(const ap__text *token) {
    const char *t = token->ptr;
    if (token->len != 6 || t[0] != '<' || t[1] != '0' || t[2] != 'x' || t[5] != '>') return -1;
    int low = hex_digit(t[4]), high = t[3] == '+' ? 0 : hex_digit(t[3]);
    return low < 0 || high < 0 ? -1 : high * 16 + low;
}

/* Pushes what a run of bytes is: text, or one U+FFFD for each byte. */
static ap_status push_run(ap__strings *out, const char *bytes, size_t n) {
    ap_status status = AP_OK;
    if (!n) return AP_OK;
    if (ap__utf8_valid_len(bytes, n) == n) return ap__strings_push(out, bytes, n);
    for (size_t i = 0; i < n && !status; i++) status = ap__strings_push(out, "\xEF\xBF\xBD", 3);
    return status;
}

static ap_status apply(const void *self, ap__strings *strings) {
    (void)self;
    ap__strings out;
    char *bytes;
    size_t n = 0, start = 0; /* The run is bytes[start .. n). */
    ap_status status = ap__strings_create(&out, strings->arena, strings->n, strings->err);
    if (!status) status = ap__strings_alloc(&bytes, strings, strings->n);
    for (size_t i = 0; i < strings->n && !status; i++) {
        int byte = byte_of(&strings->ptr[i]);
        if (byte >= 0) {
            bytes[n++] = (char)byte;
            continue;
        }
        status = push_run(&out, bytes + start, n - start);
        start = n;
        if (!status) status = ap__strings_push(&out, strings->ptr[i].ptr, strings->ptr[i].len);
    }
    if (!status) status = push_run(&out, bytes + start, n - start);
    if (status) return status;
    out.regex = strings->regex;
    *strings = out;
    return AP_OK;
}

/* A joined string may be a byte token as a whole until it goes on. */
static unsigned tail(const void *self, bool is_joined) {
    (void)self;
    return is_joined ? AP__TAIL_OPEN : AP__TAIL_BYTES;
}

const ap__decoder_class ap__decoder_byte_fallback = {
    .create = ap__create_nothing, .apply = apply, .tail = tail};
