// Shapes, and tensors seen with another shape.
#include "torch/ops.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

namespace ipex {

Value *transpose_last_two(Builder &b, Value *tensor) {
    return b.emit("aten::transpose", {tensor, b.integer(-1), b.integer(-2)});
}

// -- asking -------------------------------------------------------------------------------------------------

static void lower_shape(Op &op) {
    const int rank = op.rank(0);
    auto bound = [rank](int64_t at) {
        return static_cast<int>(std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank));
    };
    const int start = bound(op.integer("start", 0)), end = bound(op.integer("end", rank));
    Ints out;
    for (int i = start; i < end; i++) out.push_back(op.b.size(op.in(0), i));
    op.out(op.b.from_ints(std::move(out), 1, at::kLong));
}

static void lower_size(Op &op) {
    Builder &b = op.b;
    Value *n = b.integer(1);
    for (Value *extent : (op.rank(0), b.sizes(op.in(0)))) n = b.int_op("aten::mul", n, extent);
    op.out(b.from_ints({n}, 0, at::kLong));
}

// -- the same elements in another shape ---------------------------------------------------------------------

static std::vector<int64_t> known(const Ints &ints) {
    std::vector<int64_t> out;
    for (Value *v : ints) {
        std::optional<int64_t> n = constant_int(v);
        out.push_back(n && *n >= 0 ? *n : ANY);
    }
    return out;
}

// 0 in a wanted shape means the input's extent, unless the node says otherwise.
static void replace_zeros(Op &op, Ints &shape) {
    if (op.integer("allowzero", 0)) return;
    for (size_t i = 0; i < shape.size(); i++)
        if (constant_int(shape[i]) == 0) {
            if (static_cast<int>(i) >= op.rank(0)) op.refuse("it copies an extent that its input has not");
            shape[i] = op.b.size(op.in(0), static_cast<int>(i));
        }
}

// Where all other extents are known, so is the one that -1 stands for.
static void infer_extent(const Val &x, const Ints &shape, std::vector<int64_t> &dims) {
    int64_t has = 1, wants = 1;
    size_t at = dims.size();
    if (x.rank < 0) return;
    for (int64_t d : x.dims) {
        if (d == ANY || (d && has > INT64_MAX / d)) return;
        has *= d;
    }
    for (size_t i = 0; i < dims.size(); i++) {
        if (constant_int(shape[i]) == -1) {
            at = i;
        } else {
            if (dims[i] == ANY || (dims[i] && wants > INT64_MAX / dims[i])) return;
            wants *= dims[i];
        }
    }
    if (at < dims.size() && wants > 0 && has % wants == 0) dims[at] = has / wants;
}

bool map_ints(Op &op, const std::function<at::Tensor(const at::Tensor &)> &function) {
    Val &x = op.in(0);
    if (!x.has_ints) return false;
    const at::Tensor places = at::arange(static_cast<int64_t>(x.ints.size()), at::kLong).reshape(x.dims);
    const at::Tensor moved = function(places).contiguous();
    Ints out;
    for (int64_t i = 0; i < moved.numel(); i++)
        out.push_back(x.ints[static_cast<size_t>(moved.data_ptr<int64_t>()[i])]);
    Val v = op.b.from_ints(std::move(out), static_cast<int>(moved.dim()), x.type);
    v.dims = moved.sizes().vec();
    op.out(std::move(v));
    return true;
}

static bool reshape_ints(Op &op, const Ints &shape) {
    std::vector<int64_t> wanted;
    for (Value *v : shape) {
        std::optional<int64_t> n = constant_int(v);
        if (!n) return false;
        wanted.push_back(*n);
    }
    return map_ints(op, [&](const at::Tensor &places) { return places.reshape(wanted); });
}

// One extent that only the run knows, of a tensor whose number of elements is known, is what the others leave
// for it: no other is valid. So what reshapes a constant is a constant, as it is for other runtimes.
static void settle_extent(Builder &b, const Val &x, Ints &shape) {
    int64_t n = 1, others = 1;
    Value **open = nullptr;
    if (x.rank < 0) return;
    for (int64_t dim : x.dims) {
        if (dim < 0 || (dim && n > INT64_MAX / dim)) return;
        n *= dim;
    }
    for (Value *&extent : shape) {
        const std::optional<int64_t> known = constant_int(extent);
        if (known ? *known <= 0 || *known > n / others : open != nullptr) return;
        if (known)
            others *= *known;
        else
            open = &extent;
    }
    if (open && n % others == 0) *open = b.integer(n / others);
}

