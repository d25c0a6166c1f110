/* The CPU quota of a control group. A process is in one group of each hierarchy: of version 2 there is one
 * hierarchy, of version 1 one for each controller. Both may be mounted anywhere, and a container mostly sees
 * its own group as the mount's root. */
#include "base/cgroup.h"

#include "base/path.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 2 * AP__PATH_MAX, MAX_CPUS = 4096 };

typedef struct hierarchy {
    bool is_v2;
    ap__path group; /* The process's, from the hierarchy's root. */
    ap__path mount; /* Where it is mounted, "" until it is found, */
    ap__path top;   /* and which group that is. */
} hierarchy;

static FILE *open_file(const char *root, const char *path) {
    ap__path file;
    return ap__path_format(&file, NULL, "%s%s", root, path) ? NULL : fopen(file.text, "re");
}

/* -- where --------------------------------------------------------------------------------------------- */

/* Whether `name` stands in a list separated by commas. */
static bool is_listed(const char *list, const char *name) {
    size_t len = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at += len)
        if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0')) return true;
    return false;
}

/* A line "ID:CONTROLLERS:GROUP"; of version 2, "0::GROUP".   @return whether it is the hierarchy's */
static bool read_group(hierarchy *h, char *line) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) return false;
    *group++ = '\0';
    controllers++;
    bool is_it = h->is_v2 ? strcmp(line, "0:") == 0 || controllers[0] == '\0' : is_listed(controllers, "cpu");
    return is_it && ap__path_format(&h->group, NULL, "%s", group) == AP_OK;
}

static bool find_group(hierarchy *h, const char *root) {
    char line[LINE_BYTES];
    bool found = false;
    FILE *file = open_file(root, "/proc/self/cgroup");
    if (!file) return false;
    while (!found && fgets(line, sizeof line, file)) found = read_group(h, line);
    fclose(file);
    return found;
}

/* A line "ID PARENT DEVICE TOP MOUNT OPTIONS [FIELD...] - TYPE SOURCE SUPER_OPTIONS". Blanks in names are
 * written as \040; such a mount point is not found, which is as if it had no quota. */
static bool read_mount(hierarchy *h, const char *line) {
    char top[AP__PATH_MAX], mount[AP__PATH_MAX], type[32], super[512];
    const char *behind = strstr(line, " - ");
    if (!behind || sscanf(line, "%*s %*s %*s %4095s %4095s", top, mount) != 2) return false;
    if (sscanf(behind, " - %31s %*s %511s", type, super) != 2) return false;
    if (strcmp(type, h->is_v2 ? "cgroup2" : "cgroup") != 0) return false;
    if (!h->is_v2 && !is_listed(super, "cpu")) return false;
    return !ap__path_format(&h->top, NULL, "%s", top) && !ap__path_format(&h->mount, NULL, "%s", mount);
}

static bool find_mount(hierarchy *h, const char *root) {
    char line[LINE_BYTES];
    bool found = false;
    FILE *file = open_file(root, "/proc/self/mountinfo");
    if (!file) return false;
    while (!found && fgets(line, sizeof line, file)) found = read_mount(h, line);
    fclose(file);
    return found;
}

/* The group below the mount point; "" where the mount shows no more than it, or another part of the tree. */
static const char *group_below_mount(const hierarchy *h) {
    const char *group = h->group.text, *top = h->top.text;
    size_t len = strcmp(top, "/") == 0 ? 0 : strlen(top);
    if (strncmp(group, top, len) != 0 || (group[len] != '/' && group[len] != '\0')) return "";
    return strcmp(group + len, "/") == 0 || strstr(group, "/..") ? "" : group + len;
}

/* -- how much ------------------------------------------------------------------------------------------ */

static int whole_cpus(long long quota_us, long long period_us) {
    if (quota_us <= 0 || period_us <= 0) return 0;
    long long n = quota_us / period_us + (quota_us % period_us != 0);
    return n > MAX_CPUS ? MAX_CPUS : (int)n;
}

static long long read_number(const char *root, const char *folder, const char *name) {
    ap__path path;
    long long number = 0;
    FILE *file = ap__path_join(&path, folder, name, NULL) ? NULL : open_file(root, path.text);
    if (!file) return 0;
    if (fscanf(file, "%lld", &number) != 1) number = 0; /* "max" is no number: no quota. */
    fclose(file);
    return number;
}

static int read_quota_v2(const char *root, const char *folder) {
    ap__path path;
    long long quota = 0, period = 0;
    FILE *file = ap__path_join(&path, folder, "cpu.max", NULL) ? NULL : open_file(root, path.text);
    if (!file) return 0;
    int n = fscanf(file, "%lld %lld", &quota, &period);
    fclose(file);
    return n == 2 ? whole_cpus(quota, period) : 0;
}

static int read_quota(const hierarchy *h, const char *root, const char *folder) {
    if (h->is_v2) return read_quota_v2(root, folder);
    return whole_cpus(read_number(root, folder, "cpu.cfs_quota_us"),
                      read_number(root, folder, "cpu.cfs_period_us"));
}

/* The smallest from the process's group up to the mount point. */
static int smallest_quota(const hierarchy *h, const char *root) {
    ap__path folder;
    int least = 0;
    size_t mount_len = strlen(h->mount.text);
    if (ap__path_format(&folder, NULL, "%s%s", h->mount.text, group_below_mount(h))) return 0;
    for (size_t len = strlen(folder.text); len >= mount_len; len--) {
        if (folder.text[len] != '\0' && folder.text[len] != '/') continue;
        folder.text[len] = '\0';
        int n = read_quota(h, root, folder.text);
        if (n && (!least || n < least)) least = n;
        if (len == 0) break;
    }
    return least;
}

int ap__cgroup_cpu_quota(const char *root) {
    int least = 0;
    for (int version = 1; version <= 2; version++) {
        hierarchy h = {.is_v2 = version == 2};
        if (!find_group(&h, root) || !find_mount(&h, root)) continue;
        int n = smallest_quota(&h, root);
        if (n && (!least || n < least)) least = n;
    }
    return least;
}
