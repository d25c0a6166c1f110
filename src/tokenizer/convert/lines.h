/* Lines of text files, as Python's open() gives them: they end with \n, \r or \r\n. */
#ifndef AP_TOKENIZER_CONVERT_LINES_H
#define AP_TOKENIZER_CONVERT_LINES_H

#include "tokenizer/tokenizer.h"

typedef struct ap__lines {
    const char *at, *end;
    size_t number; /* Of the line that was read last, from 1. */
} ap__lines;

/* Takes the next line off, without its end; false when there is none. `is_ended` (may be NULL): whether the
 * line had an end. */
bool ap__lines_next(ap__lines *lines, ap__text *line, bool *is_ended);

#endif
