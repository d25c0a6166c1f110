/* SentencePiece models: Unigram and BPE.
 * Source: transformers@v4.55.4 convert_slow_tokenizer.py SpmConverter and the classes derived from it. */
#include "base/error.h"
#include "tokenizer/convert/base64.h"
#include "tokenizer/convert/converter.h"
#include "tokenizer/convert/recipes.h"
#include "tokenizer/convert/spm_merges.h"
#include "tokenizer/convert/spm_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNDERLINE "\xE2\x96\x81" /* U+2581, which stands for a space. */
#define METASPACE "{\"type\":\"Metaspace\",\"replacement\":\"" UNDERLINE "\"}"

/* More numbered tokens than any model has. */
enum { MAX_NUMBERED = 1 << 16, MAX_OWN = 8 };

/* A model on its way. */
typedef struct spm {
    ap__converter *c;
    const ap__spm_shape *shape;
    ap__spm_model model;
    ap__vocab pieces;   /* Of the file: text to index. */
    ap__scored *tokens; /* The converted vocabulary. */
    size_t n, capacity;
    ap__vocab ids;        /* Of it: text to index. */
    ap__slow_token *base; /* Of it: tokens and ids. */
    bool has_prefix_space, is_legacy;
    size_t extra_ids, offset; /* Of T5 and of Pegasus. */
    ap__text mask_token_sent; /* Of Pegasus. */
} spm;

static bool is_text(ap__text a, const char *b) {
    return a.ptr && a.len == strlen(b) && !memcmp(a.ptr, b, a.len);
}

static ap__text text_of(const char *text) { return (ap__text){text, strlen(text)}; }

/* -- settings ------------------------------------------------------------------------------------------ */

static ap_status get_count(spm *s, const char *key, size_t standard, size_t *out) {
    yyjson_val *value = yyjson_obj_get(s->c->request->config, key);
    *out = value ? (size_t)yyjson_get_uint(value) : standard;
    if ((!value || yyjson_is_uint(value)) && *out <= MAX_NUMBERED) return AP_OK;
    return ap__fail(s->c->err, AP_EFORMAT, "%s/tokenizer_config.json: %s: expected a count of at most %d",
                    s->c->request->folder, key, MAX_NUMBERED);
}

static ap_status read_settings(spm *s) {
    const ap__slow_class *slow = s->c->request->slow;
    yyjson_val *legacy = yyjson_obj_get(s->c->request->config, "legacy");
    yyjson_val *sentence = yyjson_obj_get(s->c->request->config, "mask_token_sent");
    s->has_prefix_space = s->is_legacy = true;
    ap_status status = get_count(s, "extra_ids", 100, &s->extra_ids);
    if (!status) status = get_count(s, "offset", 103, &s->offset);
    if (!sentence) s->mask_token_sent = text_of("<mask_1>");
    if (yyjson_is_str(sentence))
        s->mask_token_sent = (ap__text){yyjson_get_str(sentence), yyjson_get_len(sentence)};
    if (status || !slow->has_prefix_space) return status;
    s->is_legacy = slow->legacy && !yyjson_is_false(legacy);
    return ap__config_flag(s->c, "add_prefix_space", slow->add_prefix_space, &s->has_prefix_space);
}

/* -- the vocabulary ------------------------------------------------------------------------------------ */

