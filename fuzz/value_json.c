/* JSON text to a value and back: what was read is written and read again, and must be the same. */
#include "base/utf8.h"

#include <accelpipe/value.h>
#include <stdlib.h>
#include <string.h>

static void check(int holds) {
    if (!holds) abort();
}

/* Writes `value` and reads the text; gives the text. */
static char *write_and_read(const ap_value *value, ap_json_style style) {
    char *text = NULL;
    size_t len;
    ap_value *again = NULL;
    check(ap_value_to_json(&text, &len, value, style, NULL) == AP_OK);
    check(strlen(text) == len && ap__utf8_valid_len(text, len) == len);
    check(ap_value_from_json(&again, text, len, NULL) == AP_OK);
    check(ap_value_equal(value, again) && ap_value_equal(again, value));
    ap_value_destroy(again);
    return text;
}

static void check_value(const ap_value *value) {
    ap_value *copy = NULL, *again = NULL;
    char *compact = write_and_read(value, AP_JSON_COMPACT), *pretty = write_and_read(value, AP_JSON_PRETTY);
    check(ap_value_copy(&copy, value, NULL) == AP_OK);
    check(ap_value_equal(value, copy) && ap_value_equal(copy, value));
    check(ap_value_from_json(&again, pretty, AP_NUL_TERMINATED, NULL) == AP_OK);
    char *compact_again = write_and_read(again, AP_JSON_COMPACT);
    check(strcmp(compact, compact_again) == 0);
    ap_string_destroy(compact_again);
    ap_string_destroy(compact);
    ap_string_destroy(pretty);
    ap_value_destroy(copy);
    ap_value_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ap_error err = AP_ERROR_INIT;
    ap_value *value = NULL;
    ap_status status = ap_value_from_json(&value, size ? (const char *)data : "", size, &err);
    if (status) {
        size_t len = strlen(err.message);
        check(!value && err.status == status && len && ap__utf8_valid_len(err.message, len) == len);
        return 0;
    }
    check_value(value);
    ap_value_destroy(value);
    return 0;
}
