#include "model/config.h"

#include "base/buf.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

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

static ap__config *config_of(const char *json) {
    ap__config *config = NULL;
    ap_value *value = value_of(json);
    assert_ok(ap__config_from_value(&config, value, &err), &err);
    ap_value_destroy(value);
    return config;
}

static void assert_refused(const char *json, ap_status expected, const char *text) {
    ap__config *config = (ap__config *)1;
    ap_value *value = value_of(json);
    assert_fails(ap__config_from_value(&config, value, &err), expected, &err, text);
    assert_null(config);
    ap_value_destroy(value);
}

/* Labels as JSON text, "-" where there is none. */
static void assert_labels(const char *json, size_t n, const char *const *expected) {
    ap__config *config = config_of(json);
    assert_int_equal(n, config->n_labels);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(expected[i], "-") == 0)
            assert_null(config->labels[i]);
        else
            assert_json(expected[i], config->labels[i]);
    }
    ap__config_destroy(config);
}

#define LABELS(...)                                                                                          \
    sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]) { __VA_ARGS__ }

/* -- fields -------------------------------------------------------------------------------------------- */

void test_fields(void **state) {
    (void)state;
    ap__config *config =
        config_of("{\"model_type\": \"bert\", \"problem_type\": \"regression\", \"more\": [1]}");
    assert_string_equal("bert", config->model_type);
    assert_string_equal("regression", config->problem_type);
    assert_string_equal("config", config->source);
    assert_json("[1]", ap_value_dict_get(config->json, "more"));
    ap__config_destroy(config);
    ap__config_destroy(NULL);
}

void test_absent_and_null_fields(void **state) {
    (void)state;
    static const char *const texts[] = {"{}",
                                        "{\"model_type\": null, \"problem_type\": null, \"id2label\": null, "
                                        "\"num_labels\": null}"};
    for (size_t i = 0; i < 2; i++) {
        ap__config *config = config_of(texts[i]);
        assert_string_equal("", config->model_type);
        assert_null(config->problem_type);
        assert_int_equal(2, config->n_labels); /* transformers' default */
        ap__config_destroy(config);
    }
}

void test_fields_of_another_type(void **state) {
    (void)state;
    assert_refused("{\"model_type\": 3}", AP_EFORMAT, "config: model_type: expected a string, found int");
    assert_refused("{\"problem_type\": {}}", AP_EFORMAT,
                   "config: problem_type: expected a string, found dict");
    assert_refused("[]", AP_EFORMAT, "config: expected a JSON object, found list");
    assert_refused("\"bert\"", AP_EFORMAT, "config: expected a JSON object, found string");
    assert_refused("null", AP_EFORMAT, "config: expected a JSON object, found null");
}

void test_problem_types(void **state) {
    (void)state;
    static const char *const known[] = {"regression", "single_label_classification",
                                        "multi_label_classification"};
    for (size_t i = 0; i < 3; i++) {
        char json[100] = "{\"problem_type\": \"";
        strcat(strcat(json, known[i]), "\"}");
        ap__config *config = config_of(json);
        assert_string_equal(known[i], config->problem_type);
        ap__config_destroy(config);
    }
    assert_refused(
        "{\"problem_type\": \"Regression\"}", AP_EINVAL,
        "config: problem_type is \"Regression\"; it must be regression, single_label_classification or "
        "multi_label_classification");
    assert_refused("{\"problem_type\": \"\"}", AP_EINVAL, "problem_type is \"\"");
}

/* -- labels -------------------------------------------------------------------------------------------- */

void test_id2label(void **state) {
    (void)state;
    assert_labels("{\"id2label\": {\"0\": \"NEG\", \"1\": \"POS\"}}", LABELS("\"NEG\"", "\"POS\""));
    assert_labels("{\"id2label\": {\"1\": \"POS\", \"0\": \"NEG\"}}", LABELS("\"NEG\"", "\"POS\""));
    assert_labels("{\"id2label\": {\"0\": 5, \"1\": null}}", LABELS("5", "null")); /* whatever they are */
    assert_labels("{\"id2label\": {}}", 0, NULL);
}

/* As many as the dict has entries; asking for one that is not there is an error only then. */
void test_id2label_with_gaps(void **state) {
    (void)state;
    assert_labels("{\"id2label\": {\"0\": \"a\", \"2\": \"c\", \"9\": \"j\"}}",
                  LABELS("\"a\"", "-", "\"c\""));
    assert_labels("{\"id2label\": {\"1\": \"b\"}}", LABELS("-"));
    assert_labels("{\"id2label\": {\"18446744073709551615\": \"x\", \"1\": \"b\"}}", LABELS("-", "\"b\""));
}

