/* What is read alike of ONNX files in all plugins: texts, attributes, repeated numbers, entries. */
#ifndef COMMON_ONNX_WIRE_H
#define COMMON_ONNX_WIRE_H

#include "wire/onnx.h"

#include <string.h>

/* Element types, of ONNX_TENSOR_DATA_TYPE and of Cast. */
enum { ONNX_FLOAT = 1, ONNX_INT32 = 6, ONNX_INT64 = 7, ONNX_BOOL = 9 };

/* -- texts and messages -------------------------------------------------------------------------------- */

static inline bool onnx_text_equals(onnx_text a, onnx_text b) {
    return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool onnx_text_is(onnx_text text, const char *wanted) {
    return onnx_text_equals(text, (onnx_text){wanted, strlen(wanted)});
}

/* The first field of that number with bytes; none: ptr is NULL. */
static inline onnx_text onnx_find_bytes(onnx_text message, uint32_t number) {
    onnx_reader r = onnx_reader_of(message);
    for (onnx_field f; onnx_read_field(&f, &r);)
        if (f.number == number && f.bytes.ptr) return f.bytes;
    return (onnx_text){NULL, 0};
}

/* Of a node, by name; none: ptr is NULL. */
static inline onnx_text onnx_find_attribute(onnx_text node, const char *name) {
    onnx_reader r = onnx_reader_of(node);
    for (onnx_field f; onnx_read_field(&f, &r);)
        if (f.number == ONNX_NODE_ATTRIBUTE && f.bytes.ptr &&
            onnx_text_is(onnx_find_bytes(f.bytes, ONNX_ATTRIBUTE_NAME), name))
            return f.bytes;
    return (onnx_text){NULL, 0};
}

/* The integer of a node's attribute. */
static inline int64_t onnx_attribute_int(onnx_text node, const char *name, int64_t otherwise) {
    onnx_reader r = onnx_reader_of(onnx_find_attribute(node, name));
    for (onnx_field f; onnx_read_field(&f, &r);)
        if (f.number == ONNX_ATTRIBUTE_INT && !f.bytes.ptr) return (int64_t)f.integer;
    return otherwise;
}

static inline bool onnx_add_int(int64_t *out, int max, int *n, uint64_t value) {
    if (*n == max) return false;
    out[(*n)++] = (int64_t)value;
    return true;
}

/* A repeated integer field, packed or not.   @return how many; -1: they are more than `max` */
static inline int onnx_read_ints(int64_t *out, int max, onnx_text message, uint32_t number) {
    int n = 0;
    onnx_reader r = onnx_reader_of(message);
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (f.number != number) continue;
        if (!f.bytes.ptr) {
            if (!onnx_add_int(out, max, &n, f.integer)) return -1;
            continue;
        }
        for (onnx_reader packed = onnx_reader_of(f.bytes); packed.at < packed.end && !packed.is_broken;)
            if (!onnx_add_int(out, max, &n, onnx_read_varint(&packed))) return -1;
    }
    return n;
}

/* Of the attribute of a node: a field with bytes; its integers, at most `max` (how many; -1: there is no such
 * attribute, or they are more). */
static inline onnx_text onnx_attribute_bytes(onnx_text node, const char *name, uint32_t number) {
    return onnx_find_bytes(onnx_find_attribute(node, name), number);
}

static inline int onnx_attribute_ints(int64_t *out, int max, onnx_text node, const char *name) {
    onnx_text attribute = onnx_find_attribute(node, name);
    return attribute.ptr ? onnx_read_ints(out, max, attribute, ONNX_ATTRIBUTE_INTS) : -1;
}

/* An entry of a map, as external_data has it. */
typedef struct onnx_entry {
    onnx_text key, value; /* ptr is NULL where it is missing. */
} onnx_entry;

static inline onnx_entry onnx_read_entry(onnx_text message) {
    onnx_entry entry = {{NULL, 0}, {NULL, 0}};
    onnx_reader r = onnx_reader_of(message);
    for (onnx_field f; onnx_read_field(&f, &r);) {
        if (f.number == ONNX_ENTRY_KEY) entry.key = f.bytes;
        if (f.number == ONNX_ENTRY_VALUE) entry.value = f.bytes;
    }
    return entry;
}

#endif
