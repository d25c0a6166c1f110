/* Byte-pair encoding as the slow tokenizers write it in Python: symbols are strings, whatever has an id, and
 * of the pair with the lowest rank all places are merged before another pair is looked at. Where ranks are
 * not in the order in which symbols come to be, that gives other tokens than merging one place after the
 * other. Source: transformers@v4.55.4 bpe() of models/ctrl/tokenization_ctrl.py,
 * models/phobert/tokenization_phobert.py, models/luke/tokenization_luke.py. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/models/bpe_merges.h"
#include "tokenizer/models/heap.h"
#include "tokenizer/models/read_vocab.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

#define NOBODY UINT32_MAX

/* Longest ending of a word or a symbol, in bytes. */
enum { MAX_AFFIX = 8 };

/* The ids of a symbol inside of a word and at its end; AP__TOKEN_NONE where it has none. */
typedef struct symbol_ids {
    uint32_t inner, last;
} symbol_ids;

typedef struct python_bpe {
    const ap__vocab *vocab;
    ap__vocab symbols; /* All that merges know. */
    symbol_ids *ids;   /* Of the symbols. */
    ap__merges merges; /* Of symbols. */
    ap__text suffix;   /* Of the last symbol of a word, while it is merged. */
    ap__text joiner;   /* Of all tokens but the last. */
    uint32_t unk_id;
    bool decodes_only; /* There are no merges, which is not the same as an empty list of them. */
} python_bpe;

/* -- reading ------------------------------------------------------------------------------------------- */

/* The id of a symbol's token: with the joiner, or at the end of a word without its suffix. */
static uint32_t find_token(const python_bpe *self, ap__text symbol, bool is_last) {
    const ap__text *joiner = &self->joiner;
    if (is_last) return ap__vocab_find(self->vocab, symbol.ptr, symbol.len);
    uint64_t hash = ap__vocab_hash(self->vocab->seed, symbol.ptr, symbol.len);
    hash = ap__vocab_hash(hash, joiner->ptr, joiner->len);
    return ap__vocab_find_parts(self->vocab, hash, symbol.ptr, symbol.len, joiner->ptr, joiner->len);
}

static uint32_t find_symbol(const python_bpe *self, ap__text left, ap__text right) {
    uint64_t hash = ap__vocab_hash(self->symbols.seed, left.ptr, left.len);
    hash = ap__vocab_hash(hash, right.ptr, right.len);
    return ap__vocab_find_parts(&self->symbols, hash, left.ptr, left.len, right.ptr, right.len);
}

static ap_status get_pair(ap__loader *loader, yyjson_val *item, size_t i, ap__text pair[2]) {
    for (size_t k = 0; k < 2; k++) {
        yyjson_val *part = yyjson_arr_get(item, k);
        if (!yyjson_get_len(part) || !yyjson_is_str(part))
            return ap__loader_fail(loader, AP_EFORMAT, "merges", "item %zu: expected two texts", i);
        pair[k] = (ap__text){yyjson_get_str(part), yyjson_get_len(part)};
    }
    return AP_OK;
}

static void add_symbol(ap__vocab *symbols, ap__text text) {
    if (ap__vocab_find(symbols, text.ptr, text.len) == AP__TOKEN_NONE)
        ap__vocab_add(symbols, text.ptr, text.len, (uint32_t)symbols->n);
}

/* Both parts of each merge, and what it makes. */
static ap_status read_symbols(python_bpe *self, ap__loader *loader, yyjson_val *list) {
    yyjson_val *item;
    size_t i, max, n_bytes = 0, longest = 0;
    ap__text pair[2];
    yyjson_arr_foreach(list, i, max, item) {
        ap_status status = get_pair(loader, item, i, pair);
        if (status) return status;
        size_t len = pair[0].len + pair[1].len;
        n_bytes += 2 * len;
        if (len > longest) longest = len;
    }
    char *merged = ap__arena_alloc(loader->arena, longest + 1);
    if (!merged) return ap__fail_nomem(loader->err);
    ap_status status =
        ap__vocab_create(&self->symbols, loader->arena, 3 * yyjson_arr_size(list), n_bytes, loader->err);
    if (status) return status;
    yyjson_arr_foreach(list, i, max, item) {
        get_pair(loader, item, i, pair);
        memcpy(merged, pair[0].ptr, pair[0].len);
        memcpy(merged + pair[0].len, pair[1].ptr, pair[1].len);
        add_symbol(&self->symbols, pair[0]);
        add_symbol(&self->symbols, pair[1]);
        add_symbol(&self->symbols, (ap__text){merged, pair[0].len + pair[1].len});
    }
    return AP_OK;
}