void test_id2label_keys_that_are_no_numbers(void **state) {
    (void)state;
    assert_refused("{\"id2label\": {\"zero\": \"a\"}}", AP_EFORMAT,
                   "config: id2label: expected numbers as keys, found \"zero\"");
    assert_refused("{\"id2label\": {\"\": \"a\"}}", AP_EFORMAT, "found \"\"");
    assert_refused("{\"id2label\": {\"-1\": \"a\"}}", AP_EFORMAT, "found \"-1\"");
    assert_refused("{\"id2label\": {\"+1\": \"a\"}}", AP_EFORMAT, "found \"+1\"");
    assert_refused("{\"id2label\": {\" 1\": \"a\"}}", AP_EFORMAT, "found \" 1\"");
    assert_refused("{\"id2label\": {\"1x\": \"a\"}}", AP_EFORMAT, "found \"1x\"");
    assert_refused("{\"id2label\": {\"1.0\": \"a\"}}", AP_EFORMAT, "found \"1.0\"");
    assert_refused("{\"id2label\": {\"0x1\": \"a\"}}", AP_EFORMAT, "found \"0x1\"");
    assert_refused("{\"id2label\": {\"99999999999999999999999\": \"a\"}}", AP_EFORMAT, "found \"999");
    assert_refused("{\"id2label\": {\"0\\u0000\": \"a\"}}", AP_EFORMAT, "expected numbers as keys");
}

void test_num_labels(void **state) {
    (void)state;
    assert_labels("{\"num_labels\": 3}", LABELS("\"LABEL_0\"", "\"LABEL_1\"", "\"LABEL_2\""));
    assert_labels("{\"num_labels\": 0}", 0, NULL);
    assert_labels("{}", LABELS("\"LABEL_0\"", "\"LABEL_1\""));
    assert_labels("{\"id2label\": null, \"num_labels\": 1}", LABELS("\"LABEL_0\""));
    /* Both: id2label counts, as in the reference. */
    assert_labels("{\"num_labels\": 7, \"id2label\": {\"0\": \"a\"}}", LABELS("\"a\""));
    assert_labels("{\"num_labels\": \"x\", \"id2label\": {\"0\": \"a\"}}", LABELS("\"a\""));
}

void test_num_labels_that_are_refused(void **state) {
    (void)state;
    assert_refused("{\"num_labels\": -1}", AP_EFORMAT, "config: num_labels: expected at least 0, found -1");
    assert_refused("{\"num_labels\": \"2\"}", AP_EFORMAT,
                   "config: num_labels: expected an int, found string");
    assert_refused("{\"num_labels\": 2.0}", AP_EFORMAT, "expected an int, found float");
    assert_refused("{\"num_labels\": true}", AP_EFORMAT, "expected an int, found bool");
    assert_refused("{\"id2label\": [\"a\"]}", AP_EFORMAT, "config: id2label: expected a dict, found list");
    assert_refused("{\"id2label\": \"a\"}", AP_EFORMAT, "config: id2label: expected a dict, found string");
}

/* A line of 30 bytes must not take gigabytes. */
void test_most_labels(void **state) {
    (void)state;
    assert_refused("{\"num_labels\": 1048577}", AP_ELIMIT,
                   "config: 1048577 labels, over the limit of 1048576");
    assert_refused("{\"num_labels\": 9223372036854775807}", AP_ELIMIT, "9223372036854775807 labels");
    ap__config *config = config_of("{\"num_labels\": 100000}");
    assert_json("\"LABEL_99999\"", config->labels[99999]);
    ap__config_destroy(config);
}

void test_from_value_copies(void **state) {
    (void)state;
    ap__config *config;
    ap_value *value =
        value_of("{\"model_type\": \"a text that is on the heap\", \"id2label\": {\"0\": \"x\"}}");
    assert_ok(ap__config_from_value(&config, value, &err), &err);
    assert_true(ap_value_equal(value, config->json));
    ap_value_destroy(value);
    assert_string_equal("a text that is on the heap", config->model_type);
    assert_json("\"x\"", config->labels[0]);
    ap__config_destroy(config);
}

/* -- files --------------------------------------------------------------------------------------------- */

static void assert_file_refused(const char *text, size_t len, ap_status expected, const char *message) {
    ap__config *config = (ap__config *)1;
    tempdir_write(&folder, "config.json", text, len);
    assert_fails(ap__config_load(&config, folder.text, &err), expected, &err, message);
    assert_null(config);
    assert_says(&err, folder.text); /* The path is in it. */
}

void test_load(void **state) {
    (void)state;
    ap__config *config;
    ap__path path = tempdir_write_text(&folder, "config.json", "{\"model_type\": \"bert\"}");
    assert_ok(ap__config_load(&config, folder.text, &err), &err);
    assert_string_equal("bert", config->model_type);
    assert_string_equal(path.text, config->source);
    ap__config_destroy(config);
    path = tempdir_write_text(&folder, "other.json", "{\"model_type\": \"gpt2\"}");
    assert_ok(ap__config_load_file(&config, path.text, &err), &err);
    assert_string_equal("gpt2", config->model_type);
    ap__config_destroy(config);
}

