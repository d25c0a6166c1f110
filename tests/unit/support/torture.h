/* Torture: run something again and again, and let its first, second, ... n-th allocation fail, until a run
 * gets through without a failed one.
 *
 *     static ap_status read_and_write(void *ctx, ap_error *err) {
 *         ap_value *value;
 *         ap_status status = ap_value_from_json(&value, ctx, AP_NUL_TERMINATED, err);
 *         if (status) assert_null(value);
 *         ap_value_destroy(value);
 *         return status;
 *     }
 *     torture(read_and_write, "[1, 2]");
 *
 * After every run must hold: the status is AP_ENOMEM with its message where an allocation failed, AP_OK where
 * none did, and as many blocks are alive as before. A leak that this finds is shown with its stack by the
 * asan preset.
 *
 * A first run without failures warms up what is made once for the process and stays (loaded plugins, tables);
 * to torture such a first time itself, torture it in a process of its own.
 *
 * Threading: allocations of all threads count, and those of other threads than the caller's may come in any
 * order; only one torture runs at a time. */
#ifndef AP_TESTS_UNIT_SUPPORT_TORTURE_H
#define AP_TESTS_UNIT_SUPPORT_TORTURE_H

#include <accelpipe/status.h>
#include <stddef.h>

/* Does its work once, frees what it made, and gives the status; `err` is fresh. On failure it asserts that
 * every `*out` is NULL. */
typedef ap_status (*torture_fn)(void *ctx, ap_error *err);

/* Gives how many allocations a whole run makes. */
#define torture(fn, ctx) torture_at((fn), (ctx), 0, __FILE__, __LINE__)

/* The same for what may also do without the memory: AP_OK is then fine where an allocation failed, and `fn`
 * itself asserts that its result is what the documentation says. */
#define torture_graceful(fn, ctx) torture_at((fn), (ctx), 1, __FILE__, __LINE__)

/* How many allocations one run makes, for tests of a budget; none fails. Reallocations count. */
size_t torture_count(torture_fn fn, void *ctx);

size_t torture_at(torture_fn fn, void *ctx, int is_graceful, const char *file, int line);

#endif
