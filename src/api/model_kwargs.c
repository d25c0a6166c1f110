/* The entries of model_kwargs, as a table.
 * Sources: transformers@v4.55.4 pipelines/__init__.py pipeline(), modeling_utils.py from_pretrained();
 * optimum-onnx@v0.0.3 onnxruntime/modeling.py ORTModel.from_pretrained();
 * optimum-intel@v2.2.0 openvino/modeling_base.py OVBaseModel. */
#include "api/model_kwargs.h"

#include "base/error.h"
#include "base/suggest.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef struct entry entry;

typedef ap_status (*read_fn)(ap__model_kwargs *out, const entry *row, const ap_value *value, ap_error *err);

struct entry {
    const char *name;
    read_fn read;
    size_t offset;           /* Of a text's place in the struct. */
    const char *text;        /* What the entry stands for, or why it is refused. */
    const char *accelerator; /* NULL: any. */
};

static ap_status fail_kind(const entry *row, const char *expected, const ap_value *value, ap_error *err) {
    return ap__fail(err, AP_ETYPE, "model_kwargs: %s: expected %s, found %s", row->name, expected,
                    ap_kind_name(ap_value_kind(value)));
}

/* Text that ends at its first NUL; NULL when there is more of it, or when the value is no string. */
static const char *whole_text(const ap_value *value) {
    size_t len;
    const char *text = ap_value_get_string(value, &len);
    return text && strlen(text) == len ? text : NULL;
}

/* -- runtime options ----------------------------------------------------------------------------------- */

static ap_status option_text(char *out, const ap_value *value, const char *name, const char *const *bools,
                             ap_error *err) {
    const char *text = whole_text(value);
    int n = -1;
    switch (ap_value_kind(value)) {
    case AP_KIND_STRING:
        if (text) n = snprintf(out, AP__OPTION_VALUE_BYTES, "%s", text);
        break;
    case AP_KIND_BOOL:
        n = snprintf(out, AP__OPTION_VALUE_BYTES, "%s", bools[ap_value_get_bool(value) != 0]);
        break;
    case AP_KIND_INT:
        n = snprintf(out, AP__OPTION_VALUE_BYTES, "%lld", (long long)ap_value_get_int(value));
        break;
    default:
        break;
    }
    if (n >= 0 && n < AP__OPTION_VALUE_BYTES) return AP_OK;
    return ap__fail(err, AP_EINVAL,
                    "model_kwargs: %.64s: expected a short string, a number or a bool, found %s", name,
                    ap_kind_name(ap_value_kind(value)));
}

/* How a runtime's own parser spells false and true. */
static const char *const DIGITS[] = {"0", "1"}, *const WORDS[] = {"NO", "YES"};

static ap_status add_option(ap__model_kwargs *out, const char *prefix, const char *name,
                            const ap_value *value, const char *const *bools, ap_error *err) {
    ap__runtime_options *options = &out->options;
    if (options->n == AP__RUNTIME_OPTIONS_MAX)
        return ap__fail(err, AP_ELIMIT, "model_kwargs: more than %d runtime options",
                        AP__RUNTIME_OPTIONS_MAX);
    int n = snprintf(options->names[options->n], AP__OPTION_NAME_BYTES, "%s%s", prefix, name);
    if (n < 0 || n >= AP__OPTION_NAME_BYTES)
        return ap__fail(err, AP_ELIMIT, "model_kwargs: the name %.64s is too long", name);
    ap_status status = option_text(options->values[options->n], value, name, bools, err);
    if (status) return status;
    options->pairs[options->n] = (ap_key_value){options->names[options->n], options->values[options->n]};
    options->n++;
    return AP_OK;
}

static ap_status add_options(ap__model_kwargs *out, const entry *row, const char *prefix,
                             const ap_value *dict, ap_error *err) {
    const char *const *bools = strcmp(row->name, "ov_config") == 0 ? WORDS : DIGITS;
    ap_status status = AP_OK;
    if (ap_value_kind(dict) != AP_KIND_DICT) return fail_kind(row, "a dict", dict, err);
    for (size_t i = 0; !status && i < ap_value_len(dict); i++) {
        const char *name;
        const ap_value *value = ap_value_dict_at(dict, i, &name);
        status = add_option(out, prefix, name, value, bools, err);
    }
    return status;
}

