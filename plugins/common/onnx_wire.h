/* ONNX files as bytes: a reader of protobuf's fields, the numbers of those that are looked at, and what is
 * read alike everywhere. Source: onnx@1.17 onnx/onnx.proto (field numbers), protobuf's encoding (varint, tag,
 * length). The reader knows no more of protobuf than that. */
#ifndef COMMON_ONNX_WIRE_H
#define COMMON_ONNX_WIRE_H

#include "onnx.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

enum {
    MODEL_GRAPH = 7,
    MODEL_OPSET_IMPORT = 8,
    MODEL_FUNCTIONS = 25,
    OPSET_DOMAIN = 1,
    OPSET_VERSION = 2,
    GRAPH_NODE = 1,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    GRAPH_VALUE_INFO = 13,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_OP_TYPE = 4,
    NODE_ATTRIBUTE = 5,
    NODE_DOMAIN = 7,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_FLOAT = 2,
    ATTRIBUTE_INT = 3,
    ATTRIBUTE_TENSOR = 5,
    ATTRIBUTE_GRAPH = 6,
    ATTRIBUTE_INTS = 8,
    ATTRIBUTE_TENSORS = 10,
    ATTRIBUTE_GRAPHS = 11,
    ATTRIBUTE_TYPE = 20,
    TENSOR_DIMS = 1,
    TENSOR_DATA_TYPE = 2,
    TENSOR_FLOAT_DATA = 4,
    TENSOR_INT32_DATA = 5,
    TENSOR_INT64_DATA = 7,
    TENSOR_NAME = 8,
    TENSOR_RAW_DATA = 9,
    TENSOR_EXTERNAL_DATA = 13,
    TENSOR_DATA_LOCATION = 14,
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_TYPE_ELEMENT = 1,
    TENSOR_TYPE_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1,
    ENTRY_KEY = 1,
    ENTRY_VALUE = 2
};

/* Element types, of TENSOR_DATA_TYPE and of Cast. */
enum { ONNX_FLOAT = 1, ONNX_INT32 = 6, ONNX_INT64 = 7, ONNX_BOOL = 9 };

/* Of TENSOR_DATA_LOCATION; of ATTRIBUTE_TYPE. */
enum { ONNX_EXTERNAL = 1 };
enum { ONNX_ATTRIBUTE_FLOAT = 1, ONNX_ATTRIBUTE_INT = 2, ONNX_ATTRIBUTE_INTS = 7 };

/* A message that is being read. */
typedef struct reader {
    const unsigned char *at, *end;
    bool is_broken;
} reader;

typedef struct field {
    uint32_t number;
    uint64_t integer; /* Of WIRE_VARINT. */
    onnx_text bytes;  /* Of WIRE_BYTES; ptr is NULL for the other types. */
} field;

/* Of no bytes (ptr is NULL), a message without fields. */
static inline reader reader_of(onnx_text bytes) {
    const unsigned char *start = (const unsigned char *)(bytes.ptr ? bytes.ptr : "");
    return (reader){start, start + (bytes.ptr ? bytes.len : 0), false};
}

static inline uint64_t read_varint(reader *r) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        unsigned char byte = *r->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) return value;
    }
    r->is_broken = true;
    return 0;
}

/* `len` bytes, NULL when there are fewer. */
static inline const char *read_bytes(reader *r, uint64_t len) {
    const unsigned char *start = r->at;
    if (len > (uint64_t)(r->end - r->at)) {
        r->is_broken = true;
        return NULL;
    }
    r->at += len;
    return (const char *)start;
}

/* The next field; false at the end, or when the rest is not protobuf. */
static inline bool read_field(field *out, reader *r) {
    if (r->is_broken || r->at == r->end) return false;
    uint64_t tag = read_varint(r);
    *out = (field){.number = (uint32_t)(tag >> 3)};
    switch (tag & 7) {
    case WIRE_VARINT:
        out->integer = read_varint(r);
        break;
    case WIRE_FIXED64:
        read_bytes(r, 8);
        break;
    case WIRE_FIXED32:
        read_bytes(r, 4);
        break;
    case WIRE_BYTES:
        out->bytes.len = (size_t)read_varint(r);
        out->bytes.ptr = read_bytes(r, out->bytes.len);
        break;
    default:
        r->is_broken = true;
    }
    return !r->is_broken;
}

/* -- texts and messages -------------------------------------------------------------------------------- */

static inline bool onnx_text_equals(onnx_text a, onnx_text b) {
    return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool onnx_text_is(onnx_text text, const char *wanted) {
    return onnx_text_equals(text, (onnx_text){wanted, strlen(wanted)});
}

/* The first field of that number with bytes; none: ptr is NULL. */
static inline onnx_text onnx_find_bytes(onnx_text message, uint32_t number) {
    reader r = reader_of(message);
    for (field f; read_field(&f, &r);)
        if (f.number == number && f.bytes.ptr) return f.bytes;
    return (onnx_text){NULL, 0};
}

/* Of a node, by name; none: ptr is NULL. */
static inline onnx_text onnx_find_attribute(onnx_text node, const char *name) {
    reader r = reader_of(node);
    for (field f; read_field(&f, &r);)
        if (f.number == NODE_ATTRIBUTE && f.bytes.ptr &&
            onnx_text_is(onnx_find_bytes(f.bytes, ATTRIBUTE_NAME), name))
            return f.bytes;
    return (onnx_text){NULL, 0};
}

/* The integer of a node's attribute. */
static inline int64_t onnx_attribute_int(onnx_text node, const char *name, int64_t otherwise) {
    reader r = reader_of(onnx_find_attribute(node, name));
    for (field f; read_field(&f, &r);)
        if (f.number == ATTRIBUTE_INT && !f.bytes.ptr) return (int64_t)f.integer;
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
    reader r = reader_of(message);
    for (field f; read_field(&f, &r);) {
        if (f.number != number) continue;
        if (!f.bytes.ptr) {
            if (!onnx_add_int(out, max, &n, f.integer)) return -1;
            continue;
        }
        for (reader packed = reader_of(f.bytes); packed.at < packed.end && !packed.is_broken;)
            if (!onnx_add_int(out, max, &n, read_varint(&packed))) return -1;
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
    return attribute.ptr ? onnx_read_ints(out, max, attribute, ATTRIBUTE_INTS) : -1;
}

/* An entry of a map, as external_data has it. */
typedef struct onnx_entry {
    onnx_text key, value; /* ptr is NULL where it is missing. */
} onnx_entry;

static inline onnx_entry onnx_read_entry(onnx_text message) {
    onnx_entry entry = {{NULL, 0}, {NULL, 0}};
    reader r = reader_of(message);
    for (field f; read_field(&f, &r);) {
        if (f.number == ENTRY_KEY) entry.key = f.bytes;
        if (f.number == ENTRY_VALUE) entry.value = f.bytes;
    }
    return entry;
}

#endif
