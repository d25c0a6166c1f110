// An ONNX file as a TorchScript graph.
#include "onnx/failure.h"
#include "torch/lower.h"
#include "torch/session.h"

#include <unordered_set>

namespace ipex {

// Opsets whose operators mean what the lowering functions say.
constexpr int64_t MIN_OPSET = 9;

static void describe(Loaded &loaded, std::vector<ap_io> &to, const onnx::Value &value) {
    ap_io &io = add_io(loaded, to, value.name, dtype_from_onnx(value.type));
    if (!value.has_shape) return;
    if (value.shape.size() > AP_TENSOR_MAX_RANK)
        fail(AP_EUNSUPPORTED, "\"%s\" has rank %zu, over the limit of %d", io.name, value.shape.size(),
             AP_TENSOR_MAX_RANK);
    io.rank = static_cast<uint32_t>(value.shape.size());
    for (size_t i = 0; i < value.shape.size(); i++) io.shape[i] = value.shape[i];
}

// Inputs that an initializer gives a value are none.
static std::unordered_set<std::string_view> names_of_initializers(const onnx::Graph &graph) {
    std::unordered_set<std::string_view> out;
    for (const onnx::Tensor &t : graph.initializers) out.insert(t.name);
    return out;
}

static void add_inputs(Loaded &loaded, Lowering &lowering, const onnx::Graph &graph) {
    const std::unordered_set<std::string_view> initializers = names_of_initializers(graph);
    for (const onnx::Value &value : graph.inputs) {
        if (initializers.count(value.name)) continue;
        const at::ScalarType type = type_from_onnx(value.type, value.name);
        Value *input = loaded.graph->addInput();
        lowering.define(value.name, value.has_shape ? lowering.b.make(input, type, value.shape)
                                                    : lowering.b.make_unranked(input, type));
        describe(loaded, loaded.inputs, value);
    }
}

Loaded load_onnx(const std::shared_ptr<Bytes> &bytes, const std::string &folder, const std::string &blobs,
                 const OpenOptions &options) {
    const onnx::Model model = onnx::read_model(bytes->view());
    if (model.opset < MIN_OPSET)
        fail(AP_EUNSUPPORTED, "the model has ONNX opset %lld; %lld or later is needed",
             static_cast<long long>(model.opset), static_cast<long long>(MIN_OPSET));
    Loaded loaded;
    loaded.few_lengths = true;
    loaded.graph = std::make_shared<jit::Graph>();
    Builder builder(loaded.graph, options.is_low);
    TensorReader tensors(bytes, folder, blobs);
    Lowering lowering(builder, tensors, model.opset);
    lowering.push();
    add_inputs(loaded, lowering, model.graph);
    lowering.lower(model.graph);
    for (const onnx::Value &value : model.graph.outputs) {
        loaded.graph->registerOutput(builder.full(lowering.find(value.name)));
        describe(loaded, loaded.outputs, value);
    }
    return loaded;
}

} // namespace ipex
