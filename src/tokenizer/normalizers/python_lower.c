/* PythonLower: lower case, character by character and but for some words, or as str.lower() has it; of Vits,
 * nothing that is not in the vocabulary either.
 * Source: transformers@v4.55.4 models/vits/tokenization_vits.py prepare_for_tokenization,
 * tokenization_utils.py tokenize (do_lower_case). */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/component.h"
#include "tokenizer/models/trie.h"
#include "tokenizer/python_case.h"
#include "tokenizer/python_text.h"
#include "tokenizer/unicode.h"

typedef struct python_lower {
    ap__vocab words; /* What stays as it is: text and its place in the order in which they are tried. */
    ap__vocab kept;  /* What is not dropped, of those that filter. */
    ap__trie trie;   /* Of the words. */
    bool lowers, filters, is_romanian;
    bool is_string; /* As str.lower(). */
} python_lower;

/* -- reading ------------------------------------------------------------------------------------------- */

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    python_lower *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__get_bool(loader, json, "is_romanian", true, &self->is_romanian);
    if (!status) status = ap__get_bool(loader, json, "lowers", true, &self->lowers);
    if (!status) status = ap__get_bool(loader, json, "filters", true, &self->filters);
    if (!status) status = ap__get_bool(loader, json, "is_string", false, &self->is_string);
    if (!status) status = ap__get_strings(loader, json, "words", 1, &self->words);
    if (!status) status = ap__get_strings(loader, json, "kept", 1, &self->kept);
    if (!status) status = ap__trie_create(&self->trie, &self->words, loader->arena, loader->err);
    *out = self;
    return status;
}

/* -- applying ------------------------------------------------------------------------------------------ */

/* Bytes of the word that is tried first of those that the text begins with; 0 when there is none. */
static uint32_t word_len(const python_lower *self, const char *text, uint32_t len) {
    ap__trie_walk walk = {.text = text, .len = len};
    uint32_t place, best = AP__TOKEN_NONE, n = 0;
    while (self->lowers && self->words.n && ap__trie_next(&self->trie, &walk, &place)) {
        uint32_t order = self->words.entries[self->trie.entries[place]].id;
        if (order >= best) continue;
        best = order;
        n = walk.at;
    }
    return n;
}

/* Puts what becomes of the next character. */
static void put(const python_lower *self, ap__transform *t, uint32_t code, bool is_lowered) {
    uint32_t codes[2] = {code};
    size_t n = is_lowered ? ap__unicode_lower(codes, code) : 1, n_put = 0;
    for (size_t i = 0; i < n; i++) {
        enum { T_WITH_COMMA = 0x21B, T_WITH_CEDILLA = 0x163 };
        char bytes[4];
        if (self->is_romanian && codes[i] == T_WITH_COMMA) codes[i] = T_WITH_CEDILLA;
        size_t len = ap__utf8_encode(bytes, codes[i]);
        if (self->filters && ap__vocab_find(&self->kept, bytes, len) == AP__TOKEN_NONE) continue;
        ap__transform_put(t, codes[i], n_put++ > 0);
    }
    if (!n_put) ap__transform_drop(t);
}

static void strip(ap__ntext *text) {
    ap__text stripped = ap__py_strip((ap__text){text->ptr, text->len});
    uint32_t start = stripped.len ? (uint32_t)(stripped.ptr - text->ptr) : 0;
    *text = ap__ntext_slice(text, start, start + (uint32_t)stripped.len);
}

static ap_status lower_string(ap__work *work, ap__ntext *text) {
    const ap__text whole = {text->ptr, text->len};
    ap__transform t;
    ap__work_begin(&t, work, text, 0);
    for (uint32_t at = 0; at < text->len && !t.status; at += ap__utf8_len(text->ptr[at])) {
        uint32_t codes[AP__PY_MAX_CASE];
        size_t n = ap__py_lower_at(whole, at, codes);
        for (size_t i = 0; i < n; i++) ap__transform_put(&t, codes[i], i > 0);
    }
    return ap__work_finish(&t, work, text);
}

static ap_status apply(const void *ptr, ap__work *work, ap__ntext *text) {
    const python_lower *self = ptr;
    if (self->is_string) return lower_string(work, text);
    ap__transform t;
    uint32_t kept_until = 0;
    ap__work_begin(&t, work, text, 0);
    for (uint32_t at = 0, code; at < text->len && !t.status;) {
        if (at >= kept_until) kept_until = at + word_len(self, text->ptr + at, text->len - at);
        bool is_lowered = self->lowers && at >= kept_until;
        at += (uint32_t)ap__utf8_next(&code, text->ptr + at);
        put(self, &t, code, is_lowered);
    }
    ap_status status = ap__work_finish(&t, work, text);
    if (!status && self->filters && text->len) strip(text);
    return status;
}

const ap__normalizer_class ap__normalizer_python_lower = {.create = create, .apply = apply};
