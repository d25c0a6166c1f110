// Operators of one tensor, element by element.
#include "torch/ops.h"

#include <ATen/ATen.h>

namespace ipex {

struct Unary {
    const char *name, *op;
    bool keeps_low; // Computed in bfloat16 where its input is.
};

static const Unary UNARY[] = {
    {"Abs", "aten::abs", true},
    {"Neg", "aten::neg", true},
    {"Relu", "aten::relu", true},
    {"Tanh", "aten::tanh", true},
    {"Sigmoid", "aten::sigmoid", true},
    {"Erf", "aten::erf", true},
    {"HardSwish", "aten::hardswish", true},
    {"Mish", "aten::mish", true},
    {"Sqrt", "aten::sqrt", false},
    {"Exp", "aten::exp", false},
    {"Log", "aten::log", false},
    {"Sin", "aten::sin", false},
    {"Cos", "aten::cos", false},
    {"Tan", "aten::tan", false},
    {"Asin", "aten::asin", false},
    {"Acos", "aten::acos", false},
    {"Atan", "aten::atan", false},
    {"Sinh", "aten::sinh", false},
    {"Cosh", "aten::cosh", false},
    {"Asinh", "aten::asinh", false},
    {"Acosh", "aten::acosh", false},
    {"Atanh", "aten::atanh", false},
    {"Ceil", "aten::ceil", false},
    {"Floor", "aten::floor", false},
    {"Round", "aten::round", false},
    {"Sign", "aten::sign", false},
    {"Reciprocal", "aten::reciprocal", false},
    {"Selu", "aten::selu", false},
    {"BitwiseNot", "aten::bitwise_not", false},
};

static bool negate_ints(Op &op) {
    std::vector<Ints> in;
    if (!all_ints(op, in)) return false;
    for (Value *&v : in[0]) v = op.b.emit("aten::neg", {v});
    op.out(op.b.from_ints(std::move(in[0]), op.in(0).rank, op.in(0).type));
    return true;
}

static void lower_unary(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    if (op.node.op == "Neg" && negate_ints(op)) return;
    for (const Unary &row : UNARY) {
        if (op.node.op != row.name) continue;
        Val out = like(b, b.emit(row.op, {row.keeps_low ? b.as_is(x) : b.full(x)}), x);
        out.is_low = x.is_low && row.keeps_low;
        op.out(std::move(out));
    }
}

static void lower_identity(Op &op) {
    Val v = op.in(0);
    op.out(std::move(v));
}

static void lower_dropout(Op &op) {
    if (op.wants(1)) op.refuse("its mask is wanted");
    lower_identity(op);
}

static void lower_softplus(Op &op) {
    Builder &b = op.b;
    op.out(like(b, b.emit("aten::softplus", {b.full(op.in(0)), b.constant(1.0), b.constant(1e9)}), op.in(0)));
}

static void lower_elu(Op &op) {
    Builder &b = op.b;
    Value *alpha = b.constant(op.number("alpha", 1));
    op.out(
        like(b, b.emit("aten::elu", {b.as_is(op.in(0)), alpha, b.constant(1.0), b.constant(1.0)}), op.in(0)));
}

static void lower_leaky_relu(Op &op) {
    Builder &b = op.b;
    op.out(like(b, b.emit("aten::leaky_relu", {b.as_is(op.in(0)), b.constant(op.number("alpha", 0.01))}),
                op.in(0)));
}

static void lower_hard_sigmoid(Op &op) {
    Builder &b = op.b;
    Value *scaled = b.emit("aten::mul", {b.full(op.in(0)), b.constant(op.number("alpha", 0.2))});
    Value *moved = b.emit("aten::add", {scaled, b.constant(op.number("beta", 0.5))});
    op.out(broadcast_result(op, b.emit("aten::clamp", {moved, b.constant(0.0), b.constant(1.0)}),
                            op.in(0).type));
}

static void lower_gelu(Op &op) {
    Builder &b = op.b;
    op.out(like(b,
                b.emit("aten::gelu", {b.as_is(op.in(0))},
                       {NamedValue("approximate", b.constant(op.text("approximate", "none")))}),
                op.in(0)));
}

static void lower_celu(Op &op) {
    Builder &b = op.b;
    op.out(like(b, b.emit("aten::celu", {b.as_is(op.in(0)), b.constant(op.number("alpha", 1))}), op.in(0)));
}

// Without a factor it is silu(x).
void lower_sigmoid_product(Op &op, double standard_alpha) {
    Builder &b = op.b;
    const double alpha = op.number("alpha", standard_alpha);
    Value *x = b.as_is(op.in(0));
    Value *scaled = alpha == 1 ? x : b.emit("aten::mul", {x, b.constant(alpha)});
    op.out(like(b, b.emit("aten::mul", {x, b.emit("aten::sigmoid", {scaled})}), op.in(0)));
}

static void lower_swish(Op &op) { lower_sigmoid_product(op, 1); }

static void lower_softsign(Op &op) {
    Builder &b = op.b;
    Value *x = b.full(op.in(0));
    Value *below = b.emit("aten::add", {b.emit("aten::abs", {x}), b.constant(1.0)});
    Val out = like(b, b.emit("aten::div", {x, below}), op.in(0));
    out.is_low = false;
    op.out(std::move(out));
}

static void lower_thresholded_relu(Op &op) {
    Builder &b = op.b;
    Value *alpha = b.constant(op.number("alpha", 1));
    op.out(like(b, b.emit("aten::threshold", {b.as_is(op.in(0)), alpha, b.constant(0.0)}), op.in(0)));
}

static void lower_prelu(Op &op) {
    Builder &b = op.b;
    Value *x = b.full(op.in(0)), *zero = b.constant(at::zeros({}, at::kFloat));
    Value *negative = b.emit("aten::mul", {x, b.full(op.in(1))});
    Value *is_negative = b.emit("aten::lt", {x, zero});
    op.out(broadcast_result(op, b.emit("aten::where", {is_negative, negative, x}), op.in(0).type));
}

// -- types --------------------------------------------------------------------------------------------------

// Between ints and bools, numbers of a shape computation stay such.
static bool cast_ints(Op &op, at::ScalarType to) {
    Val &x = op.in(0);
    if (!x.has_ints || (to != at::kLong && to != at::kInt)) return false;
    Ints out;
    for (Value *v : x.ints) out.push_back(x.type == at::kBool ? op.b.emit("aten::Int", {v}) : v);
    op.out(op.b.from_ints(std::move(out), x.rank, to));
    return true;
}

static void lower_cast_to(Op &op, at::ScalarType to) {
    Builder &b = op.b;
    Val &x = op.in(0);
    if (x.type == to) return lower_identity(op);
    if (cast_ints(op, to)) return;
    Val out = like(b, convert_to(b, b.full(x), to), x);
    out.type = to;
    out.is_low = false;
    op.out(std::move(out));
}

static void lower_cast(Op &op) {
    lower_cast_to(op, type_from_onnx(static_cast<int>(op.integer("to", 0)), op.node.name));
}

static void lower_cast_like(Op &op) { lower_cast_to(op, op.in(1).type); }

// -- limits -------------------------------------------------------------------------------------------------

// A limit as a number, as a tensor, or none.
static Value *limit(Op &op, const char *name, size_t input, bool &is_tensor) {
    Builder &b = op.b;
    if (op.attribute(name)) return b.constant(op.number(name, 0));
    if (!op.has(input)) return b.none();
    std::optional<double> n = b.number_of(op.in(input));
    if (!n) {
        is_tensor = true;
        return b.full(op.in(input));
    }
    return op.in(input).is_float() ? b.constant(*n)
                                   : b.constant(b.constant_of(op.in(input))->item().toLong());
}

static void lower_clip(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    bool is_tensor = false;
    Value *low = limit(op, "min", 1, is_tensor), *high = limit(op, "max", 2, is_tensor);
    Value *out = b.full(x);
    if (!is_tensor) {
        out = b.emit("aten::clamp", {out, low, high});
    } else {
        if (op.has(1)) out = b.emit("aten::maximum", {out, b.full(op.in(1))});
        if (op.has(2)) out = b.emit("aten::minimum", {out, b.full(op.in(2))});
    }
    Val v = like(b, out, x);
    v.is_low = false;
    op.out(std::move(v));
}

OpTable unary_ops() {
    static std::vector<OpRow> rows = [] {
        std::vector<OpRow> out = {
            {"Identity", lower_identity},
            {"Dropout", lower_dropout},
            {"Softplus", lower_softplus},
            {"Elu", lower_elu},
            {"LeakyRelu", lower_leaky_relu},
            {"Gelu", lower_gelu},
            {"PRelu", lower_prelu},
            {"HardSigmoid", lower_hard_sigmoid},
            {"Celu", lower_celu},
            {"Swish", lower_swish},
            {"Softsign", lower_softsign},
            {"ThresholdedRelu", lower_thresholded_relu},
            {"Cast", lower_cast},
            {"CastLike", lower_cast_like},
            {"Clip", lower_clip},
        };
        for (const Unary &row : UNARY) out.push_back({row.name, lower_unary});
        return out;
    }();
    return {rows.data(), rows.size()};
}

} // namespace ipex
