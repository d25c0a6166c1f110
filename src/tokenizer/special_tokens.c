/* Special and added tokens of tokenizer_config.json, special_tokens_map.json and added_tokens.json.
 * Source: transformers@v4.55.4 tokenization_utils_base.py _from_pretrained, tokenization_utils_fast.py
 * __init__. */
#include "tokenizer/special_tokens.h"

#include "base/error.h"
#include "tokenizer/tokenizer_impl.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TOKENS = 1 << 20 };

/* A token as Python has it: a string, or an AddedToken, which compares differently. */
typedef struct token {
    ap__added_token flags; /* content, and the flags of an AddedToken. */
    bool is_string;
    int normalized;  /* -1: not said, so that it follows from `special`. */
    uint64_t number; /* Of the entries of added_tokens_decoder: their key. */
} token;

/* Tokens, and their contents: of equal ones, the index knows the last. */
typedef struct token_list {
    token *ptr;
    size_t n;
    ap__vocab index;
} token_list;

static const char *const KEYS[AP__N_SPECIAL_TOKENS] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                                       "pad_token", "cls_token", "mask_token"};

typedef struct reader {
    ap__loader *loader;
    const ap__special_sources *sources;
    const ap__tokenizer_class *class_;
    bool is_old; /* There is no added_tokens_decoder: the other files count. */
    token by_key[AP__N_SPECIAL_TOKENS];
    bool is_given[AP__N_SPECIAL_TOKENS]; /* The files say so; else it is the class's. */
    token_list decoder;                  /* added_tokens_decoder, or added_tokens.json. */
    token_list special;                  /* All that are called special, each once. */
    token_list to_add;
} reader;

/* -- lists --------------------------------------------------------------------------------------------- */

static ap_status create_list(reader *r, token_list *list, size_t n, size_t n_bytes) {
    if (n > MAX_TOKENS)
        return ap__loader_fail(r->loader, AP_ELIMIT, NULL, "more than %d special tokens", MAX_TOKENS);
    ap_status status = ap__vocab_create(&list->index, r->loader->arena, n, n_bytes, r->loader->err);
    return status ? status : ap__loader_alloc(r->loader, &list->ptr, n, sizeof *list->ptr);
}

static void push(token_list *list, const token *t) {
    const ap__text *content = &t->flags.content;
    list->ptr[list->n++] = *t;
    ap__vocab_add(&list->index, content->ptr, content->len, (uint32_t)list->n - 1);
}

static const token *find(const token_list *list, const ap__text *content) {
    uint32_t i = ap__vocab_find(&list->index, content->ptr, content->len);
    return i == AP__TOKEN_NONE ? NULL : &list->ptr[i];
}

static void push_once(token_list *list, const token *t) {
    if (!find(list, &t->flags.content)) push(list, t);
}

/* The token as it would be added. */
static ap__added_token added_form(const token *t) {
    ap__added_token out = t->flags;
    out.normalized = t->normalized >= 0 ? t->normalized : !out.special;
    return out;
}

/* -- reading ------------------------------------------------------------------------------------------- */

static ap_status read_flags(reader *r, yyjson_val *json, token *out) {
    ap__loader *loader = r->loader;
    bool normalized = false;
    ap_status status;
    if ((status = ap__get_string(loader, json, "content", true, &out->flags.content))) return status;
    if ((status = ap__get_bool(loader, json, "single_word", false, &out->flags.single_word))) return status;
    if ((status = ap__get_bool(loader, json, "lstrip", false, &out->flags.lstrip))) return status;
    if ((status = ap__get_bool(loader, json, "rstrip", false, &out->flags.rstrip))) return status;
    if ((status = ap__get_bool(loader, json, "special", false, &out->flags.special))) return status;
    if ((status = ap__get_bool(loader, json, "normalized", false, &normalized))) return status;
    if (yyjson_is_bool(yyjson_obj_get(json, "normalized"))) out->normalized = normalized;
    return AP_OK;
}

