#include "value/value.h"

#include "unit/support/check.h"
#include "unit/support/random.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

static ap_error err;

static ap_value *int_value(int64_t integer) {
    ap_value *value = NULL;
    assert_ok(ap_value_create_int(&value, integer, &err), &err);
    return value;
}

static ap_value *float_value(double number) {
    ap_value *value = NULL;
    assert_ok(ap_value_create_float(&value, number, &err), &err);
    return value;
}

static ap_value *list_value(void) {
    ap_value *value = NULL;
    assert_ok(ap_value_create_list(&value, &err), &err);
    return value;
}

static ap_value *dict_value(void) {
    ap_value *value = NULL;
    assert_ok(ap_value_create_dict(&value, &err), &err);
    return value;
}

/* -- scalars ------------------------------------------------------------------------------------------- */

void test_null_bool_int_float(void **state) {
    (void)state;
    ap_value *value = NULL;
    assert_ok(ap_value_create_null(&value, &err), &err);
    assert_int_equal(AP_KIND_NULL, ap_value_kind(value));
    ap_value_destroy(value);
    assert_ok(ap_value_create_bool(&value, 77, &err), &err);
    assert_int_equal(AP_KIND_BOOL, ap_value_kind(value));
    assert_int_equal(1, ap_value_get_bool(value));
    ap_value_destroy(value);
    value = int_value(INT64_MIN);
    assert_int_equal(AP_KIND_INT, ap_value_kind(value));
    assert_true(ap_value_get_int(value) == INT64_MIN);
    assert_true(ap_value_get_float(value) == -0x1p63);
    ap_value_destroy(value);
    value = float_value(0.1);
    assert_int_equal(AP_KIND_FLOAT, ap_value_kind(value));
    assert_true(ap_value_get_float(value) == 0.1);
    assert_int_equal(0, ap_value_get_int(value));
    ap_value_destroy(value);
    ap_value_destroy(NULL);
}

void test_null_pointer_counts_as_null(void **state) {
    (void)state;
    size_t len = 7;
    const char *key = "x";
    assert_int_equal(AP_KIND_NULL, ap_value_kind(NULL));
    assert_int_equal(0, ap_value_get_bool(NULL));
    assert_int_equal(0, ap_value_get_int(NULL));
    assert_true(ap_value_get_float(NULL) == 0);
    assert_null(ap_value_get_string(NULL, &len));
    assert_int_equal(0, len);
    assert_int_equal(0, ap_value_get_tensor(NULL, NULL));
    assert_int_equal(0, ap_value_len(NULL));
    assert_null(ap_value_list_get(NULL, 0));
    assert_null(ap_value_dict_get(NULL, "x"));
    assert_null(ap_value_dict_at(NULL, 0, &key));
    assert_null(key);
    assert_null(ap__value_tensor(NULL));
    assert_false(ap__value_is_text(NULL, ""));
}

/* Each getter on a value of every kind that is not its own gives 0 or NULL. */
void test_getters_of_another_kind(void **state) {
    (void)state;
    static const char *const texts[] = {"null", "true", "3", "2.5", "\"text\"", "[1]", "{\"a\": 1}"};
    for (size_t kind = 0; kind < 7; kind++) {
        ap_value *value = value_of(texts[kind]);
        size_t len = 9;
        ap_tensor_view view;
        assert_int_equal(kind, ap_value_kind(value));
        assert_int_equal(kind == AP_KIND_BOOL, ap_value_get_bool(value));
        assert_int_equal(kind == AP_KIND_INT ? 3 : 0, ap_value_get_int(value));
        assert_true(ap_value_get_float(value) == (kind == AP_KIND_INT ? 3 : kind == AP_KIND_FLOAT ? 2.5 : 0));
        assert_int_equal(kind == AP_KIND_STRING, ap_value_get_string(value, &len) != NULL);
        assert_int_equal(kind == AP_KIND_STRING ? 4 : 0, len);
        assert_int_equal(0, ap_value_get_tensor(value, &view));
        assert_int_equal(kind >= AP_KIND_LIST, ap_value_len(value));
        assert_int_equal(kind == AP_KIND_LIST, ap_value_list_get(value, 0) != NULL);
        assert_int_equal(kind == AP_KIND_DICT, ap_value_dict_get(value, "a") != NULL);
        assert_int_equal(kind == AP_KIND_DICT, ap_value_dict_at(value, 0, NULL) != NULL);
        assert_null(ap__value_tensor(value));
        ap_value_destroy(value);
    }
}

