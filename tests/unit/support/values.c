#include "unit/support/values.h"

#include "base/utf8.h"
#include "unit/support/check.h"
#include "unit/support/random.h"
#include "value/value.h"

#include <string.h>

static ap_error err;

ap_value *value_of(const char *json) {
    ap_value *value = NULL;
    assert_ok(ap_value_from_json(&value, json, AP_NUL_TERMINATED, &err), &err);
    return value;
}

ap_value *text_value(const char *text, size_t len) {
    ap_value *value = NULL;
    assert_ok(ap_value_create_string(&value, text, len, &err), &err);
    return value;
}

ap_value *tensor_value(ap_dtype dtype, const int64_t *shape, uint32_t rank, const void *data) {
    ap_value *value = NULL;
    assert_ok(ap_value_create_tensor(&value, dtype, shape, rank, data, &err), &err);
    return value;
}

char *json_of(const ap_value *value) {
    char *text = NULL;
    assert_ok(ap_value_to_json(&text, NULL, value, AP_JSON_COMPACT, &err), &err);
    return text;
}

void check_json(const char *expected, const ap_value *value, const char *file, int line) {
    char *found = json_of(value);
    if (strcmp(expected, found) != 0) {
        print_error("expected %s\nfound    %s\n", expected, found);
        _fail(file, line);
    }
    ap_string_destroy(found);
}

ap_value *nested_lists(size_t depth) {
    ap_value *value = NULL, *list;
    if (!depth) assert_ok(ap_value_create_null(&value, &err), &err);
    for (size_t i = 0; i < depth; i++) {
        assert_ok(ap_value_create_list(&list, &err), &err);
        if (value) assert_ok(ap_value_list_append_take(list, value, &err), &err);
        value = list;
    }
    return value;
}

/* -- random values ------------------------------------------------------------------------------------- */

size_t random_text(uint64_t *seed, char *buf) {
    static const uint32_t ranges[] = {0x80, 0x80, 0x800, 0x110000};
    size_t n_chars = random_below(seed, 41), at = 0;
    for (size_t i = 0; i < n_chars; i++)
        at += ap__utf8_encode(buf + at, (uint32_t)random_below(seed, ranges[random_below(seed, 4)]));
    return at;
}

static double random_number(uint64_t *seed) {
    double number;
    uint64_t bits = random_bits(seed);
    if (bits & 1) return (double)random_below(seed, 2000) / 8 - 100;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static int64_t random_integer(uint64_t *seed) {
    return (int64_t)(random_bits(seed) >> random_below(seed, 64)) * (random_below(seed, 2) ? 1 : -1);
}

static void fill_random(ap_value *value, uint64_t *seed, size_t depth);

static void fill_list(ap_value *list, uint64_t *seed, size_t depth) {
    ap_value *slot;
    ap__value_set_list(list);
    for (size_t n = random_below(seed, 6); n; n--) {
        assert_ok(ap__list_add(&slot, list, &err), &err);
        fill_random(slot, seed, depth - 1);
        if (slot->depth >= list->depth) list->depth = (uint16_t)(slot->depth + 1);
    }
}

static void fill_dict(ap_value *dict, uint64_t *seed, size_t depth) {
    char key[160];
    ap_value *slot;
    ap__value_set_dict(dict);
    for (size_t n = random_below(seed, 10) ? random_below(seed, 6) : random_below(seed, 60); n; n--) {
        size_t len = random_text(seed, key);
        assert_ok(ap__dict_add(&slot, dict, key, len, &err), &err);
        ap__value_clear(slot);
        fill_random(slot, seed, depth - 1);
        if (slot->depth >= dict->depth) dict->depth = (uint16_t)(slot->depth + 1);
    }
}

static void fill_random(ap_value *value, uint64_t *seed, size_t depth) {
    char text[160];
    size_t len;
    switch (random_below(seed, depth ? 7 : 5)) {
    case 0:
        break;
    case 1:
        ap__value_set_bool(value, random_bits(seed) & 1);
        break;
    case 2:
        ap__value_set_int(value, random_integer(seed));
        break;
    case 3:
        ap__value_set_float(value, random_number(seed));
        break;
    case 4:
        len = random_text(seed, text);
        assert_ok(ap__value_set_string(value, text, len, &err), &err);
        break;
    case 5:
        fill_list(value, seed, depth);
        break;
    default:
        fill_dict(value, seed, depth);
        break;
    }
}

ap_value *random_value(uint64_t *seed, size_t depth) {
    ap_value *value;
    assert_ok(ap_value_create_null(&value, &err), &err);
    fill_random(value, seed, depth);
    return value;
}
