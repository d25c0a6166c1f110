/* One form for every command that reads lines. */
#include "failures.h"

#include "diag.h"
#include "out.h"

#include <accelpipe/value.h>

static ap_status set_text(ap_value *dict, const char *key, const char *text, ap_error *err) {
    ap_value *value = NULL;
    ap_status status = ap_value_create_string(&value, text, AP_NUL_TERMINATED, err);
    return status ? status : ap_value_dict_set_take(dict, key, value, err);
}

/* {"error": {"code", "type", "message"}} */
static ap_status error_value(ap_value **out, const ap_error *failure, ap_error *err) {
    ap_value *fields = NULL;
    ap_status status = ap_value_create_dict(out, err);
    if (!status) status = ap_value_create_dict(&fields, err);
    if (!status) status = set_text(fields, "code", ap_status_name(failure->status), err);
    if (!status) status = set_text(fields, "type", ap_status_python_class(failure->status), err);
    if (!status) status = set_text(fields, "message", failure->message, err);
    if (!status) return ap_value_dict_set_take(*out, "error", fields, err);
    ap_value_destroy(fields);
    return status;
}

ap_status cli_failures_print(cli_failures *failures, size_t line, const ap_error *failure, ap_error *err) {
    ap_value *value = NULL;
    char *json = NULL;
    size_t len = 0;
    if (!failures->n_failed++) {
        failures->first_line = line;
        failures->first_error = *failure;
    }
    ap_status status = error_value(&value, failure, err);
    if (!status) status = ap_value_to_json(&json, &len, value, AP_JSON_COMPACT, err);
    if (!status) cli_out_line(json, len);
    ap_string_destroy(json);
    ap_value_destroy(value);
    return status;
}

int cli_failures_report(const cli_failures *failures, size_t n_lines) {
    if (!failures->n_failed) return CLI_EXIT_OK;
    ap_error err = AP_ERROR_INIT;
    cli_fail(&err, failures->first_error.status, "%zu of %zu lines failed, the first is line %zu: %s",
             failures->n_failed, n_lines, failures->first_line, failures->first_error.message);
    cli_report(&err);
    return CLI_EXIT_FAILED;
}
