/* A reader thread fills one window while the caller's thread runs the other.
 *
 * A window goes to the runner when it is full, when the inputs end, or when the reader has waited for its
 * next input for a while: so a fast source gets the same full windows every time, and a person who types
 * gets an answer to each line. */
#include "pipeline/stream.h"

#include "base/alloc.h"
#include "base/cancel.h"
#include "base/error.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* A window is full with this many inputs or tokens (some 24 bytes each), whichever comes first. */
enum { WINDOW_ITEMS = 1024, WINDOW_TOKENS = 1 << 20 };

/* How long the runner waits for a reader that waits for its source. */
enum { PATIENCE_MS = 2 };

typedef struct window {
    ap__item *items; /* [room] */
    size_t room, n, n_tokens;
} window;

typedef struct stream {
    const ap__call *call;
    ap__read_item read;
    void *read_ctx;
    pthread_mutex_t lock;  /* Guards everything below. */
    pthread_cond_t filled; /* The runner waits: an item came, the inputs ended, or the reader waits. */
    pthread_cond_t taken;  /* The reader waits: the window was taken, or the runner stops. */
    window filling;
    bool is_ended, is_stopped;
    bool is_waiting;             /* The reader is inside read(), */
    struct timespec waits_since; /* since then. */
} stream;

static bool is_full(const window *w) { return w->n == w->room || w->n_tokens >= WINDOW_TOKENS; }

/* Whole batches, where a size was asked for: they are then the same as without windows. */
static size_t window_room(const ap__call *call) {
    size_t size = call->batch_size > 0 && call->batch_size < WINDOW_ITEMS ? (size_t)call->batch_size : 1;
    return WINDOW_ITEMS - WINDOW_ITEMS % size;
}

static void window_clear(window *w) {
    for (size_t i = 0; i < w->n; i++) ap__item_clear(&w->items[i]);
    w->n = w->n_tokens = 0;
}

static void window_destroy(window *w) {
    window_clear(w);
    ap__free(w->items);
    w->items = NULL;
}

static ap_status window_create(window *w, size_t n_items, ap_error *err) {
    *w = (window){.room = n_items};
    w->items = ap__calloc(n_items, sizeof *w->items);
    return w->items ? AP_OK : ap__fail_nomem(err);
}

/* @return whether there was one more input */
static bool read_one(ap__item *item, ap__read_item read, void *read_ctx) {
    bool end = false;
    memset(item, 0, sizeof *item);
    ap_status status = read(item, &end, read_ctx, &item->error);
    if (end) return false;
    item->error.status = status;
    return true;
}

/* -- on one thread ------------------------------------------------------------------------------------- */

static ap_status run_inline(const ap__call *call, ap__read_item read, void *read_ctx, size_t n_known,
                            ap__emit_item emit, void *emit_ctx, ap_error *err) {
    window w;
    bool stopped = false, more = true;
    size_t room = n_known <= WINDOW_ITEMS ? n_known : window_room(call);
    ap_status status = window_create(&w, room ? room : 1, err);
    if (status) return status;
    while (!status && more && !stopped) {
        while (w.n < room && w.n_tokens < WINDOW_TOKENS && (more = read_one(&w.items[w.n], read, read_ctx))) {
            if (!w.items[w.n].error.status) ap__item_preprocess(&w.items[w.n], call);
            w.n_tokens += w.items[w.n++].n_tokens;
        }
        if (w.n == room && room == n_known) more = false;
        if (w.n) status = ap__window_run(&stopped, call, w.items, w.n, emit, emit_ctx, err);
        window_clear(&w);
    }
    window_destroy(&w);
    return status;
}

/* -- on two threads ------------------------------------------------------------------------------------ */

static void mark_waiting(stream *s, bool is_waiting) {
    pthread_mutex_lock(&s->lock);
    s->is_waiting = is_waiting;
    if (is_waiting) {
        clock_gettime(CLOCK_MONOTONIC, &s->waits_since);
        if (s->filling.n) pthread_cond_signal(&s->filled); /* It may want to begin its wait for us. */
    }
    pthread_mutex_unlock(&s->lock);
}

