/* Guesses of what comes next in one text, for the model to check in one step. */
#ifndef AP_GENERATE_GUESS_H
#define AP_GENERATE_GUESS_H

#include "generate/generate.h"

typedef struct ap__guesser ap__guesser;

typedef struct ap__guesser_ops {
    /* Appends a guess to a text of which everything is certain.
     * @param most tokens that it may have.   @param random a copy of what the model will draw with. */
    ap_status (*guess)(ap__guesser *self, ap__tokens *text, size_t most, ap__random random, ap_error *err);
    /* What came of it. */
    void (*learn)(ap__guesser *self, size_t n_guessed, size_t n_right);
    void (*destroy)(ap__guesser *self);
} ap__guesser_ops;

struct ap__guesser {
    const ap__guesser_ops *ops;
};

/* From the text itself: what followed its last tokens before. */
ap_status ap__guesser_create_lookup(ap__guesser **out, const ap__rules *rules, ap_error *err);

/* By the assistant model of the generation. */
ap_status ap__guesser_create_assistant(ap__guesser **out, const ap__generation *g, size_t i_prompt,
                                       const ap__rules *rules, ap_error *err);

#endif
