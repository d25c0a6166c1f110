/* How many threads this process may use. */
#ifndef AP_BASE_THREADS_H
#define AP_BASE_THREADS_H

/* What the CPU affinity and the cgroup's quota allow, at least 1. Read once. */
int ap__threads_allowed(void);

#endif
