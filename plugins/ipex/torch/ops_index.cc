// Reading and writing elements by index, sorting, and finding.
#include "torch/ops.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

namespace ipex {

// -- Gather -------------------------------------------------------------------------------------------------

// Of a shape, by constant indices.
static bool gather_ints(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0), &at = op.in(1);
    std::vector<int64_t> indices;
    if (!x.has_ints || x.rank != 1 || at.rank < 0 || at.rank > 1 || !b.constants_of(at, indices))
        return false;
    Ints out;
    const int64_t n = static_cast<int64_t>(x.ints.size());
    for (int64_t i : indices) {
        if (i < -n || i >= n)
            fail(AP_EFORMAT, "the model asks for axis %lld of rank %lld", static_cast<long long>(i),
                 static_cast<long long>(n));
        out.push_back(x.ints[static_cast<size_t>(i < 0 ? i + n : i)]);
    }
    op.out(b.from_ints(std::move(out), at.rank, x.type));
    return true;
}

// int[] of optional tensors: none for the axes before.
static Value *index_list(Builder &b, int n_before, const std::vector<Value *> &indices) {
    const auto type = c10::OptionalType::create(c10::TensorType::get());
    std::vector<Value *> elements(static_cast<size_t>(n_before), nullptr);
    for (Value *&e : elements) e = b.none();
    elements.insert(elements.end(), indices.begin(), indices.end());
    return b.graph->insertNode(b.graph->createList(type, elements))->output();
}

// One index takes the axis away.
static bool gather_one(Op &op, int axis) {
    Builder &b = op.b;
    Val &x = op.in(0);
    Ints index;
    if (op.in(1).rank != 0 || !(op.in(1).has_ints || b.constant_of(op.in(1))) || !b.ints_of(op.in(1), index))
        return false;
    std::vector<int64_t> dims = x.dims;
    dims.erase(dims.begin() + axis);
    Val out =
        b.make(b.emit("aten::select", {b.as_is(x), b.integer(axis), index[0]}), x.type, std::move(dims));
    out.is_low = x.is_low;
    op.out(std::move(out));
    return true;
}

static void lower_gather(Op &op) {
    Builder &b = op.b;
    if (gather_ints(op)) return;
    Val &x = op.in(0), &at = op.in(1);
    const int rank = op.rank(0), axis = op.axis("axis", 0, rank);
    if (gather_one(op, axis)) return;
    op.rank(1);
    std::vector<int64_t> dims(x.dims.begin(), x.dims.begin() + axis);
    dims.insert(dims.end(), at.dims.begin(), at.dims.end());
    dims.insert(dims.end(), x.dims.begin() + axis + 1, x.dims.end());
    Value *out;
    if (axis == 0 && rank == 2 && x.is_float() && b.constant_of(x))
        out = b.emit("aten::embedding",
                     {b.as_is(x), b.full(at), b.integer(-1), b.constant(false), b.constant(false)});
    else
        out = b.emit("aten::index", {b.as_is(x), index_list(b, axis, {b.full(at)})});
    Val v = b.make(out, x.type, std::move(dims));
    v.is_low = x.is_low;
    op.out(std::move(v));
}

static void lower_gather_elements(Op &op) {
    Builder &b = op.b;
    const int axis = op.axis("axis", 0, op.rank(0));
    Value *out = b.emit("aten::gather",
                        {b.full(op.in(0)), b.integer(axis), convert_to(b, b.full(op.in(1)), at::kLong)});
    Val v = like(b, out, op.in(1));
    v.type = op.in(0).type;
    op.out(std::move(v));
}

// The columns of an index tensor [..., n], one for each of the first n axes.
static std::vector<Value *> index_columns(Op &op, Val &at) {
    Builder &b = op.b;
    if (op.integer("batch_dims", 0)) op.refuse("with batch_dims");
    if (at.rank < 1 || at.dims.back() == ANY || at.dims.back() > AP_TENSOR_MAX_RANK)
        op.refuse("by indices of a shape that is not known");
    std::vector<Value *> columns;
    for (int64_t i = 0; i < at.dims.back(); i++)
        columns.push_back(b.emit("aten::select", {b.full(at), b.integer(-1), b.integer(i)}));
    return columns;
}

static void lower_gather_nd(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0), &at = op.in(1);
    const std::vector<Value *> columns = index_columns(op, at);
    const int rank = op.rank(0), n = static_cast<int>(columns.size());
    if (n > rank) op.refuse("by %d indices into rank %d", n, rank);
    std::vector<int64_t> dims(at.dims.begin(), at.dims.end() - 1);
    dims.insert(dims.end(), x.dims.begin() + n, x.dims.end());
    op.out(b.make(b.emit("aten::index", {b.full(x), index_list(b, 0, columns)}), x.type, std::move(dims)));
}

// -- Scatter ------------------------------------------------------------------------------------------------

