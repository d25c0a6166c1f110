/* A counter and a queue: who comes first is served first, so that a run that wants all threads is not
 * overtaken for ever by small ones.
 *
 * Of runs that can do with fewer threads than they want, several go on at once: handing all cores from one to
 * the other costs more than their threads save. How many each gets follows from how many callers there are,
 * and a caller who is between two runs is one of them. */
#include "backend/lease.h"

#include "base/cancel.h"
#include "base/error.h"
#include "base/now.h"
#include "base/threads.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RETURNING_MAX = 64,  /* More of them are not kept in mind. */
    GAP_SHARE = 4,       /* A caller is between two runs for that part of the first, */
    GAP_MIN_NS = 20000,  /* at least so long, */
    GAP_MAX_NS = 1000000 /* and at most that long. */
};

/* What a thread did last. */
typedef struct caller {
    int64_t took_ns, gave_ns; /* 0: never. */
    int64_t gap_ns;           /* From a run to the next; -1: there was one at most. */
} caller;

typedef struct waiter {
    const caller *by;
    int n_least, n_most;
    int n; /* What it was given; 0: it waits. */
    bool is_canceled;
    pthread_cond_t changed;
    struct waiter *next;
} waiter;

static _Thread_local caller self = {.gap_ns = -1};

/* Guards everything below. Taken under the lock of a cancel, and nothing is locked under it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int n_leased, n_holders;
static waiter *first;
static waiter **end = &first;
static int n_waiting;
/* Callers who are expected until then. Their threads may have ended: addresses to compare. */
static struct {
    const caller *by;
    int64_t until_ns;
} returning[RETURNING_MAX];
static int n_returning;

static int smaller(int a, int b) { return a < b ? a : b; }

static int limited(int n) { return smaller(n, ap__threads_allowed()); }

static bool fits(int n) { return n_leased + n <= ap__threads_allowed(); }

/* -- callers between two runs: with the lock held ------------------------------------------------------ */

/* Drops a caller, and those who did not come in time. */
static void forget(const caller *by, int64_t now) {
    int n = 0;
    for (int i = 0; i < n_returning; i++)
        if (returning[i].by != by && returning[i].until_ns > now) returning[n++] = returning[i];
    n_returning = n;
}

/* Keeps the calling thread in mind if it is likely to come back at once: as it did the last time, or, of one
 * that has run once, if others run or wait, too. A caller in line with others, each on a thread of his own,
 * comes back after their runs and is none of these. */
static void expect_back(void) {
    int64_t patience_ns = (self.gave_ns - self.took_ns) / GAP_SHARE;
    if (patience_ns < GAP_MIN_NS) patience_ns = GAP_MIN_NS;
    if (patience_ns > GAP_MAX_NS) patience_ns = GAP_MAX_NS;
    bool is_likely = self.gap_ns < 0 ? first || n_holders : self.gap_ns <= patience_ns;
    forget(&self, self.gave_ns);
    if (!is_likely || n_returning == RETURNING_MAX) return;
    returning[n_returning].by = &self;
    returning[n_returning++].until_ns = self.gave_ns + patience_ns;
}

/* -- the queue: with the lock held --------------------------------------------------------------------- */

static void enqueue(waiter *w) {
    *end = w;
    end = &w->next;
    n_waiting++;
}

static void dequeue(const waiter *w) {
    waiter **at = &first;
    while (*at != w) at = &(*at)->next;
    *at = w->next;
    if (!w->next) end = at;
    n_waiting--;
}

/* How many threads one gets who is not in the queue: all that are free where nobody else comes for them, else
 * a share of all, and one is left for each who comes. */
static int share_of(const waiter *w) {
    int n_free = ap__threads_allowed() - n_leased, n_coming = n_waiting + n_returning;
    if (!n_coming) return smaller(w->n_most, n_free);
    int n_callers = n_holders + n_coming + 1;
    int share = (ap__threads_allowed() + n_callers - 1) / n_callers;
    int n = smaller(smaller(share, n_free - n_coming), w->n_most);
    return n > w->n_least ? n : w->n_least;
}

static void lease(waiter *w, int64_t now) {
    forget(w->by, now);
    w->n = share_of(w);
    n_leased += w->n;
    n_holders++;
}

/* Serves the head of the queue as far as it goes. */
static void serve(int64_t now) {
    while (first && fits(first->n_least)) {
        waiter *w = first;
        dequeue(w);
        lease(w, now);
        pthread_cond_signal(&w->changed);
    }
}

/* -- waiting ------------------------------------------------------------------------------------------- */

static void on_cancel(void *ctx) {
    waiter *w = ctx;
    pthread_mutex_lock(&lock);
    w->is_canceled = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&lock);
}

/* Waits in the queue until it was served, or cancelled. */
static void wait_for_turn(waiter *w) {
    pthread_mutex_lock(&lock);
    while (!w->n && !w->is_canceled) pthread_cond_wait(&w->changed, &lock);
    if (!w->n) {
        dequeue(w);
        serve(ap__now_ns()); /* It may have stood in the way of a smaller one. */
    }
    pthread_mutex_unlock(&lock);
}

/* Leases for the calling thread, or puts it into the queue.   @return whether it was served */
static bool take_or_enqueue(waiter *w) {
    pthread_mutex_lock(&lock);
    int64_t now = ap__now_ns();
    if (self.gave_ns) self.gap_ns = now - self.gave_ns;
    bool is_free = !first && fits(w->n_least);
    if (is_free) {
        lease(w, now);
    } else {
        forget(&self, now);
        pthread_cond_init(&w->changed, NULL);
        enqueue(w);
    }
    pthread_mutex_unlock(&lock);
    return is_free;
}

ap_status ap__lease_take(int *out, int n_least, int n_most, ap_cancel *cancel, ap_error *err) {
    waiter w = {.by = &self, .n_least = limited(n_least), .n_most = limited(n_most)};
    if (!take_or_enqueue(&w)) {
        if (cancel) ap__cancel_bind(cancel, on_cancel, &w);
        wait_for_turn(&w);
        if (cancel) ap__cancel_unbind(cancel, on_cancel, &w);
        pthread_cond_destroy(&w.changed);
    }
    self.took_ns = ap__now_ns();
    *out = w.n;
    return w.n ? AP_OK : ap__fail(err, AP_ECANCELED, "the call was cancelled");
}

void ap__lease_give(int n_threads) {
    pthread_mutex_lock(&lock);
    self.gave_ns = ap__now_ns();
    n_leased -= n_threads;
    n_holders--;
    expect_back();
    serve(self.gave_ns);
    pthread_mutex_unlock(&lock);
}

size_t ap__lease_n_waiting(void) {
    pthread_mutex_lock(&lock);
    int n = n_waiting;
    pthread_mutex_unlock(&lock);
    return (size_t)n;
}
