#include "generate/chat/lexer.h"

#include "base/error.h"
#include "base/utf8.h"
#include "generate/chat/number.h"
#include "tokenizer/python_text.h"

#include <math.h>
#include <string.h>

enum { MAX_NESTED_BRACKETS = 200 };

static const char OPERATORS[][3] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                    "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};

typedef struct lexer {
    ap__jinja *jinja;
    ap__jmem *mem; /* Of the tokens. */
    ap__jtokens *out;
    const char *text;
    size_t at, len;
    bool is_line_start; /* The last token ended with a newline. */
    char closing[MAX_NESTED_BRACKETS];
    size_t n_closing;
} lexer;

/* -- messages ------------------------------------------------------------------------------------------ */

ap_status ap__jinja_locate(const ap__jinja *jinja, size_t at, ap_status status, ap_error *err) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at && i < jinja->source.len; i++) {
        unsigned char byte = (unsigned char)jinja->source.ptr[i];
        if (byte == '\n')
            line++, column = 1;
        else if ((byte & 0xC0) != 0x80)
            column++;
    }
    return ap__error_wrap(err, status, "line %zu, column %zu", line, column);
}

ap_status ap__jinja_fail(const ap__jinja *jinja, size_t at, ap_status status, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    ap__failv(jinja->mem.err, status, fmt, args);
    va_end(args);
    return ap__jinja_locate(jinja, at, status, jinja->mem.err);
}

const char *ap__jtoken_name(const ap__jtoken *token, size_t *len) {
    static const char *const NAMES[] = {"end of template", "text",    "{%",   "%}", "{{", "}}", "name",
                                        "string",          "integer", "float"};
    const char *name;
    if (token->kind == AP__JT_NAME) {
        *len = token->text.len < 64 ? token->text.len : 64;
        return token->text.ptr;
    }
    name = token->kind >= AP__JT_FLOORDIV ? OPERATORS[token->kind - AP__JT_FLOORDIV] : NAMES[token->kind];
    *len = strlen(name);
    return name;
}

/* -- pieces of text ------------------------------------------------------------------------------------ */

static bool has(const lexer *l, size_t at, const char *text) {
    size_t len = strlen(text);
    return l->len - at >= len && !memcmp(l->text + at, text, len);
}

/* Behind the white space that is at `at`. */
static size_t skip_space(const lexer *l, size_t at) {
    while (at < l->len) {
        uint32_t code;
        size_t n = ap__utf8_next(&code, l->text + at);
        if (!ap__py_is_space(code)) break;
        at += n;
    }
    return at;
}

/* The end of [start, end) without the white space there. */
static size_t cut_space(const lexer *l, size_t start, size_t end) {
    while (end > start) {
        size_t at = end - 1;
        uint32_t code;
        while (at > start && ((unsigned char)l->text[at] & 0xC0) == 0x80) at--;
        ap__utf8_next(&code, l->text + at);
        if (!ap__py_is_space(code)) break;
        end = at;
    }
    return end;
}

static bool is_word(uint32_t code) { return code == '_' || ap__py_is_alnum(code); }

static ap_status push(lexer *l, ap__jtoken token) {
    ap__jtokens *out = l->out;
    ap__jtoken *ptr = ap__jmem_grow(l->mem, out->ptr, out->n, &out->capacity, sizeof *ptr);
    if (!ptr) return l->mem->status;
    out->ptr = ptr;
    ptr[out->n++] = token;
    return AP_OK;
}

static ap_status push_kind(lexer *l, ap__jtoken_kind kind) {
    return push(l, (ap__jtoken){.kind = kind, .at = (uint32_t)l->at});
}

static ap_status push_data(lexer *l, size_t start, size_t end) {
    ap__jtoken token = {.kind = AP__JT_DATA, .at = (uint32_t)start};
    token.text = (ap__text){l->text + start, end - start};
    return end > start ? push(l, token) : AP_OK;
}

/* Moves behind what was read. */
static void advance(lexer *l, size_t to) {
    if (to > l->at) l->is_line_start = l->text[to - 1] == '\n';
    l->at = to;
}

