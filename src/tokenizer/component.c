/* The table of components: finding the one that a JSON object names. */
#include "tokenizer/component.h"

#include "base/error.h"
#include "base/suggest.h"

#include <string.h>

#define NORMALIZER(type, name) extern const ap__normalizer_class ap__normalizer_##name;
#define PRETOKENIZER(type, name) extern const ap__pretokenizer_class ap__pretokenizer_##name;
#define MODEL(type, name) extern const ap__model_class ap__model_##name;
#define PROCESSOR(type, name) extern const ap__processor_class ap__processor_##name;
#define DECODER(type, name) extern const ap__decoder_class ap__decoder_##name;
#include "tokenizer/components.def"
#undef NORMALIZER
#undef PRETOKENIZER
#undef MODEL
#undef PROCESSOR
#undef DECODER

typedef enum component_role { NORMALIZERS, PRETOKENIZERS, MODELS, PROCESSORS, DECODERS } component_role;

static const char *const ROLE_NAMES[] = {"normalizer", "pre-tokenizer", "model", "post-processor", "decoder"};

typedef struct component_row {
    component_role role;
    const char *type;
    const void *class_;
} component_row;

static const component_row ROWS[] = {
#define NORMALIZER(type, name) {NORMALIZERS, type, &ap__normalizer_##name},
#define PRETOKENIZER(type, name) {PRETOKENIZERS, type, &ap__pretokenizer_##name},
#define MODEL(type, name) {MODELS, type, &ap__model_##name},
#define PROCESSOR(type, name) {PROCESSORS, type, &ap__processor_##name},
#define DECODER(type, name) {DECODERS, type, &ap__decoder_##name},
#include "tokenizer/components.def"
};

enum { N_ROWS = sizeof ROWS / sizeof *ROWS };

ap_status ap__create_nothing(void **out, ap__loader *loader, yyjson_val *json) {
    (void)loader;
    (void)json;
    *out = NULL;
    return AP_OK;
}

/* Files of before 2020 have no "type" in the model: its members tell.
 * Source: huggingface/tokenizers@v0.21.4 models/mod.rs ModelUntagged (in that order). */
static const char *old_model_type(yyjson_val *json) {
    if (yyjson_obj_get(json, "merges")) return "BPE";
    if (yyjson_obj_get(json, "continuing_subword_prefix")) return "WordPiece";
    if (yyjson_obj_get(json, "unk_token")) return "WordLevel";
    return yyjson_is_arr(yyjson_obj_get(json, "vocab")) ? "Unigram" : NULL;
}

static ap_status find(const void **out, component_role role, ap__loader *loader, yyjson_val *json) {
    const char *type = yyjson_get_str(yyjson_obj_get(json, "type"));
    if (!type && role == MODELS) type = old_model_type(json);
    if (!type)
        return ap__loader_fail(loader, AP_EFORMAT, "type", "expected the name of a %s, found %s",
                               ROLE_NAMES[role], ap__json_kind(yyjson_obj_get(json, "type")));
    ap__suggestion suggestion = {0};
    for (int i = 0; i < N_ROWS; i++) {
        if (ROWS[i].role != role) continue;
        *out = ROWS[i].class_;
        if (!strcmp(ROWS[i].type, type)) return AP_OK;
        ap__suggest(&suggestion, type, ROWS[i].type);
    }
    char hint[96];
    return ap__loader_fail(loader, AP_EUNSUPPORTED, "type", "%s \"%.60s\" is not supported%s",
                           ROLE_NAMES[role], type, ap__suggestion_text(&suggestion, hint, sizeof hint));
}

/* *out stays NULL for JSON null. */
static ap_status look_up(const void **out, component_role role, ap__loader *loader, yyjson_val *json) {
    *out = NULL;
    if (!json || yyjson_is_null(json)) return AP_OK;
    if (!yyjson_is_obj(json))
        return ap__loader_fail(loader, AP_EFORMAT, NULL, "expected an object, found %s", ap__json_kind(json));
    if (loader->depth >= AP__COMPONENT_MAX_DEPTH)
        return ap__loader_fail(loader, AP_ELIMIT, NULL, "components are nested more than %u deep",
                               AP__COMPONENT_MAX_DEPTH);
    return find(out, role, loader, json);
}

/* One function for each role: they differ in their types only. */
#define DEFINE_CREATE(role_name, role)                                                                       \
    ap_status ap__##role_name##_create(ap__##role_name *out, ap__loader *loader, yyjson_val *json) {         \
        const void *class_;                                                                                  \
        *out = (ap__##role_name){0};                                                                         \
        ap_status status = look_up(&class_, role, loader, json);                                             \
        if (status || !class_) return status;                                                                \
        const ap__##role_name##_class *found = class_;                                                       \
        loader->depth++;                                                                                     \
        status = found->create(&out->self, loader, json);                                                    \
        loader->depth--;                                                                                     \
        if (!status) out->class_ = found;                                                                    \
        return status;                                                                                       \
    }

DEFINE_CREATE(normalizer, NORMALIZERS)
DEFINE_CREATE(pretokenizer, PRETOKENIZERS)
DEFINE_CREATE(model, MODELS)
DEFINE_CREATE(processor, PROCESSORS)
DEFINE_CREATE(decoder, DECODERS)

ap_status ap__normalizer_apply(const ap__normalizer *normalizer, ap__work *work, ap__ntext *text) {
    return normalizer->class_ ? normalizer->class_->apply(normalizer->self, work, text) : AP_OK;
}

ap_status ap__pretokenizer_apply(const ap__pretokenizer *pretokenizer, ap__work *work) {
    return pretokenizer->class_ ? pretokenizer->class_->apply(pretokenizer->self, work) : AP_OK;
}

size_t ap__processor_n_added(const ap__processor *processor, bool is_pair) {
    return processor->class_ ? processor->class_->n_added(processor->self, is_pair) : 0;
}

bool ap__processor_needs_texts(const ap__processor *processor) {
    if (!processor->class_ || !processor->class_->needs_texts) return false;
    return processor->class_->needs_texts(processor->self);
}
