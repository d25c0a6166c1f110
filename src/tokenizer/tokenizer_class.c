/* The table of tokenizer classes, made from transformers by tools/golden/make_tokenizer_classes.py. */
#include "tokenizer/tokenizer_class.h"

#include "base/words.h"

#include <string.h>

static const ap__tokenizer_class CLASSES[] = {
#define RIGHT AP__SIDE_RIGHT
#define LEFT AP__SIDE_LEFT
#define TOKENIZER_CLASS(name, kind, types, attention, side, lower, prefix, trim, lstrip, normalized, ...)    \
    {name, AP__CLASS_##kind, types, attention, side, lower, prefix, trim, lstrip, normalized, {__VA_ARGS__}},
#define MODEL_TYPE(model_type, name)
#include "tokenizer/classes.def"
#undef TOKENIZER_CLASS
#undef MODEL_TYPE
};

static const struct {
    const char *model_type, *name;
} MODEL_TYPES[] = {
#define TOKENIZER_CLASS(...)
#define MODEL_TYPE(model_type, name) {model_type, name},
#include "tokenizer/classes.def"
};

/* What a class that does not say otherwise has. */
static const ap__tokenizer_class GENERIC = {
    .name = "PreTrainedTokenizer", .has_token_type_ids = true, .has_attention_mask = true};

const ap__tokenizer_class *ap__tokenizer_class_find(const char *name) {
    size_t len = strlen(name);
    if (len > 4 && !strcmp(name + len - 4, "Fast")) len -= 4;
    for (size_t i = 0; i < sizeof CLASSES / sizeof *CLASSES; i++)
        if (strlen(CLASSES[i].name) == len && !strncmp(CLASSES[i].name, name, len)) return &CLASSES[i];
    return &GENERIC;
}

bool ap__tokenizer_class_needs_prefix_space(const char *name) {
    static const char names[] = "BartTokenizer BlenderbotTokenizer BloomTokenizer CodeGenTokenizer "
                                "CohereTokenizer DebertaTokenizer GPT2Tokenizer LEDTokenizer "
                                "LongformerTokenizer MvpTokenizer RobertaTokenizer WhisperTokenizer";
    return ap__words_have(names, name);
}

const char *ap__tokenizer_class_of_model(const char *model_type) {
    for (size_t i = 0; i < sizeof MODEL_TYPES / sizeof *MODEL_TYPES; i++)
        if (!strcmp(MODEL_TYPES[i].model_type, model_type)) return MODEL_TYPES[i].name;
    return NULL;
}
