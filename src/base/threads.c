/* The thread budget. Source: Linux documentation cgroup-v2 (cpu.max) and cgroup-v1 (cpu.cfs_quota_us). */
#define _GNU_SOURCE /* sched_getaffinity, CPU_COUNT */
#include "base/threads.h"

#include "base/path.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int affinity_count(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

/* Whole CPUs of a quota, rounded up; 0: no quota. */
static int quota_count(long long quota_us, long long period_us) {
    if (quota_us <= 0 || period_us <= 0) return 0;
    long long n = (quota_us + period_us - 1) / period_us;
    return n > 4096 ? 4096 : (int)n;
}

static int read_quota_v2(const char *folder) {
    ap__path path;
    long long quota, period;
    if (ap__path_join(&path, folder, "cpu.max", NULL)) return 0;
    FILE *f = fopen(path.text, "re");
    if (!f) return 0;
    int n = fscanf(f, "%lld %lld", &quota, &period); /* "max 100000" reads no number: no quota. */
    fclose(f);
    return n == 2 ? quota_count(quota, period) : 0;
}

static long long read_number(const char *path) {
    long long number = 0;
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    if (fscanf(f, "%lld", &number) != 1) number = 0;
    fclose(f);
    return number;
}

/* The smallest quota of this process's cgroup and those above it. */
static int cgroup_v2_count(void) {
    char line[AP__PATH_MAX];
    int least = 0;
    FILE *f = fopen("/proc/self/cgroup", "re");
    if (!f) return 0;
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, "0::/", 4) != 0) continue;
        line[strcspn(line, "\n")] = '\0';
        for (char *end = line + strlen(line); end >= line + 3; end--) {
            if (*end != '\0' && *end != '/') continue;
            *end = '\0';
            ap__path folder;
            if (ap__path_format(&folder, NULL, "/sys/fs/cgroup%s", line + 3)) break;
            int n = read_quota_v2(folder.text);
            if (n && (!least || n < least)) least = n;
        }
    }
    fclose(f);
    return least;
}

static int cgroup_v1_count(void) {
    return quota_count(read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                       read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
}

static int allowed = 1;
static pthread_once_t allowed_once = PTHREAD_ONCE_INIT;

static void allowed_find(void) {
    int quotas[2] = {cgroup_v2_count(), cgroup_v1_count()};
    allowed = affinity_count();
    for (int i = 0; i < 2; i++)
        if (quotas[i] && quotas[i] < allowed) allowed = quotas[i];
    if (allowed < 1) allowed = 1;
}

int ap__threads_allowed(void) {
    pthread_once(&allowed_once, allowed_find);
    return allowed;
}
