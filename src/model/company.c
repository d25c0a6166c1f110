/* Members, who come and go, and the decoding that they have in common. */
#include "model/company.h"

#include "base/alloc.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/now.h"
#include "model/decoder_impl.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum {
    ROWS_MAX = 64,       /* Of the common decoding. */
    PADDING_MAX = 3,     /* How many times its tokens a joined cache may be. */
    PATIENCE_MAX_MS = 20 /* How long a token waits for company. */
};

/* A decoding as its thread sees it. All of it but `base` is guarded by the company's lock; of a member that
 * is in a run, all but the first three flags belongs to that. */
typedef struct member {
    ap__decoding base;
    ap__company *company;
    ap__decoding *own;    /* While it is alone; NULL: its rows are in the common decoding. */
    size_t first;         /* Of its rows there. */
    uint32_t *map;        /* [base.n_rows] Which of its rows there its rows now go on from; NULL: the same. */
    const ap__step *step; /* What it waits for; NULL: it does not wait. */
    bool is_done, is_ended;
    bool is_in_run; /* Among those who wait or are absent: its thread keeps off until the run is over. */
    bool is_broken; /* A run failed, and its rows went with it. */
    bool is_loner;  /* It reads several tokens at once (guesses): joining would cost more than it gives. */
    ap_status status;
    ap_error error;
    float *logits; /* [base.n_rows, vocab_size] */
    size_t logits_len;
    struct member *next;
    struct member *listed; /* The next of those who wait, or of those who are absent. */
} member;

struct ap__company {
    pthread_mutex_t
        lock; /* Guards all of this but for what a run has for itself; nothing is locked under it. */
    pthread_cond_t changed; /* A token was brought, a run ended, a member went. */
    member *members;        /* Those who ended while there was a run are in it until that is over. */
    size_t n_members;       /* That have not ended. */
    bool is_running;
    int64_t last_run_ns;
    /* The run's while it lasts. */
    ap__decoding *common; /* NULL: nobody is in company. */
    member *waiting;      /* Those who have brought a token. */
    member *absent;       /* Those who are in company and have not. */
};

static member *of(ap__decoding *base) { return (member *)base; }

/* -- the common decoding ------------------------------------------------------------------------------- */

/* The common rows of a member after what it selected; `rows` has room for them. */
static void list_rows(uint32_t *rows, const member *m) {
    for (size_t i = 0; i < m->base.n_rows; i++)
        rows[i] = (uint32_t)m->first + (m->map ? m->map[i] : (uint32_t)i);
}

static void drop_map(member *m) {
    ap__free(m->map);
    m->map = NULL;
}

/* Gives a member a decoding of its own, with its rows of the common one. */
static ap_status part(ap__company *c, member *m, ap_error *err) {
    uint32_t *rows = ap__calloc(m->base.n_rows, sizeof *rows);
    if (!rows) return ap__fail_nomem(err);
    list_rows(rows, m);
    ap_status status = ap__decoding_fork(&m->own, c->common, rows, m->base.n_rows, err);
    if (!status) drop_map(m);
    ap__free(rows);
    return status;
}

static void end_common(ap__company *c) {
    if (c->common) c->common->ops->end(c->common);
    c->common = NULL;
}

/* Numbers the rows of those who wait and are in company. */
static size_t count_rows(ap__company *c, bool is_kept) {
    size_t n = 0;
    for (member *m = c->waiting; m; m = m->listed) {
        if (m->own) continue;
        if (is_kept) {
            drop_map(m);
            m->first = n;
        }
        n += m->base.n_rows;
    }
    return n;
}

/* Keeps the rows of those who wait, in their order, and what they selected of them. */
static ap_status keep_rows(ap__company *c, ap_error *err) {
    size_t n = count_rows(c, false), at = 0;
    if (!n) {
        end_common(c);
        return AP_OK;
    }
    uint32_t *rows = ap__calloc(n, sizeof *rows);
    if (!rows) return ap__fail_nomem(err);
    for (const member *m = c->waiting; m; m = m->listed) {
        if (m->own) continue;
        list_rows(rows + at, m);
        at += m->base.n_rows;
    }
    ap_status status = c->common->ops->select(c->common, rows, n, err);
    ap__free(rows);
    if (!status) count_rows(c, true);
    return status;
}

/* Brings in those who wait with a decoding of their own. */
static ap_status join_waiting(ap__company *c, ap_error *err) {
    ap_status status = AP_OK;
    for (member *m = c->waiting; !status && m; m = m->listed) {
        if (!m->own) continue;
        m->first = c->common ? c->common->n_rows : 0;
        if (c->common)
            status = c->common->ops->join(c->common, m->own, err);
        else
            c->common = m->own;
        m->own = NULL;
    }
    return status;
}

