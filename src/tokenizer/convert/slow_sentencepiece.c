/* Classes that transformers runs in Python alone: a SentencePiece model cuts texts into pieces, vocab.json
 * gives these their ids, and added tokens have the ids that the Python class gives them. Source:
 * transformers@v4.55.4 models/marian/tokenization_marian.py, models/m2m_100/tokenization_m2m_100.py,
 * tokenization_utils.py PreTrainedTokenizer. */
#include "base/error.h"
#include "base/json.h"
#include "tokenizer/convert/converter.h"
#include "tokenizer/convert/recipes.h"
#include "tokenizer/convert/spm_model.h"
#include "tokenizer/languages_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More tokens than any model has. */
enum { MAX_TOKENS = 1 << 24 };

typedef struct slow_spm {
    ap__converter *c;
    const ap__slow_spm_shape *shape;
    ap__spm_model model;
    yyjson_doc *vocab_doc;
    ap__slow_token *tokens; /* vocab.json, in the order of ids; then languages; then added tokens. */
    size_t n_encoder, n, capacity;
} slow_spm;

/* -- vocab.json ---------------------------------------------------------------------------------------- */

static int by_id(const void *a_ptr, const void *b_ptr) {
    const ap__slow_token *a = a_ptr, *b = b_ptr;
    if (a->id != b->id) return a->id < b->id ? -1 : 1;
    return (a->text.ptr > b->text.ptr) - (a->text.ptr < b->text.ptr);
}

/* Of a token that is listed twice the last id counts. */
static ap_status list_vocab(slow_spm *s, yyjson_val *root) {
    ap__converter *c = s->c;
    yyjson_val *key, *value;
    size_t i, max, n_bytes = 0, n = yyjson_obj_size(root);
    ap__vocab ids;
    yyjson_obj_foreach(root, i, max, key, value) {
        if (!yyjson_is_uint(value) || yyjson_get_uint(value) >= AP__TOKEN_NONE)
            return ap__converter_fail(c, AP_EFORMAT, "token \"%.60s\": expected an id below %u, found %s",
                                      yyjson_get_str(key), AP__TOKEN_NONE, ap__json_kind(value));
        n_bytes += yyjson_get_len(key);
    }
    ap_status status = ap__vocab_create(&ids, &c->arena, n, n_bytes, c->err);
    if (status) return status;
    yyjson_obj_foreach(root, i, max, key, value)
        ap__vocab_add(&ids, yyjson_get_str(key), yyjson_get_len(key), (uint32_t)yyjson_get_uint(value));
    for (i = 0; i < ids.n; i++) {
        const ap__vocab_entry *entry = &ids.entries[i];
        s->tokens[s->n++] = (ap__slow_token){{ids.pool + entry->offset, entry->len}, entry->id};
    }
    if (s->n) qsort(s->tokens, s->n, sizeof *s->tokens, by_id);
    s->n_encoder = s->n;
    return AP_OK;
}

static ap_status read_vocab(slow_spm *s) {
    ap__converter *c = s->c;
    ap_status status = ap__converter_read(c, "vocab.json");
    if (!status) status = ap__json_parse(&s->vocab_doc, c->bytes.ptr, c->bytes.len, c->path.text, c->err);
    if (status) return status;
    yyjson_val *root = yyjson_doc_get_root(s->vocab_doc);
    if (!yyjson_is_obj(root))
        return ap__converter_fail(c, AP_EFORMAT, "expected an object, found %s", ap__json_kind(root));
    size_t n_languages = 128;
    s->capacity = yyjson_obj_size(root) + n_languages + c->request->tokens->decoder.n;
    s->capacity += c->request->tokens->all.n;
    if (s->capacity > MAX_TOKENS)
        return ap__converter_fail(c, AP_ELIMIT, "%zu tokens; at most %d are supported", s->capacity,
                                  MAX_TOKENS);
    s->tokens = ap__arena_calloc(&c->arena, s->capacity, sizeof *s->tokens);
    return s->tokens ? list_vocab(s, root) : ap__fail_nomem(c->err);
}

/* The ids behind the vocabulary are those of languages. */
static ap_status list_languages(slow_spm *s) {
    ap__converter *c = s->c;
    if (!s->shape->has_language_tokens) return AP_OK;
    const char *const *codes = ap__m2m_codes(c->request->config);
    if (!codes)
        return ap__fail(c->err, AP_EFORMAT,
                        "%s/tokenizer_config.json: language_codes: expected \"m2m100\" or \"wmt21\"",
                        c->request->folder);
    for (size_t i = 0; codes[i]; i++) {
        char text[16];
        int len = snprintf(text, sizeof text, "__%s__", codes[i]);
        char *copy = ap__arena_strndup(&c->arena, text, (size_t)len);
        if (!copy) return ap__fail_nomem(c->err);
        s->tokens[s->n++] = (ap__slow_token){{copy, (size_t)len}, (uint32_t)(s->n_encoder + i)};
    }
    return AP_OK;
}

