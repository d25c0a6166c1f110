/* The record of decisions. */
#include "api/decisions.h"

#include "base/log.h"
#include "base/path.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct verdict_row {
    const char *key;  /* Of its list. */
    const char *verb; /* In the log. */
} verdict_row;

static const verdict_row VERDICTS[] = {
    [AP__DECISION_CHOSEN] = {"decisions", "is"},
    [AP__DECISION_PASSED] = {"passed_over", "is not"},
    [AP__DECISION_FASTER] = {"faster", "would be faster as"},
};

enum { N_VERDICTS = sizeof VERDICTS / sizeof *VERDICTS, WHY_BYTES = 512 };

ap_status ap__decisions_create(ap_value **out, ap_error *err) {
    ap_value *list;
    ap_status status = ap_value_create_dict(out, err);
    for (size_t i = 0; !status && i < N_VERDICTS; i++)
        status = ap__dict_set_list(&list, *out, VERDICTS[i].key, err);
    if (status) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

static ap_status add_row(ap_value *list, const char *what, const char *choice, const char *why,
                         ap_error *err) {
    ap_value *row;
    ap_status status = ap__list_add(&row, list, err);
    if (status) return status;
    ap__value_set_dict(row);
    status = ap__dict_set_text(row, "what", what, err);
    if (!status) status = ap__dict_set_text(row, "choice", choice, err);
    return status ? status : ap__dict_set_text(row, "why", why, err);
}

ap_status ap__decide(ap_value *record, ap__verdict verdict, const char *what, const char *choice,
                     ap_error *err, const char *why_fmt, ...) {
    char why[WHY_BYTES], name[AP__PATH_MAX];
    va_list args;
    va_start(args, why_fmt);
    int n = vsnprintf(why, sizeof why, why_fmt, args);
    va_end(args);
    if (n < 0) why[0] = '\0';
    snprintf(name, sizeof name, "%s", choice);
    ap__utf8_clean(why);
    ap__utf8_clean(name);
    const verdict_row *row = &VERDICTS[verdict];
    ap__log(AP_LOG_DEBUG, "router: %s: %s %s: %s", what, row->verb, name, why);
    ap_value *list = ap__dict_find(record, row->key, strlen(row->key));
    return add_row(list, what, name, why, err);
}

const char *ap__decisions_why(const ap_value *record, const char *what) {
    const ap_value *list = ap_value_dict_get(record, VERDICTS[AP__DECISION_CHOSEN].key);
    for (size_t i = ap_value_len(list); i-- > 0;) {
        const ap_value *row = ap_value_list_get(list, i);
        if (ap__value_is_text(ap_value_dict_get(row, "what"), what))
            return ap_value_get_string(ap_value_dict_get(row, "why"), NULL);
    }
    return NULL;
}
