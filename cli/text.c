/* Widths follow Unicode 15's East Asian Width and general categories, for the blocks that people write in;
 * the C library's wcwidth() would need a locale. */
#include "text.h"

#include "memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- UTF-8 --------------------------------------------------------------------------------------------- */

size_t cli_utf8_next(uint32_t *code, const char *text, size_t len) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* By length: less is an overlong form. */
    if (!len) return 0;
    unsigned char lead = (unsigned char)text[0];
    if (lead < 0x80) {
        *code = lead;
        return 1;
    }
    size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || n > len) return 0;
    uint32_t c = lead & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        unsigned char next = (unsigned char)text[i];
        if ((next & 0xC0) != 0x80) return 0;
        c = c << 6 | (next & 0x3F);
    }
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
    *code = c;
    return n;
}

size_t cli_utf8_valid_len(const char *text, size_t len) {
    uint32_t code;
    size_t done = 0;
    for (size_t n; (n = cli_utf8_next(&code, text + done, len - done)); done += n) {
    }
    return done;
}

/* -- width --------------------------------------------------------------------------------------------- */

typedef struct code_range {
    uint32_t first, last;
} code_range;

static const code_range ZERO_WIDTH[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},   {0x0610, 0x061A},   {0x064B, 0x065F},
    {0x093C, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D},   {0x0E31, 0x0E31},   {0x0E34, 0x0E3A},
    {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},   {0x200B, 0x200F},   {0x202A, 0x202E},
    {0x2060, 0x206F}, {0x20D0, 0x20F0}, {0x302A, 0x302D},   {0x3099, 0x309A},   {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0x1F3FB, 0x1F3FF}, {0xE0100, 0xE01EF},
};

static const code_range TWO_COLUMNS[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x2614, 0x2615},   {0x2648, 0x2653},
    {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},
    {0x274C, 0x274C},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},   {0x2B50, 0x2B50},
    {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
    {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F7E0, 0x1F7EB}, {0x1F900, 0x1F9FF},
    {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

static bool is_among(const code_range *ranges, size_t n, uint32_t code) {
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        if (code > ranges[middle].last)
            low = middle + 1;
        else if (code < ranges[middle].first)
            n = middle;
        else
            return true;
    }
    return false;
}

static size_t columns_of(uint32_t code) {
    if (code < 0x300) return 1;
    if (is_among(ZERO_WIDTH, sizeof ZERO_WIDTH / sizeof *ZERO_WIDTH, code)) return 0;
    return is_among(TWO_COLUMNS, sizeof TWO_COLUMNS / sizeof *TWO_COLUMNS, code) ? 2 : 1;
}

size_t cli_text_columns(const char *text, size_t len) {
    size_t columns = 0;
    uint32_t code;
    for (size_t n, i = 0; (n = cli_utf8_next(&code, text + i, len - i)); i += n) columns += columns_of(code);
    return columns;
}

/* -- text that grows ----------------------------------------------------------------------------------- */

static char *room_for(cli_text *text, size_t n) {
    if (n >= text->capacity - text->len || !text->ptr) {
        size_t needed = text->len + n + 1;
        text->capacity = needed + needed / 2 + 32;
        text->ptr = cli_grow(text->ptr, text->capacity, 1);
    }
    return text->ptr + text->len;
}

void cli_text_add(cli_text *text, const char *bytes, size_t len) {
    char *end = room_for(text, len);
    memcpy(end, bytes, len);
    end[len] = '\0';
    text->len += len;
}

void cli_text_addf(cli_text *text, const char *fmt, ...) {
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    if (n > 0) {
        vsnprintf(room_for(text, (size_t)n), (size_t)n + 1, fmt, again);
        text->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void cli_text_add_decimal(cli_text *text, double number, int decimals) {
    long long scale = 1;
    for (int i = 0; i < decimals; i++) scale *= 10;
    long long scaled = llround(fabs(number) * (double)scale);
    cli_text_addf(text, "%s%lld", number < 0 && scaled ? "-" : "", scaled / scale);
    if (decimals) cli_text_addf(text, ".%0*lld", decimals, scaled % scale);
}

void cli_text_clear(cli_text *text) {
    free(text->ptr);
    *text = (cli_text){0};
}

/* -- showing ------------------------------------------------------------------------------------------- */

/* What stands for the character at `bytes`; gives the bytes it takes there. */
static size_t shown(uint32_t *code, const char *bytes, size_t len) {
    size_t n = cli_utf8_next(code, bytes, len);
    bool is_blank = n && (*code == '\t' || *code == '\n' || *code == '\r');
    if (is_blank)
        *code = ' ';
    else if (!n || *code < 0x20 || (*code >= 0x7F && *code < 0xA0))
        *code = 0xFFFD;
    return n ? n : 1;
}

size_t cli_text_add_shown(cli_text *text, const char *bytes, size_t len, size_t max_columns) {
    static const char ellipsis[] = "...", replacement[] = "\xEF\xBF\xBD";
    size_t columns = 0, cut_len = text->len, cut_columns = 0;
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t code;
        n = shown(&code, bytes + i, len - i);
        size_t width = columns_of(code);
        if (columns + width > max_columns) {
            text->len = cut_len;
            cli_text_add(text, ellipsis, sizeof ellipsis - 1);
            return cut_columns + sizeof ellipsis - 1;
        }
        if (code == 0xFFFD)
            cli_text_add(text, replacement, sizeof replacement - 1);
        else
            cli_text_add(text, code == ' ' ? " " : bytes + i, n);
        columns += width;
        if (columns + sizeof ellipsis - 1 <= max_columns) {
            cut_len = text->len;
            cut_columns = columns;
        }
    }
    return columns;
}
