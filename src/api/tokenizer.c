/* Tokenizers without a pipeline: making and describing them, the vocabulary, decoding. */
#include "api/tokenizer_impl.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/path.h"
#include "tokenizer/clean_up.h"
#include "value/value.h"

#include <string.h>

#define NAME_OF_JSON "tokenizer.json in memory"

/* -- creating and destroying --------------------------------------------------------------------------- */

static ap_status load(ap__tokenizer **out, const char *path, ap_error *err) {
    if (ap__path_is_dir(path)) return ap__tokenizer_load(out, path, err);
    if (!ap__path_is_file(path))
        return ap__fail(err, AP_ENOTFOUND,
                        "tokenizer %s: no such folder or file; name a model folder or a tokenizer.json",
                        path);
    return ap__tokenizer_from_file(out, path, err);
}

/* Puts the name and the chat templates to what was loaded. `status` is that of loading; on failure nothing is
 * left. */
static ap_status wrap(ap_tokenizer **out, ap__tokenizer *impl, const char *name, ap_status status,
                      ap_error *err) {
    if (status) return status;
    ap_tokenizer *tokenizer = ap__calloc(1, sizeof *tokenizer);
    if (!tokenizer) {
        ap__tokenizer_destroy(impl);
        return ap__fail_nomem(err);
    }
    tokenizer->impl = impl;
    tokenizer->name = ap__strdup(name);
    status = tokenizer->name ? AP_OK : ap__fail_nomem(err);
    const char *folder = ap__path_is_dir(name) ? name : NULL;
    if (!status) status = ap__chat_templates_load(&tokenizer->chat, folder, impl, err);
    if (status)
        ap_tokenizer_destroy(tokenizer);
    else
        *out = tokenizer;
    return status;
}

ap_status ap_tokenizer_create(ap_tokenizer **out, const char *path, ap_error *err) {
    ap__tokenizer *impl = NULL;
    if (!out) return ap__fail(err, AP_EINVAL, "ap_tokenizer_create: out is NULL");
    *out = NULL;
    if (!path || !path[0]) return ap__fail(err, AP_EINVAL, "ap_tokenizer_create: path is NULL or empty");
    ap_status status = load(&impl, path, err);
    return wrap(out, impl, path, status, err);
}

ap_status ap_tokenizer_create_from_json(ap_tokenizer **out, const char *json, size_t len_bytes,
                                        ap_error *err) {
    ap__tokenizer *impl = NULL;
    if (!out) return ap__fail(err, AP_EINVAL, "ap_tokenizer_create_from_json: out is NULL");
    *out = NULL;
    if (!json) return ap__fail(err, AP_EINVAL, "ap_tokenizer_create_from_json: json is NULL");
    size_t len = len_bytes == AP_NUL_TERMINATED ? strlen(json) : len_bytes;
    ap_status status = ap__tokenizer_from_json(&impl, json, len, NAME_OF_JSON, err);
    return wrap(out, impl, NAME_OF_JSON, status, err);
}

ap_status ap__tokenizer_lend(ap_tokenizer **out, ap__tokenizer *impl, const char *name, ap_error *err) {
    size_t size = strlen(name) + 1;
    ap_tokenizer *lent = ap__malloc(sizeof *lent + size);
    if (!lent) return ap__fail_nomem(err);
    *lent = (ap_tokenizer){.impl = impl, .name = memcpy(lent + 1, name, size)};
    *out = lent;
    return AP_OK;
}

void ap_tokenizer_destroy(ap_tokenizer *tokenizer) {
    if (!tokenizer) return;
    ap__tokenizer_destroy(tokenizer->impl);
    ap__chat_templates_destroy(tokenizer->chat);
    ap__free(tokenizer->name);
    ap__free(tokenizer);
}

/* -- the vocabulary ------------------------------------------------------------------------------------ */

size_t ap_tokenizer_get_vocab_size(const ap_tokenizer *tokenizer) {
    return ap__tokenizer_get_vocab_size(tokenizer->impl);
}

uint32_t ap_tokenizer_token_to_id(const ap_tokenizer *tokenizer, const char *token, size_t len_bytes) {
    if (!token) return AP_TOKEN_NONE;
    size_t len = len_bytes == AP_NUL_TERMINATED ? strlen(token) : len_bytes;
    return ap__tokenizer_token_to_id(tokenizer->impl, token, len);
}

const char *ap_tokenizer_id_to_token(const ap_tokenizer *tokenizer, uint32_t id, size_t *len_bytes) {
    size_t len = 0;
    const char *token = ap__tokenizer_id_to_token(tokenizer->impl, id, &len);
    if (len_bytes) *len_bytes = len;
    return token;
}

