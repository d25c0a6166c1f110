#include "api/decisions.h"

#include "unit/support/check.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"

#include <accelpipe/log.h>
#include <stdio.h>
#include <string.h>

static ap_error err;

void test_a_record(void **state) {
    (void)state;
    ap_value *record = NULL;
    assert_ok(ap__decisions_create(&record, &err), &err);
    assert_json("{\"decisions\":[],\"passed_over\":[],\"faster\":[]}", record);
    assert_null(ap__decisions_why(record, "backend"));
    assert_ok(ap__decide(record, AP__DECISION_PASSED, "backend", "ov", &err, "not %s", "here"), &err);
    assert_ok(ap__decide(record, AP__DECISION_CHOSEN, "backend", "ort", &err, "the first"), &err);
    assert_ok(ap__decide(record, AP__DECISION_CHOSEN, "backend", "ipex", &err, "the second"), &err);
    assert_ok(ap__decide(record, AP__DECISION_FASTER, "threads", "8", &err, "%d are few", 1), &err);
    assert_string_equal("the second", ap__decisions_why(record, "backend")); /* The newest. */
    assert_json("{\"decisions\":[{\"what\":\"backend\",\"choice\":\"ort\",\"why\":\"the first\"},"
                "{\"what\":\"backend\",\"choice\":\"ipex\",\"why\":\"the second\"}],"
                "\"passed_over\":[{\"what\":\"backend\",\"choice\":\"ov\",\"why\":\"not here\"}],"
                "\"faster\":[{\"what\":\"threads\",\"choice\":\"8\",\"why\":\"1 are few\"}]}",
                record);
    ap_value_destroy(record);
}

void test_any_bytes(void **state) {
    (void)state;
    ap_value *record = NULL;
    char longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_ok(ap__decisions_create(&record, &err), &err);
    assert_ok(ap__decide(record, AP__DECISION_CHOSEN, "file", "a\xFF", &err, "b\xC3"), &err);
    assert_string_equal("b?", ap__decisions_why(record, "file"));
    assert_ok(ap__decide(record, AP__DECISION_CHOSEN, "file", "a", &err, "%s", longer), &err);
    assert_int_equal(511, strlen(ap__decisions_why(record, "file")));
    ap_value_destroy(record);
}

static char last_line[256];

static void keep_line(ap_log_level level, const char *line, void *ctx) {
    (void)ctx;
    assert_int_equal(AP_LOG_DEBUG, level);
    snprintf(last_line, sizeof last_line, "%s", line);
}

void test_the_log_has_the_same_lines(void **state) {
    (void)state;
    ap_value *record = NULL;
    assert_ok(ap__decisions_create(&record, &err), &err);
    ap_log_set(keep_line, AP_LOG_DEBUG, NULL);
    ap__decide(record, AP__DECISION_CHOSEN, "backend", "ort", &err, "named");
    assert_string_equal("router: backend: is ort: named", last_line);
    ap__decide(record, AP__DECISION_PASSED, "backend", "ov", &err, "missing");
    assert_string_equal("router: backend: is not ov: missing", last_line);
    ap__decide(record, AP__DECISION_FASTER, "threads", "2", &err, "more");
    assert_string_equal("router: threads: would be faster as 2: more", last_line);
    ap_log_set(NULL, AP_LOG_ERROR, NULL);
    ap_value_destroy(record);
}

static ap_status make(void *ctx, ap_error *error) {
    ap_value *record = NULL;
    (void)ctx;
    ap_status status = ap__decisions_create(&record, error);
    if (!status)
        status = ap__decide(record, AP__DECISION_CHOSEN, "a name that is longer than what a value holds",
                            "a choice that is longer than what a value holds", error,
                            "a reason that is longer than what a value holds");
    ap_value_destroy(record);
    return status;
}

void test_torture(void **state) {
    (void)state;
    assert_true(torture(make, NULL) > 4);
}
