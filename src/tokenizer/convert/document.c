/* Building a tokenizer.json: members, components, templates. */
#include "base/error.h"
#include "base/json.h"
#include "base/words.h"
#include "tokenizer/convert/base64.h"
#include "tokenizer/convert/converter.h"

#include <string.h>

static void note(ap__converter *c, bool is_done) {
    if (!is_done) c->is_out_of_memory = true;
}

void ap__put(ap__converter *c, yyjson_mut_val *object, const char *key, yyjson_mut_val *value) {
    note(c, yyjson_mut_obj_add(object, yyjson_mut_str(c->doc, key), value));
}

void ap__put_text(ap__converter *c, yyjson_mut_val *object, const char *key, ap__text text) {
    ap__put(c, object, key, ap__new_text(c, text));
}

void ap__put_bool(ap__converter *c, yyjson_mut_val *object, const char *key, bool value) {
    ap__put(c, object, key, yyjson_mut_bool(c->doc, value));
}

void ap__push(ap__converter *c, yyjson_mut_val *list, yyjson_mut_val *value) {
    note(c, yyjson_mut_arr_append(list, value));
}

yyjson_mut_val *ap__new_text(ap__converter *c, ap__text text) {
    return text.ptr ? yyjson_mut_strn(c->doc, text.ptr, text.len) : yyjson_mut_null(c->doc);
}