/* -- outside of tags ----------------------------------------------------------------------------------- */

/* The end of the text before a tag, when `sign` is what stands behind its opening. */
static size_t strip_before(const lexer *l, size_t start, size_t end, char sign, bool is_variable) {
    if (sign == '-') return cut_space(l, start, end);
    if (sign == '+' || is_variable) return end;
    size_t line = end;
    while (line > start && l->text[line - 1] != '\n') line--;
    if (line == start && !l->is_line_start) return end;
    return skip_space(l, line) >= end ? line : end;
}

/* The end of a tag that closes with `close` at `at`, 0 when it is not there. "-" in front takes white space
 * behind it, "+" or nothing with `trims` the newline. */
static size_t match_close(const lexer *l, size_t at, const char *close, bool has_plus, bool trims) {
    if (at < l->len && l->text[at] == '-' && has(l, at + 1, close)) return skip_space(l, at + 3);
    if (has_plus && at < l->len && l->text[at] == '+' && has(l, at + 1, close)) return at + 3;
    if (!has(l, at, close)) return 0;
    at += 2;
    return trims && at < l->len && l->text[at] == '\n' ? at + 1 : at;
}

/* Behind "raw" or "endraw" and the white space around it; 0 when it is not there. */
static size_t match_word(const lexer *l, size_t at, const char *word) {
    at = skip_space(l, at);
    return has(l, at, word) ? skip_space(l, at + strlen(word)) : 0;
}

static char sign_at(const lexer *l, size_t at) {
    char c = at < l->len ? l->text[at] : 0;
    return c == '-' || c == '+' ? c : 0;
}

static ap_status read_comment(lexer *l, size_t start) {
    for (size_t at = start; at < l->len; at++) {
        size_t end = match_close(l, at, "#}", true, true);
        if (end) {
            advance(l, end);
            return AP_OK;
        }
    }
    return ap__jinja_fail(l->jinja, l->at, AP_EFORMAT, "a comment is not closed: expected \"#}\"");
}

static ap_status read_raw(lexer *l, size_t start) {
    for (size_t at = start; at < l->len; at++) {
        if (!has(l, at, "{%")) continue;
        char sign = sign_at(l, at + 2);
        size_t word = match_word(l, at + 2 + (sign != 0), "endraw");
        size_t end = word ? match_close(l, word, "%}", true, true) : 0;
        if (!end) continue;
        l->is_line_start = l->text[start - 1] == '\n';
        ap_status status = push_data(l, start, strip_before(l, start, at, sign, false));
        advance(l, end);
        return status;
    }
    return ap__jinja_fail(l->jinja, l->at, AP_EFORMAT, "a raw block is not closed: expected \"endraw\"");
}

/* The position behind "{% raw %}" at `at`, 0 when it is another tag. */
static size_t match_raw(const lexer *l, size_t at) {
    if (!has(l, at, "{%")) return 0;
    size_t word = match_word(l, at + 2 + (sign_at(l, at + 2) != 0), "raw");
    return word ? match_close(l, word, "%}", false, false) : 0;
}

static bool is_tag(const lexer *l, size_t at) {
    return l->text[at] == '{' && (has(l, at, "{%") || has(l, at, "{{") || has(l, at, "{#"));
}

static ap_status read_tag(lexer *l);

/* Text up to the next tag, and that tag. */
static ap_status read_root(lexer *l) {
    size_t start = l->at, at = start;
    while (at < l->len && !is_tag(l, at)) at++;
    if (at == l->len) {
        ap_status status = push_data(l, start, at);
        advance(l, at);
        return status;
    }
    char sign = sign_at(l, at + 2), kind = l->text[at + 1];
    ap_status status = push_data(l, start, strip_before(l, start, at, sign, kind == '{'));
    if (status) return status;
    size_t raw = match_raw(l, at);
    advance(l, at);
    if (raw) return read_raw(l, raw);
    if (kind == '#') return read_comment(l, at + 2 + (sign != 0));
    status = push_kind(l, kind == '%' ? AP__JT_BLOCK_BEGIN : AP__JT_VARIABLE_BEGIN);
    advance(l, at + 2 + (sign != 0));
    return status ? status : read_tag(l);
}

