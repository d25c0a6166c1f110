/* Tokens of classes that transformers runs in Python alone. Source: transformers@v4.55.4
 * tokenization_utils.py PreTrainedTokenizer. */
#include "tokenizer/convert/slow_parts.h"

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

/* More tokens than any model has. */
enum { MAX_TOKENS = 1 << 24 };

/* -- own tokens ---------------------------------------------------------------------------------------- */

ap_status ap__slow_reserve(ap__slow_parts *parts, size_t n, size_t n_more) {
    ap__converter *c = parts->c;
    const ap__special_tokens *tokens = c->request->tokens;
    parts->capacity = n + n_more + 2 * tokens->decoder.n + tokens->all.n + (parts->are_long_added ? n : 0);
    parts->capacity += 2 * AP__SLOW_MAX_OWN;
    if (parts->capacity > MAX_TOKENS)
        return ap__converter_fail(c, AP_ELIMIT, "%zu tokens; at most %d are supported", parts->capacity,
                                  MAX_TOKENS);
    parts->tokens = ap__arena_calloc(&c->arena, parts->capacity, sizeof *parts->tokens);
    return parts->tokens ? AP_OK : ap__fail_nomem(c->err);
}

void ap__slow_push(ap__slow_parts *parts, ap__text text, uint32_t id) {
    parts->tokens[parts->n++] = (ap__slow_token){text, id};
}

static int by_id(const void *a_ptr, const void *b_ptr) {
    const ap__slow_token *a = a_ptr, *b = b_ptr;
    if (a->id != b->id) return a->id < b->id ? -1 : 1;
    return (a->text.ptr > b->text.ptr) - (a->text.ptr < b->text.ptr);
}

void ap__slow_push_ids(ap__slow_parts *parts, const ap__vocab *ids) {
    for (size_t i = 0; i < ids->n; i++) {
        const ap__vocab_entry *entry = &ids->entries[i];
        ap__slow_push(parts, (ap__text){ids->pool + entry->offset, entry->len}, entry->id);
    }
    if (parts->n) qsort(parts->tokens, parts->n, sizeof *parts->tokens, by_id);
    parts->n_own = parts->vocab_size = parts->n;
}

ap_status ap__slow_read_ids(ap__slow_parts *parts, yyjson_val *root, size_t n_more) {
    ap__converter *c = parts->c;
    yyjson_val *key, *value;
    size_t i, max, n_bytes = 0, n = yyjson_obj_size(root);
    ap__vocab ids;
    yyjson_obj_foreach(root, i, max, key, value) {
        if (!yyjson_is_uint(value) || yyjson_get_uint(value) >= AP__TOKEN_NONE)
            return ap__converter_fail(c, AP_EFORMAT, "token \"%.60s\": expected an id below %u, found %s",
                                      yyjson_get_str(key), AP__TOKEN_NONE, ap__json_kind(value));
        n_bytes += yyjson_get_len(key);
    }
    ap_status status = ap__slow_reserve(parts, n, n_more);
    if (!status) status = ap__vocab_create(&ids, &c->arena, n, n_bytes, c->err);
    if (status) return status;
    yyjson_obj_foreach(root, i, max, key, value)
        ap__vocab_add(&ids, yyjson_get_str(key), yyjson_get_len(key), (uint32_t)yyjson_get_uint(value));
    ap__slow_push_ids(parts, &ids);
    return AP_OK;
}

ap_status ap__slow_read_json(ap__converter *c, const char *file, yyjson_doc **out) {
    ap_status status = ap__converter_read(c, file);
    if (!status) status = ap__json_parse(out, c->bytes.ptr, c->bytes.len, c->path.text, c->err);
    if (status || yyjson_is_obj(yyjson_doc_get_root(*out))) return status;
    return ap__converter_fail(c, AP_EFORMAT, "expected an object, found %s",
                              ap__json_kind(yyjson_doc_get_root(*out)));
}

/* -- added tokens -------------------------------------------------------------------------------------- */

static const ap__special_token *find(const ap__special_list *list, ap__text text) {
    return ap__special_list_find(list, text.ptr, text.len);
}

static bool is_long(const ap__slow_parts *parts, ap__text text) {
    return parts->are_long_added && ap__utf8_count(text.ptr, text.len) > 1 &&
           ap__vocab_find(&parts->c->slow, text.ptr, text.len) != AP__TOKEN_NONE;
}

