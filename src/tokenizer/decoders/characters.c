/* What the slow tokenizers of characters, bytes and words make of tokens.
 * Source: transformers@v4.55.4 tokenization_utils.py _decode; convert_tokens_to_string of
 * models/vits/tokenization_vits.py, models/byt5/tokenization_byt5.py,
 * models/myt5/tokenization_myt5.py, models/perceiver/tokenization_perceiver.py. */
#include "base/buf.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/decoders/apart.h"
#include "tokenizer/models/rewriter.h"
#include "tokenizer/python_text.h"

#include <string.h>

typedef enum joining {
    JOIN_WORDS,       /* A space between them. */
    JOIN_PIECES,      /* The same, and "@@ " goes; */
    JOIN_SUBWORDS,    /* that, stripped; */
    JOIN_MARKS,       /* or nothing between them, U+2581 becomes a space, and that stripped. */
    JOIN_CHARACTERS,  /* Nothing between them. */
    JOIN_SPACED,      /* Of several, every other one is a blank that is left out. */
    JOIN_HEX,         /* Bytes in hexadecimal, which are rewritten; what is not UTF-8 is left out. */
    JOIN_BYTES,       /* Characters are bytes; what is not UTF-8 is left out, */
    JOIN_BYTES_LOSSY, /* or becomes U+FFFD. */
    JOIN_BYTE_LEVEL   /* The same of the byte alphabet. */
} joining;

typedef struct characters {
    joining joining;
    ap__vocab apart, added; /* Added tokens are no bytes. */
    ap__rewriters rewriters;
} characters;

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    static const char *const NAMES[] = {"words",       "pieces",     "subwords", "marks",
                                        "characters",  "spaced",     "hex",      "bytes",
                                        "bytes_lossy", "byte_level", NULL};
    characters *self;
    int how = 0;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_enum(loader, json, "joining", true, NAMES, &how);
    if (!status) status = ap__get_strings(loader, json, "apart", 0, &self->apart);
    if (!status) status = ap__get_strings(loader, json, "added", 0, &self->added);
    if (!status) status = ap__rewriters_read(&self->rewriters, loader, json);
    if (!status) self->joining = (joining)how;
    *out = self;
    return status;
}

static ap_status join(ap__text *out, ap__strings *strings, size_t start, size_t end, size_t step,
                      const char *separator) {
    ap__strings parts;
    ap_status status = ap__strings_create(&parts, strings->arena, end - start, strings->err);
    for (size_t i = start; i < end && !status; i += step)
        status = ap__strings_push(&parts, strings->ptr[i].ptr, strings->ptr[i].len);
    return status ? status : ap__strings_join(out, &parts, separator);
}

/* A character below 256 is the byte of that number, unless it is an added token. */
static size_t put_bytes(char *out, const characters *self, const ap__text *token) {
    uint32_t code;
    bool is_one = token->len && ap__utf8_next(&code, token->ptr) == token->len;
    if (is_one && code < 256 && !ap__has_string(&self->added, token)) {
        out[0] = (char)code;
        return 1;
    }
    if (token->len) memcpy(out, token->ptr, token->len);
    return token->len;
}

/* Characters of the byte alphabet are bytes; the reference fails where there is another. */
static size_t put_alphabet(char *out, const ap__text *token) {
    size_t n = 0;
    for (size_t at = 0, len; at < token->len; at += len) {
        uint32_t code;
        len = ap__utf8_next(&code, token->ptr + at);
        int byte = ap__char_to_byte(code);
        if (byte < 0) memcpy(out + n, token->ptr + at, len);
        if (byte >= 0) out[n] = (char)byte;
        n += byte < 0 ? len : 1;
    }
    return n;
}

static ap_status join_bytes(ap__text *out, const characters *self, ap__strings *strings, size_t start,
                            size_t end) {
    size_t size = 0, len = 0;
    char *bytes;
    for (size_t i = start; i < end; i++) size += strings->ptr[i].len;
    ap_status status = ap__strings_alloc(&bytes, strings, size);
    for (size_t i = start; i < end && !status; i++)
        len += self->joining == JOIN_BYTE_LEVEL ? put_alphabet(bytes + len, &strings->ptr[i])
                                                : put_bytes(bytes + len, self, &strings->ptr[i]);
    if (status) return status;
    const char *broken = self->joining == JOIN_BYTES ? "" : "\xEF\xBF\xBD";
    return ap__utf8_repair(out, strings, bytes, len, broken);
}

