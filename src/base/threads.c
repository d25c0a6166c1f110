/* The thread budget: physical cores that the affinity mask has, and no more than the cgroup's quota.
 * Source of the files: Linux documentation cputopology, proc(5). */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/threads.h"

#include "base/cgroup.h"
#include "base/log.h"
#include "base/path.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CPUS = 4096 };

/* -- sets of CPUs -------------------------------------------------------------------------------------- */

typedef struct cpu_mask {
    uint64_t bits[MAX_CPUS / 64];
} cpu_mask;

static bool mask_has(const cpu_mask *mask, int cpu) { return mask->bits[cpu / 64] >> (cpu % 64) & 1; }

static void mask_add(cpu_mask *mask, int cpu) { mask->bits[cpu / 64] |= (uint64_t)1 << (cpu % 64); }

static int mask_count(const cpu_mask *mask) {
    int n = 0;
    for (int cpu = 0; cpu < MAX_CPUS; cpu++) n += mask_has(mask, cpu);
    return n;
}

/* "0-3,8,10-11".   @return whether it is such a list, and not empty */
static bool mask_parse(cpu_mask *mask, const char *text) {
    memset(mask, 0, sizeof *mask);
    bool is_empty = true;
    for (text += strspn(text, " \t"); *text && *text != '\n'; text += *text == ',') {
        char *end;
        long first = strtol(text, &end, 10), last = first;
        if (end == text) return false;
        if (*end == '-') {
            text = end + 1;
            last = strtol(text, &end, 10);
            if (end == text) return false;
        }
        if (first < 0 || last < first || last >= MAX_CPUS) return false;
        for (long cpu = first; cpu <= last; cpu++) mask_add(mask, (int)cpu);
        is_empty = false;
        text = end;
        if (*text && *text != ',' && *text != '\n') return false;
    }
    return !is_empty;
}

/* -- affinity ------------------------------------------------------------------------------------------ */

static bool read_affinity(cpu_mask *mask, const char *root) {
    static const char key[] = "Cpus_allowed_list:";
    char line[16384];
    bool found = false;
    ap__path path;
    if (ap__path_format(&path, NULL, "%s/proc/thread-self/status", root)) return false;
    FILE *file = fopen(path.text, "re");
    if (!file) return false;
    while (!found && fgets(line, sizeof line, file))
        found = strncmp(line, key, sizeof key - 1) == 0 && mask_parse(mask, line + sizeof key - 1);
    fclose(file);
    return found;
}

/* Without /proc the kernel is asked; without its answer, all CPUs that are online. */
static void find_affinity(cpu_mask *mask, const char *root) {
    if (read_affinity(mask, root)) return;
    memset(mask, 0, sizeof *mask);
    if (sched_getaffinity(0, sizeof *mask, (cpu_set_t *)(void *)mask) == 0) return;
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    for (int cpu = 0; cpu < n && cpu < MAX_CPUS; cpu++) mask_add(mask, cpu);
}

/* -- cores --------------------------------------------------------------------------------------------- */

static bool read_siblings(cpu_mask *siblings, const char *root, int cpu) {
    char line[4096];
    ap__path path;
    if (ap__path_format(&path, NULL, "%s/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", root,
                        cpu))
        return false;
    FILE *file = fopen(path.text, "re");
    if (!file) return false;
    bool is_read = fgets(line, sizeof line, file) && mask_parse(siblings, line);
    fclose(file);
    return is_read;
}

/* Of hardware threads on one core the first that is allowed counts; one whose core is not known counts. */
static int count_cores(const cpu_mask *allowed, const char *root) {
    cpu_mask seen = {{0}}, siblings;
    int n = 0;
    for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
        if (!mask_has(allowed, cpu) || mask_has(&seen, cpu)) continue;
        n++;
        if (!read_siblings(&siblings, root, cpu)) continue;
        for (int i = 0; i < MAX_CPUS / 64; i++) seen.bits[i] |= siblings.bits[i];
    }
    return n;
}

/* -- the budget ---------------------------------------------------------------------------------------- */

static int read_variable(void) {
    const char *text = getenv("ACCELPIPE_NUM_THREADS");
    char *end = NULL;
    if (!text || !text[0]) return 0;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno == 0 && *end == '\0' && n >= 1 && n <= AP__THREADS_MAX) return (int)n;
    ap__log(AP_LOG_WARNING, "threads: ACCELPIPE_NUM_THREADS is \"%.32s\", which is no number from 1 to %d",
            text, AP__THREADS_MAX);
    return 0;
}

static int at_least_one(int n) { return n > 0 ? n : 1; }

void ap__thread_budget_find(ap__thread_budget *out, const char *root) {
    cpu_mask allowed;
    find_affinity(&allowed, root);
    out->n_cpus = at_least_one(mask_count(&allowed));
    out->n_cores = at_least_one(count_cores(&allowed, root));
    out->n_quota = ap__cgroup_cpu_quota(root);
    out->n_wanted = read_variable();
    out->n = out->n_cores;
    out->reason = out->n_cores < out->n_cpus ? "physical cores of the CPU affinity mask; hardware threads "
                                               "that share a core count once"
                                             : "CPUs of the affinity mask, each a physical core";
    if (out->n_quota && out->n_quota < out->n) {
        out->n = out->n_quota;
        out->reason = "the quota of the control group";
    }
    if (out->n_wanted) {
        out->n = out->n_wanted;
        out->reason = "ACCELPIPE_NUM_THREADS";
    }
    if (out->n > AP__THREADS_MAX) out->n = AP__THREADS_MAX;
}

static ap__thread_budget budget;
static pthread_once_t budget_once = PTHREAD_ONCE_INIT;

static void find_budget(void) { ap__thread_budget_find(&budget, ""); }

const ap__thread_budget *ap__thread_budget_get(void) {
    pthread_once(&budget_once, find_budget);
    return &budget;
}

int ap__threads_allowed(void) { return ap__thread_budget_get()->n; }
