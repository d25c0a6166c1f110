/* Ifs whose branch follows from the graph alone. */
#ifndef COMMON_BRANCHES_H
#define COMMON_BRANCHES_H

#include <accelpipe/sys/host.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the graph anew, with the branch that is taken in place of every If that
 * - may give results of two ranks, which devices refuse, and
 * - takes the same branch in every run, whatever the inputs are.
 * @param[out] graph the host's memory, NULL: the model has no such If.   @return AP_ENOMEM */
ap_status onnx_branches_fold(const ap_host *host, char **graph, size_t *n_graph, const void *bytes,
                             size_t n_bytes, ap_error *err);

#ifdef __cplusplus
}
#endif

#endif
