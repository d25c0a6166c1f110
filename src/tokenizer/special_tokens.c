/* Special and added tokens of tokenizer_config.json, special_tokens_map.json and added_tokens.json.
 * Source: transformers@v4.55.4 tokenization_utils_base.py _from_pretrained, tokenization_utils_fast.py
 * __init__. */
#include "tokenizer/special_tokens.h"

#include "base/error.h"
#include "tokenizer/additional_tokens.h"
#include "tokenizer/tokenizer_impl.h"

#include <stdlib.h>
#include <string.h>

/* Lists of additional tokens are compared with themselves, so they are bounded more tightly. */
enum { MAX_TOKENS = 1 << 17, MAX_ADDITIONAL = 1 << 13, MAX_REPEATED = 1 << 12 };

static const char *const KEYS[AP__N_SPECIAL_TOKENS] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                                       "pad_token", "cls_token", "mask_token"};
static const char ADDITIONAL[] = "additional_special_tokens";

typedef struct reader {
    ap__loader *loader;
    const ap__special_sources *sources;
    const ap__tokenizer_class *class_;
    ap__class_tokens standard;
    char wrap[AP__N_SPECIAL_TOKENS + 1]; /* Of `standard`, where two classes make it. */
    ap__special_tokens *out;
    bool is_old;                         /* There is no added_tokens_decoder: the other files count. */
    bool is_given[AP__N_SPECIAL_TOKENS]; /* The files say so; else it is the class's. */
    ap__additional_given additional;
    bool is_called[AP__N_SPECIAL_TOKENS]; /* Counts where added_tokens.json is read: see list_called(). */
    size_t n_uncalled;                    /* As many of `additional` are of tokenizer_config.json. */
    const ap__special_token *stray;       /* See find_stray(). */
} reader;

/* -- lists --------------------------------------------------------------------------------------------- */

static ap_status create_list(reader *r, ap__special_list *list, size_t n, size_t n_bytes) {
    if (n > MAX_TOKENS)
        return ap__loader_fail(r->loader, AP_ELIMIT, NULL, "more than %d special tokens", MAX_TOKENS);
    ap_status status = ap__vocab_create(&list->index, r->loader->arena, n, n_bytes, r->loader->err);
    return status ? status : ap__loader_alloc(r->loader, &list->ptr, n, sizeof *list->ptr);
}

static void push(ap__special_list *list, const ap__special_token *t) {
    const ap__text *content = &t->flags.content;
    list->ptr[list->n] = *t;
    list->ptr[list->n].flags.id = (uint32_t)list->n;
    list->n++;
    ap__vocab_add(&list->index, content->ptr, content->len, (uint32_t)list->n - 1);
}

const ap__special_token *ap__special_list_find(const ap__special_list *list, const char *content,
                                               size_t len) {
    uint32_t i = list->n ? ap__vocab_find(&list->index, content, len) : AP__TOKEN_NONE;
    return i == AP__TOKEN_NONE ? NULL : &list->ptr[i];
}

static const ap__special_token *find(const ap__special_list *list, const ap__text *content) {
    return ap__special_list_find(list, content->ptr, content->len);
}

/* The token as it would be added. */
static ap__added_token added_form(const ap__special_token *t) {
    ap__added_token out = t->flags;
    out.normalized = t->normalized >= 0 ? t->normalized : !out.special;
    return out;
}

/* -- reading tokens ------------------------------------------------------------------------------------ */

