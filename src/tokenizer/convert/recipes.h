/* The shapes of recipes.def: what differs between classes that start from the same kind of files. */
#ifndef AP_TOKENIZER_CONVERT_RECIPES_H
#define AP_TOKENIZER_CONVERT_RECIPES_H

#include <stdbool.h>
#include <stdint.h>

/* vocab.txt. Templates are as for ap__put_template(). */
typedef struct ap__bert_shape {
    const char *single, *pair, *specials;
    const char *left_pair; /* Of a tokenizer that pads on the left; NULL: `pair`. */
    bool is_vocab_last;    /* As in ap__slow_base. */
} ap__bert_shape;

/* How merges.txt is read. */
typedef enum ap__merges_style {
    AP__MERGES_USUAL,  /* Lines that have an end, without the first. */
    AP__MERGES_CLIP,   /* Every line but the first, and no more than CLIP has. */
    AP__MERGES_QWEN,   /* Every line that is not empty, without a first one that gives a version. */
    AP__MERGES_HERBERT /* Lines that have an end, without a first one that gives a version. */
} ap__merges_style;

typedef enum ap__bpe_processor {
    AP__BPE_NOTHING,
    AP__BPE_ROBERTA,    /* RobertaProcessing of sep and cls. */
    AP__BPE_CLIP,       /* RobertaProcessing of eos and bos. */
    AP__BPE_BERT,       /* BertProcessing. */
    AP__BPE_BYTE_LEVEL, /* ByteLevel that trims no offsets. */
    AP__BPE_GPT2,       /* The same, or a template with bos when add_bos_token says so. */
    AP__BPE_WHISPER,    /* A template of language and task. */
    AP__BPE_TEMPLATE
} ap__bpe_processor;

/* vocab.json and merges.txt. Components are JSON; NULL: none. */
typedef struct ap__bpe_shape {
    ap__merges_style merges;
    bool has_unk, is_unk_text, is_unk_added; /* is_unk_text: None becomes "None". */
    const char *prefix, *suffix;             /* continuing_subword_prefix, end_of_word_suffix */
    const char *normalizer, *pre_tokenizer, *decoder;
    ap__bpe_processor processor;
    const char *single, *pair, *specials;
} ap__bpe_shape;

/* Which tokens the vocabulary is made of: pieces of the model, and around them what the class has. */
typedef enum ap__spm_vocab {
    AP__SPM_PLAIN,
    AP__SPM_BARTHEZ,   /* The same, with an unknown token of its own. */
    AP__SPM_ALBERT,    /* Pieces that end with a digit and a comma are made unlikely. */
    AP__SPM_T5,        /* Behind them <extra_id_N>, downwards. */
    AP__SPM_CAMEMBERT, /* Other names for the first, <mask> behind. */
    AP__SPM_FAIRSEQ,   /* <s>, <pad>, </s>, <unk> in place of the first three. */
    AP__SPM_XLMR,      /* The same, and <mask> behind. */
    AP__SPM_MBART,     /* The same, and languages behind, and <mask>. */
    AP__SPM_XGLM,      /* As AP__SPM_FAIRSEQ, and the class's own tokens behind. */
    AP__SPM_SEAMLESS,  /* <pad>, <unk>, <s>, </s> in place of the first three. */
    AP__SPM_PEGASUS,   /* pad, eos, masks and <unk_N> in place of the first two. */
    AP__SPM_LLAMA,     /* The first three as the slow tokenizer names them. */
    AP__SPM_GEMMA      /* pad, eos, bos in place of the first three. */
} ap__spm_vocab;

typedef enum ap__spm_normalizer {
    AP__SPM_NORMALIZER_USUAL,
    AP__SPM_NORMALIZER_ALBERT,
    AP__SPM_NORMALIZER_REMBERT,
    AP__SPM_NORMALIZER_DEBERTA,
    AP__SPM_NORMALIZER_LLAMA,
    AP__SPM_NORMALIZER_GEMMA
} ap__spm_normalizer;

typedef enum ap__spm_pre_tokenizer {
    AP__SPM_METASPACE,
    AP__SPM_WHITESPACE_METASPACE,
    AP__SPM_PUNCTUATION_METASPACE, /* Punctuation when split_by_punct says so. */
    AP__SPM_UNSPLIT_METASPACE,     /* Nothing where `legacy` holds. */
    AP__SPM_SPLIT_SPACE
} ap__spm_pre_tokenizer;

/* A SentencePiece model. */
typedef struct ap__spm_shape {
    ap__spm_vocab vocab;
    ap__spm_normalizer normalizer;
    ap__spm_pre_tokenizer pre_tokenizer; /* The decoder follows from it. */
    bool is_byte_fallback;
    const char *special; /* Pieces that are special without being control pieces; words, or NULL. */
    const char *single, *pair, *specials; /* NULL: no post-processor. */
} ap__spm_shape;

