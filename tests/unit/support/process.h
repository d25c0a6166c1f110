/* What tests ask of their own process. */
#ifndef AP_TESTS_UNIT_SUPPORT_PROCESS_H
#define AP_TESTS_UNIT_SUPPORT_PROCESS_H

/* Whether memory is watched by a sanitizer, which keeps what was freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PROCESS_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PROCESS_IS_SANITIZED 1
#endif
#endif
#ifndef PROCESS_IS_SANITIZED
#define PROCESS_IS_SANITIZED 0
#endif

#include <stddef.h>

/* Calls `look` in a process of its own, which must end well; `out` (`size` bytes) is as it left it there. */
typedef void (*process_fn)(void *out, const void *ctx);
void process_run(void *out, size_t size, process_fn look, const void *ctx);

/* Resident memory; 0 when it cannot be read. */
long process_resident_kb(void);

#endif
