#define _GNU_SOURCE /* setenv, symlink */
#include "backend/find.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <accelpipe/backend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ap__path folder;
static const ap__known_backend *ort;

/* Candidates in the order in which they came, one a line. */
static char seen[65536];

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    unsetenv("VIRTUAL_ENV");
    unsetenv("CONDA_PREFIX");
    unsetenv("ACCELPIPE_PLUGIN_DIR");
    unsetenv("ACCELPIPE_ORT_LIBRARY");
    ort = ap__known_backend_find("ort");
    seen[0] = '\0';
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

static bool note(void *ctx, const char *candidate) {
    size_t at = strlen(seen);
    snprintf(seen + at, sizeof seen - at, "%s\n", candidate);
    return ctx && strstr(candidate, ctx);
}

static void add_library(const char *name) { tempdir_write_text(&folder, name, "x"); }

void test_environment_gives_the_newest_version(void **state) {
    (void)state;
    add_library("lib/python3.9/site-packages/onnxruntime/capi/libonnxruntime.so.1.99.0");
    add_library("lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime.so.1.9.0");
    add_library("lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime.so.1.10.0");
    add_library("lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime_providers_shared.so");
    add_library("lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime.sox");
    setenv("VIRTUAL_ENV", folder.text, 1);
    assert_false(ap__runtime_candidates(ort, note, NULL));
    assert_non_null(
        strstr(seen, "/lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime.so.1.10.0\n"));
    assert_null(strstr(seen, "1.9.0"));
    assert_null(strstr(seen, "python3.9"));
    assert_null(strstr(seen, "providers"));
}

void test_files_come_before_names_for_the_system(void **state) {
    (void)state;
    add_library("lib/python3.12/site-packages/onnxruntime/capi/libonnxruntime.so");
    setenv("CONDA_PREFIX", folder.text, 1);
    assert_false(ap__runtime_candidates(ort, note, NULL));
    const char *file = strstr(seen, "python3.12"), *soname = strstr(seen, "\nlibonnxruntime.so.1\n");
    assert_non_null(file);
    assert_non_null(soname);
    assert_true(file < soname);
}

void test_stops_at_the_first_that_works(void **state) {
    (void)state;
    add_library("lib/python3.12/site-packages/onnxruntime/capi/libonnxruntime.so");
    setenv("VIRTUAL_ENV", folder.text, 1);
    char wanted[] = "python3.12";
    assert_true(ap__runtime_candidates(ort, note, wanted));
    assert_null(strstr(seen, "\nlibonnxruntime.so.1\n"));
}

void test_explicit_library(void **state) {
    (void)state;
    assert_null(ap__runtime_explicit(ort));
    setenv("ACCELPIPE_ORT_LIBRARY", "", 1);
    assert_null(ap__runtime_explicit(ort));
    setenv("ACCELPIPE_ORT_LIBRARY", "/a/b.so", 1);
    assert_string_equal("/a/b.so", ap__runtime_explicit(ort));
}

void test_plugin_folder_can_be_named(void **state) {
    (void)state;
    ap__path path;
    setenv("ACCELPIPE_PLUGIN_DIR", folder.text, 1);
    assert_int_equal(AP_ENOTFOUND, ap__plugin_find(&path, ort));
    assert_non_null(strstr(path.text, "/accelpipe_ort.so"));
    add_library("accelpipe_ort.so");
    assert_int_equal(AP_OK, ap__plugin_find(&path, ort));
    assert_int_equal(0, strncmp(path.text, folder.text, strlen(folder.text)));
}

void test_long_paths_are_passed_over(void **state) {
    (void)state;
    static char path[8192];
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    ap__path out;
    setenv("VIRTUAL_ENV", path, 1);
    setenv("ACCELPIPE_PLUGIN_DIR", path, 1);
    assert_false(ap__runtime_candidates(ort, note, NULL));
    assert_int_equal(AP_ENOTFOUND, ap__plugin_find(&out, ort));
}

void test_folders_of_the_variable_and_of_the_application(void **state) {
    (void)state;
    ap__path named, added;
    add_library("named/onnxruntime/capi/libonnxruntime.so.1.5");
    add_library("added/onnxruntime/capi/libonnxruntime.so.1.6");
    assert_int_equal(ap__path_join(&named, folder.text, "named", NULL), AP_OK);
    assert_int_equal(ap__path_join(&added, folder.text, "added", NULL), AP_OK);
    char list[2 * AP__PATH_MAX];
    snprintf(list, sizeof list, ":/nonexistent:%s:", named.text);
    setenv("ACCELPIPE_PACKAGES", list, 1);
    assert_int_equal(ap_backends_add_packages(added.text, NULL), AP_OK);
    assert_int_equal(ap_backends_add_packages(added.text, NULL), AP_OK);
    assert_false(ap__runtime_candidates(ort, note, NULL));
    unsetenv("ACCELPIPE_PACKAGES");
    const char *first = strstr(seen, "libonnxruntime.so.1.5\n"),
               *second = strstr(seen, "libonnxruntime.so.1.6\n");
    assert_non_null(first);
    assert_non_null(second);
    assert_true(first < second);
    assert_null(strstr(second + 1, "libonnxruntime.so.1.6\n"));
}

void test_folders_of_the_application_have_a_limit(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    char name[32];
    ap_status status = AP_OK;
    for (int i = 0; i < 20 && !status; i++) {
        snprintf(name, sizeof name, "/nonexistent/%d", i);
        status = ap_backends_add_packages(name, &err);
    }
    assert_int_equal(status, AP_ELIMIT);
    assert_non_null(strstr(err.message, "at most 16"));
    assert_int_equal(ap_backends_add_packages(NULL, &err), AP_EINVAL);
}
