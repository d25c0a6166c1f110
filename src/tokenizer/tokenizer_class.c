/* The table of tokenizer classes, made from transformers by tools/golden/make_tokenizer_classes.py. */
#include "tokenizer/tokenizer_class.h"

#include "base/words.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const ap__tokenizer_class CLASSES[] = {
#define RIGHT AP__SIDE_RIGHT
#define LEFT AP__SIDE_LEFT
#define TOKENIZER_CLASS(name, kind, types, attention, side, lower, prefix, trim, bos, slow, nested, wrap,    \
                        ...)                                                                                 \
    {name,   AP__CLASS_##kind,     types, attention, side, lower, prefix, trim, bos, slow,                   \
     nested, {wrap, {__VA_ARGS__}}},
#define SLOW_CLASS(...)
#define EXTRA_TOKENS(...)
#define MODEL_TYPE(...)
#include "tokenizer/classes.def"
#undef TOKENIZER_CLASS
#undef SLOW_CLASS
};

static const ap__slow_class SLOW_CLASSES[] = {
#define TOKENIZER_CLASS(...)
#define SLOW_CLASS(name, lower, accents, has_prefix, prefix, legacy, clean_up, length, wrap, ...)            \
    {name, lower, accents, has_prefix, prefix, legacy, clean_up, length, {wrap, {__VA_ARGS__}}},
#include "tokenizer/classes.def"
#undef SLOW_CLASS
#undef EXTRA_TOKENS
};

static const ap__class_extra EXTRAS[] = {
#define SLOW_CLASS(...)
#define EXTRA_TOKENS(name, mode, ...) {name, AP__EXTRA_##mode, (const char *const[]){__VA_ARGS__, NULL}},
#include "tokenizer/classes.def"
#undef EXTRA_TOKENS
#undef MODEL_TYPE
};

static const struct {
    const char *model_type, *name;
} MODEL_TYPES[] = {
#define EXTRA_TOKENS(...)
#define MODEL_TYPE(model_type, name) {model_type, name},
#include "tokenizer/classes.def"
};

/* What a class that does not say otherwise has. */
static const ap__tokenizer_class GENERIC = {.name = "PreTrainedTokenizer",
                                            .has_token_type_ids = true,
                                            .has_attention_mask = true,
                                            .tokens = {.wrap = "-------"}};

/* Whether `name`, with or without "Fast", is the class `row`. */
static bool is_name(const char *row, const char *name) {
    size_t len = strlen(row);
    return !strncmp(row, name, len) && (!name[len] || !strcmp(name + len, "Fast"));
}

const ap__tokenizer_class *ap__tokenizer_class_find(const char *name) {
    for (size_t i = 0; i < COUNT(CLASSES); i++)
        if (is_name(CLASSES[i].name, name)) return &CLASSES[i];
    return &GENERIC;
}

bool ap__tokenizer_class_needs_prefix_space(const char *name) {
    static const char names[] = "BartTokenizer BlenderbotTokenizer BloomTokenizer CodeGenTokenizer "
                                "CohereTokenizer DebertaTokenizer GPT2Tokenizer LEDTokenizer "
                                "LongformerTokenizer MvpTokenizer RobertaTokenizer WhisperTokenizer";
    return ap__words_have(names, name);
}

const ap__slow_class *ap__slow_class_find(const char *name) {
    for (size_t i = 0; i < COUNT(SLOW_CLASSES); i++)
        if (is_name(SLOW_CLASSES[i].name, name)) return &SLOW_CLASSES[i];
    return NULL;
}

const ap__class_extra *ap__class_extra_find(const char *name) {
    static const ap__class_extra NONE = {.name = "", .mode = AP__EXTRA_NONE};
    for (size_t i = 0; i < COUNT(EXTRAS); i++)
        if (is_name(EXTRAS[i].name, name)) return &EXTRAS[i];
    return &NONE;
}

const char *ap__tokenizer_class_of_model(const char *model_type) {
    for (size_t i = 0; i < COUNT(MODEL_TYPES); i++)
        if (!strcmp(MODEL_TYPES[i].model_type, model_type)) return MODEL_TYPES[i].name;
    return NULL;
}