static ap_status read_flags(reader *r, yyjson_val *json, ap__special_token *out) {
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
static ap_status read_token(reader *r, yyjson_val *json, const char *key, ap__special_token *out) {
    *out = (ap__special_token){.is_string = true, .normalized = -1};
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

/* The member of the config, which in old folders that of special_tokens_map.json replaces. */
static yyjson_val *get(const reader *r, const char *key, bool *is_from_map) {
    yyjson_val *value = r->is_old ? yyjson_obj_get(r->sources->special_tokens_map, key) : NULL;
    *is_from_map = value != NULL;
    return value ? value : yyjson_obj_get(r->sources->config, key);
}

/* The special token of a class that the files say nothing about. */
static void set_default(const reader *r, int i, ap__special_token *out) {
    const ap__tokenizer *tokenizer = r->loader->tokenizer;
    const char *text = r->standard.text[i];
    *out = (ap__special_token){.is_string = true, .normalized = -1};
    if (i == AP__PAD_TOKEN && r->standard.wrap[i] == '-' && tokenizer) text = tokenizer->stored.pad_token;
    if (text) out->flags.content = (ap__text){text, strlen(text)};
    if (text && !strcmp(text, AP__CLASS_NUL)) out->flags.content = (ap__text){"", 1};
}

static ap_status read_key(reader *r, int i) {
    bool is_from_map;
    ap__special_token *out = &r->out->by_key[i];
    yyjson_val *value = get(r, KEYS[i], &is_from_map);
    if (r->class_->kind == AP__CLASS_GPT_SW3 && yyjson_is_null(value)) value = NULL;
    r->is_given[i] = value && !yyjson_is_null(value);
    if (!value) set_default(r, i, out);
    if (!r->is_given[i]) return AP_OK;
    ap_status status = read_token(r, value, KEYS[i], out);
    r->is_called[i] = out->is_string || is_from_map;
    if (is_from_map) out->flags.special = true;
    if (!out->flags.content.len) out->flags.content.ptr = NULL; /* "" is as good as none. */
    return status;
}

/* Whether the list has that very token: a string is not the AddedToken of that content. */
static bool has_same(const ap__additional_given *list, const ap__special_token *t) {
    ap__added_token form = added_form(t);
    for (size_t i = 0; i < list->n; i++) {
        ap__added_token other = added_form(&list->ptr[i]);
        bool is_same = list->ptr[i].is_string == t->is_string && other.content.len == form.content.len &&
                       !memcmp(other.content.ptr, form.content.ptr, form.content.len);
        if (is_same && ap__added_is_same(&other, &form)) return true;
    }
    return false;
}

static ap_status read_list(reader *r, yyjson_val *list, bool is_from_map) {
    yyjson_val *item;
    size_t i, max;
    yyjson_arr_foreach(list, i, max, item) {
        ap__special_token t;
        ap_status status = read_token(r, item, ADDITIONAL, &t);
        if (status) return status;
        if (is_from_map) t.flags.special = true;
        if (!is_from_map || !has_same(&r->additional, &t)) r->additional.ptr[r->additional.n++] = t;
    }
    return AP_OK;
}

/* Of the config, and in old folders behind it those of special_tokens_map.json. */
static ap_status read_additional(reader *r) {
    yyjson_val *of_config = yyjson_obj_get(r->sources->config, ADDITIONAL);
    yyjson_val *of_map = r->is_old ? yyjson_obj_get(r->sources->special_tokens_map, ADDITIONAL) : NULL;
    yyjson_val *last = of_map ? of_map : of_config;
    size_t n = yyjson_arr_size(of_config) + yyjson_arr_size(of_map);
    if (n > MAX_ADDITIONAL)
        return ap__loader_fail(r->loader, AP_ELIMIT, ADDITIONAL, "%zu tokens; at most %d are supported", n,
                               MAX_ADDITIONAL);
    r->additional.is_absent = !last;
    r->additional.is_null = yyjson_is_null(last);
    ap_status status = ap__loader_alloc(r->loader, &r->additional.ptr, n, sizeof *r->additional.ptr);
    if (!status) status = read_list(r, of_config, false);
    r->n_uncalled = r->additional.n;
    return status ? status : read_list(r, of_map, true);
}

/* -- the added tokens ---------------------------------------------------------------------------------- */

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
    ap_status status = create_list(r, &r->out->decoder, yyjson_obj_size(object), content_bytes(object));
    size_t mark = ap__loader_enter(r->loader, "added_tokens_decoder", 0);
    yyjson_obj_foreach(object, i, max, key, value) {
        ap__special_token t;
        if (!status) status = read_token(r, value, yyjson_get_str(key), &t);
        if (status) return status;
        t.is_string = false;
        t.number = strtoull(yyjson_get_str(key), NULL, 10);
        push(&r->out->decoder, &t);
    }
    ap__loader_leave(r->loader, mark);
    return AP_OK;
}

/* What a key of the files, not of the class, calls special. The reference has not yet made tokens of the
 * objects in tokenizer_config.json when it asks, and so does not find them. */
static ap_status list_called(reader *r, ap__special_list *out) {
    size_t n_bytes = 0;
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++) n_bytes += r->out->by_key[i].flags.content.len;
    for (size_t i = 0; i < r->additional.n; i++) n_bytes += r->additional.ptr[i].flags.content.len;
    ap_status status = create_list(r, out, AP__N_SPECIAL_TOKENS + r->additional.n, n_bytes);
    for (int i = 0; i < AP__N_SPECIAL_TOKENS && !status; i++)
        if (r->is_called[i] && r->out->by_key[i].flags.content.ptr) push(out, &r->out->by_key[i]);
    for (size_t i = 0; i < r->additional.n && !status; i++)
        if (i >= r->n_uncalled || r->additional.ptr[i].is_string) push(out, &r->additional.ptr[i]);
    return status;
}

