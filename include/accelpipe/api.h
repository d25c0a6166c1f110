/**
 * @file
 * Version, visibility, switches and the allocator: what every other header needs.
 *
 * Threading: ap_version() may be called from any thread at any time. ap_allocator_set() must be the
 * first call into the library and is not thread-safe.
 */
#ifndef ACCELPIPE_API_H
#define ACCELPIPE_API_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define AP_API __attribute__((visibility("default")))
#define AP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define AP_API
#define AP_PRINTF(fmt, args)
#endif

/** Initialiser of a struct whose first member is its own size; everything else is zero. */
#ifdef __cplusplus
#define AP_STRUCT_INIT(type)                                                                                 \
    { sizeof(type) }
#else
#define AP_STRUCT_INIT(type)                                                                                 \
    { .struct_size = sizeof(type) }
#endif

/** Tri-state of an on/off option whose default is not ours to fix. */
typedef enum ap_switch { AP_SWITCH_DEFAULT = 0, AP_SWITCH_OFF = 1, AP_SWITCH_ON = 2 } ap_switch;

#define AP_VERSION_MAJOR 0
#define AP_VERSION_MINOR 1
#define AP_VERSION_PATCH 0
#define AP_VERSION_STRING "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that is loaded, "major.minor.patch". Static storage. Since 0.1. */
AP_API const char *ap_version(void);

/** The three functions behind every allocation of the library; a plugin reaches them through ap_host.
 * Each has the contract of its namesake in <stdlib.h>; `ctx` is passed through. They are called from
 * many threads at once. */
typedef struct ap_allocator {
    size_t struct_size; /**< sizeof(ap_allocator), set by AP_ALLOCATOR_INIT. */
    void *(*malloc_fn)(size_t size_bytes, void *ctx);
    void *(*realloc_fn)(void *ptr, size_t size_bytes, void *ctx);
    void (*free_fn)(void *ptr, void *ctx);
    void *ctx;
} ap_allocator;

#define AP_ALLOCATOR_INIT AP_STRUCT_INIT(ap_allocator)

/** Replaces the allocator; NULL goes back to malloc, realloc and free.
 * @return 0, or -1 when a function is missing or the struct is from a newer header.
 * Must come before any other call: what one allocator gave, the same one must take back. Since 0.1. */
AP_API int ap_allocator_set(const ap_allocator *allocator);

#ifdef __cplusplus
}
#endif
#endif