static void lower_scatter_nd(Op &op) {
    Builder &b = op.b;
    const std::string reduction = op.text("reduction", "none");
    if (reduction != "none" && reduction != "add")
        op.refuse("with reduction %s", printable(reduction).c_str());
    const std::vector<Value *> columns = index_columns(op, op.in(1));
    Value *list = index_list(b, 0, columns);
    op.out(like(
        b,
        b.emit("aten::index_put", {b.full(op.in(0)), list, b.full(op.in(2)), b.constant(reduction == "add")}),
        op.in(0)));
}

static const char *torch_reduction(const std::string &onnx) {
    return onnx == "add"   ? "sum"
           : onnx == "mul" ? "prod"
           : onnx == "min" ? "amin"
           : onnx == "max" ? "amax"
                           : nullptr;
}

static void lower_scatter_elements(Op &op) {
    Builder &b = op.b;
    const std::string reduction = op.text("reduction", "none");
    const int axis = op.axis("axis", 0, op.rank(0));
    Value *x = b.full(op.in(0)), *at = convert_to(b, b.full(op.in(1)), at::kLong),
          *updates = b.full(op.in(2)), *out;
    if (reduction == "none") {
        out = b.emit("aten::scatter", {x, b.integer(axis), at, updates});
    } else {
        const char *kind = torch_reduction(reduction);
        if (!kind) op.refuse("with reduction %s", printable(reduction).c_str());
        out = b.emit("aten::scatter_reduce", {x, b.integer(axis), at, updates, b.constant(kind)});
    }
    op.out(like(b, out, op.in(0)));
}

// -- finding ------------------------------------------------------------------------------------------------

static void lower_non_zero(Op &op) {
    Builder &b = op.b;
    Value *found = b.emit("aten::nonzero", {b.full(op.in(0))});
    op.out(b.make(b.emit("aten::t", {found}), at::kLong, {op.in(0).rank >= 0 ? op.in(0).rank : ANY, ANY}));
}

static void lower_top_k(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    Ints k;
    const int rank = op.rank(0), axis = op.axis("axis", -1, rank);
    if (!b.ints_of(op.in(1), k) || k.size() != 1) op.refuse("its k is no number");
    std::vector<Value *> out =
        b.emit_many("aten::topk", {b.full(x), k[0], b.integer(axis),
                                   b.constant(op.integer("largest", 1) != 0), b.constant(true)});
    std::vector<int64_t> dims = x.dims;
    dims[static_cast<size_t>(axis)] = constant_int(k[0]).value_or(ANY);
    op.out(0, b.make(out[0], x.type, dims));
    op.out(1, b.make(out[1], at::kLong, dims));
}

static void lower_arg_max(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    if (op.integer("select_last_index", 0)) op.refuse("with select_last_index");
    const bool keeps = op.integer("keepdims", 1);
    const int axis = op.axis("axis", 0, op.rank(0));
    const char *kind = op.node.op == "ArgMax" ? "aten::argmax" : "aten::argmin";
    std::vector<int64_t> dims = x.dims;
    dims[static_cast<size_t>(axis)] = 1;
    if (!keeps) dims.erase(dims.begin() + axis);
    op.out(b.make(b.emit(kind, {b.full(x), b.integer(axis), b.constant(keeps)}), at::kLong, std::move(dims)));
}

// Values, and for each where it comes first. torch has no such index; it is the smallest of the places of a
// value.
static void lower_unique(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    if (op.attribute("axis")) op.refuse("along an axis");
    if (!op.integer("sorted", 1)) op.refuse("that is not sorted");
    std::vector<Value *> out =
        b.emit_many("aten::_unique2", {b.full(x), b.constant(true), b.constant(true), b.constant(true)});
    Value *inverse = b.emit("aten::reshape", {out[1], b.list(std::vector<int64_t>{-1})});
    Value *n = b.emit("aten::numel", {inverse});
    Value *places = b.emit("aten::arange", {n}, {b.of_type(at::kLong)});
    Value *none_yet = b.emit("aten::mul", {b.emit("aten::ones_like", {out[0]}), b.integer(0)});
    none_yet = b.emit("aten::add", {convert_to(b, none_yet, at::kLong), n});
    Value *first =
        b.emit("aten::scatter_reduce", {none_yet, b.integer(0), inverse, places, b.constant("amin")});
    op.out(0, b.make(out[0], x.type, {ANY}));
    op.out(1, b.make(first, at::kLong, {ANY}));
    op.out(2, b.make(inverse, at::kLong, {ANY}));
    op.out(3, b.make(out[2], at::kLong, {ANY}));
}

OpTable index_ops() {
    static const OpRow rows[] = {
        {"Gather", lower_gather},
        {"GatherElements", lower_gather_elements},
        {"GatherND", lower_gather_nd},
        {"ScatterND", lower_scatter_nd},
        {"Scatter", lower_scatter_elements},
        {"ScatterElements", lower_scatter_elements},
        {"NonZero", lower_non_zero},
        {"TopK", lower_top_k},
        {"ArgMax", lower_arg_max},
        {"ArgMin", lower_arg_max},
        {"Unique", lower_unique},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
