/* Values: making, freeing, comparing. Dicts are in dict.c, JSON is in json.c. */
#include "value/value.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "value/dict.h"

#include <math.h>
#include <string.h>

_Static_assert(sizeof(ap_value) == 32, "a value is 32 bytes");

enum { LIST_MAX_ITEMS = 1 << 30 };

/* -- in place ------------------------------------------------------------------------------------------ */

static void set_kind(ap_value *value, ap_kind kind) {
    memset(value, 0, sizeof *value);
    value->kind = (uint8_t)kind;
}

void ap__value_set_bool(ap_value *value, bool boolean) {
    set_kind(value, AP_KIND_BOOL);
    value->as.boolean = boolean;
}

void ap__value_set_int(ap_value *value, int64_t integer) {
    set_kind(value, AP_KIND_INT);
    value->as.integer = integer;
}

void ap__value_set_float(ap_value *value, double number) {
    set_kind(value, AP_KIND_FLOAT);
    value->as.number = number;
}

void ap__value_set_list(ap_value *value) {
    set_kind(value, AP_KIND_LIST);
    value->depth = 1;
}

void ap__value_set_dict(ap_value *value) {
    set_kind(value, AP_KIND_DICT);
    value->depth = 1;
}

void ap__value_set_tensor_take(ap_value *value, ap__tensor *tensor) {
    set_kind(value, AP_KIND_TENSOR);
    value->as.tensor = tensor;
}

ap_status ap__value_set_string(ap_value *value, const char *text, size_t len, ap_error *err) {
    set_kind(value, AP_KIND_NULL);
    if (len <= AP__SMALL_TEXT_BYTES) {
        if (len) memcpy(value->as.small, text, len);
        value->small_len = (uint8_t)len;
    } else {
        char *copy = ap__strndup(text, len);
        if (!copy) return ap__fail_nomem(err);
        value->as.text.ptr = copy;
        value->as.text.len = len;
        value->small_len = AP__TEXT_ON_HEAP;
    }
    value->kind = AP_KIND_STRING;
    return AP_OK;
}

void ap__value_clear(ap_value *value) {
    switch ((ap_kind)value->kind) {
    case AP_KIND_STRING:
        if (value->small_len == AP__TEXT_ON_HEAP) ap__free(value->as.text.ptr);
        break;
    case AP_KIND_LIST:
        for (size_t i = 0; i < value->as.list.len; i++) ap__value_clear(&value->as.list.items[i]);
        ap__free(value->as.list.items);
        break;
    case AP_KIND_DICT:
        ap__dict_destroy(value->as.dict);
        break;
    case AP_KIND_TENSOR:
        ap__tensor_unref(value->as.tensor);
        break;
    default:
        break;
    }
    set_kind(value, AP_KIND_NULL);
}

ap_status ap__list_add(ap_value **slot, ap_value *list, ap_error *err) {
    void *items = list->as.list.items;
    *slot = NULL;
    if (!ap__grow(&items, &list->as.list.capacity, list->as.list.len + 1, sizeof(ap_value), LIST_MAX_ITEMS))
        return ap__fail_nomem(err);
    list->as.list.items = items;
    *slot = &list->as.list.items[list->as.list.len++];
    set_kind(*slot, AP_KIND_NULL);
    return AP_OK;
}

ap_status ap__list_reserve(ap_value *list, size_t n, ap_error *err) {
    void *items = list->as.list.items;
    if (!ap__grow(&items, &list->as.list.capacity, n, sizeof(ap_value), LIST_MAX_ITEMS))
        return ap__fail_nomem(err);
    list->as.list.items = items;
    return AP_OK;
}

ap_value *ap__list_item(const ap_value *list, size_t index) { return &list->as.list.items[index]; }

ap_status ap__list_unwrap(ap_value **list, ap_error *err) {
    ap_value *only = NULL;
    ap_status status = ap_value_create_null(&only, err);
    if (!status) {
        ap_value *item = ap__list_item(*list, 0);
        *only = *item;
        memset(item, 0, sizeof *item);
    }
    ap_value_destroy(*list);
    *list = only;
    return status;
}

static ap_status assign_list(ap_value *out, const ap_value *from, ap_error *err) {
    ap_status status = AP_OK;
    ap__value_set_list(out);
    for (size_t i = 0; !status && i < from->as.list.len; i++) {
        ap_value *slot;
        if (!(status = ap__list_add(&slot, out, err)))
            status = ap__value_assign(slot, &from->as.list.items[i], err);
    }
    return status;
}

