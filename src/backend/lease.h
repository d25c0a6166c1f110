/* Threads that runs lease from the process's budget.
 *
 * A runtime that gives each run threads of its own would put as many on the cores as there are runs times
 * threads: such runs wait for each other here, first come, first served. Runtimes that share threads among
 * runs lease none. */
#ifndef AP_BACKEND_LEASE_H
#define AP_BACKEND_LEASE_H

#include <accelpipe/pipeline.h>
#include <accelpipe/status.h>
#include <stddef.h>

/* Waits until so many threads are free that the run can do with; more than there are count as all of them.
 * @param[out] out how many were leased: `n_most`, or fewer where others want threads, too.
 * @param cancel may be NULL.   @return AP_ECANCELED: nothing was leased. */
ap_status ap__lease_take(int *out, int n_least, int n_most, ap_cancel *cancel, ap_error *err);

/* Gives back as many as were leased, on the thread that leased them. */
void ap__lease_give(int n_threads);

/* How many callers wait at this moment. */
size_t ap__lease_n_waiting(void);

#endif
