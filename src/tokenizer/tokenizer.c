/* Reading a tokenizer.json, and look-up of tokens.
 * Source: huggingface/tokenizers@v0.21.4 tokenizer/serialization.rs. */
#include "tokenizer/tokenizer.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "tokenizer/numbers.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

/* More added tokens than any model has. */
enum { MAX_ADDED_TOKENS = 1 << 20 };

/* -- the parts of the file ----------------------------------------------------------------------------- */

static ap_status read_added_token(ap__loader *loader, yyjson_val *json, ap__added_token *out) {
    ap_status status;
    *out = (ap__added_token){0};
    if (!yyjson_is_obj(json))
        return ap__loader_fail(loader, AP_EFORMAT, NULL, "expected an object, found %s", ap__json_kind(json));
    if ((status = ap__get_string(loader, json, "content", true, &out->content))) return status;
    if ((status = ap__get_u32(loader, json, "id", true, &out->id))) return status;
    if ((status = ap__get_bool(loader, json, "single_word", true, &out->single_word))) return status;
    if ((status = ap__get_bool(loader, json, "lstrip", true, &out->lstrip))) return status;
    if ((status = ap__get_bool(loader, json, "rstrip", true, &out->rstrip))) return status;
    if ((status = ap__get_bool(loader, json, "normalized", true, &out->normalized))) return status;
    return ap__get_bool(loader, json, "special", true, &out->special);
}

static ap_status add_token(ap__loader *loader, yyjson_val *json) {
    ap__tokenizer *tokenizer = loader->tokenizer;
    ap__added_token token;
    ap_status status = read_added_token(loader, json, &token);
    if (status) return status;
    ap__added_add(&tokenizer->added, &tokenizer->vocab, &token);
    const ap__added_token *added = ap__added_find(&tokenizer->added, token.content.ptr, token.content.len);
    if (added && added->id != token.id) /* As in the reference, the vocabulary decides. */
        ap__log(AP_LOG_WARNING, "tokenizer: %s: an added token with id %u gets id %u", loader->file, token.id,
                added->id);
    return AP_OK;
}

static ap_status read_added_tokens(ap__loader *loader, yyjson_val *root) {
    yyjson_val *list = yyjson_obj_get(root, "added_tokens");
    size_t n = yyjson_arr_size(list), n_bytes = 0, i, max;
    yyjson_val *item;
    if (list && !yyjson_is_arr(list))
        return ap__loader_fail(loader, AP_EFORMAT, "added_tokens", "expected a list, found %s",
                               ap__json_kind(list));
    if (n > MAX_ADDED_TOKENS)
        return ap__loader_fail(loader, AP_ELIMIT, "added_tokens", "%zu tokens; at most %d are supported", n,
                               MAX_ADDED_TOKENS);
    yyjson_arr_foreach(list, i, max, item) n_bytes += yyjson_get_len(yyjson_obj_get(item, "content"));
    ap__added *added = &loader->tokenizer->added;
    ap_status status = ap__added_reserve(added, loader->arena, n, n_bytes, loader->err);
    size_t outer = ap__loader_enter(loader, "added_tokens", 0);
    yyjson_arr_foreach(list, i, max, item) {
        if (status) break;
        size_t mark = ap__loader_enter(loader, NULL, i);
        status = add_token(loader, item);
        ap__loader_leave(loader, mark);
    }
    ap__loader_leave(loader, outer);
    return status ? status : ap__added_finish(added, &loader->tokenizer->normalizer, loader);
}

static ap_status read_truncation(ap__loader *loader, yyjson_val *json, ap__encode_options *out) {
    static const char *const SIDES[] = {"Right", "Left", NULL};
    static const char *const STRATEGIES[] = {"LongestFirst", "OnlyFirst", "OnlySecond", NULL};
    int side = 0, strategy = 0;
    ap_status status;
    if (!json || yyjson_is_null(json)) return AP_OK;
    if ((status = ap__get_enum(loader, json, "direction", false, SIDES, &side))) return status;
    if ((status = ap__get_enum(loader, json, "strategy", true, STRATEGIES, &strategy))) return status;
    if ((status = ap__get_size(loader, json, "max_length", true, &out->max_length))) return status;
    if ((status = ap__get_size(loader, json, "stride", true, &out->stride))) return status;
    out->truncation_side = (ap__side)side;
    out->truncation = (ap__truncation)(strategy + AP__TRUNCATION_LONGEST_FIRST);
    return AP_OK;
}

