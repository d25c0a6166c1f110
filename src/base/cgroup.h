/* The CPU quota of a control group. */
#ifndef AP_BASE_CGROUP_H
#define AP_BASE_CGROUP_H

/* The smallest quota of this process's cgroup and of those above it, in whole CPUs, rounded up; 0: there is
 * none. Reads below `root`/proc/self and the mount points named there.
 * Source: Linux documentation cgroup-v2 (cpu.max), cgroup-v1 sched-bwc (cpu.cfs_quota_us), proc(5)
 * (mountinfo). */
int ap__cgroup_cpu_quota(const char *root);

#endif