/* -- added tokens -------------------------------------------------------------------------------------- */

static const ap__special_token *find(const ap__special_list *list, ap__text text) {
    return ap__special_list_find(list, text.ptr, text.len);
}

/* The token with its flags: an AddedToken that is called special goes before what the files add. */
static ap_status put_added(slow_spm *s, ap__text text, uint32_t id) {
    ap__converter *c = s->c;
    const ap__special_token *special = find(&c->request->tokens->all, text);
    const ap__special_token *listed = find(&c->request->tokens->decoder, text);
    const ap__special_token *token = special && (!special->is_string || !listed) ? special : listed;
    yyjson_mut_val *list = yyjson_mut_obj_get(c->root, "added_tokens"), *object = yyjson_mut_obj(c->doc);
    if (token && token->flags.single_word)
        return ap__converter_fail(
            c, AP_EUNSUPPORTED,
            "the added token \"%.60s\" has the flag single_word, which is not supported "
            "with a %s",
            text.ptr, c->request->class_name);
    if (!list) ap__put(c, c->root, "added_tokens", list = yyjson_mut_arr(c->doc));
    ap__put(c, object, "id", yyjson_mut_uint(c->doc, id));
    ap__put_text(c, object, "content", text);
    ap__put_bool(c, object, "single_word", false);
    ap__put_bool(c, object, "lstrip", token && token->flags.lstrip);
    ap__put_bool(c, object, "rstrip", token && token->flags.rstrip);
    ap__put_bool(c, object, "normalized", false); /* All are looked for in the text as it comes. */
    ap__put_bool(c, object, "special", special != NULL);
    ap__push(c, list, object);
    return AP_OK;
}

static ap_status put_all_added(slow_spm *s) {
    const ap__vocab *added = &s->c->slow_added;
    ap_status status = AP_OK;
    for (size_t i = 0; i < added->n && !status; i++) {
        ap__text text = {added->pool + added->entries[i].offset, added->entries[i].len};
        s->tokens[s->n++] = (ap__slow_token){text, added->entries[i].id};
        status = put_added(s, text, added->entries[i].id);
    }
    return status;
}

/* Of tokens that have several ids, those that do not count. */
static ap_status put_aliases(slow_spm *s, yyjson_mut_val *model) {
    ap__converter *c = s->c;
    ap__vocab ids;
    size_t n_bytes = 0;
    yyjson_mut_val *list = yyjson_mut_arr(c->doc);
    for (size_t i = 0; i < s->n; i++) n_bytes += s->tokens[i].text.len;
    ap_status status = ap__vocab_create(&ids, &c->arena, s->n, n_bytes, c->err);
    for (size_t i = 0; i < s->n && !status; i++)
        ap__vocab_add(&ids, s->tokens[i].text.ptr, s->tokens[i].text.len, s->tokens[i].id);
    for (size_t i = 0; i < s->n && !status; i++) {
        const ap__slow_token *t = &s->tokens[i];
        if (ap__vocab_find(&ids, t->text.ptr, t->text.len) == t->id) continue;
        yyjson_mut_val *alias = yyjson_mut_arr(c->doc);
        ap__push(c, alias, ap__new_text(c, t->text));
        ap__push(c, alias, yyjson_mut_uint(c->doc, t->id));
        ap__push(c, list, alias);
    }
    ap__put(c, model, "aliases", list);
    return status;
}

/* len(tokenizer): languages count where they are added tokens. */
static uint64_t count_listed(const slow_spm *s) {
    const ap__vocab *added = &s->c->slow_added;
    uint64_t n = s->n_encoder;
    for (size_t i = 0; i < added->n; i++)
        n += ap__vocab_find(&s->c->slow, added->pool + added->entries[i].offset, added->entries[i].len) ==
             AP__TOKEN_NONE;
    return n;
}

/* -- the model ----------------------------------------------------------------------------------------- */

static bool is_usual(ap__spm_type type) {
    return type == AP__SPM_NORMAL || type == AP__SPM_USER_DEFINED || type == AP__SPM_UNUSED;
}

