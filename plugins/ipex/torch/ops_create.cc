// Tensors from nothing but a shape or a rule.
#include "torch/ops.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

namespace ipex {

static void lower_constant(Op &op) {
    Builder &b = op.b;
    for (const onnx::Attribute &a : op.node.attributes) {
        if (a.name == "value" && a.has_tensor) return op.out(op.lowering.constant(a.tensor));
        if (a.name == "value_float") return op.out(b.from_tensor(at::scalar_tensor(a.number)));
        if (a.name == "value_int") return op.out(b.from_tensor(at::scalar_tensor(a.integer, at::kLong)));
        if (a.name == "value_floats") return op.out(b.from_tensor(at::tensor(a.numbers)));
        if (a.name == "value_ints") return op.out(b.from_tensor(at::tensor(a.integers)));
    }
    op.refuse("its value is of a kind that is not supported");
}

static void lower_constant_of_shape(Op &op) {
    Builder &b = op.b;
    const onnx::Attribute *a = op.attribute("value");
    at::Tensor value = a && a->has_tensor ? op.lowering.tensors.read(a->tensor) : at::zeros({1}, at::kFloat);
    if (value.numel() != 1) op.refuse("its value has %lld elements", static_cast<long long>(value.numel()));
    const at::ScalarType type = value.scalar_type();
    Ints shape;
    const bool is_known = b.ints_of(op.in(0), shape);
    // A short vector of ints is most likely part of a shape computation.
    std::optional<int64_t> n = is_known && shape.size() == 1 ? constant_int(shape[0]) : std::nullopt;
    if (n && *n >= 0 && *n <= AP_TENSOR_MAX_RANK && type == at::kLong) {
        Ints out(static_cast<size_t>(*n), b.integer(value.item().toLong()));
        return op.out(b.from_ints(std::move(out), 1, type));
    }
    Value *number = at::isFloatingType(type) ? b.constant(value.item().toDouble())
                    : type == at::kBool      ? b.constant(value.item().toBool())
                                             : b.constant(value.item().toLong());
    Value *size = is_known ? b.list(shape) : b.list_of(op.in(0));
    Value *out = b.emit("aten::full", {size, number}, {b.of_type(type)});
    if (!is_known) return op.out(b.make_unranked(out, type));
    std::vector<int64_t> dims;
    for (Value *v : shape) dims.push_back(constant_int(v).value_or(ANY));
    op.out(b.make(out, type, std::move(dims)));
}

// A bound of a range as a number of the graph.
static Value *bound(Op &op, size_t i) {
    Builder &b = op.b;
    Ints ints;
    if (!op.in(i).is_float() && b.ints_of(op.in(i), ints) && ints.size() == 1) return ints[0];
    return b.emit("aten::item", {b.full(op.in(i))});
}

static void lower_range(Op &op) {
    Builder &b = op.b;
    const at::ScalarType type = op.in(0).type;
    Value *out = b.emit("aten::arange", {bound(op, 0), bound(op, 1), bound(op, 2)}, {b.of_type(type)});
    std::optional<c10::IValue> value = jit::toIValue(out);
    op.out(b.make(out, type, {value ? value->toTensor().size(0) : ANY}));
}

static void lower_trilu(Op &op) {
    Builder &b = op.b;
    Ints k = {b.integer(0)};
    if (op.has(1) && (!b.ints_of(op.in(1), k) || k.size() != 1)) op.refuse("its k is no number");
    const char *kind = op.integer("upper", 1) ? "aten::triu" : "aten::tril";
    op.out(like(b, b.emit(kind, {b.full(op.in(0)), k[0]}), op.in(0)));
}

// A new axis of `depth` elements, all of them values[0] but the one that the index names, which is values[1];
// an index may count from the end. The comparison is left to the run, because it makes much of little.
static void lower_one_hot(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    const int rank = op.rank(0) + 1, axis = op.axis("axis", -1, rank);
    Ints n;
    if (!b.ints_of(op.in(1), n) || n.size() != 1) op.refuse("its depth is no number");
    Value *values = b.full(op.in(2)), *zero = b.integer(0), *one = b.integer(1);
    Value *index = convert_to(b, b.full(x), at::kLong);
    Value *from_end = b.emit("aten::add", {index, n[0]});
    index = b.emit("aten::where", {b.emit("aten::lt", {index, zero}), from_end, index});
    Value *places = b.emit("aten::arange", {zero, n[0], one}, {b.of_type(at::kLong)});
    Value *is_hot =
        b.emit_random("aten::eq", {b.emit("aten::unsqueeze", {index, b.integer(-1)}), places}, {});
    Value *out = b.emit("aten::where", {is_hot, b.emit("aten::select", {values, zero, one}),
                                        b.emit("aten::select", {values, zero, zero})});
    if (axis != rank - 1) out = b.emit("aten::movedim", {out, b.integer(-1), b.integer(axis)});
    std::vector<int64_t> dims = x.dims;
    dims.insert(dims.begin() + axis, constant_int(n[0]).value_or(ANY));
    op.out(b.make(out, op.in(2).type, std::move(dims)));
}

// Another draw in each run; ONNX gives no seed that runtimes agree on.
static void lower_random_normal_like(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    Value *out = b.emit_random("aten::randn_like", {b.full(x)}, {b.of_type(at::kFloat)});
    out = b.emit("aten::mul", {out, b.constant(op.number("scale", 1))});
    Val v = like(b, b.emit("aten::add", {out, b.constant(op.number("mean", 0))}), x);
    v.type = at::kFloat;
    v.is_low = false;
    op.out(std::move(v));
}

OpTable create_ops() {
    static const OpRow rows[] = {
        {"Constant", lower_constant},
        {"ConstantOfShape", lower_constant_of_shape},
        {"Range", lower_range},
        {"Trilu", lower_trilu},
        {"RandomNormalLike", lower_random_normal_like},
        {"OneHot", lower_one_hot},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