static ap_status assign_dict(ap_value *out, const ap_value *from, ap_error *err) {
    ap_status status = AP_OK;
    ap__value_set_dict(out);
    for (size_t i = 0; !status && i < ap_value_len(from); i++) {
        const char *key;
        size_t key_len;
        ap_value *slot, *item = ap__dict_entry(from, i, &key, &key_len);
        if (!(status = ap__dict_add(&slot, out, key, key_len, err)))
            status = ap__value_assign(slot, item, err);
    }
    return status;
}

ap_status ap__value_assign(ap_value *out, const ap_value *from, ap_error *err) {
    ap_status status = AP_OK;
    size_t len;
    const char *text;
    switch (ap_value_kind(from)) {
    case AP_KIND_STRING:
        text = ap_value_get_string(from, &len);
        return ap__value_set_string(out, text, len, err);
    case AP_KIND_LIST:
        status = assign_list(out, from, err);
        break;
    case AP_KIND_DICT:
        status = assign_dict(out, from, err);
        break;
    case AP_KIND_TENSOR:
        ap__value_set_tensor_take(out, ap__tensor_ref(from->as.tensor));
        break;
    case AP_KIND_NULL:
        set_kind(out, AP_KIND_NULL);
        break;
    default:
        *out = *from;
        break;
    }
    out->depth = from ? from->depth : 0;
    if (status) ap__value_clear(out);
    return status;
}

ap__tensor *ap__value_tensor(const ap_value *value) {
    return ap_value_kind(value) == AP_KIND_TENSOR ? value->as.tensor : NULL;
}

bool ap__value_is_text(const ap_value *value, const char *text) {
    size_t len;
    const char *own = ap_value_get_string(value, &len);
    return own && len == strlen(text) && memcmp(own, text, len) == 0;
}

/* -- the public makers --------------------------------------------------------------------------------- */

/* A null on the heap. */
static ap_status create(ap_value **out, ap_error *err) {
    if (!out) return ap__fail(err, AP_EINVAL, "out is NULL");
    *out = ap__calloc(1, sizeof **out);
    return *out ? AP_OK : ap__fail_nomem(err);
}

ap_status ap_value_create_null(ap_value **out, ap_error *err) { return create(out, err); }

ap_status ap_value_create_bool(ap_value **out, int value, ap_error *err) {
    ap_status status = create(out, err);
    if (!status) ap__value_set_bool(*out, value != 0);
    return status;
}

ap_status ap_value_create_int(ap_value **out, int64_t value, ap_error *err) {
    ap_status status = create(out, err);
    if (!status) ap__value_set_int(*out, value);
    return status;
}

ap_status ap_value_create_float(ap_value **out, double value, ap_error *err) {
    ap_status status = create(out, err);
    if (!status) ap__value_set_float(*out, value);
    return status;
}

ap_status ap_value_create_list(ap_value **out, ap_error *err) {
    ap_status status = create(out, err);
    if (!status) ap__value_set_list(*out);
    return status;
}

ap_status ap_value_create_dict(ap_value **out, ap_error *err) {
    ap_status status = create(out, err);
    if (!status) ap__value_set_dict(*out);
    return status;
}