static ap_status read_padding(ap__loader *loader, yyjson_val *json, ap__encode_options *out) {
    static const char *const SIDES[] = {"Right", "Left", NULL};
    static const char *const STRATEGIES[] = {"BatchLongest", NULL};
    int side = 0, strategy = 0;
    ap_status status;
    ap__text token = {0};
    if (!json || yyjson_is_null(json)) return AP_OK;
    yyjson_val *fixed = yyjson_obj_get(json, "strategy");
    if (yyjson_is_obj(fixed))
        status = ap__get_size(loader, fixed, "Fixed", true, &out->pad_length);
    else
        status = ap__get_enum(loader, json, "strategy", true, STRATEGIES, &strategy);
    if (status) return status;
    if ((status = ap__get_enum(loader, json, "direction", true, SIDES, &side))) return status;
    if ((status = ap__get_size(loader, json, "pad_to_multiple_of", false, &out->pad_to_multiple_of)))
        return status;
    if ((status = ap__get_u32(loader, json, "pad_id", true, &out->pad_id))) return status;
    if ((status = ap__get_u32(loader, json, "pad_type_id", true, &out->pad_type_id))) return status;
    if ((status = ap__get_string(loader, json, "pad_token", true, &token))) return status;
    out->pad_token = token.ptr;
    out->padding_side = (ap__side)side;
    out->padding = yyjson_is_obj(fixed) ? AP__PADDING_FIXED : AP__PADDING_LONGEST;
    return AP_OK;
}

static ap_status check_version(ap__loader *loader, yyjson_val *root) {
    yyjson_val *version = yyjson_obj_get(root, "version");
    if (!version || yyjson_equals_str(version, "1.0")) return AP_OK;
    return ap__loader_fail(loader, AP_EUNSUPPORTED, "version", "expected \"1.0\", found %.20s",
                           yyjson_is_str(version) ? yyjson_get_str(version) : ap__json_kind(version));
}

/* Reads one member with its place on record. */
#define READ(loader, root, key, call)                                                                        \
    do {                                                                                                     \
        size_t mark_ = ap__loader_enter(loader, key, 0);                                                     \
        yyjson_val *json = yyjson_obj_get(root, key);                                                        \
        ap_status status_ = (call);                                                                          \
        if (status_) return status_;                                                                         \
        ap__loader_leave(loader, mark_);                                                                     \
    } while (0)

static ap_status read(ap__loader *loader, yyjson_val *root) {
    ap__tokenizer *t = loader->tokenizer;
    if (!yyjson_is_obj(root))
        return ap__loader_fail(loader, AP_EFORMAT, NULL, "expected an object, found %s", ap__json_kind(root));
    ap_status status = check_version(loader, root);
    if (status) return status;
    if (!yyjson_is_obj(yyjson_obj_get(root, "model")))
        return ap__loader_fail(loader, AP_EFORMAT, "model", "expected an object, found %s",
                               ap__json_kind(yyjson_obj_get(root, "model")));
    READ(loader, root, "model", ap__model_create(&t->model, loader, json));
    READ(loader, root, "normalizer", ap__normalizer_create(&t->normalizer, loader, json));
    READ(loader, root, "pre_tokenizer", ap__pretokenizer_create(&t->pretokenizer, loader, json));
    READ(loader, root, "post_processor", ap__processor_create(&t->processor, loader, json));
    READ(loader, root, "decoder", ap__decoder_create(&t->decoder, loader, json));
    READ(loader, root, "truncation", read_truncation(loader, json, &t->stored));
    READ(loader, root, "padding", read_padding(loader, json, &t->stored));
    return read_added_tokens(loader, root);
}

/* -- creating and destroying --------------------------------------------------------------------------- */

static void set_defaults(ap__tokenizer_config *config) {
    *config = (ap__tokenizer_config){.model_max_length = SIZE_MAX, .tokenizer_class = ""};
    config->pad_token_id = config->unk_token_id = config->cls_token_id = config->sep_token_id =
        AP__TOKEN_NONE;
    config->mask_token_id = config->bos_token_id = config->eos_token_id = AP__TOKEN_NONE;
    config->has_token_type_ids = config->has_attention_mask = true;
}