/* -- a run --------------------------------------------------------------------------------------------- */

static ap_status keep_logits(member *m, const float *logits, size_t vocab_size, ap_error *err) {
    size_t n;
    if (!ap__mul_size(&n, m->base.n_rows, vocab_size)) return ap__fail_nomem(err);
    if (n > m->logits_len) {
        ap__free(m->logits);
        m->logits_len = 0;
        if (!(m->logits = ap__calloc(n, sizeof *m->logits))) return ap__fail_nomem(err);
        m->logits_len = n;
    }
    memcpy(m->logits, logits, n * sizeof *logits);
    m->base.vocab_size = vocab_size;
    return AP_OK;
}

/* One token of every row of those who wait. */
static ap_status step_common(ap__company *c, ap_error *err) {
    ap__decoding *d = c->common;
    int64_t *tokens = ap__calloc(d->n_rows, sizeof *tokens);
    float *logits = NULL;
    if (!tokens) return ap__fail_nomem(err);
    for (const member *m = c->waiting; m; m = m->listed) {
        memcpy(tokens + m->first, m->step->tokens, m->base.n_rows * sizeof *tokens);
    }
    const ap__step step = {.tokens = tokens, .n_tokens = 1, .n_logits = 1};
    ap_status status = d->ops->step(d, &step, &logits, err);
    ap__free(tokens);
    for (member *m = c->waiting; !status && m; m = m->listed) {
        m->status = keep_logits(m, logits + m->first * d->vocab_size, d->vocab_size, &m->error);
        m->base.n_tokens++;
    }
    return status;
}

/* Of several, one may be to blame: each reads its token alone. */
static void step_apart(ap__company *c) {
    for (member *m = c->waiting; m; m = m->listed) {
        float *logits = NULL;
        m->status = part(c, m, &m->error);
        m->is_broken = !m->own;
        if (!m->status) m->status = m->own->ops->step(m->own, m->step, &logits, &m->error);
        if (!m->status) m->status = keep_logits(m, logits, m->own->vocab_size, &m->error);
        m->base.n_tokens++;
    }
    end_common(c);
}

static void fail_list(member *list, ap_status status, const ap_error *err) {
    for (member *m = list; m; m = m->listed) {
        m->status = status;
        m->error = *err;
        m->is_broken = !m->own;
    }
}

/* What the members are is not theirs while this runs: those who wait are in here, others are kept out. */
static void run_waiting(ap__company *c) {
    ap_error err = AP_ERROR_INIT;
    ap_status status = AP_OK;
    for (member *m = c->absent; !status && m; m = m->listed) status = part(c, m, &err);
    if (!status) status = keep_rows(c, &err);
    if (!status) status = join_waiting(c, &err);
    if (status) {
        fail_list(c->waiting, status, &err);
        fail_list(c->absent, status, &err);
        end_common(c);
    } else if (step_common(c, &err)) {
        step_apart(c);
    }
}

/* Whether the rows of a member who may still come are in company. */
static bool is_in_common(const member *m) { return !m->own && !m->is_ended && !m->is_broken; }

static void free_member(member *m) {
    if (m->own) m->own->ops->end(m->own);
    drop_map(m);
    ap__free(m->logits);
    ap__free(m);
}

/* Members that have ended and whose rows are gone. */
static void forget_ended(ap__company *c) {
    for (member **at = &c->members; *at;) {
        member *m = *at;
        if (!m->is_ended) {
            at = &m->next;
            continue;
        }
        *at = m->next;
        free_member(m);
    }
}

/* Who takes part in a run. */
static void list_members(ap__company *c) {
    c->waiting = c->absent = NULL;
    for (member *m = c->members; m; m = m->next) {
        member **list = m->step ? &c->waiting : &c->absent;
        if (!m->step && !is_in_common(m)) continue;
        m->is_in_run = true;
        m->listed = *list;
        *list = m;
    }
}

/* With the lock held; it is given up while the run lasts. */
static void run(ap__company *c) {
    int64_t before = ap__now_ns();
    list_members(c);
    c->is_running = true;
    pthread_mutex_unlock(&c->lock);
    run_waiting(c);
    pthread_mutex_lock(&c->lock);
    c->is_running = false;
    c->last_run_ns = ap__now_ns() - before;
    for (member *m = c->waiting; m; m = m->listed) {
        m->step = NULL;
        m->is_done = true;
    }
    for (member *m = c->members; m; m = m->next) m->is_in_run = false;
    forget_ended(c);
    pthread_cond_broadcast(&c->changed);
}

