/* ONNX in memory whose weights are in files. OpenVINO would look for those in the working directory; but in
 * place of a file's name it takes a mark, and the offset is then an address. So the files are mapped, and the
 * graph is written anew with addresses in it: nothing is copied but the graph. Source: openvino@2026.4
 * src/frontends/onnx/frontend/src/utils/tensor_external_data.cpp (ORT_MEM_ADDR). */
#include "common/onnx_wire.h"
#include "common/onnx_writer.h"
#include "ov.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADDRESS_MARK "*/_ORT_MEM_ADDR_/*"

enum { DEPTH_MAX = 64, PATH_SIZE = 4096 };

/* -- files --------------------------------------------------------------------------------------------- */

/* Whether a name leads to a file below the folder: the graph may be anyone's. */
static bool is_inside(const char *name) {
    if (!name[0] || name[0] == '/') return false;
    for (const char *at = name; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || !at[2])) return false;
    return true;
}

static ap_status map_file(ovp_mapping *out, const char *path, ap_error *err) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0) return ov.host->fail(err, AP_ENOTFOUND, "%s: %s", path, strerror(errno));
    bool is_file = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
    void *ptr = is_file ? mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (ptr == MAP_FAILED) return ov.host->fail(err, AP_EIO, "%s cannot be mapped", path);
    *out = (ovp_mapping){ptr, (size_t)info.st_size};
    return AP_OK;
}

/* The folder that a model's files must be in: where the model really is, or the one that was named. */
static bool find_folder(char *out, const ap_model_ref *model) {
    if (!model->path) return snprintf(out, PATH_SIZE, "%s", model->external_data) < PATH_SIZE;
    char *real = realpath(model->path, NULL);
    int n = real ? snprintf(out, PATH_SIZE, "%s", real) : -1;
    free(real);
    if (n < 0 || n >= PATH_SIZE) return false;
    *strrchr(out, '/') = '\0';
    return true;
}

/* The file that a name of the model stands for. Beside a file, it may be a link, as in the Hub's cache. */
static bool find_file(char *out, const ap_model_ref *model, const char *folder, const char *name) {
    char beside[PATH_SIZE];
    size_t len = strlen(folder);
    const char *slash = model->path ? strrchr(model->path, '/') : NULL;
    if (!is_inside(name)) return false;
    if (!model->path) return snprintf(out, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE;
    int n = snprintf(beside, sizeof beside, "%.*s%s", slash ? (int)(slash - model->path) + 1 : 0, model->path,
                     name);
    char *real = n > 0 && (size_t)n < sizeof beside ? realpath(beside, NULL) : NULL;
    n = real ? snprintf(out, PATH_SIZE, "%s", real) : snprintf(out, PATH_SIZE, "%s", beside);
    bool is_missing = !real;
    free(real);
    return n > 0 && n < PATH_SIZE && (is_missing || (strncmp(out, folder, len) == 0 && out[len] == '/'));
}

static ap_status map_files(ovp_external *out, const ap_model_ref *model, const onnx_info *onnx,
                           ap_error *err) {
    char folder[PATH_SIZE], path[PATH_SIZE], name[PATH_SIZE];
    if (!find_folder(folder, model)) return ov.host->fail(err, AP_EIO, "the model's folder cannot be found");
    for (size_t i = 0; i < onnx->n_external; i++) {
        snprintf(name, sizeof name, "%.*s", (int)(onnx->external[i].len % PATH_SIZE), onnx->external[i].ptr);
        if (!find_file(path, model, folder, name))
            return ov.host->fail(err, AP_EINVAL, "external data \"%.64s\" is outside of %.256s", name,
                                 folder);
        ap_status status = map_file(&out->mappings[i], path, err);
        if (status) return status;
        out->n_mappings++;
    }
    return AP_OK;
}

/* -- the graph ----------------------------------------------------------------------------------------- */

typedef struct rewriter {
    const onnx_info *onnx;
    const ovp_external *external;
    onnx_writer out;
} rewriter;

static void append_entry(onnx_writer *w, const char *key, const char *value) {
    size_t entry = w->len;
    onnx_write_text(w, ONNX_ENTRY_KEY, key);
    onnx_write_text(w, ONNX_ENTRY_VALUE, value);
    onnx_write_close(w, entry, ONNX_TENSOR_EXTERNAL_DATA);
}

/* -- tensors ------------------------------------------------------------------------------------------- */

/* Where the elements of a tensor are. */
typedef struct place {
    onnx_text location;
    uint64_t offset, length;
    bool has_length;
} place;

/* A decimal number; one that is none is larger than any file. */
static uint64_t number_of(onnx_text text) {
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)((unsigned char)text.ptr[i] - '0');
        if (digit > 9 || number > (UINT64_MAX >> 4)) return UINT64_MAX;
        number = number * 10 + digit;
    }
    return number;
}

