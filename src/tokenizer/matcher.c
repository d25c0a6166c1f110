/* Matches of strings and regular expressions.
 * Source: rust-onig/rust-onig@v6.4.0 onig/src/find.rs FindMatches; huggingface/tokenizers@v0.21.4
 * tokenizer/pattern.rs. */
#include "tokenizer/matcher.h"

#include "base/error.h"

#include <string.h>

ap_status ap__matcher_read(ap__matcher *out, ap__loader *loader, yyjson_val *json) {
    yyjson_val *pattern;
    ap__text text = {0};
    *out = (ap__matcher){0};
    ap_status status = ap__get_object(loader, json, "pattern", &pattern);
    if (status) return status;
    bool is_regex = yyjson_obj_get(pattern, "Regex") != NULL;
    if (yyjson_obj_size(pattern) != 1)
        return ap__loader_fail(loader, AP_EFORMAT, "pattern",
                               "expected an object with \"String\" or \"Regex\"");
    size_t mark = ap__loader_enter(loader, "pattern", 0);
    status = ap__get_string(loader, pattern, is_regex ? "Regex" : "String", true, &text);
    if (!status && is_regex) {
        out->scan = ap__scanner_find(text);
        status = ap__regex_create(&out->regex, loader, "Regex", text);
    }
    if (status) return status;
    ap__loader_leave(loader, mark);
    out->string = text;
    return AP_OK;
}

/* The string is empty at every place, otherwise looked for by its first byte. */
static bool find_string(const ap__text *string, const ap__text *text, uint32_t from, ap__span *match) {
    size_t at = from;
    *match = (ap__span){from, from};
    if (!string->len) return true;
    while (at + string->len <= text->len) {
        const char *lead = memchr(text->ptr + at, string->ptr[0], text->len - at - string->len + 1);
        if (!lead) return false;
        at = (size_t)(lead - text->ptr);
        if (!memcmp(lead, string->ptr, string->len)) {
            *match = (ap__span){(uint32_t)at, (uint32_t)(at + string->len)};
            return true;
        }
        at++;
    }
    return false;
}

static bool find(ap__matches *m, ap__span *match, ap_error *err) {
    bool is_found = false;
    if (m->matcher->scan) {
        uint32_t len = (uint32_t)m->text.len;
        return m->at < len && m->matcher->scan(m->text.ptr, len, m->at, match);
    }
    if (!m->matcher->regex) return find_string(&m->matcher->string, &m->text, m->at, match);
    m->status = ap__regex_search(m->matcher->regex, m->scratch, m->text, m->at, match, &is_found, err);
    return is_found;
}

bool ap__matches_next(ap__matches *m, ap__span *match, ap_error *err) {
    while (m->at <= m->text.len && find(m, match, err)) {
        bool is_empty = match->start == match->end;
        m->at = match->end;
        if (is_empty && m->last_end == match->end + 1) {
            m->at += match->end < m->text.len ? ap__utf8_len(m->text.ptr[match->end]) : 1;
            continue;
        }
        m->last_end = match->end + 1;
        return true;
    }
    return false;
}
