// Comparisons, logic, and choosing by them.
#include "torch/ops.h"

namespace ipex {

struct Comparison {
    const char *name, *op;
};

static const Comparison COMPARISONS[] = {
    {"Equal", "aten::eq"},      {"Less", "aten::lt"},           {"LessOrEqual", "aten::le"},
    {"Greater", "aten::gt"},    {"GreaterOrEqual", "aten::ge"}, {"And", "aten::logical_and"},
    {"Or", "aten::logical_or"}, {"Xor", "aten::logical_xor"},
};

static void lower_comparison(Op &op) {
    Builder &b = op.b;
    for (const Comparison &c : COMPARISONS) {
        if (op.node.op != c.name) continue;
        const bool is_order = strncmp(c.op, "aten::logical", 13) != 0 && op.in(0).type != at::kBool;
        if (is_order && lower_ints(op, c.op, true)) return;
        op.out(broadcast_result(op, b.emit(c.op, {b.full(op.in(0)), b.full(op.in(1))}), at::kBool));
    }
}

static void lower_bitwise(Op &op, const char *kind) {
    Builder &b = op.b;
    op.out(broadcast_result(op, b.emit(kind, {b.full(op.in(0)), b.full(op.in(1))}), op.in(0).type));
}

static void lower_bitwise_and(Op &op) { lower_bitwise(op, "aten::bitwise_and"); }
static void lower_bitwise_or(Op &op) { lower_bitwise(op, "aten::bitwise_or"); }
static void lower_bitwise_xor(Op &op) { lower_bitwise(op, "aten::bitwise_xor"); }

static void lower_not(Op &op) {
    Builder &b = op.b;
    op.out(like(b, b.emit("aten::logical_not", {b.full(op.in(0))}), op.in(0)));
}

// On ints: y + c (x - y), with c of 0 or 1.
static bool lower_where_ints(Op &op) {
    Builder &b = op.b;
    std::vector<Ints> in;
    if (!all_ints(op, in)) return false;
    const size_t n = std::max({in[0].size(), in[1].size(), in[2].size()});
    Ints out;
    for (size_t i = 0; i < n; i++) {
        Value *v[3];
        for (size_t k = 0; k < 3; k++) {
            if (in[k].size() != n && in[k].size() != 1) return false;
            v[k] = in[k][in[k].size() == 1 ? 0 : i];
        }
        if (std::optional<int64_t> c = constant_int(v[0])) {
            out.push_back(*c ? v[1] : v[2]);
            continue;
        }
        Value *weight = b.emit("aten::Int", {v[0]});
        out.push_back(
            b.int_op("aten::add", v[2], b.int_op("aten::mul", weight, b.int_op("aten::sub", v[1], v[2]))));
    }
    int rank = std::max({op.in(0).rank, op.in(1).rank, op.in(2).rank});
    op.out(b.from_ints(std::move(out), rank, op.in(1).type));
    return true;
}

static void lower_where(Op &op) {
    Builder &b = op.b;
    if (lower_where_ints(op)) return;
    Val &x = op.in(1), &y = op.in(2);
    Value *out = b.emit("aten::where", {b.full(op.in(0)), b.full(x), b.full(y)});
    op.out(broadcast_result(op, out, x.type));
}

static void lower_is_nan(Op &op) {
    Builder &b = op.b;
    Val out = like(b, b.emit("aten::isnan", {b.as_is(op.in(0))}), op.in(0));
    out.type = at::kBool;
    out.is_low = false;
    op.out(std::move(out));
}

static void lower_is_inf(Op &op) {
    Builder &b = op.b;
    const bool positive = op.integer("detect_positive", 1), negative = op.integer("detect_negative", 1);
    if (!positive && !negative) op.refuse("that detects neither sign");
    const char *kind = positive && negative ? "aten::isinf" : positive ? "aten::isposinf" : "aten::isneginf";
    Val out = like(b, b.emit(kind, {b.full(op.in(0))}), op.in(0));
    out.type = at::kBool;
    out.is_low = false;
    op.out(std::move(out));
}

OpTable logic_ops() {
    static const OpRow rows[] = {
        {"Equal", lower_comparison},
        {"Less", lower_comparison},
        {"LessOrEqual", lower_comparison},
        {"Greater", lower_comparison},
        {"GreaterOrEqual", lower_comparison},
        {"And", lower_comparison},
        {"Or", lower_comparison},
        {"Xor", lower_comparison},
        {"BitwiseAnd", lower_bitwise_and},
        {"BitwiseOr", lower_bitwise_or},
        {"BitwiseXor", lower_bitwise_xor},
        {"Not", lower_not},
        {"Where", lower_where},
        {"IsNaN", lower_is_nan},
        {"IsInf", lower_is_inf},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
