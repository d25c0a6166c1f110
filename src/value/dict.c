/* Dicts. Small ones are searched one by one; larger ones have an open-addressing index of positions. */
#include "value/dict.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"

#include <string.h>

enum { INDEX_FROM = 12, DICT_MAX_ENTRIES = 1 << 28 };

typedef struct entry {
    ap_value key; /* A string. */
    ap_value value;
} entry;

struct ap__dict {
    entry *entries;
    size_t len, capacity;
    uint32_t *index;   /* Position + 1 of an entry, 0: free. NULL below INDEX_FROM entries. */
    size_t index_mask; /* Its size - 1, a power of two. */
};

size_t ap__dict_len(const ap__dict *dict) { return dict ? dict->len : 0; }

void ap__dict_destroy(ap__dict *dict) {
    if (!dict) return;
    for (size_t i = 0; i < dict->len; i++) {
        ap__value_clear(&dict->entries[i].key);
        ap__value_clear(&dict->entries[i].value);
    }
    ap__free(dict->entries);
    ap__free(dict->index);
    ap__free(dict);
}

static bool key_is(const entry *e, const char *key, size_t key_len) {
    size_t len;
    const char *text = ap_value_get_string(&e->key, &len);
    return len == key_len && memcmp(text, key, len) == 0;
}

/* The place in the index where the key is or would be. */
static uint32_t *index_place(const ap__dict *dict, const char *key, size_t key_len) {
    size_t at = (size_t)ap__hash(key, key_len) & dict->index_mask;
    while (dict->index[at] && !key_is(&dict->entries[dict->index[at] - 1], key, key_len))
        at = (at + 1) & dict->index_mask;
    return &dict->index[at];
}

static entry *find(const ap__dict *dict, const char *key, size_t key_len) {
    if (!dict) return NULL;
    if (dict->index) {
        uint32_t position = *index_place(dict, key, key_len);
        return position ? &dict->entries[position - 1] : NULL;
    }
    for (size_t i = 0; i < dict->len; i++)
        if (key_is(&dict->entries[i], key, key_len)) return &dict->entries[i];
    return NULL;
}

/* An index with room for twice the entries, made anew. */
static bool index_build(ap__dict *dict) {
    size_t size = 32;
    while (size < dict->len * 4) size *= 2;
    uint32_t *index = ap__calloc(size, sizeof *index);
    if (!index) return false;
    ap__free(dict->index);
    dict->index = index;
    dict->index_mask = size - 1;
    for (size_t i = 0; i < dict->len; i++) {
        size_t len;
        const char *key = ap_value_get_string(&dict->entries[i].key, &len);
        *index_place(dict, key, len) = (uint32_t)(i + 1);
    }
    return true;
}

/* Enters the newest entry into the index, which is made or enlarged when it is time. */
static bool index_newest(ap__dict *dict) {
    if (dict->len < INDEX_FROM) return true;
    if (!dict->index || dict->len * 2 > dict->index_mask) return index_build(dict);
    size_t len;
    const char *key = ap_value_get_string(&dict->entries[dict->len - 1].key, &len);
    *index_place(dict, key, len) = (uint32_t)dict->len;
    return true;
}

ap_status ap__dict_add(ap_value **slot, ap_value *value, const char *key, size_t key_len, ap_error *err) {
    *slot = NULL;
    if (!value->as.dict && !(value->as.dict = ap__calloc(1, sizeof(ap__dict)))) return ap__fail_nomem(err);
    ap__dict *dict = value->as.dict;
    entry *e = find(dict, key, key_len);
    if (!e) {
        void *entries = dict->entries;
        if (!ap__grow(&entries, &dict->capacity, dict->len + 1, sizeof(entry), DICT_MAX_ENTRIES))
            return ap__fail_nomem(err);
        dict->entries = entries;
        e = &dict->entries[dict->len];
        memset(e, 0, sizeof *e);
        ap_status status = ap__value_set_string(&e->key, key, key_len, err);
        if (status) return status;
        dict->len++;
        if (!index_newest(dict)) {
            ap__value_clear(&e->key);
            dict->len--;
            return ap__fail_nomem(err);
        }
    }
    *slot = &e->value;
    return AP_OK;
}

ap_value *ap__dict_find(const ap_value *value, const char *key, size_t key_len) {
    if (ap_value_kind(value) != AP_KIND_DICT) return NULL;
    entry *e = find(value->as.dict, key, key_len);
    return e ? &e->value : NULL;
}

ap_value *ap__dict_entry(const ap_value *value, size_t index, const char **key, size_t *key_len) {
    entry *e = &value->as.dict->entries[index];
    *key = ap_value_get_string(&e->key, key_len);
    return &e->value;
}

/* The entry of that name, null whatever it was before. */
static ap_status fresh_entry(ap_value **slot, ap_value *dict, const char *key, ap_error *err) {
    ap_status status = ap__dict_add(slot, dict, key, strlen(key), err);
    if (!status) ap__value_clear(*slot);
    return status;
}

ap_status ap__dict_set_text(ap_value *dict, const char *key, const char *text, ap_error *err) {
    ap_value *slot;
    ap_status status = fresh_entry(&slot, dict, key, err);
    return status || !text ? status : ap__value_set_string(slot, text, strlen(text), err);
}

ap_status ap__dict_set_int(ap_value *dict, const char *key, int64_t integer, ap_error *err) {
    ap_value *slot;
    ap_status status = fresh_entry(&slot, dict, key, err);
    if (!status) ap__value_set_int(slot, integer);
    return status;
}

ap_status ap__dict_set_bool(ap_value *dict, const char *key, bool boolean, ap_error *err) {
    ap_value *slot;
    ap_status status = fresh_entry(&slot, dict, key, err);
    if (!status) ap__value_set_bool(slot, boolean);
    return status;
}

ap_status ap__dict_set_tensor_take(ap_value *dict, const char *key, ap__tensor *tensor, ap_error *err) {
    ap_value *slot;
    ap_status status = fresh_entry(&slot, dict, key, err);
    if (status)
        ap__tensor_unref(tensor);
    else
        ap__value_set_tensor_take(slot, tensor);
    return status;
}

ap_status ap__dict_set_list(ap_value **list, ap_value *dict, const char *key, ap_error *err) {
    ap_status status = fresh_entry(list, dict, key, err);
    if (!status) ap__value_set_list(*list);
    return status;
}

ap_status ap__list_add_text(ap_value *list, const char *text, size_t len, ap_error *err) {
    ap_value *slot;
    ap_status status = ap__list_add(&slot, list, err);
    return status ? status : ap__value_set_string(slot, text, len, err);
}

const ap_value *ap_value_dict_get(const ap_value *dict, const char *key) {
    return key ? ap__dict_find(dict, key, strlen(key)) : NULL;
}

const ap_value *ap_value_dict_at(const ap_value *dict, size_t index, const char **key) {
    const char *own_key = NULL;
    size_t key_len;
    if (key) *key = NULL;
    if (ap_value_kind(dict) != AP_KIND_DICT || index >= ap_value_len(dict)) return NULL;
    const ap_value *item = ap__dict_entry(dict, index, &own_key, &key_len);
    if (key) *key = own_key;
    return item;
}
