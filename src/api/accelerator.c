/* The choice of the backend: the one that was named, or the first that can. */
#include "api/router.h"
#include "backend/loader.h"
#include "base/error.h"
#include "value/params.h"

#include <stdio.h>
#include <string.h>

/* A backend that was not chosen. */
typedef struct passed_row {
    const ap__known_backend *row;
    char in_short[128];
    ap_error refusal; /* AP_OK: it was not asked, or is not there. */
} passed_row;

/* What a walk over the backends has seen. */
typedef struct search {
    ap__router *r;
    char passed[256]; /* Short reasons, for the one that is chosen. */
    size_t n_passed;  /* Bytes of it. */
    passed_row rows[AP__N_KNOWN_BACKENDS];
    size_t n_rows, n_refused;         /* Refused: available ones that failed. */
    ap_error refusal;                 /* Of the first of them. */
    const ap__known_backend *missing; /* The first that reads a file of the folder and is not available, */
    ap_error missing_reason;          /* why, */
    const char *missing_install;      /* and what would help. */
} search;

/* -- opening ------------------------------------------------------------------------------------------- */

/* "" is optimum's default for subfolder: the file may be anywhere. */
ap__file_request ap__router_file_request(const ap__router *r, const ap__known_backend *row) {
    const char *subfolder = r->kwargs.subfolder;
    return (ap__file_request){
        .kind = r->pipe->ctx.task->model_kind,
        .torch_dtype = r->torch_dtype,
        .file_name = r->kwargs.file_name,
        .subfolder = subfolder && *subfolder ? subfolder : NULL,
        .reads = row->reads,
        .computes = row->computes,
        .splits_merged = !row->runs_merged,
    };
}

/* The other files that the backend could be given, in one row. */
static ap_status pass_over_files(ap__router *r, const ap__known_backend *row, const char *chosen,
                                 ap_error *err) {
    char names[256] = "";
    size_t at = 0;
    ap_value files = {0};
    ap__value_set_list(&files);
    ap_status status = ap__model_files_list(&files, r->folder.text, err);
    for (size_t i = 0; !status && i < ap_value_len(&files); i++) {
        const char *name = ap_value_get_string(ap_value_list_get(&files, i), NULL);
        if (strcmp(name, chosen) == 0 || !ap__model_file_is_read(name, row->reads)) continue;
        int n = snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", name);
        if (n > 0 && (size_t)n < sizeof names - at) at += (size_t)n;
    }
    names[at] = '\0'; /* One that did not fit is left out whole. */
    ap__value_clear(&files);
    if (status || !at) return status;
    return ap__decide(r->pipe->decisions, AP__DECISION_PASSED, "file", names, err,
                      "not what was asked for: torch_dtype or model_kwargs.file_name names one of them");
}

static ap_status decide_file(ap__router *r, const ap__known_backend *row, ap_error *err) {
    const char *file = ap__model_get_file(r->pipe->ctx.model);
    size_t len = strlen(r->folder.text);
    if (strncmp(file, r->folder.text, len) == 0 && file[len] == '/') file += len + 1;
    ap_value *record = r->pipe->decisions;
    ap_status status;
    if (r->kwargs.file_name)
        status =
            ap__decide(record, AP__DECISION_CHOSEN, "file", file, err, "model_kwargs.file_name names it");
    else if (r->torch_dtype && strcmp(r->torch_dtype, "auto") != 0)
        status =
            ap__decide(record, AP__DECISION_CHOSEN, "file", file, err,
                       "the best match for torch_dtype \"%.32s\" that %s reads", r->torch_dtype, row->name);
    else
        status = ap__decide(record, AP__DECISION_CHOSEN, "file", file, err,
                            "the float32 file of the kind that %s likes best (%s)", row->name, row->reads);
    return status ? status : pass_over_files(r, row, file, err);
}

