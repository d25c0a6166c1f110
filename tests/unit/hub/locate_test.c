#define _GNU_SOURCE /* setenv */
#include "hub/locate.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <stdlib.h>
#include <string.h>

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

void test_a_folder_is_itself(void **state) {
    (void)state;
    ap__path found;
    assert_ok(ap__model_locate(&found, folder.text, &err), &err);
    assert_string_equal(folder.text, found.text);
    assert_ok(ap__model_locate(&found, ".", &err), &err);
}

void test_what_is_no_folder(void **state) {
    (void)state;
    ap__path found, file = tempdir_write_text(&folder, "config.json", "{}");
    assert_fails(ap__model_locate(&found, "", &err), AP_EINVAL, &err,
                 "model is an empty string; name a folder");
    assert_fails(ap__model_locate(&found, file.text, &err), AP_EINVAL, &err,
                 "config.json is a file; name the folder that holds config.json");
    assert_fails(ap__model_locate(&found, "distilbert/sst2", &err), AP_ENOTFOUND, &err,
                 "model distilbert/sst2: no such folder");
    assert_says(&err, "does not download");
    assert_says(&err, "tokenizer.json");
}

void test_path_too_long(void **state) {
    (void)state;
    static char name[AP__PATH_MAX + 1];
    ap__path found;
    memset(name, 'x', AP__PATH_MAX);
    assert_fails(ap__model_locate(&found, name, &err), AP_ELIMIT, &err, "limit of 4095");
    assert_fails(ap__model_locate_bundled(&found, name, &err), AP_ELIMIT, &err, "limit of 4095");
}

void test_bundled_in_the_folder_of_the_environment(void **state) {
    (void)state;
    ap__path found, made = tempdir_make_dir(&folder, "tiny-model");
    setenv("ACCELPIPE_MODELS", folder.text, 1);
    assert_ok(ap__model_locate_bundled(&found, "tiny-model", &err), &err);
    assert_string_equal(made.text, found.text);
    assert_fails(ap__model_locate_bundled(&found, "other", &err), AP_ENOTFOUND, &err,
                 "the bundled model other is not at ");
    assert_says(&err, folder.text);
    assert_says(&err, "ACCELPIPE_MODELS");
    unsetenv("ACCELPIPE_MODELS");
}

void test_bundled_beside_the_library(void **state) {
    (void)state;
    ap__path found;
    setenv("ACCELPIPE_MODELS", "", 1); /* As if it were not there. */
    assert_fails(ap__model_locate_bundled(&found, "no-such-model", &err), AP_ENOTFOUND, &err,
                 "/../share/accelpipe/models/no-such-model; name a model");
    unsetenv("ACCELPIPE_MODELS");
    assert_fails(ap__model_locate_bundled(&found, "no-such-model", &err), AP_ENOTFOUND, &err,
                 ap__path_library_dir());
}
