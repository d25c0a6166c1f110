/* A counter and a queue: who comes first is served first, so that a run that wants all threads is not
 * overtaken for ever by small ones. */
#include "backend/lease.h"

#include "base/cancel.h"
#include "base/error.h"
#include "base/threads.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct waiter {
    int n;
    bool is_served, is_canceled;
    pthread_cond_t changed;
    struct waiter *next;
} waiter;

/* Guards everything here. Taken under the lock of a cancel, and nothing is locked under it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int n_leased;
static waiter *first;
static waiter **end = &first;

static int limited(int n) { return n < ap__threads_allowed() ? n : ap__threads_allowed(); }

static bool fits(int n) { return n_leased + n <= ap__threads_allowed(); }

/* Serves the head of the queue as far as it goes. With the lock held. */
static void serve(void) {
    while (first && fits(first->n)) {
        waiter *w = first;
        n_leased += w->n;
        w->is_served = true;
        first = w->next;
        if (!first) end = &first;
        pthread_cond_signal(&w->changed);
    }
}

static void leave_queue(const waiter *w) {
    waiter **at = &first;
    while (*at != w) at = &(*at)->next;
    *at = w->next;
    if (!w->next) end = at;
    serve(); /* It may have stood in the way of a smaller one. */
}

static void on_cancel(void *ctx) {
    waiter *w = ctx;
    pthread_mutex_lock(&lock);
    w->is_canceled = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&lock);
}

/* Waits in the queue.   @return whether it was served */
static bool wait_for_turn(waiter *w) {
    pthread_mutex_lock(&lock);
    while (!w->is_served && !w->is_canceled) pthread_cond_wait(&w->changed, &lock);
    if (!w->is_served) leave_queue(w);
    pthread_mutex_unlock(&lock);
    return w->is_served;
}

ap_status ap__lease_take(int n_threads, ap_cancel *cancel, ap_error *err) {
    waiter w = {.n = limited(n_threads)};
    pthread_mutex_lock(&lock);
    bool is_free = !first && fits(w.n);
    if (is_free) {
        n_leased += w.n;
    } else {
        pthread_cond_init(&w.changed, NULL);
        *end = &w;
        end = &w.next;
    }
    pthread_mutex_unlock(&lock);
    if (is_free) return AP_OK;
    if (cancel) ap__cancel_bind(cancel, on_cancel, &w);
    bool is_served = wait_for_turn(&w);
    if (cancel) ap__cancel_unbind(cancel, on_cancel, &w);
    pthread_cond_destroy(&w.changed);
    return is_served ? AP_OK : ap__fail(err, AP_ECANCELED, "the call was cancelled");
}

void ap__lease_give(int n_threads) {
    pthread_mutex_lock(&lock);
    n_leased -= limited(n_threads);
    serve();
    pthread_mutex_unlock(&lock);
}
