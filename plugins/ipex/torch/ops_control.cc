// If and Loop, whose bodies become blocks of the graph.
#include "torch/ops.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/ir.h>

namespace ipex {

static const onnx::Graph &body_of(Op &op, const char *name) {
    const onnx::Attribute *a = op.attribute(name);
    if (!a || !a->graph)
        fail(AP_EFORMAT, "operator %s (node \"%s\") has no %s", printable(op.node.op).c_str(),
             printable(op.node.name).c_str(), name);
    return *a->graph;
}

// -- If -----------------------------------------------------------------------------------------------------

// A branch that is always taken is part of the graph around it.
static void lower_branch_inline(Op &op, const onnx::Graph &graph) {
    op.lowering.push();
    op.lowering.lower(graph);
    std::vector<Val> results;
    for (const onnx::Value &v : graph.outputs) results.push_back(op.lowering.find(v.name));
    op.lowering.pop();
    for (size_t i = 0; i < results.size(); i++) op.out(i, std::move(results[i]));
}

static std::vector<Val> lower_branch(Op &op, jit::Node *node, const onnx::Graph &graph) {
    jit::Block *block = node->addBlock();
    jit::WithInsertPoint guard(block);
    std::vector<Val> results;
    op.lowering.push();
    op.lowering.lower(graph);
    for (const onnx::Value &v : graph.outputs) {
        Val result = op.lowering.find(v.name);
        block->registerOutput(op.b.full(result));
        result.is_low = false;
        results.push_back(std::move(result));
    }
    op.lowering.pop();
    return results;
}

// What holds of both branches.
static Val merge(Builder &b, Value *tensor, const Val &x, const Val &y) {
    if (x.rank < 0 || x.rank != y.rank) return b.make_unranked(tensor, x.type);
    std::vector<int64_t> dims = x.dims;
    for (size_t i = 0; i < dims.size(); i++)
        if (dims[i] != y.dims[i]) dims[i] = ANY;
    return b.make(tensor, x.type, std::move(dims));
}

static void lower_if(Op &op) {
    Builder &b = op.b;
    const onnx::Graph &yes = body_of(op, "then_branch"), &no = body_of(op, "else_branch");
    if (std::optional<double> known = b.number_of(op.in(0)))
        return lower_branch_inline(op, *known != 0 ? yes : no);
    const size_t n = op.node.outputs.size();
    if (yes.outputs.size() != n || no.outputs.size() != n) fail(AP_EFORMAT, "the branches of an If differ");
    Value *condition = b.emit("aten::Bool", {b.full(op.in(0))});
    jit::Node *node = b.graph->insertNode(b.graph->create(c10::prim::If, {condition}, n));
    std::vector<Val> x = lower_branch(op, node, yes), y = lower_branch(op, node, no);
    for (size_t i = 0; i < n; i++) {
        node->outputs()[i]->setType(c10::TensorType::get());
        op.out(i, merge(b, node->outputs()[i], x[i], y[i]));
    }
}

// -- Loop ---------------------------------------------------------------------------------------------------

static void check_loop(Op &op, const onnx::Graph &body) {
    const size_t n_carried = op.n_inputs() < 2 ? 0 : op.n_inputs() - 2;
    if (body.inputs.size() != n_carried + 2 || body.outputs.size() != n_carried + 1 ||
        op.node.outputs.size() > n_carried)
        op.refuse("that collects a value in each step");
}

// The values that one step gives to the next may change in shape; only the rank is kept.
static Val carried(Builder &b, Value *tensor, const Val &x) {
    return x.rank < 0 ? b.make_unranked(tensor, x.type)
                      : b.make(tensor, x.type, std::vector<int64_t>(static_cast<size_t>(x.rank), ANY));
}

static void lower_loop_body(Op &op, jit::Node *node, const onnx::Graph &body) {
    Builder &b = op.b;
    jit::Block *block = node->addBlock();
    jit::WithInsertPoint guard(block);
    op.lowering.push();
    Value *step = block->addInput()->setType(c10::IntType::get());
    op.lowering.define(body.inputs[0].name, b.from_ints({step}, 0, at::kLong));
    op.lowering.define(body.inputs[1].name, b.from_tensor(at::scalar_tensor(true, at::kBool)));
    for (size_t i = 2; i < body.inputs.size(); i++) {
        Value *in = block->addInput()->setType(c10::TensorType::get());
        op.lowering.define(body.inputs[i].name, carried(b, in, op.in(i)));
    }
    op.lowering.lower(body);
    block->registerOutput(b.emit("aten::Bool", {b.full(op.lowering.find(body.outputs[0].name))}));
    for (size_t i = 1; i < body.outputs.size(); i++)
        block->registerOutput(b.full(op.lowering.find(body.outputs[i].name)));
    op.lowering.pop();
}

static void lower_loop(Op &op) {
    Builder &b = op.b;
    const onnx::Graph &body = body_of(op, "body");
    check_loop(op, body);
    Value *most = op.has(0) ? b.emit("aten::Int", {b.full(op.in(0))}) : b.integer(INT64_MAX);
    Value *goes_on = op.has(1) ? b.emit("aten::Bool", {b.full(op.in(1))}) : b.constant(true);
    std::vector<Value *> inputs = {most, goes_on};
    for (size_t i = 2; i < op.n_inputs(); i++) inputs.push_back(b.full(op.in(i)));
    const size_t n = inputs.size() - 2;
    jit::Node *node = b.graph->insertNode(b.graph->create(c10::prim::Loop, inputs, n));
    lower_loop_body(op, node, body);
    for (size_t i = 0; i < n; i++) {
        node->outputs()[i]->setType(c10::TensorType::get());
        op.out(i, carried(b, node->outputs()[i], op.in(i + 2)));
    }
}

OpTable control_ops() {
    static const OpRow rows[] = {
        {"If", lower_if},
        {"Loop", lower_loop},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
