/* What the CPU can do, and the operating system lets it. Source: Intel SDM volume 2, CPUID and XGETBV. */
#include "ipex.h"

#include <stdbool.h>
#include <stdint.h>

#if defined __x86_64__

#include <cpuid.h>

enum { XCR0_AVX = 0x6, XCR0_AVX512 = 0xE6, XCR0_AMX = 0x60000 };

typedef struct cpu_features {
    bool avx2, fma, avx512_bf16, amx_bf16;
} cpu_features;

/* Register states that the system saves when it switches threads. */
static uint64_t saved_states(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool has_states(uint64_t saved, uint64_t wanted) { return (saved & wanted) == wanted; }

static void features_read(cpu_features *out) {
    unsigned a, b, c, d;
    *out = (cpu_features){false, false, false, false};
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return;
    uint64_t saved = saved_states();
    out->fma = c & bit_FMA && has_states(saved, XCR0_AVX);
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
    out->avx2 = b & bit_AVX2 && has_states(saved, XCR0_AVX);
    out->amx_bf16 = d & 1u << 22 && d & 1u << 24 && has_states(saved, XCR0_AMX);
    bool has_avx512 = b & bit_AVX512F && has_states(saved, XCR0_AVX512);
    out->avx512_bf16 = has_avx512 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a & 1u << 5;
}

const char *ipex_cpu_lacks(void) {
    cpu_features features;
    features_read(&features);
    return !features.avx2 ? "AVX2" : !features.fma ? "FMA" : NULL;
}

const char *ipex_cpu_lacks_for_bf16(void) {
    cpu_features features;
    features_read(&features);
    return features.avx512_bf16 || features.amx_bf16 ? NULL : "AVX512_BF16 or AMX";
}

#else

const char *ipex_cpu_lacks(void) { return "the instructions of x86-64"; }
const char *ipex_cpu_lacks_for_bf16(void) { return "the instructions of x86-64"; }

#endif
