/* The budget of this machine, and those of machines made of files. */
#define _GNU_SOURCE /* sched_setaffinity, setenv */
#include "base/threads.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static ap__path root;

int test_setup(void **state) {
    (void)state;
    tempdir_create(&root);
    unsetenv("ACCELPIPE_NUM_THREADS");
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    unsetenv("ACCELPIPE_NUM_THREADS");
    tempdir_remove(&root);
    return 0;
}

static void put_affinity(const char *list) {
    char text[256];
    snprintf(text, sizeof text, "Name:\ttest\nCpus_allowed:\tff\nCpus_allowed_list:\t%s\nMems_allowed:\t1\n",
             list);
    tempdir_write_text(&root, "proc/thread-self/status", text);
}

static void put_siblings(int cpu, const char *list) {
    char name[96];
    snprintf(name, sizeof name, "sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    tempdir_write_text(&root, name, list);
}

/* Eight CPUs, two hardware threads on each of four cores. */
static void put_smt_machine(const char *affinity) {
    static const char *const lists[] = {"0,4\n", "1,5\n", "2,6\n", "3,7\n"};
    put_affinity(affinity);
    for (int cpu = 0; cpu < 8; cpu++) put_siblings(cpu, lists[cpu % 4]);
}

static void put_v2(const char *group, const char *top) {
    char text[512];
    snprintf(text, sizeof text, "0::%s\n", group);
    tempdir_write_text(&root, "proc/self/cgroup", text);
    snprintf(text, sizeof text,
             "22 1 0:20 / /proc rw,nosuid - proc proc rw\n"
             "30 24 0:26 %s /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
             top);
    tempdir_write_text(&root, "proc/self/mountinfo", text);
}

static void put_v1(const char *group, const char *top) {
    char text[512];
    snprintf(text, sizeof text, "3:cpuset:/other\n2:cpu,cpuacct:%s\n0::/\n", group);
    tempdir_write_text(&root, "proc/self/cgroup", text);
    snprintf(text, sizeof text,
             "31 30 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
             "32 30 0:28 %s /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n",
             top);
    tempdir_write_text(&root, "proc/self/mountinfo", text);
}

static ap__thread_budget find(void) {
    ap__thread_budget budget;
    ap__thread_budget_find(&budget, root.text);
    return budget;
}

/* -- cores and affinity -------------------------------------------------------------------------------- */

void test_hardware_threads_of_a_core_count_once(void **state) {
    (void)state;
    put_smt_machine("0-7");
    ap__thread_budget budget = find();
    assert_int_equal(8, budget.n_cpus);
    assert_int_equal(4, budget.n_cores);
    assert_int_equal(4, budget.n);
    assert_non_null(strstr(budget.reason, "physical cores"));
}

void test_affinity_mask_with_parts_of_cores(void **state) {
    (void)state;
    put_smt_machine("4,1-2,5");
    ap__thread_budget budget = find();
    assert_int_equal(4, budget.n_cpus);
    assert_int_equal(3, budget.n); /* Cores 0, 1, 2. */
    put_affinity("3,7");
    assert_int_equal(1, find().n);
    put_affinity("6");
    assert_int_equal(1, find().n);
}

void test_topology_that_is_not_told(void **state) {
    (void)state;
    put_affinity("0-2,9");
    ap__thread_budget budget = find();
    assert_int_equal(4, budget.n_cores);
    assert_int_equal(4, budget.n);
    put_siblings(0, "nonsense\n");
    put_siblings(1, "");
    assert_int_equal(4, find().n);
}

void test_affinity_that_cannot_be_read_is_asked_of_the_kernel(void **state) {
    (void)state;
    static const char *const lists[] = {"", "5-2", "-1", "1-", "99999", "1;2"};
    cpu_set_t set;
    assert_int_equal(0, sched_getaffinity(0, sizeof set, &set));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        put_affinity(lists[i]);
        assert_int_equal(CPU_COUNT(&set), find().n_cpus);
    }
}

/* -- quotas -------------------------------------------------------------------------------------------- */

