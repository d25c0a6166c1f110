/* Every field is a row of a table; one that is not known is an error, because what it was to change would not
 * be changed. */
#include "tokenize_request.h"

#include "args.h"
#include "diag.h"
#include "suggest.h"

#include <stdlib.h>
#include <string.h>

typedef ap_status field_fn(cli_tokenize_request *request, const ap_value *value, ap_error *err);

/* -- values of a kind ---------------------------------------------------------------------------------- */

static ap_status fail_kind(const char *name, const char *expected, const ap_value *found, ap_error *err) {
    return cli_fail(err, AP_ETYPE, "%s: expected %s, found %s", name, expected,
                    ap_kind_name(ap_value_kind(found)));
}

static ap_status get_text(ap_text *out, const ap_value *value, const char *name, ap_error *err) {
    out->ptr = ap_value_get_string(value, &out->len_bytes);
    return out->ptr ? AP_OK : fail_kind(name, "a string", value, err);
}

/* A number from 0 to `most`. */
static ap_status get_count(int64_t *out, const ap_value *value, int64_t most, const char *name,
                           ap_error *err) {
    *out = ap_value_get_int(value);
    if (ap_value_kind(value) != AP_KIND_INT) return fail_kind(name, "a count", value, err);
    if (*out >= 0 && *out <= most) return AP_OK;
    return cli_fail(err, AP_EINVAL, "%s: expected 0 to %lld, found %lld", name, (long long)most,
                    (long long)*out);
}

static ap_status get_bool(bool *out, const ap_value *value, const char *name, ap_error *err) {
    *out = ap_value_get_bool(value) != 0;
    return ap_value_kind(value) == AP_KIND_BOOL ? AP_OK : fail_kind(name, "true or false", value, err);
}

/* One of `names`, which "|" separates; *out is its index. */
static ap_status get_choice(int *out, const ap_value *value, const char *names, const char *name,
                            ap_error *err) {
    const char *text = ap_value_get_string(value, NULL);
    if (!text) return fail_kind(name, names, value, err);
    if (!cli_args_is_choice(names, text))
        return cli_fail(err, AP_EINVAL, "%s: expected %s, found \"%.40s\"", name, names, text);
    *out = 0;
    size_t len = strlen(text);
    for (const char *at = names; strncmp(at, text, len) || (at[len] && at[len] != '|'); ++*out)
        at = strchr(at, '|') + 1;
    return AP_OK;
}

/* Memory of a line; the request frees it. */
static ap_status allocate(void *out_ptr, cli_tokenize_request *request, int which, size_t count, size_t size,
                          ap_error *err) {
    void *memory = calloc(count ? count : 1, size);
    request->memory[which] = memory;
    memcpy(out_ptr, &memory, sizeof memory);
    return memory ? AP_OK : cli_fail_nomem(err);
}

/* -- inputs -------------------------------------------------------------------------------------------- */

static void set_one(cli_tokenize_request *request, const ap_text *texts, size_t n_texts,
                    const ap_text *pair) {
    request->one = (ap_encode_input){.texts = texts, .n_texts = n_texts, .pairs = pair};
    request->inputs = &request->one;
    request->n_inputs = 1;
}

static ap_status read_text(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    set_one(request, request->two, 1, NULL);
    return get_text(request->two, value, "text", err);
}

/* Two strings into two[0] and two[1]. */
static ap_status get_pair(ap_text *two, const ap_value *value, const char *name, ap_error *err) {
    if (ap_value_kind(value) != AP_KIND_LIST || ap_value_len(value) != 2)
        return cli_fail(err, AP_ETYPE, "%s: expected a list of two strings", name);
    ap_status status = get_text(&two[0], ap_value_list_get(value, 0), name, err);
    return status ? status : get_text(&two[1], ap_value_list_get(value, 1), name, err);
}

static ap_status read_pair(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    set_one(request, &request->two[0], 1, &request->two[1]);
    return get_pair(request->two, value, "pair", err);
}