void test_load_names_the_file(void **state) {
    (void)state;
    assert_file_refused("{\"a\": ", 6, AP_EFORMAT, "config.json: not JSON: ");
    assert_says(&err, "at byte 6");
    assert_file_refused("", 0, AP_EFORMAT, "config.json: not JSON: it is empty");
    assert_file_refused("[1]", 3, AP_EFORMAT, "config.json: expected a JSON object, found list");
    assert_file_refused("{\"num_labels\": -1}", 18, AP_EFORMAT,
                        "config.json: num_labels: expected at least 0");
    assert_file_refused("{\"a\": \"\xFF\"}", 10, AP_EFORMAT, "config.json: not JSON: ");
    assert_file_refused("\xEF\xBB\xBF{}", 5, AP_EFORMAT, "BOM");
}

void test_load_too_deep(void **state) {
    (void)state;
    ap__buf text = {0};
    assert_ok(ap__buf_puts(&text, "{\"a\": ", &err), &err);
    for (int i = 0; i < 1000000; i++) assert_ok(ap__buf_puts(&text, "[", &err), &err);
    assert_file_refused(text.ptr, text.len, AP_EFORMAT, "config.json: not JSON: ");
    for (int i = 0; i < 1000000; i++) assert_ok(ap__buf_puts(&text, "]", &err), &err);
    assert_ok(ap__buf_puts(&text, "}", &err), &err);
    assert_file_refused(text.ptr, text.len, AP_ELIMIT, "config.json: JSON nests deeper than 512");
    ap__buf_clear(&text);
}

void test_load_too_large(void **state) {
    (void)state;
    ap__config *config;
    tempdir_write_sparse(&folder, "config.json", AP__CONFIG_MAX_BYTES + 1);
    assert_fails(ap__config_load(&config, folder.text, &err), AP_ELIMIT, &err,
                 "config.json: 67108865 bytes, over the limit of 67108864");
    assert_null(config);
}

void test_load_missing(void **state) {
    (void)state;
    ap__config *config;
    ap__path empty = tempdir_make_dir(&folder, "empty"), odd = tempdir_make_dir(&folder, "odd");
    assert_fails(ap__config_load(&config, empty.text, &err), AP_ENOTFOUND, &err,
                 "has no config.json; it is no model folder in Hugging Face layout");
    assert_null(config);
    tempdir_make_dir(&odd, "config.json"); /* A folder of that name. */
    assert_fails(ap__config_load(&config, odd.text, &err), AP_ENOTFOUND, &err, "has no config.json");
    assert_fails(ap__config_load_file(&config, "/no/such.json", &err), AP_ENOTFOUND, &err, "/no/such.json");
    assert_null(config);
}

void test_load_real_ones(void **state) {
    (void)state;
    static const char *const names[] = {"bert-sst2", "roberta-multilabel", "albert-regression",
                                        "electra-pairs"};
    static const size_t n_labels[] = {2, 0, 1, 0};
    for (size_t i = 0; i < 4; i++) {
        ap__path path;
        ap__config *config;
        assert_ok(ap__path_format(&path, &err, "%s/parity/models/%s", AP_TEST_DATA_DIR, names[i]), &err);
        assert_ok(ap__config_load(&config, path.text, &err), &err);
        assert_true(config->n_labels > 0 && (!n_labels[i] || config->n_labels == n_labels[i]));
        for (size_t k = 0; k < config->n_labels; k++) assert_non_null(config->labels[k]);
        ap__config_destroy(config);
    }
}

/* -- out of memory ------------------------------------------------------------------------------------- */

static ap_status load(void *ctx, ap_error *error) {
    ap__config *config;
    ap_status status = ap__config_load(&config, ctx, error);
    if (status) assert_null(config);
    ap__config_destroy(config);
    return status;
}

void test_torture_load(void **state) {
    (void)state;
    tempdir_write_text(&folder, "config.json",
                       "{\"model_type\": \"bert\", \"architectures\": [\"BertForSequenceClassification\"], "
                       "\"id2label\": {\"0\": \"a label that is on the heap\", \"1\": \"b\"}}");
    assert_true(torture(load, folder.text) > 6);
    tempdir_write_text(&folder, "config.json", "{\"num_labels\": 20}");
    assert_true(torture(load, folder.text) > 6);
}

static ap_status from_value(void *ctx, ap_error *error) {
    ap__config *config;
    ap_status status = ap__config_from_value(&config, ctx, error);
    if (status) assert_null(config);
    ap__config_destroy(config);
    return status;
}

void test_torture_from_value(void **state) {
    (void)state;
    ap_value *value = value_of("{\"id2label\": {\"0\": \"a label that is on the heap\"}, \"a\": [[], {}]}");
    assert_true(torture(from_value, value) > 6);
    ap_value_destroy(value);
}
