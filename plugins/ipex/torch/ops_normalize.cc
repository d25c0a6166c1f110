// Softmax and the normalizations. They are computed in float32 in any case, but for the softmax of attention.
#include "torch/ops.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

namespace ipex {

static void lower_softmax(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    const int rank = op.rank(0), axis = op.axis("axis", op.opset() < 13 ? 1 : -1, rank);
    if (op.opset() < 13 && axis != rank - 1)
        op.refuse("of opset %lld over more than the last axis", static_cast<long long>(op.opset()));
    const char *kind = op.node.op == "Softmax" ? "aten::softmax" : "aten::log_softmax";
    op.out(like(b, b.emit(kind, {b.as_is(x), b.integer(axis == rank - 1 ? -1 : axis), b.none()}), x));
}

static void lower_layer_norm(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0), &scale = op.in(1);
    const int rank = op.rank(0), axis = op.axis("axis", -1, rank);
    if (op.wants(1) || op.wants(2)) op.refuse("its mean or deviation is wanted");
    Ints shape;
    for (int i = axis; i < rank; i++) {
        const int k = i - axis;
        const bool is_given = scale.rank == rank - axis && scale.dim(k) != ANY;
        shape.push_back(is_given ? b.integer(scale.dim(k)) : b.size(x, i));
    }
    Value *out = b.emit("aten::layer_norm",
                        {b.full(x), b.list(shape), b.full(scale), op.has(2) ? b.full(op.in(2)) : b.none(),
                         b.constant(op.number("epsilon", 1e-5)), b.constant(false)});
    op.out(b.make(out, x.type, x.dims));
}

Val rms_norm(Op &op, Val &x, Val &scale, int axis, double epsilon) {
    Builder &b = op.b;
    std::vector<int64_t> axes;
    for (int i = axis; i < x.rank; i++) axes.push_back(i);
    Value *in = b.full(x);
    Value *mean = mean_over(b, b.emit("aten::mul", {in, in}), axes, true);
    Value *factor = b.emit("aten::rsqrt", {b.emit("aten::add", {mean, b.constant(epsilon)})});
    Value *out = b.emit("aten::mul", {b.emit("aten::mul", {in, factor}), b.full(scale)});
    return b.make(out, x.type, x.dims);
}

static void lower_rms_norm(Op &op) {
    const int axis = op.axis("axis", -1, op.rank(0));
    if (op.wants(1)) op.refuse("its deviation is wanted");
    op.out(rms_norm(op, op.in(0), op.in(1), axis, op.number("epsilon", 1e-5)));
}

static void lower_batch_norm(Op &op) {
    Builder &b = op.b;
    if (op.integer("training_mode", 0)) op.refuse("in training mode");
    Value *out =
        b.emit("aten::batch_norm", {b.full(op.in(0)), b.full(op.in(1)), b.full(op.in(2)), b.full(op.in(3)),
                                    b.full(op.in(4)), b.constant(false), b.constant(0.0),
                                    b.constant(op.number("epsilon", 1e-5)), b.constant(false)});
    Val v = like(b, out, op.in(0));
    v.is_low = false;
    op.out(std::move(v));
}

static void lower_instance_norm(Op &op) {
    Builder &b = op.b;
    Value *none = b.none();
    Value *out = b.emit("aten::instance_norm",
                        {b.full(op.in(0)), b.full(op.in(1)), b.full(op.in(2)), none, none, b.constant(true),
                         b.constant(0.0), b.constant(op.number("epsilon", 1e-5)), b.constant(false)});
    Val v = like(b, out, op.in(0));
    v.is_low = false;
    op.out(std::move(v));
}

static void lower_group_norm(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    const int64_t n_groups = op.integer("num_groups", 1);
    if (op.opset() < 21)
        op.refuse("of opset %lld, with one scale for each group", static_cast<long long>(op.opset()));
    Value *out =
        b.emit("aten::group_norm", {b.full(x), b.integer(n_groups), b.full(op.in(1)), b.full(op.in(2)),
                                    b.constant(op.number("epsilon", 1e-5)), b.constant(false)});
    Val v = like(b, out, x);
    v.is_low = false;
    op.out(std::move(v));
}

static void lower_lp_norm(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    const int axis = op.axis("axis", -1, op.rank(0));
    Value *in = b.full(x);
    Value *norm = b.emit("aten::linalg_vector_norm", {in, b.constant(static_cast<double>(op.integer("p", 2))),
                                                      b.list(std::vector<int64_t>{axis}), b.constant(true)});
    op.out(b.make(b.emit("aten::div", {in, norm}), x.type, x.dims));
}

OpTable normalize_ops() {
    static const OpRow rows[] = {
        {"Softmax", lower_softmax},
        {"LogSoftmax", lower_softmax},
        {"LayerNormalization", lower_layer_norm},
        {"BatchNormalization", lower_batch_norm},
        {"InstanceNormalization", lower_instance_norm},
        {"GroupNormalization", lower_group_norm},
        {"LpNormalization", lower_lp_norm},
        {"RMSNormalization", lower_rms_norm},
        {"SimplifiedLayerNormalization", lower_rms_norm}, // ONNX Runtime's name, in ONNX's domain.
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