static ap_status read_words(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    size_t n = ap_value_len(value);
    ap_text *words;
    if (ap_value_kind(value) != AP_KIND_LIST) return fail_kind("words", "a list of strings", value, err);
    ap_status status = allocate(&words, request, 0, n, sizeof *words, err);
    for (size_t i = 0; i < n && !status; i++)
        status = get_text(&words[i], ap_value_list_get(value, i), "words", err);
    if (status) return status;
    set_one(request, words, n, NULL);
    request->one.is_split_into_words = 1;
    return AP_OK;
}

static ap_status read_batch(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    size_t n = ap_value_len(value);
    ap_encode_input *inputs;
    ap_text *texts = NULL;
    if (ap_value_kind(value) != AP_KIND_LIST)
        return fail_kind("batch", "a list of texts and pairs", value, err);
    ap_status status = allocate(&inputs, request, 0, n, sizeof *inputs, err);
    if (!status) status = allocate(&texts, request, 1, n, 2 * sizeof *texts, err);
    for (size_t i = 0; i < n && !status; i++) {
        const ap_value *item = ap_value_list_get(value, i);
        ap_text *two = &texts[2 * i];
        bool is_pair = ap_value_kind(item) == AP_KIND_LIST;
        inputs[i] = (ap_encode_input){.texts = two, .n_texts = 1, .pairs = is_pair ? two + 1 : NULL};
        status = is_pair ? get_pair(two, item, "batch", err) : get_text(two, item, "batch", err);
    }
    request->inputs = inputs;
    request->n_inputs = n;
    request->is_batch = true;
    return status;
}

static ap_status read_ids(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    size_t n = ap_value_len(value);
    uint32_t *ids;
    if (ap_value_kind(value) != AP_KIND_LIST) return fail_kind("ids_in", "a list of ids", value, err);
    ap_status status = allocate(&ids, request, 0, n, sizeof *ids, err);
    for (size_t i = 0; i < n && !status; i++) {
        int64_t id;
        status = get_count(&id, ap_value_list_get(value, i), UINT32_MAX, "ids_in", err);
        ids[i] = (uint32_t)id;
    }
    request->ids = (ap_token_ids){ids, n};
    request->is_decode = true;
    return status;
}

/* -- options ------------------------------------------------------------------------------------------- */

static ap_status read_special(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    bool is_on;
    ap_status status = get_bool(&is_on, value, "add_special_tokens", err);
    request->options.add_special_tokens = is_on ? AP_SWITCH_ON : AP_SWITCH_OFF;
    return status;
}

static ap_status read_max_length(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    ap_status status =
        get_count(&request->options.max_length, value, INT64_MAX, "truncation.max_length", err);
    if (!request->options.max_length) request->options.max_length = AP_LENGTH_ZERO;
    return status;
}

static ap_status get_size(size_t *out, const ap_value *value, const char *name, ap_error *err) {
    int64_t count;
    ap_status status = get_count(&count, value, INT64_MAX, name, err);
    *out = (size_t)count;
    return status;
}

static ap_status read_stride(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    return get_size(&request->options.stride, value, "truncation.stride", err);
}

static ap_status read_strategy(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    int choice = 0;
    ap_status status =
        get_choice(&choice, value, "longest_first|only_first|only_second", "truncation.strategy", err);
    request->options.truncation = (ap_truncation)(choice + (int)AP_TRUNCATION_LONGEST_FIRST);
    return status;
}

static ap_status get_side(ap_side *out, const ap_value *value, const char *name, ap_error *err) {
    int choice = 0;
    ap_status status = get_choice(&choice, value, "right|left", name, err);
    *out = choice ? AP_SIDE_LEFT : AP_SIDE_RIGHT;
    return status;
}

static ap_status read_truncation_side(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    return get_side(&request->options.truncation_side, value, "truncation.direction", err);
}

static ap_status read_padding_side(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    return get_side(&request->options.padding_side, value, "padding.direction", err);
}

static ap_status get_id(uint32_t *out, const ap_value *value, const char *name, ap_error *err) {
    int64_t id;
    ap_status status = get_count(&id, value, UINT32_MAX - 1, name, err);
    *out = (uint32_t)id;
    return status;
}