static void lower_reshape(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    Ints shape;
    if (!b.ints_of(op.in(1), shape)) {
        op.out(b.make_unranked(b.emit("aten::reshape", {b.as_is(x), b.list_of(op.in(1))}), x.type));
        return;
    }
    replace_zeros(op, shape);
    settle_extent(b, x, shape);
    if (reshape_ints(op, shape)) return;
    std::vector<int64_t> dims = known(shape);
    infer_extent(x, shape, dims);
    Val out = b.make(b.emit("aten::reshape", {b.as_is(x), b.list(shape)}), x.type, std::move(dims));
    out.is_low = x.is_low;
    op.out(std::move(out));
}

static void lower_flatten(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    const int rank = op.rank(0);
    const int64_t given = op.integer("axis", 1);
    const int axis = given == rank ? rank : axis_of(given, rank);
    Value *rows = b.integer(1), *columns = b.integer(1);
    for (int i = 0; i < axis; i++) rows = b.int_op("aten::mul", rows, b.size(x, i));
    for (int i = axis; i < rank; i++) columns = b.int_op("aten::mul", columns, b.size(x, i));
    const Ints shape = {rows, columns};
    Val out = b.make(b.emit("aten::reshape", {b.as_is(x), b.list(shape)}), x.type, known(shape));
    out.is_low = x.is_low;
    op.out(std::move(out));
}

static void lower_unsqueeze(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    std::vector<int64_t> axes;
    op.constants("axes", 1, axes);
    if (x.rank < 0 && axes.size() == 1)
        return op.out(b.make_unranked(b.emit("aten::unsqueeze", {b.full(x), b.integer(axes[0])}), x.type));
    const int rank = op.rank(0) + static_cast<int>(axes.size());
    for (int64_t &axis : axes) axis = axis_of(axis, rank);
    std::sort(axes.begin(), axes.end());
    auto on_places = [&](at::Tensor places) {
        for (int64_t axis : axes) places = places.unsqueeze(axis);
        return places;
    };
    if (map_ints(op, on_places)) return;
    Value *out = b.as_is(x);
    std::vector<int64_t> dims = x.dims;
    for (int64_t axis : axes) {
        if (axis > static_cast<int64_t>(dims.size())) op.refuse("its axes do not fit");
        out = b.emit("aten::unsqueeze", {out, b.integer(axis)});
        dims.insert(dims.begin() + axis, 1);
    }
    Val v = b.make(out, x.type, std::move(dims));
    v.is_low = x.is_low;
    op.out(std::move(v));
}

// Of a rank that is not known: squeeze() leaves an axis that is longer than 1 as it is.
static void squeeze_unranked(Op &op) {
    Builder &b = op.b;
    std::vector<int64_t> axes;
    if (!op.constants("axes", 1, axes) || axes.size() != 1) op.rank(0);
    op.out(b.make_unranked(b.emit("aten::squeeze", {b.full(op.in(0)), b.integer(axes[0])}), op.in(0).type));
}

static void lower_squeeze(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    std::vector<int64_t> axes;
    if (x.rank < 0) return squeeze_unranked(op);
    const int rank = op.rank(0);
    if (!op.constants("axes", 1, axes))
        for (int i = 0; i < rank; i++) {
            if (x.dim(i) == ANY) op.refuse("without axes, of a shape that is not known");
            if (x.dim(i) == 1) axes.push_back(i);
        }
    for (int64_t &axis : axes) axis = axis_of(axis, rank);
    std::sort(axes.rbegin(), axes.rend());
    auto on_places = [&](at::Tensor places) {
        for (int64_t axis : axes) places = places.select(axis, 0);
        return places;
    };
    if (map_ints(op, on_places)) return;
    Value *out = b.as_is(x);
    std::vector<int64_t> dims = x.dims;
    for (int64_t axis : axes) {
        // select() and not squeeze(), which leaves another extent than 1 as it is.
        out = b.emit("aten::select", {out, b.integer(axis), b.integer(0)});
        dims.erase(dims.begin() + axis);
    }
    Val v = b.make(out, x.type, std::move(dims));
    v.is_low = x.is_low;
    op.out(std::move(v));
}

static void lower_transpose(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    std::vector<int64_t> perm = op.integers("perm"), dims;
    const int rank = x.rank < 0 && !perm.empty() ? static_cast<int>(perm.size()) : op.rank(0);
    if (perm.empty())
        for (int i = rank; i-- > 0;) perm.push_back(i);
    if (static_cast<int>(perm.size()) != rank) op.refuse("its perm does not fit its input of rank %d", rank);
    for (int64_t axis : perm) dims.push_back(x.rank < 0 ? ANY : x.dim(axis_of(axis, rank)));
    if (map_ints(op, [&](const at::Tensor &places) { return places.permute(perm); })) return;
    Val out = b.make(b.emit("aten::permute", {b.as_is(x), b.list(perm)}), x.type, std::move(dims));
    out.is_low = x.is_low;
    if (x.unscaled && rank >= 2) {
        out.unscaled = b.emit("aten::permute", {x.unscaled, b.list(perm)});
        out.scale = x.scale;
    }
    op.out(std::move(out));
}

