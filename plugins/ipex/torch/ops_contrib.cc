// Operators of ONNX Runtime's own domain, com.microsoft, as its tools write them into files: products with
// weights of few bits, and what it joins when it optimizes a graph.
//
// Source: onnxruntime@v1.22 docs/ContribOperators.md.
#include "torch/ops.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

namespace ipex {

namespace {

// -- weights of few bits ------------------------------------------------------------------------------------

// Bytes of which each holds 8 / bits numbers, the lowest first.
at::Tensor unpack(const at::Tensor &bytes, int64_t bits) {
    std::vector<at::Tensor> parts;
    for (int64_t shift = 0; shift < 8; shift += bits)
        parts.push_back(bytes.bitwise_right_shift(shift).bitwise_and((1 << bits) - 1));
    return at::stack(parts, -1).flatten(-2);
}

at::Tensor constant(Op &op, size_t input, const char *what) {
    std::optional<at::Tensor> out = op.b.constant_of(op.in(input));
    if (!out) op.refuse("its %s must be constant", what);
    return *out;
}

struct Blocks {
    int64_t k, n, bits, size, n_blocks; // [n, k] in blocks of `size` along k.
};

Blocks blocks_of(Op &op) {
    Blocks out = {op.integer("K", 0), op.integer("N", 0), op.integer("bits", 4), op.integer("block_size", 0),
                  0};
    const bool is_known = out.bits == 2 || out.bits == 4 || out.bits == 8;
    const int64_t limit = int64_t{1} << 28;
    if (!is_known || out.k <= 0 || out.n <= 0 || out.k > limit || out.n > limit || out.size < 16 ||
        out.size > 4096)
        op.refuse("with K %lld, N %lld, %lld bits and blocks of %lld", static_cast<long long>(out.k),
                  static_cast<long long>(out.n), static_cast<long long>(out.bits),
                  static_cast<long long>(out.size));
    out.n_blocks = (out.k + out.size - 1) / out.size;
    return out;
}

// The zero point of each block: given as bytes that hold several, as numbers, or the middle of the range.
at::Tensor zeros_of(Op &op, const Blocks &blocks) {
    if (!op.has(3)) return at::full({1, 1, 1}, static_cast<double>(1 << (blocks.bits - 1)), at::kFloat);
    at::Tensor zeros = constant(op, 3, "zero points");
    if (zeros.scalar_type() != at::kByte) return zeros.to(at::kFloat).reshape({blocks.n, blocks.n_blocks, 1});
    zeros = unpack(zeros.reshape({blocks.n, -1}), blocks.bits);
    if (zeros.size(1) < blocks.n_blocks) op.refuse("it has too few zero points");
    return zeros.narrow(1, 0, blocks.n_blocks).unsqueeze(-1).to(at::kFloat);
}

void lower_matmul_n_bits(Op &op) {
    const Blocks blocks = blocks_of(op);
    op.rank(0);
    if (op.has(4)) op.refuse("with indices of groups");
    const at::Tensor packed = constant(op, 1, "weights"), scales = constant(op, 2, "scales");
    if (packed.scalar_type() != at::kByte ||
        packed.numel() != blocks.n * blocks.n_blocks * blocks.size * blocks.bits / 8 ||
        scales.numel() != blocks.n * blocks.n_blocks)
        op.refuse("its weights or scales have another size than K, N and the blocks say");
    at::Tensor weight = unpack(packed.reshape({blocks.n, blocks.n_blocks, -1}), blocks.bits).to(at::kFloat);
    weight.sub_(zeros_of(op, blocks)).mul_(scales.to(at::kFloat).reshape({blocks.n, blocks.n_blocks, 1}));
    weight = weight.flatten(1).narrow(1, 0, blocks.k).contiguous();
    const at::ScalarType type = op.in(0).type;
    Val x = op.in(0);
    if (type != at::kFloat) {
        x = like(op.b, convert_to(op.b, op.b.full(x), at::kFloat), x);
        x.type = at::kFloat;
    }
    Val out = linear_of(op, x, weight);
    if (op.has(5)) {
        Value *sum = op.b.emit("aten::add", {op.b.full(out), op.b.full(op.in(5))});
        out = op.b.make(sum, at::kFloat, out.dims);
    }
    if (type != at::kFloat) {
        out = like(op.b, convert_to(op.b, op.b.full(out), type), out);
        out.type = type;
    }
    op.out(std::move(out));
}

// -- activations --------------------------------------------------------------------------------------------

// gelu(x + bias); the bias is a vector, and may be missing.
void lower_gelu(Op &op, const char *approximate) {
    Builder &b = op.b;
    Val &x = op.in(0);
    Value *in = op.has(1) ? b.emit("aten::add", {b.full(x), b.full(op.in(1))}) : b.as_is(x);
    Val out = like(b, b.emit("aten::gelu", {in}, {NamedValue("approximate", b.constant(approximate))}), x);
    out.is_low = x.is_low && !op.has(1);
    op.out(std::move(out));
}

void lower_erf_gelu(Op &op) { lower_gelu(op, "none"); }
void lower_tanh_gelu(Op &op) { lower_gelu(op, "tanh"); }

void lower_quick_gelu(Op &op) { lower_sigmoid_product(op, 1.702); }

// -- products -----------------------------------------------------------------------------------------------

void lower_fused_matmul(Op &op) {
    Builder &b = op.b;
    if (op.integer("transBatchA", 0) || op.integer("transBatchB", 0)) op.refuse("with other axes in front");
    const double alpha = op.number("alpha", 1);
    const int rank = op.rank(0), rank_y = op.rank(1);
    if (rank < 2 || rank_y < 2) op.refuse("of a vector");
    const bool turns[] = {op.integer("transA", 0) != 0, op.integer("transB", 0) != 0};
    Val operands[] = {op.in(0), op.in(1)};
    for (int i = 0; i < 2; i++) {
        Val &v = operands[i];
        if (!turns[i]) continue;
        std::vector<int64_t> dims = v.dims;
        std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
        v = b.make(transpose_last_two(b, b.full(v)), v.type, std::move(dims));
    }
    Val &x = operands[0], &y = operands[1];
    Value *out = b.emit("aten::matmul", {b.low(x), b.low(y)});
    if (alpha != 1) out = b.emit("aten::mul", {out, b.constant(alpha)});
    std::vector<int64_t> dims =
        broadcast({x.dims.begin(), x.dims.end() - 2}, {y.dims.begin(), y.dims.end() - 2});
    dims.insert(dims.end(), {x.dim(rank - 2), y.dim(rank_y - 1)});
    Val result = b.make(out, x.type, std::move(dims));
    result.is_low = b.is_low && x.is_float();
    op.out(std::move(result));
}

void lower_fused_gemm(Op &op) {
    Builder &b = op.b;
    static const char *const activations[][2] = {
        {"Relu", "aten::relu"}, {"Sigmoid", "aten::sigmoid"}, {"Tanh", "aten::tanh"}};
    const std::string activation = op.text("activation", "");
    lower_gemm(op);
    Val product = op.lowering.find(op.node.outputs[0]);
    for (auto &row : activations)
        if (activation == row[0]) return op.out(like(b, b.emit(row[1], {b.as_is(product)}), product));
    if (!activation.empty()) op.refuse("with the activation %s", printable(activation).c_str());
}

// -- normalizations -----------------------------------------------------------------------------------------

// input + skip, and the bias that is input `bias`; output 3 of the operator.
Val skip_sum(Op &op, size_t bias) {
    Builder &b = op.b;
    Val &x = op.in(0);
    op.rank(0);
    if (op.wants(1) || op.wants(2)) op.refuse("its mean or deviation is wanted");
    Value *sum = b.emit("aten::add", {b.full(x), b.full(op.in(1))});
    if (op.has(bias)) sum = b.emit("aten::add", {sum, b.full(op.in(bias))});
    Val out = b.make(sum, x.type, x.dims);
    op.out(3, out);
    return out;
}

void lower_skip_layer_norm(Op &op) {
    Builder &b = op.b;
    Val sum = skip_sum(op, 4);
    Value *beta = op.has(3) ? b.full(op.in(3)) : b.none();
    Value *out =
        b.emit("aten::layer_norm", {b.full(sum), b.list({b.size(op.in(2), 0)}), b.full(op.in(2)), beta,
                                    b.constant(op.number("epsilon", 1e-12)), b.constant(false)});
    op.out(b.make(out, sum.type, sum.dims));
}

void lower_skip_rms_norm(Op &op) {
    Val sum = skip_sum(op, 3);
    op.out(rms_norm(op, sum, op.in(2), sum.rank - 1, op.number("epsilon", 1e-12)));
}

} // namespace

OpTable contrib_ops() {
    static const OpRow rows[] = {
        {"BiasGelu", lower_erf_gelu},
        {"FastGelu", lower_tanh_gelu},
        {"FusedGemm", lower_fused_gemm},
        {"FusedMatMul", lower_fused_matmul},
        {"Gelu", lower_erf_gelu},
        {"MatMulNBits", lower_matmul_n_bits},
        {"QuickGelu", lower_quick_gelu},
        {"SkipLayerNormalization", lower_skip_layer_norm},
        {"SkipSimplifiedLayerNormalization", lower_skip_rms_norm},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
