/* The formula, and rows of tokens. */
#include "unit/generate/markov.h"

#include "base/alloc.h"
#include "base/error.h"
#include "unit/support/check.h"
#include "value/value.h"

#include <string.h>

static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

float markov_logit(int64_t a, int64_t b, int64_t k) {
    uint64_t z = mix((uint64_t)((a * MARKOV_TOKENS + b) * MARKOV_TOKENS + k + 1));
    return (float)((double)(z >> 40) / 16777216.0 * 12 - 6);
}

enum { ROWS_MAX = 64, READ_MAX = 256 };

typedef struct row {
    int64_t tokens[READ_MAX];
    uint8_t mask[READ_MAX];
    size_t n;
} row;

typedef struct decoding {
    ap__decoding base;
    markov *of;
    row *rows; /* [ROWS_MAX] */
    float *logits;
} decoding;

/* The last two tokens of a row up to `n` that are not masked. */
static void last_two(const row *r, size_t n, int64_t *a, int64_t *b) {
    int64_t found[2] = {0, 0};
    for (size_t i = 0; i < n; i++)
        if (r->mask[i]) {
            found[0] = found[1];
            found[1] = r->tokens[i];
        }
    *a = found[0];
    *b = found[1];
}

static ap_status step(ap__decoding *self, const ap__step *s, float **logits, ap_error *err) {
    decoding *d = (decoding *)self;
    if (++d->of->n_steps == d->of->fails_at) return ap__fail(err, AP_EBACKEND, "the model is broken");
    if (d->of->cancels_at && d->of->n_steps == d->of->cancels_at) ap_cancel_trigger(d->of->cancel);
    float *to = ap__realloc(d->logits, self->n_rows * s->n_logits * MARKOV_TOKENS * sizeof *to);
    if (!to) return ap__fail_nomem(err);
    *logits = d->logits = to;
    assert_true(s->n_logits <= s->n_tokens);
    for (size_t i = 0; i < self->n_rows; i++) {
        row *r = &d->rows[i];
        for (size_t k = 0; k < s->n_tokens; k++, r->n++) {
            assert_true(r->n < READ_MAX);
            r->tokens[r->n] = s->tokens[i * s->n_tokens + k];
            r->mask[r->n] = !s->mask || s->mask[i * s->n_tokens + k] == AP__MASK_IN;
        }
        for (size_t k = 0; k < s->n_logits; k++) {
            int64_t a, b;
            last_two(r, r->n - s->n_logits + k + 1, &a, &b);
            bool errs = d->of->errs_every && (a * MARKOV_TOKENS + b) % d->of->errs_every == 0;
            for (int64_t t = 0; t < MARKOV_TOKENS; t++) *to++ = markov_logit(errs ? b : a, errs ? a : b, t);
        }
    }
    self->n_tokens += s->n_tokens;
    return AP_OK;
}

static ap_status select_rows(ap__decoding *self, const uint32_t *rows, size_t n_rows, ap_error *err) {
    decoding *d = (decoding *)self;
    row *chosen = ap__calloc(ROWS_MAX, sizeof *chosen);
    if (!chosen) return ap__fail_nomem(err);
    assert_true(n_rows > 0 && n_rows <= ROWS_MAX);
    for (size_t i = 0; i < n_rows; i++) {
        assert_true(rows[i] < self->n_rows);
        chosen[i] = d->rows[rows[i]];
    }
    ap__free(d->rows);
    d->rows = chosen;
    self->n_rows = n_rows;
    if (n_rows > d->of->most_rows) d->of->most_rows = n_rows;
    return AP_OK;
}

static ap_status crop(ap__decoding *self, size_t n_tokens, ap_error *err) {
    decoding *d = (decoding *)self;
    (void)err;
    for (size_t i = 0; i < self->n_rows; i++) {
        assert_true(n_tokens <= d->rows[i].n);
        d->rows[i].n = n_tokens;
    }
    self->n_tokens = n_tokens;
    return AP_OK;
}

static void end(ap__decoding *self) {
    decoding *d = (decoding *)self;
    d->of->n_alive--;
    ap__free(d->rows);
    ap__free(d->logits);
    ap__free(d);
}

/* Rows need not be filled up here: each knows its own length. */
static ap_status join(ap__decoding *self, ap__decoding *other, ap_error *err) {
    decoding *d = (decoding *)self, *o = (decoding *)other;
    (void)err;
    assert_true(self->n_rows + other->n_rows <= ROWS_MAX);
    memcpy(d->rows + self->n_rows, o->rows, other->n_rows * sizeof *d->rows);
    self->n_rows += other->n_rows;
    if (other->n_tokens > self->n_tokens) self->n_tokens = other->n_tokens;
    d->of->n_joins++;
    if (self->n_rows > d->of->most_rows) d->of->most_rows = self->n_rows;
    end(other);
    return AP_OK;
}

static const ap__decoding_ops OPS = {step, select_rows, crop, join, end};

ap_status markov_begin(ap__decoding **out, void *ctx, size_t first, size_t n, ap_error *err) {
    decoding *d = ap__calloc(1, sizeof *d);
    (void)first;
    *out = NULL;
    if (!d) return ap__fail_nomem(err);
    d->rows = ap__calloc(ROWS_MAX, sizeof *d->rows);
    if (!d->rows) {
        ap__free(d);
        return ap__fail_nomem(err);
    }
    assert_true(n <= ROWS_MAX);
    d->base = (ap__decoding){&OPS, n, 0, MARKOV_TOKENS};
    d->of = ctx;
    d->of->n_begun++;
    d->of->n_alive++;
    *out = &d->base;
    return AP_OK;
}

ap_status markov_begin_assistant(ap__decoding **out, void *ctx, size_t first, size_t n, ap_error *err) {
    return markov_begin(out, ((markov *)ctx)->assistant, first, n, err);
}

static const ap_value END = {.kind = AP_KIND_INT, .as.integer = 1};

void markov_params(ap__generate_opts *out, const ap_value *json) {
    ap_error err = AP_ERROR_INIT;
    ap__generate_opts_set_defaults(out);
    out->eos_token_id = (ap_opt){.origin = AP_ORIGIN_INIT, .as.value = &END};
    out->pad_token_id = (ap_opt){.origin = AP_ORIGIN_INIT};
    assert_ok(ap__params_bind(ap__generate_params, out, json, AP_ORIGIN_CALL, "generate()", &err), &err);
}
