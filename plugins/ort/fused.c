/* Writing a model anew whose graph was changed. */
#include "fused.h"

#include "attention.h"
#include "common/onnx_wire.h"
#include "common/onnx_writer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPSET_MIN =
        18, /* From here to the one with Attention no operator of a decoder has changed its meaning. */
    OPSET_FUSED = 23,
    OPSET_MAX = 25,
    EXTERNAL_MIN_BYTES = 1024, /* Smaller weights are copied. */
    WRITTEN_MAX_BYTES = 256 << 20
};

/* A model that is being written. */
typedef struct rewriting {
    onnx_writer w;
    const graph *g;
    const char *start;  /* Of the model's bytes, which are those of the file `name`. */
    const char *beside; /* Folder that names in the model are of. */
    const char *folder; /* Where its files really are. */
    const char *name;
    bool is_off; /* A file is in another folder. */
} rewriting;

/* -- weights ------------------------------------------------------------------------------------------- */

static void write_entry(onnx_writer *w, const char *key, onnx_text value) {
    size_t start = w->len;
    onnx_write_text(w, ONNX_ENTRY_KEY, key);
    onnx_write_bytes(w, ONNX_ENTRY_VALUE, value);
    onnx_write_close(w, start, ONNX_TENSOR_EXTERNAL_DATA);
}

static void write_number(onnx_writer *w, const char *key, size_t number) {
    char text[24];
    int len = snprintf(text, sizeof text, "%zu", number);
    write_entry(w, key, (onnx_text){text, (size_t)len});
}

/* Weights that are in the file stay there. */
static void write_place(rewriting *r, onnx_text raw) {
    write_entry(&r->w, "location", (onnx_text){r->name, strlen(r->name)});
    write_number(&r->w, "offset", (size_t)(raw.ptr - r->start));
    write_number(&r->w, "length", raw.len);
    onnx_write_int(&r->w, ONNX_TENSOR_DATA_LOCATION, ONNX_TENSOR_EXTERNAL);
}

/* The name of a file beside the model, as it is called where it really is: in the Hub's cache it is a link.
 */
