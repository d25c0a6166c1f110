/* Text to tokens: added tokens, the basic tokenizer, word pieces.
 * Source: transformers@v4.55.4 tokenization_utils.py PreTrainedTokenizer.tokenize;
 * models/tapas/tokenization_tapas.py _tokenize, BasicTokenizer, WordpieceTokenizer, format_text. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/python_text.h"
#include "tokenizer/tapas/tapas_impl.h"
#include "tokenizer/unicode.h"

#include <string.h>

enum { WORD_MAX_CHARS = 100 };

/* A part of a text in code points. */
typedef struct part {
    const uint32_t *ptr;
    size_t n;
} part;

typedef struct cutter {
    const ap__tapas *tapas;
    ap__tapas_scratch *scratch;
    ap__tapas_tokens *out;
    ap_error *err;
} cutter;

static ap_status push(cutter *c, uint32_t id, bool is_inner) {
    void *ptr = c->out->ptr;
    if (!ap__grow(&ptr, &c->out->capacity, c->out->n + 1, sizeof *c->out->ptr, AP__TEXT_MAX_BYTES))
        return ap__fail_nomem(c->err);
    c->out->ptr = ptr;
    c->out->ptr[c->out->n++] = (ap__tapas_token){id, is_inner};
    return AP_OK;
}

/* -- word pieces --------------------------------------------------------------------------------------- */

static ap_status piece_of(cutter *c, const uint32_t *codes, size_t n, bool is_first, size_t *ends) {
    ap__buf *piece = &c->scratch->piece;
    ap__buf_reset(piece);
    ap_status status = is_first ? AP_OK : ap__buf_puts(piece, "##", c->err);
    for (size_t i = 0; i < n && !status; i++) {
        char bytes[4];
        status = ap__buf_append(piece, bytes, ap__utf8_encode(bytes, codes[i]), c->err);
        ends[i] = piece->len;
    }
    return status;
}

/* The longest token at the beginning of `codes`.   @return its characters, 0 without one */
static size_t longest_piece(uint32_t *id, const cutter *c, size_t n, const size_t *ends) {
    const char *text = ap__buf_text(&c->scratch->piece);
    for (; n; n--) {
        if (ends[n - 1] > c->tapas->vocab.longest) continue;
        *id = ap__vocab_find(&c->tapas->vocab, text, ends[n - 1]);
        if (*id != AP__TOKEN_NONE) return n;
    }
    return 0;
}

static uint32_t id_of_piece(const cutter *c, uint32_t id) {
    size_t len;
    const char *text = ap__vocab_token(&c->tapas->vocab, id, &len);
    for (size_t i = 0; i < c->tapas->n_added; i++) {
        const ap__text *added = &c->tapas->added[i].text;
        if (text && added->len == len && memcmp(added->ptr, text, len) == 0) return c->tapas->added[i].id;
    }
    return id;
}

static ap_status add_word(cutter *c, part word) {
    size_t first = c->out->n, ends[WORD_MAX_CHARS];
    ap_status status = AP_OK;
    if (word.n > WORD_MAX_CHARS) return push(c, c->tapas->config.unk_token_id, false);
    for (size_t at = 0; at < word.n && !status;) {
        uint32_t id = 0;
        if ((status = piece_of(c, word.ptr + at, word.n - at, at == 0, ends))) return status;
        size_t n = longest_piece(&id, c, word.n - at, ends);
        if (!n) { /* A word that cannot be put together is unknown as a whole. */
            c->out->n = first;
            return push(c, c->tapas->config.unk_token_id, false);
        }
        bool is_inner = strncmp(ap__buf_text(&c->scratch->piece), "##", 2) == 0 && ends[n - 1] >= 2;
        status = push(c, id_of_piece(c, id), is_inner);
        at += n;
    }
    return status;
}

/* -- the basic tokenizer ------------------------------------------------------------------------------- */