/* The tokens of a tokenizer.json that was passed over. */
static ap_status read_stored(reader *r) {
    yyjson_val *item;
    size_t i, max;
    yyjson_arr_foreach(r->sources->stored_tokens, i, max, item) {
        ap__special_token t;
        ap_status status = read_token(r, item, "added_tokens", &t);
        if (status) return status;
        t.is_string = false;
        t.number = yyjson_get_uint(yyjson_obj_get(item, "id"));
        push(&r->out->decoder, &t);
    }
    return AP_OK;
}

/* added_tokens.json: {"token": id}. Those that a key calls special are special. */
static ap_status read_added(reader *r, yyjson_val *object) {
    yyjson_val *key, *value, *stored = r->sources->stored_tokens;
    ap__special_list called = {0};
    size_t i, max;
    ap_status status = list_called(r, &called);
    if (!status)
        status = create_list(r, &r->out->decoder, yyjson_obj_size(object) + yyjson_arr_size(stored),
                             content_bytes(object) + content_bytes(stored));
    if (status || !object)
        return status ? status : read_stored(r); /* yyjson's loop would step on from NULL. */
    yyjson_obj_foreach(object, i, max, key, value) {
        ap__special_token t = {.normalized = -1, .number = yyjson_get_uint(value)};
        status = ap__loader_copy(r->loader, key, &t.flags.content);
        if (status) return status;
        t.flags.special = find(&called, &t.flags.content) != NULL;
        t.normalized = !t.flags.special;
        push(&r->out->decoder, &t);
        r->stray = &r->out->decoder.ptr[r->out->decoder.n - 1];
    }
    return read_stored(r);
}

/* -- special tokens ------------------------------------------------------------------------------------ */

/* The reference looks special tokens up by content, but in old folders it files the last token of
 * added_tokens.json under the last of special_tokens_map.json's additional tokens. */
static const ap__special_token *find_stray(const reader *r, const ap__text *content) {
    const ap__additional_given *given = &r->additional;
    if (!r->is_old || given->n == r->n_uncalled || !r->stray) return NULL;
    const ap__text *last = &given->ptr[given->n - 1].flags.content;
    bool is_last = last->len == content->len && !memcmp(last->ptr, content->ptr, content->len);
    return is_last ? r->stray : NULL;
}

