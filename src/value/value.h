/* Values from inside: how they are laid out, and ways to build them in place.
 *
 * A value is 32 bytes; items of lists and entries of dicts lie in their container's array, and text of up to
 * 23 bytes in the value itself, so that a list of {"label", "score"} is a handful of allocations. */
#ifndef AP_VALUE_VALUE_H
#define AP_VALUE_VALUE_H

#include "tensor/tensor.h"

#include <accelpipe/value.h>
#include <stdbool.h>

typedef struct ap__dict ap__dict;

enum { AP__SMALL_TEXT_BYTES = 23, AP__TEXT_ON_HEAP = 0xFF };

struct ap_value {
    uint8_t kind;      /* ap_kind */
    uint8_t small_len; /* Of strings: length of as.small, or AP__TEXT_ON_HEAP. */
    uint16_t depth;    /* Of lists and dicts: 1, or one more than their deepest item. */
    uint32_t reserved;
    union {
        int boolean;
        int64_t integer;
        double number;
        char small[AP__SMALL_TEXT_BYTES + 1]; /* NUL-terminated. */
        struct {
            char *ptr; /* NUL-terminated. */
            size_t len;
        } text;
        struct {
            ap_value *items;
            size_t len, capacity;
        } list;
        ap__dict *dict;     /* NULL while empty. */
        ap__tensor *tensor; /* One reference. */
    } as;
};

/* In place; what the value held before is not freed. All zero is null. */
void ap__value_set_bool(ap_value *value, bool boolean);
void ap__value_set_int(ap_value *value, int64_t integer);
void ap__value_set_float(ap_value *value, double number);
void ap__value_set_list(ap_value *value);
void ap__value_set_dict(ap_value *value);
void ap__value_set_tensor_take(ap_value *value, ap__tensor *tensor);

/* Copies text that is known to be UTF-8. */
ap_status ap__value_set_string(ap_value *value, const char *text, size_t len, ap_error *err);

/* Frees what the value holds; it is null afterwards. */
void ap__value_clear(ap_value *value);

/* A deep copy into a value that holds nothing. */
ap_status ap__value_assign(ap_value *out, const ap_value *from, ap_error *err);

/* Appends a null and lends it for filling. */
ap_status ap__list_add(ap_value **slot, ap_value *list, ap_error *err);

/* Lends the entry of that name, a new one holding null. */
ap_status ap__dict_add(ap_value **slot, ap_value *dict, const char *key, size_t key_len, ap_error *err);

/* The entry of that name for changing, NULL when there is none. */
ap_value *ap__dict_find(const ap_value *dict, const char *key, size_t key_len);

/* The entry at `index` with its key. */
ap_value *ap__dict_entry(const ap_value *dict, size_t index, const char **key, size_t *key_len);

/* The item at `index` for changing; the caller knows that it is there. */
ap_value *ap__list_item(const ap_value *list, size_t index);

/* Puts the first item of a list in the list's place. After an error *list is NULL. */
ap_status ap__list_unwrap(ap_value **list, ap_error *err);

/* Entries of a dict by kind, new or replaced. A NULL text is null. */
ap_status ap__dict_set_text(ap_value *dict, const char *key, const char *text, ap_error *err);
ap_status ap__dict_set_int(ap_value *dict, const char *key, int64_t integer, ap_error *err);
ap_status ap__dict_set_bool(ap_value *dict, const char *key, bool boolean, ap_error *err);
ap_status ap__dict_set_tensor_take(ap_value *dict, const char *key, ap__tensor *tensor, ap_error *err);

/* An empty list as an entry of a dict, lent for filling. */
ap_status ap__dict_set_list(ap_value **list, ap_value *dict, const char *key, ap_error *err);

/* Makes room for `n` items in all, so that appending them does not move the list. */
ap_status ap__list_reserve(ap_value *list, size_t n, ap_error *err);

/* The elements of a tensor as numbers in nested lists of its shape: what .tolist() gives. */
ap_status ap__value_set_nested(ap_value *value, const ap_tensor_view *view, ap_error *err);

/* The same of floats: a flat list. */
ap_status ap__value_set_floats(ap_value *value, const float *numbers, size_t n, ap_error *err);

/* Appends text to a list. */
ap_status ap__list_add_text(ap_value *list, const char *text, size_t len, ap_error *err);

/* The tensor of a tensor value, borrowed; NULL of another kind. */
ap__tensor *ap__value_tensor(const ap_value *value);

/* Whether it is a string equal to `text`. */
bool ap__value_is_text(const ap_value *value, const char *text);

#endif
