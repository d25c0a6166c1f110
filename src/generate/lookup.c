/* Guesses from the text itself: what followed the last few tokens before may follow again.
 * Source: transformers@v4.55.4 generation/candidate_generator.py PromptLookupCandidateGenerator. */
#include "base/alloc.h"
#include "base/error.h"
#include "generate/guess.h"

#include <string.h>

typedef struct lookup {
    ap__guesser base;
    const ap__rules *rules;
} lookup;

/* The first place behind which something follows, where the text has its last n tokens. */
static bool find_ngram(size_t *start, ap__ids tokens, size_t n) {
    const int64_t *last = tokens.ptr + tokens.n - n;
    for (size_t i = 0; i + n < tokens.n; i++)
        if (memcmp(tokens.ptr + i, last, n * sizeof *last) == 0) {
            *start = i + n;
            return true;
        }
    return false;
}

/* It ends in front of an end token. */
static ap_status guess(ap__guesser *self, ap__tokens *text, size_t most, ap__random random, ap_error *err) {
    const ap__rules *rules = ((const lookup *)self)->rules;
    const ap__generate_opts *c = rules->config;
    int64_t longest = ap__opt_integer(&c->max_matching_ngram_size, 0),
            asked = c->prompt_lookup_num_tokens.as.integer;
    size_t n = longest > 0 ? (size_t)longest : 2, start = 0;
    ap__ids tokens = ap__tokens_ids(text);
    ap_status status = AP_OK;
    (void)random;
    if ((uint64_t)asked < most) most = (size_t)asked;
    if (n > tokens.n - 1) n = tokens.n - 1;
    while (n && !find_ngram(&start, tokens, n)) n--;
    for (size_t i = start; !status && n && i < tokens.n && i - start < most; i++) {
        int64_t id = text->ptr[i];
        if (ap__ids_have(rules->eos, id)) break;
        status = ap__tokens_add(text, id, err);
    }
    return status;
}

static void learn(ap__guesser *self, size_t n_guessed, size_t n_right) {
    (void)self;
    (void)n_guessed;
    (void)n_right;
}

static void destroy(ap__guesser *self) { ap__free(self); }

static const ap__guesser_ops OPS = {guess, learn, destroy};

ap_status ap__guesser_create_lookup(ap__guesser **out, const ap__rules *rules, ap_error *err) {
    lookup *l = ap__calloc(1, sizeof *l);
    *out = NULL;
    if (!l) return ap__fail_nomem(err);
    *l = (lookup){{&OPS}, rules};
    *out = &l->base;
    return AP_OK;
}