void test_kind_names(void **state) {
    (void)state;
    static const char *const names[] = {"null", "bool", "int", "float", "string", "list", "dict", "tensor"};
    for (size_t i = 0; i < 8; i++) assert_string_equal(names[i], ap_kind_name((ap_kind)i));
    assert_string_equal("unknown", ap_kind_name((ap_kind)8));
}

void test_out_is_needed(void **state) {
    (void)state;
    assert_fails(ap_value_create_null(NULL, &err), AP_EINVAL, &err, "out is NULL");
    assert_fails(ap_value_create_bool(NULL, 1, &err), AP_EINVAL, &err, "out is NULL");
    assert_fails(ap_value_create_int(NULL, 1, &err), AP_EINVAL, &err, "out is NULL");
    assert_fails(ap_value_create_float(NULL, 1, &err), AP_EINVAL, &err, "out is NULL");
    assert_fails(ap_value_create_list(NULL, &err), AP_EINVAL, &err, "out is NULL");
    assert_fails(ap_value_create_dict(NULL, &err), AP_EINVAL, &err, "out is NULL");
    assert_fails(ap_value_create_string(NULL, "x", 1, &err), AP_EINVAL, &err, "out is NULL");
    assert_fails(ap_value_create_tensor(NULL, AP_DTYPE_F32, NULL, 0, NULL, &err), AP_EINVAL, &err, "NULL");
    assert_fails(ap_value_copy(NULL, NULL, &err), AP_EINVAL, &err, "out is NULL");
}

/* -- strings ------------------------------------------------------------------------------------------- */

/* Around the 23 bytes that fit into the value itself. */
void test_strings_of_every_length(void **state) {
    (void)state;
    char text[100];
    for (size_t len = 0; len < sizeof text; len++) {
        size_t found_len;
        memset(text, 'a' + (int)(len % 26), len);
        if (len > 2) text[len / 2] = '\0'; /* A NUL inside is a character as others are. */
        ap_value *value = text_value(text, len);
        const char *found = ap_value_get_string(value, &found_len);
        assert_int_equal(len, found_len);
        assert_true(found != text);
        assert_memory_equal(text, found, len);
        assert_int_equal('\0', found[len]);
        assert_ptr_equal(found, ap_value_get_string(value, NULL));
        ap_value_destroy(value);
    }
}

void test_string_nul_terminated(void **state) {
    (void)state;
    size_t len;
    ap_value *value = text_value("caf\xC3\xA9", AP_NUL_TERMINATED);
    assert_string_equal("caf\xC3\xA9", ap_value_get_string(value, &len));
    assert_int_equal(5, len);
    assert_true(ap__value_is_text(value, "caf\xC3\xA9"));
    assert_false(ap__value_is_text(value, "caf"));
    ap_value_destroy(value);
    value = text_value("a\0b", 3); /* What lies behind a NUL counts. */
    assert_false(ap__value_is_text(value, "a"));
    ap_value_destroy(value);
}

void test_string_must_be_utf8(void **state) {
    (void)state;
    ap_value *value = (ap_value *)1;
    assert_fails(ap_value_create_string(&value, "0123\xFF", 5, &err), AP_EUTF8, &err,
                 "text is not UTF-8: byte 0xff at offset 4");
    assert_null(value);
    value = (ap_value *)1;
    assert_fails(ap_value_create_string(&value, "\xC3\xA9", 1, &err), AP_EUTF8, &err, "offset 0");
    assert_null(value);
    value = (ap_value *)1;
    assert_fails(ap_value_create_string(&value, NULL, 0, &err), AP_EINVAL, &err, "text is NULL");
    assert_null(value);
}

/* -- tensors ------------------------------------------------------------------------------------------- */

