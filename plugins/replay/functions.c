/* Functions that make outputs of inputs. They are such that batching and padding must not change a result:
 *
 *   copy X            X itself
 *   rows X [MASK]     pseudo-random numbers in [-1, 1) for each row of the first dimension, from its elements
 *                     (where MASK is not zero); the output's other extents must be fixed
 *   tokens X          the same for each element of X, from it alone; further extents of the output must be
 * fixed concat X Y        X and Y joined along the third dimension, as past and present of a KV cache are
 *   extend X IDS      X, and behind it along the third dimension the second one's elements, as numbers: a
 * cache of IDS */
#include "replay.h"

#include <string.h>

typedef struct dtype_row {
    ap_dtype dtype;
    size_t size_bytes;
    const char *name;
} dtype_row;

static const dtype_row dtypes[] = {
#define ROW(name, number, size, text) {AP_DTYPE_##name, size, text},
    AP_DTYPE_MAP(ROW)
#undef ROW
};

size_t replay_dtype_size(ap_dtype dtype) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (dtypes[i].dtype == dtype) return dtypes[i].size_bytes;
    return 0;
}

ap_dtype replay_dtype_find(const char *name) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtypes[i].name, name) == 0) return dtypes[i].dtype;
    return AP_DTYPE_NONE;
}

static size_t count(const int64_t *shape, uint32_t from, uint32_t to) {
    size_t n = 1;
    for (uint32_t i = from; i < to; i++) n *= (size_t)shape[i];
    return n;
}

/* -- numbers ------------------------------------------------------------------------------------------- */

/* FNV-1a, 64 bits. */
#define DIGEST_START 0xcbf29ce484222325u

static uint64_t digest(uint64_t h, const void *bytes, size_t len) {
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++) h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

/* The `column`-th number of a digest, in [-1, 1) and exact in float32. */
static float number(uint64_t h, size_t column) {
    h = (h ^ (uint64_t)column) * 0x9E3779B97F4A7C15u;
    h ^= h >> 32;
    return (float)((double)(h * 0xD6E8FEB86659FD93u >> 41) / 4194304.0 - 1.0);
}

static bool is_set(const ap_tensor_view *mask, size_t i) {
    size_t size = replay_dtype_size(mask->dtype);
    const unsigned char *p = (const unsigned char *)mask->data + i * size;
    for (size_t k = 0; k < size; k++)
        if (p[k]) return true;
    return false;
}

/* The output's own extents behind the first `n`; they must be fixed. */
static bool fixed_behind(ap_tensor_view *view, const ap_io *io, uint32_t n) {
    if (io->dtype != AP_DTYPE_F32 || io->rank == AP_RANK_UNKNOWN || io->rank < n) return false;
    view->rank = io->rank;
    for (uint32_t i = n; i < io->rank; i++) {
        if (io->shape[i] < 0) return false;
        view->shape[i] = io->shape[i];
    }
    return true;
}

/* -- copy ---------------------------------------------------------------------------------------------- */

static bool copy_shape(ap_tensor_view *view, const ap_io *io, const ap_tensor_view *const *args,
                       uint32_t n_args) {
    (void)n_args;
    view->rank = args[0]->rank;
    memcpy(view->shape, args[0]->shape, sizeof view->shape);
    return io->dtype == args[0]->dtype;
}

static void copy_fill(const ap_tensor_view *view, void *data, const ap_tensor_view *const *args,
                      uint32_t n_args) {
    (void)n_args;
    if (view->size_bytes) memcpy(data, args[0]->data, view->size_bytes);
}

/* -- rows ---------------------------------------------------------------------------------------------- */

static bool rows_shape(ap_tensor_view *view, const ap_io *io, const ap_tensor_view *const *args,
                       uint32_t n_args) {
    if (args[0]->rank == 0 || !fixed_behind(view, io, 1)) return false;
    if (n_args > 1 && (args[1]->rank != args[0]->rank ||
                       memcmp(args[1]->shape, args[0]->shape, args[0]->rank * sizeof(int64_t)) != 0))
        return false;
    view->shape[0] = args[0]->shape[0];
    return true;
}

static void rows_fill(const ap_tensor_view *view, void *data, const ap_tensor_view *const *args,
                      uint32_t n_args) {
    const ap_tensor_view *x = args[0], *mask = n_args > 1 ? args[1] : NULL;
    size_t n_rows = (size_t)x->shape[0], n_in = count(x->shape, 1, x->rank),
           size = replay_dtype_size(x->dtype);
    size_t n_out = count(view->shape, 1, view->rank);
    float *out = data;
    for (size_t row = 0; row < n_rows; row++) {
        uint64_t h = DIGEST_START;
        for (size_t i = row * n_in; i < (row + 1) * n_in; i++)
            if (!mask || is_set(mask, i)) h = digest(h, (const char *)x->data + i * size, size);
        for (size_t column = 0; column < n_out; column++) *out++ = number(h, column);
    }
}