static ap_status decide_session(ap__router *r, const ap__known_backend *row, const char *device_why,
                                ap_error *err) {
    const ap_session_info *info = ap__session_get_info(ap__model_get_session(r->pipe->ctx.model));
    ap_value *record = r->pipe->decisions;
    bool is_cached = ap__opt_boolean(&r->init->cache, true);
    ap_status status = decide_file(r, row, err);
    if (!status)
        status = ap__decide(record, AP__DECISION_CHOSEN, "device", info->device, err, "%s", device_why);
    if (!status)
        status = ap__decide(record, AP__DECISION_CHOSEN, "precision",
                            ap_dtype_name(ap__model_get_dtype(r->pipe->ctx.model)), err, "%s",
                            r->torch_dtype ? "torch_dtype" : "float32 unless torch_dtype asks for another");
    if (!status)
        status = ap__decide(record, AP__DECISION_CHOSEN, "start-up cache",
                            !is_cached         ? "off"
                            : info->from_cache ? "used"
                                               : "not used yet",
                            err, "%s",
                            !is_cached         ? "cache is false"
                            : info->from_cache ? "the model was prepared by an earlier start"
                                               : "there was nothing for this model, runtime and CPU");
    return status;
}

ap__session_options ap__router_session_options(const char **device_why, char *device, const ap__router *r,
                                               const ap__backend *backend) {
    const ap__init_opts *init = r->init;
    ap__session_options session = {
        .use = AP_USE_LATENCY,
        .n_threads = r->pipe->num_threads,
        .no_cache = !ap__opt_boolean(&init->cache, true),
        .cache_dir = ap__opt_string(&init->cache_dir, NULL),
        .options = r->kwargs.options.pairs,
        .n_options = r->kwargs.options.n,
    };
    ap__device_choose(&session.device, device_why, device, AP__OPTION_NAME_BYTES, &r->device, backend);
    if (!session.device && r->kwargs.provider) *device_why = "follows from model_kwargs.provider";
    return session;
}

/* Opens the model; the configuration is taken. */
static ap_status open_in(ap__router *r, const ap__backend *backend, const char *why, ap_error *err) {
    const ap__known_backend *row = backend->row;
    const ap__file_request file = ap__router_file_request(r, row);
    char device[AP__OPTION_NAME_BYTES];
    const char *device_why;
    const ap__session_options session = ap__router_session_options(&device_why, device, r, backend);
    ap__config *config = r->config;
    r->config = NULL;
    r->backend = backend;
    ap_status status =
        ap__model_open(&r->pipe->ctx.model, r->folder.text, config, backend, &file, &session, err);
    if (!status)
        status = ap__decide(r->pipe->decisions, AP__DECISION_CHOSEN, "backend", row->name, err, "%s", why);
    return status ? status : decide_session(r, row, device_why, err);
}

/* -- named --------------------------------------------------------------------------------------------- */

static ap_status open_named(ap__router *r, const char *name, ap_error *err) {
    const ap__backend *backend;
    ap_status status = ap__backend_get(&backend, name, err);
    if (status) return status;
    if (r->kwargs.accelerator && ap__known_backend_find(name)->is_listed &&
        strcmp(r->kwargs.accelerator, name) != 0)
        return ap__fail(err, AP_EINVAL,
                        "model_kwargs: %s is for accelerator \"%s\", and accelerator is \"%s\"",
                        r->kwargs.accelerator_entry, r->kwargs.accelerator, name);
    return open_in(r, backend, "named by accelerator", err);
}

/* -- automatic ----------------------------------------------------------------------------------------- */

/* @param in_short for the line about the backend that is chosen. */
static ap_status pass_over(search *s, const ap__known_backend *row, const char *in_short, const char *reason,
                           ap_error *err) {
    int n =
        snprintf(s->passed + s->n_passed, sizeof s->passed - s->n_passed, "; %s: %s", row->name, in_short);
    if (n > 0 && (size_t)n < sizeof s->passed - s->n_passed) s->n_passed += (size_t)n;
    passed_row *passed = &s->rows[s->n_rows++];
    passed->row = row;
    snprintf(passed->in_short, sizeof passed->in_short, "%s", in_short);
    return ap__decide(s->r->pipe->decisions, AP__DECISION_PASSED, "backend", row->name, err, "%s", reason);
}

