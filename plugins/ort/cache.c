/* The start-up cache.
 *
 * A folder holds model.onnx (the optimised graph), weights.bin (its initializers and what the kernels packed
 * of them, which the runtime maps) and a manifest. The manifest comes last, and says how long the other two
 * are: a disk that was full or a machine that lost power leaves files that are too short, and those are found
 * by their size. It also lists the files with external data of the original, whose change the library cannot
 * see. */
#include "cache.h"

#include <fcntl.h>
#include <onnxruntime_session_options_config_keys.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MODEL_FILE "model.onnx"
#define WEIGHTS_FILE "weights.bin"
#define MANIFEST_FILE "manifest"

/* The first line of a manifest. Raise the number when the content of the folder means something else. */
#define MANIFEST_HEADER "accelpipe ort cache 1"

/* Initializers below this size stay in the graph, where shape computations look for them. */
#define MIN_EXTERNAL_BYTES "1024"

/* Larger folders take longer to write than they save. */
#define MAX_FOLDER_BYTES ((uint64_t)2 << 30)

enum { PATH_SIZE = 4096, LINE_SIZE = 2 * PATH_SIZE };

struct ort_cache_writer {
    const ap_model_ref *model;
    const ort_onnx *onnx;
    struct stat external[ORT_ONNX_MAX_EXTERNAL]; /* As they were before the model was opened. */
    char folder[PATH_SIZE];
};

typedef struct path {
    char text[PATH_SIZE];
} path;

static bool join(path *out, const char *folder, const char *name, size_t name_len) {
    int n = snprintf(out->text, sizeof out->text, "%s/%.*s", folder, (int)name_len, name);
    return n > 0 && (size_t)n < sizeof out->text;
}

/* A file of external data: beside the model. */
static bool external_path(path *out, const ap_model_ref *model, const char *name, size_t name_len) {
    const char *slash = strrchr(model->path, '/');
    path folder;
    int n = snprintf(folder.text, sizeof folder.text, "%.*s", slash ? (int)(slash - model->path) : 1,
                     slash ? model->path : ".");
    return n >= 0 && (size_t)n < sizeof folder.text && join(out, folder.text, name, name_len);
}

/* -- reading ------------------------------------------------------------------------------------------- */

static bool file_has_size(const char *folder, const char *name, uint64_t size) {
    path file;
    struct stat info;
    return join(&file, folder, name, strlen(name)) && stat(file.text, &info) == 0 && S_ISREG(info.st_mode) &&
           (uint64_t)info.st_size == size;
}

static bool external_is_unchanged(const ap_model_ref *model, const char *name,
                                  const unsigned long long *seen) {
    path file;
    struct stat info;
    return external_path(&file, model, name, strlen(name)) && stat(file.text, &info) == 0 &&
           (unsigned long long)info.st_size == seen[0] &&
           (unsigned long long)info.st_mtim.tv_sec == seen[1] &&
           (unsigned long long)info.st_mtim.tv_nsec == seen[2] && (unsigned long long)info.st_ino == seen[3];
}

/* One line of the manifest; `*n_files` counts those of the folder. */
static bool line_holds(const ap_model_ref *model, char *line, int *n_files) {
    unsigned long long seen[4];
    int at = 0;
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "file %llu %n", &seen[0], &at) == 1 && at > 0) {
        ++*n_files;
        return file_has_size(model->cache_path, line + at, seen[0]);
    }
    if (sscanf(line, "external %llu %llu %llu %llu %n", &seen[0], &seen[1], &seen[2], &seen[3], &at) == 4 &&
        at > 0)
        return external_is_unchanged(model, line + at, seen);
    return strcmp(line, "end") == 0;
}

static bool manifest_holds(const ap_model_ref *model) {
    path file;
    char line[LINE_SIZE] = "";
    int n_files = 0;
    bool holds = true;
    if (!join(&file, model->cache_path, MANIFEST_FILE, strlen(MANIFEST_FILE))) return false;
    FILE *manifest = fopen(file.text, "re");
    if (!manifest) return false;
    if (!fgets(line, sizeof line, manifest) || strcmp(line, MANIFEST_HEADER "\n") != 0) holds = false;
    while (holds && fgets(line, sizeof line, manifest)) holds = line_holds(model, line, &n_files);
    fclose(manifest);
    return holds && n_files > 0 && strcmp(line, "end") == 0;
}

static OrtSession *open_folder(const ap_model_ref *model, ap_error *err) {
    path file;
    OrtSessionOptions *options = NULL;
    OrtSession *session = NULL;
    if (!join(&file, model->cache_path, MODEL_FILE, strlen(MODEL_FILE))) return NULL;
    if (ort_options_create(&options, model, NULL, err)) return NULL;
    /* It is optimised already. */
    OrtStatus *failure = ort.api->SetSessionGraphOptimizationLevel(options, ORT_DISABLE_ALL);
    if (!failure) failure = ort.api->CreateSession(ort.env, file.text, options, &session);
    ort.api->ReleaseSessionOptions(options);
    return ort_fail(err, failure, "open") ? NULL : session;
}

OrtSession *ort_cache_open(const ap_model_ref *model) {
    struct stat info;
    ap_error err = AP_ERROR_INIT;
    if (!model->cache_path || lstat(model->cache_path, &info) != 0) return NULL;
    OrtSession *session = manifest_holds(model) ? open_folder(model, &err) : NULL;
    if (session) return session;
    ort.host->log(AP_LOG_DEBUG, "ort: cache: %s is no use and is removed: %s", model->cache_path,
                  err.status ? err.message : "its manifest does not hold");
    ort.host->remove_folder(model->cache_path);
    return NULL;
}

/* -- writing ------------------------------------------------------------------------------------------- */

