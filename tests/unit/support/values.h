/* Values for tests. */
#ifndef AP_TESTS_UNIT_SUPPORT_VALUES_H
#define AP_TESTS_UNIT_SUPPORT_VALUES_H

#include <accelpipe/value.h>
#include <stddef.h>
#include <stdint.h>

/* From JSON text; the test fails when it is none. */
ap_value *value_of(const char *json);

/* One value; the test fails when it cannot be made. */
ap_value *text_value(const char *text, size_t len);
ap_value *tensor_value(ap_dtype dtype, const int64_t *shape, uint32_t rank, const void *data);

/* The compact JSON text of a value, owned. */
char *json_of(const ap_value *value);

/* The test fails unless the compact JSON text of `value` is `expected`. */
#define assert_json(expected, value) check_json((expected), (value), __FILE__, __LINE__)
void check_json(const char *expected, const ap_value *value, const char *file, int line);

/* `depth` lists in each other, the innermost empty; 0: null. */
ap_value *nested_lists(size_t depth);

/* Anything that JSON can hold, nested at most `depth` deep: every kind but tensors, texts of all lengths and
 * characters, numbers of all magnitudes, NaN and infinities. */
ap_value *random_value(uint64_t *seed, size_t depth);

/* Text of valid characters, up to 40 of them, among them NUL. `buf` has room for 160 bytes. */
size_t random_text(uint64_t *seed, char *buf);

#endif
