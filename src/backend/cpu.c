/* What the processor is.
 * Source: Intel SDM volume 2A, CPUID; Linux getauxval(3) for the other architectures. */
#include "backend/cpu.h"

#include <sys/utsname.h>

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>

typedef struct leaf {
    unsigned number, subleaf;
    unsigned keep[4]; /* Bits of EAX, EBX, ECX, EDX; others differ between cores or calls. */
} leaf;

#define ALL 0xFFFFFFFFu

static const leaf leaves[] = {
    {0, 0, {0, ALL, ALL, ALL}},   /* Vendor. */
    {1, 0, {ALL, 0, ALL, ALL}},   /* Family, model, stepping; features. EBX has the core's number. */
    {7, 0, {0, ALL, ALL, ALL}},   /* Features: AVX2, AVX-512, AMX. */
    {7, 1, {ALL, ALL, ALL, ALL}}, /* Features: AVX-VNNI, AVX-512 BF16. */
    {0x80000001u, 0, {0, 0, ALL, ALL}},
};

/* The register states that the system saves: without them AVX and its successors cannot be used. */
static unsigned read_xcr0(void) {
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE)) return 0;
    __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return eax;
}

static ap_status describe_features(ap__buf *out, ap_error *err) {
    ap_status status = ap__buf_printf(out, err, " xcr0 %x", read_xcr0());
    for (size_t i = 0; !status && i < sizeof leaves / sizeof *leaves; i++) {
        const leaf *l = &leaves[i];
        unsigned r[4] = {0, 0, 0, 0};
        __get_cpuid_count(l->number, l->subleaf, &r[0], &r[1], &r[2], &r[3]);
        status = ap__buf_printf(out, err, " %x.%u:%x.%x.%x.%x", l->number, l->subleaf, r[0] & l->keep[0],
                                r[1] & l->keep[1], r[2] & l->keep[2], r[3] & l->keep[3]);
    }
    return status;
}

bool ap__cpu_has_bf16(void) {
    enum { AVX512_STATE = 0xE6, AMX_STATE = 0x60000, AVX512_BF16 = 1 << 5, AMX_BF16 = 1 << 22 };
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0, xcr0 = read_xcr0();
    __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx);
    bool has_avx512 = (eax & AVX512_BF16) && (xcr0 & AVX512_STATE) == AVX512_STATE;
    eax = edx = 0;
    __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx);
    return has_avx512 || ((edx & AMX_BF16) && (xcr0 & AMX_STATE) == AMX_STATE);
}

#else

#include <sys/auxv.h>

static ap_status describe_features(ap__buf *out, ap_error *err) {
    return ap__buf_printf(out, err, " hwcap %lx.%lx", getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
}

bool ap__cpu_has_bf16(void) {
#if defined(__aarch64__)
    enum { HWCAP2_BFLOAT16 = 1 << 14 }; /* Linux arch/arm64/include/uapi/asm/hwcap.h HWCAP2_BF16 */
    return (getauxval(AT_HWCAP2) & HWCAP2_BFLOAT16) != 0;
#else
    return false;
#endif
}

#endif

ap_status ap__cpu_describe(ap__buf *out, ap_error *err) {
    struct utsname system;
    ap_status status = ap__buf_printf(out, err, "cpu %s", uname(&system) == 0 ? system.machine : "");
    if (!status) status = describe_features(out, err);
    return status ? status : ap__buf_puts(out, "\n", err);
}
