/* Where the characters of a text are: UTF-8 counts bytes, Python counts characters. */
#ifndef AP_BASE_CHAR_INDEX_H
#define AP_BASE_CHAR_INDEX_H

#include <accelpipe/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ap__char_index {
    const char *text; /* Borrowed; valid UTF-8. */
    size_t len_bytes, len_chars;
    size_t *marks; /* The byte position of every 128th character; NULL: all characters are single bytes. */
} ap__char_index;

/* @param[out] out owned: ap__char_index_clear(), also after a failure. */
ap_status ap__char_index_create(ap__char_index *out, const char *text, size_t len_bytes, ap_error *err);
void ap__char_index_clear(ap__char_index *index);

/* The byte position of a character; of one behind the end, the end. */
size_t ap__char_index_byte(const ap__char_index *index, size_t i_char);

#endif
