/* ONNX files as bytes: a reader of protobuf's fields, and the numbers of those that anything here looks at.
 * Source: onnx/onnx@v1.17.0 onnx/onnx.proto (field numbers), protobuf.dev "Encoding" (varint, tag, length).
 *
 * The library and the plugins read alike, and a plugin links nothing of ours: so this is a header alone, also
 * for C++, which includes nothing but the standard library. */
#ifndef AP_WIRE_ONNX_H
#define AP_WIRE_ONNX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ONNX_WIRE_VARINT = 0, ONNX_WIRE_FIXED64 = 1, ONNX_WIRE_BYTES = 2, ONNX_WIRE_FIXED32 = 5 };

enum {
    ONNX_MODEL_IR_VERSION = 1,
    ONNX_MODEL_GRAPH = 7,
    ONNX_MODEL_OPSET_IMPORT = 8,
    ONNX_MODEL_FUNCTIONS = 25,
    ONNX_OPSET_DOMAIN = 1,
    ONNX_OPSET_VERSION = 2,
    ONNX_FUNCTION_NODE = 7,
    ONNX_GRAPH_NODE = 1,
    ONNX_GRAPH_NAME = 2,
    ONNX_GRAPH_INITIALIZER = 5,
    ONNX_GRAPH_INPUT = 11,
    ONNX_GRAPH_OUTPUT = 12,
    ONNX_GRAPH_VALUE_INFO = 13,
    ONNX_GRAPH_SPARSE_INITIALIZER = 15,
    ONNX_NODE_INPUT = 1,
    ONNX_NODE_OUTPUT = 2,
    ONNX_NODE_NAME = 3,
    ONNX_NODE_OP_TYPE = 4,
    ONNX_NODE_ATTRIBUTE = 5,
    ONNX_NODE_DOMAIN = 7,
    ONNX_ATTRIBUTE_NAME = 1,
    ONNX_ATTRIBUTE_FLOAT = 2,
    ONNX_ATTRIBUTE_INT = 3,
    ONNX_ATTRIBUTE_STRING = 4,
    ONNX_ATTRIBUTE_TENSOR = 5,
    ONNX_ATTRIBUTE_GRAPH = 6,
    ONNX_ATTRIBUTE_FLOATS = 7,
    ONNX_ATTRIBUTE_INTS = 8,
    ONNX_ATTRIBUTE_TENSORS = 10,
    ONNX_ATTRIBUTE_GRAPHS = 11,
    ONNX_ATTRIBUTE_TYPE = 20,
    ONNX_TENSOR_TYPE_ELEMENT = 1,
    ONNX_TENSOR_TYPE_SHAPE = 2,
    ONNX_TENSOR_DIMS = 1,
    ONNX_TENSOR_DATA_TYPE = 2,
    ONNX_TENSOR_FLOAT_DATA = 4,
    ONNX_TENSOR_INT32_DATA = 5,
    ONNX_TENSOR_INT64_DATA = 7,
    ONNX_TENSOR_NAME = 8,
    ONNX_TENSOR_RAW_DATA = 9,
    ONNX_TENSOR_DOUBLE_DATA = 10,
    ONNX_TENSOR_UINT64_DATA = 11,
    ONNX_TENSOR_EXTERNAL_DATA = 13,
    ONNX_TENSOR_DATA_LOCATION = 14,
    ONNX_VALUE_NAME = 1,
    ONNX_VALUE_TYPE = 2,
    ONNX_TYPE_TENSOR_TYPE = 1,
    ONNX_SHAPE_DIM = 1,
    ONNX_DIM_VALUE = 1,
    ONNX_DIM_PARAM = 2,
    ONNX_ENTRY_KEY = 1,
    ONNX_ENTRY_VALUE = 2
};

/* Of ONNX_TENSOR_DATA_LOCATION; of ONNX_ATTRIBUTE_TYPE. */
enum { ONNX_TENSOR_EXTERNAL = 1 };
enum { ONNX_ATTRIBUTE_TYPE_FLOAT = 1, ONNX_ATTRIBUTE_TYPE_INT = 2, ONNX_ATTRIBUTE_TYPE_INTS = 7 };

typedef struct onnx_text {
    const char *ptr; /* Borrowed from the model's bytes; no NUL. */
    size_t len;
} onnx_text;

/* A message that is being read. */
typedef struct onnx_reader {
    const unsigned char *at, *end;
    bool is_broken; /* The rest is not protobuf. */
} onnx_reader;

typedef struct onnx_field {
    uint32_t number;
    unsigned wire;
    uint64_t integer; /* Of ONNX_WIRE_VARINT; the bits of the fixed types. */
    onnx_text bytes;  /* Of ONNX_WIRE_BYTES; ptr is NULL for the other types. */
} onnx_field;

/* Of no bytes (ptr is NULL), a message without fields. */
static inline onnx_reader onnx_reader_of(onnx_text bytes) {
    onnx_reader r;
    r.at = (const unsigned char *)(bytes.ptr ? bytes.ptr : "");
    r.end = r.at + (bytes.ptr ? bytes.len : 0);
    r.is_broken = false;
    return r;
}

static inline uint64_t onnx_read_varint(onnx_reader *r) {
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
static inline const unsigned char *onnx_read_bytes(onnx_reader *r, uint64_t len) {
    const unsigned char *start = r->at;
    if (len > (uint64_t)(r->end - r->at)) {
        r->is_broken = true;
        return NULL;
    }
    r->at += len;
    return start;
}

/* `len` bytes as a number; they are little-endian in the file. */
static inline uint64_t onnx_read_fixed(onnx_reader *r, unsigned len) {
    const unsigned char *bytes = onnx_read_bytes(r, len);
    uint64_t value = 0;
    for (unsigned i = 0; bytes && i < len; i++) value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

/* The next field; false at the end, or when the rest is not protobuf. */
static inline bool onnx_read_field(onnx_field *out, onnx_reader *r) {
    if (r->is_broken || r->at == r->end) return false;
    uint64_t tag = onnx_read_varint(r);
    out->number = (uint32_t)(tag >> 3);
    out->wire = (unsigned)(tag & 7);
    out->integer = 0;
    out->bytes.ptr = NULL;
    out->bytes.len = 0;
    switch (out->wire) {
    case ONNX_WIRE_VARINT:
        out->integer = onnx_read_varint(r);
        break;
    case ONNX_WIRE_FIXED64:
        out->integer = onnx_read_fixed(r, 8);
        break;
    case ONNX_WIRE_FIXED32:
        out->integer = onnx_read_fixed(r, 4);
        break;
    case ONNX_WIRE_BYTES:
        out->bytes.len = (size_t)onnx_read_varint(r);
        out->bytes.ptr = (const char *)onnx_read_bytes(r, out->bytes.len);
        break;
    default:
        r->is_broken = true;
    }
    return !r->is_broken;
}

#endif
