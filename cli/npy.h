/* NumPy's .npy files: arrays into tensors and back.
 *
 * Source: numpy@v2.1.0 numpy/lib/format.py, versions 1.0, 2.0 and 3.0. Arrays of Python objects, of
 * structures, in Fortran order or big-endian are refused. */
#ifndef CLI_NPY_H
#define CLI_NPY_H

#include <accelpipe/value.h>

/* What a file holds. */
typedef struct cli_npy {
    ap_dtype dtype;
    uint32_t rank;
    int64_t shape[AP_TENSOR_MAX_RANK];
    size_t data_offset, data_bytes; /* Both lie within the file. */
} cli_npy;

/* @return AP_EFORMAT with the byte offset; AP_EUNSUPPORTED what is refused. */
ap_status cli_npy_parse(cli_npy *out, const char *bytes, size_t len, ap_error *err);

/* Reads the array of a file as a tensor. @return also AP_ENOTFOUND, AP_EIO, AP_ELIMIT, AP_ENOMEM */
ap_status cli_npy_read(ap_value **out, const char *path, ap_error *err);

enum { CLI_NPY_HEADER_BYTES = 384 };

/* Writes the header of `view` to `header`, whose size is CLI_NPY_HEADER_BYTES. @return its length; 0 for a
 * type that NumPy does not have */
size_t cli_npy_header(char *header, const ap_tensor_view *view);

/* Writes a file. bfloat16, which NumPy lacks, becomes float32: `*dtype` is the type written.
 * @return AP_EIO, AP_ENOMEM */
ap_status cli_npy_write(const char *path, const ap_tensor_view *view, ap_dtype *dtype, ap_error *err);

#endif