/* Which token the lines of a text file give, and what stands around them. */
typedef struct ap__slow_dict {
    const char *file;
    const char
        *first; /* Special tokens with the first ids: letters of templates, and p for pad, m for mask. */
    const char *last;     /* The same, behind the lines. */
    bool is_before_count; /* What stands before the last space of a line; else its first word, once each. */
} ap__slow_dict;

/* A class that runs in Python alone: SentencePiece models, and vocab.json with the ids. */
typedef struct ap__slow_spm_shape {
    bool has_own_ids;         /* There is no vocab.json: the ids are those of the pieces. */
    const char *reserved;     /* Of these: tokens that have the first ids; words, */
    uint32_t offset;          /* what is added to the number of a piece, */
    const char *behind;       /* and tokens behind the pieces. */
    bool has_programming;     /* Behind them the languages of PLBart, and <mask> where it has one. */
    ap__slow_dict dict;       /* A text file in place of vocab.json. */
    bool has_entities;        /* entity_vocab.json has to be there, and no task that needs it. */
    const char *normalizer;   /* JSON: of each text between added tokens. */
    bool joins_marks;         /* Decoded text: all pieces, their marks as spaces. */
    bool keeps_ends;          /* Decoded text is not stripped. */
    bool is_named_by_id;      /* get_vocab() asks for the name of each id. */
    bool has_language_codes;  /* ">>de<<" in front of a text is one token. */
    bool has_language_tokens; /* "__de__" and so on behind the vocabulary. */
    const char *special_end;  /* Behind each special token of a decoded text. */
    bool has_space_before;    /* In a decoded text, before the pieces that a special token comes behind. */
    bool is_siglip;           /* What only that class does: see put_siglip(). */
    const char *refused;      /* Flags of tokenizer_config.json that have to be false; words. */
    bool leaves_no_marks;     /* Every U+2581 of a decoded text becomes a space. */
    const char *single, *pair, *specials; /* NULL: the class makes its post-processor by language. */
} ap__slow_spm_shape;

/* A class that runs in Python alone: words whose characters are merged. */
typedef struct ap__slow_bpe_shape {
    bool is_byte_level;                   /* Characters of the byte alphabet, words as GPT-2 cuts them. */
    ap__slow_dict dict;                   /* A text file in place of vocab.json. */
    bool has_version_line;                /* The first line of the merges is none. */
    bool is_unicode_space;                /* Words end where Unicode has whitespace; else where Python has. */
    bool has_counts;                      /* Merges are the words of a line but the last. */
    bool has_long_lines;                  /* Merges are the first two words of a line. */
    bool has_plain_words;                 /* Words are without the line end behind them. */
    bool has_lower_case;                  /* do_lower_case lowers texts. */
    bool is_blenderbot;                   /* Punctuation begins words, and all is lowered. */
    bool keeps_ends;                      /* Decoded text is not stripped. */
    bool is_merge_file_optional;          /* Without it tokens are only decoded. */
    bool has_entities;                    /* As in ap__slow_spm_shape. */
    const char *refused;                  /* Flags of tokenizer_config.json that have to be false; words. */
    const char *single, *pair, *specials; /* NULL: no template. */
} ap__slow_bpe_shape;

/* Where a class of characters, bytes or words has its vocabulary. */
typedef enum ap__slow_source {
    AP__SLOW_JSON,     /* vocab.json */
    AP__SLOW_CTC,      /* The same, by language where target_lang names one. */
    AP__SLOW_PHONEMES, /* The same, with words that are phonemes. */
    AP__SLOW_VITS,     /* The same, with what the class does to a text. */
    AP__SLOW_LINES,    /* vocab.txt */
    AP__SLOW_BYTES,    /* Nowhere: it is bytes, behind the tokens of the class. */
    AP__SLOW_CODES     /* Nowhere: it is all code points. */
} ap__slow_source;

/* A class that runs in Python alone and looks up characters, bytes or words. */
typedef struct ap__slow_characters_shape {
    ap__slow_source source;
    const char *unit, *joining; /* Of the model and the decoder `Characters`. */
    const char *own; /* Of AP__SLOW_BYTES: the special tokens that have the first ids; letters of templates,
                        and p for pad, m for mask. */
    const char *own_words; /* Behind these: tokens of the class that are not special; words. */
    bool are_bytes_first; /* The bytes have the first ids all the same, and characters those of their numbers.
                           */
    bool has_rewrites;    /* Bytes are named in hexadecimal, and rewritten as byte_maps.json says. */
    bool is_named_by_id;  /* get_vocab() asks for the name of each id. */
    bool has_unknown;     /* An id that is nowhere is decoded to the unknown token. */
    bool appends_eos;     /* A text that ends with eos gets no other. */
    const char *single, *pair, *specials; /* NULL: no template. */
} ap__slow_characters_shape;

#endif