/* What the library refuses. Source: google/sentencepiece@v0.2.1 src/model_interface.cc InitializePieces. */
static ap_status check_pieces(slow_spm *s) {
    ap__converter *c = s->c;
    ap__vocab lists[2];
    size_t n_bytes = 0, n_unknown = 0;
    for (size_t i = 0; i < s->model.n; i++) n_bytes += s->model.pieces[i].text.len;
    for (int i = 0; i < 2; i++) {
        ap_status status = ap__vocab_create(&lists[i], &c->arena, s->model.n, n_bytes, c->err);
        if (status) return status;
    }
    for (size_t i = 0; i < s->model.n; i++) {
        const ap__spm_piece *p = &s->model.pieces[i];
        ap__vocab *list = &lists[is_usual(p->type)];
        size_t n = list->n;
        ap__vocab_add(list, p->text.ptr, p->text.len, 0);
        if (list->n == n)
            return ap__converter_fail(c, AP_EFORMAT, "the piece \"%.*s\" stands there twice",
                                      (int)(p->text.len > 60 ? 60 : p->text.len), p->text.ptr);
        n_unknown += p->type == AP__SPM_UNKNOWN;
        int byte;
        char end;
        if (p->type != AP__SPM_BYTE) continue;
        char name[8] = "";
        if (p->text.len == 6) memcpy(name, p->text.ptr, 6);
        if (!s->model.is_byte_fallback || sscanf(name, "<0x%2X%c", (unsigned *)&byte, &end) != 2 ||
            end != '>')
            return ap__converter_fail(c, AP_EFORMAT, "piece %zu is a byte, but none that is expected", i);
    }
    if (n_unknown == 1) return AP_OK;
    return ap__converter_fail(c, AP_EFORMAT, "expected one unknown piece, found %zu", n_unknown);
}

static ap_status read_model(slow_spm *s, const char *file) {
    ap__converter *c = s->c;
    ap_status status = ap__converter_read(c, file);
    if (!status)
        status = ap__spm_model_parse(&s->model, &c->arena, c->bytes.ptr, c->bytes.len, c->path.text, c->err);
    if (!status) status = check_pieces(s);
    if (status) return status;
    if (s->model.model_type != AP__SPM_UNIGRAM && s->model.model_type != AP__SPM_BPE)
        return ap__converter_fail(c, AP_EUNSUPPORTED,
                                  "model type %u (word or char) is not supported; expected unigram or bpe",
                                  (unsigned)s->model.model_type);
    if (!s->model.has_denormalizer) return AP_OK;
    return ap__converter_fail(c, AP_EUNSUPPORTED, "a denormalizer (denormalizer_spec) is not supported");
}

/* Copies: the file is gone when the next is read. */
static yyjson_mut_val *new_pieces(const slow_spm *s) {
    ap__converter *c = s->c;
    yyjson_mut_val *list = yyjson_mut_arr(c->doc);
    for (size_t i = 0; i < s->model.n; i++) {
        const ap__spm_piece *p = &s->model.pieces[i];
        yyjson_mut_val *piece = yyjson_mut_arr(c->doc);
        ap__push(c, piece, yyjson_mut_strncpy(c->doc, p->text.ptr, p->text.len));
        ap__push(c, piece, yyjson_mut_real(c->doc, (double)p->score));
        ap__push(c, piece, yyjson_mut_uint(c->doc, (uint64_t)p->type));
        ap__push(c, list, piece);
    }
    return list;
}

static yyjson_mut_val *new_model(slow_spm *s) {
    ap__converter *c = s->c;
    yyjson_mut_val *model = ap__new_typed(c, "SentencePiece");
    ap__put(c, model, "pieces", new_pieces(s));
    ap__put_bool(c, model, "is_bpe", s->model.model_type == AP__SPM_BPE);
    ap__put_bool(c, model, "byte_fallback", s->model.is_byte_fallback);
    ap__put_bool(c, model, "has_language_codes", s->shape->has_language_codes);
    ap__put_bool(c, model, "add_dummy_prefix", s->model.add_dummy_prefix);
    ap__put_bool(c, model, "remove_extra_whitespaces", s->model.remove_extra_whitespaces);
    ap__put_bool(c, model, "escape_whitespaces", s->model.escape_whitespaces);
    ap__put_bool(c, model, "treat_whitespace_as_suffix", s->model.treat_whitespace_as_suffix);
    if (s->model.charsmap.len)
        ap__put(c, model, "precompiled_charsmap", ap__new_base64(c, s->model.charsmap));
    return model;
}

/* -- decoding ------------------------------------------------------------------------------------------ */

/* Additional special tokens: those that are no bos_token or the like. */
static bool is_additional(const ap__converter *c, const ap__special_token *token) {
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++) {
        ap__text text = ap__special_text(c, i);
        if (text.ptr && text.len == token->flags.content.len &&
            !memcmp(text.ptr, token->flags.content.ptr, text.len))
            return false;
    }
    return true;
}

