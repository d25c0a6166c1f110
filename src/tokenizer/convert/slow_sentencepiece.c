/* Classes that transformers runs in Python alone: a SentencePiece model cuts texts into pieces, vocab.json
 * gives these their ids, and added tokens have the ids that the Python class gives them. Source:
 * transformers@v4.55.4 models/marian/tokenization_marian.py, models/m2m_100/tokenization_m2m_100.py,
 * tokenization_utils.py PreTrainedTokenizer. */
#include "base/buf.h"
#include "base/error.h"
#include "base/words.h"
#include "tokenizer/convert/recipes.h"
#include "tokenizer/convert/slow_parts.h"
#include "tokenizer/convert/spm_model.h"
#include "tokenizer/languages_impl.h"

#include <stdio.h>
#include <string.h>

/* More than there are languages. */
enum { MAX_LANGUAGES = 128 };

typedef struct slow_spm {
    ap__converter *c;
    const ap__slow_spm_shape *shape;
    ap__spm_model model;
    yyjson_doc *vocab_doc;
    ap__slow_parts parts; /* vocab.json, then languages, then added tokens. */
} slow_spm;

static ap_status read_model(slow_spm *s, const char *file);

/* -- ids ----------------------------------------------------------------------------------------------- */

/* The pieces, in the order of their ids. */
static ap_status list_pieces(slow_spm *s) {
    ap__converter *c = s->c;
    ap_status status = ap__slow_reserve(&s->parts, s->model.n, 0);
    for (size_t i = 0; i < s->model.n && !status; i++) {
        const ap__text *text = &s->model.pieces[i].text;
        char *copy = ap__arena_strndup(&c->arena, text->ptr, text->len);
        if (!copy) return ap__fail_nomem(c->err);
        ap__slow_push(&s->parts, (ap__text){copy, text->len}, (uint32_t)i);
    }
    s->parts.n_own = s->parts.vocab_size = s->parts.n;
    return status;
}

/* Appends the words as tokens, the first with the id `id`. */
static void push_words(slow_spm *s, const char *words, uint32_t id) {
    const char *word;
    for (size_t len; words && (len = ap__words_next(&word, &words)); id++)
        ap__slow_push(&s->parts, (ap__text){word, len}, id);
}

/* What comes behind the pieces of PLBart. */
static ap_status programming_words(slow_spm *s, const char **out) {
    ap__converter *c = s->c;
    ap__buf words = {0};
    const char *const *codes = ap__plbart_codes(c->request->config);
    if (!codes)
        return ap__fail(c->err, AP_EFORMAT,
                        "%s/tokenizer_config.json: language_codes: expected \"base\" or \"multi\"",
                        c->request->folder);
    ap_status status = AP_OK;
    bool is_base = !yyjson_equals_str(yyjson_obj_get(c->request->config, "language_codes"), "multi");
    for (size_t i = 0; codes[i] && !status; i++) status = ap__buf_printf(&words, c->err, "__%s__ ", codes[i]);
    if (!status && is_base) status = ap__buf_puts(&words, "<mask>", c->err);
    if (!status && !(*out = ap__arena_strndup(&c->arena, words.ptr, words.len)))
        status = ap__fail_nomem(c->err);
    ap__buf_clear(&words);
    return status;
}

static size_t count_words(const char *words) {
    const char *word;
    size_t n = 0;
    while (words && ap__words_next(&word, &words)) n++;
    return n;
}

/* A piece whose id has a reserved name is found by its own name all the same. */
static ap_status list_hidden(slow_spm *s, size_t n_reserved) {
    uint32_t offset = s->shape->offset;
    size_t n_pieces = s->parts.n;
    ap__slow_token *hidden = ap__arena_calloc(&s->c->arena, n_reserved, sizeof *hidden);
    if (!hidden) return ap__fail_nomem(s->c->err);
    for (uint32_t i = 1; i < n_pieces && i + offset < n_reserved; i++)
        hidden[s->parts.n_hidden++] = (ap__slow_token){s->parts.tokens[i].text, i + offset};
    s->parts.hidden = hidden;
    return AP_OK;
}

/* Reserved tokens, the pieces behind their numbers, and what comes behind those. Of a name that is both, the
 * reserved one counts; the number of the unknown piece, 0, stands for the unk_token. */
