/* Lines and words as Python has them.
 * Source: python@3.11 io.TextIOWrapper (universal newlines), str.split. */
#include "tokenizer/convert/lines.h"

#include "base/utf8.h"

bool ap__lines_next(ap__lines *lines, ap__text *line, bool *is_ended) {
    const char *start = lines->at, *at = start;
    if (at >= lines->end) return false;
    while (at < lines->end && *at != '\n' && *at != '\r') at++;
    *line = (ap__text){start, (size_t)(at - start)};
    if (is_ended) *is_ended = at < lines->end;
    if (at < lines->end) at += at[0] == '\r' && at + 1 < lines->end && at[1] == '\n' ? 2 : 1;
    lines->at = at;
    lines->number++;
    return true;
}

bool ap__is_python_space(uint32_t code) {
    if (code < 0x80) return (code >= 9 && code <= 13) || (code >= 0x1C && code <= 0x20);
    return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
           code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

bool ap__python_word_next(ap__text *text, ap__text *word) {
    uint32_t code;
    size_t at = 0, start;
    while (at < text->len) {
        size_t n = ap__utf8_next(&code, text->ptr + at);
        if (!ap__is_python_space(code)) break;
        at += n;
    }
    start = at;
    while (at < text->len) {
        size_t n = ap__utf8_next(&code, text->ptr + at);
        if (ap__is_python_space(code)) break;
        at += n;
    }
    *word = (ap__text){text->ptr + start, at - start};
    *text = (ap__text){text->ptr + at, text->len - at};
    return word->len != 0;
}
