/* Vocabularies of text files, and what else classes that run in Python alone read beside their models.
 * Source: transformers@v4.55.4 models/phobert/tokenization_phobert.py add_from_file,
 * models/bartpho/tokenization_bartpho.py __init__, models/luke/tokenization_luke.py __init__. */
#include "base/error.h"
#include "base/utf8.h"
#include "base/words.h"
#include "tokenizer/convert/lines.h"
#include "tokenizer/convert/slow_parts.h"
#include "tokenizer/python_text.h"

#include <stdio.h>
#include <string.h>

/* Longest name of a setting. */
enum { MAX_KEY = 32 };

ap__text ap__slow_special_of(const ap__converter *c, char letter) {
    static const char LETTERS[] = "beuspcm"; /* In the order of special tokens. */
    const char *found = strchr(LETTERS, letter);
    return ap__special_text(c, (int)(found - LETTERS));
}

/* -- text files ---------------------------------------------------------------------------------------- */

typedef struct dict_reader {
    ap__converter *c;
    const ap__slow_dict *dict;
    ap__vocab ids;
} dict_reader;

static bool has(const dict_reader *r, ap__text token) {
    return ap__vocab_find(&r->ids, token.ptr, token.len) != AP__TOKEN_NONE;
}

/* Each once. Those of files with counts have fixed numbers, which others would come to share. */
static ap_status add_special(dict_reader *r, char letter) {
    ap__text text = ap__slow_special_of(r->c, letter);
    if (!text.ptr) text = (ap__text){"None", 4}; /* str(None) */
    if (!has(r, text)) {
        ap__vocab_add(&r->ids, text.ptr, text.len, (uint32_t)r->ids.n);
        return AP_OK;
    }
    if (!r->dict->is_before_count) return AP_OK;
    return ap__converter_fail(r->c, AP_EUNSUPPORTED,
                              "the special token \"%.60s\" for two of bos, pad, eos and unk, with a %s",
                              text.ptr, r->c->request->class_name);
}

/* Of "token 123" what stands before the last space.   @return false when there is no space */
static bool cut_count(ap__text line, ap__text *token) {
    while (line.len && line.ptr[line.len - 1] != ' ') line.len--;
    *token = (ap__text){line.ptr, line.len ? line.len - 1 : 0};
    return line.len > 0;
}

/* A token that comes twice would have an id that it shares with the next, or leave one without a token. */
static ap_status add_line(dict_reader *r, ap__text line, size_t number) {
    ap__text token;
    line = ap__py_strip(line);
    bool is_counted = r->dict->is_before_count;
    if (is_counted ? !cut_count(line, &token) : !ap__py_next_word(&token, &line))
        return ap__converter_fail(r->c, AP_EFORMAT, "line %zu: expected a token%s", number,
                                  is_counted ? ", a space and its count" : "");
    if (has(r, token))
        return ap__converter_fail(r->c, AP_EUNSUPPORTED, "line %zu: the token \"%.*s\" stands there twice",
                                  number, (int)(token.len > 60 ? 60 : token.len), token.ptr);
    ap__vocab_add(&r->ids, token.ptr, token.len, (uint32_t)r->ids.n);
    return AP_OK;
}

/* Room for all lines and special tokens, which may be "None". */
static ap_status make_room(dict_reader *r, ap__slow_parts *parts, size_t n_more, const ap__lines *lines) {
    ap__converter *c = r->c;
    ap__lines counted = *lines;
    ap__text line;
    size_t n = 2 * AP__N_SPECIAL_TOKENS, n_bytes = c->bytes.len + 4 * n;
    while (ap__lines_next(&counted, &line, NULL)) n++;
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++) n_bytes += 2 * ap__special_text(c, i).len;
    ap_status status = ap__slow_reserve(parts, n, n_more);
    return status ? status : ap__vocab_create(&r->ids, &c->arena, n, n_bytes, c->err);
}

ap_status ap__slow_read_dict(ap__slow_parts *parts, const ap__slow_dict *dict, size_t n_more) {
    ap__converter *c = parts->c;
    dict_reader r = {.c = c, .dict = dict};
    ap__text line;
    ap_status status = ap__converter_read(c, dict->file);
    if (!status) status = ap__utf8_check(c->bytes.ptr, c->bytes.len, c->path.text, c->err);
    if (status) return status;
    ap__lines lines = {c->bytes.ptr, c->bytes.ptr + c->bytes.len, 0};
    status = make_room(&r, parts, n_more, &lines);
    if (status) return status;
    for (const char *letter = dict->first; *letter && !status; letter++) status = add_special(&r, *letter);
    while (!status && ap__lines_next(&lines, &line, NULL)) status = add_line(&r, line, lines.number);
    for (const char *letter = dict->last; letter && *letter && !status; letter++)
        status = add_special(&r, *letter);
    if (!status) ap__slow_push_ids(parts, &r.ids);
    return status;
}

/* -- settings ------------------------------------------------------------------------------------------ */

static ap_status fail_config(const ap__converter *c, const char *key) {
    return ap__fail(c->err, AP_EUNSUPPORTED, "%s/tokenizer_config.json: %s is not supported with a %s",
                    c->request->folder, key, c->request->class_name);
}

ap_status ap__slow_refuse_flags(const ap__converter *c, const char *flags) {
    const char *word;
    size_t len;
    while (flags && (len = ap__words_next(&word, &flags))) {
        char name[MAX_KEY];
        snprintf(name, sizeof name, "%.*s", (int)len, word);
        yyjson_val *value = yyjson_obj_get(c->request->config, name);
        if (value && !yyjson_is_null(value) && !yyjson_is_false(value)) return fail_config(c, name);
    }
    return AP_OK;
}

/* The token of a setting, or its standard. */
static const char *entity_token(const ap__converter *c, const char *key, const char *standard) {
    yyjson_val *value = yyjson_obj_get(c->request->config, key);
    if (yyjson_is_obj(value)) value = yyjson_obj_get(value, "content");
    return value ? yyjson_get_str(value) : standard;
}

ap_status ap__slow_check_entities(ap__converter *c) {
    static const char *const TOKENS[][2] = {{"entity_unk_token", "[UNK]"},
                                            {"entity_pad_token", "[PAD]"},
                                            {"entity_mask_token", "[MASK]"},
                                            {"entity_mask2_token", "[MASK2]"}};
    yyjson_doc *doc = NULL;
    ap_status status = ap__slow_refuse_flags(c, "task");
    if (!status) status = ap__slow_read_json(c, "entity_vocab.json", &doc);
    for (size_t i = 0; i < sizeof TOKENS / sizeof *TOKENS && !status; i++) {
        const char *token = entity_token(c, TOKENS[i][0], TOKENS[i][1]);
        if (!token || !yyjson_obj_get(yyjson_doc_get_root(doc), token))
            status = ap__converter_fail(c, AP_EFORMAT, "expected the %s \"%.60s\" in it", TOKENS[i][0],
                                        token ? token : "");
    }
    yyjson_doc_free(doc);
    return status;
}
