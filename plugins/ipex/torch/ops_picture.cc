// Resampling of pictures.
#include "torch/ops.h"

#include "onnx/failure.h"

namespace ipex {

// A way of resampling: ONNX's words, and torch's operator for 1, 2 and 3 axes.
struct Resampling {
    const char *mode, *coordinates, *nearest;
    bool aligns_corners;
    const char *ops[3];
};

static const Resampling RESAMPLINGS[] = {
    {"nearest",
     "asymmetric",
     "floor",
     false,
     {"aten::upsample_nearest1d", "aten::upsample_nearest2d", "aten::upsample_nearest3d"}},
    {"nearest",
     "half_pixel",
     "round_prefer_ceil",
     false,
     {"aten::_upsample_nearest_exact1d", "aten::_upsample_nearest_exact2d",
      "aten::_upsample_nearest_exact3d"}},
    {"linear",
     "half_pixel",
     nullptr,
     false,
     {"aten::upsample_linear1d", "aten::upsample_bilinear2d", "aten::upsample_trilinear3d"}},
    {"linear",
     "pytorch_half_pixel",
     nullptr,
     false,
     {"aten::upsample_linear1d", "aten::upsample_bilinear2d", "aten::upsample_trilinear3d"}},
    {"linear",
     "align_corners",
     nullptr,
     true,
     {"aten::upsample_linear1d", "aten::upsample_bilinear2d", "aten::upsample_trilinear3d"}},
    {"cubic", "half_pixel", nullptr, false, {nullptr, "aten::upsample_bicubic2d", nullptr}},
    {"cubic", "pytorch_half_pixel", nullptr, false, {nullptr, "aten::upsample_bicubic2d", nullptr}},
    {"cubic", "align_corners", nullptr, true, {nullptr, "aten::upsample_bicubic2d", nullptr}},
};

static const Resampling &find_resampling(Op &op) {
    const std::string mode = op.text("mode", "nearest"),
                      coordinates = op.text("coordinate_transformation_mode", "half_pixel"),
                      nearest = op.text("nearest_mode", "round_prefer_floor");
    for (const Resampling &r : RESAMPLINGS)
        if (mode == r.mode && coordinates == r.coordinates && (!r.nearest || nearest == r.nearest)) return r;
    op.refuse("mode %s, coordinates %s, nearest_mode %s", printable(mode).c_str(),
              printable(coordinates).c_str(), printable(nearest).c_str());
}

static bool is_nearest(const Resampling &r) { return r.nearest != nullptr; }

// The scales of the last axes; those of batch and channels must be 1.
static Value *scales_of(Op &op, size_t n, std::vector<double> &scales) {
    std::optional<at::Tensor> given = op.b.constant_of(op.in(2));
    if (!given || given->numel() != static_cast<int64_t>(n) + 2) op.refuse("by scales that are not constant");
    at::Tensor flat = given->to(at::kDouble).contiguous();
    const double *s = flat.data_ptr<double>();
    if (s[0] != 1 || s[1] != 1) op.refuse("over batch or channels");
    scales.assign(s + 2, s + 2 + n);
    return op.b.constant(c10::List<double>(scales));
}

// The extents of the last axes.
static Ints sizes_of(Op &op, size_t n) {
    Ints sizes;
    if (!op.b.ints_of(op.in(3), sizes) || sizes.size() != n + 2) op.refuse("to an unknown number of extents");
    return Ints(sizes.begin() + 2, sizes.end());
}

static void lower_resize(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    const Resampling &r = find_resampling(op);
    const size_t n = static_cast<size_t>(std::max(2, op.rank(0)) - 2);
    if (n < 1 || n > 3 || !r.ops[n - 1]) op.refuse("of rank %d", x.rank);
    if (op.integer("antialias", 0) || op.attribute("axes")) op.refuse("with antialias or axes");
    if (op.text("mode", "") == "cubic" && op.number("cubic_coeff_a", -0.75) != -0.75)
        op.refuse("with another cubic_coeff_a");
    std::vector<int64_t> dims = {x.dim(0), x.dim(1)};
    std::vector<double> factors;
    Value *size = b.none(), *scales = b.none();
    if (op.has(3)) {
        Ints wanted = sizes_of(op, n);
        for (Value *v : wanted) dims.push_back(constant_int(v).value_or(ANY));
        size = b.list(wanted);
    } else {
        scales = scales_of(op, n, factors);
        for (size_t i = 0; i < n; i++) {
            const int64_t has = x.dim(static_cast<int>(i) + 2);
            dims.push_back(has == ANY ? ANY : static_cast<int64_t>(static_cast<double>(has) * factors[i]));
        }
    }
    std::vector<NamedValue> args = {b.full(x), size};
    if (!is_nearest(r)) args.emplace_back(b.constant(r.aligns_corners));
    args.emplace_back(scales);
    op.out(b.make(b.emit(r.ops[n - 1], args), x.type, std::move(dims)));
}

// The numbers are those of torch@2.8 ATen/native/GridSamplerUtils.h.
static void lower_grid_sample(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    const std::string mode = op.text("mode", "linear"), padding = op.text("padding_mode", "zeros");
    const int64_t interpolation = mode == "nearest" ? 1 : mode == "bicubic" || mode == "cubic" ? 2 : 0;
    const int64_t outside = padding == "border" ? 1 : padding == "reflection" ? 2 : 0;
    Value *out =
        b.emit("aten::grid_sampler", {b.full(x), b.full(op.in(1)), b.integer(interpolation),
                                      b.integer(outside), b.constant(op.integer("align_corners", 0) != 0)});
    std::vector<int64_t> dims = x.dims;
    for (int i = 2; i < op.rank(0); i++)
        dims[static_cast<size_t>(i)] = op.in(1).rank == x.rank ? op.in(1).dim(i - 1) : ANY;
    op.out(b.make(out, x.type, std::move(dims)));
}

OpTable picture_ops() {
    static const OpRow rows[] = {
        {"Resize", lower_resize},
        {"GridSample", lower_grid_sample},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
