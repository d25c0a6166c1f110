/* The loop. */
#include "generate/generate.h"

#include "base/alloc.h"
#include "base/cancel.h"
#include "base/error.h"

#include <string.h>

/* A prompt on its way. */
typedef struct job {
    size_t i_prompt;
    ap__search *search;
    size_t n_read; /* Tokens without padding. */
} job;

typedef struct loop {
    const ap__generation *g;
    ap__generated *out;
    ap__rules **rules; /* [n_prompts] */
    job *jobs;         /* [n_prompts] Those that run, in the order of their rows. */
    size_t n_jobs, next;
    size_t n_rows;
    ap__decoding *decoding; /* Of all rows; NULL while there are none. */
    ap__scratch scratch;
    int64_t *tokens; /* [n_room] Of a step. */
    uint32_t *rows;  /* [n_room] */
    size_t n_room;
} loop;

/* -- checks -------------------------------------------------------------------------------------------- */

ap_status ap__generate_check_positions(const ap__generation *g, size_t n_positions, size_t n_prompt,
                                       ap_error *err) {
    if (!g->position_limit || n_positions <= g->position_limit) return AP_OK;
    if (n_prompt > g->position_limit)
        return ap__fail(
            err, AP_EINVAL,
            "the prompt has %zu tokens and the model %zu positions; truncation=true, a shorter prompt or "
            "handle_long_generation=\"hole\" help",
            n_prompt, g->position_limit);
    return ap__fail(
        err, AP_EINVAL,
        "the prompt has %zu tokens and the model %zu positions: there is room for %zu new tokens; "
        "max_new_tokens=%zu stops there",
        n_prompt, g->position_limit, g->position_limit - n_prompt + 1, g->position_limit - n_prompt + 1);
}

static size_t count_real(const ap__prompt *prompt) {
    size_t n = prompt->mask ? 0 : prompt->tokens.n;
    for (size_t i = 0; prompt->mask && i < prompt->tokens.n; i++) n += prompt->mask[i] != 0;
    return n;
}

static ap_status make_rules(ap__rules **out, const ap__generation *g, const ap__prompt *prompt, uint64_t seed,
                            ap_error *err) {
    ap__rules_maker maker = {.config = g->config,
                             .tokenizer = g->tokenizer,
                             .input = prompt->input,
                             .prompt_len = prompt->tokens.n,
                             .max_positions = g->max_positions,
                             .is_encoder_decoder = g->is_encoder_decoder,
                             .has_assistant = g->begin_assistant != NULL,
                             .gives_max_length = g->gives_max_length,
                             .gives_min_length = g->gives_min_length,
                             .seed = seed};
    return ap__rules_create(out, &maker, err);
}

static size_t rows_of(const ap__rules *rules) {
    return (size_t)(rules->n_beams > rules->n_sequences ? rules->n_beams : rules->n_sequences);
}

/* -- results ------------------------------------------------------------------------------------------- */

void ap__generated_clear(ap__generated *generated) {
    ap__tokens_destroy_array(generated->sequences, generated->n);
    *generated = (ap__generated){0};
}

ap_status ap__generated_pad(ap__generated *generated, size_t n, ap_error *err) {
    size_t longest = 0;
    ap_status status = AP_OK;
    for (size_t i = 0; i < n; i++)
        if (generated[i].n && generated[i].sequences[0].n > longest) longest = generated[i].sequences[0].n;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; !status && k < generated[i].n; k++)
            status = ap__tokens_fill(&generated[i].sequences[k], longest, generated[i].fill, err);
    return status;
}

/* Of beams, the sink hears at the end. */
static ap_status tell_all(const ap__search *search, const ap__generated *generated, ap_error *err) {
    const ap__token_sink *sink = search->sink;
    const ap__rules *rules = search->rules;
    ap_status status = AP_OK;
    if (!sink || (rules->mode != AP__MODE_BEAMS && rules->mode != AP__MODE_GROUPS)) return AP_OK;
    for (size_t k = 0; k < generated->n; k++)
        for (size_t i = rules->prompt_len; !status && i < generated->sequences[k].n; i++) {
            ap__token_news news = {search->input, k, generated->sequences[k].ptr[i],
                                   i + 1 == generated->sequences[k].n};
            status = sink->take(sink->ctx, &news, err);
        }
    return status;
}