static bool is_chinese(uint32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) ||
           (c >= 0x2B820 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

static bool is_punctuation(uint32_t c) {
    if (c < 0x80)
        return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
    return ap__unicode_is(c, AP__UNICODE_ONIG_PUNCTUATION);
}

/* Without controls, with blanks for all white space and around every Chinese character. */
static ap_status clean(cutter *c, part text) {
    ap__codes *out = &c->scratch->clean;
    ap_status status = AP_OK;
    out->n = 0;
    for (size_t i = 0; i < text.n && !status; i++) {
        uint32_t code = text.ptr[i];
        if (ap__unicode_is(code, AP__UNICODE_BERT_REMOVED)) continue;
        bool is_apart = c->tapas->tokenize_chinese_chars && is_chinese(code);
        if (is_apart) status = ap__codes_push(out, ' ', c->err);
        if (!status) status = ap__codes_push(out, ap__py_is_space(code) ? ' ' : code, c->err);
        if (!status && is_apart) status = ap__codes_push(out, ' ', c->err);
    }
    return status;
}

/* NFC, for which nothing has to be done where all is ASCII. */
static ap_status compose(cutter *c) {
    ap__codes *text = &c->scratch->clean, *parts = &c->scratch->parts;
    size_t i = 0;
    while (i < text->n && text->ptr[i] < 0x80) i++;
    if (i == text->n) return AP_OK;
    parts->n = 0;
    ap_status status = ap__codes_decompose(parts, text->ptr, text->n, c->err);
    if (status) return status;
    ap__codes_compose(parts);
    ap__codes swapped = *text;
    *text = *parts;
    *parts = swapped;
    return AP_OK;
}

static bool is_special(const ap__tapas *tapas, part word) {
    for (size_t i = 0; i < tapas->n_added; i++) {
        const ap__tapas_added *added = &tapas->added[i];
        if (added->is_special && added->n == word.n &&
            !memcmp(added->codes, word.ptr, word.n * sizeof *word.ptr))
            return true;
    }
    return false;
}

/* The word in lower case and without accents, as the settings say, in scratch->word. */
static ap_status plain_word(cutter *c, part word) {
    ap__codes *out = &c->scratch->word, *parts = &c->scratch->parts;
    ap_status status = AP_OK;
    out->n = 0;
    for (size_t i = 0; i < word.n && !status; i++)
        status = c->tapas->do_lower_case ? ap__codes_push_lower(out, word.ptr[i], c->err)
                                         : ap__codes_push(out, word.ptr[i], c->err);
    if (status || !c->tapas->strips_accents) return status;
    parts->n = 0;
    status = ap__codes_decompose(parts, out->ptr, out->n, c->err);
    out->n = 0;
    for (size_t i = 0; i < parts->n && !status; i++)
        if (!ap__unicode_is(parts->ptr[i], AP__UNICODE_NONSPACING))
            status = ap__codes_push(out, parts->ptr[i], c->err);
    return status;
}

/* Every punctuation mark is a word of its own. */
static ap_status add_split(cutter *c, part word) {
    ap_status status = AP_OK;
    for (size_t at = 0; at < word.n && !status;) {
        size_t end = at;
        while (end < word.n && !is_punctuation(word.ptr[end])) end++;
        if (end == at) end++;
        status = add_word(c, (part){word.ptr + at, end - at});
        at = end;
    }
    return status;
}

static bool next_word(part *word, part *rest) {
    size_t at = 0, end;
    while (at < rest->n && ap__py_is_space(rest->ptr[at])) at++;
    for (end = at; end < rest->n && !ap__py_is_space(rest->ptr[end]);) end++;
    if (at == end) return false;
    *word = (part){rest->ptr + at, end - at};
    *rest = (part){rest->ptr + end, rest->n - end};
    return true;
}

static ap_status add_basic(cutter *c, part text) {
    ap_status status = clean(c, text);
    if (!status) status = compose(c);
    part rest = {c->scratch->clean.ptr, c->scratch->clean.n}, word;
    while (!status && next_word(&word, &rest)) {
        if (is_special(c->tapas, word)) {
            status = add_word(c, word);
            continue;
        }
        if (!(status = plain_word(c, word)))
            status = add_split(c, (part){c->scratch->word.ptr, c->scratch->word.n});
    }
    return status;
}

/* -- between added tokens ------------------------------------------------------------------------------ */

static part strip(part text) {
    while (text.n && ap__py_is_space(text.ptr[text.n - 1])) text.n--;
    for (; text.n && ap__py_is_space(text.ptr[0]); text.n--) text.ptr++;
    return text;
}

static bool equals_any_case(part text, const char *word) {
    size_t i = 0;
    for (; i < text.n && word[i]; i++) {
        uint32_t lower[2];
        if (ap__unicode_lower(lower, text.ptr[i]) != 1 || lower[0] != (unsigned char)word[i]) return false;
    }
    return i == text.n && !word[i];
}

/* What counts as an empty cell: no letter and no digit, or one of three ways to say so. */
static bool is_empty(part text) {
    text = strip(text);
    if (equals_any_case(text, "n/a") || equals_any_case(text, "nan")) return true;
    for (size_t i = 0; i < text.n; i++)
        if (ap__py_is_alnum(text.ptr[i])) return false;
    return true;
}

static ap_status add_segment(cutter *c, part text) {
    ap_status status = AP_OK;
    part word;
    if (!text.n) return AP_OK;
    if (is_empty(text)) return push(c, c->tapas->empty_id, false);
    if (c->tapas->do_basic_tokenize) return add_basic(c, text);
    while (!status && next_word(&word, &text)) status = add_word(c, word);
    return status;
}

static bool begins_with(part text, const ap__tapas_added *added) {
    return added->n <= text.n && memcmp(added->codes, text.ptr, added->n * sizeof *text.ptr) == 0;
}

/* The longest added token at the beginning of a text; NULL: none. */
static const ap__tapas_added *find_added(const ap__tapas *tapas, part text, bool keeps_case) {
    const ap__tapas_added *best = NULL;
    for (size_t i = 0; i < tapas->n_added; i++) {
        const ap__tapas_added *added = &tapas->added[i];
        if (added->n == 0 || added->codes[0] != text.ptr[0] || (keeps_case && !added->keeps_case)) continue;
        if (begins_with(text, added) && (!best || added->n > best->n)) best = added;
    }
    return best;
}

/* In lower case but for special tokens, in scratch->text. */
static ap_status lower(cutter *c, part text) {
    ap_status status = AP_OK;
    for (size_t at = 0; at < text.n && !status;) {
        part rest = {text.ptr + at, text.n - at};
        const ap__tapas_added *added = find_added(c->tapas, rest, true);
        status = added ? ap__codes_append(&c->scratch->text, rest.ptr, added->n, c->err)
                       : ap__codes_push_lower(&c->scratch->text, rest.ptr[0], c->err);
        at += added ? added->n : 1;
    }
    return status;
}

static ap_status add_text(cutter *c, part text) {
    size_t start = 0;
    ap_status status = AP_OK;
    for (size_t at = 0; at < text.n && !status;) {
        const ap__tapas_added *added = find_added(c->tapas, (part){text.ptr + at, text.n - at}, false);
        if (!added) {
            at++;
            continue;
        }
        part left = {text.ptr + start, at - start};
        while (added->lstrip && left.n && ap__py_is_space(left.ptr[left.n - 1])) left.n--;
        status = add_segment(c, left);
        if (!status) status = push(c, added->id, false);
        at += added->n;
        while (added->rstrip && at < text.n && ap__py_is_space(text.ptr[at])) at++;
        start = at;
    }
    return status ? status : add_segment(c, (part){text.ptr + start, text.n - start});
}

ap_status ap__tapas_tokenize(ap__tapas_tokens *out, ap__tapas_scratch *scratch, const ap__tapas *tapas,
                             ap__text text, const char *what, ap_error *err) {
    cutter c = {tapas, scratch, out, err};
    ap__codes given = {0};
    if (!text.len) return AP_OK;
    ap_status status = ap__utf8_check(text.ptr, text.len, what, err);
    if (!status) status = ap__codes_of_text(&given, text, err);
    scratch->text.n = 0;
    bool is_lowered = tapas->do_lower_case && tapas->do_basic_tokenize;
    if (!status && is_lowered) status = lower(&c, (part){given.ptr, given.n});
    const ap__codes *codes = is_lowered ? &scratch->text : &given;
    if (!status) status = add_text(&c, (part){codes->ptr, codes->n});
    ap__codes_clear(&given);
    return status;
}

void ap__tapas_scratch_clear(ap__tapas_scratch *scratch) {
    ap__codes_clear(&scratch->text);
    ap__codes_clear(&scratch->clean);
    ap__codes_clear(&scratch->word);
    ap__codes_clear(&scratch->parts);
    ap__buf_clear(&scratch->piece);
}
