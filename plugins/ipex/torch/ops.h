// What the groups of lowering functions share.
#pragma once

#include "torch/lower.h"

#include <cstring>
#include <functional>

namespace ipex {

// ops_arithmetic.cc: the op on the ints of a shape computation; false when its inputs are not such.
bool lower_ints(Op &op, const char *kind, bool is_comparison = false);
bool all_ints(Op &op, std::vector<Ints> &out);

// A result that has the inputs' common shape, from input `first` on.
Val broadcast_result(Op &op, Value *tensor, at::ScalarType type, size_t first = 0);

// A result of the shape and type of `x`.
inline Val like(Builder &b, Value *tensor, const Val &x) {
    Val v = x.rank >= 0 ? b.make(tensor, x.type, x.dims) : b.make_unranked(tensor, x.type);
    v.is_low = x.is_low;
    return v;
}

inline Value *convert_to(Builder &b, Value *tensor, at::ScalarType type) {
    return b.emit("aten::to", {tensor, b.constant(static_cast<int64_t>(type)), b.constant(false),
                               b.constant(false), b.none()});
}

// ops_shape.cc: the op on ints that were computed one by one: `function` tells where each comes from, as a
// tensor of indices. False when the input is not such.
bool map_ints(Op &op, const std::function<at::Tensor(const at::Tensor &)> &function);
Value *transpose_last_two(Builder &b, Value *tensor);

// ops_product.cc: x w^T for constant w of [out, in] in float32, as lower_matmul() gives it; x has a rank. And
// Gemm, of which others are made.
Val linear_of(Op &op, Val &x, const at::Tensor &w);
void lower_gemm(Op &op);

// ops_unary.cc: x sigmoid(alpha x), where the attribute need not be given.
void lower_sigmoid_product(Op &op, double standard_alpha);

// ops_normalize.cc: x / sqrt(mean(x^2) + epsilon) * scale over the axes from `axis` on.
Val rms_norm(Op &op, Val &x, Val &scale, int axis, double epsilon);

// ops_reduce.cc
Value *mean_over(Builder &b, Value *x, const std::vector<int64_t> &axes, bool keeps);

} // namespace ipex
