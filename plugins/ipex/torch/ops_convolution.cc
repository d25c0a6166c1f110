// Convolutions and pooling.
#include "torch/ops.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

namespace ipex {

// A window that moves over the last `n` axes.
struct Window {
    size_t n;
    std::vector<int64_t> kernel, strides, dilations;
    std::vector<int64_t> starts, ends; // Padding.
};

static std::vector<int64_t> or_ones(std::vector<int64_t> given, size_t n) {
    return given.empty() ? std::vector<int64_t>(n, 1) : given;
}

static void check_window(Op &op, const Window &w) {
    const size_t n = w.n;
    if (n < 1 || n > 3 || w.kernel.size() != n || w.strides.size() != n || w.dilations.size() != n ||
        w.starts.size() != n || w.ends.size() != n)
        op.refuse("over %zu axes, or its attributes differ in number", n);
    for (size_t i = 0; i < n; i++)
        if (w.strides[i] < 1 || w.dilations[i] < 1 || w.kernel[i] < 1 || w.starts[i] < 0 || w.ends[i] < 0)
            op.refuse("an attribute is out of range");
}

// "SAME": as much padding as keeps the extent over the stride; it must be known then.
static void pad_same(Op &op, Window &w, bool is_upper) {
    const Val &x = op.in(0);
    for (size_t i = 0; i < w.n; i++) {
        const int64_t extent = x.dim(x.rank - static_cast<int>(w.n) + static_cast<int>(i));
        if (extent == ANY && w.strides[i] != 1)
            op.refuse("auto_pad with strides, of a shape that is not known");
        const int64_t span = (w.kernel[i] - 1) * w.dilations[i] + 1;
        const int64_t steps = w.strides[i] == 1 ? 0 : (extent + w.strides[i] - 1) / w.strides[i] - 1;
        const int64_t total =
            w.strides[i] == 1 ? span - 1 : std::max<int64_t>(0, steps * w.strides[i] + span - extent);
        w.starts[i] = is_upper ? total / 2 : total - total / 2;
        w.ends[i] = total - w.starts[i];
    }
}

static Window read_window(Op &op, const std::vector<int64_t> &kernel) {
    Window w;
    w.n = static_cast<size_t>(std::max(0, op.rank(0) - 2));
    w.kernel = kernel;
    w.strides = or_ones(op.integers("strides"), w.n);
    w.dilations = or_ones(op.integers("dilations"), w.n);
    std::vector<int64_t> pads = op.integers("pads");
    if (pads.empty()) pads.assign(2 * w.n, 0);
    if (pads.size() != 2 * w.n) op.refuse("%zu pads for %zu axes", pads.size(), w.n);
    w.starts.assign(pads.begin(), pads.begin() + static_cast<long>(w.n));
    w.ends.assign(pads.begin() + static_cast<long>(w.n), pads.end());
    check_window(op, w);
    const std::string automatic = op.text("auto_pad", "NOTSET");
    if (automatic == "VALID") {
        w.starts.assign(w.n, 0);
        w.ends.assign(w.n, 0);
    } else if (automatic != "NOTSET") {
        pad_same(op, w, automatic == "SAME_UPPER");
    }
    return w;
}

// torch pads both sides alike; what differs is padded before, with `value`.
static Value *pad_unequal(Builder &b, Value *x, Window &w, double value) {
    if (w.starts == w.ends) return x;
    std::vector<int64_t> pads;
    for (size_t i = w.n; i-- > 0;) {
        pads.push_back(w.starts[i]);
        pads.push_back(w.ends[i]);
    }
    w.starts.assign(w.n, 0);
    w.ends.assign(w.n, 0);
    return b.emit("aten::constant_pad_nd", {x, b.list(pads), b.constant(value)});
}

static std::vector<int64_t> window_dims(const Val &x, const Window &w, int64_t channels, bool ceils) {
    std::vector<int64_t> dims = {x.dim(0), channels};
    for (size_t i = 0; i < w.n; i++) {
        const int64_t extent = x.dim(static_cast<int>(i) + 2);
        const int64_t span = (w.kernel[i] - 1) * w.dilations[i] + 1;
        if (extent == ANY || ceils)
            dims.push_back(ANY);
        else
            dims.push_back(
                std::max<int64_t>(0, (extent + w.starts[i] + w.ends[i] - span) / w.strides[i] + 1));
    }
    return dims;
}

static std::vector<int64_t> kernel_of(Op &op, const Val &w) {
    if (op.rank(1) != op.rank(0) || w.rank < 3)
        op.refuse("of rank %d with a kernel of rank %d", op.rank(0), w.rank);
    std::vector<int64_t> kernel(w.dims.begin() + 2, w.dims.end());
    for (int64_t k : kernel)
        if (k == ANY) op.refuse("its kernel's shape is not known");
    return kernel;
}

static void lower_conv(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0), &kernel = op.in(1);
    Window w = read_window(op, kernel_of(op, kernel));
    std::vector<int64_t> dims = window_dims(x, w, kernel.dim(0), false);
    Value *in = pad_unequal(b, b.low(x), w, 0);
    Value *bias = op.has(2) ? b.low(op.in(2)) : b.none();
    const std::vector<int64_t> zeros(w.n, 0);
    Value *out = b.emit("aten::convolution",
                        {in, b.low(kernel), bias, b.list(w.strides), b.list(w.starts), b.list(w.dilations),
                         b.constant(false), b.list(zeros), b.integer(op.integer("group", 1))});
    Val v = b.make(out, x.type, std::move(dims));
    v.is_low = b.is_low && x.is_float();
    op.out(std::move(v));
}