/* A string or an object with "content". */
static ap_status read_token(reader *r, yyjson_val *json, const char *key, token *out) {
    *out = (token){.is_string = true, .normalized = -1};
    if (yyjson_is_str(json)) return ap__loader_copy(r->loader, json, &out->flags.content);
    if (!yyjson_is_obj(json))
        return ap__loader_fail(r->loader, AP_EFORMAT, key,
                               "expected a token (a string or an object), found %s", ap__json_kind(json));
    out->is_string = false;
    size_t mark = ap__loader_enter(r->loader, key, 0);
    ap_status status = read_flags(r, json, out);
    ap__loader_leave(r->loader, mark);
    return status;
}

/* The bytes of all tokens of a list or of the values of an object. */
static size_t content_bytes(yyjson_val *json) {
    size_t i, max, n = 0;
    yyjson_val *key, *item;
    if (yyjson_is_obj(json)) {
        yyjson_obj_foreach(json, i, max, key, item) {
            yyjson_val *content = yyjson_is_obj(item) ? yyjson_obj_get(item, "content") : item;
            n += yyjson_get_len(key) + yyjson_get_len(content);
        }
    }
    yyjson_arr_foreach(json, i, max, item) {
        n += yyjson_get_len(yyjson_is_obj(item) ? yyjson_obj_get(item, "content") : item);
    }
    return n;
}

static ap_status read_decoder(reader *r, yyjson_val *object) {
    yyjson_val *key, *value;
    size_t i, max;
    if (!yyjson_is_obj(object))
        return ap__loader_fail(r->loader, AP_EFORMAT, "added_tokens_decoder", "expected an object, found %s",
                               ap__json_kind(object));
    ap_status status = create_list(r, &r->decoder, yyjson_obj_size(object), content_bytes(object));
    size_t mark = ap__loader_enter(r->loader, "added_tokens_decoder", 0);
    yyjson_obj_foreach(object, i, max, key, value) {
        token t;
        if (!status) status = read_token(r, value, yyjson_get_str(key), &t);
        if (status) return status;
        t.is_string = false;
        t.number = strtoull(yyjson_get_str(key), NULL, 10);
        push(&r->decoder, &t);
    }
    ap__loader_leave(r->loader, mark);
    return AP_OK;
}

/* added_tokens.json: {"token": id}. Those that a key calls special are special. */
static ap_status read_added(reader *r, yyjson_val *object) {
    yyjson_val *key, *value;
    size_t i, max;
    ap_status status = create_list(r, &r->decoder, yyjson_obj_size(object), content_bytes(object));
    if (!object) return status; /* yyjson's loop would step on from NULL. */
    yyjson_obj_foreach(object, i, max, key, value) {
        token t = {.normalized = -1, .number = yyjson_get_uint(value)};
        if (!status) status = ap__loader_copy(r->loader, key, &t.flags.content);
        if (status) return status;
        t.flags.special = find(&r->special, &t.flags.content) != NULL;
        push(&r->decoder, &t);
    }
    return status;
}

/* The member of the config, which in old folders that of special_tokens_map.json replaces. */
static yyjson_val *get(const reader *r, const char *key, bool *is_from_map) {
    yyjson_val *value = r->is_old ? yyjson_obj_get(r->sources->special_tokens_map, key) : NULL;
    *is_from_map = value != NULL;
    return value ? value : yyjson_obj_get(r->sources->config, key);
}

/* The special token of a class that the files say nothing about. */
static void set_default(const reader *r, int i, token *out) {
    const char *text = r->class_->tokens[i], *stored = r->loader->tokenizer->stored.pad_token;
    if (i == AP__PAD_TOKEN && stored) text = stored;
    *out = (token){.is_string = true, .normalized = -1};
    if (text) out->flags.content = (ap__text){text, strlen(text)};
}

static ap_status read_key(reader *r, int i) {
    bool is_from_map;
    yyjson_val *value = get(r, KEYS[i], &is_from_map);
    r->is_given[i] = value && !yyjson_is_null(value);
    if (!value) set_default(r, i, &r->by_key[i]);
    if (!r->is_given[i]) return AP_OK;
    ap_status status = read_token(r, value, KEYS[i], &r->by_key[i]);
    if (is_from_map) r->by_key[i].flags.special = true;
    return status;
}

