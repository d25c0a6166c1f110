/* Source: cpython@v3.11 Objects/unicodeobject.c do_title(), do_capitalize(), do_swapcase(), lower_ucs4(). */
#include "tokenizer/python_case.h"

#include "base/utf8.h"

/* Every `step`th character of [first, last] moves by `delta`. */
typedef struct case_run {
    uint32_t first, last;
    uint8_t step;
    int32_t delta;
} case_run;

typedef struct case_several {
    uint32_t from;
    uint32_t to[3]; /* 0: no more. */
} case_several;

#include "tokenizer/python_tables.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

typedef struct case_table {
    const case_run *runs;
    size_t n_runs;
    const case_several *several;
    size_t n_several;
} case_table;

static const case_table LOWER = {LOWER_RUNS, LENGTH(LOWER_RUNS), LOWER_SEVERAL, LENGTH(LOWER_SEVERAL)};
static const case_table UPPER = {UPPER_RUNS, LENGTH(UPPER_RUNS), UPPER_SEVERAL, LENGTH(UPPER_SEVERAL)};
static const case_table TITLE = {TITLE_RUNS, LENGTH(TITLE_RUNS), TITLE_SEVERAL, LENGTH(TITLE_SEVERAL)};

uint32_t ap__py_flags(uint32_t code) {
    size_t low = 0, high = LENGTH(FLAG_RUNS); /* The last run at or below the code. */
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (FLAG_RUNS[mid] >> FLAG_BITS <= code)
            low = mid;
        else
            high = mid;
    }
    return FLAG_RUNS[low] & ((1u << FLAG_BITS) - 1);
}

/* The one character that it becomes. */
static uint32_t map_one(const case_table *table, uint32_t code) {
    size_t low = 0, high = table->n_runs;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (table->runs[mid].last < code)
            low = mid + 1;
        else
            high = mid;
    }
    const case_run *run = &table->runs[low];
    if (low == table->n_runs || code < run->first || (code - run->first) % run->step) return code;
    return (uint32_t)((int32_t)code + run->delta);
}

static ap_status append(ap__buf *out, uint32_t code, ap_error *err) {
    char bytes[4];
    return ap__buf_append(out, bytes, ap__utf8_encode(bytes, code), err);
}

static size_t map(const case_table *table, uint32_t code, uint32_t out[AP__PY_MAX_CASE]) {
    size_t n = 0;
    for (size_t i = 0; code >= 0x80 && i < table->n_several && !n; i++) {
        if (table->several[i].from != code) continue;
        for (; n < AP__PY_MAX_CASE && table->several[i].to[n]; n++) out[n] = table->several[i].to[n];
    }
    if (!n) out[n++] = map_one(table, code);
    return n;
}

static ap_status append_mapped(ap__buf *out, const case_table *table, uint32_t code, ap_error *err) {
    uint32_t codes[AP__PY_MAX_CASE];
    ap_status status = AP_OK;
    for (size_t i = 0, n = map(table, code, codes); i < n && !status; i++)
        status = append(out, codes[i], err);
    return status;
}

/* Whether a capital sigma at `at` ends a word: a cased character before it and none behind. */
static bool is_final_sigma(ap__text text, size_t at) {
    uint32_t code = 0, flags = AP__PY_CASE_IGNORABLE;
    for (size_t i = at; i && (flags & AP__PY_CASE_IGNORABLE);) {
        do i--;
        while (((unsigned char)text.ptr[i] & 0xC0) == 0x80);
        ap__utf8_next(&code, text.ptr + i);
        flags = ap__py_flags(code);
    }
    if ((flags & AP__PY_CASE_IGNORABLE) || !(flags & AP__PY_CASED)) return false;
    flags = AP__PY_CASE_IGNORABLE;
    for (size_t i = at + 2; i < text.len && (flags & AP__PY_CASE_IGNORABLE);) {
        i += ap__utf8_next(&code, text.ptr + i);
        flags = ap__py_flags(code);
    }
    return (flags & AP__PY_CASE_IGNORABLE) || !(flags & AP__PY_CASED);
}

size_t ap__py_lower_at(ap__text text, size_t at, uint32_t out[AP__PY_MAX_CASE]) {
    enum { CAPITAL_SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2, SIGMA = 0x3C3 };
    uint32_t code;
    ap__utf8_next(&code, text.ptr + at);
    if (code != CAPITAL_SIGMA) return map(&LOWER, code, out);
    out[0] = is_final_sigma(text, at) ? FINAL_SIGMA : SIGMA;
    return 1;
}

static ap_status append_lower(ap__buf *out, ap__text text, size_t at, ap_error *err) {
    uint32_t codes[AP__PY_MAX_CASE];
    ap_status status = AP_OK;
    for (size_t i = 0, n = ap__py_lower_at(text, at, codes); i < n && !status; i++)
        status = append(out, codes[i], err);
    return status;
}

ap_status ap__py_convert(ap__buf *out, ap__text text, ap__py_case to, ap_error *err) {
    ap_status status = AP_OK;
    bool is_inside = false; /* Of a word, or behind the first character. */
    for (size_t at = 0; at < text.len && !status;) {
        uint32_t code;
        size_t n = ap__utf8_next(&code, text.ptr + at);
        bool is_lower = to == AP__PY_TO_LOWER;
        const case_table *table = &UPPER;
        if (to == AP__PY_TO_TITLE || to == AP__PY_TO_CAPITALIZED) {
            table = &TITLE;
            is_lower = is_inside;
        } else if (to == AP__PY_TO_SWAPPED) {
            uint32_t flags = ap__py_flags(code);
            is_lower = flags & AP__PY_UPPER;
            if (!(flags & (AP__PY_UPPER | AP__PY_LOWER))) table = NULL;
        }
        if (is_lower)
            status = append_lower(out, text, at, err);
        else
            status = table ? append_mapped(out, table, code, err) : append(out, code, err);
        is_inside = to == AP__PY_TO_CAPITALIZED || (ap__py_flags(code) & AP__PY_CASED);
        at += n;
    }
    return status;
}
