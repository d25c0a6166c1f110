#define _XOPEN_SOURCE 700 /* nftw */
#include "unit/support/tempdir.h"

#include "unit/support/check.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void tempdir_create(ap__path *folder) {
    const char *parent = getenv("TMPDIR");
    if (!parent || !parent[0]) parent = "/tmp";
    assert_int_equal(AP_OK, ap__path_join(folder, parent, "accelpipe-test-XXXXXX", NULL));
    assert_non_null(mkdtemp(folder->text));
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

void tempdir_remove(const ap__path *folder) {
    assert_int_equal(0, nftw(folder->text, remove_entry, 16, FTW_DEPTH | FTW_PHYS));
}

static FILE *open_new(ap__path *path, const ap__path *folder, const char *name) {
    ap__path parent;
    assert_int_equal(AP_OK, ap__path_join(path, folder->text, name, NULL));
    parent = *path;
    ap__path_cut_name(&parent);
    assert_int_equal(AP_OK, ap__path_make_dirs(parent.text, NULL));
    FILE *file = fopen(path->text, "wb");
    assert_non_null(file);
    return file;
}

ap__path tempdir_write(const ap__path *folder, const char *name, const void *bytes, size_t len) {
    ap__path path;
    FILE *file = open_new(&path, folder, name);
    if (len) assert_int_equal(len, fwrite(bytes, 1, len, file));
    assert_int_equal(0, fclose(file));
    return path;
}

ap__path tempdir_write_text(const ap__path *folder, const char *name, const char *text) {
    return tempdir_write(folder, name, text, strlen(text));
}

ap__path tempdir_write_sparse(const ap__path *folder, const char *name, size_t size_bytes) {
    ap__path path;
    FILE *file = open_new(&path, folder, name);
    assert_int_equal(0, ftruncate(fileno(file), (off_t)size_bytes));
    assert_int_equal(0, fclose(file));
    return path;
}

ap__path tempdir_make_dir(const ap__path *folder, const char *name) {
    ap__path path;
    assert_int_equal(AP_OK, ap__path_join(&path, folder->text, name, NULL));
    assert_int_equal(AP_OK, ap__path_make_dirs(path.text, NULL));
    return path;
}