static ap_status read_list(reader *r, yyjson_val *list, const char *key, bool is_from_map) {
    yyjson_val *item;
    size_t i, max;
    yyjson_arr_foreach(list, i, max, item) {
        token t;
        ap_status status = read_token(r, item, key, &t);
        if (status) return status;
        if (is_from_map) t.flags.special = true;
        push_once(&r->special, &t);
    }
    return AP_OK;
}

/* Of the config, and in old folders behind it those of special_tokens_map.json. */
static ap_status read_additional(reader *r) {
    static const char KEY[] = "additional_special_tokens";
    ap_status status = read_list(r, yyjson_obj_get(r->sources->config, KEY), KEY, false);
    if (status || !r->is_old) return status;
    return read_list(r, yyjson_obj_get(r->sources->special_tokens_map, KEY), KEY, true);
}

/* Special tokens of one model kind: {"image_token": "<image>"}. */
static ap_status read_extra(reader *r) {
    yyjson_val *object = yyjson_obj_get(r->sources->config, "extra_special_tokens"), *key, *value;
    size_t i, max;
    if (!object) return AP_OK; /* yyjson's loop would step on from NULL. */
    yyjson_obj_foreach(object, i, max, key, value) {
        token t;
        ap_status status = read_token(r, value, yyjson_get_str(key), &t);
        if (status) return status;
        push_once(&r->special, &t);
    }
    return AP_OK;
}

/* -- what is added ------------------------------------------------------------------------------------- */

/* The added token of that content, in the files or, in old folders, in tokenizer.json itself. */
static bool look_up(const reader *r, token *t) {
    const ap__text *content = &t->flags.content;
    const ap__added_token *own =
        r->is_old ? ap__added_find(&r->loader->tokenizer->added, content->ptr, content->len) : NULL;
    const token *listed = find(&r->decoder, content);
    if (own)
        *t = (token){.flags = *own, .normalized = own->normalized};
    else if (listed)
        *t = *listed;
    return own || listed;
}

/* A special token that is a string becomes the AddedToken of that content, if there is one. */
static void resolve(reader *r, int i) {
    token *t = &r->by_key[i];
    if (r->is_given[i] && look_up(r, t)) return;
    if (!t->is_string || i != AP__MASK_TOKEN || !r->class_->is_mask_lstrip) return;
    t->is_string = false;
    t->flags.lstrip = true;
    t->normalized = r->class_->is_mask_normalized ? 1 : 0;
}

static int by_number(const void *a_ptr, const void *b_ptr) {
    const token *a = a_ptr, *b = b_ptr;
    return (a->number > b->number) - (a->number < b->number);
}

/* Source: tokenization_utils_fast.py __init__, tokens_to_add. */
static ap_status collect(reader *r) {
    const ap__added *added = &r->loader->tokenizer->added;
    size_t n = r->decoder.n + r->special.n, n_bytes = r->decoder.index.pool_len + r->special.index.pool_len;
    ap_status status = create_list(r, &r->to_add, n, n_bytes);
    if (status) return status;
    if (r->decoder.n) qsort(r->decoder.ptr, r->decoder.n, sizeof *r->decoder.ptr, by_number);
    for (size_t i = 0; i < r->decoder.n; i++) {
        token t = r->decoder.ptr[i];
        ap__added_token form = added_form(&t);
        const ap__added_token *own = ap__added_find(added, form.content.ptr, form.content.len);
        if (own && ap__added_is_same(own, &form)) continue;
        t.flags.special = t.flags.special || find(&r->special, &form.content);
        push(&r->to_add, &t);
    }
    for (size_t i = 0; i < r->special.n; i++) {
        token t = r->special.ptr[i];
        const ap__text *content = &t.flags.content;
        bool is_known = ap__added_find(added, content->ptr, content->len) || find(&r->to_add, content);
        if (t.is_string && is_known) continue;
        t.flags.special = true;
        push(&r->to_add, &t);
    }
    return AP_OK;
}

