/* A SentencePiece model file: the members of the protobuf message ModelProto that a tokenizer is made of. */
#ifndef AP_TOKENIZER_CONVERT_SPM_MODEL_H
#define AP_TOKENIZER_CONVERT_SPM_MODEL_H

#include "base/arena.h"
#include "tokenizer/tokenizer.h"

/* The numbers are those of the file. */
typedef enum ap__spm_type {
    AP__SPM_NORMAL = 1,
    AP__SPM_UNKNOWN = 2,
    AP__SPM_CONTROL = 3,
    AP__SPM_USER_DEFINED = 4,
    AP__SPM_UNUSED = 5,
    AP__SPM_BYTE = 6
} ap__spm_type;

enum { AP__SPM_UNIGRAM = 1, AP__SPM_BPE = 2, AP__SPM_CHAR = 4 };

typedef struct ap__spm_piece {
    ap__text text; /* UTF-8, not empty, without a NUL behind it. */
    float score;
    ap__spm_type type;
} ap__spm_piece;

typedef struct ap__spm_model {
    ap__spm_piece *pieces;
    size_t n;
    uint32_t model_type;
    int32_t unk_id;
    ap__text unk_piece;
    bool is_byte_fallback;
    ap__text unk_surface;
    ap__text charsmap; /* Bytes; empty when there is none. */
    bool add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces, treat_whitespace_as_suffix;
    bool has_denormalizer; /* Decoded text goes through a character map, too. */
} ap__spm_model;

/* Reads the message; texts are borrowed from `bytes`, pieces live in the arena.
 * @return AP_EFORMAT (byte offset), AP_ELIMIT, AP_ENOMEM; `name` stands in messages. */
ap_status ap__spm_model_parse(ap__spm_model *out, ap__arena *arena, const char *bytes, size_t len,
                              const char *name, ap_error *err);

#endif
