/* Reading config.json. */
#include "model/config.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/path.h"
#include "value/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_NUM_LABELS = 2 };

static ap_status fail_key(const ap__config *config, const char *key, const char *expected,
                          const ap_value *found, ap_error *err) {
    return ap__fail(err, AP_EFORMAT, "%s: %s: expected %s, found %s", config->source, key, expected,
                    ap_kind_name(ap_value_kind(found)));
}

/* num_labels where id2label is absent. */
static ap_status read_num_labels(const ap__config *config, size_t *n_labels, ap_error *err) {
    const ap_value *value = ap_value_dict_get(config->json, "num_labels");
    int64_t number = ap_value_get_int(value);
    *n_labels = DEFAULT_NUM_LABELS;
    if (ap_value_kind(value) == AP_KIND_NULL) return AP_OK;
    if (ap_value_kind(value) != AP_KIND_INT) return fail_key(config, "num_labels", "an int", value, err);
    if (number < 0)
        return ap__fail(err, AP_EFORMAT, "%s: num_labels: expected at least 0, found %lld", config->source,
                        (long long)number);
    *n_labels = (size_t)number;
    return AP_OK;
}

static ap_status get_text(const char **out, const ap__config *config, const char *key, ap_error *err) {
    const ap_value *value = ap_value_dict_get(config->json, key);
    *out = ap_value_get_string(value, NULL);
    if (*out || ap_value_kind(value) == AP_KIND_NULL) return AP_OK;
    return fail_key(config, key, "a string", value, err);
}

static ap_status read_problem_type(ap__config *config, ap_error *err) {
    static const char *const known[] = {"regression", "single_label_classification",
                                        "multi_label_classification"};
    ap_status status = get_text(&config->problem_type, config, "problem_type", err);
    if (status || !config->problem_type) return status;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], config->problem_type) == 0) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "%s: problem_type is \"%.64s\"; it must be regression, single_label_classification or "
                    "multi_label_classification",
                    config->source, config->problem_type);
}

/* LABEL_0 to LABEL_n-1, as transformers names them. */
static ap_status make_labels(ap__config *config, size_t n_labels, ap_error *err) {
    ap__value_set_list(&config->default_labels);
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < n_labels; i++) {
        char name[32];
        ap_value *slot;
        int len = snprintf(name, sizeof name, "LABEL_%zu", i);
        if (!(status = ap__list_add(&slot, &config->default_labels, err)))
            status = ap__value_set_string(slot, name, (size_t)len, err);
    }
    for (size_t i = 0; !status && i < n_labels; i++)
        config->labels[i] = ap__list_item(&config->default_labels, i);
    return status;
}

static bool parse_id(size_t *out, const char *text, size_t len) {
    char *end;
    if (text[0] < '0' || text[0] > '9') return false;
    errno = 0;
    unsigned long long id = strtoull(text, &end, 10);
    if (errno || end != text + len) return false;
    *out = (size_t)id;
    return true;
}

/* Ids beyond the count leave gaps: looking such a label up is an error only when it is needed. */
static ap_status index_labels(ap__config *config, const ap_value *id2label, ap_error *err) {
    for (size_t i = 0; i < config->n_labels; i++) {
        const char *key;
        size_t id, key_len;
        const ap_value *label = ap__dict_entry(id2label, i, &key, &key_len);
        if (!parse_id(&id, key, key_len))
            return ap__fail(err, AP_EFORMAT, "%s: id2label: expected numbers as keys, found \"%.64s\"",
                            config->source, key);
        if (id < config->n_labels) config->labels[id] = label;
    }
    return AP_OK;
}

/* Where both are given, id2label counts, as in the reference. */
static ap_status count_labels(const ap__config *config, size_t *n_labels, const ap_value **id2label,
                              ap_error *err) {
    ap_status status = AP_OK;
    *id2label = ap_value_dict_get(config->json, "id2label");
    switch (ap_value_kind(*id2label)) {
    case AP_KIND_DICT:
        *n_labels = ap_value_len(*id2label);
        break;
    case AP_KIND_NULL:
        *id2label = NULL;
        status = read_num_labels(config, n_labels, err);
        break;
    default:
        status = fail_key(config, "id2label", "a dict", *id2label, err);
        break;
    }
    if (!status && *n_labels > AP__LABELS_MAX)
        return ap__fail(err, AP_ELIMIT, "%s: %zu labels, over the limit of %zu", config->source, *n_labels,
                        AP__LABELS_MAX);
    return status;
}

static ap_status read_labels(ap__config *config, ap_error *err) {
    const ap_value *id2label;
    ap_status status = count_labels(config, &config->n_labels, &id2label, err);
    if (status) return status;
    config->labels = ap__calloc(config->n_labels, sizeof *config->labels);
    if (!config->labels) return ap__fail_nomem(err);
    return id2label ? index_labels(config, id2label, err) : make_labels(config, config->n_labels, err);
}