/* As the SentencePiece library: a piece stands once among the usual ones and once among the others. */
static ap_status index_pieces(spm *s) {
    size_t n_bytes = 0, n = s->model.n;
    ap__vocab kinds[2] = {{0}};
    for (size_t i = 0; i < n; i++) n_bytes += s->model.pieces[i].text.len;
    ap_status status = ap__vocab_create(&s->pieces, &s->c->arena, n, n_bytes, s->c->err);
    if (!status) status = ap__vocab_create(&kinds[0], &s->c->arena, n, n_bytes, s->c->err);
    if (!status) status = ap__vocab_create(&kinds[1], &s->c->arena, n, n_bytes, s->c->err);
    for (size_t i = 0; i < n && !status; i++) {
        const ap__spm_piece *p = &s->model.pieces[i];
        bool is_usual =
            p->type == AP__SPM_NORMAL || p->type == AP__SPM_USER_DEFINED || p->type == AP__SPM_UNUSED;
        ap__vocab *own = &kinds[is_usual];
        if (ap__vocab_find(own, p->text.ptr, p->text.len) != AP__TOKEN_NONE)
            return ap__converter_fail(s->c, AP_EFORMAT, "the piece \"%.*s\" stands there twice",
                                      (int)(p->text.len > 60 ? 60 : p->text.len), p->text.ptr);
        ap__vocab_add(own, p->text.ptr, p->text.len, (uint32_t)i);
        ap__vocab_add(&s->pieces, p->text.ptr, p->text.len, (uint32_t)i);
    }
    return status;
}

static void put(spm *s, ap__text text, double score) {
    if (s->n < s->capacity && text.ptr) s->tokens[s->n++] = (ap__scored){text, score};
}

static void put_pieces(spm *s, size_t first, bool is_number_unlikely) {
    for (size_t i = first; i < s->model.n; i++) {
        const ap__spm_piece *p = &s->model.pieces[i];
        /* "1,": the digit belongs to the piece before. Source: check_number_comma. */
        bool is_number = is_number_unlikely && p->text.len > 1 && p->text.ptr[p->text.len - 1] == ',' &&
                         p->text.ptr[p->text.len - 2] >= '0' && p->text.ptr[p->text.len - 2] <= '9';
        put(s, p->text, is_number ? (double)p->score - 100 : (double)p->score);
    }
}

/* "<extra_id_7>": numbers from `from`, `n` of them, up or down. */
static ap_status put_numbered(spm *s, const char *prefix, size_t from, size_t n, double score, bool is_down) {
    char text[48];
    for (size_t i = 0; i < n; i++) {
        snprintf(text, sizeof text, "<%s_%zu>", prefix, is_down ? from + n - 1 - i : from + i);
        char *copy = ap__arena_strndup(&s->c->arena, text, strlen(text));
        if (!copy) return ap__fail_nomem(s->c->err);
        put(s, text_of(copy), score);
    }
    return AP_OK;
}

static void put_words(spm *s, const char *words) {
    while (*words) {
        size_t len = strcspn(words, " ");
        put(s, (ap__text){words, len}, 0);
        words += len + strspn(words + len, " ");
    }
}

static void put_own(spm *s) {
    const char *const *own = ap__class_extra_find(s->c->request->class_->name)->own;
    for (size_t i = 0; own && own[i]; i++) put(s, text_of(own[i]), 0);
}

/* The name that the slow tokenizer has for an id: that of an added token, else the piece. */
static ap__text slow_name(const spm *s, size_t id) {
    const ap__special_list *decoder = &s->c->request->tokens->decoder;
    for (size_t i = decoder->n; i-- > 0;)
        if (decoder->ptr[i].number == id) return decoder->ptr[i].flags.content;
    return id < s->model.n ? s->model.pieces[id].text : (ap__text){0};
}

/* Source: PegasusConverter.vocab; the mask token has a place of its own when there is a mask for sentences.
 */
static ap_status put_pegasus(spm *s) {
    ap__text mask = ap__special_text(s->c, AP__MASK_TOKEN);
    put(s, ap__special_text(s->c, AP__PAD_TOKEN), 0);
    put(s, ap__special_text(s->c, AP__EOS_TOKEN), 0);
    put(s, s->mask_token_sent, 0);
    if (mask.ptr && s->mask_token_sent.ptr && s->offset > 3) put(s, mask, 0);
    ap_status status = put_numbered(s, "unk", 2, s->offset > 2 ? s->offset - 2 : 0, -100, false);
    put_pieces(s, 2, false);
    return status;
}