static void read_entry(place *out, onnx_text bytes) {
    onnx_entry entry = onnx_read_entry(bytes);
    if (onnx_text_is(entry.key, "location")) out->location = entry.value;
    if (onnx_text_is(entry.key, "offset")) out->offset = number_of(entry.value);
    if (onnx_text_is(entry.key, "length")) {
        out->length = number_of(entry.value);
        out->has_length = true;
    }
}

static const ovp_mapping *find_mapping(const rewriter *w, onnx_text location) {
    for (size_t i = 0; i < w->onnx->n_external; i++) {
        onnx_text name = w->onnx->external[i];
        if (name.len == location.len && memcmp(name.ptr, location.ptr, name.len) == 0)
            return &w->external->mappings[i];
    }
    return NULL;
}

static void append_place(rewriter *w, place *p) {
    char offset[24], length[24];
    const ovp_mapping *mapping = find_mapping(w, p->location);
    if (mapping && !p->has_length && p->offset <= mapping->len) p->length = mapping->len - p->offset;
    if (!mapping || p->offset > mapping->len || p->length > mapping->len - p->offset) {
        w->out.status =
            ov.host->fail(w->out.err, AP_EFORMAT, "external data \"%.*s\" is shorter than the model says",
                          (int)(p->location.len & 0xFF), p->location.ptr);
        return;
    }
    const char *address = (const char *)mapping->ptr + p->offset;
    snprintf(offset, sizeof offset, "%llu", (unsigned long long)(uintptr_t)address);
    snprintf(length, sizeof length, "%llu", (unsigned long long)p->length);
    append_entry(&w->out, "location", ADDRESS_MARK);
    append_entry(&w->out, "offset", offset);
    append_entry(&w->out, "length", length);
}

static void rewrite_tensor(rewriter *w, onnx_text tensor) {
    onnx_reader r = onnx_reader_of(tensor);
    place p = {{NULL, 0}, 0, 0, false};
    const unsigned char *start = r.at;
    for (onnx_field f; onnx_read_field(&f, &r); start = r.at) {
        if (f.number == ONNX_TENSOR_EXTERNAL_DATA && f.bytes.ptr)
            read_entry(&p, f.bytes);
        else
            onnx_write(&w->out, start, (size_t)(r.at - start));
    }
    if (p.location.ptr && !w->out.status) append_place(w, &p);
}

/* -- messages ------------------------------------------------------------------------------------------ */

typedef enum kind { KIND_OTHER, KIND_MODEL, KIND_GRAPH, KIND_NODE, KIND_ATTRIBUTE, KIND_TENSOR } kind;

