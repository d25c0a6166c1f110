/* Random numbers for drawing tokens.
 *
 * A sequence of numbers belongs to (seed, input, sequence): results do not depend on what else is in a batch.
 * The generator is SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014); a
 * number in [0, 1) is its upper 53 bits divided by 2^53. */
#ifndef AP_GENERATE_RANDOM_H
#define AP_GENERATE_RANDOM_H

#include <stdint.h>

typedef struct ap__random {
    uint64_t state;
} ap__random;

ap__random ap__random_begin(uint64_t seed, uint64_t input, uint64_t sequence);

/* In [0, 1). */
double ap__random_next(ap__random *random);

/* A seed that nobody chose: from the system's random numbers. */
uint64_t ap__random_seed(void);

#endif
