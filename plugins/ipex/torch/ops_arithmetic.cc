// Operators of two operands and more, on tensors or on the ints of a shape computation.
#include "torch/ops.h"

#include <ATen/ATen.h>

namespace ipex {

// -- ints ---------------------------------------------------------------------------------------------------

// Whether the inputs are numbers of a shape computation: then so is the result.
bool all_ints(Op &op, std::vector<Ints> &out) {
    bool is_any = false;
    for (size_t i = 0; i < op.n_inputs(); i++) {
        Val &v = op.in(i);
        if (v.is_float() || v.rank < 0 || v.rank > 1) return false;
        is_any = is_any || v.has_ints;
    }
    if (!is_any) return false;
    out.resize(op.n_inputs());
    for (size_t i = 0; i < op.n_inputs(); i++)
        if (!op.b.ints_of(op.in(i), out[i])) return false;
    return true;
}

// Of several lists, each of one length or of a single element; 0 when they do not fit.
static size_t common_length(const std::vector<Ints> &lists) {
    size_t n = 1;
    for (const Ints &list : lists) {
        if (list.size() == 1) continue;
        if (n != 1 && list.size() != n) return 0;
        n = list.size();
    }
    return n;
}

static Value *element(const Ints &list, size_t i) { return list[list.size() == 1 ? 0 : i]; }

static int rank_of_result(Op &op) {
    int rank = 0;
    for (size_t i = 0; i < op.n_inputs(); i++) rank = std::max(rank, op.in(i).rank);
    return rank;
}

// ONNX divides ints towards zero, the graph's own division is of floats.
static Value *divide_ints(Builder &b, Value *x, Value *y) {
    return b.emit("aten::Int", {b.emit("aten::div", {x, y})});
}

static Value *on_numbers(Builder &b, const char *kind, Value *x, Value *y) {
    return strcmp(kind, "div") == 0 ? divide_ints(b, x, y) : b.int_op(kind, x, y);
}

bool lower_ints(Op &op, const char *kind, bool is_comparison) {
    std::vector<Ints> in;
    if (!all_ints(op, in)) return false;
    const size_t n = common_length(in);
    if (!n) return false;
    Ints out;
    for (size_t i = 0; i < n; i++) {
        Value *value = element(in[0], i);
        for (size_t k = 1; k < in.size(); k++) value = on_numbers(op.b, kind, value, element(in[k], i));
        out.push_back(value);
    }
    const at::ScalarType type = is_comparison ? at::kBool : op.in(0).type;
    op.out(op.b.from_ints(std::move(out), rank_of_result(op), type));
    return true;
}

// -- tensors ------------------------------------------------------------------------------------------------

std::vector<int64_t> broadcast_of(Op &op, size_t first, size_t n, bool &is_known) {
    std::vector<int64_t> dims;
    is_known = true;
    for (size_t i = first; i < first + n; i++) {
        if (op.in(i).rank < 0) is_known = false;
        dims = broadcast(dims, op.in(i).dims);
    }
    return dims;
}

Val broadcast_result(Op &op, Value *tensor, at::ScalarType type, size_t first) {
    bool is_known;
    std::vector<int64_t> dims = broadcast_of(op, first, op.n_inputs() - first, is_known);
    return is_known ? op.b.make(tensor, type, std::move(dims)) : op.b.make_unranked(tensor, type);
}

// A constant of one element whose shape adds nothing to the other operand's.
static std::optional<c10::IValue> number_for(Op &op, size_t i, const Val &other) {
    Val &v = op.in(i);
    if (v.rank < 0 || other.rank < v.rank) return std::nullopt;
    std::optional<at::Tensor> tensor = op.b.constant_of(v);
    if (!tensor || tensor->numel() != 1) return std::nullopt;
    if (at::isFloatingType(v.type)) return c10::IValue(tensor->item().toDouble());
    if (v.type == at::kLong || v.type == at::kInt) return c10::IValue(tensor->item().toLong());
    return std::nullopt;
}

// A product with a bias that is a vector of constants: one operator.
static bool lower_bias(Op &op) {
    for (size_t i = 0; i < 2; i++) {
        Val &product = op.in(1 - i);
        std::optional<at::Tensor> bias = op.b.constant_of(op.in(i));
        if (!product.linear_input || !bias || !op.in(i).is_float()) continue;
        const int64_t n_columns = jit::toIValue(product.linear_weight)->toTensor().size(0);
        if (bias->dim() > product.rank || !bias->dim() || bias->size(-1) != n_columns ||
            bias->numel() != n_columns)
            continue;
        Value *vector =
            op.b.constant(bias->reshape({n_columns}).to(op.b.is_low ? at::kBFloat16 : at::kFloat));
        Val out = op.b.make(op.b.emit("aten::linear", {product.linear_input, product.linear_weight, vector}),
                            at::kFloat, product.dims);
        out.is_low = op.b.is_low;
        op.out(std::move(out));
        return true;
    }
    return false;
}

static bool is_number(const c10::IValue &value, int n) {
    return value.isInt() ? value.toInt() == n : value.toDouble() == n;
}

// x + 0, 0 + x, x - 0: shape and type are those of x.
static bool lower_neutral_sum(Op &op, bool is_difference) {
    for (size_t i = 0; i < (is_difference ? 1u : 2u); i++) {
        const std::optional<c10::IValue> n = number_for(op, 1 - i, op.in(i));
        if (!n || !is_number(*n, 0)) continue;
        op.out(op.in(i));
        return true;
    }
    return false;
}

static void lower_sum(Op &op, const char *kind) {
    Builder &b = op.b;
    Val &x = op.in(0), &y = op.in(1);
    Value *out;
    bool is_low = false;
    std::optional<c10::IValue> n = number_for(op, 1, x);
    if (n) {
        is_low = x.is_low;
        out = b.emit(kind, {b.as_is(x), b.constant(*n)});
    } else if ((n = number_for(op, 0, y))) {
        is_low = y.is_low;
        out = b.emit(strcmp(kind, "aten::sub") == 0 ? "aten::rsub" : kind, {b.as_is(y), b.constant(*n)});
    } else {
        out = b.emit(kind, {b.full(x), b.full(y)});
    }
    Val v = broadcast_result(op, out, x.type);
    v.is_low = is_low;
    op.out(std::move(v));
}

static void lower_add(Op &op) {
    if (lower_ints(op, "aten::add")) return;
    if (op.n_inputs() == 2 && lower_bias(op)) return;
    if (op.n_inputs() == 2 && lower_neutral_sum(op, false)) return;
    if (op.n_inputs() == 2 && op.in(0).type == at::kBool) op.refuse("of bool");
    lower_sum(op, "aten::add");
}

static void lower_sub(Op &op) {
    if (!lower_ints(op, "aten::sub") && !lower_neutral_sum(op, true)) lower_sum(op, "aten::sub");
}

// A value times a number stays in its type, and is remembered as such: products move the number behind them.
static bool lower_scaling(Op &op, const char *kind, bool is_division) {
    Builder &b = op.b;
    for (size_t i = 0; i < (is_division ? 1u : 2u); i++) {
        Val &x = op.in(i);
        std::optional<c10::IValue> n = number_for(op, 1 - i, x);
        if (!n || !x.is_float()) continue;
        if (is_number(*n, 1)) {
            op.out(x);
            return true;
        }
        Val out = b.make(b.emit(kind, {b.as_is(x), b.constant(*n)}), x.type, x.dims);
        out.is_low = x.is_low;
        out.unscaled = x.unscaled ? x.unscaled : b.as_is(x);
        out.scale = x.scale * (is_division ? 1 / n->toDouble() : n->toDouble());
        op.out(std::move(out));
        return true;
    }
    return false;
}

// IPEX takes a product that is multiplied or divided, and then added to, for attention, where the second
// operand is a number; a tensor must not be there.
static bool is_product(const Val &v) {
    if (!v.tensor) return false;
    const c10::Symbol kind = v.tensor->node()->kind();
    return kind == c10::aten::matmul || kind == c10::aten::mul || kind == c10::aten::div;
}

static void lower_mul(Op &op) {
    Builder &b = op.b;
    if (lower_ints(op, "aten::mul") || lower_scaling(op, "aten::mul", false)) return;
    Val &x = op.in(0), &y = op.in(1);
    const bool is_low = x.is_low && y.is_low;
    Value *left = is_low ? b.as_is(x) : b.full(x), *right = is_low ? b.as_is(y) : b.full(y);
    if (is_product(x)) std::swap(left, right);
    Value *out = b.emit("aten::mul", {left, right});
    Val v = broadcast_result(op, out, x.type);
    v.is_low = is_low;
    op.out(std::move(v));
}

static void lower_div(Op &op) {
    Builder &b = op.b;
    if (lower_ints(op, "div") || lower_scaling(op, "aten::div", true)) return;
    Val &x = op.in(0), &y = op.in(1);
    Value *out;
    if (!at::isFloatingType(x.type))
        out = b.emit("aten::div", {b.full(x), b.full(y)}, {NamedValue("rounding_mode", b.constant("trunc"))});
    else if (b.number_of(x) == 1.0 && x.rank >= 0 && x.rank <= y.rank)
        out = b.emit("aten::reciprocal", {b.full(y)});
    else if (is_product(x))
        out = b.emit("aten::mul", {b.emit("aten::reciprocal", {b.full(y)}), b.full(x)});
    else
        out = b.emit("aten::div", {b.full(x), b.full(y)});
    op.out(broadcast_result(op, out, x.type));
}

static void lower_pow(Op &op) {
    Builder &b = op.b;
    Val &x = op.in(0);
    std::optional<double> n = b.number_of(op.in(1));
    const bool is_whole = n && *n == static_cast<double>(static_cast<int64_t>(*n));
    Value *exponent = is_whole ? b.integer(static_cast<int64_t>(*n)) : n ? b.constant(*n) : b.full(op.in(1));
    op.out(broadcast_result(op, convert_to(b, b.emit("aten::pow", {b.full(x), exponent}), x.type), x.type));
}

static void lower_mod(Op &op) {
    Builder &b = op.b;
    const bool is_fmod = op.integer("fmod", 0) != 0;
    if (!is_fmod && lower_ints(op, "aten::remainder")) return;
    Value *out = b.emit(is_fmod ? "aten::fmod" : "aten::remainder", {b.full(op.in(0)), b.full(op.in(1))});
    op.out(broadcast_result(op, out, op.in(0).type));
}

// Any number of operands.
static void lower_many(Op &op, const char *on_ints, const char *on_tensors) {
    Builder &b = op.b;
    if (on_ints && lower_ints(op, on_ints)) return;
    Value *out = b.full(op.in(0));
    for (size_t i = 1; i < op.n_inputs(); i++) out = b.emit(on_tensors, {out, b.full(op.in(i))});
    op.out(broadcast_result(op, out, op.in(0).type));
}

static void lower_min(Op &op) { lower_many(op, "prim::min", "aten::minimum"); }
static void lower_max(Op &op) { lower_many(op, "prim::max", "aten::maximum"); }

static void lower_sum_of(Op &op) {
    Builder &b = op.b;
    Value *out = b.full(op.in(0));
    for (size_t i = 1; i < op.n_inputs(); i++) out = b.emit("aten::add", {out, b.full(op.in(i))});
    op.out(broadcast_result(op, out, op.in(0).type));
}

static void lower_mean_of(Op &op) {
    Builder &b = op.b;
    lower_sum_of(op);
    if (op.n_inputs() < 2) return;
    Val sum = op.lowering.find(op.node.outputs[0]);
    op.out(like(b, b.emit("aten::div", {b.full(sum), b.constant(static_cast<double>(op.n_inputs()))}), sum));
}

OpTable arithmetic_ops() {
    static const OpRow rows[] = {
        {"Add", lower_add},    {"Sub", lower_sub},      {"Mul", lower_mul}, {"Div", lower_div},
        {"Pow", lower_pow},    {"Mod", lower_mod},      {"Min", lower_min}, {"Max", lower_max},
        {"Sum", lower_sum_of}, {"Mean", lower_mean_of},
    };
    return {rows, std::size(rows)};
}

} // namespace ipex
