#include "base/path.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ap_error err;
static ap__path folder;

int group_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    return 0;
}

int group_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

static const char *joined(const char *a, const char *b) {
    static ap__path path;
    assert_ok(ap__path_join(&path, a, b, &err), &err);
    return path.text;
}

void test_join(void **state) {
    (void)state;
    assert_string_equal("a/b", joined("a", "b"));
    assert_string_equal("a/b", joined("a/", "b"));
    assert_string_equal("/b", joined("/", "b"));
    assert_string_equal("/b", joined("a", "/b"));
    assert_string_equal("b", joined("", "b"));
    assert_string_equal("a/", joined("a", ""));
    assert_string_equal("", joined("", ""));
}

void test_limit_is_exact(void **state) {
    (void)state;
    static char name[AP__PATH_MAX + 1];
    ap__path path;
    memset(name, 'x', AP__PATH_MAX);
    name[AP__PATH_MAX - 1] = '\0';
    assert_ok(ap__path_format(&path, &err, "%s", name), &err);
    assert_int_equal(AP__PATH_MAX - 1, strlen(path.text));
    assert_fails(ap__path_join(&path, "a", name, &err), AP_ELIMIT, &err, "limit of 4095");
    name[AP__PATH_MAX - 1] = 'x';
    assert_fails(ap__path_format(&path, &err, "%s", name), AP_ELIMIT, &err, "path of 4096 bytes");
    assert_int_equal(AP_ELIMIT, ap__path_format(&path, NULL, "%s", name));
}

void test_kinds_of_files(void **state) {
    (void)state;
    ap__path file = tempdir_write_text(&folder, "file", "x");
    assert_true(ap__path_is_dir(folder.text));
    assert_false(ap__path_is_file(folder.text));
    assert_true(ap__path_is_file(file.text));
    assert_false(ap__path_is_dir(file.text));
    assert_false(ap__path_is_dir("") || ap__path_is_file(""));
    assert_false(ap__path_is_dir("/no/such") || ap__path_is_file("/no/such"));
    assert_false(ap__path_is_file("/dev/null"));
}

void test_name(void **state) {
    (void)state;
    assert_string_equal("c", ap__path_name("a/b/c"));
    assert_string_equal("c", ap__path_name("c"));
    assert_string_equal("", ap__path_name("a/"));
    assert_string_equal("", ap__path_name(""));
}

static const char *cut(const char *text) {
    static ap__path path;
    assert_ok(ap__path_format(&path, &err, "%s", text), &err);
    ap__path_cut_name(&path);
    return path.text;
}

void test_cut_name(void **state) {
    (void)state;
    assert_string_equal("a/b", cut("a/b/c"));
    assert_string_equal("a", cut("a/"));
    assert_string_equal("/", cut("/a"));
    assert_string_equal("/", cut("/"));
    assert_string_equal(".", cut("a"));
    assert_string_equal(".", cut(""));
}

void test_resolve(void **state) {
    (void)state;
    ap__path file = tempdir_write_text(&folder, "target", "x"), link, real, of_link;
    assert_ok(ap__path_join(&link, folder.text, "link", &err), &err);
    assert_int_equal(0, symlink("target", link.text));
    assert_ok(ap__path_resolve(&real, file.text, &err), &err);
    assert_ok(ap__path_resolve(&of_link, link.text, &err), &err);
    assert_string_equal(real.text, of_link.text);
    assert_fails(ap__path_resolve(&real, "/no/such/file", &err), AP_ENOTFOUND, &err,
                 "/no/such/file: No such");
    assert_fails(ap__path_resolve(&real, "", &err), AP_ENOTFOUND, &err, "No such");
    assert_ok(ap__path_join(&link, folder.text, "loop", &err), &err);
    assert_int_equal(0, symlink("loop", link.text));
    assert_fails(ap__path_resolve(&real, link.text, &err), AP_EIO, &err, "loop");
}

void test_make_dirs(void **state) {
    (void)state;
    ap__path deep, file;
    assert_ok(ap__path_join(&deep, folder.text, "a//b/c/", &err), &err);
    assert_ok(ap__path_make_dirs(deep.text, &err), &err);
    assert_true(ap__path_is_dir(deep.text));
    assert_ok(ap__path_make_dirs(deep.text, &err), &err); /* It is there already. */
    assert_ok(ap__path_make_dirs("/", &err), &err);
    file = tempdir_write_text(&folder, "file", "x");
    assert_fails(ap__path_make_dirs(joined(file.text, "below"), &err), AP_EIO, &err,
                 "cannot make the folder");
    assert_fails(ap__path_make_dirs(file.text, &err), AP_EIO, &err, "cannot make the folder");
    assert_fails(ap__path_make_dirs("", &err), AP_EIO, &err, "cannot make the folder");
}

void test_library_dir(void **state) {
    (void)state;
    const char *dir = ap__path_library_dir();
    assert_true(ap__path_is_dir(dir));
    assert_int_equal('/', dir[0]);
    assert_ptr_equal(dir, ap__path_library_dir());
}

void test_is_inside(void **state) {
    (void)state;
    static const char *const inside[] = {"a",       "a/b", "a/./b",  "..a", "a..",
                                         "a/..b/c", "...", "a/b../", ".",   "onnx/model.onnx"};
    static const char *const outside[] = {
        "", "/", "/a", "..", "../a", "a/..", "a/../b", "a/b/../../..", "./..", "a//../b", "../"};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) assert_true(ap__path_is_inside(inside[i]));
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        assert_false(ap__path_is_inside(outside[i]));
}
