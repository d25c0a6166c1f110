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
#define OWN_NORMALIZER NORMALIZER
#define OWN_MODEL MODEL
#define OWN_PROCESSOR PROCESSOR
#define OWN_DECODER DECODER
#include "tokenizer/components.def"
#undef NORMALIZER
#undef PRETOKENIZER
#undef MODEL
#undef PROCESSOR
#undef DECODER
#undef OWN_NORMALIZER
#undef OWN_MODEL
#undef OWN_PROCESSOR
#undef OWN_DECODER

typedef enum component_role { NORMALIZERS, PRETOKENIZERS, MODELS, PROCESSORS, DECODERS } component_role;

static const char *const ROLE_NAMES[] = {"normalizer", "pre-tokenizer", "model", "post-processor", "decoder"};

typedef struct component_row {
    component_role role;
    const char *type;
    const void *class_;
    bool is_own; /* Of converters alone. */
} component_row;

static const component_row ROWS[] = {
#define NORMALIZER(type, name) {NORMALIZERS, type, &ap__normalizer_##name, false},
#define PRETOKENIZER(type, name) {PRETOKENIZERS, type, &ap__pretokenizer_##name, false},
#define MODEL(type, name) {MODELS, type, &ap__model_##name, false},
#define PROCESSOR(type, name) {PROCESSORS, type, &ap__processor_##name, false},
#define DECODER(type, name) {DECODERS, type, &ap__decoder_##name, false},
#define OWN_NORMALIZER(type, name) {NORMALIZERS, type, &ap__normalizer_##name, true},
#define OWN_MODEL(type, name) {MODELS, type, &ap__model_##name, true},
#define OWN_PROCESSOR(type, name) {PROCESSORS, type, &ap__processor_##name, true},
#define OWN_DECODER(type, name) {DECODERS, type, &ap__decoder_##name, true},
#include "tokenizer/components.def"
};

enum { N_ROWS = sizeof ROWS / sizeof *ROWS };

ap_status ap__create_nothing(void **out, ap__loader *loader, yyjson_val *json) {
    (void)loader;
    (void)json;
    *out = NULL;
    return AP_OK;
}

bool ap__always_blind(const void *self) {
    (void)self;
    return true;
}

/* What a component without "type" is, by the members that it has; the first row that fits counts. Models had
 * no type before 2020, and of some other components the reference never looks at it. Source:
 * huggingface/tokenizers@v0.21.4 the untagged enums of models/mod.rs, normalizers/mod.rs, processors/mod.rs,
 * decoders/mod.rs, in their order. A member with a question mark has to be true or false. */
static const struct {
    component_role role;
    const char *members[4], *type;
} UNTYPED[] = {
    {MODELS, {"vocab", "merges"}, "BPE"},
    {MODELS, {"vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"}, "WordPiece"},
    {MODELS, {"vocab", "unk_token"}, "WordLevel"},
    {MODELS, {"vocab"}, "Unigram"},
    {NORMALIZERS, {"clean_text", "handle_chinese_chars", "lowercase"}, "BertNormalizer"},
    {NORMALIZERS, {"strip_left", "strip_right"}, "Strip"},
    {NORMALIZERS, {"normalizers"}, "Sequence"},
    {NORMALIZERS, {"precompiled_charsmap"}, "Precompiled"},
    {NORMALIZERS, {"pattern", "content"}, "Replace"},
    {NORMALIZERS, {"prepend"}, "Prepend"},
    {PROCESSORS, {"sep", "cls", "?trim_offsets", "?add_prefix_space"}, "RobertaProcessing"},
    {PROCESSORS, {"sep", "cls"}, "BertProcessing"},
    {PROCESSORS, {"single", "pair", "special_tokens"}, "TemplateProcessing"},
    {DECODERS, {"suffix"}, "BPEDecoder"},
    {DECODERS, {"prefix", "cleanup"}, "WordPiece"},
    {DECODERS, {"pad_token", "word_delimiter_token", "cleanup"}, "CTC"},
    {DECODERS, {"pattern", "content"}, "Replace"},
    {DECODERS, {"content", "start", "stop"}, "Strip"},
};

static bool has_member(yyjson_val *json, const char *name) {
    bool is_flag = name[0] == '?';
    yyjson_val *value = yyjson_obj_get(json, name + is_flag);
    return is_flag ? yyjson_is_bool(value) : value != NULL;
}

static const char *type_by_members(component_role role, yyjson_val *json) {
    for (size_t i = 0; i < sizeof UNTYPED / sizeof *UNTYPED; i++) {
        size_t n = 0;
        while (n < 4 && UNTYPED[i].members[n] && has_member(json, UNTYPED[i].members[n])) n++;
        bool has_all = n == 4 || !UNTYPED[i].members[n];
        if (UNTYPED[i].role == role && has_all) return UNTYPED[i].type;
    }
    return NULL;
}

static const void *find_row(component_role role, const char *type, bool is_converted) {
    for (int i = 0; i < N_ROWS; i++)
        if (ROWS[i].role == role && !strcmp(ROWS[i].type, type) && (!ROWS[i].is_own || is_converted))
            return ROWS[i].class_;
    return NULL;
}