void test_tensor(void **state) {
    (void)state;
    const int64_t shape[] = {2, 2}, data[] = {1, 2, 3, 4};
    ap_tensor_view view;
    ap_value *value = tensor_value(AP_DTYPE_I64, shape, 2, data);
    assert_int_equal(AP_KIND_TENSOR, ap_value_kind(value));
    assert_int_equal(1, ap_value_get_tensor(value, &view));
    assert_int_equal(1, ap_value_get_tensor(value, NULL));
    assert_int_equal(2, view.rank);
    assert_true(view.data != data);
    assert_memory_equal(data, view.data, sizeof data);
    assert_int_equal(0, ap_value_len(value));
    ap_value_destroy(value);
}

void test_tensor_without_data_is_zero(void **state) {
    (void)state;
    static const float zeros[6];
    const int64_t shape[] = {2, 3};
    ap_tensor_view view;
    ap_value *value = tensor_value(AP_DTYPE_F32, shape, 2, NULL);
    ap_value_get_tensor(value, &view);
    assert_memory_equal(zeros, view.data, sizeof zeros);
    ap_value_destroy(value);
    value = tensor_value(AP_DTYPE_F32, (const int64_t[]){0}, 1, NULL);
    ap_value_destroy(value);
    value = tensor_value(AP_DTYPE_F32, NULL, 0, NULL);
    ap_value_destroy(value);
}

void test_tensor_that_is_refused(void **state) {
    (void)state;
    ap_value *value = (ap_value *)1;
    assert_fails(ap_value_create_tensor(&value, AP_DTYPE_F32, (const int64_t[]){-1}, 1, NULL, &err),
                 AP_EINVAL, &err, "extent 0 is -1");
    assert_null(value);
    value = (ap_value *)1;
    assert_fails(ap_value_create_tensor(&value, AP_DTYPE_F32, NULL, 1, NULL, &err), AP_EINVAL, &err,
                 "shape is NULL");
    assert_null(value);
    assert_fails(ap_value_create_tensor(&value, AP_DTYPE_NONE, NULL, 0, NULL, &err), AP_EINVAL, &err,
                 "element type");
    assert_null(value);
}

/* -- lists and dicts ----------------------------------------------------------------------------------- */

void test_list(void **state) {
    (void)state;
    ap_value *list = list_value();
    for (int64_t i = 0; i < 1000; i++) assert_ok(ap_value_list_append_take(list, int_value(i), &err), &err);
    assert_int_equal(1000, ap_value_len(list));
    for (size_t i = 0; i < 1000; i++) assert_int_equal(i, ap_value_get_int(ap_value_list_get(list, i)));
    assert_null(ap_value_list_get(list, 1000));
    assert_null(ap_value_list_get(list, SIZE_MAX));
    ap_value_destroy(list);
}

void test_dict(void **state) {
    (void)state;
    const char *key;
    ap_value *dict = dict_value();
    assert_ok(ap_value_dict_set_take(dict, "b", int_value(1), &err), &err);
    assert_ok(ap_value_dict_set_take(dict, "", int_value(2), &err), &err);
    assert_ok(
        ap_value_dict_set_take(dict, "a", text_value("a text that is on the heap", AP_NUL_TERMINATED), &err),
        &err);
    assert_ok(ap_value_dict_set_take(dict, "a", int_value(3), &err), &err); /* replaced */
    assert_json("{\"b\":1,\"\":2,\"a\":3}", dict);
    assert_int_equal(3, ap_value_get_int(ap_value_dict_get(dict, "a")));
    assert_null(ap_value_dict_get(dict, "c"));
    assert_null(ap_value_dict_get(dict, NULL));
    assert_int_equal(2, ap_value_get_int(ap_value_dict_at(dict, 1, &key)));
    assert_string_equal("", key);
    assert_null(ap_value_dict_at(dict, 3, &key));
    assert_null(key);
    ap_value_destroy(dict);
}

