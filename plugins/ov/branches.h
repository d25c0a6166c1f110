/* Ifs whose branch follows from the graph alone. */
#ifndef OV_BRANCHES_H
#define OV_BRANCHES_H

#include "ov.h"

/* Writes the graph anew, with the branch that is taken in place of every If that
 * - may give results of two ranks, which no device takes, and
 * - takes the same branch in every run, whatever the inputs are.
 * @param[out] graph the host's memory, NULL: the model has no such If.   @return AP_ENOMEM */
ap_status ovp_branches_fold(char **graph, size_t *n_graph, const void *bytes, size_t n_bytes, ap_error *err);

#endif
