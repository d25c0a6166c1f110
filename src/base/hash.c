/* A multiply-and-fold hash with a seed of the process.
 * The folding multiply is the idea of wyhash (wangyi-fudan/wyhash, public domain). */
#include "base/hash.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static uint64_t seed;
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void seed_make(void) {
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint64_t)time(NULL) * 0x9E3779B97F4A7C15u ^ (uint64_t)(uintptr_t)&seed;
}

static uint64_t fold(uint64_t a, uint64_t b) {
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const unsigned char *p, size_t len) {
    uint64_t word = 0;
    memcpy(&word, p, len);
    return word;
}

uint64_t ap__hash(const void *bytes, size_t len) {
    pthread_once(&seed_once, seed_make);
    const unsigned char *p = bytes;
    uint64_t h = seed ^ len * 0xA0761D6478BD642Fu;
    for (; len > 8; p += 8, len -= 8) h = fold(h ^ load(p, 8), 0xE7037ED1A0B428DBu);
    h = fold(h ^ load(p, len), 0x8EBC6AF09C88C6E3u);
    return fold(h ^ seed, 0x589965CC75374CC3u);
}

uint64_t ap__digest(uint64_t digest, const void *bytes, size_t len) {
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++) digest = (digest ^ p[i]) * 0x100000001b3u;
    return digest;
}
