/* The header is a Python dict as text: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. It is
 * read by a parser for just that. */
#include "npy.h"

#include "diag.h"
#include "read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char MAGIC[] = "\x93NUMPY";
enum { MAGIC_BYTES = 6, MAX_HEADER_BYTES = 64 << 10, MAX_DESCR_BYTES = 32, ALIGNMENT = 64 };

static const struct {
    const char *descr;
    ap_dtype dtype;
} DTYPES[] = {
    {"<f4", AP_DTYPE_F32}, {"<f2", AP_DTYPE_F16}, {"<f8", AP_DTYPE_F64}, {"<i8", AP_DTYPE_I64},
    {"<i4", AP_DTYPE_I32}, {"<i2", AP_DTYPE_I16}, {"|i1", AP_DTYPE_I8},  {"<u8", AP_DTYPE_U64},
    {"<u4", AP_DTYPE_U32}, {"<u2", AP_DTYPE_U16}, {"|u1", AP_DTYPE_U8},  {"|b1", AP_DTYPE_BOOL},
};

enum { N_DTYPES = sizeof DTYPES / sizeof *DTYPES };

/* -- reading ------------------------------------------------------------------------------------------- */

/* The text of the header, [at, end) of it still unread. */
typedef struct header_reader {
    const char *bytes;
    size_t at, end;
} header_reader;

static ap_status fail_at(const header_reader *r, const char *expected, ap_error *err) {
    return cli_fail(err, AP_EFORMAT, "not a .npy file: expected %s at byte %zu", expected, r->at);
}

static char peek(header_reader *r) {
    while (r->at < r->end && (r->bytes[r->at] == ' ' || r->bytes[r->at] == '\n')) r->at++;
    return r->at < r->end ? r->bytes[r->at] : '\0';
}

static bool take(header_reader *r, char c) {
    if (peek(r) != c) return false;
    r->at++;
    return true;
}

static bool take_word(header_reader *r, const char *word) {
    size_t n = strlen(word);
    peek(r);
    if (r->end - r->at < n || memcmp(r->bytes + r->at, word, n) != 0) return false;
    r->at += n;
    return true;
}

/* 'text' or "text", without escapes. */
static ap_status read_text(char *out, size_t size, header_reader *r, ap_error *err) {
    char quote = peek(r);
    if (quote != '\'' && quote != '"') return fail_at(r, "quoted text", err);
    const char *start = r->bytes + r->at + 1;
    const char *end = memchr(start, quote, r->end - r->at - 1);
    if (!end || (size_t)(end - start) >= size) return fail_at(r, "short quoted text", err);
    memcpy(out, start, (size_t)(end - start));
    out[end - start] = '\0';
    r->at += (size_t)(end - start) + 2;
    return AP_OK;
}

static ap_status read_dimension(int64_t *out, header_reader *r, ap_error *err) {
    int64_t n = 0;
    char c = peek(r);
    if (c < '0' || c > '9') return fail_at(r, "a dimension", err);
    for (; r->at < r->end && (c = r->bytes[r->at]) >= '0' && c <= '9'; r->at++) {
        if (n > (INT64_MAX - 9) / 10) return fail_at(r, "a smaller dimension", err);
        n = n * 10 + (c - '0');
    }
    *out = n;
    return AP_OK;
}

/* (), (3,) or (3, 4) */
static ap_status read_shape(cli_npy *out, header_reader *r, ap_error *err) {
    ap_status status;
    out->rank = 0;
    if (!take(r, '(')) return fail_at(r, "the shape, a tuple", err);
    while (!take(r, ')')) {
        if (out->rank == AP_TENSOR_MAX_RANK)
            return cli_fail(err, AP_EUNSUPPORTED, "array of more than %d dimensions", AP_TENSOR_MAX_RANK);
        if ((status = read_dimension(&out->shape[out->rank], r, err))) return status;
        out->rank++;
        if (!take(r, ',') && peek(r) != ')') return fail_at(r, "\",\" or \")\"", err);
    }
    return AP_OK;
}