/* The token with its flags: an AddedToken that is called special goes before what the files add. */
static ap_status put_added(ap__slow_parts *parts, ap__text text, uint32_t id) {
    ap__converter *c = parts->c;
    const ap__special_token *special = find(&c->request->tokens->all, text);
    const ap__special_token *listed = find(&c->request->tokens->decoder, text);
    const ap__special_token *token = special && (!special->is_string || !listed) ? special : listed;
    yyjson_mut_val *list = yyjson_mut_obj_get(c->root, "added_tokens"), *object = yyjson_mut_obj(c->doc);
    bool is_long_own = is_long(parts, text);
    if (token && token->flags.single_word && !is_long_own)
        return ap__converter_fail(
            c, AP_EUNSUPPORTED,
            "the added token \"%.60s\" has the flag single_word, which is not supported "
            "with a %s",
            text.ptr, c->request->class_name);
    if (!list) ap__put(c, c->root, "added_tokens", list = yyjson_mut_arr(c->doc));
    ap__put(c, object, "id", yyjson_mut_uint(c->doc, id));
    ap__put_text(c, object, "content", text);
    ap__put_bool(c, object, "single_word", false);
    ap__put_bool(c, object, "lstrip", is_long_own || (token && token->flags.lstrip));
    ap__put_bool(c, object, "rstrip", is_long_own || (token && token->flags.rstrip));
    ap__put_bool(c, object, "normalized", parts->is_cut_late); /* Else in the text as it comes. */
    ap__put_bool(c, object, "special", special != NULL);
    ap__push(c, list, object);
    return AP_OK;
}

/* Those that are added tokens only to whoever cuts a text; of an id it is the added one that counts. */
static ap_status put_cut_out(ap__slow_parts *parts) {
    ap__converter *c = parts->c;
    ap_status status = AP_OK;
    for (size_t i = 0; i < parts->n_own && !status && parts->are_all_cut_out; i++) {
        const ap__slow_token *t = &parts->tokens[i];
        bool is_added = ap__vocab_find(&c->slow_added, t->text.ptr, t->text.len) != AP__TOKEN_NONE;
        if (t->text.len && !is_added) status = put_added(parts, t->text, t->id);
    }
    return status;
}

ap_status ap__slow_put_added(ap__slow_parts *parts) {
    const ap__vocab *added = &parts->c->slow_added;
    ap_status status = put_cut_out(parts);
    for (size_t i = 0; i < parts->c->n_slow_listed; i++)
        ap__slow_push(parts, parts->c->slow_listed[i].text, parts->c->slow_listed[i].id);
    for (size_t i = 0; i < added->n && !status; i++) {
        ap__text text = {added->pool + added->entries[i].offset, added->entries[i].len};
        ap__slow_push(parts, text, added->entries[i].id);
        status = put_added(parts, text, added->entries[i].id);
    }
    return status;
}

static ap_status put_aliases(ap__slow_parts *parts, yyjson_mut_val *model) {
    ap__converter *c = parts->c;
    ap__vocab ids;
    size_t n_bytes = 0;
    yyjson_mut_val *list = yyjson_mut_arr(c->doc);
    for (size_t i = 0; i < parts->n; i++) n_bytes += parts->tokens[i].text.len;
    ap_status status = ap__vocab_create(&ids, &c->arena, parts->n, n_bytes, c->err);
    for (size_t i = 0; i < parts->n && !status; i++)
        ap__vocab_add(&ids, parts->tokens[i].text.ptr, parts->tokens[i].text.len, parts->tokens[i].id);
    for (size_t i = 0; i < parts->n && !status; i++) {
        const ap__slow_token *t = &parts->tokens[i];
        if (ap__vocab_find(&ids, t->text.ptr, t->text.len) == t->id) continue;
        yyjson_mut_val *alias = yyjson_mut_arr(c->doc);
        ap__push(c, alias, ap__new_text(c, t->text));
        ap__push(c, alias, yyjson_mut_uint(c->doc, t->id));
        ap__push(c, list, alias);
    }
    ap__put(c, model, "aliases", list);
    return status;
}