/* The added token of that content: in the files, or in old folders in tokenizer.json alone. */
static bool look_up(const reader *r, ap__special_token *t) {
    const ap__text *content = &t->flags.content;
    const ap__tokenizer *tokenizer = r->loader->tokenizer;
    bool is_own = r->is_old && tokenizer && !r->sources->is_converted;
    const ap__added_token *own =
        is_own ? ap__added_find(&tokenizer->added, content->ptr, content->len) : NULL;
    const ap__special_token *listed =
        !r->is_old || r->sources->stored_tokens ? find(&r->out->decoder, content) : NULL;
    if (!own && !listed) listed = find_stray(r, content);
    if (own)
        *t = (ap__special_token){.flags = *own, .normalized = own->normalized};
    else if (listed)
        *t = *listed;
    return own || listed;
}

/* What the class makes of a string. */
static void resolve(reader *r, int i) {
    ap__special_token *t = &r->out->by_key[i];
    char wrap = r->standard.wrap[i];
    if (!t->flags.content.ptr) return;
    bool is_known = r->is_given[i] && look_up(r, t);
    if (!is_known && t->is_string && wrap >= '0') {
        int flags = wrap <= '9' ? wrap - '0' : wrap - 'a' + 10;
        t->is_string = false;
        t->flags.lstrip = flags & AP__WRAP_LSTRIP;
        t->flags.rstrip = flags & AP__WRAP_RSTRIP;
        t->flags.special = flags & AP__WRAP_SPECIAL;
        t->normalized = flags & AP__WRAP_UNSAID ? -1 : (flags & AP__WRAP_NORMALIZED) != 0;
    }
    /* Slow tokenizers copy their arguments, and the copies have the flag. */
    if (r->sources->slow && !t->is_string) t->normalized = added_form(t).normalized;
}

/* Special tokens of one model kind: {"image_token": "<image>"}. */
static ap_status read_extra(reader *r) {
    yyjson_val *object = yyjson_obj_get(r->sources->config, "extra_special_tokens"), *key, *value;
    size_t i, max;
    if (!object) return AP_OK; /* yyjson's loop would step on from NULL. */
    yyjson_obj_foreach(object, i, max, key, value) {
        ap__special_token t;
        ap_status status = read_token(r, value, yyjson_get_str(key), &t);
        if (status) return status;
        if (!find(&r->out->all, &t.flags.content)) push(&r->out->all, &t);
    }
    return AP_OK;
}

/* Source: SpecialTokensMixin.all_special_tokens_extended: a list may hold a content twice. */
static ap_status list_all(reader *r) {
    yyjson_val *extra = yyjson_obj_get(r->sources->config, "extra_special_tokens");
    ap__special_token *more;
    size_t n_more, n_bytes = content_bytes(extra);
    const ap__class_extra *rule = ap__class_extra_find(r->class_->name);
    if (rule->mode == AP__EXTRA_SLOW && !r->sources->slow) rule = ap__class_extra_find("");
    ap_status status =
        ap__additional_tokens_make(&more, &n_more, r->loader, r->sources->config, &r->additional, rule);
    if (status) return status;
    r->out->additional = more;
    r->out->n_additional = n_more;
    bool is_given = !r->additional.is_absent && !r->additional.is_null;
    r->out->has_late_sentinels = rule->mode == AP__EXTRA_SENTINELS && is_given && n_more > r->additional.n;
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++) n_bytes += r->out->by_key[i].flags.content.len;
    for (size_t i = 0; i < n_more; i++) n_bytes += more[i].flags.content.len;
    ap__special_list *all = &r->out->all;
    status = create_list(r, all, AP__N_SPECIAL_TOKENS + n_more + yyjson_obj_size(extra), n_bytes);
    if (status) return status;
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++) {
        const ap__special_token *t = &r->out->by_key[i];
        if (t->flags.content.ptr && !find(all, &t->flags.content)) push(all, t);
    }
    const ap__special_token *end = all->ptr + all->n;
    for (size_t i = 0; i < n_more; i++) {
        const ap__special_token *known = find(all, &more[i].flags.content);
        more[i].is_additional = true;
        if (r->sources->slow && !more[i].is_string) more[i].normalized = added_form(&more[i]).normalized;
        if (!known || known >= end)
            push(all, &more[i]);
        else
            all->ptr[known - all->ptr].is_additional = true;
    }
    return read_extra(r);
}

