/* Marks at every so many characters; the rest is counted. */
#include "base/char_index.h"

#include "base/alloc.h"
#include "base/error.h"

enum { CHARS_PER_MARK = 128 };

static int is_start(char byte) { return ((unsigned char)byte & 0xC0) != 0x80; }

ap_status ap__char_index_create(ap__char_index *out, const char *text, size_t len_bytes, ap_error *err) {
    *out = (ap__char_index){.text = text, .len_bytes = len_bytes};
    for (size_t i = 0; i < len_bytes; i++) out->len_chars += (size_t)is_start(text[i]);
    if (out->len_chars == len_bytes) return AP_OK;
    out->marks = ap__calloc(out->len_chars / CHARS_PER_MARK + 1, sizeof *out->marks);
    if (!out->marks) return ap__fail_nomem(err);
    for (size_t i = 0, i_char = 0; i < len_bytes; i++) {
        if (!is_start(text[i])) continue;
        if (i_char % CHARS_PER_MARK == 0) out->marks[i_char / CHARS_PER_MARK] = i;
        i_char++;
    }
    return AP_OK;
}

void ap__char_index_clear(ap__char_index *index) {
    ap__free(index->marks);
    *index = (ap__char_index){0};
}

size_t ap__char_index_byte(const ap__char_index *index, size_t i_char) {
    if (i_char >= index->len_chars) return index->len_bytes;
    if (!index->marks) return i_char;
    size_t at = index->marks[i_char / CHARS_PER_MARK];
    for (size_t n = i_char % CHARS_PER_MARK; n; n--)
        for (at++; !is_start(index->text[at]);) at++;
    return at;
}