static ap_status fail_unknown(ap__loader *loader, component_role role, const char *type) {
    ap__suggestion suggestion = {0};
    char hint[96];
    for (int i = 0; i < N_ROWS; i++)
        if (ROWS[i].role == role && !ROWS[i].is_own) ap__suggest(&suggestion, type, ROWS[i].type);
    return ap__loader_fail(loader, AP_EUNSUPPORTED, "type", "%s \"%.60s\" is not supported%s",
                           ROLE_NAMES[role], type, ap__suggestion_text(&suggestion, hint, sizeof hint));
}

static ap_status find(const void **out, component_role role, ap__loader *loader, yyjson_val *json) {
    yyjson_val *named = yyjson_obj_get(json, "type");
    const char *type = yyjson_get_str(named), *guess = type_by_members(role, json);
    if (type && !find_row(role, type, loader->is_converted)) return fail_unknown(loader, role, type);
    /* Of post-processors the members count even against the type: a RobertaProcessing of before trim_offsets
     * is read as a BertProcessing. */
    if (guess && (!named || (type && role == PROCESSORS))) type = guess;
    if (!type)
        return ap__loader_fail(loader, AP_EFORMAT, "type", "expected the name of a %s, found %s",
                               ROLE_NAMES[role], ap__json_kind(named));
    *out = find_row(role, type, loader->is_converted);
    return AP_OK;
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
    if (++loader->n_components > AP__COMPONENT_MAX_COUNT)
        return ap__loader_fail(loader, AP_ELIMIT, NULL, "more than %u components", AP__COMPONENT_MAX_COUNT);
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

/* A Sequence of any role. It may be as long as what stands in the file; each item counts as a component. */
#define DEFINE_CREATE_LIST(role_name)                                                                        \
    ap_status ap__##role_name##_create_list(void **out, ap__loader *loader, yyjson_val *json,                \
                                            const char *key) {                                               \
        yyjson_val *list, *item;                                                                             \
        ap__##role_name##_list *self;                                                                        \
        size_t i, max;                                                                                       \
        ap_status status = ap__get_array(loader, json, key, &list);                                          \
        if (!status) status = ap__loader_alloc(loader, &self, 1, sizeof *self);                              \
        if (status) return status;                                                                           \
        *out = self;                                                                                         \
        status = ap__loader_alloc(loader, &self->items, yyjson_arr_size(list), sizeof *self->items);         \
        if (status) return status;                                                                           \
        size_t outer = ap__loader_enter(loader, key, 0);                                                     \
        yyjson_arr_foreach(list, i, max, item) {                                                             \
            size_t mark = ap__loader_enter(loader, NULL, i);                                                 \
            status = ap__##role_name##_create(&self->items[self->n++], loader, item);                        \
            if (status) return status;                                                                       \
            ap__loader_leave(loader, mark);                                                                  \
        }                                                                                                    \
        ap__loader_leave(loader, outer);                                                                     \
        return AP_OK;                                                                                        \
    }

DEFINE_CREATE(normalizer, NORMALIZERS)
DEFINE_CREATE(pretokenizer, PRETOKENIZERS)
DEFINE_CREATE(model, MODELS)
DEFINE_CREATE(processor, PROCESSORS)
DEFINE_CREATE(decoder, DECODERS)

DEFINE_CREATE_LIST(normalizer)
DEFINE_CREATE_LIST(pretokenizer)
DEFINE_CREATE_LIST(processor)
DEFINE_CREATE_LIST(decoder)

ap_status ap__normalizer_apply(const ap__normalizer *normalizer, ap__work *work, ap__ntext *text) {
    return normalizer->class_ ? normalizer->class_->apply(normalizer->self, work, text) : AP_OK;
}

ap_status ap__pretokenizer_apply(const ap__pretokenizer *pretokenizer, ap__work *work) {
    return pretokenizer->class_ ? pretokenizer->class_->apply(pretokenizer->self, work) : AP_OK;
}

bool ap__normalizer_is_blind(const ap__normalizer *normalizer) {
    if (!normalizer->class_) return true;
    return normalizer->class_->is_blind && normalizer->class_->is_blind(normalizer->self);
}

bool ap__pretokenizer_is_blind(const ap__pretokenizer *pretokenizer, bool is_first) {
    if (!pretokenizer->class_) return true;
    return pretokenizer->class_->is_blind && pretokenizer->class_->is_blind(pretokenizer->self, is_first);
}

bool ap__pretokenizer_get_scan(const ap__pretokenizer *pretokenizer, ap__piece_scan *out) {
    *out = (ap__piece_scan){0};
    if (!pretokenizer->class_) return true;
    return pretokenizer->class_->get_scan && pretokenizer->class_->get_scan(pretokenizer->self, out);
}

size_t ap__processor_n_added(const ap__processor *processor, bool is_pair) {
    return processor->class_ ? processor->class_->n_added(processor->self, is_pair) : 0;
}

bool ap__processor_needs_texts(const ap__processor *processor) {
    if (!processor->class_ || !processor->class_->needs_texts) return false;
    return processor->class_->needs_texts(processor->self);
}
