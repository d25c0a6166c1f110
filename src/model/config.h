/* config.json: the labels and the few fields that pipelines read.
 * Source: transformers@v4.55.4 configuration_utils.py PretrainedConfig. */
#ifndef AP_MODEL_CONFIG_H
#define AP_MODEL_CONFIG_H

#include "value/value.h"

#include <stdbool.h>

/* Largest config.json, in bytes, and most labels. */
#define AP__CONFIG_MAX_BYTES ((size_t)64 << 20)
#define AP__LABELS_MAX ((size_t)1 << 20)

typedef struct ap__config {
    ap_value *json;           /* The whole file, a dict. */
    char *source;             /* Names it in messages: its path, or "config". */
    const char *model_type;   /* "" when absent. Borrowed from json. */
    const char *problem_type; /* NULL when absent or null. Borrowed from json. */
    const ap_value **labels;  /* [n_labels], by id; NULL where id2label has no such id. Borrowed from json. */
    size_t n_labels;          /* Entries of id2label: transformers' num_labels. */
    ap_value default_labels;  /* LABEL_0, ... when the file names none. */
} ap__config;

/* Reads `folder`/config.json.   @return AP_ENOTFOUND, AP_EFORMAT, AP_EINVAL */
ap_status ap__config_load(ap__config **out, const char *folder, ap_error *err);

/* Reads one file of any name. */
ap_status ap__config_load_file(ap__config **out, const char *path, ap_error *err);

/* From a dict, copied. */
ap_status ap__config_from_value(ap__config **out, const ap_value *json, ap_error *err);

/* Whether transformers' class has such an attribute: the file names it, or every configuration has it. */
bool ap__config_has(const ap__config *config, const char *name);

/* Replaces attributes. Another num_labels than that of id2label gives LABEL_0 and so on, as in transformers.
 * @param attributes a dict.   @return as ap__config_from_value(); `config` is then as it was. */
ap_status ap__config_set(ap__config **config, const ap_value *attributes, ap_error *err);

void ap__config_destroy(ap__config *config); /* NULL is fine. */

#endif