/* Tokens that the slow tokenizer cannot do without. */
static ap_status check_tokens(const spm *s) {
    static const struct {
        ap__spm_vocab vocab;
        int which[5];
    } NEEDED[] = {{AP__SPM_PEGASUS, {AP__PAD_TOKEN, AP__EOS_TOKEN, -1}},
                  {AP__SPM_GEMMA, {AP__PAD_TOKEN, AP__EOS_TOKEN, AP__BOS_TOKEN, -1}},
                  {AP__SPM_CAMEMBERT, {AP__PAD_TOKEN, AP__UNK_TOKEN, -1}},
                  {AP__SPM_FAIRSEQ, {AP__BOS_TOKEN, AP__PAD_TOKEN, AP__EOS_TOKEN, AP__UNK_TOKEN, -1}},
                  {AP__SPM_SEAMLESS, {AP__BOS_TOKEN, AP__PAD_TOKEN, AP__EOS_TOKEN, AP__UNK_TOKEN, -1}}};
    for (size_t i = 0; i < sizeof NEEDED / sizeof *NEEDED; i++)
        for (const int *which = NEEDED[i].which; NEEDED[i].vocab == s->shape->vocab && *which >= 0; which++)
            if (!ap__special_text(s->c, *which).ptr)
                return ap__converter_fail(s->c, AP_EFORMAT,
                                          "a %s needs bos, eos, unk and pad tokens; one is null",
                                          s->c->request->class_name);
    return AP_OK;
}

static ap_status put_tokens(spm *s) {
    static const char FAIRSEQ[] = "<s> <pad> </s> <unk>";
    switch (s->shape->vocab) {
    case AP__SPM_PLAIN:
    case AP__SPM_BARTHEZ:
    case AP__SPM_ALBERT:
        put_pieces(s, 0, s->shape->vocab == AP__SPM_ALBERT);
        return AP_OK;
    case AP__SPM_T5:
        put_pieces(s, 0, false);
        return put_numbered(s, "extra_id", 0, s->extra_ids, 0, true);
    case AP__SPM_CAMEMBERT:
        put_words(s, "<s>NOTUSED <pad> </s>NOTUSED <unk>");
        put(s, text_of("<unk>NOTUSED"), -100);
        put_pieces(s, 1, false);
        put_words(s, "<mask>");
        return AP_OK;
    case AP__SPM_FAIRSEQ:
    case AP__SPM_XLMR:
    case AP__SPM_MBART:
    case AP__SPM_XGLM:
        put_words(s, FAIRSEQ);
        put_pieces(s, 3, false);
        if (s->shape->vocab == AP__SPM_MBART || s->shape->vocab == AP__SPM_XGLM) put_own(s);
        if (s->shape->vocab == AP__SPM_MBART || s->shape->vocab == AP__SPM_XLMR) put_words(s, "<mask>");
        return AP_OK;
    case AP__SPM_SEAMLESS:
        put_words(s, "<pad> <unk> <s> </s>");
        put_pieces(s, 3, false);
        return AP_OK;
    case AP__SPM_PEGASUS:
        return put_pegasus(s);
    case AP__SPM_LLAMA:
        for (size_t i = 0; i < 3; i++) put(s, slow_name(s, i), 0);
        put_pieces(s, 3, false);
        return AP_OK;
    case AP__SPM_GEMMA:
        put(s, ap__special_text(s->c, AP__PAD_TOKEN), 0);
        put(s, ap__special_text(s->c, AP__EOS_TOKEN), 0);
        put(s, ap__special_text(s->c, AP__BOS_TOKEN), 0);
        put_pieces(s, 3, false);
        return AP_OK;
    }
    return AP_OK;
}

/* Older Gemma models have no tab, but a byte for it. */
static void add_tab(spm *s) {
    size_t at = s->n;
    for (size_t i = s->n; i-- > 0;) {
        if (is_text(s->tokens[i].text, "\t")) return;
        if (is_text(s->tokens[i].text, "<0x09>")) at = i;
    }
    if (at < s->n) s->tokens[at] = (ap__scored){text_of("\t"), 0};
}

