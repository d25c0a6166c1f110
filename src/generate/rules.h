/* What generate() does to the scores of each next token, and when it stops: made of the parameters once for
 * an input. Source: transformers@v4.55.4 generation/logits_process.py, generation/utils.py
 * _get_logits_processor, generation/stopping_criteria.py. */
#ifndef AP_GENERATE_RULES_H
#define AP_GENERATE_RULES_H

#include "base/arena.h"
#include "generate/params.h"
#include "generate/scores.h"
#include "generate/watermark.h"
#include "tokenizer/tokenizer.h"

/* Most ids or sequences of ids that one parameter may list. */
#define AP__IDS_MAX ((size_t)1 << 20)

/* A list of token ids. */
typedef struct ap__ids {
    const int64_t *ptr;
    size_t n;
} ap__ids;

/* A number for a sequence. */
typedef struct ap__bias {
    ap__ids ids;
    float number;
} ap__bias;

/* Which search. */
typedef enum ap__generation_mode {
    AP__MODE_SAMPLE = 1,  /* One sequence after the other: greedy, or drawn. */
    AP__MODE_GUESSED = 2, /* The same with guesses that the model checks. */
    AP__MODE_BEAMS = 3,   /* Beam search, also drawn. */
    AP__MODE_GROUPS = 4   /* Groups of beams that differ. */
} ap__generation_mode;

/* One row of scores while it is worked on. */
typedef struct ap__row {
    float *scores;  /* [scratch->n] */
    ap__ids tokens; /* Of the row so far. */
    ap__ids others; /* What earlier groups of beams chose in this step. */
    size_t i_row;   /* Among those of its input. */
    ap__scratch *scratch;
} ap__row;

typedef struct ap__rules ap__rules;
typedef void (*ap__rule_fn)(const ap__rules *rules, ap__row *row);

enum { AP__RULES_MAX = 24 };

struct ap__rules {
    ap__arena arena; /* Of what is below. */
    const ap__generate_opts *config;
    const ap__tokenizer *tokenizer; /* Of stop_strings. */
    ap__generation_mode mode;
    bool draws;
    int64_t n_beams, n_groups, n_sequences;
    size_t prompt_len, max_length, min_length;
    ap__ids eos, input; /* End tokens; what the encoder, or a decoder alone, was given. */
    int64_t pad;        /* -1: none. */
    double deadline_s;  /* Of the steady clock; 0: none. */
    size_t min_kept;    /* Of what is drawn from. */
    double guidance;    /* guidance_scale; 1: none. */
    uint64_t seed;      /* Of what is drawn. */
    ap__ids suppressed, suppressed_first, forced_eos;
    size_t first_index; /* At which `suppressed_first` counts. */
    ap__bias *biases, *bad_words;
    size_t n_biases, n_bad_words;
    ap__watermark *watermark; /* NULL: none. */
    double decay_factor;
    size_t decay_start;
    const ap__text *stop_strings;
    size_t n_stop_strings, stop_window; /* How many of the last tokens are looked at. */
    ap__rule_fn active[AP__RULES_MAX];
    size_t n_active;
};

/* What rules are made of. All borrowed until they are destroyed. */
typedef struct ap__rules_maker {
    const ap__generate_opts *config;
    const ap__tokenizer *tokenizer; /* NULL: no stop_strings. */
    ap__ids input;
    size_t prompt_len;     /* In the decoder. */
    int64_t max_positions; /* config.json: max_position_embeddings; 0: it does not say. */
    bool is_encoder_decoder, has_assistant;
    bool gives_max_length, gives_min_length; /* The call does. */
    uint64_t seed;
} ap__rules_maker;

/* @return AP_EINVAL as the reference's ValueErrors, with the parameter */
ap_status ap__rules_create(ap__rules **out, const ap__rules_maker *maker, ap_error *err);
void ap__rules_destroy(ap__rules *rules);

/* Ids in range of the vocabulary, which shows with the first logits. */
ap_status ap__rules_check_vocab(const ap__rules *rules, size_t vocab_size, ap_error *err);

/* With the first logits: makes the memory of rows of the vocabulary, and checks the ids. Later nothing. */
ap_status ap__rules_prepare(const ap__rules *rules, ap__scratch *scratch, size_t vocab_size, ap_error *err);

/* Applies all that are active, in the reference's order. */
void ap__rules_apply(const ap__rules *rules, ap__row *row);

/* Chooses which are active. */
ap_status ap__rules_choose(ap__rules *rules, ap_error *err);

/* Whether a sequence ends with its last token.
 * @param[out] stops */
ap_status ap__rules_stop(bool *stops, const ap__rules *rules, ap__ids tokens, ap_error *err);

bool ap__ids_have(ap__ids ids, int64_t id);

/* Seconds of the steady clock. */
double ap__clock_s(void);

#endif
