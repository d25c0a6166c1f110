/* Growing, lower case, and the canonical forms. */
#include "tokenizer/tapas/codes.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/unicode.h"

#include <string.h>

static ap_status reserve(ap__codes *codes, size_t extra, ap_error *err) {
    void *ptr = codes->ptr;
    if (extra > AP__TEXT_MAX_BYTES - codes->n)
        return ap__fail(err, AP_ELIMIT, "a text has more than %zu characters", AP__TEXT_MAX_BYTES);
    if (!ap__grow(&ptr, &codes->capacity, codes->n + extra, sizeof *codes->ptr, AP__TEXT_MAX_BYTES))
        return ap__fail_nomem(err);
    codes->ptr = ptr;
    return AP_OK;
}

ap_status ap__codes_push(ap__codes *codes, uint32_t code, ap_error *err) {
    ap_status status = reserve(codes, 1, err);
    if (!status) codes->ptr[codes->n++] = code;
    return status;
}

ap_status ap__codes_append(ap__codes *codes, const uint32_t *from, size_t n, ap_error *err) {
    ap_status status = n ? reserve(codes, n, err) : AP_OK;
    if (status || !n) return status;
    memcpy(codes->ptr + codes->n, from, n * sizeof *from);
    codes->n += n;
    return AP_OK;
}

void ap__codes_clear(ap__codes *codes) {
    ap__free(codes->ptr);
    *codes = (ap__codes){0};
}

ap_status ap__codes_of_text(ap__codes *codes, ap__text text, ap_error *err) {
    ap_status status = text.len ? reserve(codes, text.len, err) : AP_OK;
    for (size_t at = 0; at < text.len && !status;)
        at += ap__utf8_next(&codes->ptr[codes->n++], text.ptr + at);
    return status;
}

ap_status ap__codes_push_lower(ap__codes *codes, uint32_t code, ap_error *err) {
    uint32_t lower[2];
    size_t n = ap__unicode_lower(lower, code);
    return ap__codes_append(codes, lower, n, err);
}

/* -- canonical forms ----------------------------------------------------------------------------------- */

/* Sorts marks by class, keeping the order of equal ones: counted, so that a long run costs no square. */
static ap_status sort_marks(uint32_t *marks, size_t n, ap_error *err) {
    size_t starts[257] = {0};
    uint32_t *sorted = ap__calloc(n, sizeof *sorted);
    if (!sorted) return ap__fail_nomem(err);
    for (size_t i = 0; i < n; i++) starts[ap__unicode_class(marks[i]) + 1]++;
    for (size_t c = 0; c < 256; c++) starts[c + 1] += starts[c];
    for (size_t i = 0; i < n; i++) sorted[starts[ap__unicode_class(marks[i])]++] = marks[i];
    memcpy(marks, sorted, n * sizeof *marks);
    ap__free(sorted);
    return AP_OK;
}

static bool is_sorted(const uint32_t *marks, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (ap__unicode_class(marks[i - 1]) > ap__unicode_class(marks[i])) return false;
    return true;
}

ap_status ap__codes_decompose(ap__codes *codes, const uint32_t *from, size_t n, ap_error *err) {
    uint32_t parts[AP__UNICODE_DECOMPOSITION_MAX];
    size_t first = codes->n;
    ap_status status = AP_OK;
    for (size_t i = 0; i < n && !status; i++)
        status = ap__codes_append(codes, parts, ap__unicode_decompose(parts, from[i], false), err);
    for (size_t i = first; i < codes->n && !status;) {
        size_t start = i;
        while (i < codes->n && ap__unicode_class(codes->ptr[i]) != 0) i++;
        if (!is_sorted(codes->ptr + start, i - start))
            status = sort_marks(codes->ptr + start, i - start, err);
        i += i == start;
    }
    return status;
}

void ap__codes_compose(ap__codes *codes) {
    size_t n = 0, starter = 0, n_behind = 0;
    bool has_starter = false;
    uint8_t last_class = 0;
    for (size_t i = 0; i < codes->n; i++) {
        uint32_t code = codes->ptr[i];
        uint8_t class_ = ap__unicode_class(code);
        bool is_blocked = n_behind && last_class >= class_;
        uint32_t composed = has_starter && !is_blocked ? ap__unicode_compose(codes->ptr[starter], code) : 0;
        if (composed) {
            codes->ptr[starter] = composed;
            continue;
        }
        if (class_ == 0) {
            has_starter = true;
            starter = n;
            n_behind = 0;
        } else {
            n_behind++;
            last_class = class_;
        }
        codes->ptr[n++] = code;
    }
    codes->n = n;
}
