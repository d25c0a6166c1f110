/* What the SentencePiece library itself makes of a text, for classes that transformers runs in Python: the
 * model's own normalization, its pieces with the scores of the file, and ids that another table gives them.
 * It differs from Unigram and BPE, which are what the tokenizers library makes of the same files. Source:
 * google/sentencepiece@v0.2.1 src/normalizer.cc, src/unigram_model.cc, src/bpe_model.cc,
 * src/sentencepiece_processor.cc. */
#ifndef AP_TOKENIZER_MODELS_SENTENCE_PIECE_H
#define AP_TOKENIZER_MODELS_SENTENCE_PIECE_H

#include "tokenizer/component.h"
#include "tokenizer/models/trie.h"
#include "tokenizer/normalizers/charsmap.h"

/* Types of pieces as the file numbers them. */
enum {
    AP__SP_NORMAL = 1,
    AP__SP_UNKNOWN = 2,
    AP__SP_CONTROL = 3,
    AP__SP_USER_DEFINED = 4,
    AP__SP_UNUSED = 5,
    AP__SP_BYTE = 6
};

/* One piece that may be found in a text. */
typedef struct ap__sp_piece {
    float score;
    uint32_t type;
    uint32_t id; /* In the vocabulary of ids; AP__TOKEN_NONE: it is not there. */
} ap__sp_piece;

typedef struct ap__sentence_piece {
    const ap__vocab *ids; /* The tokenizer's vocabulary. */
    uint32_t unk_id;
    ap__vocab
        pieces; /* Pieces that a text may have, not control and byte pieces: text to index in `infos`. */
    ap__sp_piece *infos; /* Of the entries of `pieces`. */
    ap__vocab symbols;   /* User-defined pieces: no rule changes them. */
    ap__trie trie, symbol_trie;
    float min_score, max_score; /* Of normal pieces. */
    bool is_bpe, is_char, has_unused, byte_fallback;
    uint32_t byte_ids[256];
    /* Stands in front of what is cut, and its tokens are taken off again (SigLIP); no length: nothing does.
     */
    ap__text unk_prefix;
    size_t n_unk_prefix;     /* Its tokens. */
    bool has_language_codes; /* ">>de<<" in front of a text is a token as a whole (Marian). */
    /* Normalization. */
    ap__charsmap map;
    bool add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces, treat_whitespace_as_suffix;
} ap__sentence_piece;

/* A stretch of the normalized text. */
typedef struct ap__sp_stretch {
    uint32_t start, end;
    uint32_t piece; /* AP__TOKEN_NONE: unknown. */
} ap__sp_stretch;

/* What a text is cut into; in the arena of the call. */
typedef struct ap__sp_stretches {
    ap__sp_stretch *ptr;
    size_t n;
} ap__sp_stretches;

/* The text without ASCII punctuation, whitespace at its ends and more than one space; behind `unk_prefix`,
 * unless nothing is left. */
ap_status ap__sp_canonicalize(const ap__sentence_piece *self, ap__work *work, ap__ntext *text);

/* The normalized text, in a buffer of the call. */
ap_status ap__sp_normalize(const ap__sentence_piece *self, ap__work *work, ap__ntext *text);

/* Cut a normalized text that is not empty. */
ap_status ap__sp_cut_unigram(const ap__sentence_piece *self, ap__work *work, const ap__ntext *text,
                             ap__sp_stretches *out);
ap_status ap__sp_cut_char(const ap__sentence_piece *self, ap__work *work, const ap__ntext *text,
                          ap__sp_stretches *out);
ap_status ap__sp_cut_bpe(const ap__sentence_piece *self, ap__work *work, const ap__ntext *text,
                         ap__sp_stretches *out);

/* Bytes of the longest user-defined piece that the text begins with; 0 when there is none. */
uint32_t ap__sp_symbol_len(const ap__sentence_piece *self, const char *text, uint32_t len);

#endif