static ap_status read_pad_id(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    return get_id(&request->options.pad_id, value, "padding.pad_id", err);
}

static ap_status read_pad_type_id(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    return get_id(&request->options.pad_type_id, value, "padding.pad_type_id", err);
}

static ap_status read_pad_token(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    ap_text text;
    ap_status status = get_text(&text, value, "padding.pad_token", err);
    request->options.pad_token = text.ptr;
    return status;
}

/* To no length at all is no padding. */
static ap_status read_pad_length(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    ap_status status = get_size(&request->options.pad_length, value, "padding.length", err);
    request->options.padding = request->options.pad_length ? AP_PADDING_MAX_LENGTH : AP_PADDING_DO_NOT_PAD;
    return status;
}

static ap_status read_multiple(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    return get_size(&request->options.pad_to_multiple_of, value, "padding.pad_to_multiple_of", err);
}

static void clear_truncation(ap_encode_options *options) {
    options->truncation = AP_TRUNCATION_DEFAULT;
    options->truncation_side = AP_SIDE_DEFAULT;
    options->max_length = 0;
    options->stride = 0;
}

static void clear_padding(ap_encode_options *options) {
    options->padding = AP_PADDING_DO_NOT_PAD;
    options->padding_side = AP_SIDE_DEFAULT;
    options->pad_length = options->pad_to_multiple_of = 0;
    options->pad_token = NULL;
    options->pad_id = options->pad_type_id = 0;
}

static ap_status read_stored(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    bool is_on;
    ap_status status = get_bool(&is_on, value, "stored_options", err);
    request->options.stored_options = is_on ? AP_SWITCH_ON : AP_SWITCH_OFF;
    return status;
}

/* -- fields -------------------------------------------------------------------------------------------- */

typedef struct field {
    const char *name; /* NULL ends a table. */
    field_fn *read;
    bool is_input; /* There has to be one of them. */
} field;

static const field TRUNCATION[] = {{"max_length", read_max_length, false},
                                   {"stride", read_stride, false},
                                   {"strategy", read_strategy, false},
                                   {"direction", read_truncation_side, false},
                                   {NULL, NULL, false}};

static const field PADDING[] = {{"direction", read_padding_side, false},
                                {"pad_id", read_pad_id, false},
                                {"pad_type_id", read_pad_type_id, false},
                                {"pad_token", read_pad_token, false},
                                {"length", read_pad_length, false},
                                {"pad_to_multiple_of", read_multiple, false},
                                {NULL, NULL, false}};

static ap_status fail_field(const field *fields, const char *name, const char *where, ap_error *err) {
    cli_suggestion suggestion = {0};
    for (const field *f = fields; f->name; f++) cli_suggest(&suggestion, name, f->name);
    const char *best = suggestion.best;
    return cli_fail(err, AP_EINVAL, "%sthere is no field \"%.64s\"%s%s", where, name,
                    best ? "; did you mean " : "", best ? best : "");
}

/* Reads all entries of `dict`; null is as if there were none. */
static ap_status read_fields(cli_tokenize_request *request, const ap_value *dict, const field *fields,
                             const char *where, const char **input, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; i < ap_value_len(dict) && !status; i++) {
        const char *name;
        const ap_value *value = ap_value_dict_at(dict, i, &name);
        const field *f = fields;
        while (f->name && strcmp(f->name, name)) f++;
        if (!f->name) return fail_field(fields, name, where, err);
        if (ap_value_kind(value) == AP_KIND_NULL) continue;
        if (f->is_input && *input)
            return cli_fail(err, AP_EINVAL, "%s and %s exclude each other: give one of them", *input, name);
        if (f->is_input) *input = f->name;
        status = f->read(request, value, err);
    }
    return status;
}

