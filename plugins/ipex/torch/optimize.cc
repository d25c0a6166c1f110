// The passes, in order. None of them knows a shape: the graph serves all of them, and nothing is compiled in
// a run.
#include "torch/passes.h"

#include <torch/csrc/jit/passes/common_subexpression_elimination.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/pass_manager.h>

#include <cstring>
#include <optional>

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

// Puts a node of another kind, with the same inputs, in the place of one.
void rename(jit::Graph &graph, jit::Node *node, const char *kind) {
    jit::Node *made = graph.create(c10::Symbol::fromQualString(kind), node->inputs(), 1);
    made->insertBefore(node);
    made->output()->setType(node->output()->type());
    node->output()->replaceAllUsesWith(made->output());
    node->destroy();
}

struct Renaming {
    const char *from, *to;
};

void rename_all(jit::Graph &graph, jit::Block *block, const std::vector<Renaming> &renamings) {
    for (auto it = block->nodes().begin(); it != block->nodes().end();) {
        jit::Node *node = *it++;
        for (jit::Block *inner : node->blocks()) rename_all(graph, inner, renamings);
        for (const Renaming &r : renamings)
            if (strcmp(node->kind().toQualString(), r.from) == 0) {
                rename(graph, node, r.to);
                break;
            }
    }
}

bool is_linear(const Value *v) {
    return strcmp(v->node()->kind().toQualString(), "ipex_prepack::linear_run") == 0;
}

bool is_sigmoid_of(const Value *v, const Value *x) {
    return v->node()->kind() == c10::aten::sigmoid && v->node()->input(0) == x;
}

// IPEX 2.8 joins a product with the multiplication behind it (linear_mul_run), and gives wrong numbers where
// the factor has another shape than the product. What it does not know it leaves alone.
void hide_products(jit::Graph &graph, jit::Block *block) {
    for (auto it = block->nodes().begin(); it != block->nodes().end();) {
        jit::Node *node = *it++;
        for (jit::Block *inner : node->blocks()) hide_products(graph, inner);
        if (node->kind() != c10::aten::mul || node->inputs().size() != 2) continue;
        const Value *x = node->input(0), *y = node->input(1);
        const bool are_tensors = x->type()->isSubtypeOf(*c10::TensorType::get()) &&
                                 y->type()->isSubtypeOf(*c10::TensorType::get());
        if (are_tensors && (is_linear(x) || is_linear(y)) && !is_sigmoid_of(y, x) && !is_sigmoid_of(x, y))
            rename(graph, node, "accelpipe_ipex::mul");
    }
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

// IPEX's part. It adds its passes to torch's when it is loaded.
static void apply_ipex(std::shared_ptr<jit::Graph> &graph, bool is_low) {
    // Its pass for bmm asks for extents that are not known; matmul is the same.
    rename_all(*graph, graph->block(), {{"aten::bmm", "aten::matmul"}});
    prepack_weights(graph, is_low);
    jit::EliminateDeadCode(graph);
    hide_products(*graph, graph->block());
    for (const auto &pass : jit::getCustomPrePasses()) pass.first(graph);
    for (const auto &pass : jit::getCustomPostPasses()) pass.first(graph);
    rename_all(*graph, graph->block(),
               {{"accelpipe_ipex::mul", "aten::mul"},
                {"ipex::mha_scores_calc", "accelpipe_ipex::mha_scores_calc"},
                {"ipex::mha_scores_calc_v2", "accelpipe_ipex::mha_scores_calc_v2"}});
}

void optimize(std::shared_ptr<jit::Graph> &graph, bool is_low) {
    jit::EliminateDeadCode(graph);
    jit::EliminateCommonSubexpression(graph);
    fuse_patterns(graph);
    std::shared_ptr<jit::Graph> before = graph->copy();
    try {
        apply_ipex(graph, is_low);
    } catch (const std::bad_optional_access &) {
        // A filter of IPEX's took a shape for known. The graph runs without its operators.
        graph = before;
    }
    jit::EliminateDeadCode(graph);
    insert_checks(*graph, graph->block());
}

} // namespace ipex
