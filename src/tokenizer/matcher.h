/* What Split and Replace look for in a text: a string or a regular expression. */
#ifndef AP_TOKENIZER_MATCHER_H
#define AP_TOKENIZER_MATCHER_H

#include "tokenizer/regex.h"
#include "tokenizer/scanners.h"

typedef struct ap__matcher {
    ap__text string;        /* Looked for as it is, unless there is a regex; it may be empty. */
    const ap__regex *regex; /* Or NULL. */
    ap__scan_fn *scan;      /* Takes the regex's place where it is a well-known one; else NULL. */
} ap__matcher;

/* Reads the member "pattern": {"String": ...} or {"Regex": ...}. */
ap_status ap__matcher_read(ap__matcher *out, ap__loader *loader, yyjson_val *json);

/* A walk over the matches of a text, from left to right. All zero but the first three to start. */
typedef struct ap__matches {
    const ap__matcher *matcher;
    ap__text text;
    ap__regex_scratch **scratch; /* Of the call. */
    uint32_t at;
    uint32_t last_end; /* Of the last match, plus 1; 0: there was none. */
    ap_status status;
} ap__matches;

/* The next match; false when there is none, or when the search failed (`status`). A match may be empty, but
 * not right behind the one before. */
bool ap__matches_next(ap__matches *matches, ap__span *match, ap_error *err);

#endif
