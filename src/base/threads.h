/* How many threads this process may use: one number for all that it runs. */
#ifndef AP_BASE_THREADS_H
#define AP_BASE_THREADS_H

/* What the number follows from. */
typedef struct ap__thread_budget {
    int n;              /* At least 1. */
    int n_cpus;         /* CPUs of the affinity mask. */
    int n_cores;        /* Physical cores among them: of hardware threads that share one, one counts. */
    int n_quota;        /* The cgroup's quota in CPUs, rounded up; 0: it has none. */
    int n_wanted;       /* ACCELPIPE_NUM_THREADS, which goes before all of them; 0: not set. */
    const char *reason; /* Which of them it was, for people. Static storage. */
} ap__thread_budget;

/* Most threads that anybody may ask for. */
enum { AP__THREADS_MAX = 1024 };

/* The process's. Read once, when it is first asked for. */
const ap__thread_budget *ap__thread_budget_get(void);

/* Its number. */
int ap__threads_allowed(void);

/* Reads it anew from the files below `root`/proc and `root`/sys; "" is this machine. */
void ap__thread_budget_find(ap__thread_budget *out, const char *root);

#endif
