/* Runs a fuzz target over files, without libFuzzer: each argument is a file, or a folder whose files are run
 * in the order of their names. A folder that is missing or empty is an error, since a corpus that went away
 * must not look like one that passed. Habit from libgit2 (fuzzers/standalone_driver.c). */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Optional in libFuzzer's interface too. */
int __attribute__((weak)) LLVMFuzzerInitialize(int *argc, char ***argv);

static int fail(const char *path) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return -1;
}

/* The copy has exactly the size of the file, so that a sanitizer sees the first byte read behind it. */
static int run_file(const char *path, long size_bytes) {
    size_t size = (size_t)size_bytes;
    FILE *file = fopen(path, "rb");
    if (!file) return fail(path);
    uint8_t *data = malloc(size ? size : 1);
    int status = 0;
    if (!data || fread(data, 1, size, file) != size)
        status = fail(path);
    else
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    fclose(file);
    return status;
}

static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* Returns how many files were run, or -1. */
static long run_path(const char *path) {
    struct stat info;
    if (stat(path, &info)) return fail(path);
    if (!S_ISDIR(info.st_mode)) return run_file(path, (long)info.st_size) ? -1 : 1;

    struct dirent **entries = NULL;
    int n_entries = scandir(path, &entries, is_visible, alphasort);
    if (n_entries < 0) return fail(path);
    long n_run = 0;
    for (int i = 0; i < n_entries; i++) {
        char child[PATH_MAX];
        int len = snprintf(child, sizeof(child), "%s/%s", path, entries[i]->d_name);
        long n = len > 0 && (size_t)len < sizeof(child) ? run_path(child) : -1;
        n_run = n < 0 || n_run < 0 ? -1 : n_run + n;
        free(entries[i]);
    }
    free(entries);
    return n_run;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE_OR_FOLDER...\n", argv[0]);
        return 2;
    }
    if (LLVMFuzzerInitialize && LLVMFuzzerInitialize(&argc, &argv)) return 1;
    long n_run = 0;
    for (int i = 1; i < argc; i++) {
        long n = run_path(argv[i]);
        if (n < 0) return 1;
        if (n == 0) {
            fprintf(stderr, "%s: no files to run\n", argv[i]);
            return 1;
        }
        n_run += n;
    }
    printf("%ld inputs\n", n_run);
    return 0;
}