static ap_status read_descr(cli_npy *out, header_reader *r, ap_error *err) {
    char descr[MAX_DESCR_BYTES];
    if (peek(r) == '[') return cli_fail(err, AP_EUNSUPPORTED, "array of structures");
    ap_status status = read_text(descr, sizeof descr, r, err);
    if (status) return status;
    for (size_t i = 0; i < N_DTYPES; i++)
        if (strcmp(DTYPES[i].descr, descr) == 0) {
            out->dtype = DTYPES[i].dtype;
            return AP_OK;
        }
    return cli_fail(err, AP_EUNSUPPORTED, "array of type \"%s\"; save it as float32, little-endian", descr);
}

static ap_status read_order(header_reader *r, ap_error *err) {
    if (take_word(r, "False")) return AP_OK;
    if (!take_word(r, "True")) return fail_at(r, "True or False", err);
    return cli_fail(err, AP_EUNSUPPORTED, "array in Fortran order; save it with numpy.ascontiguousarray()");
}

/* One `'key': value` of the dict; a bit of `*seen` is set for each key. */
static ap_status read_entry(cli_npy *out, unsigned *seen, header_reader *r, ap_error *err) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    char key[MAX_DESCR_BYTES];
    ap_status status = read_text(key, sizeof key, r, err);
    if (status) return status;
    unsigned which = 0;
    while (which < 3 && strcmp(keys[which], key) != 0) which++;
    if (which == 3 || *seen & 1u << which)
        return fail_at(r, "descr, fortran_order and shape, once each", err);
    *seen |= 1u << which;
    if (!take(r, ':')) return fail_at(r, "\":\"", err);
    if (which == 0) return read_descr(out, r, err);
    return which == 1 ? read_order(r, err) : read_shape(out, r, err);
}

static ap_status read_header(cli_npy *out, header_reader *r, ap_error *err) {
    unsigned seen = 0;
    if (!take(r, '{')) return fail_at(r, "\"{\"", err);
    while (!take(r, '}')) {
        ap_status status = read_entry(out, &seen, r, err);
        if (status) return status;
        if (!take(r, ',') && peek(r) != '}') return fail_at(r, "\",\" or \"}\"", err);
    }
    if (seen != 7) return fail_at(r, "descr, fortran_order and shape before the end of the header", err);
    return peek(r) ? fail_at(r, "the end of the header", err) : AP_OK;
}

/* Bytes of the elements. @return false on overflow */
static bool data_size(size_t *out, const cli_npy *npy) {
    size_t n = ap_dtype_size(npy->dtype);
    bool is_empty = false;
    for (uint32_t i = 0; i < npy->rank; i++) is_empty |= npy->shape[i] == 0;
    for (uint32_t i = 0; i < npy->rank && !is_empty; i++) {
        if ((uint64_t)npy->shape[i] > SIZE_MAX / n) return false;
        n *= (size_t)npy->shape[i];
    }
    *out = is_empty ? 0 : n;
    return true;
}

/* Little-endian number of `n` bytes. */
static size_t read_number(const char *bytes, size_t n) {
    size_t number = 0;
    while (n--) number = number << 8 | (unsigned char)bytes[n];
    return number;
}

ap_status cli_npy_parse(cli_npy *out, const char *bytes, size_t len, ap_error *err) {
    *out = (cli_npy){0};
    header_reader r = {bytes, 0, len};
    if (len < MAGIC_BYTES + 2 || memcmp(bytes, MAGIC, MAGIC_BYTES) != 0)
        return fail_at(&r, "\"\\x93NUMPY\"", err);
    int version = (unsigned char)bytes[MAGIC_BYTES];
    if (version < 1 || version > 3) return cli_fail(err, AP_EUNSUPPORTED, ".npy version %d", version);
    size_t n_len = version == 1 ? 2 : 4;
    r.at = MAGIC_BYTES + 2;
    if (len - r.at < n_len) return fail_at(&r, "the length of the header", err);
    size_t header_len = read_number(bytes + r.at, n_len);
    r.at += n_len;
    if (header_len > MAX_HEADER_BYTES || header_len > len - r.at)
        return cli_fail(err, AP_EFORMAT, "not a .npy file: header of %zu bytes, %zu are there", header_len,
                        len - r.at);
    r.end = r.at + header_len;
    ap_status status = read_header(out, &r, err);
    if (status) return status;
    out->data_offset = r.end;
    if (!data_size(&out->data_bytes, out) || out->data_bytes != len - r.end)
        return cli_fail(err, AP_EFORMAT, ".npy file: %zu bytes of data do not fit its shape and type",
                        len - r.end);
    return AP_OK;
}