/* Source: tokenization_utils.py _decode, legacy_added_tokens. */
static yyjson_mut_val *new_apart(const slow_spm *s) {
    ap__converter *c = s->c;
    yyjson_mut_val *list = yyjson_mut_arr(c->doc);
    for (size_t i = 0; i < c->slow_added.n; i++) {
        const ap__vocab_entry *entry = &c->slow_added.entries[i];
        ap__text text = {c->slow_added.pool + entry->offset, entry->len};
        const ap__special_token *special = find(&c->request->tokens->all, text);
        if (!special || (is_additional(c, special) && entry->id >= s->n_encoder))
            ap__push(c, list, ap__new_text(c, text));
    }
    return list;
}

static void put_decoder(slow_spm *s) {
    ap__converter *c = s->c;
    const ap__special_list *all = &c->request->tokens->all;
    yyjson_mut_val *decoder = ap__new_typed(c, "SentencePiece"), *special = yyjson_mut_arr(c->doc);
    for (size_t i = 0; i < all->n; i++) ap__push(c, special, ap__new_text(c, all->ptr[i].flags.content));
    ap__put(c, decoder, "pieces", new_pieces(s));
    ap__put(c, decoder, "special", special);
    ap__put(c, decoder, "apart", new_apart(s));
    ap__put(c, decoder, "unk_surface",
            yyjson_mut_strncpy(c->doc, s->model.unk_surface.ptr, s->model.unk_surface.len));
    ap__put(c, decoder, "special_end", yyjson_mut_str(c->doc, s->shape->special_end));
    ap__put_bool(c, decoder, "strips_marks", s->model.add_dummy_prefix || s->model.remove_extra_whitespaces);
    ap__put_bool(c, decoder, "strips_all_marks", s->model.remove_extra_whitespaces);
    ap__put_bool(c, decoder, "leaves_no_marks", s->shape->leaves_no_marks);
    ap__put(c, c->root, "decoder", decoder);
}

/* -- all of it ----------------------------------------------------------------------------------------- */

/* Settings that would make the class do something else. */
static ap_status check_config(const ap__converter *c) {
    yyjson_val *kwargs = yyjson_obj_get(c->request->config, "sp_model_kwargs");
    const char *key = yyjson_obj_size(kwargs) ? "sp_model_kwargs" : NULL;
    if (yyjson_get_bool(yyjson_obj_get(c->request->config, "separate_vocabs"))) key = "separate_vocabs";
    if (!key) return AP_OK;
    return ap__fail(c->err, AP_EUNSUPPORTED, "%s/tokenizer_config.json: %s is not supported with a %s",
                    c->request->folder, key, c->request->class_name);
}

static ap_status make_slow(slow_spm *s) {
    ap__converter *c = s->c;
    ap__slow_base base = {.tokens = s->tokens, .n = s->n_encoder};
    base.is_named_by_id = s->shape->is_named_by_id;
    ap_status status = ap__slow_create(c, &base);
    if (!status) status = list_languages(s);
    if (!status) status = put_all_added(s);
    if (status) return status;
    ap__text unk = ap__special_text(c, AP__UNK_TOKEN);
    if (unk.ptr && ap__vocab_find(&c->slow, unk.ptr, unk.len) != AP__TOKEN_NONE) return AP_OK;
    return ap__converter_fail(c, AP_EFORMAT, "expected the unk_token \"%.60s\" in it",
                              unk.ptr ? unk.ptr : "");
}

static ap_status put_parts(slow_spm *s, const ap__recipe *recipe) {
    ap__converter *c = s->c;
    yyjson_mut_val *vocab = NULL;
    ap_status status = make_slow(s);
    if (!status) status = ap__new_vocab(c, &vocab, s->tokens, s->n);
    if (!status) status = read_model(s, recipe->files[0]);
    if (status) return status;
    yyjson_mut_val *model = new_model(s);
    ap__put(c, model, "vocab", vocab);
    if (s->shape->has_language_tokens)
        ap__put(c, model, "first_language_id", yyjson_mut_uint(c->doc, s->n_encoder));
    ap__put(c, model, "n_listed", yyjson_mut_uint(c->doc, count_listed(s)));
    ap__put_text(c, model, "unk_token", ap__special_text(c, AP__UNK_TOKEN));
    ap__put(c, c->root, "model", model);
    status = put_aliases(s, model);
    if (!status && recipe->files[2]) status = read_model(s, recipe->files[2]);
    if (status) return status;
    put_decoder(s);
    if (!s->shape->single) return AP_OK;
    return ap__put_template(c, s->shape->single, s->shape->pair, s->shape->specials);
}

ap_status ap__convert_slow_sentencepiece(ap__converter *c) {
    const ap__recipe *recipe = ap__recipe_find(c->request->class_name);
    slow_spm s = {.c = c, .shape = recipe->shape};
    ap_status status = check_config(c);
    if (!status) status = read_vocab(&s);
    if (!status) status = put_parts(&s, recipe);
    yyjson_doc_free(s.vocab_doc);
    return status;
}
