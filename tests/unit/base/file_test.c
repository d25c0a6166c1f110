#include "base/file.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"

#include <string.h>
#include <sys/stat.h>
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

/* Both ways of getting at a file fail alike. */
static void assert_both_fail(const char *path, size_t max_bytes, ap_status expected, const char *text) {
    ap__bytes bytes = {(char *)1, 1, 1};
    assert_fails(ap__file_read(&bytes, path, max_bytes, &err), expected, &err, text);
    assert_null(bytes.ptr);
    assert_says(&err, path);
    bytes = (ap__bytes){(char *)1, 1, 1};
    assert_fails(ap__file_map(&bytes, path, max_bytes, &err), expected, &err, text);
    assert_null(bytes.ptr);
    assert_int_equal(0, bytes.len);
    ap__bytes_clear(&bytes);
}

void test_read(void **state) {
    (void)state;
    ap__bytes bytes;
    ap__path path = tempdir_write(&folder, "some", "a\0b", 3);
    assert_ok(ap__file_read(&bytes, path.text, 100, &err), &err);
    assert_int_equal(3, bytes.len);
    assert_false(bytes.is_mapped);
    assert_memory_equal("a\0b", bytes.ptr, 4); /* With a NUL behind it. */
    ap__bytes_clear(&bytes);
    assert_null(bytes.ptr);
    ap__bytes_clear(&bytes);
}

void test_map(void **state) {
    (void)state;
    ap__bytes bytes;
    ap__path path = tempdir_write(&folder, "some", "a\0b", 3);
    assert_ok(ap__file_map(&bytes, path.text, 100, &err), &err);
    assert_int_equal(3, bytes.len);
    assert_true(bytes.is_mapped);
    assert_memory_equal("a\0b", bytes.ptr, 3);
    ap__bytes_clear(&bytes);
    assert_null(bytes.ptr);
}

void test_empty_file(void **state) {
    (void)state;
    ap__bytes bytes;
    ap__path path = tempdir_write(&folder, "empty", NULL, 0);
    assert_ok(ap__file_read(&bytes, path.text, 0, &err), &err);
    assert_int_equal(0, bytes.len);
    assert_string_equal("", bytes.ptr);
    ap__bytes_clear(&bytes);
    assert_ok(ap__file_map(&bytes, path.text, 0, &err), &err);
    assert_int_equal(0, bytes.len);
    ap__bytes_clear(&bytes);
}

void test_limit_is_exact(void **state) {
    (void)state;
    ap__bytes bytes;
    ap__path path = tempdir_write(&folder, "ten", "0123456789", 10);
    assert_ok(ap__file_read(&bytes, path.text, 10, &err), &err);
    ap__bytes_clear(&bytes);
    assert_ok(ap__file_map(&bytes, path.text, 10, &err), &err);
    ap__bytes_clear(&bytes);
    assert_both_fail(path.text, 9, AP_ELIMIT, "10 bytes, over the limit of 9");
    path = tempdir_write_sparse(&folder, "huge", (size_t)1 << 33);
    assert_both_fail(path.text, 1 << 20, AP_ELIMIT, "8589934592 bytes, over the limit of 1048576");
}

void test_missing(void **state) {
    (void)state;
    ap__path path = tempdir_write_text(&folder, "some", "x"), below;
    assert_ok(ap__path_join(&below, path.text, "below", &err), &err);
    assert_both_fail("/no/such/file", 10, AP_ENOTFOUND, "No such file");
    assert_both_fail(below.text, 10, AP_ENOTFOUND, "Not a directory");
    assert_both_fail("", 10, AP_ENOTFOUND, "No such file");
}

void test_not_a_regular_file(void **state) {
    (void)state;
    ap__path fifo;
    assert_both_fail(folder.text, 10, AP_EIO, "not a regular file");
    assert_ok(ap__path_join(&fifo, folder.text, "fifo", &err), &err);
    assert_int_equal(0, mkfifo(fifo.text, 0600));
    assert_both_fail(fifo.text, 10, AP_EIO, "not a regular file"); /* And at once: nobody writes into it. */
    assert_both_fail("/dev/zero", 10, AP_EIO, "not a regular file");
}

void test_unreadable(void **state) {
    (void)state;
    ap__path path = tempdir_write_text(&folder, "secret", "x");
    assert_int_equal(0, chmod(path.text, 0));
    if (geteuid() == 0) skip(); /* root reads everything */
    assert_both_fail(path.text, 10, AP_EIO, "Permission denied");
}

void test_link_is_followed(void **state) {
    (void)state;
    ap__bytes bytes;
    ap__path path = tempdir_write_text(&folder, "target", "there"), link;
    assert_ok(ap__path_join(&link, folder.text, "link", &err), &err);
    assert_int_equal(0, symlink(path.text, link.text)); /* As in the cache of the Hub. */
    assert_ok(ap__file_read(&bytes, link.text, 10, &err), &err);
    assert_string_equal("there", bytes.ptr);
    ap__bytes_clear(&bytes);
}

static ap_status read_it(void *ctx, ap_error *error) {
    ap__bytes bytes;
    ap_status status = ap__file_read(&bytes, ctx, 100, error);
    if (status) assert_null(bytes.ptr);
    ap__bytes_clear(&bytes);
    return status;
}

void test_torture(void **state) {
    (void)state;
    ap__path path = tempdir_write_text(&folder, "some", "text");
    assert_int_equal(1, torture(read_it, path.text));
}
