/* A tokenizer from a folder: tokenizer.json, or the vocabulary files that it is made of where it is missing,
 * and what tokenizer_config.json, special_tokens_map.json and added_tokens.json change about it. Source:
 * transformers@v4.55.4 tokenization_utils_base.py _from_pretrained, tokenization_utils_fast.py
 * __init__. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/path.h"
#include "tokenizer/class_processor.h"
#include "tokenizer/convert/convert.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/tokenizer_class.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

/* Largest of the small files; chat templates can make them long. */
#define CONFIG_MAX_BYTES ((size_t)64 << 20)

/* As components.def names it. */
extern const ap__pretokenizer_class ap__pretokenizer_sequence;

/* Longest name of a class. */
enum { MAX_CLASS_NAME = 128 };

/* A folder while it is read: its small files (NULL where one is missing) and what they say of the class. */
typedef struct folder_files {
    const char *folder;
    yyjson_doc *config, *special_tokens_map, *added_tokens;
    ap__path config_path, map_path, added_path, path;
    yyjson_doc *stored;              /* tokenizer.json, where a conversion passes over it. */
    char class_name[MAX_CLASS_NAME]; /* "" when nothing says it. */
    const ap__tokenizer_class *class_;
    bool is_class_named;       /* By a file; else it is that of the model type. */
    ap__convert_format format; /* AP__CONVERT_NOTHING: there is a tokenizer.json to use. */
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
    yyjson_doc_free(files->stored);
}

/* -- the class ----------------------------------------------------------------------------------------- */

/* As AutoTokenizer: the class that tokenizer_config.json names, or config.json, or that of its model_type. */
static ap_status find_class(folder_files *files, ap_error *err) {
    yyjson_doc *doc = NULL;
    yyjson_val *config = yyjson_doc_get_root(files->config);
    const char *name = yyjson_get_str(yyjson_obj_get(config, "tokenizer_class"));
    ap_status status = AP_OK;
    if (!name) {
        status = read_optional(&doc, &files->path, files->folder, "config.json", err);
        yyjson_val *model = yyjson_doc_get_root(doc);
        const char *model_type = yyjson_get_str(yyjson_obj_get(model, "model_type"));
        name = yyjson_get_str(yyjson_obj_get(model, "tokenizer_class"));
        files->is_class_named = name != NULL;
        if (!name && model_type) name = ap__tokenizer_class_of_model(model_type);
    } else {
        files->is_class_named = true;
    }
    size_t len = name ? strlen(name) : 0;
    if (len > 4 && !strcmp(name + len - 4, "Fast")) len -= 4;
    if (len >= sizeof files->class_name) len = 0; /* None that is known. */
    if (len) memcpy(files->class_name, name, len);
    files->class_ = ap__tokenizer_class_find(files->class_name);
    yyjson_doc_free(doc);
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
    ap__tokenizer *tokenizer = loader->tokenizer;
    const ap__pretokenizer *pretokenizer = &tokenizer->pretokenizer;
    const ap__processor *processor = &tokenizer->processor;
    int add_prefix_space, trim_offsets;
    ap_status status =
        get_flag(loader, config, "add_prefix_space", class_->add_prefix_space, &add_prefix_space);
    if (!status) status = get_flag(loader, config, "trim_offsets", class_->trim_offsets, &trim_offsets);
    if (status) return status;
    if (class_->kind == AP__CLASS_TWO) add_prefix_space = 0; /* The class does not hand it on. */
    tokenizer->config.refuses_words =
        add_prefix_space != 1 && ap__tokenizer_class_needs_prefix_space(class_->name);
    /* Only some classes change parts of parts, and only to true. */
    bool is_sequence = pretokenizer->class_ == &ap__pretokenizer_sequence;
    if (pretokenizer->class_ && (!is_sequence || (class_->is_prefix_space_nested && add_prefix_space > 0)))
        set(pretokenizer->class_->setting, pretokenizer->self, "add_prefix_space", add_prefix_space);
    if (class_->kind != AP__CLASS_ROBERTA || !processor->class_) return AP_OK;
    set(processor->class_->setting, processor->self, "add_prefix_space", add_prefix_space);
    set(processor->class_->setting, processor->self, "trim_offsets", trim_offsets);
    return AP_OK;
}

/* Source: transformers@v4.55.4 models/clip/tokenization_clip_fast.py _wrap_decode_method_backend_tokenizer.
 */
