#include "generate/chat/value.h"

#include "base/error.h"
#include "base/hash.h"
#include "value/value.h"

#include <math.h>
#include <string.h>

enum { FEW_ENTRIES = 8, MAX_COMPARE_DEPTH = 600, MAX_KEY_PARTS = 1000, MAX_KEY_DEPTH = 100 };

/* -- lists --------------------------------------------------------------------------------------------- */

ap_status ap__jval_new_list(ap__jval *out, ap__jmem *mem, ap__jkind kind, size_t n) {
    ap__jlist *list = ap__jmem_alloc(mem, 1, sizeof *list);
    if (!list) return mem->status;
    list->items = ap__jmem_alloc(mem, n, sizeof *list->items);
    if (!list->items) return mem->status;
    list->capacity = n;
    *out = (ap__jval){.kind = (uint8_t)kind, .as.list = list};
    return AP_OK;
}

ap_status ap__jlist_push(ap__jlist *list, ap__jmem *mem, ap__jval item) {
    ap__jval *items = ap__jmem_grow(mem, list->items, list->n, &list->capacity, sizeof *items);
    if (!items) return mem->status;
    list->items = items;
    items[list->n++] = item;
    return AP_OK;
}

/* -- dicts --------------------------------------------------------------------------------------------- */

static uint64_t hash_value(const ap__jval *value) {
    int64_t integer;
    if (value->kind == AP__J_STRING) return ap__hash(value->as.text, value->len);
    if (value->kind == AP__J_FLOAT) {
        double number = value->as.number; /* 1, 1.0 and True are one key. */
        bool is_whole = fabs(number) < 9e18 && (double)(int64_t)number == number;
        integer = is_whole ? (int64_t)number : 0;
        return is_whole ? ap__hash(&integer, sizeof integer) : ap__hash(&number, sizeof number);
    }
    if (ap__jval_is_integer(value, &integer)) return ap__hash(&integer, sizeof integer);
    if (value->kind != AP__J_TUPLE) return value->kind;
    uint64_t hash = 1;
    for (size_t i = 0; i < value->as.list->n; i++) hash = hash * 31 + hash_value(&value->as.list->items[i]);
    return hash;
}

/* Where the key is, or would be, in the index. */
static size_t probe(const ap__jdict *dict, const ap__jval *key, uint64_t hash) {
    size_t i = (size_t)hash & (dict->n_index - 1);
    for (; dict->index[i]; i = (i + 1) & (dict->n_index - 1)) {
        const ap__jentry *entry = &dict->entries[dict->index[i] - 1];
        if (entry->hash == hash && ap__jval_equal(&entry->key, key)) break;
    }
    return i;
}

static ap__jentry *find(const ap__jdict *dict, const ap__jval *key, uint64_t hash) {
    if (dict->index) {
        uint32_t at = dict->index[probe(dict, key, hash)];
        return at ? &dict->entries[at - 1] : NULL;
    }
    for (size_t i = 0; i < dict->n; i++)
        if (dict->entries[i].hash == hash && ap__jval_equal(&dict->entries[i].key, key))
            return &dict->entries[i];
    return NULL;
}

static ap_status build_index(ap__jdict *dict, ap__jmem *mem) {
    size_t n_index = 32;
    while (n_index < dict->n * 4) n_index *= 2;
    dict->index = ap__jmem_alloc(mem, n_index, sizeof *dict->index);
    if (!dict->index) return mem->status;
    dict->n_index = n_index;
    for (size_t i = 0; i < dict->n; i++)
        dict->index[probe(dict, &dict->entries[i].key, dict->entries[i].hash)] = (uint32_t)i + 1;
    return AP_OK;
}

ap_status ap__jval_new_dict(ap__jval *out, ap__jmem *mem) {
    ap__jdict *dict = ap__jmem_alloc(mem, 1, sizeof *dict);
    if (!dict) return mem->status;
    *out = (ap__jval){.kind = AP__J_DICT, .as.dict = dict};
    return AP_OK;
}

ap_status ap__jdict_set(ap__jdict *dict, ap__jmem *mem, ap__jval key, ap__jval value) {
    uint64_t hash = hash_value(&key);
    ap__jentry *entry = find(dict, &key, hash);
    if (entry) {
        entry->value = value;
        return AP_OK;
    }
    ap__jentry *entries = ap__jmem_grow(mem, dict->entries, dict->n, &dict->capacity, sizeof *entries);
    if (!entries) return mem->status;
    dict->entries = entries;
    entries[dict->n++] = (ap__jentry){key, value, hash};
    if (dict->n > FEW_ENTRIES && dict->n * 2 > dict->n_index) return build_index(dict, mem);
    if (dict->index) dict->index[probe(dict, &key, hash)] = (uint32_t)dict->n;
    return AP_OK;
}

ap_status ap__jdict_copy(ap__jdict *out, ap__jmem *mem, const ap__jdict *from) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < from->n && !status; i++)
        status = ap__jdict_set(out, mem, from->entries[i].key, from->entries[i].value);
    return status;
}