static ap_status list_reserved(slow_spm *s) {
    const char *behind = s->shape->behind;
    uint32_t offset = s->shape->offset, n_pieces = (uint32_t)s->model.n;
    if (s->model.pieces[0].type != AP__SPM_UNKNOWN)
        return ap__converter_fail(s->c, AP_EUNSUPPORTED, "expected the unknown piece first, for a %s",
                                  s->c->request->class_name);
    ap_status status = s->shape->has_programming ? programming_words(s, &behind) : AP_OK;
    size_t n_reserved = count_words(s->shape->reserved), n_behind = count_words(behind);
    if (n_pieces + offset < n_reserved)
        return ap__converter_fail(s->c, AP_EUNSUPPORTED, "%u pieces are too few for a %s", n_pieces,
                                  s->c->request->class_name);
    if (!status) status = list_pieces(s);
    if (!status) status = list_hidden(s, n_reserved);
    if (status) return status;
    const ap__slow_token *pieces = s->parts.tokens;
    status = ap__slow_reserve(&s->parts, n_pieces + n_reserved, n_reserved + 2 * n_behind);
    if (status) return status;
    s->parts.n = 0;
    push_words(s, s->shape->reserved, 0);
    for (uint32_t id = (uint32_t)n_reserved; id < n_pieces + offset; id++)
        ap__slow_push(&s->parts, pieces[id - offset].text, id);
    push_words(s, behind, n_pieces + offset);
    s->parts.n_own = s->parts.vocab_size = s->parts.n;
    push_words(s, s->shape->reserved, 0);
    push_words(s, behind, n_pieces + offset);
    return AP_OK;
}

