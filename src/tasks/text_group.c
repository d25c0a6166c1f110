/* Inputs of one text and a list. */
#include "tasks/text_group.h"

#include "base/error.h"

#include <string.h>

const ap_param ap__text_group_params[] = {
    AP_PARAM(truncation, CHOICE, PREPROCESS, ap__text_group_opts, 0, ap__truncation_choices, "true",
             "Cut texts that are longer than the model takes."),
    AP_PARAM(tokenize_kwargs, VALUE, PREPROCESS, ap__text_group_opts, 0, NULL, NULL,
             "Parameters of the tokenizer, as a dict: truncation, max_length, ..."),
    AP_PARAM_END};

ap_status ap__text_group_sanitize(ap__text_group_opts *o, ap_error *err) {
    ap__tokenizer_opts *tokenizer = &o->tokenizer;
    ap_status status =
        ap__tokenizer_opts_bind(tokenizer, &o->tokenize_kwargs, "tokenize_kwargs", &o->truncation, err);
    if (status || tokenizer->truncation.origin) return status;
    tokenizer->truncation.origin = AP_ORIGIN_INIT;
    tokenizer->truncation.as.integer = AP__TRUNCATION_LONGEST_FIRST;
    if (tokenizer->verbose.origin) return AP_OK;
    tokenizer->verbose.origin = AP_ORIGIN_INIT; /* Nobody asked for it: no word where there is no limit. */
    tokenizer->verbose.as.boolean = 0;
    return AP_OK;
}

static ap_status check_list(const ap_value *list, const char *key, ap_error *err) {
    ap_status status = AP_OK;
    ap__text text;
    if (ap_value_kind(list) != AP_KIND_LIST)
        return ap__fail(err, AP_EINVAL, "input: \"%s\": expected a list of strings, found %s", key,
                        ap_kind_name(ap_value_kind(list)));
    for (size_t i = 0; !status && i < ap_value_len(list); i++) {
        status = ap__text_of_value(&text, ap_value_list_get(list, i), key, err);
        if (status) ap__error_wrap(err, status, "input, item %zu", i);
    }
    return status;
}

ap_status ap__text_group_read(ap__text_group *out, const ap_value *input, const char *head_key,
                              const char *list_key, ap_error *err) {
    memset(out, 0, sizeof *out);
    if (ap_value_kind(input) != AP_KIND_DICT)
        return ap__fail(err, AP_EINVAL, "input: expected a dict {\"%s\": ..., \"%s\": [...]}, found %s",
                        head_key, list_key, ap_kind_name(ap_value_kind(input)));
    for (size_t i = 0; i < ap_value_len(input); i++) {
        const char *key;
        ap_value_dict_at(input, i, &key);
        if (strcmp(key, head_key) != 0 && strcmp(key, list_key) != 0)
            return ap__fail(err, AP_EINVAL, "input: \"%.64s\" is neither \"%s\" nor \"%s\"", key, head_key,
                            list_key);
    }
    ap_status status = ap__text_of_value(&out->head, ap_value_dict_get(input, head_key), head_key, err);
    out->list = ap_value_dict_get(input, list_key);
    return status ? status : check_list(out->list, list_key, err);
}
