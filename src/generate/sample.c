/* Sequences that go their way one token after the other: greedy, or drawn.
 * Source: transformers@v4.55.4 generation/utils.py _sample. */
#include "base/alloc.h"
#include "base/error.h"
#include "generate/search.h"

typedef struct sample {
    ap__search base;
    size_t n; /* Sequences. */
    ap__tokens *sequences;
    ap__random *randoms; /* [n] */
    size_t *live;        /* [n] Which sequence each row is. */
} sample;

static ap_status take_token(sample *s, size_t i_sequence, const float *scores, ap__scratch *scratch,
                            bool *stops, ap_error *err) {
    int64_t token;
    ap__tokens *tokens = &s->sequences[i_sequence];
    ap_status status =
        ap__search_choose(&token, s->base.rules, scores, scratch, &s->randoms[i_sequence], err);
    if (!status) status = ap__tokens_add(tokens, token, err);
    if (!status) status = ap__rules_stop(stops, s->base.rules, ap__tokens_ids(tokens), err);
    if (status || !s->base.sink) return status;
    ap__token_news news = {s->base.input, i_sequence, token, *stops};
    return s->base.sink->take(s->base.sink->ctx, &news, err);
}

/* All sequences begin with the same row, whose scores are processed once. */
static ap_status advance(ap__search *self, float *logits, ap__scratch *scratch, ap_error *err) {
    sample *s = (sample *)self;
    size_t n_rows = self->has_begun ? self->n_rows : s->n, n_live = 0;
    ap_status status = ap__search_guide(self, logits, 0, self->n_rows, err);
    for (size_t i = 0; !status && i < n_rows; i++) {
        bool stops = false;
        uint32_t from = self->has_begun ? (uint32_t)i : 0;
        size_t i_sequence = s->live[i];
        ap__row row = {.scores = logits + from * scratch->n,
                       .tokens = ap__tokens_ids(&s->sequences[i_sequence]),
                       .i_row = i_sequence,
                       .scratch = scratch};
        if (self->has_begun || !i) ap__rules_apply(self->rules, &row);
        status = take_token(s, i_sequence, row.scores, scratch, &stops, err);
        if (status || stops) continue;
        s->live[n_live] = i_sequence;
        self->parents[n_live] = from;
        self->next[n_live++] = s->sequences[i_sequence].ptr[s->sequences[i_sequence].n - 1];
    }
    self->n_rows = n_live;
    self->has_begun = true;
    return status;
}

static ap_status finish(ap__search *self, ap__tokens **out, ap_error *err) {
    sample *s = (sample *)self;
    size_t longest = 0;
    ap_status status = AP_OK;
    for (size_t i = 0; i < s->n; i++)
        if (s->sequences[i].n > longest) longest = s->sequences[i].n;
    for (size_t i = 0; !status && i < s->n; i++)
        status = ap__tokens_fill(&s->sequences[i], longest, self->rules->pad, err);
    *out = s->sequences;
    return status;
}

static void destroy(ap__search *self) {
    sample *s = (sample *)self;
    ap__tokens_destroy_array(s->sequences, s->n);
    ap__free(s->randoms);
    ap__free(s->live);
    ap__free(s);
}

static const ap__search_ops OPS = {advance, finish, destroy};

ap_status ap__search_create_sample(ap__search **out, const ap__search_maker *maker, ap_error *err) {
    sample *s = ap__calloc(1, sizeof *s);
    *out = NULL;
    if (!s) return ap__fail_nomem(err);
    s->n = (size_t)maker->rules->n_sequences;
    ap_status status = ap__search_init(&s->base, &OPS, maker, s->n, err);
    if (!status && !(s->sequences = ap__tokens_create_array(s->n, err))) status = AP_ENOMEM;
    s->randoms = ap__calloc(s->n, sizeof *s->randoms);
    s->live = ap__calloc(s->n, sizeof *s->live);
    if (!status && (!s->randoms || !s->live)) status = ap__fail_nomem(err);
    for (size_t i = 0; !status && i < s->n; i++) {
        s->randoms[i] = ap__random_begin(maker->rules->seed, maker->input, i);
        s->live[i] = i;
        status = ap__tokens_assign(&s->sequences[i], maker->prompt, err);
    }
    if (status)
        ap__search_destroy(&s->base);
    else
        *out = &s->base;
    return status;
}