/* What the slow class makes of a string where there is one: of those that the fast one leaves, where that one
 * comes first. */
static void choose_standard(reader *r) {
    r->standard = r->sources->slow ? r->sources->slow->tokens : r->class_->tokens;
    if (!r->sources->is_inner) return;
    const ap__class_tokens *fast = &r->class_->tokens;
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++) {
        r->wrap[i] = fast->wrap[i] >= '0' ? fast->wrap[i] : r->standard.wrap[i];
        if (fast->wrap[i] != '-') r->standard.text[i] = fast->text[i];
    }
    r->standard.wrap = r->wrap;
}

static ap_status read_all(reader *r) {
    yyjson_val *decoder = yyjson_obj_get(r->sources->config, "added_tokens_decoder");
    ap_status status = AP_OK;
    *r->out = (ap__special_tokens){0};
    choose_standard(r);
    r->is_old = !decoder;
    for (int i = 0; i < AP__N_SPECIAL_TOKENS && !status; i++) status = read_key(r, i);
    if (!status) status = read_additional(r);
    if (!status) status = decoder ? read_decoder(r, decoder) : read_added(r, r->sources->added_tokens);
    if (status) return status;
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++) resolve(r, i);
    return list_all(r);
}

ap_status ap__special_tokens_read(ap__special_tokens *out, ap__loader *loader,
                                  const ap__special_sources *sources, const ap__tokenizer_class *class_) {
    reader r = {.loader = loader, .sources = sources, .class_ = class_, .out = out};
    return read_all(&r);
}

/* -- what is added ------------------------------------------------------------------------------------- */

static int by_number(const void *a_ptr, const void *b_ptr) {
    const ap__special_token *a = a_ptr, *b = b_ptr;
    if (a->number != b->number) return a->number > b->number ? 1 : -1;
    return (a->flags.id > b->flags.id) - (a->flags.id < b->flags.id);
}

/* added_tokens_decoder in the order of its numbers; of the same number, the last counts. In old folders the
 * tokens of tokenizer.json come last. Pegasus drops all of them. */
static ap_status list_decoder(reader *r, ap__special_token **out, size_t *n) {
    const ap__special_list *decoder = &r->out->decoder;
    const ap__added *added = &r->loader->tokenizer->added;
    size_t n_own = r->is_old && !r->sources->is_converted ? added->n : 0, n_listed = decoder->n;
    ap__special_token *list;
    *n = 0;
    ap_status status = ap__loader_alloc(r->loader, &list, decoder->n + n_own, sizeof *list);
    *out = list;
    if (status || ap__class_extra_find(r->class_->name)->mode == AP__EXTRA_PEGASUS) return status;
    if (decoder->n) memcpy(list, decoder->ptr, decoder->n * sizeof *list);
    for (size_t i = 0; i < n_own; i++) {
        const ap__added_token *t = &added->tokens[i];
        list[n_listed] = (ap__special_token){.flags = *t, .normalized = t->normalized, .number = t->id};
        list[n_listed++].flags.id = UINT32_MAX;
    }
    if (n_listed) qsort(list, n_listed, sizeof *list, by_number);
    for (size_t i = 0; i < n_listed; i++)
        if (i + 1 == n_listed || list[i + 1].number != list[i].number) list[(*n)++] = list[i];
    return AP_OK;
}

static bool is_same(const ap__special_token *a_ptr, const ap__special_token *b_ptr) {
    ap__added_token a = added_form(a_ptr), b = added_form(b_ptr);
    bool is_text = a.content.len == b.content.len && !memcmp(a.content.ptr, b.content.ptr, a.content.len);
    return is_text && (b_ptr->is_string || ap__added_is_same(&a, &b));
}

/* Whether a token of tokens_to_add[:n] is the same, before either is made special. */
static bool is_listed(const ap__special_token *decoder, size_t n, const ap__special_list *to_add,
                      const ap__special_token *t) {
    const ap__special_token *found = find(to_add, &t->flags.content);
    size_t at = found ? (size_t)(found - to_add->ptr) : n;
    if (!found || (at < n && is_same(&decoder[at], t))) return found != NULL;
    for (size_t i = 0; i < n && n <= MAX_REPEATED; i++)
        if (is_same(&decoder[i], t)) return true;
    return false;
}

