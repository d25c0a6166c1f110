// Attention as one operator (ONNX's, from opset 23 on), in the small steps that IPEX's passes know.
#include "torch/ops.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

namespace ipex {

namespace {

// [batch, heads, tokens, size]; of three axes the last holds all heads.
struct Heads {
    Value *tensor;
    std::vector<int64_t> dims;
};

Heads heads_of(Op &op, size_t input, const char *count) {
    Builder &b = op.b;
    Val &x = op.in(input);
    if (op.rank(input) == 4) return {b.full(x), x.dims};
    const int64_t n = op.integer(count, 0);
    if (x.rank != 3 || n <= 0 || x.dim(2) == ANY || x.dim(2) % n) op.refuse("its heads are not known");
    const int64_t size = x.dim(2) / n;
    Value *split = b.emit("aten::reshape",
                          {b.full(x), b.list({b.size(x, 0), b.size(x, 1), b.integer(n), b.integer(size)})});
    return {b.emit("aten::transpose", {split, b.integer(1), b.integer(2)}), {x.dim(0), n, x.dim(1), size}};
}

// The cache in front of the new keys or values; what comes out is both's output of the operator.
void join_past(Op &op, Heads &heads, size_t past, size_t present) {
    Builder &b = op.b;
    if (op.has(past)) {
        heads.tensor = b.emit("aten::cat", {b.tensors({b.full(op.in(past)), heads.tensor}), b.integer(2)});
        heads.dims[2] = ANY;
    }
    op.out(present, b.make(heads.tensor, op.in(0).type, heads.dims));
}

// Fewer heads of keys and values than of queries: each serves several.
void repeat_heads(Op &op, const Heads &queries, Heads &heads) {
    Builder &b = op.b;
    if (queries.dims[1] == ANY || heads.dims[1] == ANY) op.refuse("its heads are not known");
    if (queries.dims[1] == heads.dims[1]) return;
    if (heads.dims[1] <= 0 || queries.dims[1] % heads.dims[1]) op.refuse("its heads do not fit");
    heads.tensor = b.emit("aten::repeat_interleave",
                          {heads.tensor, b.integer(queries.dims[1] / heads.dims[1]), b.integer(1)});
    heads.dims[1] = queries.dims[1];
}

Value *minus_infinity(Builder &b) {
    return b.constant(at::scalar_tensor(-std::numeric_limits<float>::infinity(), at::kFloat));
}

Value *add_mask(Op &op, Value *scores) {
    Builder &b = op.b;
    Val &mask = op.in(3);
    if (mask.type != at::kBool) return b.emit("aten::add", {scores, b.full(mask)});
    return b.emit("aten::where", {b.full(mask), scores, minus_infinity(b)});
}

// Each query sees the keys up to its own place, counted from the first.
Value *hide_later(Op &op, Value *scores) {
    Builder &b = op.b;
    Value *all = b.emit("aten::ones_like", {scores}, {b.of_type(at::kBool)});
    return b.emit("aten::where", {b.emit("aten::tril", {all, b.integer(0)}), scores, minus_infinity(b)});
}

double scale_of(Op &op, const Heads &queries) {
    if (op.attribute("scale")) return op.number("scale", 1);
    if (queries.dims[3] == ANY) op.refuse("the size of its heads is not known");
    return 1 / std::sqrt(static_cast<double>(queries.dims[3]));
}

// Back to the form of the queries.
Val merge_heads(Op &op, Value *out, const Heads &queries, const Heads &values) {
    Builder &b = op.b;
    Val &x = op.in(0);
    if (x.rank == 4) return b.make(out, x.type, {x.dim(0), x.dim(1), x.dim(2), values.dims[3]});
    const int64_t size = values.dims[3] == ANY ? ANY : values.dims[3] * queries.dims[1];
    out = b.emit("aten::transpose", {out, b.integer(1), b.integer(2)});
    return b.make(b.emit("aten::flatten", {out, b.integer(2), b.integer(3)}), x.type,
                  {x.dim(0), x.dim(1), size});
}

void lower_attention(Op &op) {
    Builder &b = op.b;
    const bool is_causal = op.integer("is_causal", 0);
    if (op.number("softcap", 0) != 0) op.refuse("with a softcap");
    if (op.wants(3)) op.refuse("its scores are wanted");
    if (op.has(6)) op.refuse("with lengths of its cache");
    if (is_causal && op.has(4)) op.refuse("that is causal, with a cache");
    const Heads queries = heads_of(op, 0, "q_num_heads");
    Heads keys = heads_of(op, 1, "kv_num_heads"), values = heads_of(op, 2, "kv_num_heads");
    join_past(op, keys, 4, 1);
    join_past(op, values, 5, 2);
    repeat_heads(op, queries, keys);
    repeat_heads(op, queries, values);
    Value *scores = b.emit("aten::matmul", {queries.tensor, transpose_last_two(b, keys.tensor)});
    scores = b.emit("aten::mul", {scores, b.constant(scale_of(op, queries))});
    if (op.has(3)) scores = add_mask(op, scores);
    if (is_causal) scores = hide_later(op, scores);
    scores = b.emit("aten::softmax", {scores, b.integer(-1), b.none()});
    op.out(merge_heads(op, b.emit("aten::matmul", {scores, values.tensor}), queries, values));
}

} // namespace

OpTable attention_ops() {
    static const OpRow rows[] = {{"Attention", lower_attention}};
    return {rows, std::size(rows)};
}

} // namespace ipex
