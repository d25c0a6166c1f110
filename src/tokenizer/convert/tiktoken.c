/* Files of tiktoken: a token in base64 and its rank a line.
 * Source: openai/tiktoken@0.9.0 tiktoken/load.py load_tiktoken_bpe; transformers@v4.55.4
 * convert_slow_tokenizer.py TikTokenConverter. */
#include "base/error.h"
#include "tokenizer/convert/converter.h"
#include "tokenizer/convert/lines.h"
#include "tokenizer/convert/ranks.h"

#include <string.h>

enum { MAX_TOKENS = 1 << 24 };

/* The pattern that the reference has for every such file. */
static const char PATTERN[] =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

static bool is_base64(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=';
}

bool ap__is_tiktoken(const char *bytes, size_t len) {
    size_t at = 0, digits;
    while (at < len && is_base64(bytes[at])) at++;
    if (!at || at == len || bytes[at] != ' ') return false;
    for (digits = ++at; at < len && bytes[at] >= '0' && bytes[at] <= '9';) at++;
    return at > digits && (at == len || bytes[at] == '\n' || bytes[at] == '\r');
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Takes the next word of ASCII off. */
static ap__text next_word(ap__text *line) {
    size_t at = 0, start;
    while (at < line->len && is_space(line->ptr[at])) at++;
    for (start = at; at < line->len && !is_space(line->ptr[at]);) at++;
    ap__text word = {line->ptr + start, at - start};
    *line = (ap__text){line->ptr + at, line->len - at};
    return word;
}

static bool read_number(ap__text word, uint32_t *out) {
    uint64_t number = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] < '0' || word.ptr[i] > '9' || number >= AP__TOKEN_NONE) return false;
        number = number * 10 + (uint64_t)(word.ptr[i] - '0');
    }
    *out = (uint32_t)number;
    return word.len && number < AP__TOKEN_NONE;
}

static ap_status read_line(ap__converter *c, ap__text line, size_t number, ap__ranked *out) {
    ap__text token = next_word(&line), rank = next_word(&line);
    if (next_word(&line).len || !rank.len)
        return ap__converter_fail(c, AP_EFORMAT, "line %zu: expected a token and its rank", number);
    if (!read_number(rank, &out->rank))
        return ap__converter_fail(c, AP_EFORMAT, "line %zu: expected a rank below %u, found \"%.*s\"", number,
                                  AP__TOKEN_NONE, (int)(rank.len > 40 ? 40 : rank.len), rank.ptr);
    ap_status status = ap__ranked_text(c, token.ptr, token.len, &out->text);
    if (!status && !out->text.ptr)
        return ap__converter_fail(c, AP_EFORMAT, "line %zu: the token is not base64", number);
    out->id = out->rank;
    return status;
}

/* A token that comes again keeps its place and gets the new rank, as in a Python dict. */
static ap_status read_ranks(ap__converter *c, ap__ranked **out, size_t *n) {
    ap__lines lines = {c->bytes.ptr, c->bytes.ptr + c->bytes.len, 0}, counted = lines;
    ap__text line;
    ap__vocab seen;
    while (ap__lines_next(&counted, &line, NULL)) continue;
    if (counted.number > MAX_TOKENS)
        return ap__converter_fail(c, AP_ELIMIT, "%zu lines; at most %d are supported", counted.number,
                                  MAX_TOKENS);
    *out = ap__arena_calloc(&c->arena, counted.number, sizeof **out);
    if (!*out) return ap__fail_nomem(c->err);
    ap_status status = ap__vocab_create(&seen, &c->arena, counted.number, c->bytes.len * 2, c->err);
    while (!status && ap__lines_next(&lines, &line, NULL)) {
        ap__ranked token = {0};
        if (!line.len) continue;
        if ((status = read_line(c, line, lines.number, &token))) return status;
        uint32_t at = ap__vocab_find(&seen, token.text.ptr, token.text.len);
        if (at == AP__TOKEN_NONE) ap__vocab_add(&seen, token.text.ptr, token.text.len, at = (uint32_t)(*n)++);
        (*out)[at] = token;
    }
    return status;
}

/* Adds special tokens behind the vocabulary, each content once. */
typedef struct specials {
    ap__converter *c;
    ap__vocab ids;
    size_t next;
} specials;