/* -- numbers and names --------------------------------------------------------------------------------- */

static bool is_digit_of(char c, int base) {
    if (base == 16 && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) return true;
    return c >= '0' && c < '0' + (base < 10 ? base : 10);
}

/* Digits that single underscores may part; the position behind them, `at` when there are none. */
static size_t skip_digits(const lexer *l, size_t at, int base, bool may_begin_with_underscore) {
    size_t end = at;
    for (;;) {
        size_t next = end + (end < l->len && l->text[end] == '_' && (end > at || may_begin_with_underscore));
        if (next >= l->len || !is_digit_of(l->text[next], base)) return end;
        end = next + 1;
    }
}

static size_t match_float(const lexer *l) {
    size_t at = l->at;
    if (at && l->text[at - 1] == '.') return 0;
    size_t end = skip_digits(l, at, 10, false), fraction = 0, exponent;
    if (end == at) return 0;
    if (end < l->len && l->text[end] == '.') fraction = skip_digits(l, end + 1, 10, false);
    bool has_fraction = fraction > end + 1;
    if (has_fraction) end = fraction;
    if (end < l->len && (l->text[end] == 'e' || l->text[end] == 'E')) {
        size_t digits = end + 1 + (sign_at(l, end + 1) != 0);
        exponent = skip_digits(l, digits, 10, false);
        if (exponent > digits) return exponent;
    }
    return has_fraction ? end : 0;
}

static size_t match_integer(const lexer *l, int *base) {
    static const struct {
        char letter;
        int base;
    } BASES[] = {{'b', 2}, {'o', 8}, {'x', 16}};
    char first = l->text[l->at], second = l->at + 1 < l->len ? (char)(l->text[l->at + 1] | 0x20) : 0;
    *base = 10;
    if (first < '0' || first > '9') return 0;
    for (size_t i = 0; first == '0' && i < sizeof BASES / sizeof *BASES; i++) {
        size_t end = skip_digits(l, l->at + 2, BASES[i].base, true);
        if (second != BASES[i].letter || end == l->at + 2) continue;
        *base = BASES[i].base;
        return end;
    }
    if (first != '0') return skip_digits(l, l->at, 10, false);
    size_t end = l->at + 1; /* Zeros alone: "012" are two numbers. */
    for (;;) {
        size_t next = end + (end < l->len && l->text[end] == '_');
        if (next >= l->len || l->text[next] != '0') return end;
        end = next + 1;
    }
}

static ap_status read_number(lexer *l, size_t end, int base, bool is_float) {
    ap__jtoken token = {.kind = is_float ? AP__JT_FLOAT : AP__JT_INTEGER, .at = (uint32_t)l->at};
    char digits[512];
    size_t n = 0, start = l->at + (base == 10 ? 0 : 2);
    for (size_t i = start; i < end && n < sizeof digits; i++)
        if (l->text[i] != '_') digits[n++] = l->text[i];
    bool is_read = n < sizeof digits;
    if (is_float) {
        double number = 0;
        is_read = is_read && ap__jnumber_parse(&number, digits, n) && isfinite(number);
        token.value = ap__jval_float(number);
    } else {
        int64_t number = 0;
        is_read = is_read && ap__jnumber_parse_int(&number, digits, n, base);
        token.value = ap__jval_int(number);
    }
    if (!is_read)
        return ap__jinja_fail(l->jinja, l->at, AP_EUNSUPPORTED, "numbers beyond 64 bits are not supported");
    advance(l, end);
    return push(l, token);
}

