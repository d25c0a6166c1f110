/**
 * @file
 * Element types of tensors and the view of one.
 *
 * Tensors are dense and row-major; they travel inside values (value.h) and across the plugin border
 * (sys/backend_plugin.h).
 *
 * Threading: the functions here are pure.
 */
#ifndef ACCELPIPE_TENSOR_H
#define ACCELPIPE_TENSOR_H

#include <accelpipe/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The one list of element types: X(name, number, bytes of one element, name in numpy and safetensors
 * spelling of it). Numbers are ours and stable; each plugin translates them to its runtime's. */
#define AP_DTYPE_MAP(X)                                                                                      \
    X(F32, 1, 4, "float32")                                                                                  \
    X(F16, 2, 2, "float16")                                                                                  \
    X(BF16, 3, 2, "bfloat16")                                                                                \
    X(F64, 4, 8, "float64")                                                                                  \
    X(I64, 5, 8, "int64")                                                                                    \
    X(I32, 6, 4, "int32")                                                                                    \
    X(I16, 7, 2, "int16")                                                                                    \
    X(I8, 8, 1, "int8")                                                                                      \
    X(U64, 9, 8, "uint64")                                                                                   \
    X(U32, 10, 4, "uint32")                                                                                  \
    X(U16, 11, 2, "uint16")                                                                                  \
    X(U8, 12, 1, "uint8")                                                                                    \
    X(BOOL, 13, 1, "bool")

typedef enum ap_dtype {
    AP_DTYPE_NONE = 0, /**< No element type: "any" where one is asked for, "unknown" where one is told. */
#define AP_DTYPE_ENUMERATOR(name, number, size, text) AP_DTYPE_##name = (number),
    AP_DTYPE_MAP(AP_DTYPE_ENUMERATOR)
#undef AP_DTYPE_ENUMERATOR
} ap_dtype;

/** The highest rank; ONNX models of the Hub stay at 6 or below. */
#define AP_TENSOR_MAX_RANK 8

/** What a tensor looks like. All of it is borrowed from the tensor's owner. */
typedef struct ap_tensor_view {
    ap_dtype dtype;
    uint32_t rank;                     /**< 0 for a scalar. */
    int64_t shape[AP_TENSOR_MAX_RANK]; /**< The first `rank` entries are used; each is at least 0. */
    const void *data;                  /**< Host memory; may be NULL when the tensor has no element. */
    size_t size_bytes;
} ap_tensor_view;

/** Bytes of one element, 0 for a number that is not a type. Since 0.1. */
AP_API size_t ap_dtype_size(ap_dtype dtype);

/** "float32" and so on; "none" for a number that is not a type. Static storage. Since 0.1. */
AP_API const char *ap_dtype_name(ap_dtype dtype);

/** The type of that name, AP_DTYPE_NONE when there is none. Since 0.1. */
AP_API ap_dtype ap_dtype_from_name(const char *name);

#ifdef __cplusplus
}
#endif
#endif
