/* Parameters of a task: [parameters of the creation, parameters of the call], bound as an engine binds them.
 */
#include "value/params.h"
#include "base/utf8.h"
#include "value/value.h"

#include <stdlib.h>
#include <string.h>

extern const ap_task ap__task_text_classification;

static void check(int holds) {
    if (!holds) abort();
}

/* Every option that the table describes: its origin is one of three, and null excludes a value. */
static void check_opts(const ap_param *table, const void *opts) {
    for (const ap_param *row = table; row->name; row++) {
        const void *place = (const char *)opts + row->offset;
        if (row->include) {
            check_opts(row->include, place);
            continue;
        }
        const ap_opt *opt = place;
        check(opt->origin <= AP_ORIGIN_CALL);
        check(!opt->is_null || (row->flags & AP_PARAM_NULL_OK && opt->origin != AP_ORIGIN_ABSENT));
        if (ap__opt_is_set(opt) && row->type == AP_PARAM_TYPE_STRING)
            check(strlen(opt->as.string) < SIZE_MAX);
    }
}

static ap_status bind(void *opts, const ap_value *dict, ap_origin origin) {
    const ap_task *task = &ap__task_text_classification;
    ap_error err = AP_ERROR_INIT;
    ap_status status = ap__params_bind(task->params, opts, dict, origin, "task text-classification", &err);
    size_t len = strlen(err.message);
    check(status == err.status && ap__utf8_valid_len(err.message, len) == len && !strchr(err.message, '\n'));
    check(!status || status == AP_ETYPE || status == AP_EINVAL || status == AP_EKEY);
    check_opts(task->params, opts);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ap_value *json = NULL;
    if (ap_value_from_json(&json, size ? (const char *)data : "", size, NULL)) return 0;
    void *opts = calloc(1, ap__task_text_classification.opts_size);
    check(opts != NULL);
    if (ap_value_kind(json) != AP_KIND_LIST)
        bind(opts, json, AP_ORIGIN_CALL);
    else if (!bind(opts, ap_value_list_get(json, 0), AP_ORIGIN_INIT))
        bind(opts, ap_value_list_get(json, 1), AP_ORIGIN_CALL);
    free(opts);
    ap_value_destroy(json);
    return 0;
}
