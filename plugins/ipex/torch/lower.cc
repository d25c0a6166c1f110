#include "torch/lower.h"

#include "onnx/failure.h"
#include "onnx/order.h"

#include <torch/csrc/jit/frontend/error_report.h>

#include <cstdarg>
#include <cstdio>

namespace ipex {

std::string printable(std::string_view text) {
    std::string out(text.substr(0, 120));
    for (char &c : out)
        if (static_cast<unsigned char>(c) < ' ') c = '?';
    return out;
}

// -- a node -------------------------------------------------------------------------------------------------

Op::Op(Lowering &l, const onnx::Node &n) : lowering(l), b(l.b), node(n) {}

Val &Op::in(size_t i) {
    if (!has(i))
        fail(AP_EFORMAT, "operator %s (node \"%s\") lacks input %zu", printable(node.op).c_str(),
             printable(node.name).c_str(), i);
    return lowering.find(node.inputs[i]);
}

void Op::out(size_t i, Val v) {
    if (wants(i)) lowering.define(node.outputs[i], std::move(v));
}

const onnx::Attribute *Op::attribute(std::string_view name) const {
    for (const onnx::Attribute &a : node.attributes)
        if (a.name == name) return &a;
    return nullptr;
}

int64_t Op::integer(std::string_view name, int64_t absent) const {
    const onnx::Attribute *a = attribute(name);
    return a ? a->integer : absent;
}

double Op::number(std::string_view name, double absent) const {
    const onnx::Attribute *a = attribute(name);
    return a ? static_cast<double>(a->number) : absent;
}

std::string Op::text(std::string_view name, std::string_view absent) const {
    const onnx::Attribute *a = attribute(name);
    return std::string(a ? a->text : absent);
}

std::vector<int64_t> Op::integers(std::string_view name) const {
    const onnx::Attribute *a = attribute(name);
    return a ? a->integers : std::vector<int64_t>();
}

bool Op::constants(std::string_view name, size_t input, std::vector<int64_t> &out) {
    if (const onnx::Attribute *a = attribute(name)) {
        out = a->integers;
        return true;
    }
    if (!has(input)) return false;
    if (!b.constants_of(in(input), out)) refuse("its %s must be constant", std::string(name).c_str());
    return true;
}

int64_t Op::opset() const { return lowering.opset; }

int Op::rank(size_t i) {
    const int rank = in(i).rank;
    if (rank == RANK_UNKNOWN) refuse("the rank of its input %zu is not known", i);
    return rank;
}

int Op::axis(std::string_view name, int64_t absent, int rank) const {
    return axis_of(integer(name, absent), rank);
}

void Op::refuse(const char *fmt, ...) const {
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    fail(AP_EUNSUPPORTED, "operator %s (node \"%s\"): %s", printable(node.op).c_str(),
         printable(node.name).c_str(), text);
}

// -- a graph ------------------------------------------------------------------------------------------------

using OpMap = std::unordered_map<std::string_view, LowerFn>;

static OpMap collect(std::initializer_list<OpTable> tables) {
    OpMap out;
    for (OpTable table : tables)
        for (size_t i = 0; i < table.n; i++) out.emplace(table.rows[i].name, table.rows[i].lower);
    return out;
}

// NULL: there is none.
static LowerFn find_op(const onnx::Node &node) {
    static const OpMap standard =
        collect({arithmetic_ops(), logic_ops(), unary_ops(), product_ops(), shape_ops(), slice_ops(),
                 index_ops(), reduce_ops(), normalize_ops(), convolution_ops(), picture_ops(), quantize_ops(),
                 control_ops(), create_ops(), attention_ops()});
    static const OpMap contrib = collect({contrib_ops()});
    const bool is_standard = node.domain.empty() || node.domain == "ai.onnx";
    if (!is_standard && node.domain != "com.microsoft") return nullptr;
    const OpMap &ops = is_standard ? standard : contrib;
    auto found = ops.find(node.op);
    return found == ops.end() ? nullptr : found->second;
}

// A value of a graph around this one is copied on its first use: what is then found out of it (extents, a
// tensor from ints) are nodes of this block, which the others do not see.
Val &Lowering::find(std::string_view name) {
    for (size_t i = scopes.size(); i-- > 0;) {
        auto found = scopes[i].find(name);
        if (found == scopes[i].end()) continue;
        if (i + 1 == scopes.size()) return found->second;
        return scopes.back()[name] = found->second;
    }
    fail(AP_EFORMAT, "the model uses \"%s\" before it is there", printable(name).c_str());
}

Val Lowering::constant(const onnx::Tensor &tensor) {
    Val v = b.from_tensor(tensors.read(tensor));
    v.has_halves = has_halves(tensor);
    return v;
}

void Lowering::define(std::string_view name, Val v) { scopes.back()[name] = std::move(v); }

void Lowering::lower_node(const onnx::Node &node) {
    Op op(*this, node);
    const LowerFn run = find_op(node);
    if (!run) {
        const std::string domain = node.domain.empty() ? "" : printable(node.domain) + ".";
        fail(AP_EUNSUPPORTED,
             "accelerator \"ipex\" has no operator %s%s (node \"%s\"); \"ort\" or \"ov\" may have it",
             domain.c_str(), printable(node.op).c_str(), printable(node.name).c_str());
    }
    try {
        run(op);
    } catch (const c10::Error &e) {
        const std::string text = e.what_without_backtrace();
        op.refuse("%s", printable(text.substr(0, text.find('\n'))).c_str());
    } catch (const jit::ErrorReport &e) {
        op.refuse("%s", printable(e.what()).c_str());
    }
}

void Lowering::lower(const onnx::Graph &graph) {
    for (const onnx::Tensor &t : graph.initializers) define(t.name, constant(t));
    for (const onnx::Node *node : onnx::in_order(graph)) lower_node(*node);
}

} // namespace ipex
