/* Threads that runs lease from the process's budget.
 *
 * A runtime that gives each run threads of its own would put as many on the cores as there are runs times
 * threads: such runs wait for each other here, first come, first served. Runtimes that share threads among
 * runs lease none. */
#ifndef AP_BACKEND_LEASE_H
#define AP_BACKEND_LEASE_H

#include <accelpipe/pipeline.h>
#include <accelpipe/status.h>

/* Waits until that many threads are free; more than there are count as all of them.
 * @param cancel may be NULL.   @return AP_ECANCELED: nothing was leased. */
ap_status ap__lease_take(int n_threads, ap_cancel *cancel, ap_error *err);

/* Gives back what was taken with the same number. */
void ap__lease_give(int n_threads);

#endif