/* Items are taken also on failure: the leak checker sees to that. */
void test_take_on_failure(void **state) {
    (void)state;
    ap_value *number = int_value(1), *list = list_value(), *dict = dict_value();
    assert_fails(ap_value_list_append_take(number, list_value(), &err), AP_ETYPE, &err, "append to a int");
    assert_fails(ap_value_list_append_take(NULL, list_value(), &err), AP_ETYPE, &err, "append to a null");
    assert_fails(ap_value_list_append_take(dict, list_value(), &err), AP_ETYPE, &err, "append to a dict");
    assert_fails(ap_value_list_append_take(list, NULL, &err), AP_EINVAL, &err, "item is NULL");
    assert_fails(ap_value_dict_set_take(list, "k", list_value(), &err), AP_ETYPE, &err, "entry of a list");
    assert_fails(ap_value_dict_set_take(NULL, "k", list_value(), &err), AP_ETYPE, &err, "entry of a null");
    assert_fails(ap_value_dict_set_take(dict, NULL, list_value(), &err), AP_EINVAL, &err, "key is NULL");
    assert_fails(ap_value_dict_set_take(dict, "k", NULL, &err), AP_EINVAL, &err, "item is NULL");
    assert_fails(ap_value_dict_set_take(dict, "k\xFF", list_value(), &err), AP_EUTF8, &err,
                 "key is not UTF-8: byte 0xff at offset 1");
    assert_int_equal(0, ap_value_len(dict));
    assert_int_equal(0, ap_value_len(list));
    ap_value_destroy(number);
    ap_value_destroy(list);
    ap_value_destroy(dict);
}

void test_depth_limit(void **state) {
    (void)state;
    ap_value *deepest = nested_lists(AP_VALUE_MAX_DEPTH), *list = list_value(), *dict = dict_value();
    assert_fails(ap_value_list_append_take(list, nested_lists(AP_VALUE_MAX_DEPTH), &err), AP_ELIMIT, &err,
                 "values nest deeper than 512");
    assert_fails(ap_value_dict_set_take(dict, "k", nested_lists(AP_VALUE_MAX_DEPTH), &err), AP_ELIMIT, &err,
                 "values nest deeper than 512");
    assert_ok(ap_value_list_append_take(list, nested_lists(AP_VALUE_MAX_DEPTH - 1), &err), &err);
    assert_ok(ap_value_dict_set_take(dict, "k", nested_lists(AP_VALUE_MAX_DEPTH - 1), &err), &err);
    assert_int_equal(1, ap_value_len(list));
    ap_value *copy, *outer = list_value();
    assert_ok(ap_value_copy(&copy, deepest, &err), &err); /* A copy knows how deep it is. */
    assert_true(ap_value_equal(copy, deepest));
    assert_fails(ap_value_list_append_take(outer, copy, &err), AP_ELIMIT, &err, "deeper than 512");
    ap_value_destroy(outer);
    ap_value_destroy(deepest);
    ap_value_destroy(list);
    ap_value_destroy(dict);
}

/* -- copying and comparing ----------------------------------------------------------------------------- */

void test_copy_is_deep_and_shares_tensors(void **state) {
    (void)state;
    const float data[] = {1, 2};
    ap_value *dict = value_of("{\"list\": [1, \"a text that is on the heap\"], \"none\": null}"), *copy;
    assert_ok(
        ap_value_dict_set_take(dict, "t", tensor_value(AP_DTYPE_F32, (const int64_t[]){2}, 1, data), &err),
        &err);
    assert_ok(ap_value_copy(&copy, dict, &err), &err);
    assert_true(ap_value_equal(dict, copy));
    ap_tensor_view a, b;
    ap_value_get_tensor(ap_value_dict_get(dict, "t"), &a);
    ap_value_get_tensor(ap_value_dict_get(copy, "t"), &b);
    assert_ptr_equal(a.data, b.data);
    ap_value_destroy(dict);
    assert_json("{\"list\":[1,\"a text that is on the heap\"],\"none\":null,\"t\":[1.0,2.0]}", copy);
    ap_value_destroy(copy);
}

void test_copy_of_null_pointer(void **state) {
    (void)state;
    ap_value *copy;
    assert_ok(ap_value_copy(&copy, NULL, &err), &err);
    assert_int_equal(AP_KIND_NULL, ap_value_kind(copy));
    ap_value_destroy(copy);
}

