/* Folders of the start-up cache. */
#include "cache_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MANIFEST_FILE "manifest"

/* Larger folders take longer to write than they save. */
#define MAX_FOLDER_BYTES ((uint64_t)2 << 30)

enum { PATH_SIZE = 4096, LINE_SIZE = 2 * PATH_SIZE };

struct cache_writer {
    cache_source source;
    struct stat external[ONNX_MAX_EXTERNAL]; /* As they were before the model was opened. */
    char folder[PATH_SIZE];
};

typedef struct path {
    char text[PATH_SIZE];
} path;

static bool join(path *out, const char *folder, const char *name, size_t name_len) {
    int n = snprintf(out->text, sizeof out->text, "%s/%.*s", folder, (int)name_len, name);
    return n > 0 && (size_t)n < sizeof out->text;
}

/* A file beside the model. */
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

/* What shows that a file was written to or replaced. Its own time may have been set back, the inode's not. */
typedef struct stamp {
    unsigned long long of[6];
} stamp;

static stamp stamp_of(const struct stat *info) {
    return (stamp){{(unsigned long long)info->st_size, (unsigned long long)info->st_mtim.tv_sec,
                    (unsigned long long)info->st_mtim.tv_nsec, (unsigned long long)info->st_ctim.tv_sec,
                    (unsigned long long)info->st_ctim.tv_nsec, (unsigned long long)info->st_ino}};
}

static bool external_is_unchanged(const ap_model_ref *model, const char *name, const stamp *seen) {
    path file;
    struct stat info;
    if (!external_path(&file, model, name, strlen(name)) || stat(file.text, &info) != 0) return false;
    const stamp now = stamp_of(&info);
    return memcmp(&now, seen, sizeof now) == 0;
}

/* One line of the manifest; `*n_files` counts those of the folder. */
static bool line_holds(const ap_model_ref *model, char *line, int *n_files) {
    stamp seen;
    unsigned long long *n = seen.of;
    int at = 0;
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "file %llu %n", n, &at) == 1 && at > 0) {
        ++*n_files;
        return file_has_size(model->cache_path, line + at, *n);
    }
    if (sscanf(line, "external %llu %llu %llu %llu %llu %llu %n", n, n + 1, n + 2, n + 3, n + 4, n + 5,
               &at) == 6 &&
        at > 0)
        return external_is_unchanged(model, line + at, &seen);
    return strcmp(line, "end") == 0;
}

static bool is_header(const char *line, const char *header) {
    size_t len = strlen(header);
    return strncmp(line, header, len) == 0 && strcmp(line + len, "\n") == 0;
}

static bool manifest_holds(const cache_source *source) {
    path file;
    char line[LINE_SIZE] = "";
    int n_files = 0;
    bool holds = true;
    if (!join(&file, source->model->cache_path, MANIFEST_FILE, strlen(MANIFEST_FILE))) return false;
    FILE *manifest = fopen(file.text, "re");
    if (!manifest) return false;
    if (!fgets(line, sizeof line, manifest) || !is_header(line, source->header)) holds = false;
    while (holds && fgets(line, sizeof line, manifest)) holds = line_holds(source->model, line, &n_files);
    fclose(manifest);
    return holds && n_files > 0 && strcmp(line, "end") == 0;
}

bool cache_folder_find(const cache_source *source) {
    struct stat info;
    const char *folder = source->model->cache_path;
    if (!folder || !source->model->path || lstat(folder, &info) != 0) return false;
    if (manifest_holds(source)) return true;
    cache_folder_drop(source, "its manifest does not hold");
    return false;
}

void cache_folder_drop(const cache_source *source, const char *why) {
    const char *folder = source->model->cache_path;
    source->host->log(AP_LOG_DEBUG, "cache: %s is no use and is removed: %s", folder, why);
    source->host->remove_folder(folder);
}

/* -- writing ------------------------------------------------------------------------------------------- */

/* Whether a name can be a rest of a line. */
static bool fits_manifest(onnx_text name) {
    if (name.len == 0 || name.len >= PATH_SIZE || name.ptr[0] == ' ') return false;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < 0x20) return false;
    return true;
}