ap_status ap_value_create_string(ap_value **out, const char *text, size_t len_bytes, ap_error *err) {
    if (out) *out = NULL;
    if (!out || !text)
        return ap__fail(err, AP_EINVAL, "ap_value_create_string: %s is NULL", out ? "text" : "out");
    size_t len = len_bytes == AP_NUL_TERMINATED ? strlen(text) : len_bytes;
    ap_status status = ap__utf8_check(text, len, "text", err);
    if (!status) status = create(out, err);
    if (!status && (status = ap__value_set_string(*out, text, len, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

ap_status ap_value_create_tensor(ap_value **out, ap_dtype dtype, const int64_t *shape, uint32_t rank,
                                 const void *data, ap_error *err) {
    ap__tensor *tensor;
    if (out) *out = NULL;
    if (!out || (rank && !shape))
        return ap__fail(err, AP_EINVAL, "ap_value_create_tensor: %s is NULL", out ? "shape" : "out");
    ap_status status = ap__tensor_create(&tensor, dtype, shape, rank, err);
    if (status) return status;
    size_t size = ap__tensor_get_view(tensor)->size_bytes;
    if (size && data) memcpy(ap__tensor_data(tensor), data, size);
    if (size && !data) memset(ap__tensor_data(tensor), 0, size);
    if ((status = create(out, err)))
        ap__tensor_unref(tensor);
    else
        ap__value_set_tensor_take(*out, tensor);
    return status;
}

ap_status ap_value_create_tensor_take(ap_value **out, const ap_tensor_view *view, ap_release_fn release,
                                      void *ctx, ap_error *err) {
    ap__tensor *tensor = NULL;
    if (out) *out = NULL;
    if (!out || !view) {
        if (release) release(ctx);
        return ap__fail(err, AP_EINVAL, "ap_value_create_tensor_take: %s is NULL", out ? "view" : "out");
    }
    ap_status status = ap__tensor_create_lent(&tensor, view, release, ctx, err);
    if (status) return status;
    if ((status = create(out, err)))
        ap__tensor_unref(tensor);
    else
        ap__value_set_tensor_take(*out, tensor);
    return status;
}

/* One step deeper, if that is still allowed. */
static ap_status deepen(ap_value *container, const ap_value *item, ap_error *err) {
    if (item->depth >= AP_VALUE_MAX_DEPTH)
        return ap__fail(err, AP_ELIMIT, "values nest deeper than %d", AP_VALUE_MAX_DEPTH);
    if (item->depth + 1 > container->depth) container->depth = (uint16_t)(item->depth + 1);
    return AP_OK;
}

/* Moves a value from the heap into a slot, or frees it when there is none. */
static ap_status move_into(ap_status status, ap_value *slot, ap_value *item) {
    if (!status) {
        ap__value_clear(slot);
        *slot = *item;
        set_kind(item, AP_KIND_NULL);
    }
    ap_value_destroy(item);
    return status;
}

ap_status ap_value_list_append_take(ap_value *list, ap_value *item, ap_error *err) {
    ap_status status = AP_OK;
    ap_value *slot = NULL;
    if (!item) return ap__fail(err, AP_EINVAL, "ap_value_list_append_take: item is NULL");
    if (ap_value_kind(list) != AP_KIND_LIST)
        status = ap__fail(err, AP_ETYPE, "cannot append to a %s", ap_kind_name(ap_value_kind(list)));
    if (!status) status = deepen(list, item, err);
    if (!status) status = ap__list_add(&slot, list, err);
    return move_into(status, slot, item);
}

ap_status ap_value_dict_set_take(ap_value *dict, const char *key, ap_value *item, ap_error *err) {
    ap_status status = AP_OK;
    ap_value *slot = NULL;
    if (!item) return ap__fail(err, AP_EINVAL, "ap_value_dict_set_take: item is NULL");
    if (ap_value_kind(dict) != AP_KIND_DICT)
        status = ap__fail(err, AP_ETYPE, "cannot set an entry of a %s", ap_kind_name(ap_value_kind(dict)));
    else if (!key)
        status = ap__fail(err, AP_EINVAL, "ap_value_dict_set_take: key is NULL");
    else
        status = ap__utf8_check(key, strlen(key), "key", err);
    if (!status) status = deepen(dict, item, err);
    if (!status) status = ap__dict_add(&slot, dict, key, strlen(key), err);
    return move_into(status, slot, item);
}

ap_status ap_value_copy(ap_value **out, const ap_value *value, ap_error *err) {
    ap_status status = create(out, err);
    if (!status && (status = ap__value_assign(*out, value, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

void ap_value_destroy(ap_value *value) {
    if (!value) return;
    ap__value_clear(value);
    ap__free(value);
}

void ap_string_destroy(char *text) { ap__free(text); }

/* -- looking ------------------------------------------------------------------------------------------- */

ap_kind ap_value_kind(const ap_value *value) { return value ? (ap_kind)value->kind : AP_KIND_NULL; }

const char *ap_kind_name(ap_kind kind) {
    static const char *const names[] = {"null", "bool", "int", "float", "string", "list", "dict", "tensor"};
    return kind <= AP_KIND_TENSOR ? names[kind] : "unknown";
}

int ap_value_get_bool(const ap_value *value) {
    return ap_value_kind(value) == AP_KIND_BOOL && value->as.boolean;
}

int64_t ap_value_get_int(const ap_value *value) {
    return ap_value_kind(value) == AP_KIND_INT ? value->as.integer : 0;
}

double ap_value_get_float(const ap_value *value) {
    ap_kind kind = ap_value_kind(value);
    return kind == AP_KIND_FLOAT ? value->as.number : kind == AP_KIND_INT ? (double)value->as.integer : 0;
}

const char *ap_value_get_string(const ap_value *value, size_t *len_bytes) {
    bool is_string = ap_value_kind(value) == AP_KIND_STRING;
    bool is_small = is_string && value->small_len != AP__TEXT_ON_HEAP;
    if (len_bytes) *len_bytes = !is_string ? 0 : is_small ? value->small_len : value->as.text.len;
    return !is_string ? NULL : is_small ? value->as.small : value->as.text.ptr;
}

int ap_value_get_tensor(const ap_value *value, ap_tensor_view *view) {
    if (ap_value_kind(value) != AP_KIND_TENSOR) return 0;
    if (view) *view = *ap__tensor_get_view(value->as.tensor);
    return 1;
}

size_t ap_value_len(const ap_value *value) {
    switch (ap_value_kind(value)) {
    case AP_KIND_LIST:
        return value->as.list.len;
    case AP_KIND_DICT:
        return ap__dict_len(value->as.dict);
    default:
        return 0;
    }
}

const ap_value *ap_value_list_get(const ap_value *list, size_t index) {
    if (ap_value_kind(list) != AP_KIND_LIST || index >= list->as.list.len) return NULL;
    return &list->as.list.items[index];
}

static bool tensors_equal(const ap__tensor *a, const ap__tensor *b) {
    const ap_tensor_view *x = ap__tensor_get_view(a), *y = ap__tensor_get_view(b);
    if (a == b)
        return true; /* Also when the elements are not in host memory, where they cannot be compared. */
    if (x->dtype != y->dtype || x->rank != y->rank || x->size_bytes != y->size_bytes) return false;
    if (x->rank && memcmp(x->shape, y->shape, x->rank * sizeof *x->shape) != 0) return false;
    return !x->size_bytes || (x->data && y->data && memcmp(x->data, y->data, x->size_bytes) == 0);
}

static bool lists_equal(const ap_value *a, const ap_value *b) {
    if (a->as.list.len != b->as.list.len) return false;
    for (size_t i = 0; i < a->as.list.len; i++)
        if (!ap_value_equal(&a->as.list.items[i], &b->as.list.items[i])) return false;
    return true;
}

static bool dicts_equal(const ap_value *a, const ap_value *b) {
    if (ap_value_len(a) != ap_value_len(b)) return false;
    for (size_t i = 0; i < ap_value_len(a); i++) {
        const char *key;
        size_t key_len;
        const ap_value *item = ap__dict_entry(a, i, &key, &key_len);
        const ap_value *other = ap__dict_find(b, key, key_len);
        if (!other || !ap_value_equal(item, other)) return false;
    }
    return true;
}

static bool texts_equal(const ap_value *a, const ap_value *b) {
    size_t n_a, n_b;
    const char *text_a = ap_value_get_string(a, &n_a), *text_b = ap_value_get_string(b, &n_b);
    return n_a == n_b && memcmp(text_a, text_b, n_a) == 0;
}

static bool numbers_equal(double a, double b) { return a <= b ? a >= b : isnan(a) && isnan(b); }

int ap_value_equal(const ap_value *a, const ap_value *b) {
    if (ap_value_kind(a) != ap_value_kind(b)) return 0;
    switch (ap_value_kind(a)) {
    case AP_KIND_NULL:
        return 1;
    case AP_KIND_BOOL:
        return a->as.boolean == b->as.boolean;
    case AP_KIND_INT:
        return a->as.integer == b->as.integer;
    case AP_KIND_FLOAT:
        return numbers_equal(a->as.number, b->as.number);
    case AP_KIND_STRING:
        return texts_equal(a, b);
    case AP_KIND_LIST:
        return lists_equal(a, b);
    case AP_KIND_DICT:
        return dicts_equal(a, b);
    case AP_KIND_TENSOR:
        return tensors_equal(a->as.tensor, b->as.tensor);
    default:
        return 0;
    }
}
