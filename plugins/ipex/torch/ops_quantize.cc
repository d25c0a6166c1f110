// Quantized tensors. Weights behind DequantizeLinear are made float once, at load; quantized activations are
// computed in float32 on the quantized values.
#include "torch/ops.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

namespace ipex {

// A scale or zero point in the shape in which it goes with x: as it is for one number, along `axis` for a
// vector, repeated along it for blocks.
static Value *along_axis(Op &op, size_t input, const Val &x) {
    Builder &b = op.b;
    Val &v = op.in(input);
    Value *out = convert_to(b, b.full(v), at::kFloat);
    const int64_t block = op.integer("block_size", 0);
    if (v.rank == 0 || (v.rank == 1 && v.dim(0) == 1)) return out;
    const int axis = op.axis("axis", 1, x.rank);
    if (block > 0) return b.emit("aten::repeat_interleave", {out, b.integer(block), b.integer(axis)});
    if (v.rank != 1) op.refuse("with a scale of rank %d", v.rank);
    std::vector<int64_t> shape(static_cast<size_t>(x.rank), 1);
    shape[static_cast<size_t>(axis)] = -1;
    return b.emit("aten::reshape", {out, b.list(shape)});
}

static void lower_dequantize(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    op.rank(0);
    Value *out = convert_to(b, b.full(x), at::kFloat);
    if (op.has(2)) out = b.emit("aten::sub", {out, along_axis(op, 2, x)});
    Val v = like(b, b.emit("aten::mul", {out, along_axis(op, 1, x)}), x);
    v.type = op.in(1).type;
    op.out(std::move(v));
}

struct Range {
    double low, high;
};

// Of what has the type of input `input`, the zero point.
static Range range_of(Op &op, size_t input, at::ScalarType type) {
    if (op.has(input) && op.in(input).has_halves) op.refuse("to ints of four bits");
    if (type == at::kByte) return {0, 255};
    if (type == at::kChar) return {-128, 127};
    op.refuse("to another type than 8-bit ints");
}

static Value *quantize(Builder &b, Value *x, Value *scale, Value *zero, Range range, at::ScalarType type) {
    Value *out = b.emit("aten::round", {b.emit("aten::div", {x, scale})});
    if (zero) out = b.emit("aten::add", {out, zero});
    return convert_to(b, b.emit("aten::clamp", {out, b.constant(range.low), b.constant(range.high)}), type);
}

static void lower_quantize(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    op.rank(0);
    const int named = static_cast<int>(op.integer("output_dtype", onnx::UINT8));
    const at::ScalarType type =
        op.has(2) ? op.in(2).type : type_from_onnx(named ? named : onnx::UINT8, "the result");
    Val out = like(b,
                   quantize(b, b.full(x), along_axis(op, 1, x), op.has(2) ? along_axis(op, 2, x) : nullptr,
                            range_of(op, 2, type), type),
                   x);
    out.type = type;
    out.is_low = false;
    op.out(std::move(out));
}

// Scale and zero point of the whole tensor, so that zero is exact. Source: onnx@1.17 docs/Operators.md.
static void lower_dynamic_quantize(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    Value *in = b.full(x), *zero = b.constant(at::zeros({}, at::kFloat));
    Value *low = b.emit("aten::minimum", {b.emit("aten::min", {in}), zero});
    Value *high = b.emit("aten::maximum", {b.emit("aten::max", {in}), zero});
    Value *scale = b.emit("aten::div", {b.emit("aten::sub", {high, low}), b.constant(255.0)});
    Value *point = b.emit("aten::round", {b.emit("aten::div", {b.emit("aten::neg", {low}), scale})});
    point = b.emit("aten::clamp", {point, b.constant(0.0), b.constant(255.0)});
    Val out = like(b, quantize(b, in, scale, point, {0, 255}, at::kByte), x);
    out.type = at::kByte;
    out.is_low = false;
    op.out(0, std::move(out));
    op.out(1, b.make(scale, at::kFloat, {}));
    op.out(2, b.make(convert_to(b, point, at::kByte), at::kByte, {}));
}

// The operand of an integer product without its zero point, as float.
static Value *centered(Op &op, size_t operand, size_t point) {
    Builder &b = op.b;
    Value *out = convert_to(b, b.full(op.in(operand)), at::kFloat);
    if (!op.has(point)) return out;
    if (op.in(point).rank > 1) op.refuse("with a zero point of rank %d", op.in(point).rank);
    Value *zero = convert_to(b, b.full(op.in(point)), at::kFloat);
    if (operand == 0 && op.in(point).rank == 1) zero = b.emit("aten::unsqueeze", {zero, b.integer(-1)});
    return b.emit("aten::sub", {out, zero});
}

static void lower_matmul_integer(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0), &y = op.in(1);
    Value *left = centered(op, 0, 2), *right = centered(op, 1, 3);
    std::optional<c10::IValue> weight = jit::toIValue(right);
    Value *out =
        weight && weight->toTensor().dim() == 2
            ? b.emit("aten::linear", {left, b.constant(weight->toTensor().t().contiguous()), b.none()})
            : b.emit("aten::matmul", {left, right});
    out = convert_to(b, b.emit("aten::round", {out}), at::kInt);
    if (x.rank < 2 || y.rank != 2) {
        op.out(b.make_unranked(out, at::kInt));
        return;
    }
    std::vector<int64_t> dims = x.dims;
    dims.back() = y.dim(1);
    op.out(b.make(out, at::kInt, std::move(dims)));
}

// The product of two quantized operands, quantized. Their scales are for all of the first, and for all or for
// each column of the second.
static void lower_q_linear_matmul(Op &op) {
    Builder &b = op.b;
    Value *scale = b.emit("aten::mul", {b.full(op.in(1)), b.full(op.in(4))});
    if (op.in(1).rank > 0 && op.in(1).dim(0) != 1) op.refuse("with a scale for each row");
    Value *product = b.emit("aten::matmul", {centered(op, 0, 2), centered(op, 3, 5)});
    product = b.emit("aten::mul", {b.emit("aten::round", {product}), scale});
    const at::ScalarType type = op.in(7).type;
    Value *out = quantize(b, product, b.full(op.in(6)), convert_to(b, b.full(op.in(7)), at::kFloat),
                          range_of(op, 7, type), type);
    Val &x = op.in(0), &y = op.in(3);
    if (x.rank < 2 || y.rank != 2) return op.out(b.make_unranked(out, type));
    std::vector<int64_t> dims = x.dims;
    dims.back() = y.dim(1);
    op.out(b.make(out, type, std::move(dims)));
}

OpTable quantize_ops() {
    static const OpRow rows[] = {
        {"DequantizeLinear", lower_dequantize},
        {"QuantizeLinear", lower_quantize},
        {"DynamicQuantizeLinear", lower_dynamic_quantize},
        {"MatMulInteger", lower_matmul_integer},
        {"QLinearMatMul", lower_q_linear_matmul},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