static void lower_conv_transpose(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0), &kernel = op.in(1);
    Window w = read_window(op, kernel_of(op, kernel));
    if (op.attribute("output_shape") || op.text("auto_pad", "NOTSET") != "NOTSET")
        op.refuse("with output_shape or auto_pad");
    if (w.starts != w.ends) op.refuse("with pads that differ");
    std::vector<int64_t> more = op.integers("output_padding");
    if (more.empty()) more.assign(w.n, 0);
    const int64_t n_groups = op.integer("group", 1);
    Value *bias = op.has(2) ? b.full(op.in(2)) : b.none();
    Value *out = b.emit("aten::convolution",
                        {b.full(x), b.full(kernel), bias, b.list(w.strides), b.list(w.starts),
                         b.list(w.dilations), b.constant(true), b.list(more), b.integer(n_groups)});
    std::vector<int64_t> dims(static_cast<size_t>(x.rank), ANY);
    dims[0] = x.dim(0);
    if (kernel.dim(1) != ANY && kernel.dim(1) < INT32_MAX && n_groups < INT32_MAX)
        dims[1] = kernel.dim(1) * n_groups;
    op.out(b.make(out, x.type, std::move(dims)));
}

static const char *pool_kind(bool is_max, size_t n) {
    static const char *const kinds[2][3] = {{"aten::avg_pool1d", "aten::avg_pool2d", "aten::avg_pool3d"},
                                            {"aten::max_pool1d", "aten::max_pool2d", "aten::max_pool3d"}};
    return kinds[is_max][n - 1];
}

static void lower_pool(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    const bool is_max = op.node.op == "MaxPool", ceils = op.integer("ceil_mode", 0);
    if (op.wants(1)) op.refuse("its indices are wanted");
    Window w = read_window(op, op.integers("kernel_shape"));
    std::vector<int64_t> dims = window_dims(x, w, x.dim(1), ceils);
    const bool counts_padding = op.integer("count_include_pad", 0);
    if (!is_max && w.starts != w.ends && !counts_padding)
        op.refuse("with pads that differ and are not counted");
    Value *in = pad_unequal(b, b.full(x), w, is_max ? -std::numeric_limits<double>::infinity() : 0);
    std::vector<NamedValue> args = {in, b.list(w.kernel), b.list(w.strides), b.list(w.starts)};
    if (is_max) {
        args.emplace_back(b.list(w.dilations));
        args.emplace_back(b.constant(ceils));
    } else {
        args.emplace_back(b.constant(ceils));
        args.emplace_back(b.constant(counts_padding));
    }
    op.out(b.make(b.emit(pool_kind(is_max, w.n), args), x.type, std::move(dims)));
}

static void lower_global_pool(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    std::vector<int64_t> axes, dims = x.dims;
    for (int i = 2; i < op.rank(0); i++) {
        axes.push_back(i);
        dims[static_cast<size_t>(i)] = 1;
    }
    Value *out = op.node.op == "GlobalAveragePool"
                     ? mean_over(b, b.full(x), axes, true)
                     : b.emit("aten::amax", {b.full(x), b.list(axes), b.constant(true)});
    op.out(b.make(out, x.type, std::move(dims)));
}

OpTable convolution_ops() {
    static const OpRow rows[] = {
        {"Conv", lower_conv},
        {"ConvTranspose", lower_conv_transpose},
        {"MaxPool", lower_pool},
        {"AveragePool", lower_pool},
        {"GlobalAveragePool", lower_global_pool},
        {"GlobalMaxPool", lower_global_pool},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