static void write_location(rewriting *r, onnx_text value) {
    char path[PATH_MAX], real[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%.*s", r->beside, (int)(value.len % PATH_MAX), value.ptr);
    bool is_found = n > 0 && (size_t)n < sizeof path && realpath(path, real);
    char *slash = is_found ? strrchr(real, '/') : NULL;
    r->is_off = r->is_off || !slash;
    if (r->is_off) return;
    *slash = '\0';
    r->is_off = strcmp(real, r->folder) != 0;
    write_entry(&r->w, "location", (onnx_text){slash + 1, strlen(slash + 1)});
}

static void write_external(rewriting *r, onnx_text bytes) {
    onnx_entry entry = onnx_read_entry(bytes);
    if (onnx_text_is(entry.key, "location") && entry.value.ptr)
        write_location(r, entry.value);
    else
        onnx_write_bytes(&r->w, ONNX_TENSOR_EXTERNAL_DATA, bytes);
}

/* A field as it is. */
static void copy_field(rewriting *r, const unsigned char *start, const onnx_reader *in) {
    onnx_write(&r->w, start, (size_t)(in->at - start));
}

static void write_initializer(rewriting *r, onnx_text tensor) {
    size_t start = r->w.len;
    onnx_reader in = onnx_reader_of(tensor);
    onnx_text raw = {NULL, 0};
    for (onnx_field f; in.at < in.end;) {
        const unsigned char *at = in.at;
        if (!onnx_read_field(&f, &in)) break;
        if (f.number == ONNX_TENSOR_RAW_DATA && f.bytes.ptr && f.bytes.len >= EXTERNAL_MIN_BYTES)
            raw = f.bytes;
        else if (f.number == ONNX_TENSOR_EXTERNAL_DATA && f.bytes.ptr)
            write_external(r, f.bytes);
        else
            copy_field(r, at, &in);
    }
    if (raw.ptr) write_place(r, raw);
    onnx_write_close(&r->w, start, ONNX_GRAPH_INITIALIZER);
}

/* -- the model ----------------------------------------------------------------------------------------- */

static void write_graph(rewriting *r, onnx_text bytes, const uint32_t *order, size_t n) {
    size_t start = r->w.len;
    onnx_reader in = onnx_reader_of(bytes);
    for (size_t i = 0; i < n; i++) onnx_write_bytes(&r->w, ONNX_GRAPH_NODE, r->g->nodes[order[i]].bytes);
    for (onnx_field f; in.at < in.end;) {
        const unsigned char *at = in.at;
        if (!onnx_read_field(&f, &in)) break;
        if (f.number == ONNX_GRAPH_INITIALIZER && f.bytes.ptr)
            write_initializer(r, f.bytes);
        else if (f.number != ONNX_GRAPH_NODE && f.number != ONNX_GRAPH_VALUE_INFO)
            copy_field(r, at, &in);
    }
    onnx_write_close(&r->w, start, ONNX_MODEL_GRAPH);
}

static bool is_standard_opset(onnx_text opset) {
    onnx_reader in = onnx_reader_of(opset);
    for (onnx_field f; onnx_read_field(&f, &in);)
        if (f.number == ONNX_OPSET_DOMAIN && f.bytes.len && !onnx_text_is(f.bytes, "ai.onnx")) return false;
    return true;
}

static void write_opset(onnx_writer *w, int64_t version) {
    size_t start = w->len;
    onnx_write_text(w, ONNX_OPSET_DOMAIN, "");
    onnx_write_int(w, ONNX_OPSET_VERSION, version);
    onnx_write_close(w, start, ONNX_MODEL_OPSET_IMPORT);
}

static void write_model(rewriting *r, const uint32_t *order, size_t n) {
    onnx_reader in = onnx_reader_of(r->g->model);
    for (onnx_field f; in.at < in.end;) {
        const unsigned char *at = in.at;
        if (!onnx_read_field(&f, &in)) break;
        if (f.number == ONNX_MODEL_GRAPH)
            write_graph(r, f.bytes, order, n);
        else if (f.number == ONNX_MODEL_OPSET_IMPORT && f.bytes.ptr && is_standard_opset(f.bytes))
            write_opset(&r->w, r->g->opset > OPSET_FUSED ? r->g->opset : OPSET_FUSED);
        else
            copy_field(r, at, &in);
    }
}

/* -- whether ------------------------------------------------------------------------------------------- */

/* The file's graph is taken as it is when the caller says how far it may be changed. */
static bool may_change(const ap_model_ref *model) {
    for (size_t i = 0; i < model->n_options; i++)
        if (strcmp(model->options[i].key, "graph_optimization_level") == 0) return false;
    return model->path != NULL;
}

/* Operators that mean something else in a later opset. */
static bool may_rise(const graph *g) {
    static const char *const changed[] = {"GroupNormalization", "DFT", "GridSample", NULL};
    if (g->opset < OPSET_MIN || g->opset > OPSET_MAX) return false;
    for (size_t i = 0; i < g->n_nodes; i++)
        for (size_t k = 0; changed[k]; k++)
            if (g->nodes[i].is_standard && onnx_text_is(g->nodes[i].op, changed[k])) return false;
    return true;
}

static bool find_folder(fused_model *out, rewriting *r, char *beside, size_t n_beside, const char *path) {
    char *real = realpath(path, NULL), *slash = real ? strrchr(real, '/') : NULL;
    const char *end = strrchr(path, '/');
    bool ok = slash && slash > real && strlen(real) < sizeof out->folder &&
              (!end || (size_t)(end - path) < n_beside);
    if (ok) {
        memcpy(out->folder, real, strlen(real) + 1);
        slash = out->folder + (slash - real);
        *slash = '\0';
        snprintf(beside, n_beside, "%.*s", end ? (int)(end - path) : 1, end ? path : ".");
        r->folder = out->folder;
        r->name = slash + 1;
        r->beside = beside;
    }
    free(real);
    return ok;
}

static bool rewrite(fused_model *out, const ap_model_ref *model, const graph *g) {
    char beside[PATH_MAX];
    rewriting r = {.w = {.host = g->host}, .g = g, .start = g->model.ptr};
    size_t n = 0;
    uint32_t *order = g->host->alloc(g->n_nodes * sizeof *order);
    bool ok = order && graph_order(order, &n, g) && find_folder(out, &r, beside, sizeof beside, model->path);
    if (ok) write_model(&r, order, n);
    g->host->free(order);
    if (!ok || r.w.status || r.is_off || r.w.len > WRITTEN_MAX_BYTES) {
        onnx_write_clear(&r.w);
        return false;
    }
    out->bytes = r.w.ptr;
    out->ref = *model;
    out->ref.path = NULL;
    out->ref.bytes = r.w.ptr;
    out->ref.n_bytes = r.w.len;
    out->ref.external_data = out->folder;
    return true;
}

/* Where activations are quantized at run time, the smallest difference becomes a large one. */
bool fused_model_init(fused_model *out, const ap_host *host, const ap_model_ref *model, const onnx_info *onnx,
                      onnx_text bytes) {
    graph g;
    memset(out, 0, sizeof *out);
    out->host = host;
    if (!onnx->is_onnx || !onnx->has_past || !may_change(model)) return false;
    if (graph_read(&g, host, bytes) && may_rise(&g)) out->n_fused = attention_fuse(&g, onnx->has_quantize);
    bool ok = out->n_fused && !g.is_odd && rewrite(out, model, &g);
    graph_clear(&g);
    return ok;
}

void fused_model_clear(fused_model *fused) {
    fused->host->free(fused->bytes);
    fused->bytes = NULL;
}
