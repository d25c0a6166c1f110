/* yyjson with our allocator and our errors. */
#include "base/json.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"

static void *json_malloc(void *ctx, size_t size) {
    (void)ctx;
    return ap__malloc(size);
}

static void *json_realloc(void *ctx, void *ptr, size_t old_size, size_t size) {
    (void)ctx;
    (void)old_size;
    return ap__realloc(ptr, size);
}

static void json_free(void *ctx, void *ptr) {
    (void)ctx;
    ap__free(ptr);
}

static const yyjson_alc ALC = {json_malloc, json_realloc, json_free, NULL};

const yyjson_alc *ap__json_alc(void) { return &ALC; }

static ap_status parse(yyjson_doc **out, char *text, size_t len, yyjson_read_flag flags, const char *what,
                       ap_error *err) {
    yyjson_read_err why;
    *out = NULL;
    if (!len) return ap__fail(err, AP_EFORMAT, "%s%snot JSON: it is empty", what, what[0] ? ": " : "");
    *out = yyjson_read_opts(text, len, flags, &ALC, &why);
    if (*out) return AP_OK;
    if (why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return ap__fail_nomem(err);
    return ap__fail(err, AP_EFORMAT, "%s%snot JSON: %s at byte %zu", what, what[0] ? ": " : "", why.msg,
                    why.pos);
}

/* Without YYJSON_READ_INSITU the text is only read. */
static char *unchanged(const char *text) { return (char *)(uintptr_t)text; }

ap_status ap__json_parse(yyjson_doc **out, const char *text, size_t len, const char *what, ap_error *err) {
    /* Python's json reads NaN and Infinity, and config files hold them. */
    return parse(out, unchanged(text), len, YYJSON_READ_ALLOW_INF_AND_NAN, what, err);
}

ap_status ap__json_parse_raw_numbers(yyjson_doc **out, const char *text, size_t len, const char *what,
                                     ap_error *err) {
    return parse(out, unchanged(text), len, YYJSON_READ_NUMBER_AS_RAW, what, err);
}

ap_status ap__json_parse_raw_numbers_in_place(yyjson_doc **out, char *text, size_t len, const char *what,
                                              ap_error *err) {
    return parse(out, text, len, YYJSON_READ_NUMBER_AS_RAW | YYJSON_READ_INSITU, what, err);
}

ap_status ap__json_parse_file(yyjson_doc **out, const char *path, size_t max_bytes, ap_error *err) {
    ap__bytes file = {0};
    *out = NULL;
    ap_status status = ap__file_read(&file, path, max_bytes, err);
    if (!status) status = ap__json_parse(out, file.ptr, file.len, path, err);
    ap__bytes_clear(&file);
    return status;
}