/* Equal both ways round, or different both ways round. */
static void assert_compares(int expected, ap_value *a, ap_value *b) {
    assert_int_equal(expected, ap_value_equal(a, b));
    assert_int_equal(expected, ap_value_equal(b, a));
    assert_true(ap_value_equal(a, a) && ap_value_equal(b, b));
    ap_value_destroy(a);
    ap_value_destroy(b);
}

static void assert_json_compares(int expected, const char *a, const char *b) {
    assert_compares(expected, value_of(a), value_of(b));
}

void test_equal(void **state) {
    (void)state;
    assert_json_compares(1, "{\"a\": 1, \"b\": [2, null]}", "{\"b\": [2, null], \"a\": 1}");
    assert_json_compares(0, "{\"a\": 1}", "{\"a\": 2}");
    assert_json_compares(0, "{\"a\": 1}", "{\"b\": 1}");
    assert_json_compares(0, "{\"a\": null}", "{\"b\": null}");
    assert_json_compares(0, "{\"a\": 1}", "{\"a\": 1, \"b\": 1}");
    assert_json_compares(0, "[1, 2]", "[2, 1]");
    assert_json_compares(0, "[1]", "[1, 1]");
    assert_json_compares(0, "[]", "{}");
    assert_json_compares(0, "1", "1.0");
    assert_json_compares(0, "true", "1");
    assert_json_compares(0, "null", "false");
    assert_json_compares(1, "NaN", "NaN");
    assert_json_compares(0, "NaN", "1.0");
    assert_json_compares(0, "Infinity", "-Infinity");
    assert_json_compares(1, "0.0", "-0.0");
    assert_json_compares(0, "\"a\"", "\"a\\u0000\"");
    assert_json_compares(0, "\"\"", "null");
    assert_compares(1, value_of("null"), NULL);
    assert_true(ap_value_equal(NULL, NULL));
}

void test_equal_tensors(void **state) {
    (void)state;
    const float data[] = {1, 2, 3, 4}, other[] = {1, 2, 3, 5};
    const int64_t row[] = {4}, square[] = {2, 2}, none[] = {0}, none2[] = {0, 2};
    assert_compares(1, tensor_value(AP_DTYPE_F32, row, 1, data), tensor_value(AP_DTYPE_F32, row, 1, data));
    assert_compares(0, tensor_value(AP_DTYPE_F32, row, 1, data), tensor_value(AP_DTYPE_F32, row, 1, other));
    assert_compares(0, tensor_value(AP_DTYPE_F32, row, 1, data), tensor_value(AP_DTYPE_I32, row, 1, data));
    assert_compares(0, tensor_value(AP_DTYPE_F32, row, 1, data), tensor_value(AP_DTYPE_F32, square, 2, data));
    assert_compares(1, tensor_value(AP_DTYPE_F32, none, 1, NULL), tensor_value(AP_DTYPE_F32, none, 1, NULL));
    assert_compares(0, tensor_value(AP_DTYPE_F32, none, 1, NULL), tensor_value(AP_DTYPE_F32, none2, 2, NULL));
    assert_compares(0, tensor_value(AP_DTYPE_F32, row, 1, data), value_of("[1.0, 2.0, 3.0, 4.0]"));
}

/* A tensor whose elements are in a backend: nothing can be said of them, but a copy shares them. */
void test_tensor_that_stays_in_the_backend(void **state) {
    (void)state;
    ap__tensor *tensor, *other_tensor;
    ap_tensor border = {.view = {AP_DTYPE_F32, 1, {2}, NULL, 8}}, other_border = border;
    ap_value *value, *other, *copy;
    assert_ok(ap_value_create_null(&value, &err), &err);
    assert_ok(ap_value_create_null(&other, &err), &err);
    assert_ok(ap__tensor_create_take(&tensor, &border, &err), &err);
    assert_ok(ap__tensor_create_take(&other_tensor, &other_border, &err), &err);
    ap__value_set_tensor_take(value, tensor);
    ap__value_set_tensor_take(other, other_tensor);
    assert_ok(ap_value_copy(&copy, value, &err), &err);
    assert_true(ap_value_equal(value, copy));
    assert_false(ap_value_equal(value, other));
    ap_value_destroy(value);
    ap_value_destroy(copy);
    ap_value_destroy(other);
}

