/* A reader thread fills one window while the caller's thread runs the other. With num_workers it only reads,
 * and that many threads preprocess what it has read; a ring keeps the inputs in order on the way.
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

/* Inputs that were read, on their way to the window: [head, next) are with a worker or done, [next, tail)
 * wait for one. Indexes count on; the place is their rest. */
enum { RING_ITEMS = 128, WORKERS_MAX = 64 };

typedef struct ring {
    ap__item items[RING_ITEMS];
    bool is_done[RING_ITEMS];
    size_t head, next, tail;
} ring;

typedef struct stream {
    const ap__call *call;
    ap__read_item read;
    void *read_ctx;
    bool is_patient;       /* The source never lets anybody wait: every window is filled. */
    pthread_mutex_t lock;  /* Guards everything below. */
    pthread_cond_t filled; /* The runner waits: an item came, the inputs ended, or the reader waits. */
    pthread_cond_t
        taken;           /* The reader waits: the window was taken, the ring has room, or the runner stops. */
    pthread_cond_t work; /* The workers wait: an input was read, or there will be no other. */
    window filling;
    ring *ring; /* NULL: there are no workers, the reader preprocesses. */
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

static bool ring_is_empty(const ring *r) { return !r || r->head == r->tail; }

static bool has_room(const stream *s) {
    return s->ring ? s->ring->tail - s->ring->head < RING_ITEMS : !is_full(&s->filling);
}

/* Waits for room.   @return false when the runner stops */
static bool wait_for_room(stream *s) {
    pthread_mutex_lock(&s->lock);
    while (!has_room(s) && !s->is_stopped) pthread_cond_wait(&s->taken, &s->lock);
    bool go_on = !s->is_stopped;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

/* With the lock held. */
static void add_to_window(stream *s, const ap__item *item) {
    s->filling.items[s->filling.n++] = *item;
    s->filling.n_tokens += item->n_tokens;
}

/* Moves what is done from the head of the ring to the window, as far as it goes. With the lock held. */
static void move_done(stream *s) {
    ring *r = s->ring;
    size_t head = r->head;
    for (; r->head < r->next && r->is_done[r->head % RING_ITEMS] && !is_full(&s->filling); r->head++)
        add_to_window(s, &r->items[r->head % RING_ITEMS]);
    if (r->head == head) return;
    pthread_cond_signal(&s->taken);
    if (is_full(&s->filling) || ring_is_empty(r)) pthread_cond_signal(&s->filled);
}

/* An input that was read: into the ring, or preprocessed into the window. */
static void take_item(stream *s, ap__item *item) {
    if (!s->ring && !item->error.status) ap__item_preprocess(item, s->call);
    pthread_mutex_lock(&s->lock);
    if (s->ring) {
        s->ring->items[s->ring->tail++ % RING_ITEMS] = *item;
        pthread_cond_signal(&s->work);
    } else {
        add_to_window(s, item);
        if (is_full(&s->filling)) pthread_cond_signal(&s->filled);
    }
    pthread_mutex_unlock(&s->lock);
}

static void *reader_main(void *arg) {
    stream *s = arg;
    while (wait_for_room(s)) {
        ap__item item;
        mark_waiting(s, true);
        bool more = read_one(&item, s->read, s->read_ctx);
        mark_waiting(s, false);
        if (!more) break;
        take_item(s, &item);
    }
    pthread_mutex_lock(&s->lock);
    s->is_ended = true;
    pthread_cond_signal(&s->filled);
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Takes the next input to preprocess; with the lock held.   @return false: there will be none */
static bool take_work(size_t *place, stream *s) {
    ring *r = s->ring;
    while (r->next == r->tail && !s->is_ended && !s->is_stopped) pthread_cond_wait(&s->work, &s->lock);
    if (r->next == r->tail || s->is_stopped) return false;
    *place = r->next++ % RING_ITEMS;
    r->is_done[*place] = false;
    return true;
}

static void *worker_main(void *arg) {
    stream *s = arg;
    size_t place;
    pthread_mutex_lock(&s->lock);
    while (take_work(&place, s)) {
        pthread_mutex_unlock(&s->lock);
        ap__item *item = &s->ring->items[place]; /* Nobody else's until it is done. */
        if (!item->error.status) ap__item_preprocess(item, s->call);
        pthread_mutex_lock(&s->lock);
        s->ring->is_done[place] = true;
        move_done(s);
    }
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
    while (!is_full(&s->filling) && !(s->is_ended && ring_is_empty(s->ring))) {
        if (s->filling.n && s->is_waiting && !s->is_patient && ring_is_empty(s->ring)) {
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
    if (s->ring) move_done(s);
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
    pthread_cond_init(&s->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void stream_clear(stream *s) {
    for (size_t i = s->ring ? s->ring->head : 0; s->ring && i < s->ring->tail; i++)
        ap__item_clear(&s->ring->items[i % RING_ITEMS]);
    ap__free(s->ring);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->taken);
    pthread_cond_destroy(&s->filled);
    pthread_mutex_destroy(&s->lock);
    window_destroy(&s->filling);
}

/* Threads of one call. */
typedef struct crew {
    pthread_t reader, workers[WORKERS_MAX];
    bool has_reader;
    size_t n_workers;
} crew;

/* Starts as many workers as can be had; without any, the reader preprocesses. */
static void start_workers(crew *c, stream *s, int64_t n_wanted) {
    if (n_wanted < 2 || !(s->ring = ap__calloc(1, sizeof *s->ring))) return;
    while (c->n_workers < WORKERS_MAX && c->n_workers < (size_t)n_wanted &&
           pthread_create(&c->workers[c->n_workers], NULL, worker_main, s) == 0)
        c->n_workers++;
    if (c->n_workers) return;
    ap__free(s->ring);
    s->ring = NULL;
}

static void stop(crew *c, stream *s) {
    pthread_mutex_lock(&s->lock);
    s->is_stopped = true;
    pthread_cond_signal(&s->taken);
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    if (c->has_reader) pthread_join(c->reader, NULL);
    for (size_t i = 0; i < c->n_workers; i++) pthread_join(c->workers[i], NULL);
}

/* @param[out] has_run false: there was no thread to be had, and nothing was read. */
static ap_status run_threads(bool *has_run, stream *s, window *running, ap__emit_item emit, void *emit_ctx,
                             ap_error *err) {
    crew c = {.has_reader = false};
    ap_status status = AP_OK;
    start_workers(&c, s, s->call->num_workers);
    *has_run = c.has_reader = pthread_create(&c.reader, NULL, reader_main, s) == 0;
    if (c.has_reader) status = run_windows(s, running, emit, emit_ctx, err);
    stop(&c, s);
    return status;
}

/* Whether threads of its own pay for a call. */
static bool wants_threads(const ap__call *call, size_t n_known) {
    return n_known > WINDOW_ITEMS || (call->num_workers > 1 && n_known > 1);
}

ap_status ap__stream_run(const ap__call *call, ap__read_item read, void *read_ctx, size_t n_known,
                         ap__emit_item emit, void *emit_ctx, ap_error *err) {
    if (!wants_threads(call, n_known)) return run_inline(call, read, read_ctx, n_known, emit, emit_ctx, err);
    stream s = {.call = call, .read = read, .read_ctx = read_ctx, .is_patient = n_known != SIZE_MAX};
    window running = {0};
    bool has_run;
    ap_status status = window_create(&s.filling, window_room(call), err);
    if (status) return status;
    if ((status = window_create(&running, window_room(call), err))) {
        window_destroy(&s.filling);
        return status;
    }
    stream_init(&s);
    status = run_threads(&has_run, &s, &running, emit, emit_ctx, err);
    window_destroy(&running);
    stream_clear(&s);
    return has_run ? status : run_inline(call, read, read_ctx, n_known, emit, emit_ctx, err);
}