static ap_status read_options(ap__model_kwargs *out, const entry *row, const ap_value *value, ap_error *err) {
    return add_options(out, row, "", value, err);
}

/* -- execution providers ------------------------------------------------------------------------------- */

/* The first is "provider", those behind it "provider_1" and so on, in the order of preference. */
static ap_status add_provider(ap__model_kwargs *out, size_t index, const ap_value *value, ap_error *err) {
    char name[32] = "provider";
    if (index) snprintf(name, sizeof name, "provider_%zu", index);
    if (!whole_text(value))
        return ap__fail(err, AP_ETYPE, "model_kwargs: provider: expected a string, found %s",
                        ap_kind_name(ap_value_kind(value)));
    if (!index) out->provider = ap_value_get_string(value, NULL);
    return add_option(out, "", name, value, DIGITS, err);
}

static ap_status fail_two_providers(ap_error *err) {
    return ap__fail(err, AP_EINVAL, "model_kwargs: provider and providers are both given; give one of them");
}

static ap_status read_provider(ap__model_kwargs *out, const entry *row, const ap_value *value,
                               ap_error *err) {
    (void)row;
    return out->provider ? fail_two_providers(err) : add_provider(out, 0, value, err);
}

static ap_status read_providers(ap__model_kwargs *out, const entry *row, const ap_value *value,
                                ap_error *err) {
    ap_status status = AP_OK;
    if (out->provider) return fail_two_providers(err);
    if (ap_value_kind(value) != AP_KIND_LIST || !ap_value_len(value))
        return fail_kind(row, "a list of names", value, err);
    for (size_t i = 0; !status && i < ap_value_len(value); i++)
        status = add_provider(out, i, ap_value_list_get(value, i), err);
    return status;
}

/* A dict is for the first provider; a list has one for each. */
static ap_status read_provider_options(ap__model_kwargs *out, const entry *row, const ap_value *value,
                                       ap_error *err) {
    ap_status status = AP_OK;
    if (ap_value_kind(value) != AP_KIND_LIST) return add_options(out, row, "provider_options.", value, err);
    for (size_t i = 0; !status && i < ap_value_len(value); i++) {
        char prefix[48] = "provider_options.";
        if (i) snprintf(prefix, sizeof prefix, "provider_options_%zu.", i);
        status = add_options(out, row, prefix, ap_value_list_get(value, i), err);
    }
    return status;
}

/* -- other entries ------------------------------------------------------------------------------------- */

static ap_status read_text(ap__model_kwargs *out, const entry *row, const ap_value *value, ap_error *err) {
    const char **place = (const char **)(void *)((char *)out + row->offset);
    *place = whole_text(value);
    return *place ? AP_OK : fail_kind(row, "a string", value, err);
}

static ap_status read_value(ap__model_kwargs *out, const entry *row, const ap_value *value, ap_error *err) {
    const ap_value **place = (const ap_value **)(void *)((char *)out + row->offset);
    (void)err;
    *place = value;
    return AP_OK;
}

static ap_status set_dtype(ap__model_kwargs *out, const entry *row, const char *dtype, ap_error *err) {
    if (out->torch_dtype && strcmp(out->torch_dtype, dtype) != 0)
        return ap__fail(err, AP_EINVAL, "model_kwargs: %s and %s contradict each other; give one of them",
                        out->torch_dtype_entry, row->name);
    out->torch_dtype = dtype;
    out->torch_dtype_entry = row->name;
    return AP_OK;
}

static ap_status read_dtype(ap__model_kwargs *out, const entry *row, const ap_value *value, ap_error *err) {
    const char *text = whole_text(value);
    return text ? set_dtype(out, row, text, err) : fail_kind(row, "a string", value, err);
}