static int digit_of(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that a token names; -1 when it names none, or is an added one. */
static int hex_of(const characters *self, const ap__text *token) {
    if (token->len != 2 || ap__has_string(&self->added, token)) return -1;
    int high = digit_of(token->ptr[0]), low = digit_of(token->ptr[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Appends what the bytes of a run of tokens from `start` on are rewritten to.   @param[out] n of tokens */
static ap_status put_run(ap__buf *out, const characters *self, ap__strings *strings, size_t start, size_t end,
                         size_t *n) {
    ap__spanned bytes = {.bytes = ap__arena_alloc(strings->arena, end - start),
                         .spans = ap__arena_calloc(strings->arena, end - start, sizeof *bytes.spans)};
    if (!bytes.bytes || !bytes.spans) return ap__fail_nomem(strings->err);
    for (int byte; start + bytes.n < end && (byte = hex_of(self, &strings->ptr[start + bytes.n])) >= 0;)
        bytes.bytes[bytes.n++] = (char)byte;
    *n = bytes.n;
    ap_status status = ap__rewriters_apply(&self->rewriters, strings->arena, &bytes, strings->err);
    return status || !bytes.n ? status : ap__buf_append(out, bytes.bytes, bytes.n, strings->err);
}

static ap_status join_hex(ap__text *out, const characters *self, ap__strings *strings, size_t start,
                          size_t end) {
    ap__buf joined = {0};
    char *bytes = NULL;
    ap_status status = AP_OK;
    for (size_t i = start, n = 0; i < end && !status; i += n) {
        const ap__text *token = &strings->ptr[i];
        if (hex_of(self, token) >= 0) {
            status = put_run(&joined, self, strings, i, end, &n);
        } else {
            n = 1;
            if (token->len) status = ap__buf_append(&joined, token->ptr, token->len, strings->err);
        }
    }
    if (!status) status = ap__strings_alloc(&bytes, strings, joined.len);
    if (!status && joined.len) memcpy(bytes, joined.ptr, joined.len);
    size_t len = joined.len;
    ap__buf_clear(&joined);
    return status ? status : ap__utf8_repair(out, strings, bytes, len, "");
}

static ap_status convert(const void *ptr, ap__strings *strings, size_t start, size_t end, ap__text *out) {
    const characters *self = ptr;
    bool is_spaced = self->joining == JOIN_SPACED && end - start > 1;
    if (self->joining == JOIN_HEX) return join_hex(out, self, strings, start, end);
    if (self->joining >= JOIN_BYTES) return join_bytes(out, self, strings, start, end);
    ap_status status = join(out, strings, start + is_spaced, end, is_spaced ? 2 : 1,
                            self->joining <= JOIN_SUBWORDS ? " " : NULL);
    if (!status && (self->joining == JOIN_PIECES || self->joining == JOIN_SUBWORDS))
        status = ap__strings_replace(strings, out, (ap__text){"@@ ", 3}, (ap__text){"", 0});
    if (!status && self->joining == JOIN_MARKS)
        status = ap__strings_replace(strings, out, (ap__text){"\xE2\x96\x81", 3}, (ap__text){" ", 1});
    if (self->joining == JOIN_SUBWORDS || self->joining == JOIN_MARKS) *out = ap__py_strip(*out);
    return status;
}

static ap_status apply(const void *ptr, ap__strings *strings) {
    const characters *self = ptr;
    return ap__decode_apart(strings, &self->apart, convert, self);
}

static unsigned tail(const void *self, bool is_joined) {
    (void)self;
    (void)is_joined;
    return AP__TAIL_OPEN | AP__TAIL_JOINS;
}

const ap__decoder_class ap__decoder_characters = {.create = create, .apply = apply, .tail = tail};