/* -- waiting ------------------------------------------------------------------------------------------- */

/* Whether all that are in company have brought a token. */
static bool is_complete(const ap__company *c) {
    for (const member *m = c->members; m; m = m->next)
        if (is_in_common(m) && !m->step) return false;
    return true;
}

static bool is_anyone_in_common(const ap__company *c) {
    for (const member *m = c->members; m; m = m->next)
        if (is_in_common(m)) return true;
    return false;
}

static void wait_until(ap__company *c, int64_t deadline_ns) {
    struct timespec t = {.tv_sec = (time_t)(deadline_ns / 1000000000), .tv_nsec = deadline_ns % 1000000000};
    pthread_cond_timedwait(&c->changed, &c->lock, &t);
}

static void wait_for_run(ap__company *c) {
    while (c->is_running) pthread_cond_wait(&c->changed, &c->lock);
}

/* Waits until no run has the member. Where its rows are in the common decoding, nothing runs then. */
static void wait_for_own_run(member *m) {
    while (m->is_in_run) pthread_cond_wait(&m->company->changed, &m->company->lock);
}

/* Brings a token and waits until it was read. With the lock held. */
static void read_in_company(ap__company *c, member *m, const ap__step *step) {
    int64_t patience_ns = c->last_run_ns / 2, max_ns = (int64_t)PATIENCE_MAX_MS * 1000000;
    wait_for_run(c);
    m->step = step;
    m->is_done = false;
    pthread_cond_broadcast(&c->changed);
    int64_t deadline_ns = ap__now_ns() + (patience_ns < max_ns ? patience_ns : max_ns);
    while (!m->is_done) {
        if (c->is_running)
            pthread_cond_wait(&c->changed, &c->lock);
        else if (is_complete(c) || ap__now_ns() >= deadline_ns)
            run(c);
        else
            wait_until(c, deadline_ns);
    }
}

/* Whether joining is worth what it costs: the shorter caches are filled up to the longest. */
static bool may_join(const ap__company *c, const member *m) {
    if (m->is_loner || c->n_members < 2) return false;
    if (!c->common) return m->base.n_rows <= ROWS_MAX;
    size_t n_rows = m->base.n_rows + c->common->n_rows;
    size_t longest = m->base.n_tokens > c->common->n_tokens ? m->base.n_tokens : c->common->n_tokens;
    size_t n_tokens = m->base.n_rows * m->base.n_tokens + c->common->n_rows * c->common->n_tokens;
    return n_rows <= ROWS_MAX && n_rows * longest <= PADDING_MAX * n_tokens;
}

/* -- operations ---------------------------------------------------------------------------------------- */

/* Makes a member alone, for what is not done in company. */
static ap_status be_alone(member *m, ap_error *err) {
    ap__company *c = m->company;
    pthread_mutex_lock(&c->lock);
    wait_for_own_run(m);
    ap_status status = m->own         ? AP_OK
                       : m->is_broken ? ap__fail(err, AP_EBACKEND, "the decoding has failed before")
                                      : part(c, m, err);
    pthread_mutex_unlock(&c->lock);
    return status;
}

static void take_shape(member *m) {
    m->base.n_rows = m->own->n_rows;
    m->base.n_tokens = m->own->n_tokens;
    m->base.vocab_size = m->own->vocab_size;
}

static ap_status step_alone(member *m, const ap__step *step, float **logits, ap_error *err) {
    ap_status status = be_alone(m, err);
    if (!status) status = m->own->ops->step(m->own, step, logits, err);
    if (!status) take_shape(m);
    return status;
}

static bool is_single(const member *m, const ap__step *step) {
    for (size_t i = 0; step->mask && i < m->base.n_rows; i++)
        if (!step->mask[i]) return false;
    return step->n_tokens == 1 && step->n_logits == 1 && m->base.n_tokens > 0;
}

static ap_status step(ap__decoding *self, const ap__step *step, float **logits, ap_error *err) {
    member *m = of(self);
    ap__company *c = m->company;
    *logits = NULL;
    if (!is_single(m, step)) {
        m->is_loner = self->n_tokens > 0;
        return step_alone(m, step, logits, err);
    }
    pthread_mutex_lock(&c->lock);
    wait_for_own_run(m);
    if (m->own && !m->is_loner && c->n_members > 1) wait_for_run(c);
    bool joins = m->own ? may_join(c, m) : !m->is_broken;
    if (joins) read_in_company(c, m, step);
    pthread_mutex_unlock(&c->lock);
    if (!joins) return step_alone(m, step, logits, err);
    if (ap__cancel_is_triggered(step->cancel)) return ap__fail(err, AP_ECANCELED, "the call was cancelled");
    if (m->status) {
        if (err) *err = m->error;
        return m->status;
    }
    *logits = m->logits;
    return AP_OK;
}