static ap_status make_tokens(spm *s) {
    ap__converter *c = s->c;
    size_t n_bytes = 0;
    s->capacity = s->model.n + s->extra_ids + s->offset + 256;
    s->tokens = ap__arena_calloc(&c->arena, s->capacity, sizeof *s->tokens);
    if (!s->tokens) return ap__fail_nomem(c->err);
    ap_status status = check_tokens(s);
    if (!status) status = put_tokens(s);
    if (status) return status;
    if (s->shape->vocab == AP__SPM_GEMMA) add_tab(s);
    for (size_t i = 0; i < s->n; i++) n_bytes += s->tokens[i].text.len;
    status = ap__vocab_create(&s->ids, &c->arena, s->n, n_bytes, c->err);
    for (size_t i = 0; i < s->n && !status; i++)
        ap__vocab_add(&s->ids, s->tokens[i].text.ptr, s->tokens[i].text.len, (uint32_t)i);
    return status;
}

static size_t put_own_tokens(const spm *s, ap__slow_token *out, const int *which, size_t n) {
    size_t n_put = 0;
    for (uint32_t i = 0; i < n; i++) {
        ap__text text = ap__special_text(s->c, which[i]);
        if (text.ptr) out[n_put++] = (ap__slow_token){text, i};
    }
    return n_put;
}

/* The added tokens that the slow tokenizer's constructor makes. */
static void list_own(const spm *s, ap__slow_base *base, ap__slow_token out[MAX_OWN]) {
    static const int NLLB[] = {AP__BOS_TOKEN, AP__PAD_TOKEN, AP__EOS_TOKEN, AP__UNK_TOKEN};
    static const int SEAMLESS[] = {AP__PAD_TOKEN, AP__UNK_TOKEN, AP__BOS_TOKEN, AP__EOS_TOKEN};
    base->own = out;
    if (s->shape->vocab == AP__SPM_FAIRSEQ) base->n_own = put_own_tokens(s, out, NLLB, 4);
    if (s->shape->vocab == AP__SPM_SEAMLESS) base->n_own = put_own_tokens(s, out, SEAMLESS, 4);
    if (s->shape->vocab != AP__SPM_CAMEMBERT) return;
    ap__text pad = ap__special_text(s->c, AP__PAD_TOKEN), unk = ap__special_text(s->c, AP__UNK_TOKEN);
    ap__text texts[] = {text_of("<s>NOTUSED"), pad, text_of("</s>NOTUSED"), unk, text_of("<unk>NOTUSED")};
    for (uint32_t i = 0; i < 5; i++)
        if (texts[i].ptr) out[base->n_own++] = (ap__slow_token){texts[i], i};
}

/* What is looked up for a token that is nowhere. */
static uint32_t fallback_of(const spm *s) {
    uint32_t unk = 0;
    ap__text token = ap__special_text(s->c, AP__UNK_TOKEN);
    switch (s->shape->vocab) {
    case AP__SPM_CAMEMBERT:
    case AP__SPM_FAIRSEQ:
    case AP__SPM_XLMR:
    case AP__SPM_MBART:
    case AP__SPM_XGLM:
    case AP__SPM_SEAMLESS:
        s->c->fallback = AP__TOKEN_NONE;
        return token.ptr ? ap__slow_id(s->c, token) : AP__TOKEN_NONE;
    default:
        while (unk < s->model.n && s->model.pieces[unk].type != AP__SPM_UNKNOWN) unk++;
        if (unk == s->model.n) unk = 0;
        return unk + (s->shape->vocab == AP__SPM_PEGASUS ? (uint32_t)s->offset : 0);
    }
}

