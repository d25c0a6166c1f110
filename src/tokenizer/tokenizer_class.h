/* The tokenizer classes of transformers: what each assumes and returns. */
#ifndef AP_TOKENIZER_TOKENIZER_CLASS_H
#define AP_TOKENIZER_TOKENIZER_CLASS_H

#include "tokenizer/tokenizer.h"

/* How a class changes the parts of tokenizer.json by what tokenizer_config.json says. */
typedef enum ap__class_kind {
    AP__CLASS_PLAIN,
    AP__CLASS_BERT,       /* The BertNormalizer: lowercase, strip_accents and handle_chinese_chars. */
    AP__CLASS_LOWERCASE,  /* The same without handle_chinese_chars. */
    AP__CLASS_ROBERTA,    /* The post-processor's add_prefix_space and trim_offsets. */
    AP__CLASS_CLIP,       /* Decoding: the suffix of words becomes a space. */
    AP__CLASS_XLNET,      /* Padding is of type 3. */
    AP__CLASS_TWO,        /* The fast class is for tokenizer.json alone, and the slow one, of which the model
                           * type is, for its own files; that one returns no token types. */
    AP__CLASS_NO_BOS,     /* Refuses add_bos_token. */
    AP__CLASS_GPT_SW3,    /* Null special tokens are the class's; decoded text is never cleaned up. */
    AP__CLASS_BOS_EOS,    /* A post-processor of its own, by add_bos_token and add_eos_token. */
    AP__CLASS_LANG_LAST,  /* One that puts the source language behind the text, */
    AP__CLASS_LANG_FIRST, /* before it, */
    AP__CLASS_LANG_NLLB,  /* either, by legacy_behaviour, */
    AP__CLASS_LANG_M2M,   /* before it, as "__en__", */
    AP__CLASS_LANG_SEAMLESS, /* or the target language before it, */
    AP__CLASS_LANG_PLBART    /* or a source language behind it, if there is one. */
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

/* The special tokens of a class that the files say nothing about. */
typedef struct ap__class_tokens {
    /* What a plain string becomes, one character each: a digit to base 32 is the sum of AP__WRAP_... of the
     * AddedToken that it becomes; '.' stays a string, and '-', too: the class does not name that token. */
    const char *wrap;
    const char *text[AP__N_SPECIAL_TOKENS];
} ap__class_tokens;

enum {
    AP__WRAP_LSTRIP = 1,
    AP__WRAP_NORMALIZED = 2,
    AP__WRAP_SPECIAL = 4,
    AP__WRAP_UNSAID = 8, /* normalized unless special */
    AP__WRAP_RSTRIP = 16
};

/* Stands for U+0000 in the texts of a class. */
#define AP__CLASS_NUL "\xC0\x80"

/* What a class makes of additional_special_tokens; `own` are those of the class. */
typedef enum ap__extra_mode {
    AP__EXTRA_NONE,
    AP__EXTRA_IF_ABSENT,      /* own when the key is missing */
    AP__EXTRA_SLOW,           /* the same where it starts from a vocabulary file */
    AP__EXTRA_IF_NULL,        /* own when the key is missing or null */
    AP__EXTRA_BEFORE,         /* own, then those given that are not among them */
    AP__EXTRA_AFTER,          /* those given, then own that are not among them */
    AP__EXTRA_INFILL,         /* those given, then prefix_token, middle_token, suffix_token, eot_token */
    AP__EXTRA_QUESTION,       /* question_token alone */
    AP__EXTRA_SENTINELS,      /* those given, then <extra_id_0> to extra_ids, when none of them is given */
    AP__EXTRA_BYTE_SENTINELS, /* those given, else <extra_id_0> to extra_ids */
    AP__EXTRA_ENTITIES,       /* those given, then entity_token_1, entity_token_2 */
    AP__EXTRA_PROGRAMMING,    /* those of language_codes, then those given that are not among them */
    AP__EXTRA_PEGASUS         /* mask_token_sent, those given, <unk_n> up to `offset` */
} ap__extra_mode;

/* The class where it starts from a vocabulary file: its "slow" version in transformers. */
typedef struct ap__slow_class {
    const char *name;
    bool do_lower_case, keep_accents;
    bool has_prefix_space; /* It knows add_prefix_space: */
    bool add_prefix_space, legacy, clean_up_tokenization_spaces;
    size_t model_max_length; /* 0: none. */
    ap__class_tokens tokens;
} ap__slow_class;

typedef struct ap__tokenizer_class {
    const char *name; /* Without "Fast". */
    ap__class_kind kind;
    bool has_token_type_ids, has_attention_mask;
    ap__side padding_side;
    bool do_lower_case, add_prefix_space, trim_offsets, add_bos_token;
    bool is_slow_with_prefix_space; /* add_prefix_space makes it start from the vocabulary file. */
    bool is_prefix_space_nested;    /* add_prefix_space goes into parts of parts, and into the decoder. */
    ap__class_tokens tokens;
} ap__tokenizer_class;

typedef struct ap__class_extra {
    const char *name;
    ap__extra_mode mode;
    const char *const *own; /* Ended by NULL. */
} ap__class_extra;

/* By its name, with or without "Fast"; that of PreTrainedTokenizerFast when it is not known. */
const ap__tokenizer_class *ap__tokenizer_class_find(const char *name);

/* Whether the class refuses texts that are split into words unless add_prefix_space is on.
 * Source: transformers@v4.55.4 models/roberta/tokenization_roberta_fast.py _batch_encode_plus, and its kin.
 */
bool ap__tokenizer_class_needs_prefix_space(const char *name);

/* NULL when the class has none that can be converted. */
const ap__slow_class *ap__slow_class_find(const char *name);

/* One with mode AP__EXTRA_NONE when the class has no rule of its own. */
const ap__class_extra *ap__class_extra_find(const char *name);

/* The name of the class of a model_type of config.json; NULL when there is none. */
const char *ap__tokenizer_class_of_model(const char *model_type);

#endif
