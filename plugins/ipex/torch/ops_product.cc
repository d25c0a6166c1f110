// Products of matrices. Those with constant weights become aten::linear, which prepack.cc hands to IPEX.
#include "torch/ops.h"
#include "torch/passes.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

namespace ipex {

static std::vector<int64_t> product_dims(const Val &x, const Val &y) {
    std::vector<int64_t> lead_x(x.dims.begin(), x.dims.end() - 2), lead_y(y.dims.begin(), y.dims.end() - 2);
    std::vector<int64_t> dims = broadcast(lead_x, lead_y);
    dims.push_back(x.dim(x.rank - 2));
    dims.push_back(y.dim(y.rank - 1));
    return dims;
}

Val linear_of(Op &op, Val &x, const at::Tensor &w) {
    Builder &b = op.b;
    const at::Tensor weight = b.is_low ? w.to(at::kBFloat16) : w;
    std::vector<int64_t> dims = x.dims;
    if (dims.back() != ANY && dims.back() != weight.size(1)) op.refuse("its operands do not fit");
    dims.back() = weight.size(0);
    Value *input = b.low(x), *constant = b.constant(weight);
    Val out = b.make(b.emit("aten::linear", {input, constant, b.none()}), at::kFloat, dims);
    out.is_low = b.is_low;
    out.linear_input = input;
    out.linear_weight = constant;
    return out;
}

// x w, with constant w of [in, out]; linear() has it the other way round, and where w came from such a one by
// a Transpose, the two undo each other without a copy.
static bool lower_linear(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    std::optional<at::Tensor> w = b.constant_of(op.in(1));
    if (!w || w->dim() != 2 || !x.is_float() || x.rank < 2 || b.constant_of(x)) return false;
    op.out(linear_of(op, x, w->t()));
    return true;
}

static void lower_matmul(Op &op) {
    Builder &b = op.b;
    if (lower_linear(op)) return;
    Val &x = op.in(0), &y = op.in(1);
    const bool is_low = b.is_low && x.is_float();
    // Numbers by which the operands were multiplied (the 1/sqrt(d) of attention) go behind the product, where
    // IPEX's attention has them.
    const double scale = x.scale * y.scale;
    Val u = x, v = y;
    if (x.unscaled) u.tensor = x.unscaled;
    if (y.unscaled) v.tensor = y.unscaled;
    Value *out = b.emit("aten::matmul", {b.low(u), b.low(v)});
    if (scale != 1) out = b.emit("aten::mul", {out, b.constant(scale)});
    Val result =
        x.rank >= 2 && y.rank >= 2 ? b.make(out, x.type, product_dims(x, y)) : b.make_unranked(out, x.type);
    if (x.rank == 1 && y.rank == 1) result = b.make(out, x.type, {});
    result.is_low = is_low;
    op.out(std::move(result));
}

static Value *scaled(Builder &b, Value *v, double factor) {
    return factor == 1 ? v : b.emit("aten::mul", {v, b.constant(factor)});
}

void lower_gemm(Op &op) {
    Builder &b = op.b;
    const double alpha = op.number("alpha", 1), beta = op.number("beta", 1);
    Val &x = op.in(0), &y = op.in(1);
    Value *left = b.low(x);
    if (op.integer("transA", 0)) left = b.emit("aten::t", {left});
    Value *right = b.low(y); // As linear() has it: [out, in].
    if (!op.integer("transB", 0)) right = b.emit("aten::t", {right});
    std::optional<at::Tensor> bias = op.has(2) ? b.constant_of(op.in(2)) : std::nullopt;
    const bool is_vector = bias && bias->dim() == 1 && alpha == 1 && beta == 1;
    Value *vector = is_vector ? b.low(op.in(2)) : b.none();
    Val out = b.make(b.emit("aten::linear", {left, right, vector}), x.type,
                     {x.rank == 2 ? x.dim(op.integer("transA", 0) ? 1 : 0) : ANY,
                      y.rank == 2 ? y.dim(op.integer("transB", 0) ? 0 : 1) : ANY});
    out.is_low = b.is_low && x.is_float();
    if (!is_vector && (op.has(2) || alpha != 1)) {
        Value *sum = scaled(b, b.full(out), alpha);
        if (op.has(2)) sum = b.emit("aten::add", {sum, scaled(b, b.full(op.in(2)), beta)});
        out.tensor = sum;
        out.is_low = false;
    }
    op.out(std::move(out));
}

// The extents of what "bqc, bchw -> bqhw" gives; without an arrow or with "..." its rank is not followed.
static bool einsum_dims(Op &op, const std::string &equation, std::vector<int64_t> &dims) {
    size_t arrow = equation.find("->");
    if (arrow == std::string::npos || equation.find('.') != std::string::npos) return false;
    std::unordered_map<char, int64_t> extents;
    size_t input = 0;
    int axis = 0;
    for (char c : equation.substr(0, arrow)) {
        if (c == ',') {
            input++;
            axis = 0;
        } else if (c != ' ') {
            const Val &v = op.in(input);
            if (axis >= v.rank) return false;
            extents[c] = v.dim(axis++);
        }
    }
    for (char c : equation.substr(arrow + 2))
        if (c != ' ') dims.push_back(extents.count(c) ? extents[c] : ANY);
    return true;
}

static void lower_einsum(Op &op) {
    Builder &b = op.b;
    const std::string equation = op.text("equation", "");
    std::vector<Value *> operands;
    std::vector<int64_t> dims;
    for (size_t i = 0; i < op.n_inputs(); i++) operands.push_back(b.full(op.in(i)));
    Value *out = b.emit(EINSUM, {b.constant(equation), b.tensors(operands)});
    if (einsum_dims(op, equation, dims))
        op.out(b.make(out, op.in(0).type, dims));
    else if (equation.find("...") != std::string::npos && op.n_inputs() == 2 && op.rank(0) == op.rank(1))
        op.out(b.make(out, op.in(0).type, std::vector<int64_t>(static_cast<size_t>(op.rank(0)), ANY)));
    else
        op.out(b.make_unranked(out, op.in(0).type));
}

OpTable product_ops() {
    static const OpRow rows[] = {
        {"MatMul", lower_matmul},
        {"Gemm", lower_gemm},
        {"Einsum", lower_einsum},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
