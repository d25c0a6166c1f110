/* Look-up in the generated tables. Hangul is by arithmetic: the Unicode Standard, section 3.12. */
#include "tokenizer/unicode.h"

#include <stddef.h>

typedef struct lower_range {
    uint32_t first, last;
    uint8_t step; /* 2: every second character of the range. */
    int32_t delta;
} lower_range;

typedef struct decomposition {
    uint32_t code;
    uint16_t canonical;
    uint8_t canonical_len;
    uint16_t compatible;
    uint8_t compatible_len;
} decomposition;

typedef struct class_range {
    uint32_t first, last;
    uint8_t class_;
} class_range;

typedef struct composition {
    uint32_t first, second, composite;
} composition;

#include "tokenizer/unicode_tables.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum {
    HANGUL_S = 0xAC00,
    HANGUL_L = 0x1100,
    HANGUL_V = 0x1161,
    HANGUL_T = 0x11A7,
    HANGUL_N_L = 19,
    HANGUL_N_V = 21,
    HANGUL_N_T = 28,
    HANGUL_N_S = HANGUL_N_L * HANGUL_N_V * HANGUL_N_T
};

size_t ap__unicode_lower(uint32_t out[2], uint32_t code) {
    out[0] = code;
    if (code < 0x80) {
        if (code >= 'A' && code <= 'Z') out[0] = code + ('a' - 'A');
        return 1;
    }
    if (!ap__unicode_is(code, AP__UNICODE_HAS_LOWER)) return 1;
    if (code == 0x130) {
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    size_t low = 0, high = COUNT(LOWER_RANGES);
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (code > LOWER_RANGES[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    out[0] = (uint32_t)((int32_t)code + LOWER_RANGES[low].delta);
    return 1;
}

uint32_t ap__unicode_script(uint32_t code) {
    size_t low = 0, high = COUNT(SCRIPT_STARTS); /* The last start at or below the code. */
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (SCRIPT_STARTS[mid] >> 8 <= code)
            low = mid;
        else
            high = mid;
    }
    return SCRIPT_STARTS[low] & 0xFF;
}

static size_t decompose_hangul(uint32_t *out, uint32_t index) {
    uint32_t tail = index % HANGUL_N_T;
    out[0] = HANGUL_L + index / (HANGUL_N_V * HANGUL_N_T);
    out[1] = HANGUL_V + index % (HANGUL_N_V * HANGUL_N_T) / HANGUL_N_T;
    out[2] = HANGUL_T + tail;
    return tail ? 3 : 2;
}

static const decomposition *decomposition_of(uint32_t code) {
    size_t low = 0, high = COUNT(DECOMPOSITIONS) - 1;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (DECOMPOSITIONS[mid].code < code)
            low = mid + 1;
        else
            high = mid;
    }
    return &DECOMPOSITIONS[low];
}

size_t ap__unicode_decompose(uint32_t out[AP__UNICODE_DECOMPOSITION_MAX], uint32_t code, bool is_compatible) {
    if (code >= HANGUL_S && code < HANGUL_S + HANGUL_N_S) return decompose_hangul(out, code - HANGUL_S);
    if (!ap__unicode_is(code, is_compatible ? AP__UNICODE_HAS_NFKD : AP__UNICODE_HAS_NFD)) {
        out[0] = code;
        return 1;
    }
    const decomposition *row = decomposition_of(code);
    const uint32_t *parts = DECOMPOSITION_POOL + (is_compatible ? row->compatible : row->canonical);
    size_t n = is_compatible ? row->compatible_len : row->canonical_len;
    for (size_t i = 0; i < n; i++) out[i] = parts[i];
    return n;
}

uint8_t ap__unicode_class(uint32_t code) {
    if (!ap__unicode_is(code, AP__UNICODE_HAS_CLASS)) return 0;
    size_t low = 0, high = COUNT(CLASS_RANGES) - 1;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (code > CLASS_RANGES[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    return CLASS_RANGES[low].class_;
}

static uint32_t compose_hangul(uint32_t first, uint32_t second) {
    if (first >= HANGUL_L && first < HANGUL_L + HANGUL_N_L && second >= HANGUL_V &&
        second < HANGUL_V + HANGUL_N_V)
        return HANGUL_S + ((first - HANGUL_L) * HANGUL_N_V + (second - HANGUL_V)) * HANGUL_N_T;
    if (first >= HANGUL_S && first < HANGUL_S + HANGUL_N_S && (first - HANGUL_S) % HANGUL_N_T == 0 &&
        second > HANGUL_T && second < HANGUL_T + HANGUL_N_T)
        return first + (second - HANGUL_T);
    return 0;
}

uint32_t ap__unicode_compose(uint32_t first, uint32_t second) {
    uint32_t hangul = compose_hangul(first, second);
    if (hangul || !ap__unicode_is(second, AP__UNICODE_JOINS)) return hangul;
    size_t low = 0, high = COUNT(COMPOSITIONS);
    while (low < high) {
        size_t mid = (low + high) / 2;
        const composition *row = &COMPOSITIONS[mid];
        if (row->first < first || (row->first == first && row->second < second))
            low = mid + 1;
        else
            high = mid;
    }
    if (low == COUNT(COMPOSITIONS)) return 0;
    const composition *found = &COMPOSITIONS[low];
    return found->first == first && found->second == second ? found->composite : 0;
}
