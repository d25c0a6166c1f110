/* A tokenizer from a folder: tokenizer.json, and what tokenizer_config.json, special_tokens_map.json and
 * added_tokens.json change about it.
 * Source: transformers@v4.55.4 tokenization_utils_base.py _from_pretrained, tokenization_utils_fast.py
 * __init__. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "tokenizer/class_processor.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/tokenizer_class.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

/* Largest of the small files; chat templates can make them long. */
#define CONFIG_MAX_BYTES ((size_t)64 << 20)

/* The small files of a folder; NULL where one is missing. */
typedef struct folder_files {
    yyjson_doc *config, *special_tokens_map, *added_tokens;
    ap__path config_path, map_path, added_path;
} folder_files;

static ap_status read_optional(yyjson_doc **out, ap__path *path, const char *folder, const char *name,
                               ap_error *err) {
    ap_status status = ap__path_join(path, folder, name, err);
    if (status || !ap__path_is_file(path->text)) return status;
    status = ap__json_parse_file(out, path->text, CONFIG_MAX_BYTES, err);
    if (status || yyjson_is_obj(yyjson_doc_get_root(*out))) return status;
    return ap__fail(err, AP_EFORMAT, "%s: expected an object, found %s", path->text,
                    ap__json_kind(yyjson_doc_get_root(*out)));
}

static ap_status read_files(folder_files *out, const char *folder, ap_error *err) {
    ap_status status = read_optional(&out->config, &out->config_path, folder, "tokenizer_config.json", err);
    if (!status)
        status =
            read_optional(&out->special_tokens_map, &out->map_path, folder, "special_tokens_map.json", err);
    if (!status)
        status = read_optional(&out->added_tokens, &out->added_path, folder, "added_tokens.json", err);
    return status;
}

static void clear_files(folder_files *files) {
    yyjson_doc_free(files->config);
    yyjson_doc_free(files->special_tokens_map);
    yyjson_doc_free(files->added_tokens);
}

/* -- the class ----------------------------------------------------------------------------------------- */

/* As AutoTokenizer: the class that tokenizer_config.json names, or config.json, or that of its model_type. */
static ap_status find_class(const ap__tokenizer_class **out, ap__loader *loader, yyjson_val *config,
                            const char *folder) {
    yyjson_doc *doc = NULL;
    ap__path path;
    const char *name = yyjson_get_str(yyjson_obj_get(config, "tokenizer_class"));
    ap_status status = AP_OK;
    if (!name) {
        status = read_optional(&doc, &path, folder, "config.json", loader->err);
        yyjson_val *model = yyjson_doc_get_root(doc);
        const char *model_type = yyjson_get_str(yyjson_obj_get(model, "model_type"));
        name = yyjson_get_str(yyjson_obj_get(model, "tokenizer_class"));
        if (!name && model_type) name = ap__tokenizer_class_of_model(model_type);
    }
    *out = ap__tokenizer_class_find(name ? name : "");
    size_t len = name ? strlen(name) : 0;
    if (len > 4 && !strcmp(name + len - 4, "Fast")) len -= 4;
    char *copy = name ? ap__arena_strndup(loader->arena, name, len) : NULL;
    if (copy) loader->tokenizer->config.tokenizer_class = copy;
    yyjson_doc_free(doc);
    if (!status && name && !copy) status = ap__fail_nomem(loader->err);
    return status;
}

/* -- settings ------------------------------------------------------------------------------------------ */

/* A flag of tokenizer_config.json: 0, 1, or -1 for null; `standard` when it does not say. */
static ap_status get_flag(ap__loader *loader, yyjson_val *config, const char *key, int standard, int *out) {
    yyjson_val *value = yyjson_obj_get(config, key);
    *out = standard;
    if (!value) return AP_OK;
    if (yyjson_is_null(value)) {
        *out = -1;
        return AP_OK;
    }
    if (!yyjson_is_bool(value))
        return ap__loader_fail(loader, AP_EFORMAT, key, "expected true, false or null, found %s",
                               ap__json_kind(value));
    *out = yyjson_get_bool(value);
    return AP_OK;
}

static void set(ap__setting_fn *setting, void *self, const char *key, int value) {
    int *place = setting && value >= 0 ? setting(self, key) : NULL;
    if (place) *place = value;
}

/* Source: transformers@v4.55.4 models/bert/tokenization_bert_fast.py,
 * models/mpnet/tokenization_mpnet_fast.py. A normalizer without these members, such as a Sequence, is left
 * alone. */
