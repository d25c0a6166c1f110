/* SplitMix64. */
#include "generate/random.h"

#include <sys/random.h>
#include <time.h>

static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static const uint64_t STEP = 0x9E3779B97F4A7C15u; /* 2^64 divided by the golden ratio, odd. */

ap__random ap__random_begin(uint64_t seed, uint64_t input, uint64_t sequence) {
    return (ap__random){mix(mix(mix(seed) + STEP * input) + STEP * sequence)};
}

double ap__random_next(ap__random *random) {
    random->state += STEP;
    return (double)(mix(random->state) >> 11) * 0x1p-53;
}

uint64_t ap__random_seed(void) {
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed) return seed;
    struct timespec now; /* Early in the life of a machine there may be none yet. */
    clock_gettime(CLOCK_REALTIME, &now);
    return mix((uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec);
}
