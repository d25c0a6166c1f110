#define _GNU_SOURCE /* memmem, which takes linear time */
#include "generate/chat/text.h"

#include "base/utf8.h"
#include "tokenizer/python_text.h"

#include <string.h>

size_t ap__jtext_offset(ap__text text, size_t i_char) {
    size_t at = 0;
    for (; i_char && at < text.len; i_char--) {
        uint32_t code;
        at += ap__utf8_next(&code, text.ptr + at);
    }
    return at;
}

size_t ap__jtext_find(ap__text text, ap__text part, size_t from) {
    if (from > text.len || part.len > text.len - from) return SIZE_MAX;
    if (!part.len) return from;
    const char *found = memmem(text.ptr + from, text.len - from, part.ptr, part.len);
    return found ? (size_t)(found - text.ptr) : SIZE_MAX;
}

size_t ap__jtext_find_last(ap__text text, ap__text part) {
    if (part.len > text.len) return SIZE_MAX;
    for (size_t at = text.len - part.len;; at--) {
        if (!part.len || !memcmp(text.ptr + at, part.ptr, part.len)) return at;
        if (!at) return SIZE_MAX;
    }
}

static bool is_stripped(uint32_t code, const char *bytes, size_t n, const ap__text *chars) {
    if (!chars) return ap__py_is_space(code);
    return ap__jtext_find(*chars, (ap__text){bytes, n}, 0) != SIZE_MAX;
}

ap__text ap__jtext_strip(ap__text text, const ap__text *chars, bool at_start, bool at_end) {
    size_t start = 0, end = text.len;
    while (at_start && start < end) {
        uint32_t code;
        size_t n = ap__utf8_next(&code, text.ptr + start);
        if (!is_stripped(code, text.ptr + start, n, chars)) break;
        start += n;
    }
    while (at_end && end > start) {
        uint32_t code;
        size_t at = end - 1;
        while (at > start && ((unsigned char)text.ptr[at] & 0xC0) == 0x80) at--;
        ap__utf8_next(&code, text.ptr + at);
        if (!is_stripped(code, text.ptr + at, end - at, chars)) break;
        end = at;
    }
    return start || end < text.len ? ap__jtext_part(text, start, end) : text;
}

static bool is_line_end(uint32_t code) {
    return (code >= 0x0A && code <= 0x0D) || (code >= 0x1C && code <= 0x1E) || code == 0x85 ||
           code == 0x2028 || code == 0x2029;
}

size_t ap__jtext_line(ap__text text, size_t start, size_t *next) {
    size_t at = start;
    while (at < text.len) {
        uint32_t code;
        size_t n = ap__utf8_next(&code, text.ptr + at);
        if (is_line_end(code)) {
            bool is_pair = code == '\r' && at + 1 < text.len && text.ptr[at + 1] == '\n';
            *next = at + n + is_pair;
            return at;
        }
        at += n;
    }
    *next = at;
    return at;
}