static ap_status make_slow(spm *s) {
    ap__slow_token own[MAX_OWN];
    s->base = ap__arena_calloc(&s->c->arena, s->n, sizeof *s->base);
    if (!s->base) return ap__fail_nomem(s->c->err);
    for (size_t i = 0; i < s->n; i++) s->base[i] = (ap__slow_token){s->tokens[i].text, (uint32_t)i};
    ap__slow_base base = {.tokens = s->base, .n = s->n};
    base.is_named_by_id = s->shape->normalizer != AP__SPM_NORMALIZER_DEBERTA;
    list_own(s, &base, own);
    if (s->shape->vocab == AP__SPM_CAMEMBERT) base.n--; /* The slow one has no <mask> in its vocabulary. */
    base.is_own_last = s->shape->vocab == AP__SPM_CAMEMBERT;
    if (s->shape->vocab == AP__SPM_PEGASUS) { /* Its own are all that stands before the pieces. */
        base.own = s->base;
        base.n_own = s->n - (s->model.n > 2 ? s->model.n - 2 : 0);
        base.is_own_last = true;
    }
    ap_status status = ap__slow_create(s->c, &base);
    if (!status) s->c->fallback = fallback_of(s);
    return status;
}

/* -- the model ----------------------------------------------------------------------------------------- */

static int64_t unk_id_of(const spm *s) {
    switch (s->shape->vocab) {
    case AP__SPM_PLAIN:
    case AP__SPM_ALBERT:
    case AP__SPM_T5:
        return s->model.unk_id;
    case AP__SPM_PEGASUS:
        return s->model.unk_id + (int64_t)s->offset;
    case AP__SPM_SEAMLESS:
        return ap__slow_id(s->c, ap__special_text(s->c, AP__UNK_TOKEN));
    case AP__SPM_LLAMA:
        return 0;
    default:
        return 3;
    }
}

static ap_status put_unigram(spm *s) {
    ap__converter *c = s->c;
    yyjson_mut_val *model = ap__new_typed(c, "Unigram"), *vocab = yyjson_mut_arr(c->doc);
    int64_t unk_id = unk_id_of(s);
    if (unk_id < 0 || (uint64_t)unk_id >= s->n)
        return ap__converter_fail(c, AP_EFORMAT, "unk_id is %lld, and there are %zu tokens",
                                  (long long)unk_id, s->n);
    ap__put(c, model, "unk_id", yyjson_mut_uint(c->doc, (uint64_t)unk_id));
    for (size_t i = 0; i < s->n; i++) {
        yyjson_mut_val *pair = yyjson_mut_arr(c->doc);
        ap__push(c, pair, ap__new_text(c, s->tokens[i].text));
        ap__push(c, pair, yyjson_mut_real(c->doc, s->tokens[i].score));
        ap__push(c, vocab, pair);
    }
    ap__put(c, model, "vocab", vocab);
    ap__put_bool(c, model, "byte_fallback", s->shape->is_byte_fallback);
    ap__put(c, c->root, "model", model);
    return AP_OK;
}

static ap_status put_bpe(spm *s) {
    ap__converter *c = s->c;
    yyjson_mut_val *vocab = NULL, *merges = NULL;
    ap__vocab *pieces = &s->pieces;
    if (s->shape->vocab == AP__SPM_GEMMA && ap__vocab_find(&s->ids, "\t", 1) != AP__TOKEN_NONE)
        pieces = &s->ids;
    ap_status status = ap__spm_merges(c, &merges, pieces, &s->ids, s->tokens);
    if (!status) status = ap__new_vocab(c, &vocab, s->base, s->n);
    if (status) return status;
    yyjson_mut_val *model = ap__new_bpe(c, vocab, merges);
    ap__put_text(c, model, "unk_token", s->model.unk_piece);
    ap__put(c, model, "continuing_subword_prefix", yyjson_mut_null(c->doc));
    ap__put(c, model, "end_of_word_suffix", yyjson_mut_null(c->doc));
    ap__put_bool(c, model, "fuse_unk", true);
    ap__put_bool(c, model, "byte_fallback", s->shape->is_byte_fallback);
    ap__put_bool(c, model, "ignore_merges", false);
    ap__put(c, c->root, "model", model);
    return AP_OK;
}

