/* One callback for the process. */
#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* Guards `sink` and `sink_ctx`, and makes lines come one at a time. Innermost: nothing is locked under it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ap_log_fn sink;
static void *sink_ctx;

/* Levels below this number are on: 0 is off. Read without the lock. */
static atomic_int n_levels;

void ap_log_set(ap_log_fn fn, ap_log_level level, void *ctx) {
    pthread_mutex_lock(&lock);
    sink = fn;
    sink_ctx = ctx;
    atomic_store(&n_levels, fn ? (int)level + 1 : 0);
    pthread_mutex_unlock(&lock);
}

const char *ap_log_level_name(ap_log_level level) {
    static const char *const names[] = {"error", "warning", "info", "debug"};
    return level <= AP_LOG_DEBUG ? names[level] : "debug";
}

bool ap__log_enabled(ap_log_level level) {
    return (int)level < atomic_load_explicit(&n_levels, memory_order_relaxed);
}

void ap__logv(ap_log_level level, const char *fmt, va_list args) {
    if (!ap__log_enabled(level)) return;
    char line[1024];
    if (vsnprintf(line, sizeof line, fmt, args) < 0) return;
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20) *p = ' ';
    pthread_mutex_lock(&lock);
    if (sink) sink(level, line, sink_ctx);
    pthread_mutex_unlock(&lock);
}

void ap__log(ap_log_level level, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    ap__logv(level, fmt, args);
    va_end(args);
}
