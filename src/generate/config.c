/* Layers of values. */
#include "generate/config.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "tokenizer/tokenizer.h"
#include "value/json.h"
#include "value/value.h"

#include <stdio.h>
#include <string.h>

/* Largest generation_config.json, in bytes. */
#define FILE_MAX_BYTES ((size_t)16 << 20)
/* Of the pipeline's own values: nobody gave them, so nobody is warned of them. */
static const ap_origin ORIGIN_OWN = (ap_origin)3;
/* The first version whose files fill calls, times 1000 plus the second number. */
enum { VERSION_FILLS = 4050 };

/* -- files --------------------------------------------------------------------------------------------- */

static bool is_argument(const char *name) {
    const ap_param *row = ap__params_find(ap__generate_params, name);
    return row && ap__generate_param_is_argument(row);
}

/* Binds the entries that the table knows; a model's file may hold others. */
static ap_status bind_known(ap__generate_opts *opts, const ap_value *dict, ap_origin origin, bool skips_null,
                            ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < ap_value_len(dict); i++) {
        const char *name;
        bool found;
        const ap_value *value = ap_value_dict_at(dict, i, &name);
        if (skips_null && ap_value_kind(value) == AP_KIND_NULL) continue;
        if (is_argument(name)) continue; /* No member of a configuration; in a file it is another. */
        status = ap__params_bind_one(&found, ap__generate_params, opts, name, value, origin, err);
    }
    return status;
}

/* "4.55.4" to 4055; what is no version, as the reference's own. */
static int version_of(const ap_value *json) {
    int major, minor;
    const char *text = ap_value_get_string(ap_value_dict_get(json, "transformers_version"), NULL);
    if (!text || sscanf(text, "%4d.%3d", &major, &minor) != 2) return VERSION_FILLS;
    return major * 1000 + minor;
}

/* What classes of configurations have as special tokens where config.json does not say. */
typedef struct class_tokens {
    const char *model_type;
    int32_t bos, eos, pad, decoder_start, forced_eos; /* -1: none. */
} class_tokens;

static const class_tokens CLASS_TOKENS[] = {
#define AP_CLASS_TOKENS(TYPE, BOS, EOS, PAD, START, FORCED_EOS) {TYPE, BOS, EOS, PAD, START, FORCED_EOS},
#include "generate/class_tokens.def"
#undef AP_CLASS_TOKENS
};

static void set_int(ap_opt *opt, int64_t value) {
    if (value >= 0) *opt = (ap_opt){.origin = AP_ORIGIN_INIT, .as.integer = value};
}

/* Ids of rows that may also be lists need a value to point at; `values` has room for two. */
static void set_value(ap_opt *opt, ap_value *slot, int64_t value) {
    if (value < 0) return;
    ap__value_set_int(slot, value);
    *opt = (ap_opt){.origin = AP_ORIGIN_INIT, .as.value = slot};
}

struct loaded {
    ap__generation_files files;
    ap_value eos, forced_eos; /* Of the class. */
};

static void set_class_tokens(struct loaded *loaded, const char *model_type) {
    ap__generate_opts *opts = &loaded->files.opts;
    for (size_t i = 0; i < sizeof CLASS_TOKENS / sizeof *CLASS_TOKENS; i++) {
        const class_tokens *row = &CLASS_TOKENS[i];
        if (strcmp(row->model_type, model_type) != 0) continue;
        set_int(&opts->bos_token_id, row->bos);
        set_int(&opts->pad_token_id, row->pad);
        set_int(&opts->decoder_start_token_id, row->decoder_start);
        set_value(&opts->eos_token_id, &loaded->eos, row->eos);
        set_value(&opts->forced_eos_token_id, &loaded->forced_eos, row->forced_eos);
    }
}

/* Models of several parts have theirs in the decoder's part. */
static ap_status bind_config(ap__generate_opts *opts, const ap_value *json, ap_error *err) {
    static const char *const parts[] = {"decoder", "generator", "text_config"};
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < sizeof parts / sizeof *parts; i++)
        status = bind_known(opts, ap_value_dict_get(json, parts[i]), AP_ORIGIN_INIT, true, err);
    return status ? status : bind_known(opts, json, AP_ORIGIN_INIT, true, err);
}