/* Source: tokenization_utils_fast.py __init__, tokens_to_add. (Its test for tokens that are there already
 * compares them with numbers, and so never holds.) */
static ap_status collect(reader *r, const ap__special_token *decoder, size_t n, ap__special_list *to_add) {
    const ap__added *added = &r->loader->tokenizer->added;
    for (size_t i = 0; i < n; i++) {
        ap__special_token t = decoder[i];
        t.flags.special = t.flags.special || find(&r->out->all, &t.flags.content);
        push(to_add, &t);
    }
    if (to_add->index.n < n && n > MAX_REPEATED)
        return ap__loader_fail(r->loader, AP_ELIMIT, "added_tokens_decoder",
                               "%zu tokens, and some of them twice; at most %d are supported then", n,
                               MAX_REPEATED);
    for (size_t i = 0; i < r->out->all.n; i++) {
        ap__special_token t = r->out->all.ptr[i];
        bool is_known = t.is_string && ap__added_find(added, t.flags.content.ptr, t.flags.content.len);
        if (is_known || is_listed(decoder, n, to_add, &t)) continue;
        t.flags.special = true;
        push(to_add, &t);
    }
    return AP_OK;
}

static ap_status add(reader *r) {
    ap__tokenizer *tokenizer = r->loader->tokenizer;
    ap__special_list to_add = {0};
    ap__special_token *decoder;
    size_t n, n_bytes = 0;
    ap_status status = list_decoder(r, &decoder, &n);
    if (status) return status;
    for (size_t i = 0; i < r->out->all.n; i++) n_bytes += r->out->all.ptr[i].flags.content.len;
    for (size_t i = 0; i < n; i++) n_bytes += decoder[i].flags.content.len;
    status = create_list(r, &to_add, n + r->out->all.n, n_bytes);
    if (status) return status;
    status = collect(r, decoder, n, &to_add);
    if (status || !to_add.n) return status;
    status = ap__added_reserve(&tokenizer->added, r->loader->arena, to_add.n, n_bytes, r->loader->err);
    if (status) return status;
    for (size_t i = 0; i < to_add.n; i++) {
        ap__added_token form = added_form(&to_add.ptr[i]);
        if (form.content.len) ap__added_add(&tokenizer->added, &tokenizer->vocab, &form);
    }
    return ap__added_finish(&tokenizer->added, &tokenizer->normalizer, r->loader);
}

static void fill_config(ap__tokenizer *tokenizer, const ap__special_tokens *tokens) {
    ap__tokenizer_config *c = &tokenizer->config;
    const char **texts[] = {&c->bos_token, &c->eos_token, &c->unk_token, &c->sep_token,
                            &c->pad_token, &c->cls_token, &c->mask_token};
    uint32_t *ids[] = {&c->bos_token_id, &c->eos_token_id, &c->unk_token_id, &c->sep_token_id,
                       &c->pad_token_id, &c->cls_token_id, &c->mask_token_id};
    for (int i = 0; i < AP__N_SPECIAL_TOKENS; i++) {
        const ap__text *content = &tokens->by_key[i].flags.content;
        if (!content->ptr) continue;
        *texts[i] = content->ptr;
        *ids[i] = ap__tokenizer_token_to_id(tokenizer, content->ptr, content->len);
    }
}

ap_status ap__special_tokens_apply(ap__loader *loader, const ap__special_sources *sources,
                                   const ap__tokenizer_class *class_) {
    ap__special_tokens tokens;
    reader r = {.loader = loader, .sources = sources, .class_ = class_, .out = &tokens};
    ap_status status = read_all(&r);
    if (!status && !sources->is_slow) status = add(&r);
    if (!status) fill_config(loader->tokenizer, &tokens);
    return status;
}
