/* Precompiled: SentencePiece's character map: a trie of strings and the strings that replace them.
 * Source: huggingface/tokenizers@v0.21.4 normalizers/precompiled.rs, huggingface/spm_precompiled src/lib.rs,
 * google/sentencepiece third_party/darts_clone/darts.h (the units of the trie). */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/grapheme.h"

#include <string.h>

/* A cluster of this many bytes or more is never looked up as a whole. */
enum { CLUSTER_MAX_BYTES = 6 };

typedef struct precompiled {
    uint32_t *units; /* Of a double-array trie. */
    size_t n_units;
    const char *strings; /* Replacements, each ended by NUL. */
    size_t strings_len;
    bool keeps[128]; /* ASCII characters that are not replaced. */
} precompiled;

/* -- reading ------------------------------------------------------------------------------------------- */

static int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648 with padding. False when the text is not that. */
static bool decode_base64(unsigned char *out, size_t *out_len, const char *text, size_t len) {
    size_t n = 0;
    if (len % 4) return false;
    size_t n_pads = len && text[len - 1] == '=' ? 1 + (text[len - 2] == '=') : 0;
    for (size_t i = 0; i < len; i += 4) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 4; k++) {
            bool is_pad = i + k >= len - n_pads;
            int value = is_pad ? 0 : base64_value(text[i + k]);
            if (value < 0) return false;
            bits = bits << 6 | (uint32_t)value;
        }
        for (int shift = 16; shift >= 0; shift -= 8) out[n++] = (unsigned char)(bits >> shift);
    }
    *out_len = n - n_pads;
    return true;
}

static uint32_t read_u32(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Source: spm_precompiled parse: the size of the trie in bytes, the trie, the strings. */
static ap_status parse(precompiled *self, ap__loader *loader, const unsigned char *blob, size_t len) {
    size_t n_units = len < 4 ? SIZE_MAX : read_u32(blob) / 4;
    if (n_units == SIZE_MAX || n_units > (len - 4) / 4)
        return ap__loader_fail(loader, AP_EFORMAT, "precompiled_charsmap",
                               "the trie is longer than the data (%zu bytes)", len);
    ap_status status = ap__loader_alloc(loader, &self->units, n_units, sizeof *self->units);
    if (status) return status;
    for (size_t i = 0; i < n_units; i++) self->units[i] = read_u32(blob + 4 + 4 * i);
    self->n_units = n_units;
    const char *strings = (const char *)blob + 4 + 4 * n_units;
    self->strings_len = len - 4 - 4 * n_units;
    if (ap__utf8_valid_len(strings, self->strings_len) < self->strings_len)
        return ap__loader_fail(loader, AP_EFORMAT, "precompiled_charsmap", "the replacements are not UTF-8");
    self->strings = ap__arena_strndup(loader->arena, strings, self->strings_len);
    return self->strings ? AP_OK : ap__fail_nomem(loader->err);
}

/* -- look-up ------------------------------------------------------------------------------------------- */

static bool has_leaf(uint32_t unit) { return unit >> 8 & 1; }
static uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFF; }
static uint32_t label_of(uint32_t unit) { return unit & 0x800000FF; }
static uint32_t offset_of(uint32_t unit) { return unit >> 10 << ((unit & 1u << 9) >> 6); }

/* What replaces the text: that of the shortest entry that it begins with; a NULL text when there is none.
 * Entries that point outside, where the reference panics, are none. */
static ap__text replacement(const precompiled *self, const char *text, size_t len) {
    ap__text none = {0};
    if (!self->n_units) return none;
    size_t at = offset_of(self->units[0]);
    for (size_t i = 0; i < len && text[i]; i++) {
        unsigned char byte = (unsigned char)text[i];
        at ^= byte;
        if (at >= self->n_units || label_of(self->units[at]) != byte) return none;
        uint32_t unit = self->units[at];
        at ^= offset_of(unit);
        if (!has_leaf(unit)) continue;
        size_t start = at < self->n_units ? value_of(self->units[at]) : SIZE_MAX;
        if (start > self->strings_len) return none;
        return (ap__text){self->strings + start, strlen(self->strings + start)};
    }
    return none;
}

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    precompiled *self;
    ap__text text = {0};
    unsigned char *blob;
    size_t len;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_string(loader, json, "precompiled_charsmap", true, &text);
    if (!status) status = ap__loader_alloc(loader, &blob, text.len / 4 + 1, 3);
    if (status) return status;
    if (!decode_base64(blob, &len, text.ptr, text.len))
        return ap__loader_fail(loader, AP_EFORMAT, "precompiled_charsmap", "expected base64");
    *out = self;
    if ((status = parse(self, loader, blob, len))) return status;
    for (unsigned c = 0; c < 128; c++) {
        char byte = (char)c;
        self->keeps[c] = !replacement(self, &byte, 1).ptr;
    }
    return AP_OK;
}

