/* model_kwargs and the two parameters of the device, as the router takes them apart: {"model_kwargs": {...},
 * "device":
 * ..., "device_map": ...}. */
#include "api/model_kwargs.h"
#include "api/device.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

static void check(int holds) {
    if (!holds) abort();
}

static void check_error(ap_status status, const ap_error *err) {
    size_t len = strlen(err->message);
    check(status == err->status && ap__utf8_valid_len(err->message, len) == len &&
          !strchr(err->message, '\n'));
    check(!status || status == AP_ETYPE || status == AP_EINVAL || status == AP_ELIMIT ||
          status == AP_EUNSUPPORTED);
}

/* Every option has a name and a value, and ends where its room does. */
static void check_options(const ap__runtime_options *options) {
    check(options->n <= AP__RUNTIME_OPTIONS_MAX);
    for (size_t i = 0; i < options->n; i++) {
        check(strlen(options->pairs[i].key) < AP__OPTION_NAME_BYTES);
        check(strlen(options->pairs[i].value) < AP__OPTION_VALUE_BYTES);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ap_value *json = NULL;
    ap_error err = AP_ERROR_INIT;
    ap__device_request request;
    if (ap_value_from_json(&json, size ? (const char *)data : "", size, NULL)) return 0;
    ap__model_kwargs *kwargs = calloc(1, sizeof *kwargs);
    check(kwargs != NULL);
    check_error(ap__model_kwargs_read(kwargs, ap_value_dict_get(json, "model_kwargs"), &err), &err);
    check_options(&kwargs->options);
    err = (ap_error)AP_ERROR_INIT;
    ap_status status = ap__device_read(&request, ap_value_dict_get(json, "device"),
                                       ap_value_dict_get(json, "device_map"), &err);
    check_error(status, &err);
    if (!status && request.name) check(request.name[0] && strlen(request.name) <= 64);
    free(kwargs);
    ap_value_destroy(json);
    return 0;
}