ap_status ap__slow_put_vocab(ap__slow_parts *parts, yyjson_mut_val *model) {
    yyjson_mut_val *vocab;
    size_t n = parts->n_hidden + parts->n;
    ap__slow_token *all = ap__arena_calloc(&parts->c->arena, n, sizeof *all);
    if (!all) return ap__fail_nomem(parts->c->err);
    if (parts->n_hidden) memcpy(all, parts->hidden, parts->n_hidden * sizeof *all);
    if (parts->n) memcpy(all + parts->n_hidden, parts->tokens, parts->n * sizeof *all);
    ap_status status = ap__new_vocab(parts->c, &vocab, all, n);
    if (status) return status;
    ap__put(parts->c, model, "vocab", vocab);
    ap__put(parts->c, model, "n_listed", yyjson_mut_uint(parts->c->doc, parts->c->n_slow));
    return put_aliases(parts, model);
}

ap_status ap__slow_put_eos(ap__slow_parts *parts) {
    ap__converter *c = parts->c;
    yyjson_mut_val *processor = ap__new_typed(c, "Eos");
    ap__put(c, c->root, "post_processor", processor);
    return ap__put_token_pair(c, processor, "eos", AP__EOS_TOKEN);
}

/* -- lower case ---------------------------------------------------------------------------------------- */

static yyjson_mut_val *new_spared(const ap__slow_parts *parts) {
    ap__converter *c = parts->c;
    yyjson_mut_val *words = ap__slow_new_special(parts);
    for (size_t i = 0; i < c->slow_added.n; i++) {
        const ap__vocab_entry *entry = &c->slow_added.entries[i];
        ap__text text = {c->slow_added.pool + entry->offset, entry->len};
        const ap__special_token *listed = find(&c->request->tokens->decoder, text);
        bool is_special = find(&c->request->tokens->all, text) != NULL;
        if (!is_special && !is_long(parts, text) && listed && listed->normalized)
            ap__push(c, words, ap__new_text(c, text));
    }
    return words;
}

yyjson_mut_val *ap__slow_new_lower(const ap__slow_parts *parts, bool lowers) {
    ap__converter *c = parts->c;
    yyjson_mut_val *lower = ap__new_typed(c, "PythonLower");
    ap__put_bool(c, lower, "lowers", lowers);
    ap__put_bool(c, lower, "filters", false);
    ap__put_bool(c, lower, "is_romanian", false);
    ap__put(c, lower, "words", new_spared(parts));
    ap__put(c, lower, "kept", yyjson_mut_arr(c->doc));
    return lower;
}

/* -- decoding ------------------------------------------------------------------------------------------ */

yyjson_mut_val *ap__slow_new_special(const ap__slow_parts *parts) {
    ap__converter *c = parts->c;
    const ap__special_list *all = &c->request->tokens->all;
    yyjson_mut_val *list = yyjson_mut_arr(c->doc);
    for (size_t i = 0; i < all->n; i++) ap__push(c, list, ap__new_text(c, all->ptr[i].flags.content));
    return list;
}

/* Source: tokenization_utils.py _decode, legacy_added_tokens. */
yyjson_mut_val *ap__slow_new_apart(const ap__slow_parts *parts) {
    ap__converter *c = parts->c;
    yyjson_mut_val *list = yyjson_mut_arr(c->doc);
    for (size_t i = 0; i < c->slow_added.n; i++) {
        const ap__vocab_entry *entry = &c->slow_added.entries[i];
        ap__text text = {c->slow_added.pool + entry->offset, entry->len};
        const ap__special_token *special = find(&c->request->tokens->all, text);
        if (!special || (special->is_additional && entry->id >= parts->vocab_size))
            ap__push(c, list, ap__new_text(c, text));
    }
    return list;
}

void ap__slow_put_joining(ap__slow_parts *parts, const char *joining) {
    ap__converter *c = parts->c;
    yyjson_mut_val *decoder = ap__new_typed(c, "Characters"), *added = yyjson_mut_arr(c->doc);
    for (size_t i = 0; i < c->slow_added.n; i++) {
        const ap__vocab_entry *entry = &c->slow_added.entries[i];
        ap__push(c, added, ap__new_text(c, (ap__text){c->slow_added.pool + entry->offset, entry->len}));
    }
    ap__put(c, decoder, "joining", yyjson_mut_str(c->doc, joining));
    ap__put(c, decoder, "apart", ap__slow_new_apart(parts));
    ap__put(c, decoder, "added", added);
    ap__put(c, c->root, "decoder", decoder);
}
