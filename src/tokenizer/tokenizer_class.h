/* The tokenizer classes of transformers: what each assumes and returns. */
#ifndef AP_TOKENIZER_TOKENIZER_CLASS_H
#define AP_TOKENIZER_TOKENIZER_CLASS_H

#include "tokenizer/tokenizer.h"

/* How a class changes the parts of tokenizer.json by what tokenizer_config.json says. */
typedef enum ap__class_kind {
    AP__CLASS_PLAIN,
    AP__CLASS_BERT,      /* The BertNormalizer: lowercase, strip_accents and handle_chinese_chars. */
    AP__CLASS_LOWERCASE, /* The same without handle_chinese_chars. */
    AP__CLASS_ROBERTA,   /* The post-processor's add_prefix_space and trim_offsets. */
    AP__CLASS_BOS,       /* The post-processor itself, by add_bos_token (standard: true) and add_eos_token; */
    AP__CLASS_NO_BOS,    /* the same, standard: false. */
    AP__CLASS_CLIP       /* Decoding: the suffix of words becomes a space. */
} ap__class_kind;

/* Special tokens in the order in which transformers adds them (SPECIAL_TOKENS_ATTRIBUTES). */
enum {
    AP__BOS_TOKEN,
    AP__EOS_TOKEN,
    AP__UNK_TOKEN,
    AP__SEP_TOKEN,
    AP__PAD_TOKEN,
    AP__CLS_TOKEN,
    AP__MASK_TOKEN,
    AP__N_SPECIAL_TOKENS
};

typedef struct ap__tokenizer_class {
    const char *name; /* Without "Fast". */
    ap__class_kind kind;
    bool has_token_type_ids, has_attention_mask;
    ap__side padding_side;
    bool do_lower_case, add_prefix_space, trim_offsets;
    bool is_mask_lstrip, is_mask_normalized; /* Of a mask token that is a plain string. */
    const char *tokens[AP__N_SPECIAL_TOKENS];
} ap__tokenizer_class;

/* By its name, with or without "Fast"; that of PreTrainedTokenizerFast when it is not known. */
const ap__tokenizer_class *ap__tokenizer_class_find(const char *name);

/* The name of the class of a model_type of config.json; NULL when there is none. */
const char *ap__tokenizer_class_of_model(const char *model_type);

#endif
