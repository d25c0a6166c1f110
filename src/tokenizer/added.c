/* Added tokens: keeping, finding and looking them up.
 * Source: huggingface/tokenizers@v0.21.4 tokenizer/added_vocabulary.rs; what decoding gives is 0.23's. */
#include "tokenizer/added.h"

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/python_text.h"
#include "tokenizer/unicode.h"

#include <stdlib.h>
#include <string.h>

/* A longer one is refused: the search looks ahead as far as the longest token at every place, and a hostile
 * file must not make that the length of the text. */
enum { ADDED_MAX_BYTES = 4096 };

/* -- keeping ------------------------------------------------------------------------------------------- */

static ap_status regrow(void *out_ptr, const void *old, ap__arena *arena, size_t n, size_t capacity,
                        size_t size, ap_error *err) {
    void *ptr = ap__arena_calloc(arena, capacity, size);
    if (!ptr) return ap__fail_nomem(err);
    if (n) memcpy(ptr, old, n * size);
    memcpy(out_ptr, &ptr, sizeof ptr);
    return AP_OK;
}

ap_status ap__added_reserve(ap__added *added, ap__arena *arena, size_t n, size_t n_bytes, ap_error *err) {
    size_t capacity = added->n + n, bytes = n_bytes;
    for (size_t i = 0; i < added->n; i++) bytes += added->tokens[i].content.len;
    ap_status status = ap__vocab_create(&added->index, arena, capacity, bytes, err);
    if (status) return status;
    for (size_t i = 0; i < added->n; i++)
        ap__vocab_add(&added->index, added->tokens[i].content.ptr, added->tokens[i].content.len, (uint32_t)i);
    /* Each token makes at most one entry in either list. */
    size_t n_entries = added->n_special + added->n_classic + n;
    if ((status =
             regrow(&added->tokens, added->tokens, arena, added->n, capacity, sizeof *added->tokens, err)))
        return status;
    if ((status = regrow(&added->special, added->special, arena, added->n_special, n_entries,
                         sizeof *added->special, err)))
        return status;
    added->capacity = capacity;
    return regrow(&added->classic, added->classic, arena, added->n_classic, n_entries, sizeof *added->classic,
                  err);
}

void ap__added_decode_contents(ap__added *added) {
    for (size_t i = 0; i < added->n; i++) added->tokens[i].decoded = added->tokens[i].content;
}

bool ap__added_is_same(const ap__added_token *a, const ap__added_token *b) {
    return a->single_word == b->single_word && a->lstrip == b->lstrip && a->rstrip == b->rstrip &&
           a->normalized == b->normalized && a->special == b->special;
}

/* Source: added_vocabulary.rs add_tokens, the choice of new_id. */
static uint32_t id_of_new(const ap__added *added, const ap__vocab *vocab, const ap__text *content) {
    uint32_t id = ap__vocab_find(vocab, content->ptr, content->len);
    if (id != AP__TOKEN_NONE) return id;
    uint32_t size = (uint32_t)vocab->n_listed;
    if (!added->n) return size;
    return added->max_id >= size || size == 0 ? added->max_id + 1 : size;
}

void ap__added_add(ap__added *added, const ap__vocab *vocab, const ap__added_token *token) {
    if (!token->content.len) return;
    uint32_t i = ap__vocab_find(&added->index, token->content.ptr, token->content.len);
    bool is_new = i == AP__TOKEN_NONE;
    if (!is_new && ap__added_is_same(&added->tokens[i], token)) return;
    uint32_t id = is_new ? id_of_new(added, vocab, &token->content) : added->tokens[i].id;
    bool was_special = !is_new && added->tokens[i].was_special;
    if (is_new) {
        if (added->n == added->capacity) return;
        i = (uint32_t)added->n++;
        ap__vocab_add(&added->index, token->content.ptr, token->content.len, i);
    }
    ap__added_token *kept = &added->tokens[i];
    *kept = *token;
    kept->id = id;
    kept->decoded = token->content;
    kept->was_special = was_special || token->special;
    if (id > added->max_id) added->max_id = id;
    /* A token that was special once stays in that list alone, with the flag it had then. */
    ap__added_entry entry = {i, id, token->normalized};
    if (token->special && !was_special)
        added->special[added->n_special++] = entry;
    else if (!was_special)
        added->classic[added->n_classic++] = entry;
}

const ap__added_token *ap__added_find(const ap__added *added, const char *content, size_t len) {
    uint32_t i = ap__vocab_find(&added->index, content, len);
    return i == AP__TOKEN_NONE ? NULL : &added->tokens[i];
}

const ap__added_token *ap__added_find_id(const ap__added *added, uint32_t id) {
    size_t low = 0, high = added->n_ids;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (added->by_id[mid].id < id)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == added->n_ids || added->by_id[low].id != id) return NULL;
    return &added->tokens[added->by_id[low].token];
}