ap__jval *ap__jdict_get(const ap__jdict *dict, ap__jval key) {
    ap__jentry *entry = find(dict, &key, hash_value(&key));
    return entry ? &entry->value : NULL;
}

ap__jval *ap__jdict_get_text(const ap__jdict *dict, const char *key, size_t len) {
    return ap__jdict_get(dict, ap__jval_text(key, len));
}

/* -- from outside -------------------------------------------------------------------------------------- */

static ap_status list_from_value(ap__jval *out, ap__jmem *mem, const ap_value *value) {
    size_t n = ap_value_len(value);
    ap_status status = ap__jval_new_list(out, mem, AP__J_LIST, n);
    for (size_t i = 0; i < n && !status; i++) {
        ap__jval item;
        status = ap__jval_from_value(&item, mem, ap_value_list_get(value, i));
        if (!status) status = ap__jlist_push(out->as.list, mem, item);
    }
    return status;
}

static ap_status dict_from_value(ap__jval *out, ap__jmem *mem, const ap_value *value) {
    size_t n = ap_value_len(value);
    ap_status status = ap__jval_new_dict(out, mem);
    for (size_t i = 0; i < n && !status; i++) {
        ap__jval item;
        const char *key;
        size_t key_len;
        status = ap__jval_from_value(&item, mem, ap__dict_entry(value, i, &key, &key_len));
        if (!status) status = ap__jdict_set(out->as.dict, mem, ap__jval_text(key, key_len), item);
    }
    return status;
}

/* Values nest at most AP_VALUE_MAX_DEPTH deep. */
ap_status ap__jval_from_value(ap__jval *out, ap__jmem *mem, const ap_value *value) {
    size_t len = 0;
    const char *text = ap_value_get_string(value, &len);
    *out = ap__jval_none();
    switch (ap_value_kind(value)) {
    case AP_KIND_NULL:
        return AP_OK;
    case AP_KIND_BOOL:
        *out = ap__jval_bool(ap_value_get_bool(value));
        return AP_OK;
    case AP_KIND_INT:
        *out = ap__jval_int(ap_value_get_int(value));
        return AP_OK;
    case AP_KIND_FLOAT:
        *out = ap__jval_float(ap_value_get_float(value));
        return AP_OK;
    case AP_KIND_STRING:
        if (len > UINT32_MAX) return ap__fail(mem->err, AP_ELIMIT, "a text is longer than 4 GiB");
        *out = ap__jval_text(text, len);
        return AP_OK;
    case AP_KIND_LIST:
        return list_from_value(out, mem, value);
    case AP_KIND_DICT:
        return dict_from_value(out, mem, value);
    default:
        return ap__fail(mem->err, AP_ETYPE, "chat templates take JSON values, found a tensor");
    }
}

/* -- properties ---------------------------------------------------------------------------------------- */

const char *ap__jval_type_name(const ap__jval *value) {
    static const char *const NAMES[AP__N_JKINDS] = {"missing",    "Undefined",   "NoneType",
                                                    "bool",       "int",         "float",
                                                    "str",        "list",        "tuple",
                                                    "dict",       "dict_keys",   "dict_values",
                                                    "dict_items", "range",       "generator",
                                                    "Namespace",  "LoopContext", "Cycler",
                                                    "Joiner",     "Macro",       "builtin_function_or_method",
                                                    "function"};
    if (value->kind == AP__J_STRING && value->is_markup) return "Markup";
    return NAMES[value->kind];
}

bool ap__jval_is_true(const ap__jval *value) {
    switch (value->kind) {
    case AP__J_MISSING:
    case AP__J_UNDEFINED:
    case AP__J_NONE:
        return false;
    case AP__J_BOOL:
        return value->as.boolean;
    case AP__J_INT:
        return value->as.integer != 0;
    case AP__J_FLOAT:
        return value->as.number != 0;
    case AP__J_STRING:
        return value->len > 0;
    case AP__J_LIST:
    case AP__J_TUPLE:
        return value->as.list->n > 0;
    case AP__J_DICT:
    case AP__J_KEYS:
    case AP__J_VALUES:
    case AP__J_ITEMS:
        return value->as.dict->n > 0;
    case AP__J_RANGE:
        return value->as.range->n > 0;
    default:
        return true;
    }
}

bool ap__jval_is_number(const ap__jval *value) {
    return value->kind == AP__J_BOOL || value->kind == AP__J_INT || value->kind == AP__J_FLOAT;
}

bool ap__jval_is_integer(const ap__jval *value, int64_t *out) {
    if (value->kind == AP__J_BOOL)
        *out = value->as.boolean;
    else if (value->kind == AP__J_INT)
        *out = value->as.integer;
    return value->kind == AP__J_BOOL || value->kind == AP__J_INT;
}

double ap__jval_as_double(const ap__jval *value) {
    int64_t integer;
    if (ap__jval_is_integer(value, &integer)) return (double)integer;
    return value->kind == AP__J_FLOAT ? value->as.number : 0;
}

