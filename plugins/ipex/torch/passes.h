// From a lowered or loaded graph to the one that runs.
#pragma once

#include "torch/graph.h"

#include <atomic>
#include <string>

namespace ipex {

// fuse.cc: what exporters write out in small operators, as the one operator it was (GELU, SiLU, 1/sqrt).
void fuse_patterns(const std::shared_ptr<jit::Graph> &graph);

// prepack.cc: products and convolutions with constant weights as IPEX's, whose weights are laid out for
// oneDNN once. With `is_low`, those that are in float32 are computed in bfloat16.
void prepack_weights(const std::shared_ptr<jit::Graph> &graph, bool is_low);

// optimize.cc: the above, IPEX's own passes, and a look for cancellation in front of whatever takes long.
void optimize(std::shared_ptr<jit::Graph> &graph, bool is_low);

// inspect.cc: the operators of the graph with their numbers: IPEX's first, most frequent first.
std::vector<std::string> describe_operators(const jit::Graph &graph);

// own_ops.cc: torch's einsum under a name of ours, because IPEX 2.8 joins an addition behind it wrongly.
extern const char *const EINSUM;

// own_ops.cc: throws Failure(AP_ECANCELED) in the run of this thread after its flag was set.
struct CancelScope {
    explicit CancelScope(const std::atomic<bool> *flag);
    ~CancelScope();
    CancelScope(const CancelScope &) = delete;
    CancelScope &operator=(const CancelScope &) = delete;
};
extern const char *const CANCEL_CHECK; // The operator that looks.

} // namespace ipex
