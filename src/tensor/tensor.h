/* Tensors of the library: dense, row-major, reference-counted, and immutable once they are shared.
 *
 * A tensor's elements are its own, a slice of another tensor's, or lent by a backend (ap_tensor) or the
 * application, who get them back when the last reference goes. Threading: references may be taken and given
 * back on any thread. */
#ifndef AP_TENSOR_TENSOR_H
#define AP_TENSOR_TENSOR_H

#include <accelpipe/status.h>
#include <accelpipe/sys/backend_plugin.h>

typedef struct ap__tensor ap__tensor;

/* Largest tensor, in bytes. */
#define AP__TENSOR_MAX_BYTES ((size_t)1 << 40)

/* Elements and bytes of a shape, checked.
 * @return AP_EINVAL a negative extent, a rank over AP_TENSOR_MAX_RANK, no dtype; AP_ELIMIT too large. */
ap_status ap__shape_size(size_t *n_elements, size_t *n_bytes, ap_dtype dtype, const int64_t *shape,
                         uint32_t rank, ap_error *err);

/* A new tensor whose elements are not initialised; one reference, for the caller. */
ap_status ap__tensor_create(ap__tensor **out, ap_dtype dtype, const int64_t *shape, uint32_t rank,
                            ap_error *err);

/* A tensor around a backend's. `border` is taken, also on failure: its release() is called in the end. */
ap_status ap__tensor_create_take(ap__tensor **out, ap_tensor *border, ap_error *err);

/* A tensor around elements of an application. `ctx` is taken, also on failure: release() is called in the end
 * (NULL: nothing to call). Plugins see plain host memory.
 * @return also AP_EINVAL where the view's bytes are not those of its shape. */
ap_status ap__tensor_create_lent(ap__tensor **out, const ap_tensor_view *view, void (*release)(void *ctx),
                                 void *ctx, ap_error *err);

/* Rows [start, start + count) of the first dimension, sharing the elements.
 * @return AP_EINVAL out of range, a scalar, or elements that are not in host memory. */
ap_status ap__tensor_slice(ap__tensor **out, ap__tensor *tensor, int64_t start, int64_t count, ap_error *err);

/* The same along another dimension, where all before it are 1. */
ap_status ap__tensor_narrow(ap__tensor **out, ap__tensor *tensor, uint32_t axis, int64_t start, int64_t count,
                            ap_error *err);

ap__tensor *ap__tensor_ref(ap__tensor *tensor);
void ap__tensor_unref(ap__tensor *tensor); /* NULL is fine. */

const ap_tensor_view *ap__tensor_get_view(const ap__tensor *tensor);
size_t ap__tensor_n_elements(const ap__tensor *tensor);

/* The elements for writing: only between create and the first ref or slice. */
void *ap__tensor_data(ap__tensor *tensor);

/* The form that crosses the plugin border; its release is NULL. Borrowed. */
ap_tensor ap__tensor_border(const ap__tensor *tensor);

/* Whether the tensor has this dtype (AP_DTYPE_NONE: any) and rank (AP_RANK_UNKNOWN: any) and these extents
 * (-1: any; `shape` may be NULL).   @return AP_EINVAL with `what`, expected and found. */
ap_status ap__expect_shape(const ap__tensor *tensor, const char *what, ap_dtype dtype, uint32_t rank,
                           const int64_t *shape, ap_error *err);

/* Text of a shape, "[2, 3]", into `buf`. */
const char *ap__shape_text(char *buf, size_t size, const int64_t *shape, uint32_t rank);

#endif
