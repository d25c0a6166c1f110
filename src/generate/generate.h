/* generate(): prompts to sequences, by way of a model's decodings.
 *
 * Prompts share one loop: as many as fit are read together, each step gives every row its next token, rows
 * that are done leave, and prompts that wait take their places. A prompt's result does not depend on its
 * company. Source: transformers@v4.55.4 generation/utils.py generate; what it does to a batch,
 * ap__generated_pad() does. */
#ifndef AP_GENERATE_GENERATE_H
#define AP_GENERATE_GENERATE_H

#include "generate/search.h"
#include "model/decoder.h"

/* One input. */
typedef struct ap__prompt {
    ap__ids tokens;      /* What the decoder reads first; at least one. */
    const uint8_t *mask; /* [tokens.n] 0: padding; NULL: none is. */
    ap__ids input;       /* What the encoder reads; of a decoder alone, its tokens. */
    size_t index;        /* Of the input in its call: results that are drawn follow from it. */
} ap__prompt;

/* Begins decodings of the prompts [first, first + n). */
typedef ap_status (*ap__begin_decoding)(ap__decoding **out, void *ctx, size_t first, size_t n, ap_error *err);

typedef struct ap__generation {
    const ap__generate_opts *config;
    const ap__tokenizer *tokenizer; /* Of stop_strings; may be NULL. */
    bool is_encoder_decoder;
    bool gives_max_length, gives_min_length; /* The call does, and not what it builds on. */
    bool takes_mask;                         /* Else only prompts of one length go together. */
    int64_t max_positions;                   /* config.json: max_position_embeddings; 0: it does not say. */
    size_t position_limit;                   /* Of the table of positions; 0: there is none. */
    const ap__prompt *prompts;
    size_t n_prompts;
    bool is_batch;  /* Which somebody asked for: parameters may say something of each input of it. */
    size_t n_slots; /* Rows that may run at once; a single prompt may take more. */
    ap__begin_decoding begin;
    /* Of the assistant model, with the same context; NULL: there is none. */
    ap__begin_decoding begin_assistant;
    const ap__generate_opts *assistant; /* What its files say; NULL: nothing. */
    size_t assistant_positions;         /* Of its table of positions; 0: there is none. */
    void *begin_ctx;
    const ap__token_sink *sink; /* Or NULL. */
    ap_cancel *cancel;          /* Or NULL. */
} ap__generation;

/* The sequences of one prompt, of one length, the prompt in front. */
typedef struct ap__generated {
    ap__tokens *sequences; /* [n] Owned: ap__generated_clear(). */
    size_t n;
    int64_t fill; /* What shorter ones are filled up with. */
} ap__generated;

/* @param[out] out [n_prompts]; all zero on failure.
 * @return AP_EINVAL, AP_EUNSUPPORTED for parameters; AP_ECANCELED; what the model fails with. */
ap_status ap__generate(ap__generated *out, const ap__generation *generation, ap_error *err);

void ap__generated_clear(ap__generated *generated);

/* Fills the sequences of a batch up to the longest. */
ap_status ap__generated_pad(ap__generated *generated, size_t n, ap_error *err);

/* For the loops: one prompt with guesses, one with guidance; the sequences of a search that is done; a
 * failure in terms of positions. */
ap_status ap__generate_guessed(ap__generated *out, const ap__generation *g, size_t i_prompt,
                               const ap__rules *rules, ap_error *err);
ap_status ap__generate_guided(ap__generated *out, const ap__generation *g, size_t i_prompt,
                              const ap__rules *rules, ap_error *err);
ap_status ap__generated_take(ap__generated *out, ap__search *search, ap_error *err);
ap_status ap__generate_check_positions(const ap__generation *g, size_t n_positions, size_t n_prompt,
                                       ap_error *err);

#endif
