/* A SentencePiece model on its way to a document. For sentencepiece.c and spm_vocab.c. */
#ifndef AP_TOKENIZER_CONVERT_SPM_H
#define AP_TOKENIZER_CONVERT_SPM_H

#include "tokenizer/additional_tokens.h"
#include "tokenizer/convert/converter.h"
#include "tokenizer/convert/recipes.h"
#include "tokenizer/convert/spm_merges.h"
#include "tokenizer/convert/spm_model.h"

typedef struct ap__spm {
    ap__converter *c;
    const ap__spm_shape *shape;
    ap__spm_model model;
    bool has_prefix_space, is_legacy;
    size_t extra_ids, offset; /* Of T5 and of Pegasus. */
    ap__text mask_token_sent; /* Of Pegasus. */
    /* From here on made by ap__spm_make_vocab(). */
    ap__vocab pieces;   /* Of the file: text to index. */
    ap__scored *tokens; /* The converted vocabulary. */
    size_t n, capacity;
    ap__vocab ids;        /* Of it: text to index. */
    ap__slow_token *base; /* Of it: tokens and ids. */
} ap__spm;

/* Checks the pieces, makes the converted vocabulary of them, and what the slow tokenizer knows. */
ap_status ap__spm_make_vocab(ap__spm *s);

#endif