/* `json` is taken. */
static ap_status create_take(ap__config **out, ap_value *json, const char *source, ap_error *err) {
    ap__config *config = ap__calloc(1, sizeof *config);
    *out = NULL;
    if (!config) {
        ap_value_destroy(json);
        return ap__fail_nomem(err);
    }
    config->json = json;
    config->source = ap__strdup(source);
    ap_status status = config->source ? AP_OK : ap__fail_nomem(err);
    if (!status && ap_value_kind(json) != AP_KIND_DICT)
        status = ap__fail(err, AP_EFORMAT, "%s: expected a JSON object, found %s", source,
                          ap_kind_name(ap_value_kind(json)));
    if (!status) status = get_text(&config->model_type, config, "model_type", err);
    if (!status && !config->model_type) config->model_type = "";
    if (!status) status = read_problem_type(config, err);
    if (!status) status = read_labels(config, err);
    if (status)
        ap__config_destroy(config);
    else
        *out = config;
    return status;
}

ap_status ap__config_load_file(ap__config **out, const char *path, ap_error *err) {
    ap_value *json;
    *out = NULL;
    ap_status status = ap__value_from_json_file(&json, path, AP__CONFIG_MAX_BYTES, err);
    return status ? status : create_take(out, json, path, err);
}

ap_status ap__config_load(ap__config **out, const char *folder, ap_error *err) {
    ap__path path;
    *out = NULL;
    ap_status status = ap__path_join(&path, folder, "config.json", err);
    if (status) return status;
    if (!ap__path_is_file(path.text))
        return ap__fail(err, AP_ENOTFOUND,
                        "%s has no config.json; it is no model folder in Hugging Face layout", folder);
    return ap__config_load_file(out, path.text, err);
}

ap_status ap__config_from_value(ap__config **out, const ap_value *json, ap_error *err) {
    ap_value *copy;
    *out = NULL;
    ap_status status = ap_value_copy(&copy, json, err);
    return status ? status : create_take(out, copy, "config", err);
}

/* -- attributes ---------------------------------------------------------------------------------------- */

bool ap__config_has(const ap__config *config, const char *name) {
    static const char *const of_all[] = {"id2label",
                                         "label2id",
                                         "num_labels",
                                         "problem_type",
                                         "architectures",
                                         "finetuning_task",
                                         "task_specific_params",
                                         "return_dict",
                                         "output_hidden_states",
                                         "output_attentions",
                                         "torchscript",
                                         "is_decoder",
                                         "is_encoder_decoder",
                                         "tie_word_embeddings",
                                         "pad_token_id",
                                         "bos_token_id",
                                         "eos_token_id",
                                         "sep_token_id",
                                         "decoder_start_token_id"};
    for (size_t i = 0; i < sizeof of_all / sizeof *of_all; i++)
        if (strcmp(name, of_all[i]) == 0) return true;
    return ap_value_dict_get(config->json, name) != NULL;
}

static ap_status set_attribute(ap_value *json, const char *name, const ap_value *value, ap_error *err) {
    ap_value *slot = ap__dict_find(json, name, strlen(name));
    ap_status status = slot ? AP_OK : ap__dict_add(&slot, json, name, strlen(name), err);
    if (status) return status;
    ap__value_clear(slot);
    return ap__value_assign(slot, value, err);
}

static ap_status set_attributes(ap_value *json, const ap_value *attributes, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < ap_value_len(attributes); i++) {
        const char *name;
        const ap_value *value = ap_value_dict_at(attributes, i, &name);
        status = set_attribute(json, name, value, err);
    }
    const ap_value *n_labels = ap_value_dict_get(attributes, "num_labels");
    ap_value *id2label = ap__dict_find(json, "id2label", strlen("id2label"));
    if (n_labels && id2label && ap_value_get_int(n_labels) != (int64_t)ap_value_len(id2label))
        ap__value_clear(id2label);
    return status;
}

ap_status ap__config_set(ap__config **config, const ap_value *attributes, ap_error *err) {
    ap__config *changed = NULL;
    ap_value *json;
    ap_status status = ap_value_copy(&json, (*config)->json, err);
    if (status) return status;
    status = set_attributes(json, attributes, err);
    if (status)
        ap_value_destroy(json);
    else
        status = create_take(&changed, json, (*config)->source, err);
    if (status) return status;
    ap__config_destroy(*config);
    *config = changed;
    return AP_OK;
}

void ap__config_destroy(ap__config *config) {
    if (!config) return;
    ap__value_clear(&config->default_labels);
    ap_value_destroy(config->json);
    ap__free(config->labels);
    ap__free(config->source);
    ap__free(config);
}