/* -- preparing ----------------------------------------------------------------------------------------- */

static int by_content(const ap__text *a, const ap__text *b) {
    int order = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* While sorting, `token` is the place in the lists: of equal strings the first comes first. */
static int by_pattern(const void *a_ptr, const void *b_ptr) {
    const ap__pattern *a = a_ptr, *b = b_ptr;
    int order = by_content(&a->text, &b->text);
    return order ? order : (a->token > b->token) - (a->token < b->token);
}

/* Sorts, drops all but the first of equal strings, and replaces places by tokens. */
static void patterns_finish(ap__patterns *patterns, const ap__added *added) {
    if (patterns->n) qsort(patterns->ptr, patterns->n, sizeof *patterns->ptr, by_pattern);
    uint32_t n = 0;
    for (uint32_t i = 0; i < patterns->n; i++) {
        ap__pattern *pattern = &patterns->ptr[i];
        if (n && !by_content(&patterns->ptr[n - 1].text, &pattern->text)) continue;
        const ap__added_entry *entry = pattern->token < added->n_special
                                           ? &added->special[pattern->token]
                                           : &added->classic[pattern->token - added->n_special];
        const ap__added_token *token = ap__added_find_id(added, entry->id);
        patterns->ptr[n++] = (ap__pattern){pattern->text, (uint32_t)(token - added->tokens)};
    }
    patterns->n = n;
    for (uint32_t byte = 0, i = 0; byte <= 256; byte++) {
        patterns->first[byte] = i;
        while (i < n && (unsigned char)patterns->ptr[i].text.ptr[0] == byte) i++;
    }
    bool is_one = n && patterns->ptr[0].text.ptr[0] == patterns->ptr[n - 1].text.ptr[0];
    patterns->only_lead = is_one ? (unsigned char)patterns->ptr[0].text.ptr[0] : -1;
}

static ap_status normalize(ap__text *out, const ap__text *content, const ap__normalizer *normalizer,
                           ap__work *work, ap__loader *loader) {
    ap__ntext text = {content->ptr, NULL, (uint32_t)content->len, {0, (uint32_t)content->len}, false};
    ap_status status = ap__normalizer_apply(normalizer, work, &text);
    if (status) return status;
    *out = (ap__text){ap__arena_strndup(loader->arena, text.ptr, text.len), text.len};
    return out->ptr ? AP_OK : ap__fail_nomem(loader->err);
}

static ap_status collect(ap__added *added, const ap__normalizer *normalizer, ap__work *work,
                         ap__loader *loader) {
    size_t n = added->n_special + added->n_classic;
    for (size_t i = 0; i < n; i++) {
        const ap__added_entry *entry =
            i < added->n_special ? &added->special[i] : &added->classic[i - added->n_special];
        ap__added_token *token = &added->tokens[entry->token];
        ap__text text = token->content;
        ap__patterns *patterns = entry->normalized ? &added->normalized : &added->plain;
        if (text.len > ADDED_MAX_BYTES)
            return ap__loader_fail(loader, AP_ELIMIT, NULL,
                                   "an added token is %zu bytes long; at most %d are supported", text.len,
                                   ADDED_MAX_BYTES);
        if (entry->normalized && normalizer->class_ && !added->is_python) {
            ap_status status = normalize(&text, &token->content, normalizer, work, loader);
            if (status) return status;
            if (token->normalized) token->decoded = text;
        }
        if (text.len) patterns->ptr[patterns->n++] = (ap__pattern){text, (uint32_t)i};
    }
    return AP_OK;
}

static int by_id(const void *a_ptr, const void *b_ptr) {
    const ap__added_id *a = a_ptr, *b = b_ptr;
    if (a->id != b->id) return a->id < b->id ? -1 : 1;
    return (a->token > b->token) - (a->token < b->token);
}

static ap_status index_ids(ap__added *added, ap__loader *loader) {
    ap_status status = ap__loader_alloc(loader, &added->by_id, added->n, sizeof *added->by_id);
    if (status) return status;
    for (uint32_t i = 0; i < added->n; i++) added->by_id[i] = (ap__added_id){added->tokens[i].id, i};
    if (added->n) qsort(added->by_id, added->n, sizeof *added->by_id, by_id);
    added->n_ids = 0;
    for (size_t i = 0; i < added->n; i++) { /* Of equal ids the last stays. */
        bool is_repeated = added->n_ids && added->by_id[added->n_ids - 1].id == added->by_id[i].id;
        if (!is_repeated) added->n_ids++;
        added->by_id[added->n_ids - 1] = added->by_id[i];
    }
    return AP_OK;
}

ap_status ap__added_finish(ap__added *added, const ap__normalizer *normalizer, ap__loader *loader) {
    ap_status status = index_ids(added, loader);
    size_t n = added->n_special + added->n_classic;
    added->plain.n = added->normalized.n = 0;
    if (!status) status = ap__loader_alloc(loader, &added->plain.ptr, n, sizeof *added->plain.ptr);
    if (!status) status = ap__loader_alloc(loader, &added->normalized.ptr, n, sizeof *added->normalized.ptr);
    if (status) return status;
    ap__work work = {.err = loader->err};
    status = collect(added, normalizer, &work, loader);
    ap__work_clear(&work);
    if (status) return status;
    patterns_finish(&added->plain, added);
    patterns_finish(&added->normalized, added);
    return AP_OK;
}

/* -- finding ------------------------------------------------------------------------------------------- */

/* Of the patterns [low, high), which agree in their first `depth` bytes and are longer, the first whose next
 * byte is `byte` or more. */
static uint32_t bound(const ap__patterns *patterns, uint32_t low, uint32_t high, uint32_t depth,
                      unsigned byte) {
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if ((unsigned char)patterns->ptr[mid].text.ptr[depth] < byte)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The longest pattern at `at`, or NULL. */
static const ap__pattern *longest_at(const ap__patterns *patterns, const char *text, uint32_t len,
                                     uint32_t at) {
    const ap__pattern *best = NULL;
    unsigned char lead = (unsigned char)text[at];
    uint32_t low = patterns->first[lead], high = patterns->first[lead + 1];
    for (uint32_t depth = 1; low < high; depth++) {
        if (patterns->ptr[low].text.len == depth) best = &patterns->ptr[low++];
        if (at + depth >= len || low == high) break;
        unsigned byte = (unsigned char)text[at + depth];
        low = bound(patterns, low, high, depth, byte);
        high = bound(patterns, low, high, depth, byte + 1);
    }
    return best;
}

/* The first place from `at` on where a pattern may begin. */
static uint32_t next_lead(const ap__patterns *patterns, const char *text, uint32_t len, uint32_t at) {
    if (!patterns->n) return len;
    if (patterns->only_lead >= 0) {
        const char *found = at < len ? memchr(text + at, patterns->only_lead, len - at) : NULL;
        return found ? (uint32_t)(found - text) : len;
    }
    while (at < len &&
           patterns->first[(unsigned char)text[at]] == patterns->first[(unsigned char)text[at] + 1])
        at++;
    return at;
}

static uint32_t char_before(const char *text, uint32_t at, uint32_t *start) {
    uint32_t code;
    do at--;
    while (at > 0 && ap__is_continuation(text[at]));
    ap__utf8_next(&code, text + at);
    *start = at;
    return code;
}

static bool is_single_word(const ap__added_scan *scan, uint32_t start, uint32_t end) {
    uint32_t code, ignored;
    if (start > 0 && ap__unicode_is(char_before(scan->text, start, &ignored), AP__UNICODE_WORD)) return false;
    if (end == scan->len) return true;
    ap__utf8_next(&code, scan->text + end);
    return !ap__unicode_is(code, AP__UNICODE_WORD);
}

static bool is_space(const ap__added_scan *scan, uint32_t code) {
    return scan->added->is_python ? ap__py_is_space(code) : ap__unicode_is(code, AP__UNICODE_WHITESPACE);
}

static uint32_t strip_left(const ap__added_scan *scan, uint32_t start) {
    while (start > scan->cut) {
        uint32_t before;
        if (!is_space(scan, char_before(scan->text, start, &before))) break;
        start = before;
    }
    return start < scan->cut ? scan->cut : start;
}

static uint32_t strip_right(ap__added_scan *scan, uint32_t end) {
    if (end >= scan->space_start && end <= scan->space_end) return scan->space_end;
    scan->space_start = end;
    while (end < scan->len) {
        uint32_t code;
        uint32_t n = (uint32_t)ap__utf8_next(&code, scan->text + end);
        if (!is_space(scan, code)) break;
        end += n;
    }
    return scan->space_end = end;
}

const ap__added_token *ap__added_next(ap__added_scan *scan, uint32_t *start, uint32_t *end) {
    for (;;) {
        scan->at = next_lead(scan->patterns, scan->text, scan->len, scan->at);
        if (scan->at >= scan->len) return NULL;
        const ap__pattern *pattern = longest_at(scan->patterns, scan->text, scan->len, scan->at);
        if (!pattern) {
            scan->at++;
            continue;
        }
        *start = scan->at;
        *end = scan->at += (uint32_t)pattern->text.len;
        const ap__added_token *token = &scan->added->tokens[pattern->token];
        if (scan->added->splits_special && token->was_special) continue;
        if (token->single_word && !is_single_word(scan, *start, *end)) continue;
        /* As in the reference, a match inside the whitespace that the one before took in overlaps it. */
        if (token->lstrip) *start = *start > scan->cut ? strip_left(scan, *start) : scan->cut;
        if (token->rstrip) *end = strip_right(scan, *end);
        return token;
    }
}