// -- more of the same ---------------------------------------------------------------------------------------

// The extent that broadcasting `x` to `wanted` gives: `wanted`, or x's own where `wanted` is 1.
static Value *expanded(Builder &b, Val &x, int axis, Value *wanted) {
    std::optional<int64_t> n = constant_int(wanted);
    if (x.dim(axis) == 1) return wanted;
    if (n == 1 || (n && *n == x.dim(axis))) return b.size(x, axis);
    if (n && x.dim(axis) == ANY) return wanted;
    Value *has = b.size(x, axis);
    Value *is_one = b.emit("aten::Int", {b.emit("aten::eq", {wanted, b.integer(1)})});
    return b.int_op("aten::add", wanted, b.int_op("aten::mul", is_one, b.int_op("aten::sub", has, wanted)));
}

static void lower_expand(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    Ints shape;
    const int rank = x.rank;
    if (rank < 0 || !b.ints_of(op.in(1), shape)) {
        // Adding zeros of the wanted shape broadcasts both ways, as Expand does and expand() does not.
        Value *zeros = b.emit("aten::full", {b.list_of(op.in(1)), b.integer(0)}, {b.of_type(x.type)});
        return op.out(b.make_unranked(
            b.emit(x.type == at::kBool ? "aten::logical_or" : "aten::add", {b.full(x), zeros}), x.type));
    }
    while (static_cast<int>(shape.size()) < rank) shape.insert(shape.begin(), b.integer(1));
    const int lead = static_cast<int>(shape.size()) - rank;
    for (int i = 0; i < rank; i++) {
        Value *&extent = shape[static_cast<size_t>(lead + i)];
        extent = expanded(b, x, i, extent);
    }
    Value *out = b.emit("aten::expand", {b.as_is(x), b.list(shape)});
    Val v = b.make(out, x.type, known(shape));
    v.is_low = x.is_low;
    op.out(std::move(v));
}

static void lower_tile(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    Ints repeats;
    const int rank = op.rank(0);
    std::vector<int64_t> dims(static_cast<size_t>(rank), ANY);
    if (b.ints_of(op.in(1), repeats) && static_cast<int>(repeats.size()) == rank)
        for (int i = 0; i < rank; i++) {
            std::optional<int64_t> n = constant_int(repeats[static_cast<size_t>(i)]);
            if (n && x.dim(i) != ANY && *n >= 0 && *n < 1 << 20) dims[static_cast<size_t>(i)] = *n * x.dim(i);
        }
    op.out(b.make(b.emit("aten::repeat", {b.full(x), b.list_of(op.in(1))}), x.type, std::move(dims)));
}

static void lower_depth_to_space(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    const int64_t n = op.integer("blocksize", 0);
    if (op.rank(0) != 4 || n < 1 || n > 1024)
        op.refuse("of rank %d with blocks of %lld", x.rank, static_cast<long long>(n));
    Value *block = b.integer(n);
    Ints size = b.sizes(x);
    Value *depth = b.int_op("aten::floordiv", size[1], b.integer(n * n));
    const bool is_crd = op.text("mode", "DCR") == "CRD";
    const Ints split = is_crd ? Ints{size[0], depth, block, block, size[2], size[3]}
                              : Ints{size[0], block, block, depth, size[2], size[3]};
    const std::vector<int64_t> order =
        is_crd ? std::vector<int64_t>{0, 1, 4, 2, 5, 3} : std::vector<int64_t>{0, 3, 4, 1, 5, 2};
    const Ints merged = {size[0], depth, b.int_op("aten::mul", size[2], block),
                         b.int_op("aten::mul", size[3], block)};
    Value *out = b.emit("aten::reshape", {b.full(x), b.list(split)});
    out = b.emit("aten::permute", {out, b.list(order)});
    op.out(b.make(b.emit("aten::reshape", {out, b.list(merged)}), x.type, known(merged)));
}

OpTable shape_ops() {
    static const OpRow rows[] = {
        {"Shape", lower_shape},         {"Size", lower_size},
        {"Reshape", lower_reshape},     {"Flatten", lower_flatten},
        {"Squeeze", lower_squeeze},     {"Unsqueeze", lower_unsqueeze},
        {"Transpose", lower_transpose}, {"Expand", lower_expand},
        {"Tile", lower_tile},           {"DepthToSpace", lower_depth_to_space},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
