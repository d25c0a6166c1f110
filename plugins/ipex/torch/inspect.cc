// What the optimized graph consists of.
#include "torch/passes.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace ipex {

namespace {

// Constants and lists do nothing.
bool is_operator(const jit::Node *node) {
    return node->kind() != c10::prim::Constant && node->kind() != c10::prim::ListConstruct &&
           strcmp(node->kind().toQualString(), CANCEL_CHECK) != 0;
}

void count(const jit::Block *block, std::map<std::string, size_t> &out) {
    for (const jit::Node *node : block->nodes()) {
        if (is_operator(node)) out[node->kind().toQualString()]++;
        for (const jit::Block *inner : node->blocks()) count(inner, out);
    }
}

// IPEX's come first.
bool is_ipex(const std::string &name) { return name.find("ipex") != std::string::npos; }

} // namespace

std::vector<std::string> describe_operators(const jit::Graph &graph) {
    std::map<std::string, size_t> counts;
    count(graph.block(), counts);
    std::vector<std::pair<std::string, size_t>> rows(counts.begin(), counts.end());
    std::stable_sort(rows.begin(), rows.end(), [](const auto &x, const auto &y) {
        if (is_ipex(x.first) != is_ipex(y.first)) return is_ipex(x.first);
        return x.second > y.second;
    });
    std::vector<std::string> out;
    for (const auto &row : rows) out.push_back(row.first + " " + std::to_string(row.second));
    return out;
}

} // namespace ipex
