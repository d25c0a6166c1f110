/* What post-processors work on: encodings that share the tokens they are made of.
 *
 * An encoding is a list of parts, the first the encoding itself, the others what truncation cut off; a part
 * is a list of runs of tokens; a run is a view of tokens with the properties that all of them have in common.
 * Source: huggingface/tokenizers@v0.21.4 tokenizer/encoding.rs, where each step copies all arrays. */
#ifndef AP_TOKENIZER_ENCS_H
#define AP_TOKENIZER_ENCS_H

#include "tokenizer/work.h"

typedef struct ap__run {
    const ap__token *tokens;
    size_t n;
    const ap__text
        *texts; /* What the offsets point into: one text, or words by the tokens' `word`; NULL: nothing. */
    bool is_words;
    uint32_t type_id;
    bool is_special;
} ap__run;

/* Which tokens of a part belong to a sequence (0 or 1, or higher ones that the reference makes up). */
typedef struct ap__range {
    uint32_t sequence;
    size_t start, end;
} ap__range;

typedef struct ap__part {
    ap__run *runs;
    size_t n_runs;
    size_t n; /* Tokens in all runs. */
    ap__range *ranges;
    size_t n_ranges;
} ap__part;

typedef struct ap__enc {
    ap__part *parts; /* At least one. */
    size_t n_parts;
} ap__enc;

typedef struct ap__encs {
    ap__work *work;
    ap__enc *ptr;
    size_t n;
} ap__encs;

/* A part of one run, in the arena of the call. */
ap_status ap__part_create(ap__part *out, ap__work *work, ap__run run);

/* Says that all tokens of the part belong to that sequence.   @return AP_ENOMEM */
ap_status ap__part_set_sequence(ap__part *part, ap__work *work, uint32_t sequence);

/* The parts, one behind the other, as a new one. */
ap_status ap__part_concat(ap__part *out, ap__work *work, const ap__part *const *parts, size_t n_parts);

/* Gives all runs of the part that type, in a copy of the runs. */
ap_status ap__part_set_type(ap__part *part, ap__work *work, uint32_t type_id);

/* Puts runs (or NULL) around all parts of an encoding. The tokens between them are then no special ones, and
 * what sequence they belong to is said anew, as in processors/bert.rs. */
ap_status ap__enc_wrap(ap__enc *enc, ap__work *work, const ap__run *before, const ap__run *after,
                       uint32_t sequence);

/* A run of one special token. `token` is borrowed. */
ap__run ap__run_of_special(const ap__token *token, uint32_t type_id);

/* All encodings, one behind the other, as one: the overflowing parts in the order of encoding.rs merge_with.
 */
ap_status ap__encs_merge(ap__enc *out, const ap__encs *encs);

/* Cuts each encoding to `max_length` tokens: the strategies of utils/truncation.rs. Takes tokens that were
 * just made: one run each. */
ap_status ap__encs_truncate(ap__encs *encs, const ap__encode_options *options, size_t max_length);

/* Takes spaces at both ends out of the offsets of all tokens. Source: pre_tokenizers/byte_level.rs
 * process_offsets. */
ap_status ap__encs_trim_offsets(ap__encs *encs, bool add_prefix_space);

#endif