static ap_status add(reader *r) {
    ap__tokenizer *tokenizer = r->loader->tokenizer;
    if (!r->to_add.n) return AP_OK;
    ap_status status = ap__added_reserve(&tokenizer->added, r->loader->arena, r->to_add.n,
                                         r->to_add.index.pool_len, r->loader->err);
    if (status) return status;
    for (size_t i = 0; i < r->to_add.n; i++) {
        ap__added_token form = added_form(&r->to_add.ptr[i]);
        ap__added_add(&tokenizer->added, &tokenizer->vocab, &form);
    }
    return ap__added_finish(&tokenizer->added, &tokenizer->normalizer, r->loader);
}

/* -- all of it ----------------------------------------------------------------------------------------- */

static void fill_config(const reader *r) {
    const ap__tokenizer *tokenizer = r->loader->tokenizer;
    ap__tokenizer_config *c = &r->loader->tokenizer->config;
    const char **texts[] = {&c->bos_token, &c->eos_token, &c->unk_token, &c->sep_token,
                            &c->pad_token, &c->cls_token, &c->mask_token};
    uint32_t *ids[] = {&c->bos_token_id, &c->eos_token_id, &c->unk_token_id, &c->sep_token_id,
                       &c->pad_token_id, &c->cls_token_id, &c->mask_token_id};
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++) {
        const ap__text *content = &r->by_key[i].flags.content;
        if (!content->ptr) continue;
        *texts[i] = content->ptr;
        *ids[i] = ap__tokenizer_token_to_id(tokenizer, content->ptr, content->len);
    }
}

/* Room for all special tokens, whatever file they come from. */
static ap_status create_special(reader *r) {
    yyjson_val *sources[] = {yyjson_obj_get(r->sources->config, "additional_special_tokens"),
                             yyjson_obj_get(r->sources->special_tokens_map, "additional_special_tokens"),
                             yyjson_obj_get(r->sources->config, "extra_special_tokens")};
    size_t n = AP__N_SPECIAL_TOKENS, n_bytes = 0;
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++) n_bytes += r->by_key[i].flags.content.len;
    for (int i = 0; i < 3; i++) {
        n += yyjson_is_arr(sources[i]) ? yyjson_arr_size(sources[i]) : yyjson_obj_size(sources[i]);
        n_bytes += content_bytes(sources[i]);
    }
    return create_list(r, &r->special, n, n_bytes);
}

static ap_status read_special(reader *r) {
    ap_status status = AP_OK;
    for (int i = 0; i < AP__N_SPECIAL_TOKENS && !status; i++) status = read_key(r, i);
    if (!status) status = create_special(r);
    for (int i = 0; i < AP__N_SPECIAL_TOKENS && !status; i++)
        if (r->by_key[i].flags.content.ptr) push_once(&r->special, &r->by_key[i]);
    if (!status) status = read_additional(r);
    return status ? status : read_extra(r);
}

static ap_status read_all(reader *r) {
    yyjson_val *decoder = yyjson_obj_get(r->sources->config, "added_tokens_decoder");
    r->is_old = !decoder;
    ap_status status = read_special(r);
    if (!status) status = decoder ? read_decoder(r, decoder) : read_added(r, r->sources->added_tokens);
    if (status) return status;
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++) {
        const ap__text *content = &r->by_key[i].flags.content;
        if (!content->ptr) continue;
        uint32_t at = ap__vocab_find(&r->special.index, content->ptr, content->len);
        resolve(r, i);
        if (!r->by_key[i].is_string && r->special.ptr[at].is_string) r->special.ptr[at] = r->by_key[i];
    }
    return AP_OK;
}

ap_status ap__special_tokens_apply(ap__loader *loader, const ap__special_sources *sources,
                                   const ap__tokenizer_class *class_) {
    reader r = {.loader = loader, .sources = sources, .class_ = class_};
    ap_status status = read_all(&r);
    if (!status) status = collect(&r);
    if (!status) status = add(&r);
    if (!status) fill_config(&r);
    return status;
}