static void apply_clip(ap__tokenizer *tokenizer) {
    const ap__model *model = &tokenizer->model;
    if (model->class_->end_of_word_suffix)
        tokenizer->word_end = model->class_->end_of_word_suffix(model->self);
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

static void read_input_names(yyjson_val *config, const ap__tokenizer_class *class_, bool is_slow,
                             ap__tokenizer_config *out) {
    yyjson_val *names = yyjson_obj_get(config, "model_input_names"), *name;
    size_t i, max;
    out->has_token_type_ids = class_->has_token_type_ids && !(is_slow && class_->kind == AP__CLASS_TWO);
    out->has_attention_mask = class_->has_attention_mask;
    if (!yyjson_is_arr(names)) return;
    out->has_token_type_ids = out->has_attention_mask = false;
    yyjson_arr_foreach(names, i, max, name) {
        if (yyjson_equals_str(name, "token_type_ids")) out->has_token_type_ids = true;
        if (yyjson_equals_str(name, "attention_mask")) out->has_attention_mask = true;
    }
}

static ap_status read_settings(ap__loader *loader, const ap__special_sources *sources,
                               const ap__tokenizer_class *class_) {
    yyjson_val *config = sources->config;
    ap__tokenizer *tokenizer = loader->tokenizer;
    ap__tokenizer_config *out = &tokenizer->config;
    ap_status status;
    /* What tokenizer.json stores goes before the class, and tokenizer_config.json before both. */
    out->padding_side = tokenizer->stored.padding ? tokenizer->stored.padding_side : class_->padding_side;
    out->truncation_side = tokenizer->stored.truncation_side;
    if ((status = read_max_length(loader, config, &out->model_max_length))) return status;
    if ((status = read_side(loader, config, "padding_side", &out->padding_side))) return status;
    if ((status = read_side(loader, config, "truncation_side", &out->truncation_side))) return status;
    bool is_null = yyjson_is_null(yyjson_obj_get(config, "clean_up_tokenization_spaces"));
    if (is_null) out->clean_up_tokenization_spaces = false;
    status = ap__get_bool(loader, config, "clean_up_tokenization_spaces", false,
                          &out->clean_up_tokenization_spaces);
    if (status) return status;
    if (class_->kind == AP__CLASS_GPT_SW3) out->clean_up_tokenization_spaces = false;
    if ((status =
             ap__get_bool(loader, config, "split_special_tokens", false, &tokenizer->added.splits_special)))
        return status;
    if (class_->kind == AP__CLASS_XLNET) out->pad_token_type_id = 3;
    read_input_names(config, class_, sources->is_slow, out);
    return AP_OK;
}

/* -- the folder ---------------------------------------------------------------------------------------- */

static ap__special_sources sources_of(const folder_files *files) {
    ap__special_sources sources = {.config = yyjson_doc_get_root(files->config)};
    sources.special_tokens_map = yyjson_doc_get_root(files->special_tokens_map);
    sources.added_tokens = yyjson_doc_get_root(files->added_tokens);
    sources.stored_tokens = yyjson_obj_get(yyjson_doc_get_root(files->stored), "added_tokens");
    sources.is_converted = files->format != AP__CONVERT_NOTHING;
    if (files->format != AP__CONVERT_CLASS) return sources;
    sources.slow = ap__slow_class_find(files->class_name);
    sources.is_slow = ap__convert_is_slow(files->class_name);
    sources.is_inner = sources.slow && files->stored && !sources.is_slow;
    return sources;
}

/* Whether the folder is one that transformers loads: it has more than a tokenizer.json. */
static bool is_of_transformers(const folder_files *files) {
    return files->config || files->special_tokens_map || files->added_tokens || files->class_name[0] ||
           files->format != AP__CONVERT_NOTHING;
}

static ap_status apply_files(ap__tokenizer *tokenizer, const folder_files *files, ap_error *err) {
    ap__loader loader = {.tokenizer = tokenizer, .arena = &tokenizer->arena, .vocab = &tokenizer->vocab};
    const ap__tokenizer_class *class_ = files->class_;
    const ap__special_sources sources = sources_of(files);
    loader.file = files->config_path.text;
    loader.err = err;
    char *name = ap__arena_strndup(loader.arena, files->class_name, strlen(files->class_name));
    if (!name) return ap__fail_nomem(err);
    tokenizer->config.tokenizer_class = name;
    if (sources.slow && sources.slow->model_max_length)
        tokenizer->config.model_max_length = sources.slow->model_max_length;
    tokenizer->config.clean_up_tokenization_spaces =
        sources.slow && sources.slow->clean_up_tokenization_spaces;
    ap_status status = read_settings(&loader, &sources, class_);
    if (!status) status = ap__special_tokens_apply(&loader, &sources, class_);
    bool is_bert = class_->kind == AP__CLASS_BERT || class_->kind == AP__CLASS_LOWERCASE;
    if (!status && is_bert) status = apply_bert(&loader, sources.config, class_);
    if (!status && class_->kind == AP__CLASS_CLIP) apply_clip(tokenizer);
    if (!status && is_of_transformers(files)) {
        ap__added_decode_contents(&tokenizer->added);
        tokenizer->counts_strings = !sources.is_slow;
    }
    if (!status) status = apply_prefix_space(&loader, sources.config, class_);
    return status ? status : ap__class_processor_apply(&loader, sources.config, class_);
}

/* Whether the class passes over tokenizer.json and starts from its vocabulary file. One that runs in Python
 * alone never looks at a tokenizer.json; a folder that has nothing else keeps it.
 * Source: transformers@v4.55.4 tokenization_utils_fast.py from_slow, models/llama/tokenization_llama_fast.py,
 * models/t5/tokenization_t5_fast.py, models/pegasus/tokenization_pegasus_fast.py __init__. */
static bool is_from_slow(const folder_files *files) {
    static const char *const PEGASUS[][2] = {
        {"pad_token", "<pad>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}};
    yyjson_val *config = yyjson_doc_get_root(files->config);
    yyjson_val *prefix = yyjson_obj_get(config, "add_prefix_space");
    if (yyjson_is_true(yyjson_obj_get(config, "from_slow"))) return true;
    /* A tokenizer_file that is null hides tokenizer.json; without other files it is taken all the same. */
    bool is_fast = files->class_->kind == AP__CLASS_TWO && files->is_class_named;
    bool may_hide = (ap__convert_is_slow(files->class_name) && !is_fast) ||
                    yyjson_is_null(yyjson_obj_get(config, "tokenizer_file"));
    if (may_hide && ap__convert_is_complete(files->folder, files->class_name)) return true;
    if (files->class_->is_slow_with_prefix_space && prefix && !yyjson_is_null(prefix)) return true;
    if (ap__class_extra_find(files->class_name)->mode != AP__EXTRA_PEGASUS) return false;
    for (size_t i = 0; i < sizeof PEGASUS / sizeof *PEGASUS; i++) {
        yyjson_val *value = yyjson_obj_get(config, PEGASUS[i][0]);
        yyjson_val *content = yyjson_is_obj(value) ? yyjson_obj_get(value, "content") : value;
        if (value && !yyjson_equals_str(content, PEGASUS[i][1])) return true;
    }
    return false;
}

/* tokenizer.json, or what stands in for it. */
static ap_status choose(folder_files *files, ap_error *err) {
    ap_status status = ap__path_join(&files->path, files->folder, "tokenizer.json", err);
    if (status) return status;
    bool has_json = ap__path_is_file(files->path.text), from_slow = is_from_slow(files);
    if (has_json && !from_slow) return AP_OK;
    if (has_json)
        status = ap__json_parse_file(&files->stored, files->path.text, AP__TOKENIZER_MAX_BYTES, err);
    if (!status) status = ap__convert_choose(&files->format, files->folder, files->class_name, err);
    if (files->format == AP__CONVERT_TEKKEN) files->class_ = ap__tokenizer_class_find("LlamaTokenizer");
    if (files->format == AP__CONVERT_ENCODING) files->class_ = ap__tokenizer_class_find("");
    if (!has_json || status != AP_ENOTFOUND) return status;
    return ap__error_wrap(err, status, "tokenizer_config.json asks a %s to start from its vocabulary file",
                          files->class_name);
}

static ap_status convert(yyjson_doc **out, folder_files *files, ap_error *err) {
    const ap__special_sources sources = sources_of(files);
    ap__arena arena = {0};
    ap__loader loader = {.arena = &arena, .file = files->config_path.text, .err = err};
    ap__special_tokens tokens;
    ap__convert_request request = {.folder = files->folder, .class_ = files->class_, .tokens = &tokens};
    request.class_name = files->class_name;
    request.slow = sources.slow;
    request.config = sources.config;
    ap_status status = ap__special_tokens_read(&tokens, &loader, &sources, files->class_);
    request.is_inner = sources.is_inner;
    if (sources.is_inner) tokens.decoder.n = 0; /* These it keeps. */
    if (!status) status = ap__convert_folder(out, &files->path, files->format, &request, err);
    ap__arena_clear(&arena);
    return status;
}

/* What the small files say, and what the tokenizer is to be made of. */
static ap_status look_around(folder_files *files, ap_error *err) {
    ap_status status = read_files(files, files->folder, err);
    if (!status) status = find_class(files, err);
    return status ? status : choose(files, err);
}

static ap_status load_converted(ap__tokenizer **out, folder_files *files, ap_error *err) {
    yyjson_doc *doc = NULL;
    ap_status status = convert(&doc, files, err);
    if (!status) status = ap__tokenizer_from_doc(out, yyjson_doc_get_root(doc), files->path.text, true, err);
    yyjson_doc_free(doc);
    return status;
}

static ap_status load(ap__tokenizer **out, folder_files *files, ap_error *err) {
    ap_status status = look_around(files, err);
    if (!status)
        status = files->format ? load_converted(out, files, err)
                               : ap__tokenizer_from_file(out, files->path.text, err);
    return status ? status : apply_files(*out, files, err);
}

ap_status ap__tokenizer_convert(yyjson_doc **out, const char *folder, ap_error *err) {
    *out = NULL;
    folder_files *files = ap__calloc(1, sizeof *files);
    if (!files) return ap__fail_nomem(err);
    files->folder = folder;
    ap_status status = look_around(files, err);
    if (!status && files->format) status = convert(out, files, err);
    clear_files(files);
    ap__free(files);
    return status;
}

ap_status ap__tokenizer_load(ap__tokenizer **out, const char *folder, ap_error *err) {
    *out = NULL;
    folder_files *files = ap__calloc(1, sizeof *files); /* The paths are too much for a small stack. */
    if (!files) return ap__fail_nomem(err);
    files->folder = folder;
    ap_status status = load(out, files, err);
    clear_files(files);
    ap__free(files);
    if (!status) return AP_OK;
    ap__tokenizer_destroy(*out);
    *out = NULL;
    return status;
}
