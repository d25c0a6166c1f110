// The passes, in order. None of them knows a shape: the graph serves all of them, and nothing is compiled in
// a run.
#include "torch/passes.h"

#include <torch/csrc/jit/passes/common_subexpression_elimination.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/pass_manager.h>

#include <cstring>

namespace ipex {

namespace {

// Whether a node may take long enough for a cancelled run to be noticed in front of it.
bool is_heavy(const jit::Node *node) {
    static const char *const parts[] = {"matmul", "linear", "conv", "mha", "attention", "einsum", "bmm"};
    const char *name = node->kind().toQualString();
    for (const char *part : parts)
        if (strstr(name, part)) return true;
    return false;
}

void insert_checks(jit::Graph &graph, jit::Block *block) {
    const c10::Symbol check = c10::Symbol::fromQualString(CANCEL_CHECK);
    std::vector<jit::Node *> places;
    const bool is_loop = block->owningNode() && block->owningNode()->kind() == c10::prim::Loop;
    if (is_loop) places.push_back(*block->nodes().begin());
    for (jit::Node *node : block->nodes()) {
        for (jit::Block *inner : node->blocks()) insert_checks(graph, inner);
        if (is_heavy(node) && (places.empty() || places.back() != node)) places.push_back(node);
    }
    for (jit::Node *place : places) graph.create(check, {}, 0)->insertBefore(place);
}

} // namespace

void optimize(std::shared_ptr<jit::Graph> &graph, bool is_low) {
    jit::EliminateDeadCode(graph);
    jit::EliminateCommonSubexpression(graph);
    fuse_patterns(graph);
    prepack_weights(graph, is_low);
    jit::EliminateDeadCode(graph);
    // IPEX adds its pass to torch's when it is loaded.
    for (const auto &pass : jit::getCustomPrePasses()) pass.first(graph);
    for (const auto &pass : jit::getCustomPostPasses()) pass.first(graph);
    jit::EliminateDeadCode(graph);
    insert_checks(*graph, graph->block());
}

} // namespace ipex
