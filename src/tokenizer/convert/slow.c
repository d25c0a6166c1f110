/* The ids that the slow tokenizer of a class gives to tokens, which post-processors are made with. */
#include "base/error.h"
#include "tokenizer/convert/converter.h"

#include <string.h>

static void add(ap__converter *c, ap__text text, uint32_t id) {
    ap__vocab_add(&c->slow, text.ptr, text.len, id);
}

static void add_all(ap__converter *c, const ap__slow_token *tokens, size_t n) {
    for (size_t i = 0; i < n; i++) add(c, tokens[i].text, tokens[i].id);
}

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

ap_status ap__slow_create(ap__converter *c, const ap__slow_token *base, size_t n_base,
                          const ap__slow_token *own, size_t n_own) {
    const ap__special_list *decoder = &c->request->tokens->decoder, *all = &c->request->tokens->all;
    size_t n = n_base + n_own + decoder->n + all->n;
    size_t n_bytes = bytes_of(base, n_base) + bytes_of(own, n_own) + list_bytes(decoder) + list_bytes(all);
    ap_status status = ap__vocab_create(&c->slow, &c->arena, n, n_bytes, c->err);
    if (status) return status;
    add_all(c, base, n_base);
    ap__text unk = ap__special_text(c, AP__UNK_TOKEN);
    c->fallback = unk.ptr ? ap__vocab_find(&c->slow, unk.ptr, unk.len) : AP__TOKEN_NONE;
    add_all(c, own, n_own);
    for (size_t i = 0; i < decoder->n; i++) {
        const ap__special_token *t = &decoder->ptr[i];
        if (t->number >= AP__TOKEN_NONE)
            return ap__converter_fail(c, AP_EFORMAT, "the added token \"%.60s\" has an id above %u",
                                      t->flags.content.ptr, AP__TOKEN_NONE - 1);
        add(c, t->flags.content, (uint32_t)t->number);
    }
    uint32_t next = (uint32_t)c->slow.n;
    /* Splinter's question token is special to the fast tokenizer alone. */
    bool is_fast_only = ap__class_extra_find(c->request->class_->name)->mode == AP__EXTRA_QUESTION;
    for (size_t i = 0; i < all->n; i++) {
        const ap__text *content = &all->ptr[i].flags.content;
        bool is_key = false;
        for (int k = 0; k < AP__N_SPECIAL_TOKENS && is_fast_only; k++)
            is_key = is_key || ap__special_text(c, k).ptr == content->ptr;
        if (is_fast_only && !is_key) continue;
        if (ap__vocab_find(&c->slow, content->ptr, content->len) == AP__TOKEN_NONE) add(c, *content, next++);
    }
    return AP_OK;
}

uint32_t ap__slow_id(const ap__converter *c, ap__text token) {
    uint32_t id = ap__vocab_find(&c->slow, token.ptr, token.len);
    return id == AP__TOKEN_NONE ? c->fallback : id;
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
