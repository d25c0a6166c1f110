/* Loading plugins and their runtimes, each once, when it is first asked for. */
#include "backend/loader.h"

#include "backend/elf.h"
#include "backend/find.h"
#include "backend/host.h"
#include "base/error.h"
#include "base/log.h"
#include "base/suggest.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* What is known of one backend. */
typedef struct entry {
    bool is_tried;
    bool is_runtime_missing; /* The plugin is there: installing the runtime would help. */
    ap_error reason;         /* AP_OK: it can be used. */
    ap__backend backend;
    pthread_mutex_t open_lock; /* See ap__backend; taken with no other lock. */
} entry;

static entry entries[AP__N_KNOWN_BACKENDS];

/* Guards `entries` and is held while plugins and runtimes are loaded. Nothing else is locked under it but the
 * lock of the log. */
static pthread_mutex_t entries_lock = PTHREAD_MUTEX_INITIALIZER;

/* -- the plugin ---------------------------------------------------------------------------------------- */

static ap_status check_table(const ap_backend *table, const char *name, ap_error *err) {
    if (!table)
        return ap__fail(err, AP_EABI, "its plugin does not serve plugin ABI %u of this library",
                        AP_BACKEND_ABI);
    if (table->abi != AP_BACKEND_ABI)
        return ap__fail(err, AP_EABI, "its plugin was built for plugin ABI %u, this library has %u",
                        table->abi, AP_BACKEND_ABI);
    if (!AP_HAS(table, close) || !table->probe || !table->open || !table->describe || !table->run ||
        !table->close)
        return ap__fail(err, AP_EABI, "its plugin lacks functions: its table has %u bytes", table->size);
    if (!table->name || strcmp(table->name, name) != 0)
        return ap__fail(err, AP_EABI, "its plugin says that it is \"%s\"", table->name ? table->name : "");
    return AP_OK;
}

/* A plugin is never unloaded, not even a wrong one: its runtime may have started threads. */
static ap_status open_plugin(const ap_backend **out, const char *path, ap_error *err) {
    ap_status status = ap__elf_check(path, err);
    if (status) return status;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return ap__fail(err, AP_EFORMAT, "its plugin cannot be loaded: %s", dlerror());
    /* Through memory, because ISO C has no conversion from an object pointer to a function pointer. */
    void *symbol = dlsym(library, AP_BACKEND_ENTRY);
    ap_backend_entry_fn function = NULL;
    if (!symbol) return ap__fail(err, AP_EABI, "%s is no plugin: it has no " AP_BACKEND_ENTRY "()", path);
    memcpy(&function, &symbol, sizeof function);
    *out = function(AP_BACKEND_ABI);
    return AP_OK;
}

static ap_status load_plugin(ap__backend *backend, ap_error *err) {
    ap__path path;
    const char *name = backend->row->name;
    if (ap__plugin_find(&path, backend->row))
        return ap__fail(err, AP_ENOTFOUND, "this build has no plugin for it (%s)", path.text);
    ap_status status = open_plugin(&backend->table, path.text, err);
    if (!status) status = check_table(backend->table, name, err);
    if (!status) ap__log(AP_LOG_DEBUG, "backend: %s: plugin %s", name, path.text);
    return status;
}

/* -- the runtime --------------------------------------------------------------------------------------- */

/* The walk over the candidates: the first that works is taken, the first that was there and did not work is
 * the reason. */
typedef struct attempt {
    ap__backend *backend;
    ap_error *reason;
    bool is_found; /* A candidate was there. */
} attempt;

static ap_status probe_one(ap__backend *backend, const char *candidate, ap_error *err) {
    ap_status status = candidate && strchr(candidate, '/') ? ap__elf_check(candidate, err) : AP_OK;
    if (status) return status;
    backend->probe = (ap_probe){.size = sizeof(ap_probe)};
    status = backend->table->probe(ap__host_get(), candidate, &backend->probe, err);
    if (!status && backend->probe.score <= 0) status = ap__fail(err, AP_EBACKEND, "it cannot be used here");
    return status;
}

static bool try_candidate(void *ctx, const char *candidate) {
    attempt *a = ctx;
    ap_error err = AP_ERROR_INIT;
    ap_status status = probe_one(a->backend, candidate, &err);
    if (!status) return true;
    ap__log(AP_LOG_DEBUG, "backend: %s: %s is no use: %s", a->backend->row->name, candidate, err.message);
    if (status == AP_ENOTFOUND || a->is_found) return false;
    a->is_found = true;
    *a->reason = err;
    return false;
}

