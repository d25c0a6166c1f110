/* config.json: any bytes, by way of the JSON reader. */
#include "base/utf8.h"
#include "model/config.h"

#include <stdlib.h>
#include <string.h>

static void check(int holds) {
    if (!holds) abort();
}

static void check_config(const ap__config *config, const ap_value *json) {
    check(config->model_type && config->source && ap_value_equal(config->json, json));
    check(config->n_labels <= AP__LABELS_MAX);
    size_t n_text = 0;
    for (size_t i = 0; i < config->n_labels; i++)
        n_text += ap_value_kind(config->labels[i]) == AP_KIND_STRING;
    check(n_text <= config->n_labels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ap_error err = AP_ERROR_INIT;
    ap_value *json = NULL;
    ap__config *config = NULL;
    if (ap_value_from_json(&json, size ? (const char *)data : "", size, NULL)) return 0;
    ap_status status = ap__config_from_value(&config, json, &err);
    if (status) {
        size_t len = strlen(err.message);
        check(!config && err.status == status && ap__utf8_valid_len(err.message, len) == len);
        check(strncmp(err.message, "config: ", 8) == 0); /* It says where. */
    } else {
        check_config(config, json);
    }
    ap__config_destroy(config);
    ap_value_destroy(json);
    return 0;
}
