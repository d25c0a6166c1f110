/* The ids that the slow tokenizer of a class gives to tokens, which post-processors are made with.
 * Source: transformers@v4.55.4 tokenization_utils.py PreTrainedTokenizer. */
#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/convert/converter.h"

#include <stdlib.h>
#include <string.h>

/* An entry of _added_tokens_decoder: of the same id, the last counts. */
typedef struct added {
    ap__text text;
    uint32_t id, order;
} added;

static size_t bytes_of(const ap__slow_token *tokens, size_t n) {
    size_t n_bytes = 0;
    for (size_t i = 0; i < n; i++) n_bytes += tokens[i].text.len;
    return n_bytes;
}

static size_t list_bytes(const ap__special_list *list) {
    size_t n_bytes = 0;
    for (size_t i = 0; i < list->n; i++) n_bytes += list->ptr[i].flags.content.len;
    return n_bytes;
}

static int by_id(const void *a_ptr, const void *b_ptr) {
    const added *a = a_ptr, *b = b_ptr;
    if (a->id != b->id) return a->id < b->id ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static int by_order(const void *a_ptr, const void *b_ptr) {
    const added *a = a_ptr, *b = b_ptr;
    if (a->order != b->order) return a->order < b->order ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

/* The entries in the order of ids, each id once. */
static ap_status list_added(ap__converter *c, const ap__slow_base *base, added **out, size_t *n) {
    const ap__special_list *decoder = &c->request->tokens->decoder;
    added *list = ap__arena_calloc(&c->arena, decoder->n + base->n_own, sizeof *list);
    size_t n_listed = 0;
    if (!list) return ap__fail_nomem(c->err);
    for (size_t i = 0; i < decoder->n; i++, n_listed++) {
        const ap__special_token *t = &decoder->ptr[i];
        if (t->number >= AP__TOKEN_NONE)
            return ap__converter_fail(c, AP_EFORMAT, "the added token \"%.60s\" has an id above %u",
                                      t->flags.content.ptr, AP__TOKEN_NONE - 1);
        list[n_listed] = (added){t->flags.content, (uint32_t)t->number, (uint32_t)i + 1};
    }
    for (size_t i = 0; i < base->n_own; i++, n_listed++)
        list[n_listed] = (added){base->own[i].text, base->own[i].id, base->is_own_last ? UINT32_MAX : 0};
    if (n_listed) qsort(list, n_listed, sizeof *list, by_id);
    for (size_t i = *n = 0; i < n_listed; i++)
        if (i + 1 == n_listed || list[i + 1].id != list[i].id) list[(*n)++] = list[i];
    *out = list;
    return AP_OK;
}

static void add_listed(ap__vocab *current, const added *list, size_t n) {
    for (size_t i = 0; i < n; i++) ap__vocab_add(current, list[i].text.ptr, list[i].text.len, list[i].id);
}

/* get_vocab(): what is there before special tokens are added. */
static ap_status list_current(ap__converter *c, const ap__slow_base *base, const added *list, size_t n,
                              ap__vocab *current) {
    const ap__special_list *all = &c->request->tokens->all;
    size_t n_bytes = bytes_of(base->tokens, base->n) + bytes_of(base->own, base->n_own) + list_bytes(all);
    n_bytes += list_bytes(&c->request->tokens->decoder) * 2 + bytes_of(base->own, base->n_own);
    ap_status status = ap__vocab_create(current, &c->arena, base->n + n + all->n, n_bytes, c->err);
    if (!status && base->is_vocab_last) add_listed(current, list, n);
    for (size_t i = 0, at = 0; i < base->n && !status; i++) {
        const ap__slow_token *t = &base->tokens[i];
        while (at < n && list[at].id < t->id) at++;
        bool is_renamed = base->is_named_by_id && at < n && list[at].id == t->id;
        const ap__text *text = is_renamed ? &list[at].text : &t->text;
        ap__vocab_add(current, text->ptr, text->len, t->id);
    }
    if (!status && !base->is_vocab_last) add_listed(current, list, n);
    current->has_characters = base->has_characters;
    return status;
}

/* Its tokens: of characters that are listed, each is one of all. */
static size_t count(const ap__vocab *current) {
    size_t n = current->has_characters ? AP__N_CODE_POINTS : 0;
    for (size_t i = 0; i < current->n; i++) {
        const ap__vocab_entry *entry = &current->entries[i];
        n += !current->has_characters || ap__utf8_count(current->pool + entry->offset, entry->len) != 1;
    }
    return n;
}

/* Splinter's question token is special to the fast tokenizer alone. */
static bool is_slow_special(const ap__converter *c, const ap__text *content) {
    bool is_key = ap__class_extra_find(c->request->class_->name)->mode != AP__EXTRA_QUESTION;
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++)
        is_key = is_key || ap__special_text(c, i).ptr == content->ptr;
    return is_key;
}

/* Those that are added tokens already keep their ids. */
static void add_long(ap__converter *c, const ap__slow_base *base, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const ap__text *text = &base->tokens[i].text;
        bool is_added = ap__vocab_find(&c->slow_added, text->ptr, text->len) != AP__TOKEN_NONE;
        if (!is_added && ap__utf8_count(text->ptr, text->len) > 1)
            ap__vocab_add(&c->slow_added, text->ptr, text->len, base->tokens[i].id);
    }
}