/* One row for each ap_special_token, in its order. */
static const struct special_row {
    const char *name;
    size_t token, id; /* Where ap__tokenizer_config has them. */
} SPECIAL_TOKENS[] = {
#define ROW(NAME)                                                                                            \
    { #NAME, offsetof(ap__tokenizer_config, NAME), offsetof(ap__tokenizer_config, NAME##_id) }
    ROW(bos_token), ROW(eos_token), ROW(unk_token),  ROW(sep_token),
    ROW(pad_token), ROW(cls_token), ROW(mask_token),
#undef ROW
};

enum { N_SPECIAL_TOKENS = sizeof SPECIAL_TOKENS / sizeof *SPECIAL_TOKENS };

static uint32_t special_id(const ap__tokenizer_config *config, const struct special_row *row) {
    return *(const uint32_t *)(const void *)((const char *)config + row->id);
}

static const char *special_text(const ap__tokenizer_config *config, const struct special_row *row) {
    return *(const char *const *)(const void *)((const char *)config + row->token);
}

uint32_t ap_tokenizer_get_special_id(const ap_tokenizer *tokenizer, ap_special_token which) {
    if ((size_t)which >= N_SPECIAL_TOKENS) return AP_TOKEN_NONE;
    return special_id(ap__tokenizer_get_config(tokenizer->impl), &SPECIAL_TOKENS[which]);
}

size_t ap_tokenizer_get_n_special_added(const ap_tokenizer *tokenizer, int is_pair) {
    return ap__tokenizer_n_special_added(tokenizer->impl, is_pair != 0);
}

/* -- describing ---------------------------------------------------------------------------------------- */

static const char *side_name(ap__side side) { return side == AP__SIDE_LEFT ? "left" : "right"; }

static ap_status set_count(ap_value *dict, const char *key, size_t n, ap_error *err) {
    if (n <= INT64_MAX) return ap__dict_set_int(dict, key, (int64_t)n, err);
    return ap__dict_set_text(dict, key, NULL, err); /* There is no limit. */
}

/* A dict under `key`, lent for filling. */
static ap_status add_dict(ap_value **out, ap_value *dict, const char *key, ap_error *err) {
    ap_status status = ap__dict_add(out, dict, key, strlen(key), err);
    if (!status) ap__value_set_dict(*out);
    return status;
}

static ap_status describe_special(ap_value *dict, const ap__tokenizer_config *config, ap_error *err) {
    ap_value *all, *one;
    ap_status status = add_dict(&all, dict, "special_tokens", err);
    for (size_t i = 0; i < N_SPECIAL_TOKENS && !status; i++) {
        const struct special_row *row = &SPECIAL_TOKENS[i];
        uint32_t id = special_id(config, row);
        if (!special_text(config, row)) continue;
        status = add_dict(&one, all, row->name, err);
        if (!status) status = ap__dict_set_text(one, "token", special_text(config, row), err);
        if (!status && id != AP__TOKEN_NONE) status = ap__dict_set_int(one, "id", id, err);
    }
    return status;
}

static ap_status describe_inputs(ap_value *dict, const ap__tokenizer_config *config, ap_error *err) {
    ap_value *names;
    ap_status status = ap__dict_set_list(&names, dict, "model_input_names", err);
    if (!status) status = ap__list_add_text(names, "input_ids", strlen("input_ids"), err);
    if (!status && config->has_token_type_ids)
        status = ap__list_add_text(names, "token_type_ids", strlen("token_type_ids"), err);
    if (!status && config->has_attention_mask)
        status = ap__list_add_text(names, "attention_mask", strlen("attention_mask"), err);
    return status;
}

static ap_status describe_truncation(ap_value *dict, const ap__encode_options *stored, ap_error *err) {
    static const char *const STRATEGIES[] = {NULL, "longest_first", "only_first", "only_second"};
    ap_value *out;
    if (!stored->truncation) return ap__dict_set_text(dict, "truncation", NULL, err);
    ap_status status = add_dict(&out, dict, "truncation", err);
    if (!status) status = ap__dict_set_text(out, "strategy", STRATEGIES[stored->truncation], err);
    if (!status) status = set_count(out, "max_length", stored->max_length, err);
    if (!status) status = set_count(out, "stride", stored->stride, err);
    return status ? status : ap__dict_set_text(out, "direction", side_name(stored->truncation_side), err);
}

static ap_status describe_padding(ap_value *dict, const ap__encode_options *stored, ap_error *err) {
    ap_value *out;
    if (!stored->padding) return ap__dict_set_text(dict, "padding", NULL, err);
    ap_status status = add_dict(&out, dict, "padding", err);
    if (!status) status = ap__dict_set_text(out, "direction", side_name(stored->padding_side), err);
    if (!status) status = ap__dict_set_text(out, "pad_token", stored->pad_token, err);
    if (!status) status = ap__dict_set_int(out, "pad_id", stored->pad_id, err);
    if (!status) status = ap__dict_set_int(out, "pad_type_id", stored->pad_type_id, err);
    if (!status && stored->padding == AP__PADDING_FIXED)
        status = set_count(out, "length", stored->pad_length, err);
    if (!status && stored->pad_to_multiple_of)
        status = set_count(out, "pad_to_multiple_of", stored->pad_to_multiple_of, err);
    return status;
}

static ap_status describe(ap_value *dict, const ap_tokenizer *tokenizer, ap_error *err) {
    const ap__tokenizer_config *config = ap__tokenizer_get_config(tokenizer->impl);
    ap__encode_options stored;
    ap__tokenizer_get_stored_options(tokenizer->impl, &stored);
    ap__value_set_dict(dict);
    ap_status status = ap__dict_set_text(dict, "name", tokenizer->name, err);
    if (!status) status = ap__dict_set_text(dict, "tokenizer_class", config->tokenizer_class, err);
    if (!status) status = set_count(dict, "vocab_size", ap_tokenizer_get_vocab_size(tokenizer), err);
    if (!status) status = set_count(dict, "model_max_length", config->model_max_length, err);
    if (!status) status = ap__dict_set_text(dict, "padding_side", side_name(config->padding_side), err);
    if (!status) status = ap__dict_set_text(dict, "truncation_side", side_name(config->truncation_side), err);
    if (!status)
        status = ap__dict_set_bool(dict, "clean_up_tokenization_spaces", config->clean_up_tokenization_spaces,
                                   err);
    if (!status) status = describe_inputs(dict, config, err);
    if (!status) status = describe_special(dict, config, err);
    if (!status) status = describe_truncation(dict, &stored, err);
    return status ? status : describe_padding(dict, &stored, err);
}

ap_status ap_tokenizer_describe(ap_value **out, const ap_tokenizer *tokenizer, ap_error *err) {
    if (!out || !tokenizer)
        return ap__fail(err, AP_EINVAL, "ap_tokenizer_describe: %s is NULL", out ? "tokenizer" : "out");
    ap_status status = ap_value_create_null(out, err);
    if (!status && (status = describe(*out, tokenizer, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* -- decoding ------------------------------------------------------------------------------------------ */

static ap_status decode(char **out, size_t *len, const ap_tokenizer *tokenizer, const ap_token_ids *ids,
                        const ap__decode_stream_options *options, ap_error *err) {
    if (ids->n && !ids->ids) return ap__fail(err, AP_EINVAL, "decode: %zu ids at NULL", ids->n);
    ap_status status =
        ap__tokenizer_decode(out, len, tokenizer->impl, ids->ids, ids->n, options->skip_special_tokens, err);
    if (status || !options->clean_up) return status;
    *len = ap__clean_up_tokenization_spaces(*out, *len);
    (*out)[*len] = '\0';
    return AP_OK;
}

ap_status ap_tokenizer_decode(char **out, size_t *len_bytes, const ap_tokenizer *tokenizer,
                              const ap_token_ids *ids, const ap_decode_options *options, ap_error *err) {
    ap__decode_stream_options own;
    size_t len = 0;
    if (out) *out = NULL;
    if (len_bytes) *len_bytes = 0;
    if (!out || !tokenizer || !ids)
        return ap__fail(err, AP_EINVAL, "ap_tokenizer_decode: out, tokenizer or ids is NULL");
    ap_status status = ap__decode_options_resolve(&own, tokenizer, options, err);
    if (!status) status = decode(out, &len, tokenizer, ids, &own, err);
    if (!status && len_bytes) *len_bytes = len;
    return status;
}

static ap_status decode_lists(ap_value *list, const ap_tokenizer *tokenizer, const ap_token_ids *lists,
                              size_t n_lists, const ap__decode_stream_options *options, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < n_lists && !status; i++) {
        char *text = NULL;
        size_t len = 0;
        status = decode(&text, &len, tokenizer, &lists[i], options, err);
        if (status)
            ap__error_wrap(err, status, "list %zu", i);
        else
            status = ap__list_add_text(list, text, len, err);
        ap__free(text);
    }
    return status;
}

ap_status ap_tokenizer_decode_batch(ap_value **out, const ap_tokenizer *tokenizer, const ap_token_ids *lists,
                                    size_t n_lists, const ap_decode_options *options, ap_error *err) {
    ap__decode_stream_options own;
    if (out) *out = NULL;
    if (!out || !tokenizer || (n_lists && !lists))
        return ap__fail(err, AP_EINVAL, "ap_tokenizer_decode_batch: out, tokenizer or lists is NULL");
    ap_status status = ap__decode_options_resolve(&own, tokenizer, options, err);
    if (!status) status = ap_value_create_list(out, err);
    if (!status && (status = decode_lists(*out, tokenizer, lists, n_lists, &own, err))) {
        ap_value_destroy(*out);
        *out = NULL;
    }
    return status;
}
