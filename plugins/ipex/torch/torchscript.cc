// A TorchScript file: frozen, so that its weights are constants of one graph.
//
// The file says nothing of its inputs' types. Those that transformers' models have are known by name; others
// are float32 unless the option "input_dtypes" says more ("mask:int64 x:float32"). Outputs are named by the
// keys of a dictionary that the model returns, by the option "output_names" ("logits hidden"), or "output_0"
// and so on.
#include "onnx/failure.h"
#include "torch/session.h"

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <sstream>

namespace ipex {

namespace {

// Operators that reach outside of the model: files and standard output.
const char *const FORBIDDEN[] = {"aten::from_file", "aten::save", "aten::load", "prim::Print", "aten::warn"};

void check_operators(const jit::Block *block) {
    for (const jit::Node *node : block->nodes()) {
        const std::string name = node->kind().toQualString();
        if (std::find(std::begin(FORBIDDEN), std::end(FORBIDDEN), name) != std::end(FORBIDDEN))
            fail(AP_EUNSUPPORTED, "the model's code calls %s, which is not run", name.c_str());
        for (const jit::Block *inner : node->blocks()) check_operators(inner);
    }
}

// Beginnings of the names of operators in which the neighbours of a position count, masked or not.
const char *const NEIGHBOUR_OPS[] = {"aten::adaptive_avg_pool",
                                     "aten::adaptive_max_pool",
                                     "aten::avg_pool",
                                     "aten::constant_pad",
                                     "aten::conv",
                                     "aten::_convolution",
                                     "aten::fft_",
                                     "aten::gru",
                                     "aten::lstm",
                                     "aten::max_pool",
                                     "aten::pad",
                                     "aten::rnn_",
                                     "aten::stft",
                                     "prim::Loop"};

bool has_neighbours(const jit::Block *block) {
    for (const jit::Node *node : block->nodes()) {
        const std::string name = node->kind().toQualString();
        for (const char *start : NEIGHBOUR_OPS)
            if (name.compare(0, std::string_view(start).size(), start) == 0) return true;
        for (const jit::Block *inner : node->blocks())
            if (has_neighbours(inner)) return true;
    }
    return false;
}

std::vector<std::string> words(const std::string &text) {
    std::istringstream in(text);
    return {std::istream_iterator<std::string>(in), {}};
}

// -- inputs -------------------------------------------------------------------------------------------------

// Inputs of transformers' models that are not float32.
const char *const INT64_INPUTS[] = {"input_ids",
                                    "attention_mask",
                                    "token_type_ids",
                                    "position_ids",
                                    "bbox",
                                    "decoder_input_ids",
                                    "decoder_attention_mask",
                                    "pixel_mask",
                                    "decoder_position_ids",
                                    "cache_position"};

ap_dtype dtype_of(const std::string &name, const OpenOptions &options) {
    for (const std::string &word : words(options.input_dtypes)) {
        size_t colon = word.rfind(':');
        if (colon == std::string::npos || word.compare(0, colon, name) != 0) continue;
        const std::string type = word.substr(colon + 1);
#define ROW(NAME, number, size, text)                                                                        \
    if (type == text) return AP_DTYPE_##NAME;
        AP_DTYPE_MAP(ROW)
#undef ROW
        fail(AP_EINVAL, "option input_dtypes: \"%s\" is no dtype", type.c_str());
    }
    for (const char *known : INT64_INPUTS)
        if (name == known) return AP_DTYPE_I64;
    return AP_DTYPE_F32;
}

// Arguments behind the module itself. Those that are not tensors must have a default, which becomes a
// constant.
void read_inputs(Loaded &loaded, const c10::FunctionSchema &schema, const OpenOptions &options) {
    for (size_t i = 1; i < schema.arguments().size(); i++) {
        const c10::Argument &argument = schema.arguments()[i];
        Value *input = loaded.graph->inputs().at(i);
        if (argument.type()->kind() == c10::TensorType::Kind) {
            add_io(loaded, loaded.inputs, argument.name(), dtype_of(argument.name(), options));
            continue;
        }
        if (!argument.default_value())
            fail(AP_EUNSUPPORTED, "input \"%s\" of the model is a %s and not a tensor",
                 argument.name().c_str(), argument.type()->str().c_str());
        jit::WithInsertPoint guard(*loaded.graph->nodes().begin());
        input->replaceAllUsesWith(loaded.graph->insertConstant(*argument.default_value()));
    }
    for (size_t i = schema.arguments().size(); i-- > 1;)
        if (schema.arguments()[i].type()->kind() != c10::TensorType::Kind) loaded.graph->eraseInput(i);
}

// -- outputs ------------------------------------------------------------------------------------------------

void count_tensors(const c10::TypePtr &type, size_t &n) {
    if (type->kind() == c10::TensorType::Kind) {
        n++;
    } else if (auto tuple = type->cast<c10::TupleType>()) {
        for (const c10::TypePtr &element : tuple->elements()) count_tensors(element, n);
    } else {
        fail(AP_EUNSUPPORTED, "the model gives a %s, and not tensors", type->str().c_str());
    }
}

// The keys of the dictionary that is made last.
std::vector<std::string> dictionary_keys(Value *output) {
    std::vector<std::string> out;
    const jit::Node *node = output->node();
    if (node->kind() != c10::prim::DictConstruct)
        fail(AP_EUNSUPPORTED, "the model gives a dictionary whose keys are not known");
    for (size_t i = 0; i < node->inputs().size(); i += 2) {
        std::optional<c10::IValue> key = jit::toIValue(node->inputs()[i]);
        if (!key || !key->isString())
            fail(AP_EUNSUPPORTED, "the model gives a dictionary whose keys are not known");
        out.push_back(key->toStringRef());
    }
    return out;
}

void read_outputs(Loaded &loaded, const OpenOptions &options) {
    Value *output = loaded.graph->outputs().at(0);
    std::vector<std::string> names = words(options.output_names);
    size_t n = 0;
    if (output->type()->kind() == c10::DictType::Kind) {
        const std::vector<std::string> keys = dictionary_keys(output);
        n = keys.size();
        if (names.empty()) names = keys;
    } else {
        count_tensors(output->type(), n);
    }
    if (!names.empty() && names.size() != n)
        fail(AP_EINVAL, "option output_names has %zu names, the model has %zu outputs", names.size(), n);
    for (size_t i = 0; i < n; i++)
        add_io(loaded, loaded.outputs, names.empty() ? "output_" + std::to_string(i) : names[i],
               AP_DTYPE_NONE);
}

} // namespace

// Loading runs code of the file (__setstate__), so that its text is looked through before.
static void check_code(const std::string &archive) {
    std::istringstream in(archive);
    caffe2::serialize::PyTorchStreamReader reader(&in);
    for (const std::string &name : reader.getAllRecords()) {
        if (name.compare(0, 5, "code/") != 0) continue;
        auto [data, size] = reader.getRecord(name);
        const std::string_view text(static_cast<const char *>(data.get()), size);
        for (const char *word : {"from_file", "aten.save", "torch.save", "aten.load", "torch.load"})
            if (text.find(word) != std::string_view::npos)
                fail(AP_EUNSUPPORTED, "the model's code (%s) says %s, which is not run", name.c_str(), word);
    }
}

// A zip archive.
bool is_torchscript(std::string_view bytes) { return bytes.substr(0, 4) == std::string_view("PK\3\4", 4); }

Loaded load_torchscript(std::string_view bytes, const OpenOptions &options) {
    const std::string archive(bytes);
    check_code(archive);
    std::istringstream in(archive);
    torch::jit::Module module = torch::jit::load(in, at::kCPU);
    module.eval();
    if (!module.find_method("forward")) fail(AP_EUNSUPPORTED, "the model's code has no forward()");
    module = torch::jit::freeze(module);
    const torch::jit::Method method = module.get_method("forward");
    Loaded loaded;
    loaded.graph = method.graph()->copy();
    jit::Inline(*loaded.graph);
    check_operators(loaded.graph->block());
    loaded.has_neighbours = has_neighbours(loaded.graph->block());
    read_inputs(loaded, method.function().getSchema(), options);
    read_outputs(loaded, options);
    loaded.first.emplace_back(module._ivalue());
    return loaded;
}

} // namespace ipex
