/* Folders that hold files only, as those of the start-up cache do. */
#include "backend/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_dots(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

/* The folder itself, not what a link of that name points to. NULL when it cannot be opened. */
static DIR *open_entries(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (!entries && fd >= 0) close(fd);
    return entries;
}

void ap__folder_remove(const char *path) {
    DIR *entries = open_entries(path);
    if (!entries) return;
    for (const struct dirent *entry; (entry = readdir(entries));)
        if (!is_dots(entry->d_name)) unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    rmdir(path);
}

static bool is_owned(const struct stat *info, mode_t type) {
    return (info->st_mode & S_IFMT) == type && info->st_uid == geteuid();
}

bool ap__folder_is_private(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0 && is_owned(&info, S_IFDIR) && !(info.st_mode & (S_IWGRP | S_IWOTH));
}

static bool entries_are_ours(DIR *entries, uint64_t *size_bytes) {
    struct stat info;
    if (fstat(dirfd(entries), &info) != 0 || !is_owned(&info, S_IFDIR)) return false;
    if (info.st_mode & (S_IRWXG | S_IRWXO)) return false;
    for (const struct dirent *entry; (entry = readdir(entries));) {
        if (is_dots(entry->d_name)) continue;
        if (fstatat(dirfd(entries), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
        if (!is_owned(&info, S_IFREG)) return false;
        /* Blocks rather than length: what removing it gives back. */
        *size_bytes += (uint64_t)info.st_blocks * 512;
    }
    return true;
}

bool ap__folder_is_ours(const char *path, uint64_t *size_bytes) {
    uint64_t total = 0;
    DIR *entries = open_entries(path);
    if (!entries) return false;
    bool ours = entries_are_ours(entries, &total);
    closedir(entries);
    if (size_bytes) *size_bytes = total;
    return ours;
}
