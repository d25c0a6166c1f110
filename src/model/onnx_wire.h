/* ONNX files as bytes: protobuf's wire format, read and written, and the numbers of those fields that
 * anything here looks at. Source: onnx/onnx@v1.17.0 onnx/onnx.proto (field numbers), protobuf.dev "Encoding".
 */
#ifndef AP_MODEL_ONNX_WIRE_H
#define AP_MODEL_ONNX_WIRE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    ONNX_MODEL_IR_VERSION = 1,
    ONNX_MODEL_GRAPH = 7,
    ONNX_MODEL_OPSET_IMPORT = 8,
    ONNX_MODEL_FUNCTIONS = 25,
    ONNX_OPSET_VERSION = 2,
    ONNX_GRAPH_NODE = 1,
    ONNX_GRAPH_NAME = 2,
    ONNX_GRAPH_INITIALIZER = 5,
    ONNX_GRAPH_INPUT = 11,
    ONNX_GRAPH_OUTPUT = 12,
    ONNX_GRAPH_SPARSE_INITIALIZER = 15,
    ONNX_FUNCTION_NODE = 7,
    ONNX_NODE_INPUT = 1,
    ONNX_NODE_OUTPUT = 2,
    ONNX_NODE_OP_TYPE = 4,
    ONNX_NODE_ATTRIBUTE = 5,
    ONNX_ATTRIBUTE_NAME = 1,
    ONNX_ATTRIBUTE_I = 3,
    ONNX_ATTRIBUTE_GRAPH = 6,
    ONNX_ATTRIBUTE_GRAPHS = 11,
    ONNX_ATTRIBUTE_TYPE = 20,
    ONNX_ATTRIBUTE_TYPE_INT = 2,
    ONNX_VALUE_NAME = 1,
    ONNX_VALUE_TYPE = 2,
    ONNX_TYPE_TENSOR = 1,
    ONNX_TENSOR_TYPE_ELEMENT = 1,
    ONNX_TENSOR_TYPE_SHAPE = 2,
    ONNX_SHAPE_DIM = 1,
    ONNX_DIM_VALUE = 1,
    ONNX_DIM_PARAM = 2,
    ONNX_TENSOR_DIMS = 1,
    ONNX_TENSOR_DATA_TYPE = 2,
    ONNX_TENSOR_INT64_DATA = 7,
    ONNX_TENSOR_NAME = 8,
    ONNX_TENSOR_RAW_DATA = 9,
    ONNX_TENSOR_EXTERNAL_DATA = 13,
    ONNX_TENSOR_DATA_LOCATION = 14,
    ONNX_TENSOR_EXTERNAL = 1,
    ONNX_ENTRY_KEY = 1,
    ONNX_ENTRY_VALUE = 2
};

/* -- reading ------------------------------------------------------------------------------------------- */

/* What is left of a message. */
typedef struct ap__wire_reader {
    const uint8_t *at, *end;
} ap__wire_reader;

/* One field: of length-delimited ones `body` is the contents, of others body.at is NULL. */
typedef struct ap__wire_field {
    uint64_t number;
    ap__wire_reader body;
} ap__wire_field;

/* @return false at a fault; at the end of the message `r->at == r->end` tells beforehand. */
bool ap__wire_read(ap__wire_field *out, ap__wire_reader *r);

bool ap__wire_is_text(ap__wire_reader bytes, const char *text);

/* -- writing ------------------------------------------------------------------------------------------- */

/* The first failure stays, and what comes behind it is left out. */
typedef struct ap__wire_writer {
    ap__buf *buf;
    ap_status status;
    ap_error *err;
} ap__wire_writer;

void ap__wire_put_bytes(ap__wire_writer *w, const void *bytes, size_t len);
void ap__wire_put_number(ap__wire_writer *w, uint32_t field, int64_t value);
void ap__wire_put_text(ap__wire_writer *w, uint32_t field, const char *text);
void ap__wire_put_body(ap__wire_writer *w, uint32_t field, ap__wire_reader body);

/* Where a message begins that ap__wire_close() makes a field. */
size_t ap__wire_open(const ap__wire_writer *w);
void ap__wire_close(ap__wire_writer *w, size_t start, uint32_t field);

#endif
