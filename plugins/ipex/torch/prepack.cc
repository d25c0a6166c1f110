// Products and convolutions with constant weights, as IPEX's operators: the weights are laid out for oneDNN's
// kernels once, at load, and IPEX's passes then join what follows (GELU, ReLU, ...) to them.
//
// Source: intel-extension-for-pytorch@v2.8.0 csrc/cpu/jit/passes/graph_rewrite_linear.cpp, which does this
// for bfloat16 alone, and only for shapes that it has seen.
#include "torch/passes.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/custom_class.h>

#include <map>

namespace ipex {

namespace {

const char *const LINEAR_CONTEXT = "__torch__.torch.classes.ipex_prepack.LinearOpContext";
const char *const CONVOLUTION_CONTEXT = "__torch__.torch.classes.ipex_prepack.ConvolutionOpContext";

std::optional<at::Tensor> constant_tensor(Value *v) {
    std::optional<c10::IValue> value = jit::toIValue(v);
    return value && value->isTensor() ? std::optional<at::Tensor>(value->toTensor()) : std::nullopt;
}

bool is_none(Value *v) {
    std::optional<c10::IValue> value = jit::toIValue(v);
    return value && value->isNone();
}

class Prepack {
  public:
    Prepack(const std::shared_ptr<jit::Graph> &g, bool low) : graph(g), is_low(low) {}

    void run(jit::Block *block) {
        for (jit::Node *node : block->nodes()) {
            for (jit::Block *inner : node->blocks()) run(inner);
            if (node->kind() == c10::aten::linear) pack_linear(node);
            if (node->kind() == c10::Symbol::aten("convolution")) pack_convolution(node);
        }
    }

  private:
    // Weights in float32 that are wanted in bfloat16, or as they are; nothing else is for oneDNN.
    std::optional<at::ScalarType> packed_type(at::ScalarType type) const {
        if (type == at::kFloat) return is_low ? at::kBFloat16 : at::kFloat;
        if (type == at::kBFloat16) return type;
        return std::nullopt;
    }

    Value *to(Value *v, at::ScalarType type) {
        Value *no = graph->insertConstant(false), *none = graph->insertConstant(c10::IValue());
        return graph->insert(c10::aten::to,
                             {v, graph->insertConstant(static_cast<int64_t>(type)), no, no, none});
    }

    // `run`(x, context) in place of the node, in the weights' type; what comes out has the type it had.
    void replace(jit::Node *node, const char *run, Value *context, at::ScalarType type,
                 at::ScalarType packed) {
        jit::WithInsertPoint guard(node);
        Value *in = type == packed ? node->input(0) : to(node->input(0), packed);
        jit::Node *made =
            graph->insertNode(graph->create(c10::Symbol::fromQualString(run), {in, context}, 1));
        made->output()->setType(c10::TensorType::get());
        Value *out = type == packed ? made->output() : to(made->output(), type);
        node->output()->replaceAllUsesWith(out);
    }

    void pack_linear(jit::Node *node) {
        std::optional<at::Tensor> w = constant_tensor(node->input(1)), bias = constant_tensor(node->input(2));
        if (!w || w->dim() != 2 || !w->numel() || (!bias && !is_none(node->input(2)))) return;
        std::optional<at::ScalarType> packed = packed_type(w->scalar_type());
        if (!packed) return;
        // One context for weights that several layers share.
        const auto key = std::make_pair(w->data_ptr(), bias ? bias->data_ptr() : nullptr);
        Value *&context = contexts[key];
        if (!context) {
            jit::WithInsertPoint guard(*graph->nodes().begin());
            c10::IValue b = bias ? c10::IValue(bias->to(*packed)) : c10::IValue();
            Value *weight = graph->insertConstant(w->to(*packed).contiguous());
            context = insert("ipex_prepack::linear_prepack", LINEAR_CONTEXT,
                             {weight, graph->insertConstant(b), graph->insertConstant(c10::IValue())});
        }
        replace(node, "ipex_prepack::linear_run", context, w->scalar_type(), *packed);
    }

    void pack_convolution(jit::Node *node) {
        std::optional<at::Tensor> w = constant_tensor(node->input(1)), bias = constant_tensor(node->input(2));
        std::optional<c10::IValue> transposed = jit::toIValue(node->input(6)),
                                   groups = jit::toIValue(node->input(8));
        if (!w || w->dim() != 4 || !w->numel() || (!bias && !is_none(node->input(2)))) return;
        if (!transposed || transposed->toBool() || !groups) return;
        for (size_t i : {3u, 4u, 5u})
            if (!jit::toIValue(node->input(i))) return;
        std::optional<at::ScalarType> packed = packed_type(w->scalar_type());
        if (!packed) return;
        // The size is a hint for the layout of the weights; runs may have any.
        const std::vector<int64_t> size = {1, w->size(1) * groups->toInt(), 224, 224};
        jit::WithInsertPoint guard(node);
        c10::IValue b = bias ? c10::IValue(bias->to(*packed)) : c10::IValue();
        Value *context =
            insert("ipex_prepack::convolution_prepack", CONVOLUTION_CONTEXT,
                   {graph->insertConstant(w->to(*packed).contiguous()), graph->insertConstant(b),
                    node->input(3), node->input(4), node->input(5), node->input(8),
                    graph->insertConstant(false), graph->insertConstant(c10::List<int64_t>(size))});
        replace(node, "ipex_prepack::convolution_run", context, w->scalar_type(), *packed);
    }

    // The node that packs; IPEX's passes run it, and put the result in its place.
    Value *insert(const char *op, const char *type, std::vector<Value *> inputs) {
        jit::Node *node = graph->insertNode(graph->create(c10::Symbol::fromQualString(op), inputs, 1));
        node->output()->setType(torch::getCustomClass(type));
        return node->output();
    }

    const std::shared_ptr<jit::Graph> &graph;
    const bool is_low;
    std::map<std::pair<void *, void *>, Value *> contexts;
};

} // namespace

void prepack_weights(const std::shared_ptr<jit::Graph> &graph, bool is_low) {
    Prepack(graph, is_low).run(graph->block());
}

} // namespace ipex