static ap_status put_model(spm *s) {
    if (s->model.model_type == AP__SPM_UNIGRAM) return put_unigram(s);
    if (s->model.model_type == AP__SPM_BPE) return put_bpe(s);
    return ap__converter_fail(s->c, AP_EUNSUPPORTED,
                              "model type %u (word or char) is not supported; expected unigram or bpe",
                              (unsigned)s->model.model_type);
}

static bool is_word_of(const char *words, ap__text text) {
    for (; words && *words; words += strspn(words, " ")) {
        size_t len = strcspn(words, " ");
        if (len == text.len && !memcmp(words, text.ptr, len)) return true;
        words += len;
    }
    return false;
}

/* An added token of the model. */
typedef struct added_piece {
    ap__text text;
    size_t id;
    bool is_special;
} added_piece;

static int by_id(const void *a_ptr, const void *b_ptr) {
    const added_piece *a = a_ptr, *b = b_ptr;
    return (a->id > b->id) - (a->id < b->id);
}

/* Control pieces are special, those of the user are not; both are added tokens. Ids as in
 * huggingface/tokenizers@v0.21.4 added_vocabulary.rs add_tokens. */
static size_t collect_added(const spm *s, ap__vocab *done, added_piece *out) {
    size_t size = s->ids.n, max_id = 0, n = 0;
    for (size_t i = 0; i < s->model.n; i++) {
        const ap__spm_piece *p = &s->model.pieces[i];
        if (p->type != AP__SPM_CONTROL && p->type != AP__SPM_USER_DEFINED) continue;
        if (ap__vocab_find(done, p->text.ptr, p->text.len) != AP__TOKEN_NONE) continue;
        ap__vocab_add(done, p->text.ptr, p->text.len, 0);
        size_t id = ap__vocab_find(&s->ids, p->text.ptr, p->text.len);
        if (id == AP__TOKEN_NONE) id = n && max_id >= size ? max_id + 1 : size;
        if (id > max_id) max_id = id;
        out[n++] =
            (added_piece){p->text, id, p->type == AP__SPM_CONTROL || is_word_of(s->shape->special, p->text)};
    }
    return n;
}

static ap_status put_added_pieces(spm *s) {
    ap__vocab done;
    added_piece *added = ap__arena_calloc(&s->c->arena, s->model.n, sizeof *added);
    if (!added) return ap__fail_nomem(s->c->err);
    ap_status status = ap__vocab_create(&done, &s->c->arena, s->model.n, s->pieces.pool_capacity, s->c->err);
    if (status) return status;
    size_t n = collect_added(s, &done, added);
    if (n) qsort(added, n, sizeof *added, by_id);
    for (size_t i = 0; i < n; i++)
        ap__put_added(s->c, added[i].text, (uint32_t)added[i].id, added[i].is_special);
    return AP_OK;
}

/* -- normalizer, pre-tokenizer, decoder ----------------------------------------------------------------- */

static ap_status put_charsmap(spm *s, yyjson_mut_val *list) {
    ap__text map = s->model.charsmap;
    if (!map.len) return AP_OK;
    size_t len = ap__base64_len(map.len);
    char *text = ap__arena_alloc(&s->c->arena, len);
    if (!text) return ap__fail_nomem(s->c->err);
    ap__base64_encode(text, map.ptr, map.len);
    yyjson_mut_val *normalizer = ap__new_typed(s->c, "Precompiled");
    ap__put_text(s->c, normalizer, "precompiled_charsmap", (ap__text){text, len});
    ap__push(s->c, list, normalizer);
    return AP_OK;
}

static void push_json(spm *s, yyjson_mut_val *list, const char *json) {
    ap__push(s->c, list, ap__new_json(s->c, json));
}

#define REPLACE(pattern, content) "{\"type\":\"Replace\",\"pattern\":" pattern ",\"content\":\"" content "\"}"
#define SPACES "{\"Regex\":\" {2,}\"}"

