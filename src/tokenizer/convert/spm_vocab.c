/* The vocabulary that a class makes of a SentencePiece model's pieces.
 * Source: transformers@v4.55.4 convert_slow_tokenizer.py, the methods vocab() of SpmConverter and its kin;
 * the slow tokenizers in models/<name>/tokenization_<name>.py; google/sentencepiece@v0.2.0
 * src/model_interface.cc. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/convert/lines.h"
#include "tokenizer/convert/spm.h"
#include "tokenizer/python_text.h"

#include <stdio.h>
#include <string.h>

/* Pieces that are both usual and not, at most; tokens that a class has of its own. */
enum { MAX_AGAIN = 64, MAX_OWN = 8 };

static bool is_text(ap__text a, const char *b) {
    return a.ptr && a.len == strlen(b) && !memcmp(a.ptr, b, a.len);
}

static ap__text text_of(const char *text) { return (ap__text){text, strlen(text)}; }

static bool is_usual(const ap__spm_piece *p) {
    return p->type == AP__SPM_NORMAL || p->type == AP__SPM_USER_DEFINED || p->type == AP__SPM_UNUSED;
}

/* As the SentencePiece library: a piece stands once among the usual ones and once among the others. */
static bool is_twice(const ap__spm *s, size_t i_piece) {
    const ap__spm_piece *p = &s->model.pieces[i_piece];
    if (ap__vocab_find(&s->pieces, p->text.ptr, p->text.len) == AP__TOKEN_NONE) return false;
    for (size_t i = 0; i < i_piece; i++) {
        const ap__spm_piece *q = &s->model.pieces[i];
        if (q->text.len == p->text.len && is_usual(q) == is_usual(p) &&
            !memcmp(q->text.ptr, p->text.ptr, p->text.len))
            return true;
    }
    return false;
}

static ap_status index_pieces(ap__spm *s) {
    size_t n_bytes = 0, n_again = 0;
    for (size_t i = 0; i < s->model.n; i++) n_bytes += s->model.pieces[i].text.len;
    ap_status status = ap__vocab_create(&s->pieces, &s->c->arena, s->model.n, n_bytes, s->c->err);
    for (size_t i = 0; i < s->model.n && !status; i++) {
        const ap__spm_piece *p = &s->model.pieces[i];
        size_t n = s->pieces.n;
        if (is_twice(s, i) || n_again > MAX_AGAIN)
            return ap__converter_fail(s->c, AP_EFORMAT, "the piece \"%.*s\" stands there twice",
                                      (int)(p->text.len > 60 ? 60 : p->text.len), p->text.ptr);
        ap__vocab_add(&s->pieces, p->text.ptr, p->text.len, (uint32_t)i);
        n_again += s->pieces.n == n;
    }
    return status;
}

static void put(ap__spm *s, ap__text text, double score) {
    if (s->n < s->capacity && text.ptr) s->tokens[s->n++] = (ap__scored){text, score};
}

/* Whether a piece ends with a digit and a comma: the comma does not belong there. Source: check_number_comma.
 */
static bool is_number_comma(ap__text text) {
    size_t at = text.len ? text.len - 1 : 0;
    uint32_t code = 0;
    if (!at || text.ptr[at] != ',') return false;
    do at--;
    while (at && ((unsigned char)text.ptr[at] & 0xC0) == 0x80);
    ap__utf8_next(&code, text.ptr + at);
    return ap__py_is_digit(code);
}

static void put_pieces(ap__spm *s, size_t first, bool is_number_unlikely) {
    for (size_t i = first; i < s->model.n; i++) {
        const ap__spm_piece *p = &s->model.pieces[i];
        bool is_number = is_number_unlikely && is_number_comma(p->text);
        put(s, p->text, is_number ? (double)p->score - 100 : (double)p->score);
    }
}

/* "<extra_id_7>": numbers from `from`, `n` of them, up or down. */
static ap_status put_numbered(ap__spm *s, const char *prefix, size_t from, size_t n, double score,
                              bool is_down) {
    char text[48];
    for (size_t i = 0; i < n; i++) {
        snprintf(text, sizeof text, "<%s_%zu>", prefix, is_down ? from + n - 1 - i : from + i);
        char *copy = ap__arena_strndup(&s->c->arena, text, strlen(text));
        if (!copy) return ap__fail_nomem(s->c->err);
        put(s, text_of(copy), score);
    }
    return AP_OK;
}

static void put_words(ap__spm *s, const char *words) {
    while (*words) {
        size_t len = strcspn(words, " ");
        put(s, (ap__text){words, len}, 0);
        words += len + strspn(words + len, " ");
    }
}

static void put_own(ap__spm *s) {
    const char *const *own = ap__class_extra_find(s->c->request->class_->name)->own;
    for (size_t i = 0; own && own[i]; i++) put(s, text_of(own[i]), 0);
}

/* The name that the slow tokenizer has for an id: that of an added token, else the piece. */
static ap__text slow_name(const ap__spm *s, size_t id) {
    const ap__special_list *decoder = &s->c->request->tokens->decoder;
    for (size_t i = decoder->n; i-- > 0;)
        if (decoder->ptr[i].number == id) return decoder->ptr[i].flags.content;
    return id < s->model.n ? s->model.pieces[id].text : (ap__text){0};
}

/* Source: PegasusConverter.vocab; the mask token has a place of its own when there is a mask for sentences.
 */
static ap_status put_pegasus(ap__spm *s) {
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
static ap_status check_tokens(const ap__spm *s) {
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

static ap_status put_tokens(ap__spm *s) {
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
static void add_tab(ap__spm *s) {
    size_t at = s->n;
    for (size_t i = s->n; i-- > 0;) {
        if (is_text(s->tokens[i].text, "\t")) return;
        if (is_text(s->tokens[i].text, "<0x09>")) at = i;
    }
    if (at < s->n) s->tokens[at] = (ap__scored){text_of("\t"), 0};
}

static ap_status make_tokens(ap__spm *s) {
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

static size_t put_own_tokens(const ap__spm *s, ap__slow_token *out, const int *which, size_t n) {
    size_t n_put = 0;
    for (uint32_t i = 0; i < n; i++) {
        ap__text text = ap__special_text(s->c, which[i]);
        if (text.ptr) out[n_put++] = (ap__slow_token){text, i};
    }
    return n_put;
}

/* The added tokens that the slow tokenizer's constructor makes. */
static void list_own(const ap__spm *s, ap__slow_base *base, ap__slow_token out[MAX_OWN]) {
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
static uint32_t fallback_of(const ap__spm *s) {
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

static ap_status make_slow(ap__spm *s) {
    ap__slow_token own[MAX_OWN];
    s->base = ap__arena_calloc(&s->c->arena, s->n, sizeof *s->base);
    if (!s->base) return ap__fail_nomem(s->c->err);
    for (size_t i = 0; i < s->n; i++) s->base[i] = (ap__slow_token){s->tokens[i].text, (uint32_t)i};
    ap__slow_base base = {.tokens = s->base, .n = s->n};
    base.is_named_by_id = s->shape->normalizer != AP__SPM_NORMALIZER_DEBERTA;
    list_own(s, &base, own);
    if (s->shape->vocab == AP__SPM_T5 && s->c->request->tokens->has_late_sentinels &&
        !s->c->request->is_inner)
        base.n = s->model.n;
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

ap_status ap__spm_make_vocab(ap__spm *s) {
    ap_status status = index_pieces(s);
    if (!status) status = make_tokens(s);
    return status ? status : make_slow(s);
}
