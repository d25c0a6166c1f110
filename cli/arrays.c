/* A value is rebuilt only when it holds a tensor. */
#include "arrays.h"

#include "diag.h"
#include "npy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096 };

/* mkdir -p: every "/" of `path` is an end for a moment. */
static int make_folders(char *path) {
    for (char *p = path + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        int failed = mkdir(path, 0777) && errno != EEXIST;
        *p = '/';
        if (failed) return -1;
    }
    return mkdir(path, 0777);
}

ap_status cli_arrays_open(cli_arrays *arrays, const char *folder, ap_error *err) {
    char path[PATH_BYTES], reason[128];
    struct stat info;
    *arrays = (cli_arrays){.folder = folder};
    if (!folder) return AP_OK;
    int n = snprintf(path, sizeof path, "%s", folder);
    if (n <= 0 || (size_t)n >= sizeof path) return cli_fail(err, AP_EINVAL, "--out-dir: not a path");
    int error = make_folders(path) ? errno : 0;
    if (!error || (error == EEXIST && !stat(folder, &info) && S_ISDIR(info.st_mode))) return AP_OK;
    return cli_fail(err, AP_EIO, "--out-dir %s: %s", folder, cli_errno_text(error, reason, sizeof reason));
}

static const ap_value *child(const ap_value *value, size_t i, const char **key) {
    return ap_value_kind(value) == AP_KIND_DICT ? ap_value_dict_at(value, i, key)
                                                : ap_value_list_get(value, i);
}

static bool has_tensor(const ap_value *value) {
    const char *key;
    if (ap_value_kind(value) == AP_KIND_TENSOR) return true;
    for (size_t i = 0; i < ap_value_len(value); i++)
        if (has_tensor(child(value, i, &key))) return true;
    return false;
}

/* Sets `key` of `dict` to `value`, which is taken; after a failure nothing more is done. */
static void set(ap_status *status, ap_value *dict, const char *key, ap_value *value, ap_error *err) {
    if (*status)
        ap_value_destroy(value);
    else
        *status = ap_value_dict_set_take(dict, key, value, err);
}

static ap_status shape_value(ap_value **out, const ap_tensor_view *view, ap_error *err) {
    ap_status status = ap_value_create_list(out, err);
    for (uint32_t i = 0; i < view->rank && !status; i++) {
        ap_value *n = NULL;
        if (!(status = ap_value_create_int(&n, view->shape[i], err)))
            status = ap_value_list_append_take(*out, n, err);
    }
    return status;
}

/* {"$array": {"shape": [...], "dtype": "...", "file": "..."}} */
static ap_status describe(ap_value **out, const ap_tensor_view *view, ap_dtype dtype, const char *path,
                          ap_error *err) {
    ap_value *array = NULL, *shape = NULL, *name = NULL, *file = NULL;
    ap_status status = ap_value_create_dict(out, err);
    if (!status) status = ap_value_create_dict(&array, err);
    if (!status) status = shape_value(&shape, view, err);
    if (!status) status = ap_value_create_string(&name, ap_dtype_name(dtype), AP_NUL_TERMINATED, err);
    if (!status) status = ap_value_create_string(&file, path, AP_NUL_TERMINATED, err);
    set(&status, array, "shape", shape, err);
    set(&status, array, "dtype", name, err);
    set(&status, array, "file", file, err);
    set(&status, *out, "$array", array, err);
    return status;
}

static ap_status write_array(ap_value **out, cli_arrays *arrays, const ap_tensor_view *view, ap_error *err) {
    char path[PATH_BYTES];
    ap_dtype dtype;
    int n = snprintf(path, sizeof path, "%s/array-%06zu.npy", arrays->folder, arrays->n_written + 1);
    if (n < 0 || (size_t)n >= sizeof path) return cli_fail(err, AP_EIO, "--out-dir: the path is too long");
    ap_status status = cli_npy_write(path, view, &dtype, err);
    if (status) return status;
    arrays->n_written++;
    return describe(out, view, dtype, path, err);
}

static ap_status rebuild(ap_value **out, cli_arrays *arrays, const ap_value *value, ap_error *err);

static ap_status rebuild_children(ap_value **out, cli_arrays *arrays, const ap_value *value, ap_error *err) {
    bool is_dict = ap_value_kind(value) == AP_KIND_DICT;
    ap_status status = is_dict ? ap_value_create_dict(out, err) : ap_value_create_list(out, err);
    for (size_t i = 0; i < ap_value_len(value) && !status; i++) {
        const char *key = NULL;
        ap_value *item = NULL;
        const ap_value *from = child(value, i, &key);
        status = rebuild(&item, arrays, from, err);
        if (status)
            ap_value_destroy(item);
        else
            status = is_dict ? ap_value_dict_set_take(*out, key, item, err)
                             : ap_value_list_append_take(*out, item, err);
    }
    return status;
}

/* On failure `*out` holds what there is so far. */
static ap_status rebuild(ap_value **out, cli_arrays *arrays, const ap_value *value, ap_error *err) {
    ap_tensor_view view;
    ap_kind kind = ap_value_kind(value);
    if (ap_value_get_tensor(value, &view)) return write_array(out, arrays, &view, err);
    bool has_children = kind == AP_KIND_LIST || kind == AP_KIND_DICT;
    return has_children ? rebuild_children(out, arrays, value, err) : ap_value_copy(out, value, err);
}

ap_status cli_arrays_replace(cli_arrays *arrays, ap_value **value, ap_error *err) {
    if (!arrays->folder || !has_tensor(*value)) return AP_OK;
    ap_value *rebuilt = NULL;
    ap_status status = rebuild(&rebuilt, arrays, *value, err);
    ap_value *old = status ? rebuilt : *value;
    if (!status) *value = rebuilt;
    ap_value_destroy(old);
    return status;
}