static ap_status read_files(struct loaded *loaded, const char *folder, const ap__config *config,
                            ap_error *err) {
    ap__path path;
    ap__generation_files *files = &loaded->files;
    ap__generate_opts_set_defaults(&files->opts);
    files->fills_calls = true;
    files->is_encoder_decoder = ap_value_get_bool(ap_value_dict_get(config->json, "is_encoder_decoder"));
    ap_status status = ap__path_join(&path, folder, "generation_config.json", err);
    if (status) return status;
    if (!ap__path_is_file(path.text)) {
        set_class_tokens(loaded, config->model_type);
        status = ap_value_copy(&files->json, config->json, err);
        if (!status) status = bind_config(&files->opts, files->json, err);
        return status ? ap__error_wrap(err, status, "%s", config->source) : AP_OK;
    }
    status = ap__value_from_json_file(&files->json, path.text, FILE_MAX_BYTES, err);
    if (status) return status;
    if (ap_value_kind(files->json) != AP_KIND_DICT)
        return ap__fail(err, AP_EFORMAT, "%s: expected a JSON object, found %s", path.text,
                        ap_kind_name(ap_value_kind(files->json)));
    files->fills_calls = version_of(files->json) >= VERSION_FILLS;
    status = bind_known(&files->opts, files->json, AP_ORIGIN_INIT, false, err);
    if (!status) status = ap__generation_validate(&files->opts, AP_ORIGIN_INIT, err);
    return status ? ap__error_wrap(err, status, "%s", path.text) : AP_OK;
}

ap_status ap__generation_files_load(ap__generation_files **out, const char *folder, const ap__config *config,
                                    ap_error *err) {
    struct loaded *loaded = ap__calloc(1, sizeof *loaded);
    *out = NULL;
    if (!loaded) return ap__fail_nomem(err);
    ap_status status = read_files(loaded, folder, config, err);
    if (status)
        ap__generation_files_destroy(&loaded->files);
    else
        *out = &loaded->files;
    return status;
}

void ap__generation_files_destroy(ap__generation_files *files) {
    if (!files) return;
    ap_value_destroy(files->json);
    ap__free(files); /* The first member of its struct. */
}

/* -- layers -------------------------------------------------------------------------------------------- */

/* Puts the files' values where `out` has the default; a value that was given counts as none when it is the
 * default, as in the reference. */
static void fill(ap__generate_opts *out, const ap__generate_opts *files) {
    for (const ap_param *row = ap__generate_params; row->name; row++) {
        const ap_opt *from = ap__generate_opt_const(files, row);
        ap_opt *to = ap__generate_opt(out, row);
        if (ap__generate_opt_is_default(row, to) && !ap__generate_opt_is_default(row, from)) *to = *from;
    }
    if (ap__opt_is_set(&out->temperature) && out->temperature.as.number == 0) {
        out->do_sample = (ap_opt){.origin = AP_ORIGIN_INIT}; /* temperature=0 says that nothing is drawn. */
    }
}

static void fill_tokens(ap__generate_opts *out, const ap__generate_opts *files) {
    if (!ap__opt_is_set(&out->bos_token_id)) out->bos_token_id = files->bos_token_id;
    if (!ap__opt_is_set(&out->eos_token_id)) out->eos_token_id = files->eos_token_id;
    if (!ap__opt_is_set(&out->pad_token_id)) out->pad_token_id = files->pad_token_id;
    if (!ap__opt_is_set(&out->decoder_start_token_id))
        out->decoder_start_token_id = files->decoder_start_token_id;
}

static void lay_over(ap__generate_opts *out, const ap__generate_opts *given, ap_origin origin) {
    for (const ap_param *row = ap__generate_params; row->name; row++) {
        const ap_opt *from = ap__generate_opt_const(given, row);
        if (from->origin == origin) *ap__generate_opt(out, row) = *from;
    }
}

/* -- generation_config --------------------------------------------------------------------------------- */

/* A GenerationConfig keeps what it does not know, and says nothing. */
static void warn_of_unknown(const char *name) {
    char hint[96];
    ap__suggestion suggestion = {0};
    if (name[0] == '_' || strcmp(name, "transformers_version") == 0 || strcmp(name, "is_assistant") == 0)
        return; /* What such an object adds. */
    ap__params_suggest(&suggestion, ap__generate_params, name);
    ap__log(AP_LOG_WARNING, "generate: generation_config: \"%.64s\" is no parameter of it%s", name,
            ap__suggestion_text(&suggestion, hint, sizeof hint));
}