ap_status ap__generated_take(ap__generated *out, ap__search *search, ap_error *err) {
    const ap__rules *rules = search->rules;
    ap__tokens *found;
    ap_status status = search->ops->finish(search, &found, err);
    if (status) return status;
    size_t n = (size_t)rules->n_sequences;
    if (!(out->sequences = ap__tokens_create_array(n, err))) return AP_ENOMEM;
    out->n = n;
    bool is_beams = rules->mode == AP__MODE_BEAMS;
    out->fill = is_beams && rules->pad == 0 && rules->eos.n ? rules->eos.ptr[0] : rules->pad;
    for (size_t i = 0; i < n; i++) {
        out->sequences[i] = found[i];
        found[i] = (ap__tokens){0};
    }
    return tell_all(search, out, err);
}

/* -- rows ---------------------------------------------------------------------------------------------- */

static ap_status make_room(loop *l, size_t n, ap_error *err) {
    size_t bytes;
    if (n <= l->n_room) return AP_OK;
    if (!ap__mul_size(&bytes, n, sizeof *l->tokens)) return ap__fail_nomem(err);
    void *tokens = ap__realloc(l->tokens, bytes);
    if (!tokens) return ap__fail_nomem(err);
    l->tokens = tokens;
    void *rows = ap__realloc(l->rows, n * sizeof *l->rows);
    if (!rows) return ap__fail_nomem(err);
    l->rows = rows;
    l->n_room = n;
    return AP_OK;
}

/* Lets searches take a step, one after the other over the rows of a decoding, and makes its rows those that
 * go on. Searches that are done get their results and leave the list. */
static ap_status advance(loop *l, ap__decoding *decoding, job *jobs, size_t *n_jobs, float *logits,
                         ap_error *err) {
    size_t n_left = 0, n_rows = 0, at = 0;
    bool is_same = true;
    ap_status status = AP_OK;
    for (size_t i = 0; i < *n_jobs; i++) {
        ap__search *search = jobs[i].search;
        if (status) { /* After a failure they are only kept, to be freed. */
            jobs[n_left++] = jobs[i];
            continue;
        }
        size_t n_before = search->n_rows;
        status = search->ops->advance(search, logits + at * l->scratch.n, &l->scratch, err);
        if (!status) status = make_room(l, n_rows + search->n_rows, err);
        for (size_t k = 0; !status && k < search->n_rows; k++) {
            l->rows[n_rows] = (uint32_t)at + search->parents[k];
            is_same = is_same && l->rows[n_rows] == n_rows;
            n_rows++;
        }
        at += n_before;
        if (!status && !search->n_rows) status = ap__generated_take(&l->out[jobs[i].i_prompt], search, err);
        if (status || search->n_rows) {
            jobs[n_left++] = jobs[i];
            continue;
        }
        ap__search_destroy(search);
    }
    *n_jobs = n_left;
    if (status || !n_rows) return status;
    return is_same && n_rows == at ? AP_OK : decoding->ops->select(decoding, l->rows, n_rows, err);
}

/* -- prompts that begin -------------------------------------------------------------------------------- */

/* How many of those that wait are read together now. */
static size_t choose_next(const loop *l) {
    const ap__generation *g = l->g;
    size_t n = 0, n_rows = l->n_rows;
    if (l->n_jobs && !g->takes_mask) return 0;
    while (l->next + n < g->n_prompts) {
        size_t i = l->next + n, more = rows_of(l->rules[i]);
        if ((n || l->n_jobs) && n_rows + more > g->n_slots) break;
        if (n && !g->takes_mask && g->prompts[i].tokens.n != g->prompts[l->next].tokens.n) break;
        n_rows += more;
        n++;
    }
    return n;
}

