// Lowering an ONNX graph to a TorchScript graph: one function for each operator, in tables by group.
#pragma once

#include "torch/graph.h"

#include <unordered_map>

namespace ipex {

class Lowering;

// A node that is being lowered: its inputs, attributes and outputs.
class Op {
  public:
    Op(Lowering &l, const onnx::Node &n);

    Lowering &lowering;
    Builder &b;
    const onnx::Node &node;

    size_t n_inputs() const { return node.inputs.size(); }
    bool has(size_t i) const { return i < node.inputs.size() && !node.inputs[i].empty(); }
    Val &in(size_t i);
    void out(size_t i, Val v);
    void out(Val v) { out(0, std::move(v)); }
    bool wants(size_t i) const { return i < node.outputs.size() && !node.outputs[i].empty(); }

    const onnx::Attribute *attribute(std::string_view name) const;
    int64_t integer(std::string_view name, int64_t absent) const;
    double number(std::string_view name, double absent) const;
    std::string text(std::string_view name, std::string_view absent) const;
    std::vector<int64_t> integers(std::string_view name) const; // Empty when absent.

    // What older opsets have as an attribute and newer ones as an input; false when neither is there. It must
    // be constant.
    bool constants(std::string_view name, size_t input, std::vector<int64_t> &out);

    int64_t opset() const;
    int rank(size_t i); // Throws AP_EUNSUPPORTED when it is not known.
    int axis(std::string_view name, int64_t absent, int rank) const;

    // AP_EUNSUPPORTED, naming operator, node and reason.
    [[noreturn]] void refuse(const char *fmt, ...) const AP_PRINTF(2, 3);
};

using LowerFn = void (*)(Op &);

struct OpRow {
    const char *name;
    LowerFn lower;
};

struct OpTable {
    const OpRow *rows;
    size_t n;
};

// The groups, one file each.
OpTable arithmetic_ops();
OpTable logic_ops();
OpTable unary_ops();
OpTable product_ops();
OpTable shape_ops();
OpTable slice_ops();
OpTable index_ops();
OpTable reduce_ops();
OpTable normalize_ops();
OpTable convolution_ops();
OpTable picture_ops();
OpTable quantize_ops();
OpTable control_ops();
OpTable create_ops();
OpTable attention_ops();
OpTable contrib_ops(); // Of the domain com.microsoft.

class Lowering {
  public:
    Lowering(Builder &builder, TensorReader &reader, int64_t version)
        : b(builder), tensors(reader), opset(version) {}

    // The nodes of a graph, its initializers first; names of the graphs around it are seen.
    void lower(const onnx::Graph &graph);

    // A graph in a block of its own: what it adds is not seen outside.
    void push() { scopes.emplace_back(); }
    void pop() { scopes.pop_back(); }

    Val constant(const onnx::Tensor &tensor);
    Val &find(std::string_view name);
    void define(std::string_view name, Val v);

    Builder &b;
    TensorReader &tensors;
    const int64_t opset;

  private:
    void lower_node(const onnx::Node &node);

    using Scope = std::unordered_map<std::string_view, Val>;
    std::vector<Scope> scopes;
};

// Whether the lowering can compute this op element by element on shapes; used by the groups.
std::string printable(std::string_view text);

} // namespace ipex
