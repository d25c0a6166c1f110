/* What the plugin calls of oneTBB, as its binary interface has it: the library is in C++, and its soname
 * stands for these layouts. Source: oneTBB@v2021.13 include/oneapi/tbb/task_arena.h, detail/_task.h,
 * global_control.h. */
#ifndef OV_TBB_H
#define OV_TBB_H

#include <stddef.h>
#include <stdint.h>

#define TBB_SONAME "libtbb.so.12"

typedef struct tbb_task tbb_task;

/* The virtual functions of tbb::detail::d1::task, in their order. */
typedef struct tbb_task_functions {
    void (*destroy)(tbb_task *task);
    void (*destroy_and_free)(tbb_task *task);
    tbb_task *(*execute)(tbb_task *task, void *data); /* The task to go on with, or NULL. */
    tbb_task *(*cancel)(tbb_task *task, void *data);
} tbb_task_functions;

/* tbb::detail::d1::task. */
struct tbb_task {
    _Alignas(64) const tbb_task_functions *functions;
    uint64_t version_and_traits;
    uint64_t reserved[6];
};

_Static_assert(sizeof(tbb_task) == 64, "as oneTBB has it");

enum { TBB_AUTOMATIC = -1, TBB_PRIORITY_HIGH = INT32_MAX / 4 * 3, TBB_HAS_CORE_TYPE = 1 };

/* tbb::detail::d1::task_arena_base. */
typedef struct tbb_arena {
    intptr_t version_and_traits;
    int32_t state;
    void *arena; /* Set by initialize(). */
    int32_t max_concurrency;
    uint32_t n_reserved_slots; /* Of that, for threads other than workers. */
    int32_t priority;
    int32_t numa_id, core_type, max_threads_per_core;
} tbb_arena;

_Static_assert(offsetof(tbb_arena, max_concurrency) == 24 && sizeof(tbb_arena) == 48, "as oneTBB has it");

enum { TBB_MAX_ALLOWED_PARALLELISM = 0 };

/* X(result, name, symbol, parameters) */
#define TBB_API_MAP(X)                                                                                       \
    X(void, initialize, "_ZN3tbb6detail2r110initializeERNS0_2d115task_arena_baseE", (tbb_arena *))           \
    X(void, enqueue, "_ZN3tbb6detail2r17enqueueERNS0_2d14taskEPNS2_15task_arena_baseE",                      \
      (tbb_task *, tbb_arena *))                                                                             \
    X(size_t, active_value, "_ZN3tbb6detail2r127global_control_active_valueEi", (int))

typedef struct tbb_functions {
#define TBB_FUNCTION(result, name, symbol, parameters) result(*name) parameters;
    TBB_API_MAP(TBB_FUNCTION)
#undef TBB_FUNCTION
} tbb_functions;

#endif
