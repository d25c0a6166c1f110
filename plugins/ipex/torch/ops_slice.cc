// Parts of tensors along axes, and joining them.
#include "torch/ops.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

namespace ipex {

// -- joining ------------------------------------------------------------------------------------------------

static bool concat_ints(Op &op) {
    std::vector<Ints> in;
    if (!all_ints(op, in)) return false;
    Ints out;
    for (size_t i = 0; i < in.size(); i++) {
        if (op.in(i).rank != 1) return false;
        out.insert(out.end(), in[i].begin(), in[i].end());
    }
    op.out(op.b.from_ints(std::move(out), 1, op.in(0).type));
    return true;
}

static void lower_concat(Op &op) {
    Builder &b = op.b;
    if (concat_ints(op)) return;
    const int rank = op.rank(0), axis = op.axis("axis", 0, rank);
    bool is_low = true;
    for (size_t i = 0; i < op.n_inputs(); i++) is_low = is_low && op.in(i).is_low;
    std::vector<Value *> parts;
    std::vector<int64_t> dims(static_cast<size_t>(rank), ANY);
    int64_t total = 0;
    for (size_t i = 0; i < op.n_inputs(); i++) {
        Val &x = op.in(i);
        if (op.rank(i) != rank) op.refuse("its inputs differ in rank");
        parts.push_back(is_low ? b.as_is(x) : b.full(x));
        for (int k = 0; k < rank; k++)
            if (k != axis && x.dim(k) != ANY) dims[static_cast<size_t>(k)] = x.dim(k);
        total = total == ANY || x.dim(axis) == ANY ? ANY : total + x.dim(axis);
    }
    dims[static_cast<size_t>(axis)] = total;
    Val out =
        b.make(b.emit("aten::cat", {b.tensors(parts), b.integer(axis)}), op.in(0).type, std::move(dims));
    out.is_low = is_low;
    op.out(std::move(out));
}

// -- slices -------------------------------------------------------------------------------------------------

static Val slice(Builder &b, Val &x, int axis, Value *start, Value *end, int64_t step) {
    Val out = like(b, b.emit("aten::slice", {b.as_is(x), b.integer(axis), start, end, b.integer(step)}), x);
    std::optional<int64_t> from = constant_int(start), to = constant_int(end);
    int64_t &extent = out.dims[static_cast<size_t>(axis)];
    const int64_t has = extent;
    extent = ANY;
    if (has != ANY && from && to) {
        int64_t first = std::clamp<int64_t>(*from < 0 ? *from + has : *from, 0, has);
        int64_t last = std::clamp<int64_t>(*to < 0 ? *to + has : *to, first, has);
        extent = (last - first + step - 1) / step;
    }
    return out;
}

// What ONNX says of one axis. Backwards is known of whole axes: [-1 : past the start : -1].
static Val slice_axis(Op &op, Val &x, int axis, Value *start, Value *end, int64_t step) {
    Builder &b = op.b;
    if (step > 0) return slice(b, x, axis, start, end, step);
    std::optional<int64_t> from = constant_int(start), to = constant_int(end);
    const bool is_whole =
        step == -1 && from && to && (*from == -1 || *from >= INT32_MAX) && *to <= -INT32_MAX;
    if (!is_whole) op.refuse("backwards over a part of an axis");
    return like(b, b.emit("aten::flip", {b.as_is(x), b.list(std::vector<int64_t>{axis})}), x);
}

// starts, ends, axes and steps: attributes up to opset 9, inputs since.
struct SliceArguments {
    Ints starts, ends;
    std::vector<int64_t> axes, steps;
};

static bool read_bounds(Op &op, const char *name, size_t input, Ints &out) {
    if (op.attribute(name)) {
        for (int64_t n : op.integers(name)) out.push_back(op.b.integer(n));
        return true;
    }
    return op.b.ints_of(op.in(input), out);
}

static SliceArguments read_slice(Op &op) {
    SliceArguments out;
    if (!read_bounds(op, "starts", 1, out.starts) || !read_bounds(op, "ends", 2, out.ends))
        op.refuse("it has an unknown number of bounds");
    if (!op.constants("axes", 3, out.axes))
        for (size_t i = 0; i < out.starts.size(); i++) out.axes.push_back(static_cast<int64_t>(i));
    if (!op.constants("steps", 4, out.steps)) out.steps.assign(out.starts.size(), 1);
    const size_t n = out.starts.size();
    if (out.ends.size() != n || out.axes.size() != n || out.steps.size() != n)
        op.refuse("its bounds, axes and steps differ in number");
    for (int64_t step : out.steps)
        if (!step) op.refuse("with step 0");
    return out;
}

// Bounds that are all constant, on ints.
static bool slice_ints(Op &op, const SliceArguments &a) {
    std::vector<int64_t> from, to;
    if (!op.in(0).has_ints) return false;
    for (size_t i = 0; i < a.starts.size(); i++) {
        std::optional<int64_t> start = constant_int(a.starts[i]), end = constant_int(a.ends[i]);
        const bool is_whole = a.steps[i] == -1 && start == -1 && end && *end <= -INT32_MAX;
        if (!start || !end || (a.steps[i] < 0 && !is_whole)) return false;
        from.push_back(*start);
        to.push_back(*end);
    }
    return map_ints(op, [&](at::Tensor places) {
        for (size_t i = 0; i < from.size(); i++) {
            const int axis = axis_of(a.axes[i], static_cast<int>(places.dim()));
            places = a.steps[i] < 0 ? places.flip({axis}) : places.slice(axis, from[i], to[i], a.steps[i]);
        }
        return places;
    });
}

static void lower_slice(Op &op) {
    const SliceArguments a = read_slice(op);
    if (slice_ints(op, a)) return;
    Val v = op.in(0);
    const int rank = op.rank(0);
    for (size_t i = 0; i < a.starts.size(); i++)
        v = slice_axis(op, v, axis_of(a.axes[i], rank), a.starts[i], a.ends[i], a.steps[i]);
    op.out(std::move(v));
}

// The lengths of the parts; equal ones, the last perhaps shorter, when the node does not say.
static Ints split_lengths(Op &op, int axis) {
    Builder &b = op.b;
    Ints out;
    if (op.attribute("split"))
        for (int64_t n : op.integers("split")) out.push_back(b.integer(n));
    else if (op.has(1) && !b.ints_of(op.in(1), out))
        op.refuse("into an unknown number of parts");
    if (!out.empty()) return out;
    const int64_t n = static_cast<int64_t>(op.node.outputs.size());
    Value *up = b.int_op("aten::add", b.size(op.in(0), axis), b.integer(n - 1));
    out.assign(static_cast<size_t>(n), b.int_op("aten::floordiv", up, b.integer(n)));
    return out;
}

static void lower_split(Op &op) {
    Builder &b = op.b;
    const int axis = op.axis("axis", 0, op.rank(0));
    const Ints lengths = split_lengths(op, axis);
    Val &x = op.in(0);
    Value *at = b.integer(0);
    for (size_t i = 0; i < op.node.outputs.size() && i < lengths.size(); i++) {
        Value *end = b.int_op("aten::add", at, lengths[i]);
        Val part = slice(b, x, axis, at, end, 1);
        if (std::optional<int64_t> n = constant_int(lengths[i]); n && x.dim(axis) == ANY)
            part.dims[static_cast<size_t>(axis)] = *n;
        op.out(i, std::move(part));
        at = end;
    }
}

// -- padding ------------------------------------------------------------------------------------------------

// ONNX: all starts, then all ends. torch: (start, end) of the last axis first.
static Ints pad_amounts(Op &op, Val &x) {
    Builder &b = op.b;
    Ints pads;
    std::vector<int64_t> axes;
    if (op.attribute("pads"))
        for (int64_t n : op.integers("pads")) pads.push_back(b.integer(n));
    else if (!b.ints_of(op.in(1), pads))
        op.refuse("by an unknown number of amounts");
    if (op.has(3))
        op.constants("axes", 3, axes);
    else
        for (int i = 0; i < x.rank; i++) axes.push_back(i);
    if (pads.size() != 2 * axes.size()) op.refuse("%zu amounts for %zu axes", pads.size(), axes.size());
    Ints out(2 * static_cast<size_t>(x.rank), b.integer(0));
    for (size_t i = 0; i < axes.size(); i++) {
        const size_t from_last = static_cast<size_t>(x.rank - 1 - axis_of(axes[i], x.rank));
        out[2 * from_last] = pads[i];
        out[2 * from_last + 1] = pads[axes.size() + i];
    }
    return out;
}

static std::vector<int64_t> padded(const Val &x, const Ints &pads) {
    std::vector<int64_t> dims = x.dims;
    for (int i = 0; i < x.rank; i++) {
        int64_t &extent = dims[static_cast<size_t>(x.rank - 1 - i)];
        for (size_t side = 0; side < 2; side++) {
            std::optional<int64_t> n = constant_int(pads[2 * static_cast<size_t>(i) + side]);
            extent = !n || extent == ANY || *n > INT32_MAX || *n < -INT32_MAX ? ANY : extent + *n;
        }
    }
    return dims;
}

static void lower_pad(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    op.rank(0);
    Ints pads = pad_amounts(op, x);
    std::vector<int64_t> dims = padded(x, pads);
    const std::string mode = op.text("mode", "constant");
    Value *in = b.full(x), *out;
    if (mode == "constant") {
        Value *value =
            op.has(2) ? b.emit("aten::item", {b.full(op.in(2))}) : b.constant(op.number("value", 0));
        out = b.emit("aten::constant_pad_nd", {in, b.list(pads), value});
    } else {
        // Only the last axes, behind batch and channels.
        const size_t n = 2 * static_cast<size_t>(std::max(1, x.rank - 2));
        for (size_t i = n; i < pads.size(); i++)
            if (constant_int(pads[i]) != 0)
                op.refuse("mode %s over batch or channels", printable(mode).c_str());
        if (pads.size() > n) pads.resize(n);
        const char *kind = mode == "edge" ? "replicate" : mode == "wrap" ? "circular" : "reflect";
        out = b.emit("aten::pad", {in, b.list(pads), b.constant(kind), b.none()});
    }
    op.out(b.make(out, x.type, std::move(dims)));
}

OpTable slice_ops() {
    static const OpRow rows[] = {
        {"Concat", lower_concat},
        {"Slice", lower_slice},
        {"Split", lower_split},
        {"Pad", lower_pad},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