/* Values of a configuration that somebody gave, over the defaults. */
static ap_status read_given(ap__generate_opts *out, const ap_opt *config, ap_error *err) {
    const ap_value *dict = config->as.value;
    ap_status status = AP_OK;
    ap__generate_opts_set_defaults(out);
    if (ap_value_kind(dict) != AP_KIND_DICT)
        return ap__fail(err, AP_ETYPE, "parameter generation_config: expected a dict, found %s",
                        ap_kind_name(ap_value_kind(dict)));
    for (size_t i = 0; !status && i < ap_value_len(dict); i++) {
        const char *name;
        bool found;
        const ap_value *value = ap_value_dict_at(dict, i, &name);
        if (is_argument(name))
            return ap__fail(err, AP_EINVAL,
                            "generation_config: %s is a parameter of calls, and none of a configuration",
                            name);
        status = ap__params_bind_one(&found, ap__generate_params, out, name, value, config->origin, err);
        if (!status && !found) warn_of_unknown(name);
    }
    return status ? ap__error_wrap(err, status, "generation_config") : AP_OK;
}

/* What a call with a configuration keeps of the creation. */
static void keep_arguments(ap__generate_opts *out, const ap__generate_opts *made) {
    for (const ap_param *row = ap__generate_params; row->name; row++)
        if (ap__generate_param_is_argument(row))
            *ap__generate_opt(out, row) = *ap__generate_opt_const(made, row);
}

/* -- pipelines and calls ------------------------------------------------------------------------------- */

/* The pipeline's own limit gives way to a max_length that somebody chose. */
static void prefer_max_length(ap__generate_opts *out, const ap__generate_opts *own) {
    bool is_own = ap__opt_is_set(&own->max_new_tokens) && ap__opt_is_set(&out->max_new_tokens) &&
                  out->max_new_tokens.as.integer == own->max_new_tokens.as.integer;
    if (is_own && ap__opt_is_set(&out->max_length) && out->max_length.as.integer != 20)
        out->max_new_tokens = (ap_opt){.origin = AP_ORIGIN_INIT, .is_null = 1};
}

/* "never" and lists are not among the pipelines' own values: nothing of `dict` is borrowed. */
static ap_status read_own(ap__generate_opts *out, const char *json, ap_error *err) {
    ap_value *dict;
    ap__generate_opts_set_defaults(out);
    ap_status status = ap_value_from_json(&dict, json, strlen(json), err);
    if (!status) status = bind_known(out, dict, ORIGIN_OWN, false, err);
    ap_value_destroy(dict);
    return status;
}

ap_status ap__generation_make(ap__generate_opts *out, const ap__generation_maker *maker, ap_error *err) {
    ap__generate_opts own;
    const ap_opt *config = &maker->given->generation_config;
    bool is_given = ap__opt_is_set(config);
    ap_status status = is_given ? read_given(&own, config, err) : read_own(&own, maker->defaults_json, err);
    if (status) return status;
    *out = own;
    fill(out, &maker->files->opts);
    lay_over(out, maker->given, AP_ORIGIN_INIT);
    if ((status = ap__generation_validate(out, AP_ORIGIN_INIT, err))) return status;
    if (!is_given) prefer_max_length(out, &own);
    if (maker->task_specific) {
        status = bind_known(out, maker->task_specific, AP_ORIGIN_INIT, false, err);
        if (!status) status = ap__generation_validate(out, AP_ORIGIN_INIT, err);
        if (status) return ap__error_wrap(err, status, "config.json: task_specific_params");
    }
    if (!ap__opt_is_set(&out->pad_token_id) && maker->tokenizer_pad_id != AP__TOKEN_NONE)
        set_int(&out->pad_token_id, maker->tokenizer_pad_id);
    return AP_OK;
}

ap_status ap__generation_call(ap__generate_opts *out, const ap__generate_opts *made,
                              const ap__generation_files *files, const ap__generate_opts *given,
                              ap_error *err) {
    const ap_opt *config = &given->generation_config;
    *out = *made;
    if (config->origin == AP_ORIGIN_CALL && ap__opt_is_set(config)) {
        ap_status status = read_given(out, config, err);
        if (status) return status;
        keep_arguments(out, made);
    }
    if (ap__opt_boolean(&given->use_model_defaults, files->fills_calls))
        fill(out, &files->opts);
    else
        fill_tokens(out, &files->opts);
    lay_over(out, given, AP_ORIGIN_CALL);
    return ap__generation_validate(out, AP_ORIGIN_CALL, err);
}