/* -- tokens -------------------------------------------------------------------------------------------- */

static bool tokens_shape(ap_tensor_view *view, const ap_io *io, const ap_tensor_view *const *args,
                         uint32_t n_args) {
    (void)n_args;
    if (!fixed_behind(view, io, args[0]->rank)) return false;
    memcpy(view->shape, args[0]->shape, args[0]->rank * sizeof(int64_t));
    return true;
}

static void tokens_fill(const ap_tensor_view *view, void *data, const ap_tensor_view *const *args,
                        uint32_t n_args) {
    (void)n_args;
    const ap_tensor_view *x = args[0];
    size_t n_in = count(x->shape, 0, x->rank), size = replay_dtype_size(x->dtype);
    size_t n_out = count(view->shape, x->rank, view->rank);
    float *out = data;
    for (size_t i = 0; i < n_in; i++) {
        uint64_t h = digest(DIGEST_START, (const char *)x->data + i * size, size);
        for (size_t column = 0; column < n_out; column++) *out++ = number(h, column);
    }
}

/* -- concat -------------------------------------------------------------------------------------------- */

enum { CONCAT_AXIS = 2 };

static bool concat_shape(ap_tensor_view *view, const ap_io *io, const ap_tensor_view *const *args,
                         uint32_t n_args) {
    (void)n_args;
    const ap_tensor_view *x = args[0], *y = args[1];
    if (x->rank <= CONCAT_AXIS || x->rank != y->rank || x->dtype != y->dtype || io->dtype != x->dtype)
        return false;
    for (uint32_t i = 0; i < x->rank; i++)
        if (i != CONCAT_AXIS && x->shape[i] != y->shape[i]) return false;
    view->rank = x->rank;
    memcpy(view->shape, x->shape, sizeof view->shape);
    view->shape[CONCAT_AXIS] += y->shape[CONCAT_AXIS];
    return true;
}

static void concat_fill(const ap_tensor_view *view, void *data, const ap_tensor_view *const *args,
                        uint32_t n_args) {
    size_t n_outer = count(view->shape, 0, CONCAT_AXIS), size = replay_dtype_size(view->dtype);
    char *out = data;
    for (size_t i = 0; i < n_outer; i++)
        for (uint32_t k = 0; k < n_args; k++) {
            size_t n_bytes = count(args[k]->shape, CONCAT_AXIS, args[k]->rank) * size;
            if (n_bytes) memcpy(out, (const char *)args[k]->data + i * n_bytes, n_bytes);
            out += n_bytes;
        }
}

/* -- extend -------------------------------------------------------------------------------------------- */

static bool extend_shape(ap_tensor_view *view, const ap_io *io, const ap_tensor_view *const *args,
                         uint32_t n_args) {
    (void)n_args;
    const ap_tensor_view *x = args[0], *ids = args[1];
    if (x->rank != CONCAT_AXIS + 2 || ids->rank != 2 || ids->shape[0] != x->shape[0]) return false;
    view->rank = x->rank;
    memcpy(view->shape, x->shape, sizeof view->shape);
    view->shape[CONCAT_AXIS] += ids->shape[1];
    return io->dtype == AP_DTYPE_F32 && x->dtype == AP_DTYPE_F32 && ids->dtype == AP_DTYPE_I64;
}

static void extend_fill(const ap_tensor_view *view, void *data, const ap_tensor_view *const *args,
                        uint32_t n_args) {
    (void)n_args;
    size_t n_heads = (size_t)view->shape[1], n_columns = (size_t)view->shape[3],
           n_new = (size_t)args[1]->shape[1];
    size_t n_past = (size_t)args[0]->shape[CONCAT_AXIS] * n_columns;
    float *out = data;
    for (size_t i = 0; i < count(view->shape, 0, CONCAT_AXIS); i++) {
        const int64_t *ids = (const int64_t *)args[1]->data + i / n_heads * n_new;
        if (n_past) memcpy(out, (const float *)args[0]->data + i * n_past, n_past * sizeof *out);
        out += n_past;
        for (size_t k = 0; k < n_new * n_columns; k++) *out++ = (float)ids[k / n_columns];
    }
}

static const replay_function functions[] = {
    {"copy", 1, 1, copy_shape, copy_fill},       {"rows", 1, 2, rows_shape, rows_fill},
    {"tokens", 1, 1, tokens_shape, tokens_fill}, {"concat", 2, 2, concat_shape, concat_fill},
    {"extend", 2, 2, extend_shape, extend_fill},
};

const replay_function *replay_function_find(const char *name) {
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i].name, name) == 0) return &functions[i];
    return NULL;
}