/* Waits for room.   @return false when the runner stops */
static bool wait_for_room(stream *s) {
    pthread_mutex_lock(&s->lock);
    while (is_full(&s->filling) && !s->is_stopped) pthread_cond_wait(&s->taken, &s->lock);
    bool go_on = !s->is_stopped;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

static void *reader_main(void *arg) {
    stream *s = arg;
    while (wait_for_room(s)) {
        ap__item item;
        mark_waiting(s, true);
        bool more = read_one(&item, s->read, s->read_ctx);
        mark_waiting(s, false);
        if (!more) break;
        if (!item.error.status) ap__item_preprocess(&item, s->call);
        pthread_mutex_lock(&s->lock);
        s->filling.items[s->filling.n++] = item;
        s->filling.n_tokens += item.n_tokens;
        if (is_full(&s->filling)) pthread_cond_signal(&s->filled);
        pthread_mutex_unlock(&s->lock);
    }
    pthread_mutex_lock(&s->lock);
    s->is_ended = true;
    pthread_cond_signal(&s->filled);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static struct timespec later(struct timespec t, long ms) {
    t.tv_nsec += ms * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_nsec -= 1000000000L;
        t.tv_sec++;
    }
    return t;
}

static bool is_past(struct timespec t) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > t.tv_sec || (now.tv_sec == t.tv_sec && now.tv_nsec >= t.tv_nsec);
}

/* Swaps the filled window for an empty one.   @return false when nothing is left */
static bool take_window(stream *s, window *empty) {
    pthread_mutex_lock(&s->lock);
    while (!is_full(&s->filling) && !s->is_ended) {
        if (s->filling.n && s->is_waiting) {
            struct timespec end = later(s->waits_since, PATIENCE_MS);
            if (is_past(end)) break;
            pthread_cond_timedwait(&s->filled, &s->lock, &end);
        } else {
            pthread_cond_wait(&s->filled, &s->lock);
        }
    }
    window filled = s->filling;
    s->filling = *empty;
    *empty = filled;
    pthread_cond_signal(&s->taken);
    pthread_mutex_unlock(&s->lock);
    return filled.n > 0;
}

static ap_status run_windows(stream *s, window *running, ap__emit_item emit, void *emit_ctx, ap_error *err) {
    ap_status status = AP_OK;
    bool stopped = false;
    while (!status && !stopped && take_window(s, running)) {
        status = ap__window_run(&stopped, s->call, running->items, running->n, emit, emit_ctx, err);
        window_clear(running);
    }
    return status;
}

static void stream_init(stream *s) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->filled, &monotonic);
    pthread_cond_init(&s->taken, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void stream_clear(stream *s) {
    pthread_cond_destroy(&s->taken);
    pthread_cond_destroy(&s->filled);
    pthread_mutex_destroy(&s->lock);
    window_destroy(&s->filling);
}

ap_status ap__stream_run(const ap__call *call, ap__read_item read, void *read_ctx, size_t n_known,
                         ap__emit_item emit, void *emit_ctx, ap_error *err) {
    if (n_known <= WINDOW_ITEMS) return run_inline(call, read, read_ctx, n_known, emit, emit_ctx, err);
    stream s = {.call = call, .read = read, .read_ctx = read_ctx};
    window running = {0};
    pthread_t reader;
    ap_status status = window_create(&s.filling, window_room(call), err);
    if (status) return status;
    if ((status = window_create(&running, window_room(call), err))) {
        window_destroy(&s.filling);
        return status;
    }
    stream_init(&s);
    bool has_reader = pthread_create(&reader, NULL, reader_main, &s) == 0;
    if (has_reader) {
        status = run_windows(&s, &running, emit, emit_ctx, err);
        pthread_mutex_lock(&s.lock);
        s.is_stopped = true;
        pthread_cond_signal(&s.taken);
        pthread_mutex_unlock(&s.lock);
        pthread_join(reader, NULL);
    }
    window_destroy(&running);
    stream_clear(&s);
    if (has_reader) return status;
    return run_inline(call, read, read_ctx, n_known, emit, emit_ctx, err); /* No thread to be had. */
}
