/* Keeping the start-up cache below its limit. Runs when a folder was written, which is rare, so that it may
 * look at all of them. */
#include "backend/cache_trim.h"

#include "backend/folder.h"
#include "base/alloc.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_FOLDERS = 1 << 16,
    /* A half-written folder of a process that is gone may go after a minute: in another PID namespace it may
     * live, but then it takes no longer than that to write. One of a process that lives, after a day. */
    DEAD_AGE_S = 60,
    LIVE_AGE_S = 24 * 3600,
    MARK_AGE_S = 30 * 24 * 3600
};

typedef struct cached_folder {
    char *name;
    uint64_t size_bytes;
    struct timespec used;
} cached_folder;

typedef struct listing {
    ap__path dir;
    cached_folder *folders;
    size_t n, capacity;
    uint64_t total_bytes;
} listing;

/* -- marks --------------------------------------------------------------------------------------------- */

#define MARK ".over-"

/* With the limit in its name: raised, it does not count any more. */
static bool mark_path(ap__path *out, const ap__cache_entry *entry) {
    return ap__path_format(out, NULL, "%s" MARK "%" PRIu64, entry->path.text, entry->max_bytes) == AP_OK;
}

bool ap__cache_is_too_large(const ap__cache_entry *entry) {
    ap__path mark;
    struct stat info;
    return mark_path(&mark, entry) && lstat(mark.text, &info) == 0;
}

static void set_mark(const ap__cache_entry *entry) {
    ap__path mark;
    int fd = mark_path(&mark, entry) ? open(mark.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) close(fd);
    ap__log(AP_LOG_INFO, "cache: %s: larger than the limit of %" PRIu64 " bytes alone; not kept",
            entry->path.text, entry->max_bytes);
}

/* -- half-written folders ------------------------------------------------------------------------------ */

#define TMP ".tmp."

/* Plugins name such a folder ENTRY.tmp.PID.N. */
static bool is_abandoned(const char *name, time_t age_s) {
    const char *tmp = strstr(name, TMP);
    long pid = tmp ? strtol(tmp + strlen(TMP), NULL, 10) : 0;
    bool is_dead = pid <= 0 || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
    return age_s > (is_dead ? DEAD_AGE_S : LIVE_AGE_S);
}

/* -- listing ------------------------------------------------------------------------------------------- */

static void add_folder(listing *list, const char *name, const char *path, const struct stat *info) {
    void *folders = list->folders;
    cached_folder folder = {.used = info->st_mtim};
    if (!ap__folder_is_ours(path, &folder.size_bytes)) return;
    if (!ap__grow(&folders, &list->capacity, list->n + 1, sizeof folder, MAX_FOLDERS)) return;
    list->folders = folders;
    if (!(folder.name = ap__strdup(name))) return;
    list->folders[list->n++] = folder;
    list->total_bytes += folder.size_bytes;
}

static void look_at(listing *list, const char *name) {
    ap__path path;
    struct stat info;
    if (name[0] == '.' || ap__path_join(&path, list->dir.text, name, NULL) || lstat(path.text, &info) != 0)
        return;
    time_t age_s = time(NULL) - info.st_mtim.tv_sec;
    if (S_ISREG(info.st_mode) && strstr(name, MARK)) {
        if (age_s > MARK_AGE_S) unlink(path.text);
    } else if (S_ISDIR(info.st_mode) && strstr(name, TMP)) {
        if (is_abandoned(name, age_s)) ap__folder_remove(path.text);
    } else if (S_ISDIR(info.st_mode)) {
        add_folder(list, name, path.text, &info);
    }
}

static void list_folders(listing *list) {
    DIR *entries = opendir(list->dir.text);
    if (!entries) return;
    for (const struct dirent *entry; (entry = readdir(entries));) look_at(list, entry->d_name);
    closedir(entries);
}

static void listing_clear(listing *list) {
    for (size_t i = 0; i < list->n; i++) ap__free(list->folders[i].name);
    ap__free(list->folders);
}

/* -- trimming ------------------------------------------------------------------------------------------ */

static int compare_used(const void *a, const void *b) {
    const struct timespec *left = &((const cached_folder *)a)->used,
                          *right = &((const cached_folder *)b)->used;
    if (left->tv_sec != right->tv_sec) return left->tv_sec < right->tv_sec ? -1 : 1;
    return left->tv_nsec < right->tv_nsec ? -1 : left->tv_nsec > right->tv_nsec;
}

/* By way of another name: nobody may find the folder while files of it are gone already. */
static void remove_folder(const listing *list, const char *name) {
    ap__path path, doomed;
    if (ap__path_join(&path, list->dir.text, name, NULL) ||
        ap__path_format(&doomed, NULL, "%s" TMP "%ld.gone", path.text, (long)getpid()))
        return;
    ap__log(AP_LOG_DEBUG, "cache: %s: removed", path.text);
    ap__folder_remove(rename(path.text, doomed.text) == 0 ? doomed.text : path.text);
}

static void trim(listing *list, const ap__cache_entry *entry) {
    const char *newest = ap__path_name(entry->path.text);
    qsort(list->folders, list->n, sizeof *list->folders, compare_used);
    for (size_t i = 0; i < list->n && list->total_bytes > entry->max_bytes; i++) {
        const cached_folder *folder = &list->folders[i];
        bool is_newest = strcmp(folder->name, newest) == 0;
        if (is_newest && folder->size_bytes <= entry->max_bytes) continue;
        if (is_newest) set_mark(entry);
        remove_folder(list, folder->name);
        list->total_bytes -= folder->size_bytes;
    }
}

void ap__cache_trim(const ap__cache_entry *entry) {
    listing list = {.folders = NULL};
    list.dir = entry->path;
    ap__path_cut_name(&list.dir);
    list_folders(&list);
    if (list.total_bytes > entry->max_bytes) trim(&list, entry);
    listing_clear(&list);
}
