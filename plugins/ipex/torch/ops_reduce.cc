// Sums and the like over axes.
#include "torch/ops.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

namespace ipex {

struct Reduction {
    std::vector<int64_t> axes; // Empty: nothing is reduced.
    std::vector<int64_t> dims;
    bool keeps;
};

static Reduction read_reduction(Op &op) {
    Reduction r;
    const int rank = op.rank(0);
    r.keeps = op.integer("keepdims", 1);
    op.constants("axes", 1, r.axes);
    if (r.axes.empty() && !op.integer("noop_with_empty_axes", 0))
        for (int i = 0; i < rank; i++) r.axes.push_back(i);
    std::vector<bool> is_reduced(static_cast<size_t>(rank), false);
    for (int64_t &axis : r.axes) {
        axis = axis_of(axis, rank);
        is_reduced[static_cast<size_t>(axis)] = true;
    }
    for (int i = 0; i < rank; i++) {
        if (!is_reduced[static_cast<size_t>(i)])
            r.dims.push_back(op.in(0).dim(i));
        else if (r.keeps)
            r.dims.push_back(1);
    }
    return r;
}

Value *mean_over(Builder &b, Value *x, const std::vector<int64_t> &axes, bool keeps) {
    return b.emit("aten::mean", {x, b.list(axes), b.constant(keeps)});
}

// One axis at a time, the last first.
static Value *product_over(Builder &b, Value *x, std::vector<int64_t> axes, bool keeps) {
    std::sort(axes.rbegin(), axes.rend());
    for (int64_t axis : axes) x = b.emit("aten::prod", {x, b.integer(axis), b.constant(keeps)});
    return x;
}

static Value *norm_over(Builder &b, Value *x, const Reduction &r, double order) {
    return b.emit("aten::linalg_vector_norm", {x, b.constant(order), b.list(r.axes), b.constant(r.keeps)});
}

static Value *sum_over(Builder &b, Value *x, const Reduction &r, at::ScalarType type) {
    return b.emit("aten::sum", {x, b.list(r.axes), b.constant(r.keeps)}, {b.of_type(type)});
}

static Value *reduce(Op &op, Value *x, const Reduction &r) {
    Builder &b = op.b;
    const std::string_view kind = op.node.op;
    const at::ScalarType type = op.in(0).type;
    if (kind == "ReduceMean") return mean_over(b, x, r.axes, r.keeps);
    if (kind == "ReduceSum") return sum_over(b, x, r, type);
    if (kind == "ReduceSumSquare") return sum_over(b, b.emit("aten::mul", {x, x}), r, type);
    if (kind == "ReduceLogSum") return b.emit("aten::log", {sum_over(b, x, r, type)});
    if (kind == "ReduceMax") return b.emit("aten::amax", {x, b.list(r.axes), b.constant(r.keeps)});
    if (kind == "ReduceMin") return b.emit("aten::amin", {x, b.list(r.axes), b.constant(r.keeps)});
    if (kind == "ReduceLogSumExp") return b.emit("aten::logsumexp", {x, b.list(r.axes), b.constant(r.keeps)});
    if (kind == "ReduceL1") return norm_over(b, x, r, 1);
    if (kind == "ReduceL2") return norm_over(b, x, r, 2);
    return product_over(b, x, r.axes, r.keeps);
}

static void lower_reduction(Op &op) {
    Builder &b = op.b;
    const Reduction r = read_reduction(op);
    Val &x = op.in(0);
    Value *in = b.full(x);
    op.out(b.make(r.axes.empty() ? in : convert_to(b, reduce(op, in, r), x.type), x.type, r.dims));
}

static void lower_cum_sum(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    std::vector<int64_t> axes;
    if (!op.constants("axis", 1, axes) || axes.size() != 1) op.refuse("its axis must be one number");
    Value *axis = b.integer(axis_of(axes[0], op.rank(0))), *whole = b.list(Ints{axis});
    const bool is_reversed = op.integer("reverse", 0);
    Value *in = b.full(x);
    if (is_reversed) in = b.emit("aten::flip", {in, whole});
    Value *out = b.emit("aten::cumsum", {in, axis}, {b.of_type(x.type)});
    if (op.integer("exclusive", 0)) out = b.emit("aten::sub", {out, in});
    if (is_reversed) out = b.emit("aten::flip", {out, whole});
    op.out(b.make(out, x.type, x.dims));
}

OpTable reduce_ops() {
    static const OpRow rows[] = {
        {"ReduceMean", lower_reduction},   {"ReduceSum", lower_reduction},
        {"ReduceMax", lower_reduction},    {"ReduceMin", lower_reduction},
        {"ReduceProd", lower_reduction},   {"ReduceL1", lower_reduction},
        {"ReduceL2", lower_reduction},     {"ReduceSumSquare", lower_reduction},
        {"ReduceLogSum", lower_reduction}, {"ReduceLogSumExp", lower_reduction},
        {"CumSum", lower_cum_sum},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
