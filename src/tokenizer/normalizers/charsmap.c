/* Reading and searching SentencePiece's character maps. */
#include "tokenizer/normalizers/charsmap.h"

#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

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
static ap_status parse(ap__charsmap *self, ap__loader *loader, const unsigned char *blob, size_t len) {
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

/* Goes down the trie to the next entry behind *i bytes; false when there is none. */
static bool next_entry(const ap__charsmap *map, ap__text text, size_t *at, size_t *i, ap__text *out) {
    while (*i < text.len && text.ptr[*i]) {
        unsigned char byte = (unsigned char)text.ptr[*i];
        *at ^= byte;
        if (*at >= map->n_units || label_of(map->units[*at]) != byte) return false;
        uint32_t unit = map->units[*at];
        *at ^= offset_of(unit);
        ++*i;
        if (!has_leaf(unit)) continue;
        size_t start = *at < map->n_units ? value_of(map->units[*at]) : SIZE_MAX;
        if (start > map->strings_len || ap__is_continuation(map->strings[start])) return false;
        *out = (ap__text){map->strings + start, strlen(map->strings + start)};
        return true;
    }
    return false;
}

ap__text ap__charsmap_shortest(const ap__charsmap *map, const char *text, size_t len) {
    ap__text out = {0};
    size_t at = map->n_units ? offset_of(map->units[0]) : 0, i = 0;
    if (map->n_units) next_entry(map, (ap__text){text, len}, &at, &i, &out);
    return out;
}

bool ap__charsmap_may_begin(const ap__charsmap *map, const char *text, size_t len) {
    ap__text out;
    size_t at = map->n_units ? offset_of(map->units[0]) : 0, i = 0;
    return map->n_units && (next_entry(map, (ap__text){text, len}, &at, &i, &out) || i == len);
}

ap__text ap__charsmap_longest(const ap__charsmap *map, const char *text, size_t len, size_t *n_bytes) {
    ap__text out = {0}, found;
    size_t at = map->n_units ? offset_of(map->units[0]) : 0, i = 0;
    while (map->n_units && next_entry(map, (ap__text){text, len}, &at, &i, &found)) {
        if (i < len && ap__is_continuation(text[i])) continue; /* Half a character. */
        out = found;
        *n_bytes = i;
    }
    return out;
}

ap_status ap__charsmap_read(ap__charsmap *out, ap__loader *loader, yyjson_val *json) {
    ap__text text = {0};
    unsigned char *blob;
    size_t len;
    ap_status status = ap__get_string(loader, json, "precompiled_charsmap", true, &text);
    if (!status) status = ap__loader_alloc(loader, &blob, text.len / 4 + 1, 3);
    if (status) return status;
    if (!decode_base64(blob, &len, text.ptr, text.len))
        return ap__loader_fail(loader, AP_EFORMAT, "precompiled_charsmap", "expected base64");
    return parse(out, loader, blob, len);
}
