#define _GNU_SOURCE /* symlink */
#include "backend/folder.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <sys/stat.h>
#include <unistd.h>

static ap__path folder;

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

void test_counts_what_is_ours(void **state) {
    (void)state;
    uint64_t size = 0;
    ap__path dir = tempdir_make_dir(&folder, "a");
    chmod(dir.text, 0700);
    tempdir_write_text(&folder, "a/one", "1");
    assert_true(ap__folder_is_ours(dir.text, &size));
    assert_true(size >= 1);
    assert_true(ap__folder_is_ours(dir.text, NULL));
}

void test_refuses_what_others_can_reach(void **state) {
    (void)state;
    ap__path dir = tempdir_make_dir(&folder, "a");
    chmod(dir.text, 0755);
    assert_false(ap__folder_is_ours(dir.text, NULL));
    assert_true(ap__folder_is_private(dir.text));
    chmod(dir.text, 0770);
    assert_false(ap__folder_is_ours(dir.text, NULL));
    assert_false(ap__folder_is_private(dir.text));
}

void test_refuses_links_and_folders_in_it(void **state) {
    (void)state;
    ap__path dir = tempdir_make_dir(&folder, "a"), link;
    chmod(dir.text, 0700);
    ap__path_join(&link, folder.text, "link", NULL);
    assert_int_equal(0, symlink(dir.text, link.text));
    assert_false(ap__folder_is_ours(link.text, NULL));
    assert_false(ap__folder_is_private(link.text));
    ap__path_join(&link, dir.text, "file", NULL);
    assert_int_equal(0, symlink("/etc/passwd", link.text));
    assert_false(ap__folder_is_ours(dir.text, NULL));
    unlink(link.text);
    tempdir_make_dir(&folder, "a/b");
    assert_false(ap__folder_is_ours(dir.text, NULL));
}

void test_refuses_what_belongs_to_others(void **state) {
    (void)state;
    ap__path dir = tempdir_make_dir(&folder, "a");
    chmod(dir.text, 0700);
    if (chown(dir.text, 65534, (gid_t)-1) != 0) skip();
    assert_false(ap__folder_is_ours(dir.text, NULL));
    assert_false(ap__folder_is_private(dir.text));
}

void test_removes_files_and_links_but_no_folder(void **state) {
    (void)state;
    ap__path dir = tempdir_make_dir(&folder, "a"), link;
    ap__path kept = tempdir_write_text(&folder, "kept", "text");
    tempdir_write_text(&folder, "a/one", "1");
    ap__path_join(&link, dir.text, "link", NULL);
    assert_int_equal(0, symlink(kept.text, link.text));
    ap__folder_remove(dir.text);
    assert_false(ap__path_is_dir(dir.text));
    assert_true(ap__path_is_file(kept.text));

    ap__path inner = tempdir_make_dir(&folder, "a/b");
    ap__folder_remove(dir.text);
    assert_true(ap__path_is_dir(inner.text));
    ap__folder_remove("/no/such/folder");
}
