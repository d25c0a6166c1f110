/* ONNX files as bytes: a reader of protobuf's fields, and the numbers of those that are looked at.
 * Source: onnx@1.17 onnx/onnx.proto (field numbers), protobuf's encoding (varint, tag, length). The reader
 * knows no more of protobuf than that. */
#ifndef COMMON_ONNX_WIRE_H
#define COMMON_ONNX_WIRE_H

#include "onnx.h"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

enum {
    MODEL_GRAPH = 7,
    GRAPH_NODE = 1,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_OP_TYPE = 4,
    NODE_ATTRIBUTE = 5,
    NODE_DOMAIN = 7,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_INT = 3,
    ATTRIBUTE_TENSOR = 5,
    ATTRIBUTE_GRAPH = 6,
    ATTRIBUTE_INTS = 8,
    ATTRIBUTE_TENSORS = 10,
    ATTRIBUTE_GRAPHS = 11,
    TENSOR_DIMS = 1,
    TENSOR_DATA_TYPE = 2,
    TENSOR_INT32_DATA = 5,
    TENSOR_INT64_DATA = 7,
    TENSOR_NAME = 8,
    TENSOR_RAW_DATA = 9,
    TENSOR_EXTERNAL_DATA = 13,
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_TYPE_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1,
    ENTRY_KEY = 1,
    ENTRY_VALUE = 2
};

/* Element types, of TENSOR_DATA_TYPE and of Cast. */
enum { ONNX_INT32 = 6, ONNX_INT64 = 7, ONNX_BOOL = 9 };

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

#endif