/* Notes the state of the external files; false when one cannot be told in a manifest. */
static bool stat_external(cache_writer *writer, uint64_t *n_bytes) {
    const cache_source *source = &writer->source;
    if (source->n_external > ONNX_MAX_EXTERNAL) return false;
    for (size_t i = 0; i < source->n_external; i++) {
        path file;
        onnx_text name = source->external[i];
        if (!fits_manifest(name) || !external_path(&file, source->model, name.ptr, name.len) ||
            stat(file.text, &writer->external[i]) != 0)
            return false;
        *n_bytes += (uint64_t)writer->external[i].st_size;
    }
    return true;
}

static bool is_small_enough(const cache_writer *writer, uint64_t model_bytes, unsigned factor) {
    struct statvfs disk;
    if (model_bytes > MAX_FOLDER_BYTES / factor || statvfs(writer->folder, &disk) != 0) return false;
    return model_bytes * factor < (uint64_t)disk.f_bavail * disk.f_frsize / 2;
}

static bool make_folder(cache_writer *writer) {
    static atomic_uint counter;
    int n = snprintf(writer->folder, sizeof writer->folder, "%s.tmp.%ld.%u", writer->source.model->cache_path,
                     (long)getpid(), atomic_fetch_add(&counter, 1));
    return n > 0 && (size_t)n < sizeof writer->folder && mkdir(writer->folder, 0700) == 0;
}

cache_writer *cache_writer_begin(const cache_source *source, uint64_t model_bytes, unsigned factor) {
    if (!source->model->cache_path || !source->model->path) return NULL;
    cache_writer *writer = source->host->alloc(sizeof *writer);
    if (!writer) return NULL;
    writer->source = *source;
    if (!stat_external(writer, &model_bytes) || !make_folder(writer)) {
        source->host->free(writer);
        return NULL;
    }
    if (is_small_enough(writer, model_bytes, factor)) return writer;
    cache_writer_end(writer, false);
    return NULL;
}

const char *cache_writer_get_folder(const cache_writer *writer) { return writer->folder; }

/* dprintf() and not stdio: each line is small, and its result says whether the disk took it. */
static bool write_file_line(int manifest, const char *folder, const char *name) {
    path file;
    struct stat info;
    if (!join(&file, folder, name, strlen(name)) || stat(file.text, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    return dprintf(manifest, "file %llu %s\n", (unsigned long long)info.st_size, name) > 0;
}

/* One for each file that the runtime wrote; one that found the disk full may have taken its own away again.
 */
static bool write_file_lines(int manifest, const char *folder) {
    bool is_whole = true;
    int n_files = 0;
    DIR *entries = opendir(folder);
    if (!entries) return false;
    for (const struct dirent *entry; is_whole && (entry = readdir(entries));)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, MANIFEST_FILE) != 0)
            is_whole = write_file_line(manifest, folder, entry->d_name) && ++n_files;
    closedir(entries);
    return is_whole && n_files > 0;
}

static bool write_external_line(int manifest, const struct stat *info, onnx_text name) {
    const stamp now = stamp_of(info);
    return dprintf(manifest, "external %llu %llu %llu %llu %llu %llu %.*s\n", now.of[0], now.of[1], now.of[2],
                   now.of[3], now.of[4], now.of[5], (int)name.len, name.ptr) > 0;
}

static bool write_lines(int manifest, const cache_writer *writer) {
    const cache_source *source = &writer->source;
    bool is_whole =
        dprintf(manifest, "%s\n", source->header) > 0 && write_file_lines(manifest, writer->folder);
    for (size_t i = 0; is_whole && i < source->n_external; i++)
        is_whole = write_external_line(manifest, &writer->external[i], source->external[i]);
    return is_whole && dprintf(manifest, "end\n") > 0;
}

static bool write_manifest(const cache_writer *writer) {
    path file;
    if (!join(&file, writer->folder, MANIFEST_FILE, strlen(MANIFEST_FILE))) return false;
    int manifest = open(file.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (manifest < 0) return false;
    bool is_whole = write_lines(manifest, writer);
    return close(manifest) == 0 && is_whole;
}

void cache_writer_end(cache_writer *writer, bool is_written) {
    if (!writer) return;
    const ap_host *host = writer->source.host;
    const char *target = writer->source.model->cache_path;
    if (is_written && write_manifest(writer) && rename(writer->folder, target) == 0)
        host->log(AP_LOG_DEBUG, "cache: wrote %s", target);
    else /* Another process was first, or the disk is full: nothing is lost. */
        host->remove_folder(writer->folder);
    host->free(writer);
}
