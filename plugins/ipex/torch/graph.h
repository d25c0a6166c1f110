// Building the TorchScript graph: what is known of each ONNX value, and the operators with which lowering
// functions work. Whatever depends on constants alone is computed at once and becomes a constant.
#pragma once

#include "torch/tensors.h"

#include <torch/csrc/jit/ir/ir.h>

#include <optional>
#include <vector>

namespace ipex {

namespace jit = torch::jit;
using jit::NamedValue;
using jit::Value;

constexpr int RANK_UNKNOWN = -1;
constexpr int64_t ANY = -1; // An extent that is not known before the run.

// Elements of a shape computation: each a constant int of the graph, or one that is computed in the run.
using Ints = std::vector<Value *>;

// What is known of an ONNX value.
struct Val {
    Value *tensor = nullptr;          // NULL: only `ints` is there yet.
    at::ScalarType type = at::kFloat; // ONNX's.
    bool is_low = false;              // The tensor is bfloat16, where ONNX says float.
    bool has_halves = false;          // ONNX's elements have four bits, the tensor's eight.
    int rank = RANK_UNKNOWN;
    std::vector<int64_t> dims; // [rank] when the rank is known.
    Ints sizes;                // [rank] or empty: extents that were asked for, or NULL.

    // The elements one by one: a shape or a number computed from shapes, of rank 0 or 1.
    bool has_ints = false;
    Ints ints;

    // The value is `unscaled` times `scale`; and it is linear(input, weight) without a bias. For fusions.
    Value *unscaled = nullptr;
    double scale = 1;
    Value *linear_input = nullptr, *linear_weight = nullptr;

    bool is_float() const { return type == at::kFloat; }
    int64_t dim(int i) const { return dims[static_cast<size_t>(i)]; }
};

// The float32 a model says, or what is left of it in bfloat16 mode.
class Builder {
  public:
    Builder(std::shared_ptr<jit::Graph> g, bool is_bf16) : graph(std::move(g)), is_low(is_bf16) {}

    std::shared_ptr<jit::Graph> graph;
    const bool is_low; // Products are computed in bfloat16.

    // The operator on these arguments, or the constant it gives for constants. Several results: see
    // results().
    Value *emit(const char *op, std::vector<NamedValue> args, std::vector<NamedValue> named = {});
    // The same for what gives another result each time.
    Value *emit_random(const char *op, std::vector<NamedValue> args, std::vector<NamedValue> named);
    std::vector<Value *> emit_many(const char *op, std::vector<NamedValue> args);

    Value *constant(const c10::IValue &value) { return graph->insertConstant(value); }
    Value *none() { return constant(c10::IValue()); }
    Value *list(const Ints &ints);                  // int[]
    Value *list(const std::vector<int64_t> &ints);  // int[]
    Value *elements(const Ints &of);                // int[] or bool[]
    NamedValue of_type(at::ScalarType type);        // dtype=...
    Value *tensors(const std::vector<Value *> &of); // Tensor[]

    // -- values --
    Val make(Value *tensor, at::ScalarType type, std::vector<int64_t> dims);
    Val make_unranked(Value *tensor, at::ScalarType type);
    Val from_tensor(const at::Tensor &tensor);
    Val from_ints(Ints ints, int rank, at::ScalarType type);

    // As a tensor: of ONNX's type; as it is; in the type of products.
    Value *full(Val &v);
    Value *as_is(Val &v);
    Value *low(Val &v);

    // As constants. Empty: it is not constant.
    std::optional<at::Tensor> constant_of(Val &v);
    std::optional<double> number_of(Val &v); // Of one element.

    // As ints one by one; false when the number of elements is not known. int[] in any case.
    bool ints_of(Val &v, Ints &out);
    bool constants_of(Val &v, std::vector<int64_t> &out);
    Value *list_of(Val &v);

    // An extent, as a constant or computed in the run.
    Value *size(Val &v, int axis);
    Ints sizes(Val &v);

    // Arithmetic of ints.
    Value *integer(int64_t n) { return constant(n); }
    Value *int_op(const char *op, Value *a, Value *b) { return emit(op, {a, b}); }

  private:
    Value *insert(const char *op, std::vector<NamedValue> &args, std::vector<NamedValue> &named, bool folds);
    Value *fold(Value *result);
};

// The int of a graph, if it is a constant.
std::optional<int64_t> constant_int(Value *v);

// An axis that may count from the end; throws AP_EFORMAT when it is out of range.
int axis_of(int64_t axis, int rank);

std::vector<int64_t> broadcast(const std::vector<int64_t> &a, const std::vector<int64_t> &b);

} // namespace ipex
