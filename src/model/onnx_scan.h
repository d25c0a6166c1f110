/* A look at the operators of an ONNX file, without a runtime and without reading its weights. */
#ifndef AP_MODEL_ONNX_SCAN_H
#define AP_MODEL_ONNX_SCAN_H

#include <accelpipe/status.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether any node (of the graph, of graphs inside it, or of a function) has one of these op types.
 * @param ops ends with NULL.   @return AP_EFORMAT when the bytes are no protobuf of that shape. */
ap_status ap__onnx_has_op(bool *out, const void *bytes, size_t len, const char *const *ops, ap_error *err);

/* The same of a file, which is mapped. @return also AP_ENOTFOUND, AP_EIO. */
ap_status ap__onnx_file_has_op(bool *out, const char *path, const char *const *ops, ap_error *err);

/* As the first, but operators with a window of one position (kernel_shape is all 1) do not count. */
ap_status ap__onnx_has_window_op(bool *out, const void *bytes, size_t len, const char *const *ops,
                                 ap_error *err);

/* Whether rows of a batch change each other's results: a scale is chosen by looking at all activations. Of a
 * file that cannot be read it is taken for granted; other formats have no such thing. */
bool ap__onnx_file_mixes_rows(const char *path);

#endif