static ap_status pass_over_missing(search *s, const ap__known_backend *row, const char *install,
                                   const ap_error *reason, ap_error *err) {
    char text[AP_ERROR_MESSAGE_SIZE];
    if (!s->missing) {
        s->missing = row;
        s->missing_reason = *reason;
        s->missing_install = install;
    }
    snprintf(text, sizeof text, "not available: %.400s%s%s", reason->message,
             install ? "; install it with: " : "", install ? install : "");
    return pass_over(s, row, "not available", text, err);
}

static ap_status pass_over_refusal(search *s, const ap__known_backend *row, const char *in_short,
                                   const ap_error *why, ap_error *err) {
    if (s->n_refused++ == 0) s->refusal = *why;
    s->rows[s->n_rows].refusal = *why;
    return pass_over(s, row, in_short, why->message, err);
}

/* Failures that another backend would not mend. */
static bool is_final(ap_status status) {
    return status == AP_ENOMEM || status == AP_EINVAL || status == AP_ETYPE || status == AP_EKEY ||
           status == AP_ECANCELED || status == AP_EBUG;
}

static ap_status fail_with(ap_error *err, const ap_error *why) {
    if (err) *err = *why;
    return why->status;
}

/* An available backend that reads a file: opens the model, and is passed over when it refuses. */
static ap_status try_open(search *s, const ap__backend *backend, ap_error *err) {
    ap__router *r = s->r;
    char why[sizeof s->passed + 128];
    ap_error reason = AP_ERROR_INIT;
    snprintf(why, sizeof why, "the first of ov, ort, ipex that can run it%s", s->passed);
    ap_status status = r->config ? AP_OK : ap__router_load_config(r, err); /* The last one took it. */
    if (!status) status = open_in(r, backend, why, &reason);
    reason.status = status;
    if (!status) return AP_OK;
    if (is_final(status) || r->pipe->ctx.model) return fail_with(err, &reason);
    return pass_over_refusal(s, backend->row, "refuses the model", &reason, err);
}

static ap_status pass_over_device(search *s, const ap__backend *backend, const char *device, ap_error *err) {
    ap_error why = AP_ERROR_INIT;
    ap__fail(&why, AP_EINVAL, "device \"%.64s\" is not there; accelerator \"%s\" has here: %s", device,
             backend->row->name, backend->probe.devices);
    return pass_over_refusal(s, backend->row, "has no such device", &why, err);
}

/* Looks at one backend, cheap questions first. Whether it was chosen shows in pipe->ctx.model. */
static ap_status consider(search *s, const ap__known_backend *row, ap_error *err) {
    ap__router *r = s->r;
    const ap__file_request request = ap__router_file_request(r, row);
    const ap__backend *backend;
    const char *install, *device, *device_why;
    char buf[AP__OPTION_NAME_BYTES], text[128];
    ap__file_choice file;
    ap_error why = AP_ERROR_INIT;
    if (r->kwargs.accelerator && strcmp(r->kwargs.accelerator, row->name) != 0) {
        snprintf(text, sizeof text, "model_kwargs.%s is for %s", r->kwargs.accelerator_entry,
                 r->kwargs.accelerator);
        return pass_over(s, row, text, text, err);
    }
    ap_status status = ap__model_file_choose(&file, r->folder.text, &request, &why);
    if (status == AP_EINVAL) return fail_with(err, &why);
    if (status) return pass_over(s, row, "reads no file of it", why.message, err);
    if (ap__backend_load(&backend, row, &install, &why)) return pass_over_missing(s, row, install, &why, err);
    ap__device_choose(&device, &device_why, buf, sizeof buf, &r->device, backend);
    if (device && !ap__backend_has_device(backend, device)) return pass_over_device(s, backend, device, err);
    return try_open(s, backend, err);
}

/* Of a folder that no backend which is available reads anything of. */
static ap_status fail_no_file(search *s, const ap__backend *available, ap_error *err) {
    const ap__file_request request = ap__router_file_request(s->r, available->row);
    ap__file_choice file;
    ap_error why = AP_ERROR_INIT;
    ap__model_file_choose(&file, s->r->folder.text, &request, &why);
    if (!s->missing) return fail_with(err, &why);
    return ap__fail(
        err, AP_ENOBACKEND,
        "accelerator \"%s\" could run %.200s but is not available: %.100s%s%s; accelerator \"%s\" "
        "is and reads no file of it",
        s->missing->name, s->r->folder.text, s->missing_reason.message,
        s->missing_install ? "; install it with: " : "", s->missing_install ? s->missing_install : "",
        available->row->name);
}