static ap_status begin_specials(specials *s, const ap__ranked *tokens, size_t n, size_t n_more,
                                size_t n_bytes) {
    for (size_t i = 0; i < n; i++) n_bytes += tokens[i].text.len;
    ap_status status = ap__vocab_create(&s->ids, &s->c->arena, n + n_more, n_bytes, s->c->err);
    for (size_t i = 0; i < n && !status; i++)
        ap__vocab_add(&s->ids, tokens[i].text.ptr, tokens[i].text.len, tokens[i].id);
    s->next = n;
    return status;
}

static void put_special(specials *s, ap__text text) {
    if (!text.len) return;
    uint32_t id = ap__vocab_find(&s->ids, text.ptr, text.len);
    if (id == AP__TOKEN_NONE) ap__vocab_add(&s->ids, text.ptr, text.len, id = (uint32_t)s->next++);
    ap__put_added(s->c, text, id, true);
}

static ap_status put_additional(ap__converter *c, const ap__ranked *tokens, size_t n) {
    const ap__special_tokens *given = c->request->tokens;
    specials s = {.c = c};
    size_t n_bytes = 0;
    for (size_t i = 0; i < given->n_additional; i++) n_bytes += given->additional[i].flags.content.len;
    ap_status status = begin_specials(&s, tokens, n, given->n_additional, n_bytes);
    for (size_t i = 0; i < given->n_additional && !status; i++)
        put_special(&s, given->additional[i].flags.content);
    return status;
}

static ap_status convert(ap__converter *c, const char *file, const char *pattern, ap__ranked **tokens,
                         size_t *n) {
    ap_status status = ap__converter_read(c, file);
    if (!status) status = read_ranks(c, tokens, n);
    if (!status && !*n) return ap__converter_fail(c, AP_EFORMAT, "it has no tokens");
    return status ? status : ap__put_ranks(c, *tokens, *n, NULL, 0, pattern);
}

/* The folder's tokenizer.model. */
ap_status ap__convert_tiktoken(ap__converter *c) {
    ap__ranked *tokens = NULL;
    size_t n = 0;
    ap_status status = convert(c, "tokenizer.model", PATTERN, &tokens, &n);
    return status ? status : put_additional(c, tokens, n);
}

/* -- tiktoken's own encodings -------------------------------------------------------------------------- */

/* Source: openai/tiktoken@0.9.0 tiktoken_ext/openai_public.py. */
static const struct {
    const char *file, *pattern, *specials[6];
} ENCODINGS[] = {
    {"r50k_base.tiktoken",
     "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s",
     {"<|endoftext|>"}},
    {"p50k_base.tiktoken",
     "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s",
     {"<|endoftext|>"}},
    {"cl100k_base.tiktoken",
     "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++"
     "[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
     {"<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|endofprompt|>"}},
    {"o200k_base.tiktoken",
     "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:"
     "'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{"
     "Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]"
     "+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
     {"<|endoftext|>", "<|endofprompt|>"}},
};

enum { N_ENCODINGS = sizeof ENCODINGS / sizeof *ENCODINGS };

const char *ap__tiktoken_file(size_t i) { return i < N_ENCODINGS ? ENCODINGS[i].file : NULL; }

/* A file of one of these names. As in the reference (integrations/tiktoken.py), special tokens get the ids
 * behind the vocabulary, and not those that tiktoken gives them. */
ap_status ap__convert_encoding(ap__converter *c) {
    size_t i = 0, n = 0, n_specials = 0, n_bytes = 0;
    ap__ranked *tokens = NULL;
    specials s = {.c = c};
    while (i + 1 < N_ENCODINGS && !ap__has_file(c->request->folder, ENCODINGS[i].file)) i++;
    ap_status status = convert(c, ENCODINGS[i].file, ENCODINGS[i].pattern, &tokens, &n);
    for (; ENCODINGS[i].specials[n_specials]; n_specials++)
        n_bytes += strlen(ENCODINGS[i].specials[n_specials]);
    if (!status) status = begin_specials(&s, tokens, n, n_specials, n_bytes);
    for (size_t k = 0; k < n_specials && !status; k++)
        put_special(&s, (ap__text){ENCODINGS[i].specials[k], strlen(ENCODINGS[i].specials[k])});
    return status;
}