/* What a member selects of rows that are in company is done with the next token. */
static ap_status select_in_company(member *m, const uint32_t *rows, size_t n_rows, ap_error *err) {
    for (size_t i = 0; i < n_rows; i++)
        if (rows[i] >= m->base.n_rows)
            return ap__fail(err, AP_EINVAL, "row %u of a decoding of %zu rows", rows[i], m->base.n_rows);
    uint32_t *map = ap__calloc(n_rows, sizeof *map);
    if (!map) return ap__fail_nomem(err);
    for (size_t i = 0; i < n_rows; i++) map[i] = m->map ? m->map[rows[i]] : rows[i];
    ap__free(m->map);
    m->map = map;
    m->base.n_rows = n_rows;
    return AP_OK;
}

static ap_status select_rows(ap__decoding *self, const uint32_t *rows, size_t n_rows, ap_error *err) {
    member *m = of(self);
    ap__company *c = m->company;
    ap_status status = AP_OK;
    if (!n_rows) return ap__fail(err, AP_EINVAL, "no row of a decoding was selected");
    pthread_mutex_lock(&c->lock);
    wait_for_own_run(m);
    if (!m->own) status = select_in_company(m, rows, n_rows, err); /* Of no use where it is broken. */
    bool is_alone = m->own != NULL;
    pthread_mutex_unlock(&c->lock);
    if (!is_alone) return status;
    status = m->own->ops->select(m->own, rows, n_rows, err);
    take_shape(m);
    return status;
}

static ap_status crop(ap__decoding *self, size_t n_tokens, ap_error *err) {
    member *m = of(self);
    if (n_tokens > self->n_tokens)
        return ap__fail(err, AP_EINVAL, "%zu tokens of a decoding that has read %zu", n_tokens,
                        self->n_tokens);
    size_t n_less = self->n_tokens - n_tokens;
    ap_status status = be_alone(m, err); /* What company put in front goes. */
    if (!status && n_less > m->own->n_tokens) n_less = m->own->n_tokens;
    if (!status) status = m->own->ops->crop(m->own, m->own->n_tokens - n_less, err);
    if (!status) take_shape(m);
    return status;
}

static void end(ap__decoding *self);

static ap_status join(ap__decoding *self, ap__decoding *other, ap_error *err) {
    member *m = of(self), *o = of(other);
    if (other->ops != self->ops) {
        other->ops->end(other);
        return ap__fail(err, AP_EINVAL, "decodings of two kinds cannot be joined");
    }
    ap_status status = be_alone(m, err);
    if (!status) status = be_alone(o, err);
    if (!status) {
        status = m->own->ops->join(m->own, o->own, err);
        o->own = NULL;
        o->base.n_rows = 0;
        take_shape(m);
    }
    end(other);
    return status;
}

static void end(ap__decoding *self) {
    member *m = of(self);
    ap__company *c = m->company;
    pthread_mutex_lock(&c->lock);
    c->n_members--;
    m->is_ended = true;
    if (!c->is_running) {
        if (!is_anyone_in_common(c)) end_common(c);
        forget_ended(c);
    }
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static const ap__decoding_ops ops = {
    .step = step,
    .select = select_rows,
    .crop = crop,
    .join = join,
    .end = end,
};

/* -- all of it ----------------------------------------------------------------------------------------- */

ap_status ap__company_create(ap__company **out, ap_error *err) {
    pthread_condattr_t attributes;
    ap__company *c = *out = ap__calloc(1, sizeof *c);
    if (!c) return ap__fail_nomem(err);
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&c->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return AP_OK;
}

void ap__company_destroy(ap__company *company) {
    if (!company) return;
    end_common(company);
    forget_ended(company);
    pthread_cond_destroy(&company->changed);
    pthread_mutex_destroy(&company->lock);
    ap__free(company);
}

ap_status ap__company_admit(ap__decoding **out, ap__company *company, ap__decoding *own, ap_error *err) {
    member *m = ap__calloc(1, sizeof *m);
    *out = NULL;
    if (!m) {
        own->ops->end(own);
        return ap__fail_nomem(err);
    }
    m->base = *own;
    m->base.ops = &ops;
    m->company = company;
    m->own = own;
    pthread_mutex_lock(&company->lock);
    m->next = company->members;
    company->members = m;
    company->n_members++;
    pthread_mutex_unlock(&company->lock);
    *out = &m->base;
    return AP_OK;
}