ap_status cli_npy_read(ap_value **out, const char *path, ap_error *err) {
    cli_bytes file;
    cli_npy npy;
    *out = NULL;
    ap_status status = cli_read_file(&file, path, AP_JSON_MAX_BYTES, err);
    if (status) return status;
    if ((status = cli_npy_parse(&npy, file.ptr, file.len, err)))
        cli_error_wrap(err, path);
    else
        status = ap_value_create_tensor(out, npy.dtype, npy.shape, npy.rank, file.ptr + npy.data_offset, err);
    free(file.ptr);
    return status;
}

/* -- writing ------------------------------------------------------------------------------------------- */

static const char *descr_of(ap_dtype dtype) {
    for (size_t i = 0; i < N_DTYPES; i++)
        if (DTYPES[i].dtype == dtype) return DTYPES[i].descr;
    return NULL;
}

size_t cli_npy_header(char *header, const ap_tensor_view *view) {
    const char *descr = descr_of(view->dtype);
    if (!descr) return 0;
    size_t start = MAGIC_BYTES + 4, size = CLI_NPY_HEADER_BYTES;
    char *text = header + start;
    /* Fits: at most 8 dimensions of 19 digits. */
    size_t n =
        (size_t)snprintf(text, size - start, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (uint32_t i = 0; i < view->rank; i++)
        n += (size_t)snprintf(text + n, size - start - n,
                              i && view->rank > 1 ? " %" PRId64 "," : "%" PRId64 ",", view->shape[i]);
    if (view->rank > 1) n--; /* (3,) keeps its comma, (3, 4) does not. */
    n += (size_t)snprintf(text + n, size - start - n, "), }");
    size_t total = (start + n + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(text + n, ' ', total - start - n);
    header[total - 1] = '\n';
    memcpy(header, MAGIC, MAGIC_BYTES);
    header[MAGIC_BYTES] = 1;
    header[MAGIC_BYTES + 1] = 0;
    header[MAGIC_BYTES + 2] = (char)((total - start) & 0xFF);
    header[MAGIC_BYTES + 3] = (char)((total - start) >> 8);
    return total;
}

/* bfloat16 is the upper half of a float32. The caller frees it; NULL: out of memory. */
static uint32_t *widened(const ap_tensor_view *view) {
    size_t n = view->size_bytes / 2;
    uint32_t *wide = malloc(n ? n * sizeof *wide : 1);
    for (size_t i = 0; wide && i < n; i++) {
        uint16_t half;
        memcpy(&half, (const char *)view->data + i * 2, 2);
        wide[i] = (uint32_t)half << 16;
    }
    return wide;
}

static ap_status write_file(const char *path, const ap_tensor_view *view, ap_error *err) {
    char header[CLI_NPY_HEADER_BYTES], reason[128];
    size_t n = cli_npy_header(header, view);
    if (!n)
        return cli_fail(err, AP_EUNSUPPORTED, "%s: .npy has no type for %s", path,
                        ap_dtype_name(view->dtype));
    errno = 0;
    FILE *file = fopen(path, "wb");
    bool done = file && fwrite(header, 1, n, file) == n &&
                (!view->size_bytes || fwrite(view->data, 1, view->size_bytes, file) == view->size_bytes);
    if (file && fclose(file)) done = false;
    if (done) return AP_OK;
    return cli_fail(err, AP_EIO, "%s: cannot write: %s", path, cli_errno_text(errno, reason, sizeof reason));
}

ap_status cli_npy_write(const char *path, const ap_tensor_view *view, ap_dtype *dtype, ap_error *err) {
    ap_tensor_view written = *view;
    uint32_t *wide = NULL;
    if (view->dtype == AP_DTYPE_BF16) {
        if (!(wide = widened(view))) return cli_fail_nomem(err);
        written.dtype = AP_DTYPE_F32;
        written.data = wide;
        written.size_bytes *= 2;
    }
    *dtype = written.dtype;
    ap_status status = write_file(path, &written, err);
    free(wide);
    return status;
}