void test_quota_of_version_2(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int n_quota, n;
    } rows[] = {
        {"max 100000\n", 0, 4},   {"200000 100000\n", 2, 2}, {"150000 100000\n", 2, 2},
        {"10000 100000\n", 1, 1}, {"900000 100000\n", 9, 4}, {"nonsense\n", 0, 4},
        {"-1 100000\n", 0, 4},    {"100000 0\n", 0, 4},      {"9223372036854775807 1\n", 4096, 4},
    };
    put_smt_machine("0-7");
    put_v2("/app/worker", "/");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tempdir_write_text(&root, "sys/fs/cgroup/app/worker/cpu.max", rows[i].text);
        ap__thread_budget budget = find();
        if (budget.n_quota != rows[i].n_quota || budget.n != rows[i].n)
            fail_msg("%s: quota %d, budget %d", rows[i].text, budget.n_quota, budget.n);
    }
}

void test_quota_of_a_group_above(void **state) {
    (void)state;
    put_smt_machine("0-7");
    put_v2("/app/worker", "/");
    tempdir_write_text(&root, "sys/fs/cgroup/app/worker/cpu.max", "300000 100000\n");
    tempdir_write_text(&root, "sys/fs/cgroup/app/cpu.max", "200000 100000\n");
    assert_int_equal(2, find().n_quota);
    tempdir_write_text(&root, "sys/fs/cgroup/cpu.max", "100000 100000\n");
    ap__thread_budget budget = find();
    assert_int_equal(1, budget.n);
    assert_non_null(strstr(budget.reason, "quota"));
}

void test_container_sees_its_own_group_as_the_root(void **state) {
    (void)state;
    put_smt_machine("0-7");
    tempdir_write_text(&root, "sys/fs/cgroup/cpu.max", "300000 100000\n");
    put_v2("/", "/");
    assert_int_equal(3, find().n);
    put_v2("/docker/abc", "/docker/abc"); /* Without a namespace of its own. */
    assert_int_equal(3, find().n);
    put_v2("/../other", "/"); /* A group outside of the namespace. */
    assert_int_equal(3, find().n);
    put_v2("/docker/abc", "/docker/a"); /* Not below the part that is mounted. */
    assert_int_equal(3, find().n);
}

void test_quota_of_version_1(void **state) {
    (void)state;
    put_smt_machine("0-7");
    put_v1("/docker/abc", "/");
    tempdir_write_text(&root, "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "250000\n");
    tempdir_write_text(&root, "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
    assert_int_equal(3, find().n);
    tempdir_write_text(&root, "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(0, find().n_quota);
    put_v1("/docker/abc", "/docker/abc");
    tempdir_write_text(&root, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
    tempdir_write_text(&root, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    assert_int_equal(2, find().n);
}

void test_no_cgroup_at_all(void **state) {
    (void)state;
    put_smt_machine("0-7");
    assert_int_equal(0, find().n_quota);
    tempdir_write_text(&root, "proc/self/cgroup", "nonsense\n:\n0::/x\n");
    tempdir_write_text(&root, "proc/self/mountinfo", "nonsense\n - \n1 2 3 4 5 - cgroup2\n");
    assert_int_equal(4, find().n);
}

/* -- the variable -------------------------------------------------------------------------------------- */

void test_variable_goes_before_all(void **state) {
    (void)state;
    put_smt_machine("0-7");
    setenv("ACCELPIPE_NUM_THREADS", "7", 1);
    ap__thread_budget budget = find();
    assert_int_equal(7, budget.n);
    assert_string_equal("ACCELPIPE_NUM_THREADS", budget.reason);
    static const char *const bad[] = {"", "0", "-2", "two", "3x", "1025", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("ACCELPIPE_NUM_THREADS", bad[i], 1);
        assert_int_equal(4, find().n);
    }
}

/* -- this machine -------------------------------------------------------------------------------------- */

void test_allowed_is_between_one_and_the_machine(void **state) {
    (void)state;
    int n = ap__threads_allowed();
    assert_in_range(n, 1, sysconf(_SC_NPROCESSORS_CONF));
    assert_int_equal(n, ap__threads_allowed()); /* Read once. */
}

/* In a process of its own, because the process's budget is read once. */
void test_affinity_mask_of_one_cpu(void **state) {
    (void)state;
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cpu_set_t all, one;
        ap__thread_budget budget;
        size_t cpu = 0;
        CPU_ZERO(&one);
        if (sched_getaffinity(0, sizeof all, &all) != 0) _exit(2);
        while (!CPU_ISSET(cpu, &all)) cpu++;
        CPU_SET(cpu, &one);
        if (sched_setaffinity(0, sizeof one, &one) != 0) _exit(2);
        ap__thread_budget_find(&budget, "");
        _exit(budget.n == 1 && budget.n_cpus == 1 ? 0 : 1);
    }
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
}