yyjson_mut_val *ap__new_json(ap__converter *c, const char *json) {
    yyjson_doc *doc = NULL;
    yyjson_mut_val *value = NULL;
    if (!ap__json_parse(&doc, json, strlen(json), "", NULL))
        value = yyjson_val_mut_copy(c->doc, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    note(c, value != NULL);
    return value;
}

yyjson_mut_val *ap__new_base64(ap__converter *c, ap__text bytes) {
    size_t len = ap__base64_len(bytes.len);
    char *text = ap__arena_alloc(&c->arena, len);
    note(c, text != NULL);
    if (!text) return NULL;
    ap__base64_encode(text, bytes.ptr, bytes.len);
    return ap__new_text(c, (ap__text){text, len});
}

yyjson_mut_val *ap__new_typed(ap__converter *c, const char *type) {
    yyjson_mut_val *value = yyjson_mut_obj(c->doc);
    ap__put(c, value, "type", yyjson_mut_str(c->doc, type));
    return value;
}

yyjson_mut_val *ap__new_bpe(ap__converter *c, yyjson_mut_val *vocab, yyjson_mut_val *merges) {
    yyjson_mut_val *model = ap__new_json(c, "{\"type\":\"BPE\",\"dropout\":null}");
    ap__put(c, model, "vocab", vocab);
    ap__put(c, model, "merges", merges);
    return model;
}

ap_status ap__new_vocab(ap__converter *c, yyjson_mut_val **out, const ap__slow_token *tokens, size_t n) {
    ap__vocab ids;
    size_t n_bytes = 0;
    *out = yyjson_mut_obj(c->doc);
    for (size_t i = 0; i < n; i++) n_bytes += tokens[i].text.len;
    ap_status status = ap__vocab_create(&ids, &c->arena, n, n_bytes, c->err);
    for (size_t i = 0; i < n && !status; i++)
        ap__vocab_add(&ids, tokens[i].text.ptr, tokens[i].text.len, tokens[i].id);
    for (size_t i = 0; i < ids.n && !status; i++) {
        const ap__vocab_entry *entry = &ids.entries[i];
        yyjson_mut_val *id = yyjson_mut_uint(c->doc, entry->id);
        note(c,
             yyjson_mut_obj_add(*out, ap__new_text(c, (ap__text){ids.pool + entry->offset, entry->len}), id));
    }
    return status;
}

void ap__put_added(ap__converter *c, ap__text content, uint32_t id, bool is_special) {
    yyjson_mut_val *list = yyjson_mut_obj_get(c->root, "added_tokens"), *token = yyjson_mut_obj(c->doc);
    if (!list) ap__put(c, c->root, "added_tokens", list = yyjson_mut_arr(c->doc));
    ap__put(c, token, "id", yyjson_mut_uint(c->doc, id));
    ap__put_text(c, token, "content", content);
    ap__put_bool(c, token, "single_word", false);
    ap__put_bool(c, token, "lstrip", false);
    ap__put_bool(c, token, "rstrip", false);
    ap__put_bool(c, token, "normalized", false);
    ap__put_bool(c, token, "special", is_special);
    ap__push(c, list, token);
}

/* -- templates ----------------------------------------------------------------------------------------- */

/* One word of a template. */
typedef struct word {
    ap__text text; /* "A" or "B" of a sequence; else the token. */
    bool is_sequence;
    unsigned type_id;
} word;

static const struct {
    char letter;
    int which;
    const char *key, *standard; /* Of what is no usual special token. */
} LETTERS[] = {{'b', AP__BOS_TOKEN, "bos_token", NULL},
               {'e', AP__EOS_TOKEN, "eos_token", NULL},
               {'s', AP__SEP_TOKEN, "sep_token", NULL},
               {'c', AP__CLS_TOKEN, "cls_token", NULL},
               {'q', -1, "question_token", "[QUESTION]"}};

/* What a word "%c" or "<s>" stands for. As in the reference, a token that would not survive being written
 * into a template is an error. */
static ap_status expand(ap__converter *c, const char *text, size_t len, ap__text *out) {
    size_t i = 0;
    *out = (ap__text){text, len};
    if (text[0] != '%' || len != 2) return AP_OK;
    while (LETTERS[i].letter != text[1]) i++;
    if (LETTERS[i].which >= 0) {
        *out = ap__special_text(c, LETTERS[i].which);
    } else {
        yyjson_val *value = yyjson_obj_get(c->request->config, LETTERS[i].key);
        const char *given = value ? yyjson_get_str(value) : LETTERS[i].standard;
        *out = (ap__text){given, given ? strlen(given) : 0};
    }
    if (!out->ptr)
        return ap__converter_fail(c, AP_EFORMAT, "the post-processor needs a %s, and there is none",
                                  LETTERS[i].key);
    if (out->ptr[0] == '$' || strcspn(out->ptr, ": ") != out->len)
        return ap__converter_fail(c, AP_EFORMAT, "the post-processor cannot be made with a token \"%.60s\"",
                                  out->ptr);
    return AP_OK;
}

static ap_status read_word(ap__converter *c, const char *text, size_t len, word *out) {
    *out = (word){0};
    if (len > 2 && text[len - 2] == ':') {
        out->type_id = (unsigned)(text[len - 1] - '0');
        len -= 2;
    }
    out->is_sequence = text[0] == '$';
    if (!out->is_sequence) return expand(c, text, len, &out->text);
    out->text = (ap__text){text + 1, 1};
    return AP_OK;
}

static ap_status put_pieces(ap__converter *c, yyjson_mut_val *processor, const char *key,
                            const char *template) {
    yyjson_mut_val *list = yyjson_mut_arr(c->doc);
    const char *text;
    size_t len;
    while ((len = ap__words_next(&text, &template))) {
        word w;
        ap_status status = read_word(c, text, len, &w);
        if (status) return status;
        yyjson_mut_val *inner = yyjson_mut_obj(c->doc), *piece = yyjson_mut_obj(c->doc);
        ap__put_text(c, inner, "id", w.text);
        ap__put(c, inner, "type_id", yyjson_mut_uint(c->doc, w.type_id));
        ap__put(c, piece, w.is_sequence ? "Sequence" : "SpecialToken", inner);
        ap__push(c, list, piece);
    }
    ap__put(c, processor, key, list);
    return AP_OK;
}

static ap_status put_special(ap__converter *c, yyjson_mut_val *object, ap__text token) {
    uint32_t id = ap__slow_id(c, token);
    if (id == AP__TOKEN_NONE)
        return ap__converter_fail(c, AP_EFORMAT,
                                  "the post-processor needs the token \"%.*s\", which has no id",
                                  (int)(token.len > 60 ? 60 : token.len), token.ptr);
    if (yyjson_mut_obj_getn(object, token.ptr, token.len)) return AP_OK; /* Its id is the same. */
    yyjson_mut_val *special = yyjson_mut_obj(c->doc), *ids = yyjson_mut_arr(c->doc);
    yyjson_mut_val *tokens = yyjson_mut_arr(c->doc);
    ap__put_text(c, special, "id", token);
    ap__push(c, ids, yyjson_mut_uint(c->doc, id));
    ap__put(c, special, "ids", ids);
    ap__push(c, tokens, ap__new_text(c, token));
    ap__put(c, special, "tokens", tokens);
    note(c, yyjson_mut_obj_add(object, ap__new_text(c, token), special));
    return AP_OK;
}

ap_status ap__put_template(ap__converter *c, const char *single, const char *pair, const char *specials) {
    yyjson_mut_val *processor = ap__new_typed(c, "TemplateProcessing"), *object = yyjson_mut_obj(c->doc);
    const char *text;
    size_t len;
    ap_status status = put_pieces(c, processor, "single", single);
    if (!status) status = put_pieces(c, processor, "pair", pair);
    while (!status && (len = ap__words_next(&text, &specials))) {
        ap__text token;
        status = expand(c, text, len, &token);
        if (!status) status = put_special(c, object, token);
    }
    ap__put(c, processor, "special_tokens", object);
    ap__put(c, c->root, "post_processor", processor);
    return status;
}

ap_status ap__put_token_pair(ap__converter *c, yyjson_mut_val *object, const char *key, int which) {
    ap__text token = ap__special_text(c, which);
    uint32_t id = token.ptr ? ap__slow_id(c, token) : AP__TOKEN_NONE;
    if (id == AP__TOKEN_NONE)
        return ap__converter_fail(c, AP_EFORMAT, "the post-processor needs a token for \"%s\" that has an id",
                                  key);
    yyjson_mut_val *pair = yyjson_mut_arr(c->doc);
    ap__push(c, pair, ap__new_text(c, token));
    ap__push(c, pair, yyjson_mut_uint(c->doc, id));
    ap__put(c, object, key, pair);
    return AP_OK;
}
