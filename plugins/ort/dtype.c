/* Element types: ours and ONNX's (onnx.proto TensorProto.DataType). */
#include "ort.h"

/* The runtime's number of each of our types, by our name for it. */
enum {
    ONNX_F32 = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
    ONNX_F16 = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16,
    ONNX_BF16 = ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16,
    ONNX_F64 = ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE,
    ONNX_I64 = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,
    ONNX_I32 = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,
    ONNX_I16 = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16,
    ONNX_I8 = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8,
    ONNX_U64 = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64,
    ONNX_U32 = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32,
    ONNX_U16 = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16,
    ONNX_U8 = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8,
    ONNX_BOOL = ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL,
};

typedef struct dtype_row {
    ap_dtype ours;
    int onnx;
    size_t size_bytes;
} dtype_row;

static const dtype_row rows[] = {
#define ROW(name, number, size, text) {AP_DTYPE_##name, ONNX_##name, size},
    AP_DTYPE_MAP(ROW)
#undef ROW
};

enum { N_ROWS = sizeof rows / sizeof *rows };

ap_dtype ort_dtype_from(ONNXTensorElementDataType type) {
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].onnx == (int)type) return rows[i].ours;
    return AP_DTYPE_NONE;
}

ONNXTensorElementDataType ort_dtype_to(ap_dtype dtype) {
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].ours == dtype) return (ONNXTensorElementDataType)rows[i].onnx;
    return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

size_t ort_dtype_size(ap_dtype dtype) {
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].ours == dtype) return rows[i].size_bytes;
    return 0;
}
