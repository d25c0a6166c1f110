/* Every folder of tests/data/models-broken, opened as a user would: expected.tsv says what it comes to. */
#include "unit/support/check.h"
#include "unit/support/pipelines.h"
#include "unit/support/values.h"

#include <stdio.h>
#include <string.h>

#define FOLDER AP_TEST_DATA_DIR "/models-broken/"

static ap_error err;

int group_setup(void **state) {
    (void)state;
    support_use_build_plugins();
    return 0;
}

static ap_status create(ap_pipeline **out, const char *name) {
    char path[1000];
    ap_pipeline_options options = AP_PIPELINE_OPTIONS_INIT;
    snprintf(path, sizeof path, FOLDER "%s", name);
    options.task = "text-classification";
    options.model = path;
    options.accelerator = "ort";
    options.cache = AP_SWITCH_OFF;
    return ap_pipeline_create(out, &options, &err);
}

/* A line of expected.tsv. */
static void check_folder(const char *name, const char *status_name, const char *text) {
    ap_pipeline *pipe = (ap_pipeline *)1;
    err = (ap_error)AP_ERROR_INIT;
    ap_status status = create(&pipe, name);
    if (strcmp(ap_status_name(status), status_name) != 0)
        fail_msg("%s: expected %s, found %s: %s", name, status_name, ap_status_name(status), err.message);
    if (status) {
        assert_null(pipe);
        assert_int_equal(status, err.status);
        assert_says(&err, text);
    }
    ap_pipeline_destroy(pipe);
}

static void skip_without_backend(void) {
    ap_pipeline *pipe;
    if (create(&pipe, "whole") == AP_ENOBACKEND) skip();
    ap_pipeline_destroy(pipe);
}

void test_folders_come_to_what_is_expected(void **state) {
    (void)state;
    char line[1000];
    size_t n = 0;
    skip_without_backend();
    FILE *file = fopen(FOLDER "expected.tsv", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *rest = line, *name = strsep(&rest, "\t"), *status = strsep(&rest, "\t"),
             *text = strsep(&rest, "\n");
        if (name[0] == '#') continue;
        assert_non_null(text);
        check_folder(name, status, text);
        n++;
    }
    fclose(file);
    assert_true(n > 20);
}

/* The one without a fault classifies, so that each other one fails by its fault alone. */
void test_whole_is_whole(void **state) {
    (void)state;
    ap_pipeline *pipe;
    skip_without_backend();
    assert_ok(create(&pipe, "whole"), &err);
    ap_value *result = support_call(pipe, "[\"a good film\", \"a bad film.\"]", NULL);
    assert_string_equal("POSITIVE",
                        ap_value_get_string(ap_value_dict_get(ap_value_list_get(result, 0), "label"), NULL));
    assert_string_equal("NEGATIVE",
                        ap_value_get_string(ap_value_dict_get(ap_value_list_get(result, 1), "label"), NULL));
    ap_value_destroy(result);
    ap_pipeline_destroy(pipe);
}

/* id2label has "0" and "2": label 0 is fine, and label 1 an error that names it. */
void test_a_label_that_is_not_there(void **state) {
    (void)state;
    ap_pipeline *pipe;
    ap_value *out = (ap_value *)1, *input = value_of("\"good\"");
    skip_without_backend();
    assert_ok(create(&pipe, "labels-with-a-gap"), &err);
    ap_value *result = support_call(pipe, "\"bad\"", NULL);
    ap_value_destroy(result);
    assert_fails(ap_pipeline_call(&out, pipe, input, NULL, &err), AP_EKEY, &err,
                 "config.json: id2label has no label 1");
    assert_null(out);
    ap_value_destroy(input);
    ap_pipeline_destroy(pipe);
}
