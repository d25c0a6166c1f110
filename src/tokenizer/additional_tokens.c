/* additional_special_tokens: what each tokenizer class adds to those that its files give.
 * Source: transformers@v4.55.4, the constructors of the classes in models/<name>/tokenization_<name>_fast.py.
 */
#include "tokenizer/additional_tokens.h"

#include "base/error.h"
#include "tokenizer/languages_impl.h"
#include "tokenizer/tokenizer_impl.h"

#include <stdio.h>
#include <string.h>

typedef struct maker {
    ap__loader *loader;
    yyjson_val *config;
    const ap__additional_given *given;
    const ap__class_extra *extra;
    ap__special_token *ptr;
    size_t n, capacity;
} maker;

static ap_status reserve(maker *m, size_t n) {
    m->capacity = n;
    return ap__loader_alloc(m->loader, &m->ptr, n, sizeof *m->ptr);
}

static bool has(const ap__special_token *list, size_t n, const char *text) {
    size_t len = strlen(text);
    for (size_t i = 0; i < n; i++) {
        const ap__text *content = &list[i].flags.content;
        if (content->len == len && !memcmp(content->ptr, text, len)) return true;
    }
    return false;
}

static void put(maker *m, const char *text) {
    if (m->n < m->capacity)
        m->ptr[m->n++] =
            (ap__special_token){.flags.content = {text, strlen(text)}, .is_string = true, .normalized = -1};
}

static void put_given(maker *m) {
    for (size_t i = 0; i < m->given->n && m->n < m->capacity; i++) m->ptr[m->n++] = m->given->ptr[i];
}

static void put_own(maker *m) {
    for (size_t i = 0; m->extra->own[i]; i++)
        if (!has(m->ptr, m->n, m->extra->own[i])) put(m, m->extra->own[i]);
}

static size_t n_own(const maker *m) {
    size_t n = 0;
    while (m->extra->own && m->extra->own[n]) n++;
    return n;
}

/* "<extra_id_0>" and the like: numbers [from, to). */
static ap_status put_numbered(maker *m, const char *prefix, size_t from, size_t to) {
    char text[48];
    for (size_t i = from; i < to; i++) {
        snprintf(text, sizeof text, "<%s_%zu>", prefix, i);
        char *copy = ap__arena_strndup(m->loader->arena, text, strlen(text));
        if (!copy) return ap__fail_nomem(m->loader->err);
        put(m, copy);
    }
    return AP_OK;
}

static ap_status get_count(maker *m, const char *key, size_t standard, size_t *out) {
    *out = standard;
    ap_status status = ap__get_size(m->loader, m->config, key, false, out);
    if (status || *out <= AP__MAX_NUMBERED_TOKENS) return status;
    return ap__loader_fail(m->loader, AP_ELIMIT, key, "%zu; at most %d are supported", *out,
                           AP__MAX_NUMBERED_TOKENS);
}

/* A token of the config by a key of the class's own: the standard when it is missing, NULL when it is null.
 */
static ap_status get_token(maker *m, const char *key, const char *standard, const char **out) {
    ap__text text = {0};
    yyjson_val *value = yyjson_obj_get(m->config, key);
    yyjson_val *content = yyjson_is_obj(value) ? yyjson_obj_get(value, "content") : value;
    *out = value ? NULL : standard;
    if (!value || yyjson_is_null(value)) return AP_OK;
    if (!yyjson_is_str(content))
        return ap__loader_fail(m->loader, AP_EFORMAT, key, "expected a token, found %s",
                               ap__json_kind(value));
    ap_status status = ap__loader_copy(m->loader, content, &text);
    *out = text.ptr;
    return status;
}

/* -- the modes ----------------------------------------------------------------------------------------- */

static ap_status make_plain(maker *m) {
    ap__extra_mode mode = m->extra->mode;
    bool is_own = m->given->is_absent || (m->given->is_null && mode == AP__EXTRA_IF_NULL);
    ap_status status = reserve(m, m->given->n + n_own(m));
    if (status) return status;
    if (mode == AP__EXTRA_BEFORE) {
        put_own(m);
        for (size_t i = 0; i < m->given->n; i++)
            if (!has(m->ptr, n_own(m), m->given->ptr[i].flags.content.ptr)) m->ptr[m->n++] = m->given->ptr[i];
        return AP_OK;
    }
    put_given(m);
    if (mode == AP__EXTRA_AFTER || (mode != AP__EXTRA_NONE && is_own)) put_own(m);
    return AP_OK;
}

static ap_status make_named(maker *m, const char *const (*names)[2], size_t n_names) {
    ap_status status = reserve(m, m->given->n + n_names);
    if (!status) put_given(m);
    for (size_t i = 0; i < n_names && !status; i++) {
        const char *text;
        status = get_token(m, names[i][0], names[i][1], &text);
        if (!status && text) put(m, text);
    }
    return status;
}

/* They are AddedTokens, not strings. Source: models/luke/tokenization_luke.py __init__. */
static ap_status make_entities(maker *m) {
    static const char *const NAMES[][2] = {{"entity_token_1", "<ent>"}, {"entity_token_2", "<ent2>"}};
    if (m->given->is_null)
        return ap__loader_fail(m->loader, AP_EFORMAT, "additional_special_tokens",
                               "expected a list, found null");
    ap_status status = make_named(m, NAMES, 2);
    for (size_t i = m->given->n; i < m->n && !status; i++) {
        m->ptr[i].is_string = false;
        m->ptr[i].normalized = true;
    }
    return status;
}

