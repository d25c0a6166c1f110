/* ByteLevel: from the byte-level alphabet back to bytes; what is not UTF-8 then becomes U+FFFD.
 * Source: huggingface/tokenizers@v0.21.4 pre_tokenizers/byte_level.rs Decoder. */
#include "tokenizer/byte_level.h"

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/ntext.h"
#include "tokenizer/strings.h"

#include <string.h>

/* Appends the bytes of a string, or the string itself when a character of it stands for no byte. */
static size_t put_bytes(char *out, const ap__text *string) {
    size_t n = 0;
    for (size_t at = 0; at < string->len;) {
        uint32_t code;
        at += ap__utf8_next(&code, string->ptr + at);
        int byte = ap__char_to_byte(code);
        if (byte < 0) {
            memcpy(out, string->ptr, string->len);
            return string->len;
        }
        out[n++] = (char)byte;
    }
    return n;
}

/* Bytes of the longest prefix of `text` that could begin a character: what one U+FFFD stands for.
 * Source: The Unicode Standard, section 3.9, U+FFFD Substitution of Maximal Subparts. */
static size_t broken_len(const unsigned char *text, size_t len) {
    unsigned char lead = text[0], low = 0x80, high = 0xBF;
    size_t need = lead >= 0xC2 && lead <= 0xDF   ? 2
                  : lead >= 0xE0 && lead <= 0xEF ? 3
                  : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                 : 1;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    size_t n = 1;
    for (; n < need && n < len && text[n] >= low && text[n] <= high; n++) {
        low = 0x80;
        high = 0xBF;
    }
    return n;
}

/* As String::from_utf8_lossy. */
ap_status ap__utf8_repair(ap__text *out, ap__strings *strings, const char *bytes, size_t len,
                          const char *broken) {
    char *text;
    size_t n = 0, n_broken = strlen(broken);
    *out = (ap__text){bytes, len};
    if (ap__utf8_valid_len(bytes, len) == len) return AP_OK;
    ap_status status = ap__strings_alloc(&text, strings, 3 * len);
    if (status) return status;
    for (size_t at = 0; at < len;) {
        size_t valid = ap__utf8_valid_len(bytes + at, len - at);
        memcpy(text + n, bytes + at, valid);
        n += valid;
        at += valid;
        if (at == len) break;
        memcpy(text + n, broken, n_broken);
        n += n_broken;
        at += broken_len((const unsigned char *)bytes + at, len - at);
    }
    *out = (ap__text){text, n};
    return AP_OK;
}

size_t ap__byte_level_last(char *bytes, size_t n, size_t size, ap__text token) {
    bool are_bytes = true;
    uint32_t code;
    for (size_t at = 0; at < token.len && are_bytes;) {
        at += ap__utf8_next(&code, token.ptr + at);
        are_bytes = ap__char_to_byte(code) >= 0;
    }
    for (size_t at = token.len; at > 0 && n < size;) {
        size_t end = at--;
        while (are_bytes && at > 0 && ap__is_continuation(token.ptr[at])) at--;
        if (are_bytes) ap__utf8_next(&code, token.ptr + at);
        bytes[size - ++n] = are_bytes ? (char)ap__char_to_byte(code) : token.ptr[end - 1];
    }
    return n;
}

bool ap__byte_level_is_open(const char *bytes, size_t n) {
    for (size_t at = n > 3 ? n - 3 : 0; at < n; at++) {
        unsigned char lead = (unsigned char)bytes[at];
        size_t need = lead < 0xC2 || lead > 0xF4 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (need > n - at && broken_len((const unsigned char *)bytes + at, n - at) == n - at) return true;
    }
    return false;
}

static ap_status apply(const void *self, ap__strings *strings) {
    (void)self;
    size_t size = 0, len = 0;
    char *bytes;
    ap__text text;
    for (size_t i = 0; i < strings->n; i++) size += strings->ptr[i].len;
    ap_status status = ap__strings_alloc(&bytes, strings, size);
    if (status) return status;
    for (size_t i = 0; i < strings->n; i++) len += put_bytes(bytes + len, &strings->ptr[i]);
    status = ap__utf8_repair(&text, strings, bytes, len, "\xEF\xBF\xBD");
    if (status) return status;
    strings->n = 0;
    return ap__strings_push(strings, text.ptr, text.len);
}

/* Whether a string is bytes, is said by all of it. */
static unsigned tail(const void *self, bool is_joined) {
    (void)self;
    return AP__TAIL_JOINS | AP__TAIL_BROKEN | (is_joined ? AP__TAIL_OPEN : 0);
}

const ap__decoder_class ap__decoder_byte_level = {
    .create = ap__byte_level_create, .apply = apply, .tail = tail};
