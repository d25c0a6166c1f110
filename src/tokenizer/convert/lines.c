/* Source: python@3.11 io.TextIOWrapper (universal newlines). */
#include "tokenizer/convert/lines.h"

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