static ap_status push_accents_and_case(spm *s, yyjson_mut_val *list) {
    const ap__slow_class *slow = s->c->request->slow;
    bool keeps_accents, is_lower;
    ap_status status = ap__config_flag(s->c, "keep_accents", slow->keep_accents, &keeps_accents);
    if (!status) status = ap__config_flag(s->c, "do_lower_case", slow->do_lower_case, &is_lower);
    if (status) return status;
    if (!keeps_accents) {
        push_json(s, list, "{\"type\":\"NFKD\"}");
        push_json(s, list, "{\"type\":\"StripAccents\"}");
    }
    if (is_lower) push_json(s, list, "{\"type\":\"Lowercase\"}");
    return AP_OK;
}

/* ALBERT, and RemBERT, which joins spaces first. */
static ap_status push_albert(spm *s, yyjson_mut_val *list, bool are_spaces_first) {
    push_json(s, list, REPLACE("{\"String\":\"``\"}", "\\\""));
    push_json(s, list, REPLACE("{\"String\":\"''\"}", "\\\""));
    if (are_spaces_first) push_json(s, list, REPLACE(SPACES, " "));
    ap_status status = push_accents_and_case(s, list);
    if (!status) status = put_charsmap(s, list);
    if (!are_spaces_first) push_json(s, list, REPLACE(SPACES, " "));
    return status;
}

static ap_status push_deberta(spm *s, yyjson_mut_val *list) {
    bool is_lower;
    ap_status status = ap__config_flag(s->c, "do_lower_case", s->c->request->slow->do_lower_case, &is_lower);
    if (status) return status;
    if (is_lower) push_json(s, list, "{\"type\":\"Lowercase\"}");
    push_json(s, list, "{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}");
    status = put_charsmap(s, list);
    push_json(s, list, REPLACE(SPACES, " "));
    return status;
}

static ap_status push_usual(spm *s, yyjson_mut_val *list) {
    ap_status status = put_charsmap(s, list);
    push_json(s, list, "{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true}");
    push_json(s, list, REPLACE(SPACES, UNDERLINE));
    return status;
}

static void push_llama(spm *s, yyjson_mut_val *list) {
    if (s->has_prefix_space) push_json(s, list, "{\"type\":\"Prepend\",\"prepend\":\"" UNDERLINE "\"}");
    push_json(s, list, REPLACE("{\"String\":\" \"}", UNDERLINE));
}

static ap_status put_normalizer(spm *s) {
    ap__converter *c = s->c;
    ap_status status = AP_OK;
    if (s->shape->normalizer == AP__SPM_NORMALIZER_GEMMA) {
        ap__put(c, c->root, "normalizer", ap__new_json(c, REPLACE("{\"String\":\" \"}", UNDERLINE)));
        return AP_OK;
    }
    if (s->shape->normalizer == AP__SPM_NORMALIZER_LLAMA && !s->is_legacy) return AP_OK;
    yyjson_mut_val *sequence = ap__new_typed(c, "Sequence"), *list = yyjson_mut_arr(c->doc);
    if (s->shape->normalizer == AP__SPM_NORMALIZER_USUAL) status = push_usual(s, list);
    if (s->shape->normalizer == AP__SPM_NORMALIZER_ALBERT) status = push_albert(s, list, false);
    if (s->shape->normalizer == AP__SPM_NORMALIZER_REMBERT) status = push_albert(s, list, true);
    if (s->shape->normalizer == AP__SPM_NORMALIZER_DEBERTA) status = push_deberta(s, list);
    if (s->shape->normalizer == AP__SPM_NORMALIZER_LLAMA) push_llama(s, list);
    ap__put(c, sequence, "normalizers", list);
    ap__put(c, c->root, "normalizer", sequence);
    return status;
}