static ap_status load_runtime(ap__backend *backend, ap_error *err) {
    const ap__known_backend *row = backend->row;
    if (!row->runtime) return probe_one(backend, NULL, err);
    const char *explicit_path = ap__runtime_explicit(row);
    if (explicit_path) {
        ap_status status = probe_one(backend, explicit_path, err);
        return status ? ap__error_wrap(err, status, "%s", row->variable) : AP_OK;
    }
    attempt a = {backend, err, false};
    if (ap__runtime_candidates(row, try_candidate, &a)) {
        ap__error_clear(err);
        return AP_OK;
    }
    if (a.is_found) return err->status;
    return ap__fail(err, AP_ENOTFOUND, "%s (%s) was not found", row->runtime, row->library);
}

/* -- both ---------------------------------------------------------------------------------------------- */

static void load(entry *e, const ap__known_backend *row) {
    e->is_tried = true;
    e->backend.row = row;
    e->backend.open_lock = &e->open_lock;
    pthread_mutex_init(&e->open_lock, NULL);
    ap_status status = load_plugin(&e->backend, &e->reason);
    if (!status) {
        status = load_runtime(&e->backend, &e->reason);
        e->is_runtime_missing = status != AP_OK && row->runtime;
    }
    e->reason.status = status;
    if (status)
        ap__log(AP_LOG_DEBUG, "backend: %s: not available: %s", row->name, e->reason.message);
    else
        ap__log(AP_LOG_DEBUG, "backend: %s: %s %s", row->name, e->backend.probe.version,
                e->backend.probe.path);
}

ap_status ap__backend_load(const ap__backend **out, const ap__known_backend *row, const char **install,
                           ap_error *err) {
    entry *e = &entries[row - ap__known_backends];
    *out = NULL;
    pthread_mutex_lock(&entries_lock);
    if (!e->is_tried) load(e, row);
    pthread_mutex_unlock(&entries_lock);
    /* From here on nobody writes to the entry. */
    if (install) *install = e->is_runtime_missing ? row->install : NULL;
    if (e->reason.status) return ap__fail(err, AP_ENOBACKEND, "%s", e->reason.message);
    *out = &e->backend;
    return AP_OK;
}

/* -- asking for one ------------------------------------------------------------------------------------ */

static ap_status get_named(const ap__backend **out, const ap__known_backend *row, ap_error *err) {
    const char *install;
    ap_error reason = AP_ERROR_INIT;
    ap_status status = ap__backend_load(out, row, &install, &reason);
    if (!status) return AP_OK;
    return ap__fail(err, status, "accelerator \"%s\" is not available: %s%s%s", row->name, reason.message,
                    install ? "; install it with: " : "", install ? install : "");
}

/* Room for one backend's reason in the message that has those of all. */
enum { REASON_CHARS = 96 };

static ap_status get_first(const ap__backend **out, ap_error *err) {
    char text[AP_ERROR_MESSAGE_SIZE] = "";
    size_t at = 0;
    for (size_t i = 0; i < AP__N_KNOWN_BACKENDS; i++) {
        const ap__known_backend *row = &ap__known_backends[i];
        const char *install;
        ap_error reason = AP_ERROR_INIT;
        if (!row->is_listed) continue;
        if (!ap__backend_load(out, row, &install, &reason)) return AP_OK;
        int n = snprintf(text + at, sizeof text - at, "; %s: %.*s%s%s", row->name, REASON_CHARS,
                         reason.message, install ? ", install it with: " : "", install ? install : "");
        if (n > 0) at = at + (size_t)n < sizeof text ? at + (size_t)n : sizeof text - 1;
    }
    return ap__fail(err, AP_ENOBACKEND, "no backend is available%s", text);
}

static ap_status fail_unknown(const char *name, ap_error *err) {
    char names[128], hint[64];
    ap__suggestion suggestion = {NULL, 0};
    for (size_t i = 0; i < AP__N_KNOWN_BACKENDS; i++)
        if (ap__known_backends[i].is_listed) ap__suggest(&suggestion, name, ap__known_backends[i].name);
    return ap__fail(err, AP_EINVAL, "accelerator \"%.64s\" is not known; it must be %s%s", name,
                    ap__known_backends_text(names, sizeof names),
                    ap__suggestion_text(&suggestion, hint, sizeof hint));
}

ap_status ap__backend_get(const ap__backend **out, const char *name, ap_error *err) {
    *out = NULL;
    if (!name) return get_first(out, err);
    const ap__known_backend *row = ap__known_backend_find(name);
    return row ? get_named(out, row, err) : fail_unknown(name, err);
}

const char *ap__backend_get_name(const ap__backend *backend) { return backend->row->name; }

const ap_probe *ap__backend_get_probe(const ap__backend *backend) { return &backend->probe; }
