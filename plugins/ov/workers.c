#define _GNU_SOURCE /* RTLD_NOLOAD */
#include "workers.h"

#include "tbb.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

enum {
    WORKERS_MAX = 256,  /* More than these are left alone. */
    GRACE_NS = 2000000, /* They sleep on so long after the last run: its caller comes back at once. */
    NS_PER_SECOND = 1000000000
};

static tbb_functions tbb;

/* An arena for each, with room for one worker: no other is called to it. It comes before all other arenas. */
typedef struct bed {
    tbb_task task; /* The first member: what oneTBB gives back is the bed. */
    tbb_arena arena;
    bool is_made, is_taken; /* Taken: until its worker gets up. */
} bed;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_found; /* Written once. */

/* Guards everything below. What enqueue() locks is locked under it; a task is never run there. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed; /* Of CLOCK_MONOTONIC. */
static bed beds[WORKERS_MAX];
static int32_t n_taken, n_asleep;
static int32_t n_short;  /* Runs that have fewer threads than they could use. */
static int32_t n_beside; /* Workers that runs were given beside their own threads. */
static int64_t until_ns; /* With no such run: how long workers sleep on. */

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

/* -- asleep: on a worker's thread ---------------------------------------------------------------------- */

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* How many are to sleep while runs go on: what these leave over. With the lock held. */
static int32_t count_wanted(void) {
    int64_t n = n_short ? (int64_t)tbb.active_value(TBB_MAX_ALLOWED_PARALLELISM) - 1 - n_beside : 0;
    return n < 0 ? 0 : n > WORKERS_MAX ? WORKERS_MAX : (int32_t)n;
}

static bool may_sleep_on(void) { return n_short ? n_taken <= count_wanted() : now_ns() < until_ns; }

static tbb_task *sleep_in_bed(tbb_task *task, void *data) {
    (void)data;
    pthread_mutex_lock(&lock);
    n_asleep++;
    while (may_sleep_on()) {
        const struct timespec until = {until_ns / NS_PER_SECOND, until_ns % NS_PER_SECOND};
        if (n_short)
            pthread_cond_wait(&changed, &lock);
        else
            pthread_cond_timedwait(&changed, &lock, &until);
    }
    n_asleep--;
    n_taken--;
    ((bed *)(void *)task)->is_taken = false;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int32_t ovp_workers_count_asleep(void) {
    pthread_mutex_lock(&lock);
    int32_t n = n_asleep;
    pthread_mutex_unlock(&lock);
    return n;
}

/* -- to bed: with the lock held ------------------------------------------------------------------------ */

/* Its owner is this file, and it is never freed. */
static void keep(tbb_task *task) { (void)task; }

/* The table of virtual functions, and what lies in front of it. */
static const struct {
    intptr_t offset_to_top;
    const void *type_info;
    tbb_task_functions functions;
} sleeping = {0, NULL, {keep, keep, sleep_in_bed, sleep_in_bed}};

static void make_bed(bed *b) {
    b->task.functions = &sleeping.functions;
    b->arena = (tbb_arena){
        .version_and_traits = TBB_HAS_CORE_TYPE,
        .max_concurrency = 1,
        .priority = TBB_PRIORITY_HIGH,
        .numa_id = TBB_AUTOMATIC,
        .core_type = TBB_AUTOMATIC,
        .max_threads_per_core = TBB_AUTOMATIC,
    };
    tbb.initialize(&b->arena);
    b->is_made = true;
}

static void put_to_bed(int32_t n) {
    for (bed *b = beds; b < beds + WORKERS_MAX && n_taken < n; b++) {
        if (b->is_taken) continue;
        if (!b->is_made) make_bed(b);
        b->is_taken = true;
        n_taken++;
        tbb.enqueue(&b->task, &b->arena);
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
        if (n_taken < n_wanted) put_to_bed(n_wanted);
        if (n_taken > n_wanted) pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
}

/* Nobody is woken, and nobody put to bed in place of this run: the next run says what is wanted. */
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