/* The prompts of a step, filled up on the left. */
static ap_status read_prompts(loop *l, ap__decoding *decoding, size_t n, float **logits, ap_error *err) {
    const ap__prompt *prompts = l->g->prompts + l->next;
    size_t length = 0, size;
    bool has_mask = false;
    for (size_t i = 0; i < n; i++) length = prompts[i].tokens.n > length ? prompts[i].tokens.n : length;
    if (!ap__mul_size(&size, n, length) || !ap__mul_size(&size, size, sizeof(int64_t) + 1))
        return ap__fail_nomem(err);
    int64_t *tokens = ap__calloc(1, size);
    if (!tokens) return ap__fail_nomem(err);
    uint8_t *mask = (uint8_t *)(tokens + n * length);
    for (size_t i = 0; i < n; i++) {
        const ap__prompt *p = &prompts[i];
        size_t gap = length - p->tokens.n, at = i * length;
        has_mask = has_mask || gap || p->mask;
        for (size_t k = 0; k < gap; k++)
            tokens[at + k] = l->rules[l->next + i]->pad > 0 ? l->rules[l->next + i]->pad : 0;
        memcpy(tokens + at + gap, p->tokens.ptr, p->tokens.n * sizeof *tokens);
        for (size_t k = 0; k < p->tokens.n; k++) mask[at + gap + k] = !p->mask || p->mask[k];
    }
    ap__step step = {.tokens = tokens,
                     .mask = has_mask ? mask : NULL,
                     .n_tokens = length,
                     .n_logits = 1,
                     .cancel = l->g->cancel};
    ap_status status = decoding->ops->step(decoding, &step, logits, err);
    ap__free(tokens);
    return status;
}

static ap_status begin_jobs(loop *l, job *jobs, size_t n, ap_error *err) {
    ap_status status = AP_OK;
    for (size_t i = 0; !status && i < n; i++) {
        const ap__prompt *prompt = &l->g->prompts[l->next + i];
        ap__search_maker maker = {.rules = l->rules[l->next + i],
                                  .prompt = prompt->tokens,
                                  .input = prompt->index,
                                  .sink = l->g->sink};
        jobs[i] = (job){.i_prompt = l->next + i, .n_read = count_real(prompt)};
        status = ap__generate_check_positions(l->g, jobs[i].n_read, jobs[i].n_read, err);
        if (!status) status = ap__search_create(&jobs[i].search, &maker, err);
    }
    return status;
}

static ap_status check_vocab(loop *l, const job *jobs, size_t n_jobs, const ap__decoding *decoding,
                             ap_error *err) {
    ap_status status = l->scratch.n ? AP_OK : ap__scratch_create(&l->scratch, decoding->vocab_size, err);
    for (size_t i = 0; !status && i < n_jobs; i++)
        status = ap__rules_check_vocab(l->rules[jobs[i].i_prompt], decoding->vocab_size, err);
    return status;
}

/* What was begun joins what runs. */
static ap_status join(loop *l, ap__decoding *begun, ap_error *err) {
    if (!l->decoding) {
        l->decoding = begun;
        return AP_OK;
    }
    return l->decoding->ops->join(l->decoding, begun, err);
}

static ap_status admit(loop *l, size_t n, ap_error *err) {
    job *jobs = l->jobs + l->n_jobs;
    size_t n_begun = n;
    ap__decoding *begun = NULL;
    float *logits = NULL;
    memset(jobs, 0, n * sizeof *jobs);
    ap_status status = begin_jobs(l, jobs, n, err);
    if (!status) status = l->g->begin(&begun, l->g->begin_ctx, l->next, n, err);
    if (!status) status = read_prompts(l, begun, n, &logits, err);
    if (!status) status = check_vocab(l, jobs, n, begun, err);
    if (!status) status = advance(l, begun, jobs, &n_begun, logits, err);
    l->next += n;
    l->n_jobs += n_begun;
    if (!status && n_begun)
        status = join(l, begun, err);
    else if (begun)
        begun->ops->end(begun);
    return status;
}

/* -- steps --------------------------------------------------------------------------------------------- */

static size_t count_rows(const loop *l) {
    size_t n = 0;
    for (size_t i = 0; i < l->n_jobs; i++) n += l->jobs[i].search->n_rows;
    return n;
}