/* -- applying ------------------------------------------------------------------------------------------ */

/* The character put last waits, because what follows may change what it did: a replacement by nothing lets it
 * swallow what was there. Source: precompiled.rs replace. */
typedef struct pass {
    const precompiled *self;
    ap__transform t;
    uint32_t code;
    long change;
    bool has_waiting, is_modified;
} pass;

static void flush(pass *p) {
    if (p->has_waiting) ap__transform_put(&p->t, p->code, p->change);
    p->has_waiting = false;
}

static void emit(pass *p, uint32_t code, long change) {
    flush(p);
    p->code = code;
    p->change = change;
    p->has_waiting = true;
}

/* Puts `to` in the place of `n_old` characters: what there is more of is added, what there is less of the
 * last one swallows; at the start of a text nothing does. */
static void replace(pass *p, ap__text to, size_t n_old) {
    size_t n_new = ap__utf8_count(to.ptr, to.len), i = 0;
    p->is_modified = true;
    for (size_t at = 0; at < to.len; i++) {
        uint32_t code;
        at += ap__utf8_next(&code, to.ptr + at);
        emit(p, code, i >= n_old);
    }
    if (n_new < n_old) p->change -= (long)(n_old - n_new);
}

static void put_cluster(pass *p, const char *text, uint32_t len) {
    ap__text whole = len < CLUSTER_MAX_BYTES ? replacement(p->self, text, len) : (ap__text){0};
    if (whole.ptr) {
        replace(p, whole, ap__utf8_count(text, len));
        return;
    }
    for (uint32_t at = 0; at < len;) {
        uint32_t code;
        uint32_t n = (uint32_t)ap__utf8_next(&code, text + at);
        ap__text one = replacement(p->self, text + at, n);
        if (one.ptr)
            replace(p, one, 1);
        else
            emit(p, code, 0);
        at += n;
    }
}

/* The number of printable ASCII characters that stay; the last is left to its cluster when more than ASCII
 * follows. */
static uint32_t plain_run(const precompiled *self, const char *text, uint32_t len) {
    uint32_t n = 0;
    while (n < len && text[n] >= ' ' && text[n] < 0x7F && self->keeps[(unsigned char)text[n]]) n++;
    return n && n < len && (unsigned char)text[n] >= 0x80 ? n - 1 : n;
}

static ap_status apply(const void *ptr, ap__work *work, ap__ntext *text) {
    pass p = {.self = ptr};
    bool is_plain = ap__ntext_is_plain(text);
    if (plain_run(p.self, text->ptr, text->len) == text->len) return AP_OK;
    ap__work_begin(&p.t, work, text, 0);
    for (uint32_t at = 0; at < text->len && !p.t.status;) {
        uint32_t n = is_plain ? plain_run(p.self, text->ptr + at, text->len - at) : 0;
        if (n) flush(&p);
        /* Characters that nothing was put for are behind, as in the reference; then there is no copying. */
        if (n && p.t.at == at) {
            ap__transform_copy(&p.t, n - 1);
            at += n;
            emit(&p, (unsigned char)text->ptr[at - 1], 0);
            continue;
        }
        uint32_t end = ap__grapheme_end(text->ptr, text->len, at);
        put_cluster(&p, text->ptr + at, end - at);
        at = end;
    }
    flush(&p);
    return p.is_modified ? ap__work_finish(&p.t, work, text) : p.t.status;
}

const ap__normalizer_class ap__normalizer_precompiled = {.create = create, .apply = apply};