/* Which messages are inside of which; the rest is taken as it is. */
static const struct {
    kind outer;
    uint32_t number;
    kind inner;
} children[] = {
    {KIND_MODEL, ONNX_MODEL_GRAPH, KIND_GRAPH},
    {KIND_GRAPH, ONNX_GRAPH_NODE, KIND_NODE},
    {KIND_GRAPH, ONNX_GRAPH_INITIALIZER, KIND_TENSOR},
    {KIND_NODE, ONNX_NODE_ATTRIBUTE, KIND_ATTRIBUTE},
    {KIND_ATTRIBUTE, ONNX_ATTRIBUTE_TENSOR, KIND_TENSOR},
    {KIND_ATTRIBUTE, ONNX_ATTRIBUTE_TENSORS, KIND_TENSOR},
    {KIND_ATTRIBUTE, ONNX_ATTRIBUTE_GRAPH, KIND_GRAPH},
    {KIND_ATTRIBUTE, ONNX_ATTRIBUTE_GRAPHS, KIND_GRAPH},
};

static kind find_inner(kind outer, const onnx_field *f) {
    for (size_t i = 0; f->bytes.ptr && i < sizeof children / sizeof *children; i++)
        if (children[i].outer == outer && children[i].number == f->number) return children[i].inner;
    return KIND_OTHER;
}

static void rewrite(rewriter *w, kind outer, onnx_text message, int depth) {
    if (outer == KIND_TENSOR) {
        rewrite_tensor(w, message);
        return;
    }
    if (depth > DEPTH_MAX) {
        w->out.status = ov.host->fail(w->out.err, AP_ELIMIT, "the model's graphs nest too deeply");
        return;
    }
    onnx_reader r = onnx_reader_of(message);
    const unsigned char *start = r.at;
    for (onnx_field f; !w->out.status && onnx_read_field(&f, &r); start = r.at) {
        kind inner = find_inner(outer, &f);
        size_t at = w->out.len;
        if (inner == KIND_OTHER) {
            onnx_write(&w->out, start, (size_t)(r.at - start));
            continue;
        }
        rewrite(w, inner, f.bytes, depth + 1);
        onnx_write_close(&w->out, at, f.number);
    }
}

/* -- all of it ----------------------------------------------------------------------------------------- */

bool ovp_external_is_needed(const ovp_external *external, const ap_model_ref *model, const onnx_info *onnx) {
    const char *slash = model->path ? strrchr(model->path, '/') : NULL;
    bool is_needed = onnx->n_external && (!model->path || external->graph);
    for (size_t i = 0; model->path && !is_needed && i < onnx->n_external; i++) {
        char path[PATH_SIZE];
        struct stat info;
        int n = snprintf(path, sizeof path, "%.*s%.*s", slash ? (int)(slash - model->path) + 1 : 0,
                         model->path, (int)(onnx->external[i].len % PATH_SIZE), onnx->external[i].ptr);
        is_needed = n > 0 && (size_t)n < sizeof path && lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
    }
    return is_needed;
}

ap_status ovp_external_init(ovp_external *out, const ap_model_ref *model, const model_bytes *bytes,
                            const onnx_info *onnx, ap_error *err) {
    rewriter w = {.onnx = onnx, .external = out, .out = {.host = ov.host, .err = err}};
    const onnx_text folded = {out->graph, out->n_graph};
    const char *what = model->path || model->external_data ? NULL : "no folder was named";
    if (!what && onnx->is_truncated) what = "they are too many";
    if (what)
        return ov.host->fail(err, AP_EUNSUPPORTED,
                             "the weights of the model are in other files (\"%.*s\"): %s",
                             (int)(onnx->external[0].len & 0xFF), onnx->external[0].ptr, what);
    ap_status status = map_files(out, model, onnx, err);
    if (status) return status;
    rewrite(&w, KIND_MODEL, folded.ptr ? folded : (onnx_text){bytes->ptr, bytes->len}, 0);
    ov.host->free(out->graph);
    out->graph = w.out.ptr;
    out->n_graph = w.out.len;
    return w.out.status;
}

void ovp_external_clear(ovp_external *external) {
    for (size_t i = 0; i < external->n_mappings; i++)
        munmap(external->mappings[i].ptr, external->mappings[i].len);
    ov.host->free(external->graph);
    memset(external, 0, sizeof *external);
}