void test_property_copy_equals_and_equal_is_symmetric(void **state) {
    (void)state;
    uint64_t seed = 11;
    ap_value *before = random_value(&seed, 4);
    for (size_t round = 0; round < 2000; round++) {
        ap_value *value = random_value(&seed, 4), *copy;
        assert_ok(ap_value_copy(&copy, value, &err), &err);
        assert_int_equal(value->depth, copy->depth);
        assert_true(ap_value_equal(value, value));
        assert_true(ap_value_equal(value, copy) && ap_value_equal(copy, value));
        assert_int_equal(ap_value_equal(value, before), ap_value_equal(before, value));
        ap_value_destroy(copy);
        ap_value_destroy(before);
        before = value;
    }
    ap_value_destroy(before);
}

/* -- in place ------------------------------------------------------------------------------------------ */

void test_clear_and_assign_in_place(void **state) {
    (void)state;
    ap_value value = {0}, other = {0}, *slot;
    ap__value_clear(&value); /* A null. */
    ap__value_set_list(&value);
    assert_ok(ap__list_add(&slot, &value, &err), &err);
    assert_int_equal(AP_KIND_NULL, ap_value_kind(slot));
    ap__value_set_bool(slot, true);
    assert_ok(ap__list_add_text(&value, "a\0b", 3, &err), &err);
    assert_ptr_equal(ap__list_item(&value, 1), ap_value_list_get(&value, 1));
    assert_ok(ap__value_assign(&other, &value, &err), &err);
    ap__value_clear(&value);
    assert_int_equal(AP_KIND_NULL, ap_value_kind(&value));
    assert_json("[true,\"a\\u0000b\"]", &other);
    ap__value_clear(&other);
}

/* -- threads ------------------------------------------------------------------------------------------- */

static void *copy_and_read(void *ctx) {
    const ap_value *shared = ctx;
    for (int i = 0; i < 300; i++) {
        ap_value *copy;
        if (ap_value_copy(&copy, shared, NULL)) return ctx;
        if (!ap_value_equal(copy, shared)) return ctx;
        ap_value_destroy(copy);
    }
    return NULL;
}

void test_a_value_that_nobody_changes_is_read_by_many(void **state) {
    (void)state;
    pthread_t threads[4];
    void *failed;
    ap_value *shared = value_of("{\"a\": [1, 2.5, \"a text that is on the heap\", {\"b\": null}]}");
    assert_ok(ap_value_dict_set_take(shared, "t", tensor_value(AP_DTYPE_F32, (const int64_t[]){100}, 1, NULL),
                                     &err),
              &err);
    for (int i = 0; i < 4; i++) assert_int_equal(0, pthread_create(&threads[i], NULL, copy_and_read, shared));
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    ap_value_destroy(shared);
}

/* -- out of memory ------------------------------------------------------------------------------------- */

static ap_status add_text(ap_value *dict, const char *key, const char *text, ap_error *error) {
    ap_value *item;
    ap_status status = ap_value_create_string(&item, text, AP_NUL_TERMINATED, error);
    if (status) assert_null(item);
    return status ? status : ap_value_dict_set_take(dict, key, item, error);
}

static ap_status add_list(ap_value *dict, const char *key, ap_error *error) {
    ap_value *list, *item;
    ap_status status = ap_value_create_list(&list, error);
    if (status) assert_null(list);
    for (int64_t i = 0; !status && i < 20; i++)
        if (!(status = ap_value_create_int(&item, i, error)))
            status = ap_value_list_append_take(list, item, error);
    if (!status) return ap_value_dict_set_take(dict, key, list, error);
    ap_value_destroy(list);
    return status;
}

static ap_status add_tensor(ap_value *dict, const char *key, ap_error *error) {
    ap_value *tensor;
    ap_status status = ap_value_create_tensor(&tensor, AP_DTYPE_F32, (const int64_t[]){10}, 1, NULL, error);
    if (status) assert_null(tensor);
    return status ? status : ap_value_dict_set_take(dict, key, tensor, error);
}