static ap__text symbol_text(const python_bpe *self, size_t i) {
    const ap__vocab_entry *entry = &self->symbols.entries[i];
    return (ap__text){self->symbols.pool + entry->offset, entry->len};
}

static ap_status read_ids(python_bpe *self, ap__loader *loader) {
    size_t n = self->symbols.n, suffix = self->suffix.len;
    ap_status status = ap__loader_alloc(loader, &self->ids, n, sizeof *self->ids);
    for (size_t i = 0; i < n && !status; i++) {
        ap__text text = symbol_text(self, i), last = {text.ptr, text.len - (text.len < suffix ? 0 : suffix)};
        self->ids[i] = (symbol_ids){find_token(self, text, false), find_token(self, last, true)};
    }
    return status;
}

static ap_status read_merges(python_bpe *self, ap__loader *loader, yyjson_val *json) {
    yyjson_val *list, *item;
    size_t i, max;
    ap_status status = ap__get_array(loader, json, "merges", &list);
    if (!status) status = read_symbols(self, loader, list);
    if (!status) status = read_ids(self, loader);
    if (!status)
        status = ap__merges_create(&self->merges, loader->arena, yyjson_arr_size(list), self->symbols.n,
                                   loader->err);
    if (status) return status;
    yyjson_arr_foreach(list, i, max, item) {
        ap__text pair[2];
        bool is_used;
        get_pair(loader, item, i, pair);
        uint32_t left = ap__vocab_find(&self->symbols, pair[0].ptr, pair[0].len);
        uint32_t right = ap__vocab_find(&self->symbols, pair[1].ptr, pair[1].len);
        ap__merges_add(&self->merges, left, right, find_symbol(self, pair[0], pair[1]), &is_used);
    }
    return AP_OK;
}

static ap_status create(void **out, ap__loader *loader, yyjson_val *json) {
    python_bpe *self;
    ap_status status = ap__loader_alloc(loader, &self, 1, sizeof *self);
    if (!status) status = ap__read_python_vocab(loader, json);
    if (status) return status;
    self->vocab = loader->vocab;
    self->unk_id = AP__TOKEN_NONE;
    status = ap__get_u32(loader, json, "unk_id", false, &self->unk_id);
    if (!status) status = ap__get_string(loader, json, "unk_token", false, &loader->tokenizer->unknown);
    if (!status) status = ap__get_bool(loader, json, "decodes_only", false, &self->decodes_only);
    if (!status) status = ap__get_string(loader, json, "suffix", true, &self->suffix);
    if (!status) status = ap__get_string(loader, json, "joiner", true, &self->joiner);
    if (!status && (self->suffix.len > MAX_AFFIX || self->joiner.len > MAX_AFFIX))
        status = ap__loader_fail(loader, AP_ELIMIT, NULL, "suffix and joiner may have %d bytes at most",
                                 MAX_AFFIX);
    *out = self;
    return status ? status : read_merges(self, loader, json);
}

/* -- merging ------------------------------------------------------------------------------------------- */

/* A stretch of the word; those that are merged away have no length. */
typedef struct node {
    uint32_t start, len, prev, next;
    uint32_t symbol; /* AP__TOKEN_NONE: no merge knows it. */
} node;

typedef struct word {
    const python_bpe *self;
    ap__work *work;
    node *nodes;
    ap__heap heap;  /* Nodes that merge with the next: rank << 32 | index. */
    uint32_t *late; /* Nodes to be looked at when all places of a pair are merged. */
    size_t n_late;
} word;

/* The rank of the node with the next; AP__NO_RANK when they do not merge. */
static uint32_t rank_of(const word *w, uint32_t left, uint32_t *merged) {
    const node *l = &w->nodes[left];
    if (!l->len || l->next == NOBODY || l->symbol == AP__TOKEN_NONE) return AP__NO_RANK;
    uint32_t right = w->nodes[l->next].symbol;
    return right == AP__TOKEN_NONE ? AP__NO_RANK
                                   : ap__merges_find(&w->self->merges, l->symbol, right, merged);
}

static void look_at(word *w, uint32_t left) {
    uint32_t merged, rank = rank_of(w, left, &merged);
    w->work->n_steps++;
    if (rank != AP__NO_RANK) ap__heap_push(&w->heap, (uint64_t)rank << 32 | left);
}

static void merge(word *w, uint32_t left, uint32_t rank) {
    uint32_t merged;
    if (rank_of(w, left, &merged) != rank) return; /* One of them is another now. */
    node *l = &w->nodes[left], *r = &w->nodes[l->next];
    l->len += r->len;
    l->symbol = merged;
    l->next = r->next;
    if (r->next != NOBODY) w->nodes[r->next].prev = left;
    r->len = 0;
    if (l->prev != NOBODY) w->late[w->n_late++] = l->prev;
    w->late[w->n_late++] = left;
}

