/* The plugin for libtorch and Intel Extension for PyTorch: what its two halves share.
 *
 * The half that the library loads (accelpipe_ipex.so, C) needs no torch: it looks at the CPU, sets what
 * OpenMP reads when it is loaded, finds the libraries and opens the other half. That one
 * (accelpipe_ipex_torch28.so, C++) is compiled against one release of torch, whose C++ interface differs from
 * release to release; so its file name has the release. Between the two goes the C table below; no C++ type
 * and no exception crosses it. */
#ifndef IPEX_IPEX_H
#define IPEX_IPEX_H

#include <accelpipe/sys/backend_plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The release of torch that the second half is made for, and its file. */
#define IPEX_TORCH_RELEASE "2.8"
#define IPEX_SHIM_FILE "accelpipe_ipex_torch28.so"

/* Exported by the second half: `const ipex_shim *ipex_shim_entry(void)`. */
#define IPEX_SHIM_ENTRY "ipex_shim_entry"

typedef struct ipex_shim {
    /* Loads the library of IPEX at `path`, once torch is loaded, and fills in version and devices. */
    ap_status (*start)(const ap_host *host, const char *path, ap_probe *out, ap_error *err);
    ap_status (*open)(ap_session **out, const ap_host *host, const ap_model_ref *model, ap_error *err);
    void (*describe)(const ap_session *session, ap_session_info *out);
    ap_status (*run)(ap_session *session, const ap_run_args *args, ap_error *err);
    void (*close)(ap_session *session);
    const char *const *(*inspect)(const ap_session *session);
} ipex_shim;

typedef const ipex_shim *(*ipex_shim_entry_fn)(void);

/* -- the first half ------------------------------------------------------------------------------------ */

/* The second half; NULL before a probe() that found all of it. */
extern const ipex_shim *ipex_shim_loaded;

/* probe.c */
ap_status ipex_probe(const ap_host *host, const char *runtime, ap_probe *out, ap_error *err);

/* cpu.c: what IPEX needs of the CPU, without which its library dies of an illegal instruction while it is
 * loaded; and what bfloat16 needs to be faster than float32. @return NULL when it is there, else its name. */
const char *ipex_cpu_lacks(void);
const char *ipex_cpu_lacks_for_bf16(void);

#ifdef __cplusplus
}
#endif
#endif
