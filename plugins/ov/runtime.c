/* Loading OpenVINO, and what it says of itself. */
#define _GNU_SOURCE /* dladdr */
#include "ov.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

ovp_runtime ov;

/* -- its functions ------------------------------------------------------------------------------------- */

static const char *const function_names[] = {
#define OV_FUNCTION(result, name, parameters) "ov_" #name,
    OV_API_MAP(OV_FUNCTION)
#undef OV_FUNCTION
};

enum { N_FUNCTIONS = sizeof function_names / sizeof *function_names };

_Static_assert(sizeof(ov_functions) == N_FUNCTIONS * sizeof(void *), "the table holds functions alone");

static ap_status find_functions(void *library, ap_error *err) {
    unsigned char *table = (unsigned char *)&ov.api;
    for (size_t i = 0; i < N_FUNCTIONS; i++) {
        void *symbol = dlsym(library, function_names[i]);
        if (!symbol && i == 0)
            return ov.host->fail(err, AP_EFORMAT, "not OpenVINO's C library: it has no %s()",
                                 function_names[i]);
        if (!symbol)
            return ov.host->fail(err, AP_EUNSUPPORTED, "this OpenVINO lacks %s(): %d.%d or later is needed",
                                 function_names[i], OVP_MIN_YEAR, OVP_MIN_RELEASE);
        memcpy(table + i * sizeof symbol, &symbol, sizeof symbol);
    }
    return AP_OK;
}

/* -- its version --------------------------------------------------------------------------------------- */

/* "2026.4.1-22982-e213a147257-releases/2026/4": up to the first hyphen. */
static ap_status read_version(ap_probe *out, ap_error *err) {
    ov_version_t version = {NULL, NULL};
    unsigned year = 0, release = 0;
    if (ov.api.get_openvino_version(&version) || !version.buildNumber)
        return ov.host->fail(err, AP_EFORMAT, "OpenVINO does not tell its version");
    snprintf(out->version, sizeof out->version, "%.*s", (int)strcspn(version.buildNumber, "-"),
             version.buildNumber);
    ov.api.version_free(&version);
    if (sscanf(out->version, "%u.%u", &year, &release) != 2)
        return ov.host->fail(err, AP_EFORMAT, "OpenVINO's version \"%s\" is none that is known",
                             out->version);
    if (year < OVP_MIN_YEAR || (year == OVP_MIN_YEAR && release < OVP_MIN_RELEASE))
        return ov.host->fail(err, AP_EUNSUPPORTED, "OpenVINO %s is too old: %d.%d or later is needed",
                             out->version, OVP_MIN_YEAR, OVP_MIN_RELEASE);
    return AP_OK;
}

/* -- loading ------------------------------------------------------------------------------------------- */

static void read_path(ap_probe *out, void *library) {
    Dl_info info;
    void *symbol = dlsym(library, function_names[0]);
    const char *path = dladdr(symbol, &info) && info.dli_fname ? info.dli_fname : "";
    snprintf(out->path, sizeof out->path, "%s", path);
}

/* The core finds its devices here; one serves all sessions, and is never freed. */
static ap_status create_core(ap_probe *out, ap_error *err) {
    ap_status status = ovp_fail(err, ov.api.core_create(&ov.core), "start");
    if (status) return status;
    ovp_devices_init();
    ovp_devices_list(out->devices, sizeof out->devices);
    if (out->devices[0]) return AP_OK;
    return ov.host->fail(err, AP_EBACKEND, "OpenVINO %s has no device here: its plugins are not beside %s",
                         out->version, out->path);
}

ap_status ovp_probe(const ap_host *host, const char *runtime, ap_probe *out, ap_error *err) {
    ov.host = host;
    void *library = dlopen(runtime, RTLD_NOW | RTLD_LOCAL);
    if (!library) return host->fail(err, AP_ENOTFOUND, "%s", dlerror());
    ap_status status = find_functions(library, err);
    if (!status) status = read_version(out, err);
    if (status) {
        /* Nothing of it has started: it may go, so that another of its name can be tried. */
        dlclose(library);
        return status;
    }
    read_path(out, library);
    status = ovp_dtype_check(err);
    if (!status) status = create_core(out, err);
    if (status) return status;
    out->score = 1;
    return AP_OK;
}