static void merge_all(word *w, uint32_t n) {
    for (uint32_t i = 0; i + 1 < n; i++) look_at(w, i);
    const ap__heap *heap = &w->heap;
    while (heap->n) {
        uint32_t rank = (uint32_t)(heap->ptr[0] >> 32);
        w->n_late = 0;
        while (heap->n && heap->ptr[0] >> 32 == rank) merge(w, (uint32_t)ap__heap_pop(&w->heap), rank);
        for (size_t i = 0; i < w->n_late; i++) look_at(w, w->late[i]);
    }
}

/* Characters, the last of them with the suffix.   @return their number */
static uint32_t list_nodes(word *w, ap__text text) {
    const python_bpe *self = w->self;
    uint32_t n = 0;
    for (uint32_t at = 0, len; at < text.len; at += len, n++) {
        len = ap__utf8_len(text.ptr[at]);
        bool is_last = at + len == text.len;
        uint32_t symbol =
            find_symbol(self, (ap__text){text.ptr + at, len}, is_last ? self->suffix : (ap__text){"", 0});
        w->nodes[n] = (node){at, len, n ? n - 1 : NOBODY, is_last ? NOBODY : n + 1, symbol};
    }
    return n;
}

/* -- tokens -------------------------------------------------------------------------------------------- */

/* A token that is nowhere has a string all the same. */
static ap_status push_unknown(const word *w, const ap__piece *piece, const node *n) {
    ap__work *work = w->work;
    const ap__text joiner = n->next == NOBODY ? (ap__text){"", 0} : w->self->joiner;
    if (w->self->unk_id == AP__TOKEN_NONE)
        return ap__fail(work->err, AP_EFORMAT,
                        "the text has \"%.*s\", which is not in the vocabulary, nor is an unk_token there",
                        (int)(n->len > 60 ? 60 : n->len), piece->text.ptr + n->start);
    ap_status status = ap__work_push_token(work, piece, w->self->unk_id, n->start, n->start + n->len);
    if (status || !work->has_texts) return status;
    char *text = ap__arena_alloc(&work->arena, n->len + joiner.len + 1);
    if (!text) return ap__fail_nomem(work->err);
    memcpy(text, piece->text.ptr + n->start, n->len);
    memcpy(text + n->len, joiner.ptr, joiner.len);
    text[n->len + joiner.len] = '\0';
    ap__token *token = &work->tokens.ptr[work->tokens.n - 1];
    token->text = text;
    token->text_len = n->len + (uint32_t)joiner.len;
    return AP_OK;
}

static ap_status push_node(const word *w, const ap__piece *piece, const node *n) {
    bool is_last = n->next == NOBODY;
    uint32_t id;
    if (n->symbol == AP__TOKEN_NONE)
        id = find_token(w->self, (ap__text){piece->text.ptr + n->start, n->len}, is_last);
    else
        id = is_last ? w->self->ids[n->symbol].last : w->self->ids[n->symbol].inner;
    if (id == AP__TOKEN_NONE) return push_unknown(w, piece, n);
    return ap__work_push_token(w->work, piece, id, n->start, n->start + n->len);
}

static ap_status tokenize_word(word *w, const ap__piece *piece) {
    ap__arena *arena = &w->work->arena;
    size_t n = piece->text.len;
    w->nodes = ap__arena_alloc(arena, n * sizeof *w->nodes);
    w->heap = (ap__heap){
        .ptr = ap__arena_alloc(arena, 3 * n * sizeof *w->heap.ptr)}; /* A merge makes two pairs at most. */
    w->late = ap__arena_alloc(arena, 2 * n * sizeof *w->late);
    if (!w->nodes || !w->heap.ptr || !w->late) return ap__fail_nomem(w->work->err);
    merge_all(w, list_nodes(w, (ap__text){piece->text.ptr, n}));
    ap_status status = AP_OK;
    for (uint32_t i = 0; i != NOBODY && !status; i = w->nodes[i].next)
        status = push_node(w, piece, &w->nodes[i]);
    return status;
}

static ap_status tokenize(const void *ptr, ap__work *work, ap__piece *piece) {
    word w = {.self = ptr, .work = work};
    ap__arena_mark mark = ap__arena_get_mark(&work->arena);
    if (w.self->decodes_only)
        return ap__fail(work->err, AP_EUNSUPPORTED,
                        "the tokenizer has no merges.txt and can only decode; texts need that file");
    ap_status status = piece->is_bytes ? ap__piece_write_bytes(work, piece) : AP_OK;
    if (!status && piece->text.len) status = tokenize_word(&w, piece);
    if (!work->has_texts) ap__arena_rewind(&work->arena, mark);
    return status;
}

const ap__model_class ap__model_python_bpe = {.create = create, .tokenize = tokenize};
