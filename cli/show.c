/* Numbers of tables are rounded; JSON has every digit. */
#include "show.h"

#include "out.h"
#include "terminal.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static void add_json(cli_text *text, const ap_value *value) {
    char *json = NULL;
    size_t len = 0;
    if (ap_value_to_json(&json, &len, value, AP_JSON_COMPACT, NULL) == AP_OK) cli_text_add(text, json, len);
    ap_string_destroy(json);
}

static void add_float(cli_text *text, const ap_value *value) {
    enum { DECIMALS = 4 };
    double number = ap_value_get_float(value);
    if (fabs(number) < 1e9)
        cli_text_add_decimal(text, number, DECIMALS);
    else
        add_json(text, value); /* Also where it is no number. */
}

static bool is_plain(const ap_value *value) {
    ap_kind kind = ap_value_kind(value);
    return kind != AP_KIND_LIST && kind != AP_KIND_DICT && kind != AP_KIND_TENSOR;
}

/* @return false when an item is a list or dict itself, and nothing was added */
static bool add_list(cli_text *text, const ap_value *list) {
    for (size_t i = 0; i < ap_value_len(list); i++)
        if (!is_plain(ap_value_list_get(list, i))) return false;
    for (size_t i = 0; i < ap_value_len(list); i++) {
        if (i) cli_text_addf(text, ", ");
        cli_show_add(text, ap_value_list_get(list, i));
    }
    return true;
}

void cli_show_add(cli_text *text, const ap_value *value) {
    size_t len;
    const char *string = ap_value_get_string(value, &len);
    if (string)
        cli_text_add(text, string, len);
    else if (ap_value_kind(value) == AP_KIND_FLOAT)
        add_float(text, value);
    else if (ap_value_kind(value) != AP_KIND_LIST || !add_list(text, value))
        add_json(text, value);
}

bool cli_show_wants_json(const char *output) { return output && strcmp(output, "json") == 0; }

ap_status cli_show_json(const ap_value *value, ap_error *err) {
    char *json = NULL;
    size_t len = 0;
    ap_json_style style = cli_terminal_is(STDOUT_FILENO) ? AP_JSON_PRETTY : AP_JSON_COMPACT;
    ap_status status = ap_value_to_json(&json, &len, value, style, err);
    if (!status) cli_out_line(json, len);
    ap_string_destroy(json);
    return status;
}

const char *cli_show_string(const ap_value *dict, const char *key, const char *otherwise) {
    const char *text = ap_value_get_string(ap_value_dict_get(dict, key), NULL);
    return text ? text : otherwise;
}
