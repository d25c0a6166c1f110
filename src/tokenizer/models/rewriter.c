/* Source: transformers@v4.55.4 models/myt5/tokenization_myt5.py ByteRewriter.rewrite_bytes. */
#include "tokenizer/models/rewriter.h"

#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

/* -- reading ------------------------------------------------------------------------------------------- */

static ap_status get_bytes(ap__text *out, ap__loader *loader, yyjson_val *item) {
    const char *text = yyjson_get_str(item);
    size_t len = yyjson_get_len(item);
    char *bytes = ap__arena_alloc(loader->arena, len + 1);
    if (!bytes) return ap__fail_nomem(loader->err);
    *out = (ap__text){bytes, 0};
    for (size_t at = 0; at < len;) {
        uint32_t code;
        at += ap__utf8_next(&code, text + at);
        if (code > 0xFF || out->len == AP__REWRITE_MAX_BYTES) return AP_EFORMAT;
        bytes[out->len++] = (char)code;
    }
    return text && out->len ? AP_OK : AP_EFORMAT;
}

static ap_status read_pair(ap__rewriter *self, ap__loader *loader, yyjson_val *item, size_t i) {
    ap__text from;
    ap_status status = get_bytes(&from, loader, yyjson_arr_get(item, 0));
    if (!status) status = get_bytes(&self->to[i], loader, yyjson_arr_get(item, 1));
    if (status == AP_EFORMAT)
        return ap__loader_fail(loader, status, "rewrites", "item %zu: expected two texts of 1 to %d bytes", i,
                               AP__REWRITE_MAX_BYTES);
    if (!status) ap__vocab_add(&self->from, from.ptr, from.len, (uint32_t)i);
    return status;
}

ap_status ap__rewriter_read(ap__rewriter *out, ap__loader *loader, yyjson_val *list) {
    yyjson_val *item;
    size_t i, max, n = yyjson_arr_size(list), n_bytes = 0;
    *out = (ap__rewriter){0};
    yyjson_arr_foreach(list, i, max, item) { n_bytes += yyjson_get_len(yyjson_arr_get(item, 0)); }
    ap_status status = ap__loader_alloc(loader, &out->to, n, sizeof *out->to);
    if (!status) status = ap__vocab_create(&out->from, loader->arena, n, n_bytes, loader->err);
    if (status) return status;
    yyjson_arr_foreach(list, i, max, item) {
        if ((status = read_pair(out, loader, item, i))) return status;
    }
    return ap__trie_create(&out->trie, &out->from, loader->arena, loader->err);
}

/* -- applying ------------------------------------------------------------------------------------------ */

/* What stands at `at` becomes `to`.   @return bytes that are replaced; 1 where nothing is */
static size_t match_at(const ap__rewriter *self, const ap__spanned *in, size_t at, ap__text *to) {
    size_t left = in->n - at, n = 1;
    ap__trie_walk walk = {.text = in->bytes + at, .len = (uint32_t)left};
    if (left > AP__REWRITE_MAX_BYTES) walk.len = AP__REWRITE_MAX_BYTES;
    uint32_t place;
    *to = (ap__text){in->bytes + at, 1};
    while (self->from.n && ap__trie_next(&self->trie, &walk, &place)) {
        *to = self->to[self->from.entries[self->trie.entries[place]].id];
        n = walk.at;
    }
    return n;
}

static ap_status reserve(ap__spanned *out, ap__arena *arena, size_t n, ap_error *err) {
    if (n > AP__TEXT_MAX_BYTES)
        return ap__fail(err, AP_ELIMIT, "a text is rewritten to more than %zu bytes", AP__TEXT_MAX_BYTES);
    *out = (ap__spanned){.bytes = ap__arena_alloc(arena, n),
                         .spans = ap__arena_alloc(arena, n * sizeof *out->spans)};
    return out->bytes && out->spans ? AP_OK : ap__fail_nomem(err);
}

ap_status ap__rewriter_apply(const ap__rewriter *self, ap__arena *arena, const ap__spanned *in,
                             ap__spanned *out, ap_error *err) {
    size_t n = 0;
    ap__text to;
    for (size_t at = 0; at < in->n; n += to.len) at += match_at(self, in, at, &to);
    ap_status status = reserve(out, arena, n, err);
    for (size_t at = 0; at < in->n && !status;) {
        size_t n_from = match_at(self, in, at, &to);
        const ap__span span = {in->spans[at].start, in->spans[at + n_from - 1].end};
        memcpy(out->bytes + out->n, to.ptr, to.len);
        for (size_t i = 0; i < to.len; i++) out->spans[out->n + i] = span;
        out->n += to.len;
        at += n_from;
    }
    return status;
}

/* -- several ------------------------------------------------------------------------------------------- */

ap_status ap__rewriters_read(ap__rewriters *out, ap__loader *loader, yyjson_val *json) {
    yyjson_val *lists = yyjson_obj_get(json, "rewrites");
    ap_status status = AP_OK;
    if (yyjson_arr_size(lists) > AP__MAX_REWRITERS)
        return ap__loader_fail(loader, AP_ELIMIT, "rewrites", "at most %d lists are supported",
                               AP__MAX_REWRITERS);
    for (out->n = 0; out->n < yyjson_arr_size(lists) && !status; out->n++)
        status = ap__rewriter_read(&out->ptr[out->n], loader, yyjson_arr_get(lists, out->n));
    return status;
}

ap_status ap__rewriters_apply(const ap__rewriters *self, ap__arena *arena, ap__spanned *bytes,
                              ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < self->n && !status; i++) {
        ap__spanned in = *bytes;
        status = ap__rewriter_apply(&self->ptr[i], arena, &in, bytes, err);
    }
    return status;
}
