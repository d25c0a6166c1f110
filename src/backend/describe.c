/* ap_backends_describe(): the table of backends as a value. */
#include <accelpipe/backend.h>

#include "backend/cache.h"
#include "backend/loader.h"
#include "base/error.h"
#include "base/threads.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* An empty text becomes null. Paths may hold any bytes, values may not. */
static ap_status set_text(ap_value *dict, const char *key, const char *text, ap_error *err) {
    char clean[AP__PATH_MAX];
    ap_value *item = NULL;
    snprintf(clean, sizeof clean, "%s", text ? text : "");
    ap__utf8_clean(clean);
    ap_status status = clean[0] ? ap_value_create_string(&item, clean, AP_NUL_TERMINATED, err)
                                : ap_value_create_null(&item, err);
    return status ? status : ap_value_dict_set_take(dict, key, item, err);
}

static ap_status append_device(ap_value *list, const char *name, size_t len, ap_error *err) {
    ap_value *item = NULL;
    ap_status status = ap_value_create_string(&item, name, len, err);
    return status ? status : ap_value_list_append_take(list, item, err);
}

static ap_status set_devices(ap_value *dict, const char *names, ap_error *err) {
    ap_value *list = NULL;
    ap_status status = ap_value_create_list(&list, err);
    for (const char *name = names; !status && *name;) {
        size_t len = strcspn(name, " ");
        status = append_device(list, name, len, err);
        name += len + strspn(name + len, " ");
    }
    if (!status) return ap_value_dict_set_take(dict, "devices", list, err);
    ap_value_destroy(list);
    return status;
}

static ap_status set_threads(ap_value *dict, ap_error *err) {
    ap_value *item = NULL;
    const ap__thread_budget *budget = ap__thread_budget_get();
    ap_status status = ap_value_create_int(&item, budget->n, err);
    if (!status) status = ap_value_dict_set_take(dict, "threads", item, err);
    return status ? status : set_text(dict, "threads_reason", budget->reason, err);
}

/* null where the user has no place for one. */
static ap_status set_cache_dir(ap_value *dict, ap_error *err) {
    ap__path root;
    return set_text(dict, "cache_dir", ap__cache_root(&root, NULL, NULL) ? NULL : root.text, err);
}

static ap_status fill(ap_value *dict, const ap__known_backend *row, ap_error *err) {
    const ap__backend *backend;
    const char *install;
    const ap_probe nothing = {.size = 0};
    ap_error reason = AP_ERROR_INIT;
    bool is_available = !ap__backend_load(&backend, row, &install, &reason);
    const ap_probe *probe = is_available ? ap__backend_get_probe(backend) : &nothing;
    ap_value *available = NULL;
    ap_status status = set_text(dict, "name", row->name, err);
    if (!status) status = ap_value_create_bool(&available, is_available, err);
    if (!status) status = ap_value_dict_set_take(dict, "available", available, err);
    if (!status) status = set_text(dict, "runtime", row->runtime, err);
    if (!status) status = set_text(dict, "version", probe->version, err);
    if (!status) status = set_text(dict, "path", probe->path, err);
    if (!status) status = set_devices(dict, probe->devices, err);
    if (!status) status = set_threads(dict, err);
    if (!status) status = set_cache_dir(dict, err);
    if (!status && !is_available) status = set_text(dict, "reason", reason.message, err);
    if (!status) status = set_text(dict, "install", install, err);
    return status;
}

ap_status ap_backends_describe(ap_value **out, ap_error *err) {
    if (!out) return ap__fail(err, AP_EINVAL, "ap_backends_describe: out is NULL");
    ap_value *list = NULL;
    *out = NULL;
    ap_status status = ap_value_create_list(&list, err);
    for (size_t i = 0; !status && i < AP__N_KNOWN_BACKENDS; i++) {
        const ap__known_backend *row = &ap__known_backends[i];
        ap_value *dict = NULL;
        if (!row->is_listed) continue;
        if ((status = ap_value_create_dict(&dict, err))) break;
        if (!(status = fill(dict, row, err)))
            status = ap_value_list_append_take(list, dict, err);
        else
            ap_value_destroy(dict);
    }
    if (status)
        ap_value_destroy(list);
    else
        *out = list;
    return status;
}