static ap_status read_truncation(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    if (ap_value_kind(value) != AP_KIND_DICT) return fail_kind("truncation", "an object", value, err);
    if (ap_value_kind(ap_value_dict_get(value, "max_length")) == AP_KIND_NULL)
        return cli_fail(err, AP_EINVAL, "truncation: max_length is missing");
    clear_truncation(&request->options);
    request->options.truncation = AP_TRUNCATION_LONGEST_FIRST;
    request->options.truncation_side = AP_SIDE_RIGHT;
    return read_fields(request, value, TRUNCATION, "truncation: ", NULL, err);
}

static ap_status read_padding(cli_tokenize_request *request, const ap_value *value, ap_error *err) {
    if (ap_value_kind(value) != AP_KIND_DICT) return fail_kind("padding", "an object", value, err);
    clear_padding(&request->options);
    request->options.padding = AP_PADDING_LONGEST;
    request->options.padding_side = AP_SIDE_RIGHT;
    request->options.pad_token = "[PAD]";
    return read_fields(request, value, PADDING, "padding: ", NULL, err);
}

static const field FIELDS[] = {{"text", read_text, true},
                               {"pair", read_pair, true},
                               {"words", read_words, true},
                               {"batch", read_batch, true},
                               {"ids_in", read_ids, true},
                               {"add_special_tokens", read_special, false},
                               {"truncation", read_truncation, false},
                               {"padding", read_padding, false},
                               {"stored_options", read_stored, false},
                               {NULL, NULL, false}};

ap_status cli_tokenize_request_read(cli_tokenize_request *out, const ap_value *value,
                                    const ap_encode_options *defaults, ap_error *err) {
    const char *input = NULL;
    *out = (cli_tokenize_request){.options = *defaults};
    if (ap_value_kind(value) == AP_KIND_STRING) return read_text(out, value, err);
    if (ap_value_kind(value) != AP_KIND_DICT) return fail_kind("input", "a string or an object", value, err);
    /* What the file stores takes the place of what the command line says. */
    if (ap_value_get_bool(ap_value_dict_get(value, "stored_options"))) {
        clear_truncation(&out->options);
        clear_padding(&out->options);
    }
    ap_status status = read_fields(out, value, FIELDS, "", &input, err);
    if (!status && !input)
        return cli_fail(err, AP_EINVAL, "there is none of text, pair, words, batch and ids_in");
    return status;
}

void cli_tokenize_request_clear(cli_tokenize_request *request) {
    free(request->memory[0]);
    free(request->memory[1]);
    *request = (cli_tokenize_request){0};
}

/* -- ids ----------------------------------------------------------------------------------------------- */

static const char BETWEEN_IDS[] = " \t\r\n,[]";

/* The next number of the text, whose end moves behind it. */
static ap_status next_id(uint32_t *out, const char **text, ap_error *err) {
    uint64_t id = 0;
    size_t n = strcspn(*text, BETWEEN_IDS);
    for (size_t i = 0; i < n; i++) {
        char digit = (*text)[i];
        if (digit < '0' || digit > '9' || (id = id * 10 + (uint64_t)(digit - '0')) > UINT32_MAX)
            return cli_fail(err, AP_EINVAL, "\"%.*s\" is not an id", (int)(n < 40 ? n : 40), *text);
    }
    *out = (uint32_t)id;
    *text += n;
    return AP_OK;
}

static ap_status parse_ids(cli_tokenize_request *request, const char *text, ap_error *err) {
    size_t n = 0;
    uint32_t *ids;
    ap_status status = allocate(&ids, request, 0, strlen(text) / 2 + 1, sizeof *ids, err);
    while (!status && *(text += strspn(text, BETWEEN_IDS))) status = next_id(&ids[n++], &text, err);
    request->ids = (ap_token_ids){ids, n};
    return status;
}

ap_status cli_tokenize_request_read_ids(cli_tokenize_request *out, const ap_value *value, ap_error *err) {
    size_t len;
    const char *text = ap_value_get_string(value, &len);
    *out = (cli_tokenize_request){.is_decode = true};
    if (!text) return read_ids(out, value, err);
    if (strlen(text) != len) return cli_fail(err, AP_EINVAL, "a NUL is not an id");
    return parse_ids(out, text, err);
}