/* A switch that stands for a variant of the file. */
static ap_status read_variant(ap__model_kwargs *out, const entry *row, const ap_value *value, ap_error *err) {
    if (ap_value_kind(value) != AP_KIND_BOOL) return fail_kind(row, "a bool", value, err);
    return ap_value_get_bool(value) ? set_dtype(out, row, row->text, err) : AP_OK;
}

/* Accepted, and without any effect on what a local folder gives. */
static ap_status read_accepted(ap__model_kwargs *out, const entry *row, const ap_value *value,
                               ap_error *err) {
    (void)out;
    (void)row;
    (void)value;
    (void)err;
    return AP_OK;
}

static ap_status read_switch(ap__model_kwargs *out, const entry *row, const ap_value *value, ap_error *err) {
    (void)out;
    return ap_value_kind(value) == AP_KIND_BOOL ? AP_OK : fail_kind(row, "a bool", value, err);
}

/* Where the reference's default can be asked for, and nothing else. */
static ap_status read_default(ap__model_kwargs *out, const entry *row, const ap_value *value, ap_error *err) {
    (void)out;
    bool wanted = row->text[0] == '+';
    if (ap_value_kind(value) == AP_KIND_BOOL && (ap_value_get_bool(value) != 0) == wanted) return AP_OK;
    return ap__fail(err, AP_EUNSUPPORTED, "model_kwargs: %s: %s", row->name, row->text + 1);
}

static ap_status read_refused(ap__model_kwargs *out, const entry *row, const ap_value *value, ap_error *err) {
    (void)out;
    (void)value;
    return ap__fail(err, AP_EUNSUPPORTED, "model_kwargs: %s: %s", row->name, row->text);
}

#define PLACE(member) offsetof(ap__model_kwargs, member)
#define EXPORT_HINT "models are not exported here; export it before, with: optimum-cli export"

static const entry ENTRIES[] = {
    {"file_name", read_text, PLACE(file_name), NULL, NULL},
    {"subfolder", read_text, PLACE(subfolder), NULL, NULL},
    {"torch_dtype", read_dtype, 0, NULL, NULL},
    {"dtype", read_dtype, 0, NULL, NULL},
    {"load_in_8bit", read_variant, 0, "int8", NULL},
    {"load_in_4bit", read_variant, 0, "q4", NULL},
    {"device_map", read_value, PLACE(device_map), NULL, NULL},
    /* ONNX Runtime. */
    {"provider", read_provider, 0, NULL, "ort"},
    {"providers", read_providers, 0, NULL, "ort"},
    {"provider_options", read_provider_options, 0, NULL, "ort"},
    {"session_options", read_options, 0, NULL, "ort"},
    {"use_io_binding", read_switch, 0, NULL, NULL}, /* Outputs are always bound. */
    /* OpenVINO. */
    {"ov_config", read_options, 0, NULL, "ov"},
    {"dynamic_shapes", read_default, 0, "+only true is supported: any length and batch size is taken", NULL},
    {"compile", read_switch, 0, NULL, NULL}, /* It is compiled when it is opened. */
    {"compile_only", read_switch, 0, NULL, NULL},
    {"from_onnx", read_switch, 0, NULL, NULL}, /* The file's kind is seen. */
    {"export", read_default, 0, "-" EXPORT_HINT, NULL},
    {"from_transformers", read_default, 0, "-" EXPORT_HINT, NULL},
    {"quantization_config", read_refused, 0,
     "models are not quantized here; name a quantized file by torch_dtype (\"q8\", \"q4\") or file_name",
     NULL},
    /* The Hub; a local folder needs none of them. */
    {"use_auth_token", read_value, PLACE(token), NULL, NULL},
    {"token", read_value, PLACE(token), NULL, NULL},
    {"revision", read_accepted, 0, NULL, NULL},
    {"code_revision", read_accepted, 0, NULL, NULL},
    {"_commit_hash", read_accepted, 0, NULL, NULL},
    {"cache_dir", read_accepted, 0, NULL, NULL},
    {"force_download", read_accepted, 0, NULL, NULL},
    {"local_files_only", read_accepted, 0, NULL, NULL},
    {"trust_remote_code", read_accepted, 0, NULL, NULL},
    /* How PyTorch loads weights and computes attention: of no meaning for a graph. */
    {"low_cpu_mem_usage", read_accepted, 0, NULL, NULL},
    {"use_safetensors", read_accepted, 0, NULL, NULL},
    {"attn_implementation", read_accepted, 0, NULL, NULL},
};