/* What stands behind the last "; ": what to do. "" where there is none. */
static const char *find_remedy(const char *message) {
    const char *remedy = "";
    for (const char *p = message; (p = strstr(p, "; ")) != NULL; p += 2) remedy = p;
    return remedy;
}

/* The remedy that all refusals have. */
static const char *find_common_remedy(const search *s) {
    const char *remedy = find_remedy(s->refusal.message);
    for (size_t i = 0; i < s->n_rows; i++) {
        const ap_error *refusal = &s->rows[i].refusal;
        if (refusal->status && strcmp(find_remedy(refusal->message), remedy) != 0) return "";
    }
    return remedy;
}

/* The reason without the remedy, in `size` bytes. The folder is named once, before all of them. */
static void shorten(char *out, size_t size, const char *folder, const char *reason, size_t len) {
    size_t n = strlen(folder), at = 0;
    while (n && folder[n - 1] == '/') n--;
    for (size_t i = 0; i < len && at + 1 < size; i++) {
        bool is_folder = n && len - i > n && !strncmp(reason + i, folder, n) && reason[i + n] == '/';
        if (is_folder)
            i += n;
        else
            out[at++] = reason[i];
    }
    out[at] = '\0';
}

/* Of several refusals each has its share of the message. */
static ap_status fail_refused(const search *s, ap_error *err) {
    enum { MAX_FOLDER = 128, MAX_OTHERS = 64 }; /* Others: the words around, and short reasons. */
    const char *folder = s->r->folder.text, *remedy = find_common_remedy(s);
    char list[AP_ERROR_MESSAGE_SIZE] = "", reason[AP_ERROR_MESSAGE_SIZE];
    size_t n_remedy = strlen(remedy), n_folder = strlen(folder), at = 0;
    size_t taken = (n_folder < MAX_FOLDER ? n_folder : MAX_FOLDER) + MAX_OTHERS + n_remedy;
    size_t share = taken < sizeof list / 2 ? (sizeof list - taken) / s->n_refused : sizeof list / 8;
    for (size_t i = 0; i < s->n_rows; i++) {
        const passed_row *passed = &s->rows[i];
        const char *message = passed->refusal.status ? passed->refusal.message : passed->in_short;
        size_t len = strlen(message) - (passed->refusal.status ? n_remedy : 0);
        shorten(reason, share, folder, message, len);
        int n = snprintf(list + at, sizeof list - at, "; %s: %s", passed->row->name, reason);
        if (n > 0 && (size_t)n < sizeof list - at) at += (size_t)n;
    }
    return ap__fail(err, s->refusal.status, "no accelerator can run %.*s%s%s", MAX_FOLDER, folder, list,
                    remedy);
}

static ap_status fail_none(search *s, ap_error *err) {
    const ap__backend *available;
    if (s->n_refused == 1) return fail_with(err, &s->refusal);
    if (s->n_refused > 1) return fail_refused(s, err);
    const char *wanted = s->r->kwargs.accelerator;
    ap_status status = ap__backend_get(&available, wanted, err);
    return status ? status : fail_no_file(s, available, err);
}

static ap_status open_first(ap__router *r, ap_error *err) {
    search s = {.r = r};
    ap_status status = AP_OK;
    for (size_t i = 0; !status && !r->pipe->ctx.model && i < AP__N_KNOWN_BACKENDS; i++)
        if (ap__known_backends[i].is_listed) status = consider(&s, &ap__known_backends[i], err);
    return status || r->pipe->ctx.model ? status : fail_none(&s, err);
}

ap_status ap__router_open_model(ap__router *r, ap_error *err) {
    const char *name = ap__opt_string(&r->init->accelerator, NULL);
    return name ? open_named(r, name, err) : open_first(r, err);
}
