#include "torch/graph.h"

#include "onnx/failure.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/frontend/sugared_value.h>
#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>

namespace ipex {

namespace {

// Constants with more elements than this are left to the run: a file of some bytes must not make gigabytes.
constexpr int64_t MAX_FOLDED = int64_t{1} << 24;

// Shapes longer than this are tensors like others.
constexpr int64_t MAX_INTS = 64;

// Whether a tensor is as large as its arguments say, and no larger than MAX_FOLDED: the elements of the
// tensor that is repeated, and the product of the extents.
bool fits(const torch::jit::Stack &arguments) {
    double n = 1;
    for (const c10::IValue &a : arguments) {
        if (a.isTensor()) n *= std::max<double>(1, static_cast<double>(a.toTensor().numel()));
        if (a.isIntList())
            for (int64_t extent : a.toIntVector()) n *= std::max<double>(1, static_cast<double>(extent));
        if (a.isInt()) n = std::max(n, static_cast<double>(a.toInt()));
        if (a.isDouble()) n = std::max(n, a.toDouble());
    }
    return n <= static_cast<double>(MAX_FOLDED);
}

// Operators that make a tensor larger than what they are given.
bool grows(c10::Symbol kind) {
    static const c10::Symbol growing[] = {c10::Symbol::aten("full"), c10::Symbol::aten("expand"),
                                          c10::Symbol::aten("arange"), c10::Symbol::aten("repeat"),
                                          c10::Symbol::aten("constant_pad_nd")};
    return std::find(std::begin(growing), std::end(growing), kind) != std::end(growing);
}

} // namespace

// -- operators ----------------------------------------------------------------------------------------------

// Runs a node whose inputs are constants, and puts what it gives in its place.
Value *Builder::fold(Value *result) {
    jit::Node *node = result->node();
    torch::jit::Stack stack;
    for (Value *input : node->inputs()) {
        std::optional<c10::IValue> value = jit::toIValue(input);
        if (!value) return result;
        stack.push_back(*value);
    }
    if (grows(node->kind()) && !fits(stack)) return result;
    node->getOperation()(stack);
    if (stack.size() != 1) return result;
    std::optional<Value *> constant = jit::tryInsertConstant(*graph, stack.back());
    if (!constant) return result;
    node->destroy();
    return *constant;
}

Value *Builder::insert(const char *op, std::vector<NamedValue> &args, std::vector<NamedValue> &named,
                       bool folds) {
    Value *result = graph->insert(c10::Symbol::fromQualString(op), args, named);
    return folds && result->node()->kind() != c10::prim::TupleConstruct ? fold(result) : result;
}

Value *Builder::emit(const char *op, std::vector<NamedValue> args, std::vector<NamedValue> named) {
    return insert(op, args, named, true);
}

Value *Builder::emit_random(const char *op, std::vector<NamedValue> args, std::vector<NamedValue> named) {
    return insert(op, args, named, false);
}

std::vector<Value *> Builder::emit_many(const char *op, std::vector<NamedValue> args) {
    std::vector<NamedValue> named;
    Value *result = insert(op, args, named, false);
    if (result->node()->kind() != c10::prim::TupleConstruct) return {result};
    return {result->node()->inputs().begin(), result->node()->inputs().end()};
}

Value *Builder::list(const Ints &ints) {
    std::vector<int64_t> constants;
    for (Value *v : ints)
        if (std::optional<int64_t> n = constant_int(v)) constants.push_back(*n);
    if (constants.size() == ints.size()) return list(constants);
    return graph->insertNode(graph->createList(c10::IntType::get(), ints))->output();
}

Value *Builder::list(const std::vector<int64_t> &ints) { return constant(c10::List<int64_t>(ints)); }

// Ints or bools, as they are.
Value *Builder::elements(const Ints &of) {
    const bool are_bools = !of.empty() && of[0]->type()->kind() == c10::BoolType::Kind;
    if (!are_bools) return list(of);
    return graph->insertNode(graph->createList(c10::BoolType::get(), of))->output();
}

NamedValue Builder::of_type(at::ScalarType type) {
    return NamedValue("dtype", constant(static_cast<int64_t>(type)));
}

Value *Builder::tensors(const std::vector<Value *> &of) {
    return graph->insertNode(graph->createList(c10::TensorType::get(), of))->output();
}

// -- values -------------------------------------------------------------------------------------------------

Val Builder::make(Value *tensor, at::ScalarType type, std::vector<int64_t> dims) {
    Val v;
    v.tensor = tensor;
    v.type = type;
    v.rank = static_cast<int>(dims.size());
    v.dims = std::move(dims);
    return v;
}

Val Builder::make_unranked(Value *tensor, at::ScalarType type) {
    Val v;
    v.tensor = tensor;
    v.type = type;
    return v;
}

Val Builder::from_tensor(const at::Tensor &tensor) {
    return make(constant(tensor), tensor.scalar_type(), tensor.sizes().vec());
}

Val Builder::from_ints(Ints ints, int rank, at::ScalarType type) {
    Val v;
    v.type = type;
    v.rank = rank;
    if (rank == 1) v.dims = {static_cast<int64_t>(ints.size())};
    v.has_ints = true;
    v.ints = std::move(ints);
    return v;
}

// Elements that were computed one by one become a tensor when one is needed.
Value *Builder::as_is(Val &v) {
    if (v.tensor) return v.tensor;
    v.tensor = v.rank == 0 ? emit("aten::scalar_tensor", {v.ints[0]}, {of_type(v.type)})
                           : emit("aten::tensor", {elements(v.ints)}, {of_type(v.type)});
    if (v.rank > 1) v.tensor = emit("aten::reshape", {v.tensor, list(v.dims)});
    return v.tensor;
}

static Value *convert(Builder &b, Value *tensor, at::ScalarType type) {
    return b.emit("aten::to", {tensor, b.constant(static_cast<int64_t>(type)), b.constant(false),
                               b.constant(false), b.none()});
}

Value *Builder::full(Val &v) {
    Value *tensor = as_is(v);
    return v.is_low ? convert(*this, tensor, at::kFloat) : tensor;
}

Value *Builder::low(Val &v) {
    Value *tensor = as_is(v);
    return is_low && v.is_float() && !v.is_low ? convert(*this, tensor, at::kBFloat16) : tensor;
}

// -- constants ----------------------------------------------------------------------------------------------

std::optional<int64_t> constant_int(Value *v) {
    std::optional<c10::IValue> value = jit::toIValue(v);
    if (!value) return std::nullopt;
    if (value->isInt()) return value->toInt();
    if (value->isBool()) return value->toBool();
    return std::nullopt;
}

std::optional<at::Tensor> Builder::constant_of(Val &v) {
    if (!v.tensor) {
        for (Value *element : v.ints)
            if (!constant_int(element)) return std::nullopt;
        as_is(v);
    }
    std::optional<c10::IValue> value = jit::toIValue(v.tensor);
    return value && value->isTensor() ? std::optional<at::Tensor>(value->toTensor()) : std::nullopt;
}

std::optional<double> Builder::number_of(Val &v) {
    std::optional<at::Tensor> tensor = constant_of(v);
    if (!tensor || tensor->numel() != 1) return std::nullopt;
    return tensor->item().toDouble();
}

bool Builder::constants_of(Val &v, std::vector<int64_t> &out) {
    std::optional<at::Tensor> tensor = constant_of(v);
    if (!tensor || tensor->dim() > 1) return false;
    at::Tensor flat = tensor->to(at::kLong).reshape({-1}).contiguous();
    out.assign(flat.data_ptr<int64_t>(), flat.data_ptr<int64_t>() + flat.numel());
    return true;
}

// -- ints ---------------------------------------------------------------------------------------------------

bool Builder::ints_of(Val &v, Ints &out) {
    out.clear();
    if (v.has_ints) {
        out = v.ints;
        return true;
    }
    if (v.rank > 1 || v.rank < 0 || v.is_float()) return false;
    const int64_t n = v.rank == 0 ? 1 : v.dims[0];
    if (n == ANY || n > MAX_INTS) return false;
    const char *op = v.type == at::kBool ? "aten::Bool" : "aten::Int";
    for (int64_t i = 0; i < n; i++) {
        Value *element = v.rank == 0 ? v.tensor : emit("aten::select", {v.tensor, integer(0), integer(i)});
        out.push_back(emit(op, {element}));
    }
    v.has_ints = true;
    v.ints = out;
    return true;
}

Value *Builder::list_of(Val &v) {
    Ints ints;
    if (ints_of(v, ints)) return list(ints);
    return emit("aten::_tensor_to_list", {full(v)});
}

Value *Builder::size(Val &v, int axis) {
    if (v.dim(axis) != ANY) return integer(v.dim(axis));
    if (v.sizes.empty()) v.sizes.resize(static_cast<size_t>(v.rank), nullptr);
    Value *&known = v.sizes[static_cast<size_t>(axis)];
    if (!known) known = emit("aten::size", {as_is(v), integer(axis)});
    return known;
}

Ints Builder::sizes(Val &v) {
    Ints out;
    for (int i = 0; i < v.rank; i++) out.push_back(size(v, i));
    return out;
}

// -- shapes -------------------------------------------------------------------------------------------------

int axis_of(int64_t axis, int rank) {
    if (axis < -rank || axis >= rank)
        fail(AP_EFORMAT, "axis %lld of a value of rank %d", static_cast<long long>(axis), rank);
    return static_cast<int>(axis < 0 ? axis + rank : axis);
}

std::vector<int64_t> broadcast(const std::vector<int64_t> &a, const std::vector<int64_t> &b) {
    const std::vector<int64_t> &longer = a.size() >= b.size() ? a : b,
                               &shorter = a.size() >= b.size() ? b : a;
    std::vector<int64_t> out = longer;
    const size_t lead = longer.size() - shorter.size();
    for (size_t i = 0; i < shorter.size(); i++) {
        int64_t &extent = out[lead + i];
        const int64_t other = shorter[i];
        if (extent == 1 || (extent == ANY && other > 1)) extent = other;
        if (extent == 1 && other == ANY) extent = ANY;
    }
    return out;
}

} // namespace ipex