static ap_status step(loop *l, ap_error *err) {
    float *logits;
    size_t at = 0;
    ap_status status = make_room(l, l->n_rows, err);
    for (size_t i = 0; !status && i < l->n_jobs; i++) {
        const ap__search *search = l->jobs[i].search;
        size_t n_prompt = count_real(&l->g->prompts[l->jobs[i].i_prompt]);
        memcpy(l->tokens + at, search->next, search->n_rows * sizeof *l->tokens);
        at += search->n_rows;
        status = ap__generate_check_positions(l->g, ++l->jobs[i].n_read, n_prompt, err);
    }
    ap__step next = {.tokens = l->tokens, .n_tokens = 1, .n_logits = 1, .cancel = l->g->cancel};
    if (!status) status = l->decoding->ops->step(l->decoding, &next, &logits, err);
    if (!status) status = advance(l, l->decoding, l->jobs, &l->n_jobs, logits, err);
    return status;
}

static void end_if_empty(loop *l) {
    l->n_rows = count_rows(l);
    if (l->n_rows || !l->decoding) return;
    l->decoding->ops->end(l->decoding);
    l->decoding = NULL;
}

static ap_status run(loop *l, ap_error *err) {
    ap_status status = AP_OK;
    while (!status && (l->n_jobs || l->next < l->g->n_prompts)) {
        if (ap__cancel_is_triggered(l->g->cancel))
            return ap__fail(err, AP_ECANCELED, "the call was cancelled");
        size_t n = choose_next(l);
        if (n) status = admit(l, n, err);
        if (!status) end_if_empty(l);
        if (!status && l->n_jobs) status = step(l, err);
        if (!status) end_if_empty(l);
    }
    return status;
}

/* -- all of it ----------------------------------------------------------------------------------------- */

static ap_status prepare(loop *l, ap_error *err) {
    const ap__generation *g = l->g;
    const ap_opt *given = &g->config->seed;
    uint64_t seed = ap__opt_is_set(given) ? (uint64_t)given->as.integer : ap__random_seed();
    l->rules = ap__calloc(g->n_prompts, sizeof *l->rules);
    l->jobs = ap__calloc(g->n_prompts, sizeof *l->jobs);
    ap_status status = l->rules && l->jobs ? AP_OK : ap__fail_nomem(err);
    for (size_t i = 0; !status && i < g->n_prompts; i++)
        status = make_rules(&l->rules[i], g, &g->prompts[i], seed, err);
    return status;
}

static void clear(loop *l) {
    if (l->decoding) l->decoding->ops->end(l->decoding);
    for (size_t i = 0; l->jobs && i < l->n_jobs; i++) ap__search_destroy(l->jobs[i].search);
    for (size_t i = 0; l->rules && i < l->g->n_prompts; i++) ap__rules_destroy(l->rules[i]);
    ap__free(l->rules);
    ap__free(l->jobs);
    ap__free(l->tokens);
    ap__free(l->rows);
    ap__scratch_clear(&l->scratch);
}

typedef ap_status (*single_fn)(ap__generated *out, const ap__generation *g, size_t i_prompt,
                               const ap__rules *rules, ap_error *err);

/* Prompts that run one after the other; NULL: all run in the loop. */
static single_fn choose_single(const ap__rules *rules) {
    if (rules->mode == AP__MODE_GUESSED) return ap__generate_guessed;
    return rules->guidance != 1 ? ap__generate_guided : NULL;
}

ap_status ap__generate(ap__generated *out, const ap__generation *generation, ap_error *err) {
    loop l = {.g = generation, .out = out};
    memset(out, 0, generation->n_prompts * sizeof *out);
    if (!generation->n_prompts) return AP_OK;
    ap_status status = prepare(&l, err);
    single_fn single = status ? NULL : choose_single(l.rules[0]);
    if (!status && !single) status = run(&l, err);
    for (size_t i = 0; single && !status && i < generation->n_prompts; i++)
        status = single(&out[i], generation, i, l.rules[i], err);
    clear(&l);
    for (size_t i = 0; status && i < generation->n_prompts; i++) ap__generated_clear(&out[i]);
    return status;
}