static ap_status apply_bert(ap__loader *loader, yyjson_val *config, const ap__tokenizer_class *class_) {
    const ap__normalizer *normalizer = &loader->tokenizer->normalizer;
    int lower_case, chinese, strip_accents;
    ap_status status = get_flag(loader, config, "do_lower_case", class_->do_lower_case, &lower_case);
    if (!status) status = get_flag(loader, config, "tokenize_chinese_chars", 1, &chinese);
    if (!status) status = get_flag(loader, config, "strip_accents", -1, &strip_accents);
    ap__setting_fn *setting = normalizer->class_ ? normalizer->class_->setting : NULL;
    if (status || !setting) return status;
    set(setting, normalizer->self, "lowercase", lower_case);
    if (class_->kind == AP__CLASS_BERT) set(setting, normalizer->self, "handle_chinese_chars", chinese);
    int *accents = setting(normalizer->self, "strip_accents");
    if (accents) *accents = strip_accents;
    return AP_OK;
}

/* Source: transformers@v4.55.4 tokenization_utils_fast.py __init__ (its end),
 * models/roberta/tokenization_roberta_fast.py. */
static ap_status apply_prefix_space(ap__loader *loader, yyjson_val *config,
                                    const ap__tokenizer_class *class_) {
    const ap__tokenizer *tokenizer = loader->tokenizer;
    const ap__pretokenizer *pretokenizer = &tokenizer->pretokenizer;
    const ap__processor *processor = &tokenizer->processor;
    int add_prefix_space, trim_offsets;
    ap_status status =
        get_flag(loader, config, "add_prefix_space", class_->add_prefix_space, &add_prefix_space);
    if (!status) status = get_flag(loader, config, "trim_offsets", class_->trim_offsets, &trim_offsets);
    if (status) return status;
    if (pretokenizer->class_)
        set(pretokenizer->class_->setting, pretokenizer->self, "add_prefix_space", add_prefix_space);
    if (class_->kind != AP__CLASS_ROBERTA || !processor->class_) return AP_OK;
    set(processor->class_->setting, processor->self, "add_prefix_space", add_prefix_space);
    set(processor->class_->setting, processor->self, "trim_offsets", trim_offsets);
    return AP_OK;
}

static ap_status apply_class_processor(ap__loader *loader, yyjson_val *config,
                                       const ap__tokenizer_class *class_) {
    int add_bos_token, add_eos_token;
    ap_status status =
        get_flag(loader, config, "add_bos_token", class_->kind == AP__CLASS_BOS, &add_bos_token);
    if (!status) status = get_flag(loader, config, "add_eos_token", 0, &add_eos_token);
    return status ? status : ap__class_processor_apply(loader, add_bos_token > 0, add_eos_token > 0);
}

/* Source: transformers@v4.55.4 models/clip/tokenization_clip_fast.py _wrap_decode_method_backend_tokenizer.
 */
static void apply_clip(ap__tokenizer *tokenizer) {
    const ap__model *model = &tokenizer->model;
    if (model->class_->end_of_word_suffix)
        tokenizer->word_end = model->class_->end_of_word_suffix(model->self);
}

static ap_status apply_kind(ap__loader *loader, yyjson_val *config, const ap__tokenizer_class *class_) {
    switch (class_->kind) {
    case AP__CLASS_BERT:
    case AP__CLASS_LOWERCASE:
        return apply_bert(loader, config, class_);
    case AP__CLASS_BOS:
    case AP__CLASS_NO_BOS:
        return apply_class_processor(loader, config, class_);
    case AP__CLASS_CLIP:
        apply_clip(loader->tokenizer);
        return AP_OK;
    default:
        return AP_OK;
    }
}

/* Numbers as Python writes them: 512, 512.0, 1e+30. */
static ap_status read_max_length(ap__loader *loader, yyjson_val *config, size_t *out) {
    yyjson_val *value = yyjson_obj_get(config, "model_max_length");
    if (!value) value = yyjson_obj_get(config, "max_len");
    if (!value || yyjson_is_null(value)) return AP_OK;
    double number = yyjson_get_num(value);
    if (!yyjson_is_num(value) || !(number >= 0))
        return ap__loader_fail(loader, AP_EFORMAT, "model_max_length", "expected a count, found %s",
                               yyjson_is_num(value) ? "a negative number" : ap__json_kind(value));
    *out = number >= 9e18          ? SIZE_MAX
           : yyjson_is_uint(value) ? (size_t)yyjson_get_uint(value)
                                   : (size_t)number;
    return AP_OK;
}