/* Source: models/plbart/tokenization_plbart.py __init__. */
static ap_status make_programming(maker *m) {
    const char *const *codes = ap__plbart_codes(m->config);
    size_t n = 0;
    while (codes && codes[n]) n++;
    ap_status status = reserve(m, m->given->n + n);
    for (size_t i = 0; i < n && !status; i++) {
        char text[32];
        snprintf(text, sizeof text, "__%s__", codes[i]);
        char *copy = ap__arena_strndup(m->loader->arena, text, strlen(text));
        if (!copy) return ap__fail_nomem(m->loader->err);
        put(m, copy);
    }
    for (size_t i = 0; i < m->given->n && !status; i++)
        if (!has(m->ptr, n, m->given->ptr[i].flags.content.ptr)) m->ptr[m->n++] = m->given->ptr[i];
    return status;
}

static ap_status make_sentinels(maker *m) {
    size_t extra_ids, n_listed = 0;
    ap_status status = get_count(m, "extra_ids", 100, &extra_ids);
    if (!status) status = reserve(m, m->given->n + extra_ids);
    if (status) return status;
    put_given(m);
    for (size_t i = 0; i < m->given->n; i++)
        n_listed += strstr(m->given->ptr[i].flags.content.ptr, "<extra_id_") != NULL;
    if (!n_listed) return put_numbered(m, "extra_id", 0, extra_ids);
    if (!extra_ids || extra_ids == n_listed) return AP_OK;
    return ap__loader_fail(m->loader, AP_EFORMAT, "additional_special_tokens",
                           "expected %zu tokens <extra_id_...>, as extra_ids says, found %zu", extra_ids,
                           n_listed);
}

/* Source: models/byt5/tokenization_byt5.py __init__. */
static ap_status make_byte_sentinels(maker *m) {
    size_t extra_ids, n_listed = 0, n = m->given->n;
    ap_status status = get_count(m, "extra_ids", 125, &extra_ids);
    if (!status) status = reserve(m, n + extra_ids);
    if (status) return status;
    if (m->given->is_absent || m->given->is_null) return put_numbered(m, "extra_id", 0, extra_ids);
    put_given(m);
    for (size_t i = 0; i < n; i++) {
        const char *text = m->given->ptr[i].flags.content.ptr;
        n_listed += strstr(text, "extra_id") && !has(m->given->ptr, i, text);
    }
    if (!extra_ids || !n || extra_ids == n_listed) return AP_OK;
    return ap__loader_fail(m->loader, AP_EFORMAT, "additional_special_tokens",
                           "expected %zu tokens <extra_id_...>, as extra_ids says, found %zu", extra_ids,
                           n_listed);
}

static ap_status make_pegasus(maker *m) {
    size_t offset;
    const char *sentence;
    ap_status status = get_count(m, "offset", 103, &offset);
    if (!status) status = get_token(m, "mask_token_sent", "<mask_1>", &sentence);
    if (!status) status = reserve(m, m->given->n + offset + 1);
    if (status) return status;
    bool is_given = !m->given->is_absent && !m->given->is_null;
    if (sentence && !has(m->given->ptr, m->given->n, sentence)) put(m, sentence);
    if (!is_given) return put_numbered(m, "unk", 2, offset);
    put_given(m);
    status = put_numbered(m, "unk", m->n, offset ? offset - 1 : 0);
    for (size_t i = 0; i < m->n && !status; i++)
        if (has(m->ptr, i, m->ptr[i].flags.content.ptr))
            status = ap__loader_fail(m->loader, AP_EFORMAT, "additional_special_tokens",
                                     "expected no wrongly shifted list of <unk_...>, found \"%.60s\" twice",
                                     m->ptr[i].flags.content.ptr);
    return status;
}

static ap_status make(maker *m) {
    static const char *const INFILL[][2] = {{"prefix_token", "▁<PRE>"},
                                            {"middle_token", "▁<MID>"},
                                            {"suffix_token", "▁<SUF>"},
                                            {"eot_token", "▁<EOT>"}};
    static const char *const QUESTION[][2] = {{"question_token", "[QUESTION]"}};
    switch (m->extra->mode) {
    case AP__EXTRA_INFILL:
        return make_named(m, INFILL, 4);
    case AP__EXTRA_QUESTION:
        if (m->given->is_absent) return make_named(m, QUESTION, 1);
        return ap__loader_fail(m->loader, AP_EFORMAT, "additional_special_tokens",
                               "this class has them of its own; expected nothing");
    case AP__EXTRA_ENTITIES:
        return make_entities(m);
    case AP__EXTRA_PROGRAMMING:
        return make_programming(m);
    case AP__EXTRA_SENTINELS:
        return make_sentinels(m);
    case AP__EXTRA_BYTE_SENTINELS:
        return make_byte_sentinels(m);
    case AP__EXTRA_PEGASUS:
        return make_pegasus(m);
    default:
        return make_plain(m);
    }
}

ap_status ap__additional_tokens_make(ap__special_token **out, size_t *n, ap__loader *loader,
                                     yyjson_val *config, const ap__additional_given *given,
                                     const ap__class_extra *extra) {
    maker m = {.loader = loader, .config = config, .given = given, .extra = extra};
    ap_status status = make(&m);
    *out = m.ptr;
    *n = m.n;
    return status;
}
