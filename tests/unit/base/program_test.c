/* Programs that are run: what they print, and how they end. */
#define _GNU_SOURCE /* setenv */
#include "base/program.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static ap_status run(const char *script, size_t max_bytes, char *printed, ap_error *err) {
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    ap__buf out = {0};
    ap_status status = ap__program_run(&out, argv, max_bytes, err);
    strncpy(printed, ap__buf_text(&out), 63);
    ap__buf_clear(&out);
    return status;
}

void test_output(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    char printed[64] = "";
    assert_ok(run("printf 'one two'; echo not this >&2", 100, printed, &err), &err);
    assert_string_equal(printed, "one two");
    assert_ok(run("cat", 100, printed, &err), &err); /* There is nothing to read. */
    assert_string_equal(printed, "");
}

void test_much_output(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    char printed[64] = "";
    assert_ok(run("head -c 1000000 /dev/zero | tr '\\0' a", 1000000, printed, &err), &err);
    assert_fails(run("yes", 100000, printed, &err), AP_ELIMIT, &err, "printed more than 100000 bytes");
}

void test_failures(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    char printed[64] = "";
    const char *argv[] = {"/no/such/program", NULL};
    ap__buf out = {0};
    assert_fails(run("exit 3", 100, printed, &err), AP_EIO, &err, "failed with exit status 3");
    assert_fails(run("kill -9 $$", 100, printed, &err), AP_EIO, &err, "ended by signal 9");
    assert_fails(ap__program_run(&out, argv, 100, &err), AP_EIO, &err, "/no/such/program cannot be started");
}

void test_find(void **state) {
    (void)state;
    ap__path folder, found;
    char path[2 * AP__PATH_MAX];
    tempdir_create(&folder);
    ap__path program = tempdir_write_text(&folder, "prog", "#!/bin/sh\n");
    tempdir_write_text(&folder, "plain", "");
    chmod(program.text, 0755);
    snprintf(path, sizeof path, "relative::/no/such:%s", folder.text);
    char *before = strdup(getenv("PATH"));
    setenv("PATH", path, 1);
    assert_true(ap__program_find(&found, "prog"));
    assert_string_equal(found.text, program.text);
    assert_false(ap__program_find(&found, "plain")); /* Nobody may run it. */
    assert_false(ap__program_find(&found, "none"));
    setenv("PATH", "", 1);
    assert_true(ap__program_find(&found, "sh"));
    setenv("PATH", before, 1);
    free(before);
    tempdir_remove(&folder);
}

static ap_status run_in_torture(void *ctx, ap_error *err) {
    const char *argv[] = {"/bin/sh", "-c", "echo a", NULL};
    ap__buf out = {0};
    (void)ctx;
    ap_status status = ap__program_run(&out, argv, 100, err);
    ap__buf_clear(&out);
    return status;
}

void test_torture(void **state) {
    (void)state;
    torture(run_in_torture, NULL);
}