static ap_status read_side(ap__loader *loader, yyjson_val *config, const char *key, ap__side *out) {
    static const char *const SIDES[] = {"right", "left", NULL};
    int side = (int)*out;
    ap_status status = ap__get_enum(loader, config, key, false, SIDES, &side);
    *out = (ap__side)side;
    return status;
}

static void read_input_names(yyjson_val *config, const ap__tokenizer_class *class_,
                             ap__tokenizer_config *out) {
    yyjson_val *names = yyjson_obj_get(config, "model_input_names"), *name;
    size_t i, max;
    out->has_token_type_ids = class_->has_token_type_ids;
    out->has_attention_mask = class_->has_attention_mask;
    if (!yyjson_is_arr(names)) return;
    out->has_token_type_ids = out->has_attention_mask = false;
    yyjson_arr_foreach(names, i, max, name) {
        if (yyjson_equals_str(name, "token_type_ids")) out->has_token_type_ids = true;
        if (yyjson_equals_str(name, "attention_mask")) out->has_attention_mask = true;
    }
}

static ap_status read_settings(ap__loader *loader, yyjson_val *config, const ap__tokenizer_class *class_) {
    ap__tokenizer *tokenizer = loader->tokenizer;
    ap__tokenizer_config *out = &tokenizer->config;
    ap_status status;
    /* What tokenizer.json stores goes before the class, and tokenizer_config.json before both. */
    out->padding_side = tokenizer->stored.padding ? tokenizer->stored.padding_side : class_->padding_side;
    out->truncation_side = tokenizer->stored.truncation_side;
    if ((status = read_max_length(loader, config, &out->model_max_length))) return status;
    if ((status = read_side(loader, config, "padding_side", &out->padding_side))) return status;
    if ((status = read_side(loader, config, "truncation_side", &out->truncation_side))) return status;
    if ((status = ap__get_bool(loader, config, "clean_up_tokenization_spaces", false,
                               &out->clean_up_tokenization_spaces)))
        return status;
    if ((status =
             ap__get_bool(loader, config, "split_special_tokens", false, &tokenizer->added.splits_special)))
        return status;
    read_input_names(config, class_, out);
    return AP_OK;
}

/* -- the folder ---------------------------------------------------------------------------------------- */

static ap_status apply_files(ap__tokenizer *tokenizer, const folder_files *files, const char *folder,
                             ap_error *err) {
    ap__loader loader = {.tokenizer = tokenizer, .arena = &tokenizer->arena, .vocab = &tokenizer->vocab};
    const ap__tokenizer_class *class_;
    yyjson_val *config = yyjson_doc_get_root(files->config);
    loader.file = files->config_path.text;
    loader.err = err;
    ap_status status = find_class(&class_, &loader, config, folder);
    if (!status) status = read_settings(&loader, config, class_);
    ap__special_sources sources = {config, NULL, NULL};
    sources.special_tokens_map = yyjson_doc_get_root(files->special_tokens_map);
    sources.added_tokens = yyjson_doc_get_root(files->added_tokens);
    if (!status) status = ap__special_tokens_apply(&loader, &sources, class_);
    if (!status) status = apply_kind(&loader, config, class_);
    if (!status && config) ap__added_decode_contents(&tokenizer->added);
    return status ? status : apply_prefix_space(&loader, config, class_);
}

static ap_status load(ap__tokenizer **out, const char *folder, const folder_files *files, ap_error *err) {
    ap__path path;
    ap__bytes file = {0};
    ap_status status = ap__path_join(&path, folder, "tokenizer.json", err);
    if (!status) status = ap__file_read(&file, path.text, AP__TOKENIZER_MAX_BYTES, err);
    if (!status) status = ap__tokenizer_from_json(out, file.ptr, file.len, path.text, err);
    ap__bytes_clear(&file);
    return status ? status : apply_files(*out, files, folder, err);
}

ap_status ap__tokenizer_load(ap__tokenizer **out, const char *folder, ap_error *err) {
    *out = NULL;
    folder_files *files = ap__calloc(1, sizeof *files); /* Three paths are too much for a small stack. */
    if (!files) return ap__fail_nomem(err);
    ap_status status = read_files(files, folder, err);
    if (!status) status = load(out, folder, files, err);
    clear_files(files);
    ap__free(files);
    if (!status) return AP_OK;
    ap__tokenizer_destroy(*out);
    *out = NULL;
    return status;
}