static yyjson_mut_val *new_metaspace(spm *s, bool is_split) {
    const char *scheme = !s->has_prefix_space ? "never" : s->is_legacy ? "always" : "first";
    yyjson_mut_val *metaspace = ap__new_json(s->c, METASPACE);
    ap__put_text(s->c, metaspace, "prepend_scheme", text_of(scheme));
    ap__put_bool(s->c, metaspace, "split", is_split);
    return metaspace;
}

static ap_status put_pre_tokenizer(spm *s) {
    ap__converter *c = s->c;
    bool is_punctuation = false;
    yyjson_mut_val *value;
    switch (s->shape->pre_tokenizer) {
    case AP__SPM_METASPACE:
        value = new_metaspace(s, true);
        break;
    case AP__SPM_UNSPLIT_METASPACE:
        if (s->is_legacy) return AP_OK;
        value = new_metaspace(s, false);
        break;
    case AP__SPM_SPLIT_SPACE:
        value = ap__new_json(c, "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},"
                                "\"behavior\":\"MergedWithPrevious\",\"invert\":false}");
        break;
    default:
        value = ap__new_typed(c, "Sequence");
        yyjson_mut_val *list = yyjson_mut_arr(c->doc);
        ap_status status = ap__config_flag(c, "split_by_punct", false, &is_punctuation);
        if (status) return status;
        if (s->shape->pre_tokenizer == AP__SPM_WHITESPACE_METASPACE)
            push_json(s, list, "{\"type\":\"WhitespaceSplit\"}");
        else if (is_punctuation)
            push_json(s, list, "{\"type\":\"Punctuation\",\"behavior\":\"Isolated\"}");
        ap__push(c, list, new_metaspace(s, true));
        ap__put(c, value, "pretokenizers", list);
    }
    ap__put(c, c->root, "pre_tokenizer", value);
    return AP_OK;
}

static void put_decoder(spm *s) {
    ap__converter *c = s->c;
    ap__spm_pre_tokenizer kind = s->shape->pre_tokenizer;
    if (kind != AP__SPM_UNSPLIT_METASPACE && kind != AP__SPM_SPLIT_SPACE) {
        ap__put(c, c->root, "decoder", new_metaspace(s, true));
        return;
    }
    yyjson_mut_val *sequence = ap__new_typed(c, "Sequence"), *list = yyjson_mut_arr(c->doc);
    push_json(s, list, REPLACE("{\"String\":\"" UNDERLINE "\"}", " "));
    push_json(s, list, "{\"type\":\"ByteFallback\"}");
    push_json(s, list, "{\"type\":\"Fuse\"}");
    if (kind == AP__SPM_UNSPLIT_METASPACE && s->has_prefix_space)
        push_json(s, list, "{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}");
    ap__put(c, sequence, "decoders", list);
    ap__put(c, c->root, "decoder", sequence);
}

/* -- all of it ----------------------------------------------------------------------------------------- */

static ap_status read(spm *s, const char *file) {
    ap__converter *c = s->c;
    ap_status status = ap__converter_read(c, file);
    if (!status)
        status = ap__spm_model_parse(&s->model, &c->arena, c->bytes.ptr, c->bytes.len, c->path.text, c->err);
    if (!status) status = read_settings(s);
    if (!status) status = index_pieces(s);
    if (!status) status = make_tokens(s);
    return status ? status : make_slow(s);
}

ap_status ap__convert_sentencepiece(ap__converter *c) {
    const ap__recipe *recipe = ap__recipe_find(c->request->class_name);
    spm s = {.c = c, .shape = recipe->shape};
    ap_status status = read(&s, recipe->files[0]);
    if (!status) status = put_model(&s);
    if (!status) status = put_added_pieces(&s);
    if (!status) status = put_normalizer(&s);
    if (!status) status = put_pre_tokenizer(&s);
    if (status) return status;
    put_decoder(&s);
    if (!s.shape->single) return AP_OK;
    return ap__put_template(c, s.shape->single, s.shape->pair, s.shape->specials);
}
