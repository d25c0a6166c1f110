/* Reference-counted tensors. */
#include "tensor/tensor.h"

#include "base/alloc.h"
#include "base/error.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* Elements begin where vector instructions like it; as the allocator promises less, there is room to move. */
enum { ELEMENTS_ALIGNMENT = 64 };

struct ap__tensor {
    atomic_size_t n_refs;
    size_t n_elements;
    ap__tensor *parent; /* Of a slice: whose elements these are. */
    ap_tensor border;   /* border.view is the tensor; border.release gives a backend's back. */
    void *elements;     /* Of a tensor of its own: behind the struct, in one allocation with it. */
    void (*lent_release)(void *ctx); /* Gives the application's back; NULL: nothing to call. */
    void *lent_ctx;
    unsigned char space[];
};

ap_status ap__shape_size(size_t *n_elements, size_t *n_bytes, ap_dtype dtype, const int64_t *shape,
                         uint32_t rank, ap_error *err) {
    size_t count = 1, bytes;
    if (rank > AP_TENSOR_MAX_RANK)
        return ap__fail(err, AP_EINVAL, "tensor of rank %u, over the limit of %d", rank, AP_TENSOR_MAX_RANK);
    if (!ap_dtype_size(dtype)) return ap__fail(err, AP_EINVAL, "%d is not an element type", (int)dtype);
    for (uint32_t i = 0; i < rank; i++) {
        if (shape[i] < 0)
            return ap__fail(err, AP_EINVAL, "tensor extent %u is %lld; it must be at least 0", i,
                            (long long)shape[i]);
        if (!ap__mul_size(&count, count, (size_t)shape[i]))
            return ap__fail(err, AP_ELIMIT, "tensor extents overflow at dimension %u", i);
    }
    if (!ap__mul_size(&bytes, count, ap_dtype_size(dtype)) || bytes > AP__TENSOR_MAX_BYTES)
        return ap__fail(err, AP_ELIMIT, "tensor of %zu elements of %s is over the limit of %zu bytes", count,
                        ap_dtype_name(dtype), AP__TENSOR_MAX_BYTES);
    *n_elements = count;
    *n_bytes = bytes;
    return AP_OK;
}

static ap__tensor *tensor_alloc(size_t extra_bytes) {
    size_t total;
    if (!ap__add_size(&total, sizeof(ap__tensor) + ELEMENTS_ALIGNMENT - 1, extra_bytes)) return NULL;
    ap__tensor *tensor = ap__malloc(total);
    if (!tensor) return NULL;
    memset(tensor, 0, sizeof *tensor);
    uintptr_t past = (uintptr_t)tensor->space % ELEMENTS_ALIGNMENT;
    tensor->elements = tensor->space + (past ? ELEMENTS_ALIGNMENT - past : 0);
    atomic_init(&tensor->n_refs, 1);
    return tensor;
}

ap_status ap__tensor_create(ap__tensor **out, ap_dtype dtype, const int64_t *shape, uint32_t rank,
                            ap_error *err) {
    size_t count, bytes;
    *out = NULL;
    ap_status status = ap__shape_size(&count, &bytes, dtype, shape, rank, err);
    if (status) return status;
    ap__tensor *tensor = tensor_alloc(bytes);
    if (!tensor) return ap__fail_nomem(err);
    ap_tensor_view *view = &tensor->border.view;
    view->dtype = dtype;
    view->rank = rank;
    if (rank) memcpy(view->shape, shape, rank * sizeof *shape);
    view->data = tensor->elements;
    view->size_bytes = bytes;
    tensor->n_elements = count;
    *out = tensor;
    return AP_OK;
}

static void border_release(ap_tensor *border) {
    if (border->release) border->release(border);
    memset(border, 0, sizeof *border);
}

ap_status ap__tensor_create_take(ap__tensor **out, ap_tensor *border, ap_error *err) {
    size_t count = 0, bytes = 0;
    const ap_tensor_view *view = &border->view;
    *out = NULL;
    ap__tensor *tensor = NULL;
    ap_status status = ap__shape_size(&count, &bytes, view->dtype, view->shape, view->rank, err);
    if (!status && view->size_bytes != bytes)
        status = ap__fail(err, AP_EBACKEND, "the backend gave a tensor of %zu bytes where its shape has %zu",
                          view->size_bytes, bytes);
    if (!status && !(tensor = tensor_alloc(0))) status = ap__fail_nomem(err);
    if (status) {
        border_release(border);
        return status;
    }
    tensor->border = *border;
    tensor->n_elements = count;
    memset(border, 0, sizeof *border);
    *out = tensor;
    return AP_OK;
}

ap_status ap__tensor_create_lent(ap__tensor **out, const ap_tensor_view *view, void (*release)(void *ctx),
                                 void *ctx, ap_error *err) {
    size_t count = 0, bytes = 0;
    *out = NULL;
    ap__tensor *tensor = NULL;
    ap_status status = ap__shape_size(&count, &bytes, view->dtype, view->shape, view->rank, err);
    if (!status && (view->size_bytes != bytes || (bytes && !view->data)))
        status = ap__fail(err, AP_EINVAL, "a tensor of this shape has %zu bytes, found %zu%s", bytes,
                          view->size_bytes, view->data ? "" : " at NULL");
    if (!status && !(tensor = tensor_alloc(0))) status = ap__fail_nomem(err);
    if (status) {
        if (release) release(ctx);
        return status;
    }
    tensor->border.view = *view;
    tensor->n_elements = count;
    tensor->lent_release = release;
    tensor->lent_ctx = ctx;
    *out = tensor;
    return AP_OK;
}

