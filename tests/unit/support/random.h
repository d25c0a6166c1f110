/* Numbers that look random and are the same in every run: a failure can be repeated. */
#ifndef AP_TESTS_UNIT_SUPPORT_RANDOM_H
#define AP_TESTS_UNIT_SUPPORT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Source: splitmix64 (Steele, Lea, Flood 2014). Any seed is good. */
static inline uint64_t random_bits(uint64_t *seed) {
    uint64_t z = *seed += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* 0 to n - 1. */
static inline size_t random_below(uint64_t *seed, size_t n) { return (size_t)(random_bits(seed) % n); }

#endif
