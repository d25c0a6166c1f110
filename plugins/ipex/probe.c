/* Finding torch beside IPEX, and loading both with the half of the plugin that is linked to them.
 *
 * The order matters. The CPU comes first, because IPEX dies of an illegal instruction on one without AVX2.
 * Then OpenMP's environment, which libgomp reads while it is loaded, as a dependency of torch. Then torch by
 * its full path: IPEX and the second half name it by soname alone, and the loader gives them the one that is
 * there. */
#define _GNU_SOURCE /* dladdr, dlinfo */
#include "ipex.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

#define TORCH_FILE "libtorch_cpu.so"

/* Of OpenMP: a thread that waits for work sleeps. With the default it spins, which on shared cores costs 2 to
 * 20 times the CPU and several times the wall time of small models. Whoever set it keeps it. */
static void set_environment(void) { setenv("OMP_WAIT_POLICY", "PASSIVE", 0); }

/* The folder of `path`, `n_up` levels up, into `out`; "" when there are not as many. */
static void parent_of(char *out, const char *path, int n_up) {
    snprintf(out, PATH_SIZE, "%s", path);
    for (int i = 0; i < n_up; i++) {
        char *slash = strrchr(out, '/');
        if (!slash) {
            out[0] = '\0';
            return;
        }
        *slash = '\0';
    }
}

/* -- torch --------------------------------------------------------------------------------------------- */

/* torch/version.py of a wheel says `__version__ = '2.8.0+cu128'`; what it is goes into `version`, "" when it
 * cannot be read. */
static void read_version(char *version, size_t size, const char *packages) {
    char path[PATH_SIZE + 32], line[256];
    version[0] = '\0';
    snprintf(path, sizeof path, "%s/torch/version.py", packages);
    FILE *file = fopen(path, "re");
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "__version__", 11) != 0) continue;
        const char *quote = strpbrk(line, "'\"");
        size_t len = quote ? strcspn(quote + 1, "'\"\n") : 0;
        if (quote && len < size) snprintf(version, size, "%.*s", (int)len, quote + 1);
        break;
    }
    fclose(file);
}

/* A process takes one torch: a second copy registers its operators again, and ends it. One that the
 * application has loaded, as a Python program that imports torch, is used: IPEX and the second half get it by
 * soname.
 * @param[out] packages the folder that it lies in, as in a wheel; "": none is loaded. */
static void find_loaded_torch(char *packages) {
    struct link_map *map = NULL;
    void *there = dlopen(TORCH_FILE, RTLD_NOW | RTLD_NOLOAD);
    packages[0] = '\0';
    if (there && dlinfo(there, RTLD_DI_LINKMAP, &map) == 0 && map) parent_of(packages, map->l_name, 3);
}

static ap_status check_version(const ap_host *host, const char *packages, const char *where, ap_error *err) {
    char version[64];
    read_version(version, sizeof version, packages);
    if (!version[0] || strncmp(version, IPEX_TORCH_RELEASE ".", strlen(IPEX_TORCH_RELEASE ".")) == 0)
        return AP_OK;
    return host->fail(err, AP_EUNSUPPORTED, "torch %s%s is not the release this plugin was built for: %s",
                      version, where, IPEX_TORCH_RELEASE);
}

/* By soname when IPEX was asked for by soname, too. */
static ap_status open_torch(const ap_host *host, const char *runtime, ap_error *err) {
    char packages[PATH_SIZE], path[PATH_SIZE + 64];
    find_loaded_torch(packages);
    if (packages[0]) {
        host->log(AP_LOG_DEBUG, "ipex: torch is loaded already, from %s", packages);
        return check_version(host, packages, ", which this process has loaded,", err);
    }
    parent_of(packages, runtime, 3);
    ap_status status = check_version(host, packages, "", err);
    if (status) return status;
    if (packages[0])
        snprintf(path, sizeof path, "%s/torch/lib/" TORCH_FILE, packages);
    else
        snprintf(path, sizeof path, TORCH_FILE);
    if (dlopen(path, RTLD_NOW | RTLD_LOCAL)) return AP_OK;
    const char *reason = dlerror();
    const char *hint = "";
    if (strstr(reason, "libcupti") || strstr(reason, "libcudart"))
        hint = "; this build of torch needs the packages nvidia-cuda-runtime-cu12 and nvidia-cuda-cupti-cu12";
    return host->fail(err, AP_ENOTFOUND, "torch, which IPEX needs, cannot be loaded: %s%s", reason, hint);
}

/* -- the second half ----------------------------------------------------------------------------------- */

static ap_status open_shim(const ap_host *host, const ipex_shim **out, ap_error *err) {
    char folder[PATH_SIZE], path[PATH_SIZE + 64];
    Dl_info info;
    if (!dladdr((const void *)&ipex_shim_loaded, &info) || !info.dli_fname)
        return host->fail(err, AP_EBACKEND, "the plugin does not know where it is");
    parent_of(folder, info.dli_fname, 1);
    snprintf(path, sizeof path, "%s/" IPEX_SHIM_FILE, folder[0] ? folder : ".");
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return host->fail(err, AP_EUNSUPPORTED, "this torch does not fit the plugin: %s", dlerror());
    void *symbol = dlsym(library, IPEX_SHIM_ENTRY);
    ipex_shim_entry_fn function = NULL;
    if (!symbol) return host->fail(err, AP_EABI, "%s has no " IPEX_SHIM_ENTRY "()", path);
    memcpy(&function, &symbol, sizeof function);
    *out = function();
    return AP_OK;
}

ap_status ipex_probe(const ap_host *host, const char *runtime, ap_probe *out, ap_error *err) {
    const ipex_shim *shim = NULL;
    const char *missing = ipex_cpu_lacks();
    if (missing)
        return host->fail(err, AP_EUNSUPPORTED, "IPEX needs a CPU with %s, which this one has not", missing);
    set_environment();
    ap_status status = open_torch(host, runtime, err);
    if (!status) status = open_shim(host, &shim, err);
    if (!status) status = shim->start(host, runtime, out, err);
    if (status) return status;
    ipex_shim_loaded = shim;
    out->score = 1;
    return AP_OK;
}