static ap_status read_vocab(slow_spm *s, const ap__recipe *recipe) {
    if (s->shape->has_own_ids) {
        ap_status status = s->shape->has_entities ? ap__slow_check_entities(s->c) : AP_OK;
        if (!status) status = read_model(s, recipe->files[0]);
        if (s->shape->is_siglip) s->model.add_dummy_prefix = false;
        if (status) return status;
        return s->shape->reserved ? list_reserved(s) : list_pieces(s);
    }
    if (s->shape->dict.file) return ap__slow_read_dict(&s->parts, &s->shape->dict, 0);
    ap_status status = ap__slow_read_json(s->c, "vocab.json", &s->vocab_doc);
    return status ? status : ap__slow_read_ids(&s->parts, yyjson_doc_get_root(s->vocab_doc), MAX_LANGUAGES);
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
        ap__slow_push(&s->parts, (ap__text){copy, (size_t)len}, (uint32_t)(s->parts.n_own + i));
    }
    return AP_OK;
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
    if (s->model.model_type != AP__SPM_UNIGRAM && s->model.model_type != AP__SPM_BPE &&
        s->model.model_type != AP__SPM_CHAR)
        return ap__converter_fail(c, AP_EUNSUPPORTED,
                                  "model type %u is not supported; expected unigram, bpe or char",
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
    ap__put_bool(c, model, "is_char", s->model.model_type == AP__SPM_CHAR);
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

static void put_decoder(slow_spm *s) {
    ap__converter *c = s->c;
    if (s->shape->joins_marks) {
        ap__slow_put_joining(&s->parts, "marks");
        return;
    }
    yyjson_mut_val *decoder = ap__new_typed(c, "SentencePiece");
    ap__put(c, decoder, "pieces", new_pieces(s));
    ap__put(c, decoder, "special", ap__slow_new_special(&s->parts));
    ap__put(c, decoder, "apart", ap__slow_new_apart(&s->parts));
    ap__put(c, decoder, "unk_surface",
            yyjson_mut_strncpy(c->doc, s->model.unk_surface.ptr, s->model.unk_surface.len));
    ap__put(c, decoder, "special_end", yyjson_mut_str(c->doc, s->shape->special_end));
    ap__put_bool(c, decoder, "strips_marks", s->model.add_dummy_prefix || s->model.remove_extra_whitespaces);
    ap__put_bool(c, decoder, "strips_all_marks", s->model.remove_extra_whitespaces);
    ap__put_bool(c, decoder, "has_space_before", s->shape->has_space_before);
    ap__put_bool(c, decoder, "leaves_no_marks", s->shape->leaves_no_marks);
    ap__put_bool(c, decoder, "keeps_ends", s->shape->keeps_ends);
    ap__put(c, c->root, "decoder", decoder);
}

/* -- SigLIP -------------------------------------------------------------------------------------------- */

/* A text gets a mark in front instead of that of the model, and is lowered before it is cut; the model takes
 * punctuation out, and puts the unknown token in front of each part, which it takes off again. Source:
 * models/siglip/tokenization_siglip.py. */
static ap_status put_siglip(slow_spm *s, yyjson_mut_val *model) {
    ap__converter *c = s->c;
    bool lowers;
    ap_status status = ap__config_flag(c, "do_lower_case", true, &lowers);
    if (status) return status;
    if (!s->model.remove_extra_whitespaces || !s->model.escape_whitespaces)
        return ap__converter_fail(c, AP_EUNSUPPORTED,
                                  "a model that keeps whitespace is not supported with a SiglipTokenizer");
    if (!ap__special_text(c, AP__UNK_TOKEN).ptr)
        return ap__converter_fail(c, AP_EFORMAT, "a SiglipTokenizer needs an unk_token, and there is none");
    yyjson_mut_val *sequence = ap__new_typed(c, "Sequence"), *list = yyjson_mut_arr(c->doc);
    ap__push(c, list,
             ap__new_json(
                 c, "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\xE2\x96\x81\"},\"content\":\" \"}"));
    ap__push(c, list, ap__new_json(c, "{\"type\":\"Prepend\",\"prepend\":\"\xE2\x96\x81\"}"));
    ap__push(c, list, ap__slow_new_lower(&s->parts, lowers));
    ap__put(c, sequence, "normalizers", list);
    ap__put(c, c->root, "normalizer", sequence);
    ap__put_text(c, model, "unk_prefix", ap__special_text(c, AP__UNK_TOKEN));
    return ap__slow_put_eos(&s->parts);
}

/* -- all of it ----------------------------------------------------------------------------------------- */

/* Settings that would make the class do something else. */
static ap_status check_config(const ap__converter *c, const ap__slow_spm_shape *shape) {
    yyjson_val *kwargs = yyjson_obj_get(c->request->config, "sp_model_kwargs");
    const char *key = yyjson_obj_size(kwargs) ? "sp_model_kwargs" : NULL;
    if (yyjson_get_bool(yyjson_obj_get(c->request->config, "separate_vocabs"))) key = "separate_vocabs";
    if (!key) return ap__slow_refuse_flags(c, shape->refused);
    return ap__fail(c->err, AP_EUNSUPPORTED, "%s/tokenizer_config.json: %s is not supported with a %s",
                    c->request->folder, key, c->request->class_name);
}

static ap_status make_slow(slow_spm *s) {
    ap__converter *c = s->c;
    ap__slow_base base = {.tokens = s->parts.tokens, .n = s->parts.n_own};
    base.is_named_by_id = s->shape->is_named_by_id;
    ap_status status = ap__slow_create(c, &base);
    if (!status) status = list_languages(s);
    if (!status) status = ap__slow_put_added(&s->parts);
    if (status || s->shape->has_own_ids) return status;
    ap__text unk = ap__special_text(c, AP__UNK_TOKEN);
    if (unk.ptr && ap__vocab_find(&c->slow, unk.ptr, unk.len) != AP__TOKEN_NONE) return AP_OK;
    return ap__converter_fail(c, AP_EFORMAT, "expected the unk_token \"%.60s\" in it",
                              unk.ptr ? unk.ptr : "");
}

/* There is one: check_pieces(). */
static ap__text unknown_piece(const slow_spm *s) {
    size_t i = 0;
    while (s->model.pieces[i].type != AP__SPM_UNKNOWN) i++;
    return s->parts.tokens[i].text;
}

/* The token that unknown stretches have. */
static ap__text unknown_token(const slow_spm *s) {
    bool is_piece = s->shape->has_own_ids && !s->shape->reserved;
    return is_piece ? unknown_piece(s) : ap__special_text(s->c, AP__UNK_TOKEN);
}

static ap_status put_parts(slow_spm *s, const ap__recipe *recipe) {
    ap__converter *c = s->c;
    ap_status status = make_slow(s);
    if (!status && !s->shape->has_own_ids) status = read_model(s, recipe->files[0]);
    if (status) return status;
    yyjson_mut_val *model = new_model(s);
    status = ap__slow_put_vocab(&s->parts, model);
    if (status) return status;
    if (s->shape->has_programming)
        ap__put(c, model, "first_language_id", yyjson_mut_uint(c->doc, s->model.n + s->shape->offset));
    if (s->shape->has_language_tokens)
        ap__put(c, model, "first_language_id", yyjson_mut_uint(c->doc, s->parts.n_own));
    if (!unknown_token(s).ptr)
        return ap__converter_fail(c, AP_EFORMAT, "a %s needs an unk_token, and there is none",
                                  c->request->class_name);
    ap__put_text(c, model, "unk_token", unknown_token(s));
    ap__put(c, c->root, "model", model);
    if (s->shape->normalizer) ap__put(c, c->root, "normalizer", ap__new_json(c, s->shape->normalizer));
    if (s->shape->is_siglip) status = put_siglip(s, model);
    if (status) return status;
    if (recipe->files[2]) status = read_model(s, recipe->files[2]);
    if (status) return status;
    put_decoder(s);
    if (!s->shape->single) return AP_OK;
    return ap__put_template(c, s->shape->single, s->shape->pair, s->shape->specials);
}

ap_status ap__convert_slow_sentencepiece(ap__converter *c) {
    const ap__recipe *recipe = ap__recipe_find(c->request->class_name);
    slow_spm s = {.c = c, .shape = recipe->shape, .parts.c = c};
    s.parts.is_cut_late = s.shape->is_siglip;
    ap_status status = check_config(c, s.shape);
    if (!status) status = read_vocab(&s, recipe);
    if (!status) status = put_parts(&s, recipe);
    yyjson_doc_free(s.vocab_doc);
    return status;
}