ap_status ap__tokenizer_from_doc(ap__tokenizer **out, yyjson_val *root, const char *name, bool is_converted,
                                 ap_error *err) {
    *out = NULL;
    ap__tokenizer *tokenizer = ap__calloc(1, sizeof *tokenizer);
    if (!tokenizer) return ap__fail_nomem(err);
    ap__loader loader = {.tokenizer = tokenizer, .arena = &tokenizer->arena, .vocab = &tokenizer->vocab};
    loader.file = name;
    loader.is_converted = is_converted;
    loader.err = err;
    set_defaults(&tokenizer->config);
    tokenizer->works = ap__calloc(1, sizeof *tokenizer->works);
    ap_status status = tokenizer->works ? read(&loader, root) : ap__fail_nomem(err);
    if (status) {
        ap__tokenizer_destroy(tokenizer);
        return status;
    }
    *out = tokenizer;
    return AP_OK;
}

static ap_status take_doc(ap__tokenizer **out, yyjson_doc *doc, const char *name, ap_error *err) {
    ap__numbers_read(doc);
    ap_status status = ap__tokenizer_from_doc(out, yyjson_doc_get_root(doc), name, false, err);
    yyjson_doc_free(doc);
    return status;
}

ap_status ap__tokenizer_from_json(ap__tokenizer **out, const char *json, size_t len, const char *name,
                                  ap_error *err) {
    yyjson_doc *doc;
    *out = NULL;
    if (len > AP__TOKENIZER_MAX_BYTES)
        return ap__fail(err, AP_ELIMIT, "%s is %zu bytes long; at most %zu are supported", name, len,
                        AP__TOKENIZER_MAX_BYTES);
    ap_status status = ap__json_parse_raw_numbers(&doc, json, len, name, err);
    return status ? status : take_doc(out, doc, name, err);
}

/* The text is parsed in place: a copy would be the largest thing that loading needs. */
ap_status ap__tokenizer_from_file(ap__tokenizer **out, const char *path, ap_error *err) {
    yyjson_doc *doc;
    ap__bytes file;
    *out = NULL;
    ap_status status = ap__file_read(&file, path, AP__TOKENIZER_MAX_BYTES, err);
    if (!status) status = ap__json_parse_raw_numbers_in_place(&doc, file.ptr, file.len, path, err);
    if (!status) status = take_doc(out, doc, path, err);
    ap__bytes_clear(&file);
    return status;
}

void ap__tokenizer_destroy(ap__tokenizer *tokenizer) {
    if (!tokenizer) return;
    for (int i = 0; tokenizer->works && i < AP__MAX_IDLE_WORKS; i++) {
        ap__work *work = atomic_load(&tokenizer->works->idle[i]);
        if (work) ap__work_clear(work);
        ap__free(work);
    }
    for (const ap__cleanup *cleanup = tokenizer->cleanups; cleanup; cleanup = cleanup->next)
        cleanup->fn(cleanup->ptr);
    ap__free(tokenizer->works);
    ap__arena_clear(&tokenizer->arena);
    ap__free(tokenizer);
}

/* -- look-up ------------------------------------------------------------------------------------------- */

const char *ap__tokenizer_id_to_token(const ap__tokenizer *tokenizer, uint32_t id, size_t *len) {
    const ap__added_token *added = ap__added_find_id(&tokenizer->added, id);
    if (!added) return ap__vocab_token(&tokenizer->vocab, id, len);
    if (len) *len = added->decoded.len;
    return added->decoded.ptr;
}

uint32_t ap__tokenizer_token_to_id(const ap__tokenizer *tokenizer, const char *token, size_t len) {
    const ap__added_token *added = ap__added_find(&tokenizer->added, token, len);
    return added ? added->id : ap__vocab_find(&tokenizer->vocab, token, len);
}

bool ap__tokenizer_marks_subwords(const ap__tokenizer *tokenizer) {
    const ap__model *model = &tokenizer->model;
    return model->class_->subword_prefix && model->class_->subword_prefix(model->self).len;
}

size_t ap__tokenizer_get_vocab_size(const ap__tokenizer *tokenizer) {
    size_t n = tokenizer->counts_strings ? tokenizer->vocab.n : tokenizer->vocab.n_listed;
    for (size_t i = 0; i < tokenizer->added.n; i++) {
        const ap__text *content = &tokenizer->added.tokens[i].content;
        n += ap__vocab_find(&tokenizer->vocab, content->ptr, content->len) == AP__TOKEN_NONE;
    }
    return n;
}

size_t ap__tokenizer_n_special_added(const ap__tokenizer *tokenizer, bool is_pair) {
    return ap__processor_n_added(&tokenizer->processor, is_pair);
}

void ap__tokenizer_get_stored_options(const ap__tokenizer *tokenizer, ap__encode_options *out) {
    *out = tokenizer->stored;
}

const ap__tokenizer_config *ap__tokenizer_get_config(const ap__tokenizer *tokenizer) {
    return &tokenizer->config;
}
