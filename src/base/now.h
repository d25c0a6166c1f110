/* The time of a clock that only goes forward. */
#ifndef AP_BASE_NOW_H
#define AP_BASE_NOW_H

#include <stdint.h>
#include <time.h>

static inline int64_t ap__now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
