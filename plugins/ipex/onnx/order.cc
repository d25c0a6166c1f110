#include "onnx/order.h"

#include "onnx/failure.h"

#include <queue>
#include <unordered_map>
#include <unordered_set>

namespace ipex::onnx {

namespace {

using Producers = std::unordered_map<std::string_view, size_t>;
using Names = std::unordered_set<std::string_view>;

// What a graph takes from those around it: names that it uses and does not give itself.
void add_outer_names(Names &out, const Graph &graph) {
    Names used, own;
    for (const Value &value : graph.inputs) own.insert(value.name);
    for (const Tensor &tensor : graph.initializers) own.insert(tensor.name);
    for (const Value &value : graph.outputs) used.insert(value.name);
    for (const Node &node : graph.nodes) {
        own.insert(node.outputs.begin(), node.outputs.end());
        used.insert(node.inputs.begin(), node.inputs.end());
        for (const Attribute &attribute : node.attributes)
            if (attribute.graph) add_outer_names(used, *attribute.graph);
    }
    for (std::string_view name : used)
        if (!own.count(name)) out.insert(name);
}

class Order {
  public:
    explicit Order(const Graph &g) : graph(g) {
        for (size_t i = 0; i < g.nodes.size(); i++)
            for (std::string_view name : g.nodes[i].outputs)
                if (!name.empty()) producers.emplace(name, i);
    }

    bool is_kept() {
        bool kept = true;
        for (size_t i = 0; i < graph.nodes.size() && kept; i++)
            visit_producers(graph.nodes[i], [&](size_t producer) { kept = kept && producer < i; });
        return kept;
    }

    // Of those that can be computed next, always the first.
    std::vector<const Node *> sort() {
        const size_t n = graph.nodes.size();
        std::vector<std::vector<size_t>> users(n);
        std::vector<size_t> n_waits(n, 0);
        std::priority_queue<size_t, std::vector<size_t>, std::greater<size_t>> ready;
        std::vector<const Node *> out;
        for (size_t i = 0; i < n; i++) {
            visit_producers(graph.nodes[i], [&](size_t producer) {
                users[producer].push_back(i);
                n_waits[i]++;
            });
            if (!n_waits[i]) ready.push(i);
        }
        while (!ready.empty()) {
            const size_t i = ready.top();
            ready.pop();
            out.push_back(&graph.nodes[i]);
            for (size_t user : users[i])
                if (!--n_waits[user]) ready.push(user);
        }
        if (out.size() != n) fail(AP_EFORMAT, "nodes of the model take each other's results in a circle");
        return out;
    }

  private:
    template <class Visit> void visit_producers(const Node &node, const Visit &visit) {
        Names taken(node.inputs.begin(), node.inputs.end());
        for (const Attribute &attribute : node.attributes)
            if (attribute.graph) add_outer_names(taken, *attribute.graph);
        for (std::string_view name : taken) {
            auto found = producers.find(name);
            if (found != producers.end()) visit(found->second);
        }
    }

    const Graph &graph;
    Producers producers;
};

} // namespace

std::vector<const Node *> in_order(const Graph &graph) {
    Order order(graph);
    if (!order.is_kept()) return order.sort();
    std::vector<const Node *> out;
    for (const Node &node : graph.nodes) out.push_back(&node);
    return out;
}

} // namespace ipex::onnx