static ap_status build_copy_and_destroy(void *ctx, ap_error *error) {
    ap_value *dict, *copy = NULL;
    (void)ctx;
    ap_status status = ap_value_create_dict(&dict, error);
    if (status) assert_null(dict);
    if (!status) status = add_text(dict, "short", "short", error);
    if (!status) status = add_text(dict, "long", "a text that is on the heap", error);
    if (!status) status = add_text(dict, "a key that is on the heap, too", "short", error);
    if (!status) status = add_list(dict, "list", error);
    if (!status) status = add_tensor(dict, "tensor", error);
    if (!status && (status = ap_value_copy(&copy, dict, error))) assert_null(copy);
    if (!status) assert_true(ap_value_equal(dict, copy));
    ap_value_destroy(copy);
    ap_value_destroy(dict);
    return status;
}

void test_torture(void **state) {
    (void)state;
    assert_true(torture(build_copy_and_destroy, NULL) > 40);
}

static void count_release(void *ctx) { ++*(int *)ctx; }

void test_lent_elements_go_back_once_when_nobody_has_them(void **state) {
    (void)state;
    static const float elements[6] = {1, 2, 3, 4, 5, 6};
    const ap_tensor_view view = {
        .dtype = AP_DTYPE_F32, .rank = 2, .shape = {2, 3}, .data = elements, .size_bytes = sizeof elements};
    ap_value *value = NULL, *copy = NULL;
    ap_tensor_view seen;
    int n_released = 0;
    assert_int_equal(ap_value_create_tensor_take(&value, &view, count_release, &n_released, NULL), AP_OK);
    assert_true(ap_value_get_tensor(value, &seen));
    assert_ptr_equal(seen.data, elements);
    assert_int_equal(ap_value_copy(&copy, value, NULL), AP_OK);
    ap_value_destroy(value);
    assert_int_equal(n_released, 0);
    ap_value_destroy(copy);
    assert_int_equal(n_released, 1);
    assert_int_equal(ap_value_create_tensor_take(&value, &view, NULL, NULL, NULL), AP_OK);
    ap_value_destroy(value);
}

void test_lent_elements_go_back_on_failure_too(void **state) {
    (void)state;
    ap_tensor_view view = {.dtype = AP_DTYPE_F32, .rank = 1, .shape = {4}, .size_bytes = 16};
    ap_value *value = NULL;
    int n_released = 0;
    assert_int_equal(ap_value_create_tensor_take(&value, &view, count_release, &n_released, &err), AP_EINVAL);
    assert_non_null(strstr(err.message, "at NULL"));
    view.data = &view;
    view.size_bytes = 15;
    assert_int_equal(ap_value_create_tensor_take(&value, &view, count_release, &n_released, &err), AP_EINVAL);
    assert_non_null(strstr(err.message, "has 16 bytes, found 15"));
    view.dtype = AP_DTYPE_NONE;
    assert_int_equal(ap_value_create_tensor_take(&value, &view, count_release, &n_released, &err), AP_EINVAL);
    assert_int_equal(ap_value_create_tensor_take(NULL, &view, count_release, &n_released, &err), AP_EINVAL);
    assert_int_equal(ap_value_create_tensor_take(&value, NULL, count_release, &n_released, &err), AP_EINVAL);
    assert_null(value);
    assert_int_equal(n_released, 5);
}

static ap_status make_lent(void *ctx, ap_error *error) {
    static const int64_t elements[2] = {1, 2};
    const ap_tensor_view view = {
        .dtype = AP_DTYPE_I64, .rank = 1, .shape = {2}, .data = elements, .size_bytes = sizeof elements};
    ap_value *value = NULL;
    int n_released = 0;
    (void)ctx;
    ap_status status = ap_value_create_tensor_take(&value, &view, count_release, &n_released, error);
    assert_true(status == AP_OK ? value != NULL : value == NULL);
    ap_value_destroy(value);
    assert_int_equal(n_released, 1);
    return status;
}

void test_lent_elements_under_torture(void **state) {
    (void)state;
    assert_true(torture(make_lent, NULL) >= 2);
}