static ap_status read_name(lexer *l) {
    ap__jtoken token = {.kind = AP__JT_NAME, .at = (uint32_t)l->at};
    size_t end = l->at, n = 0;
    while (end < l->len) {
        uint32_t code;
        n = ap__utf8_next(&code, l->text + end);
        if (!is_word(code)) break;
        end += n;
    }
    token.text = (ap__text){l->text + l->at, end - l->at};
    if (end == l->at)
        return ap__jinja_fail(l->jinja, l->at, AP_EFORMAT, "unexpected character \"%.*s\"", (int)n,
                              l->text + l->at);
    advance(l, end);
    return push(l, token);
}

/* -- strings ------------------------------------------------------------------------------------------- */

typedef struct unescaper {
    char *out;
    size_t n;
} unescaper;

static void put(unescaper *u, uint32_t code) { u->n += ap__utf8_encode(u->out + u->n, code); }

/* Up to `max` digits at `at`; returns how many. */
static size_t read_digits(const lexer *l, size_t at, size_t end, size_t max, int base, uint32_t *code) {
    size_t n = 0;
    for (*code = 0; n < max && at + n < end && is_digit_of(l->text[at + n], base); n++) {
        char c = l->text[at + n];
        *code = *code * (uint32_t)base + (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return n;
}

static ap_status fail_escape(const lexer *l, size_t at, const char *why) {
    return ap__jinja_fail(l->jinja, at, AP_EFORMAT, "an escape sequence of a string %s", why);
}

/* Python writes what is not ASCII as an escape sequence before it reads them, so that a backslash before it
 * becomes one of that sequence. */
static void put_escaped_escape(unescaper *u, uint32_t code) {
    static const char DIGITS[] = "0123456789abcdef";
    int n = code < 0x100 ? 2 : code < 0x10000 ? 4 : 8;
    put(u, '\\');
    put(u, n == 2 ? 'x' : n == 4 ? 'u' : 'U');
    for (int i = n - 1; i >= 0; i--) put(u, (uint32_t)DIGITS[code >> (4 * i) & 15]);
}

/* \xNN, \uNNNN, \UNNNNNNNN */
static ap_status put_code(lexer *l, unescaper *u, size_t *at, size_t end, size_t n) {
    uint32_t code;
    size_t start = *at - 2;
    char bytes[4];
    if (read_digits(l, *at, end, n, 16, &code) < n) return fail_escape(l, start, "is cut short");
    if (code > 0x10FFFF) return fail_escape(l, start, "is beyond U+10FFFF");
    if (!ap__utf8_encode(bytes, code)) return fail_escape(l, start, "is half of a surrogate pair");
    put(u, code);
    *at += n;
    return AP_OK;
}

/* The sequence behind a backslash. Source: cpython@v3.11 _PyUnicode_DecodeUnicodeEscapeInternal(). */
static ap_status unescape(lexer *l, unescaper *u, size_t *at, size_t end) {
    static const char FROM[] = "abfnrtv'\"\\", TO[] = "\a\b\f\n\r\t\v'\"\\";
    uint32_t code;
    *at += ap__utf8_next(&code, l->text + *at);
    const char *simple = code && code < 0x80 ? strchr(FROM, (int)code) : NULL;
    if (code == '\n') return AP_OK;
    if (code == 'x' || code == 'u' || code == 'U')
        return put_code(l, u, at, end, code == 'x' ? 2 : code == 'u' ? 4 : 8);
    if (code == 'N') return fail_escape(l, *at - 2, "names a character (\\N), which is not supported");
    if (simple) {
        put(u, (uint32_t)TO[simple - FROM]);
    } else if (code >= '0' && code <= '7') {
        *at += read_digits(l, *at - 1, end, 3, 8, &code) - 1;
        put(u, code);
    } else if (code >= 0x80) {
        put_escaped_escape(u, code);
    } else {
        put(u, '\\');
        put(u, code);
    }
    return AP_OK;
}

static ap_status read_string(lexer *l) {
    ap__jtoken token = {.kind = AP__JT_STRING, .at = (uint32_t)l->at};
    size_t end = l->at + 1;
    while (end < l->len && l->text[end] != l->text[l->at]) end += l->text[end] == '\\' ? 2 : 1;
    if (end >= l->len) return ap__jinja_fail(l->jinja, l->at, AP_EFORMAT, "a string is not closed");
    /* "\é" is the longest: 3 bytes become 5. */
    unescaper u = {ap__jmem_alloc(&l->jinja->mem, end - l->at, 4), 0};
    if (!u.out) return l->jinja->mem.status;
    ap_status status = AP_OK;
    for (size_t at = l->at + 1; at < end && !status;) {
        uint32_t code;
        at += ap__utf8_next(&code, l->text + at);
        if (code == '\\')
            status = unescape(l, &u, &at, end);
        else
            put(&u, code);
    }
    token.text = (ap__text){u.out, u.n};
    advance(l, end + 1);
    return status ? status : push(l, token);
}

/* -- inside of tags ------------------------------------------------------------------------------------ */

static ap_status track_brackets(lexer *l, const char *op) {
    static const char OPEN[] = "([{", CLOSE[] = ")]}";
    const char *open = op[1] ? NULL : strchr(OPEN, *op);
    if (open) {
        if (l->n_closing == MAX_NESTED_BRACKETS)
            return ap__jinja_fail(l->jinja, l->at, AP_ELIMIT, "brackets nest deeper than %d",
                                  MAX_NESTED_BRACKETS);
        l->closing[l->n_closing++] = CLOSE[open - OPEN];
    } else if (!op[1] && strchr(CLOSE, *op)) {
        if (!l->n_closing) return ap__jinja_fail(l->jinja, l->at, AP_EFORMAT, "unexpected \"%s\"", op);
        char expected = l->closing[--l->n_closing];
        if (expected != *op)
            return ap__jinja_fail(l->jinja, l->at, AP_EFORMAT, "unexpected \"%s\", expected \"%c\"", op,
                                  expected);
    }
    return AP_OK;
}

static ap_status read_operator(lexer *l, bool *is_read) {
    for (size_t i = 0; i < sizeof OPERATORS / sizeof *OPERATORS; i++) {
        if (!has(l, l->at, OPERATORS[i])) continue;
        ap_status status = track_brackets(l, OPERATORS[i]);
        *is_read = true;
        if (!status) status = push_kind(l, (ap__jtoken_kind)(AP__JT_FLOORDIV + i));
        advance(l, l->at + strlen(OPERATORS[i]));
        return status;
    }
    return AP_OK;
}

static ap_status read_token(lexer *l) {
    int base;
    bool is_read = false;
    size_t end = match_float(l);
    if (end) return read_number(l, end, 10, true);
    if ((end = match_integer(l, &base))) return read_number(l, end, base, false);
    if (l->text[l->at] == '\'' || l->text[l->at] == '"') return read_string(l);
    ap_status status = read_operator(l, &is_read);
    return status || is_read ? status : read_name(l);
}

/* Tokens up to the end of the tag that was opened. */
static ap_status read_tag(lexer *l) {
    bool is_block = l->out->ptr[l->out->n - 1].kind == AP__JT_BLOCK_BEGIN;
    ap_status status = AP_OK;
    while (!status && l->at < l->len) {
        size_t end = l->n_closing ? 0 : match_close(l, l->at, is_block ? "%}" : "}}", is_block, is_block);
        if (end) {
            status = push_kind(l, is_block ? AP__JT_BLOCK_END : AP__JT_VARIABLE_END);
            advance(l, end);
            return status;
        }
        end = skip_space(l, l->at);
        if (end > l->at)
            advance(l, end);
        else
            status = read_token(l);
    }
    return status;
}

ap_status ap__jlexer_run(ap__jtokens *out, ap__jinja *jinja, ap__jmem *mem) {
    lexer l = {.jinja = jinja, .mem = mem, .out = out, .text = jinja->source.ptr, .len = jinja->source.len};
    l.is_line_start = true;
    ap_status status = AP_OK;
    while (!status && l.at < l.len) status = read_root(&l);
    return status ? status : push_kind(&l, AP__JT_EOF);
}
