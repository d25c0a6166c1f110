/* The table of the replay plugin. */
#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_MODEL_BYTES = 64 << 20 };

static ap_status probe(const ap_host *host, const char *runtime, ap_probe *out, ap_error *err) {
    (void)host;
    (void)runtime;
    (void)err;
    snprintf(out->version, sizeof out->version, "1");
    snprintf(out->devices, sizeof out->devices, "cpu");
    out->score = 1;
    return AP_OK;
}

/* The model's text, from the file or the caller. `*owned` is to be freed. */
static ap_status read_text(const char **text, size_t *len, char **owned, const ap_host *host,
                           const ap_model_ref *model, ap_error *err) {
    *text = model->bytes;
    *len = model->n_bytes;
    if (!model->path) return AP_OK;
    FILE *file = fopen(model->path, "rbe");
    if (!file) return host->fail(err, AP_ENOTFOUND, "%s: %s", model->path, strerror(errno));
    *owned = host->alloc(MAX_MODEL_BYTES);
    *len = *owned ? fread(*owned, 1, MAX_MODEL_BYTES, file) : 0;
    fclose(file);
    *text = *owned;
    if (!*owned) return host->fail(err, AP_ENOMEM, "out of memory");
    return *len < MAX_MODEL_BYTES ? AP_OK : host->fail(err, AP_ELIMIT, "%s: too large", model->path);
}

static void close_session(ap_session *session) {
    if (!session) return;
    replay_model_clear(session);
    session->host->free(session);
}

static ap_status open_session(ap_session **out, const ap_host *host, const ap_model_ref *model,
                              ap_error *err) {
    const char *text = NULL;
    char *owned = NULL;
    size_t len = 0;
    *out = NULL;
    ap_session *session = host->alloc(sizeof *session);
    if (!session) return host->fail(err, AP_ENOMEM, "out of memory");
    memset(session, 0, sizeof *session);
    session->host = host;
    ap_status status = read_text(&text, &len, &owned, host, model, err);
    if (!status) status = replay_model_parse(session, text, len, err);
    for (size_t i = 0; !status && i < model->n_options; i++)
        status = replay_setting_set(session, model->options[i].key, model->options[i].value, err);
    if (!status) replay_cache_use(session, model->cache_path, text, len);
    host->free(owned);
    if (status)
        close_session(session);
    else
        *out = session;
    return status;
}

static void describe(const ap_session *session, ap_session_info *out) {
    out->n_inputs = session->n_inputs;
    out->n_outputs = session->n_outputs;
    out->from_cache = session->from_cache;
    out->inputs = session->inputs;
    out->outputs = session->outputs;
    out->device = "cpu";
    out->run_threads = (int32_t)session->settings.run_threads;
    out->run_threads_min = (int32_t)session->settings.run_threads_min;
}

static const ap_backend table = {
    .abi = AP_BACKEND_ABI,
    .size = sizeof(ap_backend),
    .name = "replay",
    .probe = probe,
    .open = open_session,
    .describe = describe,
    .run = replay_run,
    .close = close_session,
    .read = replay_read,
};

AP_API const ap_backend *ap_backend_entry(uint32_t host_abi);

const ap_backend *ap_backend_entry(uint32_t host_abi) { return host_abi == AP_BACKEND_ABI ? &table : NULL; }