/* Takes the parts of a key off `budget`; keys are small, so that hashing and comparing them is quick. */
static const char *find_unhashable(const ap__jval *value, int depth, size_t *budget) {
    const char *name = NULL;
    if (!*budget || depth == MAX_KEY_DEPTH) return "tuple of that size";
    --*budget;
    if (value->kind == AP__J_LIST || value->kind == AP__J_DICT) return ap__jval_type_name(value);
    if (value->kind != AP__J_TUPLE) return NULL;
    for (size_t i = 0; i < value->as.list->n && !name; i++)
        name = find_unhashable(&value->as.list->items[i], depth + 1, budget);
    return name;
}

const char *ap__jval_unhashable(const ap__jval *value) {
    size_t budget = MAX_KEY_PARTS;
    return find_unhashable(value, 0, &budget);
}

bool ap__jval_is_text(const ap__jval *value, const char *text) {
    return value->kind == AP__J_STRING && value->len == strlen(text) &&
           !memcmp(value->as.text, text, value->len);
}

/* -- comparison ---------------------------------------------------------------------------------------- */

int ap__jval_compare_numbers(const ap__jval *a, const ap__jval *b) {
    int64_t i = 0, j = 0;
    bool is_a = ap__jval_is_integer(a, &i), is_b = ap__jval_is_integer(b, &j);
    if (is_a && is_b) return i < j ? -1 : i > j;
    double x = ap__jval_as_double(a), y = ap__jval_as_double(b);
    if (isnan(x) || isnan(y)) return 2;
    if (x != y || (!is_a && !is_b)) return x < y ? -1 : x > y;
    /* Rounding made them equal: a double of that size is a whole number. */
    if (fabs(x) >= 9223372036854775808.0) return is_a ? -1 : 1;
    i = is_a ? i : (int64_t)x, j = is_b ? j : (int64_t)y;
    return i < j ? -1 : i > j;
}

/* What a comparison may still take. */
typedef struct comparison {
    size_t budget;
    int depth;
} comparison;

static bool equal_to(const ap__jval *a, const ap__jval *b, comparison *c);

static bool equal_items(const ap__jval *a, const ap__jval *b, comparison *c) {
    return ap__jval_same(a, b) || equal_to(a, b, c);
}

static bool equal_lists(const ap__jlist *a, const ap__jlist *b, comparison *c) {
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++)
        if (!equal_items(&a->items[i], &b->items[i], c)) return false;
    return true;
}

static bool equal_dicts(const ap__jdict *a, const ap__jdict *b, comparison *c) {
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++) {
        const ap__jentry *entry = &a->entries[i], *other = find(b, &entry->key, entry->hash);
        if (!other || !equal_items(&entry->value, &other->value, c)) return false;
    }
    return true;
}

static bool equal_ranges(const ap__jrange *a, const ap__jrange *b) {
    if (a->n != b->n || !a->n) return a->n == b->n;
    return a->start == b->start && (a->n == 1 || a->step == b->step);
}

static bool equal_here(const ap__jval *a, const ap__jval *b, comparison *c) {
    switch (a->kind) {
    case AP__J_MISSING:
    case AP__J_UNDEFINED:
    case AP__J_NONE:
        return true;
    case AP__J_LIST:
    case AP__J_TUPLE:
        return equal_lists(a->as.list, b->as.list, c);
    case AP__J_DICT:
        return equal_dicts(a->as.dict, b->as.dict, c);
    case AP__J_RANGE:
        return equal_ranges(a->as.range, b->as.range);
    default:
        return ap__jval_same(a, b);
    }
}

static bool equal_to(const ap__jval *a, const ap__jval *b, comparison *c) {
    if (ap__jval_is_number(a) && ap__jval_is_number(b)) return ap__jval_compare_numbers(a, b) == 0;
    if (a->kind != b->kind || !c->budget) return false;
    c->budget--;
    if (c->depth == MAX_COMPARE_DEPTH) {
        c->budget = 0;
        return false;
    }
    c->depth++;
    bool is_equal = equal_here(a, b, c);
    c->depth--;
    return is_equal;
}

bool ap__jval_equal_within(const ap__jval *a, const ap__jval *b, size_t *budget) {
    comparison c = {.budget = *budget};
    bool is_equal = equal_to(a, b, &c);
    *budget = c.budget;
    return is_equal;
}

bool ap__jval_equal(const ap__jval *a, const ap__jval *b) {
    size_t budget = SIZE_MAX;
    return ap__jval_equal_within(a, b, &budget);
}

bool ap__jval_same(const ap__jval *a, const ap__jval *b) {
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case AP__J_NONE:
        return true;
    case AP__J_BOOL:
        return a->as.boolean == b->as.boolean;
    case AP__J_INT:
        return a->as.integer == b->as.integer;
    case AP__J_FLOAT:
        return a->as.number == b->as.number;
    case AP__J_STRING:
        return a->len == b->len && (!a->len || !memcmp(a->as.text, b->as.text, a->len));
    default:
        return a->as.dict == b->as.dict;
    }
}

size_t ap__jrange_count(int64_t start, int64_t stop, int64_t step) {
    if (step > 0 ? start >= stop : start <= stop) return 0;
    uint64_t distance = step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
    uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    return (size_t)((distance - 1) / stride) + 1;
}
