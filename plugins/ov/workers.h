/* The worker threads of oneTBB, which OpenVINO's CPU device shares among all runs of the process.
 *
 * There are as many as cores but for one, which is for the thread that starts a run. Of two runs at once each
 * has such a thread: they and the workers are more threads than cores, and wait for each other. So while a
 * run goes on that was given fewer threads than its model was compiled for, workers are parked: they sleep in
 * tasks of ours. A product stays cut for the threads that its model was compiled for; fewer do several parts
 * each. */
#ifndef OV_WORKERS_H
#define OV_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

/* Finds oneTBB in the process, once OpenVINO is loaded. Without it (an OpenVINO built with OpenMP) nothing
 * can be parked.
 * @return whether it was found, now or before. */
bool ovp_workers_find(void);

/* Around a run that has `n` of the `n_most` threads that its model was compiled for. */
void ovp_workers_enter(int32_t n, int32_t n_most);
void ovp_workers_leave(int32_t n, int32_t n_most);

/* How many are parked at this moment. */
int32_t ovp_workers_count_parked(void);

#endif