ap_status ap__slow_create(ap__converter *c, const ap__slow_base *base) {
    const ap__special_list *all = &c->request->tokens->all;
    added *list = NULL;
    size_t n = 0, n_bytes = bytes_of(base->own, base->n_own) + list_bytes(all);
    ap__vocab current;
    ap_status status = list_added(c, base, &list, &n);
    if (!status) status = list_current(c, base, list, n, &current);
    n_bytes += list_bytes(&c->request->tokens->decoder);
    size_t base_bytes = bytes_of(base->tokens, base->n), n_long = base->are_long_added ? base->n : 0;
    if (n_long) n_bytes += base_bytes;
    if (!status) status = ap__vocab_create(&c->slow_added, &c->arena, n + all->n + n_long, n_bytes, c->err);
    if (!status) status = ap__vocab_create(&c->slow, &c->arena, base->n, base_bytes, c->err);
    if (status) return status;
    for (size_t i = 0; i < base->n; i++)
        ap__vocab_add(&c->slow, base->tokens[i].text.ptr, base->tokens[i].text.len, base->tokens[i].id);
    c->slow.has_characters = base->has_characters;
    if (n) qsort(list, n, sizeof *list, by_order); /* Of the same content, the one that came last counts. */
    for (size_t i = 0; i < n; i++)
        ap__vocab_add(&c->slow_added, list[i].text.ptr, list[i].text.len, list[i].id);
    if (!(c->slow_listed = ap__arena_calloc(&c->arena, n, sizeof *c->slow_listed)))
        return ap__fail_nomem(c->err);
    for (size_t i = 0; i < n; i++)
        c->slow_listed[c->n_slow_listed++] = (ap__slow_token){list[i].text, list[i].id};
    uint32_t next = (uint32_t)count(&current);
    for (size_t i = 0; i < all->n; i++) {
        const ap__text *content = &all->ptr[i].flags.content;
        bool is_known = ap__vocab_find(&c->slow_added, content->ptr, content->len) != AP__TOKEN_NONE;
        if (!is_slow_special(c, content) || (all->ptr[i].is_string && is_known)) continue;
        uint32_t id = ap__vocab_find(&current, content->ptr, content->len);
        if (id == AP__TOKEN_NONE) ap__vocab_add(&current, content->ptr, content->len, id = next++);
        ap__vocab_add(&c->slow_added, content->ptr, content->len, id);
    }
    c->n_slow = count(&current);
    add_long(c, base, n_long);
    ap__text unk = ap__special_text(c, AP__UNK_TOKEN);
    c->fallback = unk.ptr ? ap__vocab_find(&c->slow, unk.ptr, unk.len) : AP__TOKEN_NONE;
    return AP_OK;
}

uint32_t ap__slow_id(const ap__converter *c, ap__text token) {
    uint32_t id = ap__vocab_find(&c->slow_added, token.ptr, token.len);
    if (id == AP__TOKEN_NONE) id = ap__vocab_find(&c->slow, token.ptr, token.len);
    return id == AP__TOKEN_NONE ? c->fallback : id;
}

static ap__text find_id(const ap__vocab *vocab, uint32_t id) {
    for (size_t i = vocab->n; i-- > 0;)
        if (vocab->entries[i].id == id)
            return (ap__text){vocab->pool + vocab->entries[i].offset, vocab->entries[i].len};
    return (ap__text){0};
}

ap__text ap__slow_text(const ap__converter *c, uint32_t id) {
    ap__text text = find_id(&c->slow_added, id);
    return text.ptr ? text : find_id(&c->slow, id);
}

ap__text ap__special_text(const ap__converter *c, int which) {
    return c->request->tokens->by_key[which].flags.content;
}

ap_status ap__config_flag(ap__converter *c, const char *key, bool standard, bool *out) {
    yyjson_val *value = yyjson_obj_get(c->request->config, key);
    *out = value ? yyjson_get_bool(value) : standard;
    if (!value || yyjson_is_bool(value) || yyjson_is_null(value)) return AP_OK;
    return ap__fail(c->err, AP_EFORMAT,
                    "%s/tokenizer_config.json: %s: expected true, false or null, found %s",
                    c->request->folder, key, ap__json_kind(value));
}
