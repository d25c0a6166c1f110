#define _GNU_SOURCE /* RTLD_NOLOAD */
#include "workers.h"

#include "tbb.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

enum {
    WORKERS_MAX = 256,  /* More than these are left alone. */
    GRACE_NS = 2000000, /* They stay so long after the last run: its caller comes back at once. */
    NS_PER_SECOND = 1000000000
};

static tbb_functions tbb;

/* An arena for each, with room for one worker: no other is called to it. It comes before all other arenas. */
typedef struct spot {
    tbb_task task; /* The first member: what oneTBB gives back is the spot. */
    tbb_arena arena;
    bool is_made, is_taken; /* Taken: until its worker leaves. */
} spot;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_found; /* Written once. */

/* Guards everything below. What enqueue() locks is locked under it; a task is never run there. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed; /* Of CLOCK_MONOTONIC. */
static spot spots[WORKERS_MAX];
static int32_t n_taken, n_parked;
static int32_t n_short;  /* Runs that have fewer threads than they could use. */
static int32_t n_beside; /* Workers that runs were given beside their own threads. */
static int64_t until_ns; /* With no such run: how long workers stay parked. */

/* -- oneTBB -------------------------------------------------------------------------------------------- */

static void find(void) {
    static const char *const symbols[] = {
#define TBB_SYMBOL(result, name, symbol, parameters) symbol,
        TBB_API_MAP(TBB_SYMBOL)
#undef TBB_SYMBOL
    };
    pthread_condattr_t attributes;
    void *library = dlopen(TBB_SONAME, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    is_found = library != NULL;
    for (size_t i = 0; is_found && i < sizeof symbols / sizeof *symbols; i++) {
        void *function = dlsym(library, symbols[i]);
        memcpy((unsigned char *)&tbb + i * sizeof function, &function, sizeof function);
        is_found = function != NULL;
    }
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool ovp_workers_find(void) {
    pthread_once(&once, find);
    return is_found;
}

/* -- parked: on a worker's thread ---------------------------------------------------------------------- */

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* How many are to be parked while runs go on: what these leave over. With the lock held. */
static int32_t count_wanted(void) {
    int64_t n = n_short ? (int64_t)tbb.active_value(TBB_MAX_ALLOWED_PARALLELISM) - 1 - n_beside : 0;
    return n < 0 ? 0 : n > WORKERS_MAX ? WORKERS_MAX : (int32_t)n;
}

static bool may_stay(void) { return n_short ? n_taken <= count_wanted() : now_ns() < until_ns; }

static tbb_task *stay_parked(tbb_task *task, void *data) {
    (void)data;
    pthread_mutex_lock(&lock);
    n_parked++;
    while (may_stay()) {
        const struct timespec until = {until_ns / NS_PER_SECOND, until_ns % NS_PER_SECOND};
        if (n_short)
            pthread_cond_wait(&changed, &lock);
        else
            pthread_cond_timedwait(&changed, &lock, &until);
    }
    n_parked--;
    n_taken--;
    ((spot *)(void *)task)->is_taken = false;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int32_t ovp_workers_count_parked(void) {
    pthread_mutex_lock(&lock);
    int32_t n = n_parked;
    pthread_mutex_unlock(&lock);
    return n;
}

/* -- parking: with the lock held ------------------------------------------------------------------------ */

/* Its owner is this file, and it is never freed. */
static void keep(tbb_task *task) { (void)task; }

/* The table of virtual functions, and what lies in front of it. */
static const struct {
    intptr_t offset_to_top;
    const void *type_info;
    tbb_task_functions functions;
} parked_task = {0, NULL, {keep, keep, stay_parked, stay_parked}};

static void make_spot(spot *s) {
    s->task.functions = &parked_task.functions;
    s->arena = (tbb_arena){
        .version_and_traits = TBB_HAS_CORE_TYPE,
        .max_concurrency = 1,
        .priority = TBB_PRIORITY_HIGH,
        .numa_id = TBB_AUTOMATIC,
        .core_type = TBB_AUTOMATIC,
        .max_threads_per_core = TBB_AUTOMATIC,
    };
    tbb.initialize(&s->arena);
    s->is_made = true;
}

static void park(int32_t n) {
    for (spot *s = spots; s < spots + WORKERS_MAX && n_taken < n; s++) {
        if (s->is_taken) continue;
        if (!s->is_made) make_spot(s);
        s->is_taken = true;
        n_taken++;
        tbb.enqueue(&s->task, &s->arena);
    }
}

/* -- runs ---------------------------------------------------------------------------------------------- */

void ovp_workers_enter(int32_t n, int32_t n_most) {
    if (!is_found) return;
    pthread_mutex_lock(&lock);
    n_beside += n - 1;
    n_short += n < n_most;
    until_ns = 0;
    if (n_short || n_taken) {
        int32_t n_wanted = count_wanted();
        if (n_taken < n_wanted) park(n_wanted);
        if (n_taken > n_wanted) pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
}

/* Nobody is woken, and nobody parked in place of this run: the next run says what is wanted. */
void ovp_workers_leave(int32_t n, int32_t n_most) {
    if (!is_found) return;
    pthread_mutex_lock(&lock);
    n_beside -= n - 1;
    n_short -= n < n_most;
    if (n < n_most && !n_short) {
        until_ns = now_ns() + GRACE_NS;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
}
