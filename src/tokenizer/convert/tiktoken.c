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

/* additional_special_tokens of the config; each content once, behind the vocabulary. */
static ap_status put_specials(ap__converter *c, const ap__ranked *tokens, size_t n) {
    yyjson_val *list = yyjson_obj_get(c->request->config, "additional_special_tokens"), *item;
    ap__vocab ids;
    size_t i, max, n_bytes = 0, next = n;
    for (i = 0; i < n; i++) n_bytes += tokens[i].text.len;
    yyjson_arr_foreach(list, i, max, item) n_bytes +=
        yyjson_get_len(yyjson_is_obj(item) ? yyjson_obj_get(item, "content") : item);
    ap_status status = ap__vocab_create(&ids, &c->arena, n + yyjson_arr_size(list), n_bytes, c->err);
    if (status) return status;
    for (i = 0; i < n; i++) ap__vocab_add(&ids, tokens[i].text.ptr, tokens[i].text.len, tokens[i].id);
    yyjson_arr_foreach(list, i, max, item) {
        yyjson_val *content = yyjson_is_obj(item) ? yyjson_obj_get(item, "content") : item;
        ap__text text = {yyjson_get_str(content), yyjson_get_len(content)};
        if (!text.len) continue;
        uint32_t id = ap__vocab_find(&ids, text.ptr, text.len);
        bool is_new = id == AP__TOKEN_NONE;
        if (is_new) ap__vocab_add(&ids, text.ptr, text.len, id = (uint32_t)next++);
        ap__put_added(c, text, id, true);
    }
    return AP_OK;
}

/* The folder's tokenizer.model.  */
ap_status ap__convert_tiktoken(ap__converter *c) {
    ap__ranked *tokens = NULL;
    size_t n = 0;
    ap_status status = ap__converter_read(c, "tokenizer.model");
    if (!status) status = read_ranks(c, &tokens, &n);
    if (!status && !n) return ap__converter_fail(c, AP_EFORMAT, "it has no tokens");
    if (!status) status = ap__put_ranks(c, tokens, n, NULL, 0, PATTERN);
    return status ? status : put_specials(c, tokens, n);
}