/* Whether the entries along the axis lie one behind the other: all extents before it are 1. */
static bool is_outer(const ap_tensor_view *view, uint32_t axis) {
    for (uint32_t i = 0; i < axis; i++)
        if (view->shape[i] != 1) return false;
    return axis < view->rank;
}

ap_status ap__tensor_narrow(ap__tensor **out, ap__tensor *tensor, uint32_t axis, int64_t start, int64_t count,
                            ap_error *err) {
    const ap_tensor_view *from = &tensor->border.view;
    *out = NULL;
    if (!is_outer(from, axis) || start < 0 || count < 0 || start > from->shape[axis] ||
        count > from->shape[axis] - start)
        return ap__fail(err, AP_EINVAL, "%lld rows from row %lld on, of a tensor with %lld rows",
                        (long long)count, (long long)start,
                        is_outer(from, axis) ? (long long)from->shape[axis] : 0);
    if (!from->data && from->size_bytes)
        return ap__fail(err, AP_EINVAL, "a tensor that is not in host memory cannot be sliced");
    ap__tensor *slice = tensor_alloc(0);
    if (!slice) return ap__fail_nomem(err);
    size_t n_rows = (size_t)from->shape[axis];
    size_t row_bytes = n_rows ? from->size_bytes / n_rows : 0;
    slice->border.view = *from;
    slice->border.view.shape[axis] = count;
    slice->border.view.size_bytes = row_bytes * (size_t)count;
    if (from->data) slice->border.view.data = (const char *)from->data + row_bytes * (size_t)start;
    slice->n_elements = n_rows ? tensor->n_elements / n_rows * (size_t)count : 0;
    slice->parent = ap__tensor_ref(tensor);
    *out = slice;
    return AP_OK;
}

ap_status ap__tensor_slice(ap__tensor **out, ap__tensor *tensor, int64_t start, int64_t count,
                           ap_error *err) {
    return ap__tensor_narrow(out, tensor, 0, start, count, err);
}

ap__tensor *ap__tensor_ref(ap__tensor *tensor) {
    atomic_fetch_add_explicit(&tensor->n_refs, 1, memory_order_relaxed);
    return tensor;
}

void ap__tensor_unref(ap__tensor *tensor) {
    while (tensor && atomic_fetch_sub_explicit(&tensor->n_refs, 1, memory_order_acq_rel) == 1) {
        ap__tensor *parent = tensor->parent;
        border_release(&tensor->border);
        if (tensor->lent_release) tensor->lent_release(tensor->lent_ctx);
        ap__free(tensor);
        tensor = parent;
    }
}

const ap_tensor_view *ap__tensor_get_view(const ap__tensor *tensor) { return &tensor->border.view; }

size_t ap__tensor_n_elements(const ap__tensor *tensor) { return tensor->n_elements; }

void *ap__tensor_data(ap__tensor *tensor) { return tensor->elements; }

ap_tensor ap__tensor_border(const ap__tensor *tensor) {
    ap_tensor border = tensor->border;
    border.release = NULL;
    return border;
}

const char *ap__shape_text(char *buf, size_t size, const int64_t *shape, uint32_t rank) {
    size_t at = 0;
    if (!size) return "";
    buf[0] = '\0';
    for (uint32_t i = 0; i <= rank && at < size; i++) {
        const char *before = i == 0 ? "[" : ", ";
        int n = i == rank ? snprintf(buf + at, size - at, "%s", rank ? "]" : "[]")
                          : snprintf(buf + at, size - at, "%s%lld", before, (long long)shape[i]);
        if (n < 0) break;
        at += (size_t)n;
    }
    return buf;
}

static int shape_fits(const ap_tensor_view *view, ap_dtype dtype, uint32_t rank, const int64_t *shape) {
    if (dtype != AP_DTYPE_NONE && view->dtype != dtype) return 0;
    if (rank == AP_RANK_UNKNOWN) return 1;
    if (view->rank != rank) return 0;
    for (uint32_t i = 0; shape && i < rank; i++)
        if (shape[i] >= 0 && shape[i] != view->shape[i]) return 0;
    return 1;
}

ap_status ap__expect_shape(const ap__tensor *tensor, const char *what, ap_dtype dtype, uint32_t rank,
                           const int64_t *shape, ap_error *err) {
    const ap_tensor_view *view = &tensor->border.view;
    if (shape_fits(view, dtype, rank, shape)) return AP_OK;
    static const int64_t any[AP_TENSOR_MAX_RANK] = {-1, -1, -1, -1, -1, -1, -1, -1};
    char expected[160] = "any shape", found[160];
    if (rank != AP_RANK_UNKNOWN) ap__shape_text(expected, sizeof expected, shape ? shape : any, rank);
    ap__shape_text(found, sizeof found, view->shape, view->rank);
    return ap__fail(err, AP_EINVAL, "%s: expected %s %s (-1: any), found %s %s", what,
                    dtype == AP_DTYPE_NONE ? "a tensor" : ap_dtype_name(dtype), expected,
                    ap_dtype_name(view->dtype), found);
}