enum { N_ENTRIES = sizeof ENTRIES / sizeof *ENTRIES };

/* -- all of them --------------------------------------------------------------------------------------- */

static ap_status note_accelerator(ap__model_kwargs *out, const entry *row, ap_error *err) {
    if (!row->accelerator) return AP_OK;
    if (out->accelerator && strcmp(out->accelerator, row->accelerator) != 0)
        return ap__fail(err, AP_EINVAL,
                        "model_kwargs: %s is for accelerator \"%s\" and %s for \"%s\"; give one of them",
                        out->accelerator_entry, out->accelerator, row->name, row->accelerator);
    out->accelerator = row->accelerator;
    out->accelerator_entry = row->name;
    return AP_OK;
}

static const entry *find_entry(const char *name) {
    for (size_t i = 0; i < N_ENTRIES; i++)
        if (strcmp(name, ENTRIES[i].name) == 0) return &ENTRIES[i];
    return NULL;
}

static ap_status read_entry(ap__model_kwargs *out, const entry *row, const ap_value *value, ap_error *err) {
    if (ap_value_kind(value) == AP_KIND_NULL) return AP_OK;
    ap_status status = note_accelerator(out, row, err);
    return status ? status : row->read(out, row, value, err);
}

ap_status ap__model_kwargs_read(ap__model_kwargs *out, const ap_value *dict, ap_error *err) {
    ap_status status = AP_OK;
    if (ap_value_kind(dict) == AP_KIND_NULL) return AP_OK;
    if (ap_value_kind(dict) != AP_KIND_DICT)
        return ap__fail(err, AP_ETYPE, "parameter model_kwargs: expected a dict, found %s",
                        ap_kind_name(ap_value_kind(dict)));
    for (size_t i = 0; !status && i < ap_value_len(dict); i++) {
        const char *name;
        const ap_value *value = ap_value_dict_at(dict, i, &name);
        const entry *row = find_entry(name);
        if (row) status = read_entry(out, row, value, err);
    }
    return status;
}

/* -- attributes of the configuration ------------------------------------------------------------------- */

static ap_status fail_unknown(const char *name, ap_error *err) {
    char hint[96];
    ap__suggestion suggestion = {0};
    for (size_t i = 0; i < N_ENTRIES; i++) ap__suggest(&suggestion, name, ENTRIES[i].name);
    return ap__fail(err, AP_ETYPE,
                    "model_kwargs has no entry \"%.64s\", and the model's configuration no such attribute%s",
                    name, ap__suggestion_text(&suggestion, hint, sizeof hint));
}

static ap_status collect_attributes(ap_value *out, const ap__config *config, const ap_value *dict,
                                    ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < ap_value_len(dict); i++) {
        const char *name;
        ap_value *slot;
        const ap_value *value = ap_value_dict_at(dict, i, &name);
        if (find_entry(name)) continue;
        if (!ap__config_has(config, name)) return fail_unknown(name, err);
        status = ap__dict_add(&slot, out, name, strlen(name), err);
        if (!status) status = ap__value_assign(slot, value, err);
    }
    return status;
}

ap_status ap__model_kwargs_configure(ap__config **config, const ap_value *dict, ap_error *err) {
    ap_value attributes = {0};
    ap__value_set_dict(&attributes);
    ap_status status = collect_attributes(&attributes, *config, dict, err);
    if (!status && ap_value_len(&attributes)) status = ap__config_set(config, &attributes, err);
    ap__value_clear(&attributes);
    return status;
}