/* Whether a name can be a rest of a line. */
static bool fits_manifest(ort_text name) {
    if (name.len == 0 || name.len >= PATH_SIZE || name.ptr[0] == ' ') return false;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < 0x20) return false;
    return true;
}

/* Notes the state of the external files; false when one cannot be told in a manifest. */
static bool stat_external(ort_cache_writer *writer, uint64_t *n_bytes) {
    const ort_onnx *onnx = writer->onnx;
    for (size_t i = 0; i < onnx->n_external; i++) {
        path file;
        ort_text name = onnx->external[i];
        if (!fits_manifest(name) || !external_path(&file, writer->model, name.ptr, name.len) ||
            stat(file.text, &writer->external[i]) != 0)
            return false;
        *n_bytes += (uint64_t)writer->external[i].st_size;
    }
    return true;
}

/* What the folder will take: weights twice, as they are and as they are packed, and a byte of a quantized
 * weight becomes four. */
static bool is_small_enough(const ort_cache_writer *writer, uint64_t model_bytes) {
    struct statvfs disk;
    uint64_t factor = ort_onnx_folds_weights(writer->onnx) ? 8 : 2;
    if (model_bytes > MAX_FOLDER_BYTES / factor || statvfs(writer->folder, &disk) != 0) return false;
    return model_bytes * factor < (uint64_t)disk.f_bavail * disk.f_frsize / 2;
}

static bool make_folder(ort_cache_writer *writer) {
    static atomic_uint counter;
    int n = snprintf(writer->folder, sizeof writer->folder, "%s.tmp.%ld.%u", writer->model->cache_path,
                     (long)getpid(), atomic_fetch_add(&counter, 1));
    return n > 0 && (size_t)n < sizeof writer->folder && mkdir(writer->folder, 0700) == 0;
}

static OrtStatus *set_options(OrtSessionOptions *options, const char *model_file) {
    static const char *const entries[][2] = {
        {kOrtSessionOptionsOptimizedModelExternalInitializersFileName, WEIGHTS_FILE},
        {kOrtSessionOptionsOptimizedModelExternalInitializersMinSizeInBytes, MIN_EXTERNAL_BYTES},
        {kOrtSessionOptionsSavePrePackedConstantInitializers, "1"},
    };
    OrtStatus *failure = ort.api->SetOptimizedModelFilePath(options, model_file);
    for (size_t i = 0; !failure && i < sizeof entries / sizeof *entries; i++)
        failure = ort.api->AddSessionConfigEntry(options, entries[i][0], entries[i][1]);
    return failure;
}

ort_cache_writer *ort_cache_begin(const ap_model_ref *model, const ort_onnx *onnx, uint64_t model_bytes,
                                  OrtSessionOptions *options) {
    path file;
    if (!model->cache_path || !model->path || !onnx->is_onnx || onnx->is_truncated) return NULL;
    ort_cache_writer *writer = ort.host->alloc(sizeof *writer);
    if (!writer) return NULL;
    writer->model = model;
    writer->onnx = onnx;
    if (!stat_external(writer, &model_bytes) || !make_folder(writer)) {
        ort.host->free(writer);
        return NULL;
    }
    OrtStatus *failure = NULL;
    bool is_ready = is_small_enough(writer, model_bytes) &&
                    join(&file, writer->folder, MODEL_FILE, strlen(MODEL_FILE)) &&
                    !(failure = set_options(options, file.text));
    ort_ignore(failure);
    if (is_ready) return writer;
    ort_cache_end(writer, 0);
    return NULL;
}

/* dprintf() and not stdio: each line is small, and its result says whether the disk took it. */
static bool write_file_line(int manifest, const char *folder, const char *name) {
    path file;
    struct stat info;
    if (!join(&file, folder, name, strlen(name)) || stat(file.text, &info) != 0) return false;
    return dprintf(manifest, "file %llu %s\n", (unsigned long long)info.st_size, name) > 0;
}

static bool write_external_line(int manifest, const struct stat *info, ort_text name) {
    return dprintf(manifest, "external %llu %llu %llu %llu %.*s\n", (unsigned long long)info->st_size,
                   (unsigned long long)info->st_mtim.tv_sec, (unsigned long long)info->st_mtim.tv_nsec,
                   (unsigned long long)info->st_ino, (int)name.len, name.ptr) > 0;
}

static bool write_lines(int manifest, const ort_cache_writer *writer) {
    bool is_whole =
        dprintf(manifest, MANIFEST_HEADER "\n") > 0 && write_file_line(manifest, writer->folder, MODEL_FILE);
    /* A model whose initializers are all small has no weights file. */
    write_file_line(manifest, writer->folder, WEIGHTS_FILE);
    for (size_t i = 0; is_whole && i < writer->onnx->n_external; i++)
        is_whole = write_external_line(manifest, &writer->external[i], writer->onnx->external[i]);
    return is_whole && dprintf(manifest, "end\n") > 0;
}

static bool write_manifest(const ort_cache_writer *writer) {
    path file;
    if (!join(&file, writer->folder, MANIFEST_FILE, strlen(MANIFEST_FILE))) return false;
    int manifest = open(file.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (manifest < 0) return false;
    bool is_whole = write_lines(manifest, writer);
    return close(manifest) == 0 && is_whole;
}

void ort_cache_end(ort_cache_writer *writer, int is_written) {
    if (!writer) return;
    const char *target = writer->model->cache_path;
    if (is_written && write_manifest(writer) && rename(writer->folder, target) == 0)
        ort.host->log(AP_LOG_DEBUG, "ort: cache: wrote %s", target);
    else /* Another process was first, or the disk is full: nothing is lost. */
        ort.host->remove_folder(writer->folder);
    ort.host->free(writer);
}
