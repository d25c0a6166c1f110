#include "torch/session.h"

#include "onnx/failure.h"
#include "torch/memory.h"
#include "torch/passes.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <cstring>

namespace ipex {

ap_io &add_io(Loaded &loaded, std::vector<ap_io> &to, std::string_view name, ap_dtype dtype) {
    loaded.names.emplace_back(name);
    ap_io io = {};
    io.name = loaded.names.back().c_str();
    io.dtype = dtype;
    io.rank = AP_RANK_UNKNOWN;
    to.push_back(io);
    return to.back();
}

// OpenMP keeps the number for each calling thread. It is set also where it is what it was, because torch
// takes from MKL only then the freedom to use fewer threads in a product (mkl_set_dynamic).
void use_threads(int n) {
    static thread_local int last;
    if (last == n && at::get_num_threads() == n) return;
    at::set_num_threads(n);
    last = n;
}

Session::Session(Loaded loaded, int threads, bool is_low) : model(std::move(loaded)), n_threads(threads) {
    c10::InferenceMode guard;
    optimize(model.graph, is_low);
    lines = describe_operators(*model.graph);
    for (const std::string &line : lines) line_pointers.push_back(line.c_str());
    line_pointers.push_back(nullptr);
    code = std::make_unique<torch::jit::Code>(model.graph, "forward");
}

void Session::describe(ap_session_info *out) const {
    out->n_inputs = static_cast<uint32_t>(model.inputs.size());
    out->n_outputs = static_cast<uint32_t>(model.outputs.size());
    out->from_cache = 0;
    out->inputs = model.inputs.data();
    out->outputs = model.outputs.data();
    out->device = "cpu";
    // OpenMP gives each thread that runs a team of its own.
    if (AP_HAS(out, run_threads)) out->run_threads = n_threads;
    if (AP_HAS(out, run_threads_min)) out->run_threads_min = 1;
    // oneDNN keeps a kernel for each number of rows of a product.
    if (AP_HAS(out, few_lengths)) out->few_lengths = model.few_lengths;
    if (AP_HAS(out, has_neighbours)) out->has_neighbours = model.has_neighbours;
}

// -- inputs -------------------------------------------------------------------------------------------------

static const ap_named_tensor *find_input(const ap_run_args *args, const char *name, size_t guess) {
    if (guess < args->n_inputs && strcmp(args->inputs[guess].name, name) == 0) return &args->inputs[guess];
    for (uint32_t i = 0; i < args->n_inputs; i++)
        if (strcmp(args->inputs[i].name, name) == 0) return &args->inputs[i];
    fail(AP_EINVAL, "input \"%s\" was not given", name);
}

// The caller's memory, or the tensor that an earlier run kept.
static at::Tensor wrap(const ap_tensor &tensor) {
    const ap_tensor_view &view = tensor.view;
    if (tensor.handle) return *static_cast<at::Tensor *>(tensor.handle);
    const at::IntArrayRef shape(view.shape, view.rank);
    const at::TensorOptions options = at::TensorOptions().dtype(type_from(view.dtype));
    if (!view.size_bytes) return at::empty(shape, options);
    return at::from_blob(const_cast<void *>(view.data), shape, options);
}

torch::jit::Stack Session::read_inputs(const ap_run_args *args) const {
    torch::jit::Stack stack = model.first;
    stack.reserve(stack.size() + model.inputs.size());
    for (size_t i = 0; i < model.inputs.size(); i++)
        stack.emplace_back(wrap(find_input(args, model.inputs[i].name, i)->tensor));
    return stack;
}

// -- outputs ------------------------------------------------------------------------------------------------

static void release(ap_tensor *tensor) {
    delete static_cast<at::Tensor *>(tensor->handle);
    tensor->handle = nullptr;
}

// Results that lie in the caller's memory, which is his again after the run.
static bool is_borrowed(const at::Tensor &tensor, const ap_run_args *args) {
    const char *data = static_cast<const char *>(tensor.data_ptr());
    for (uint32_t i = 0; i < args->n_inputs; i++) {
        const ap_tensor &in = args->inputs[i].tensor;
        const char *start = static_cast<const char *>(in.view.data);
        if (!in.handle && start && data >= start && data < start + in.view.size_bytes) return true;
    }
    return false;
}

static void fill(ap_tensor *out, at::Tensor tensor, const char *name, const ap_run_args *args) {
    const ap_dtype dtype = dtype_from(tensor.scalar_type());
    if (dtype == AP_DTYPE_NONE || tensor.dim() > AP_TENSOR_MAX_RANK)
        fail(AP_EUNSUPPORTED, "output \"%s\" is no tensor of a type and rank that is supported", name);
    tensor = is_borrowed(tensor, args) ? tensor.clone(at::MemoryFormat::Contiguous) : tensor.contiguous();
    out->view.dtype = dtype;
    out->view.rank = static_cast<uint32_t>(tensor.dim());
    for (int64_t i = 0; i < tensor.dim(); i++) out->view.shape[i] = tensor.size(i);
    out->view.size_bytes = tensor.nbytes();
    out->view.data = tensor.numel() ? tensor.data_ptr() : nullptr;
    out->handle = new at::Tensor(std::move(tensor));
    out->release = release;
}

// Tuples and dictionaries in the order of their elements.
static void flatten(std::vector<at::Tensor> &out, const c10::IValue &value) {
    if (value.isTensor()) {
        out.push_back(value.toTensor());
    } else if (value.isTuple()) {
        for (const c10::IValue &v : value.toTupleRef().elements()) flatten(out, v);
    } else if (value.isGenericDict()) {
        for (const auto &entry : value.toGenericDict()) flatten(out, entry.value());
    } else {
        fail(AP_EUNSUPPORTED, "the model's result holds a %s, and not tensors alone",
             value.tagKind().c_str());
    }
}

void Session::write_outputs(const ap_run_args *args, torch::jit::Stack &results) const {
    std::vector<at::Tensor> tensors;
    for (const c10::IValue &v : results) flatten(tensors, v);
    results.clear();
    if (tensors.size() != model.outputs.size())
        fail(AP_EBACKEND, "the model gave %zu results, it has %zu outputs", tensors.size(),
             model.outputs.size());
    for (uint32_t i = 0; i < args->n_outputs; i++) {
        if (args->outputs[i].flags == AP_TENSOR_SKIP) continue;
        const char *name = args->outputs[i].name;
        size_t k = 0;
        while (k < model.outputs.size() && strcmp(model.outputs[k].name, name) != 0) k++;
        if (k == model.outputs.size()) fail(AP_EINVAL, "the model has no output \"%s\"", name);
        fill(&args->outputs[i].tensor, tensors[k], name, args);
    }
}

// -- the run ------------------------------------------------------------------------------------------------

namespace {

// The flag of one run, set by whoever cancels it.
class Canceller {
  public:
    Canceller(const ap_host *h, ap_cancel *c) : host(h), cancel(c) {
        if (cancel) host->cancel_bind(cancel, trigger, &flag);
    }
    ~Canceller() {
        if (cancel) host->cancel_unbind(cancel, trigger, &flag);
    }
    Canceller(const Canceller &) = delete;
    Canceller &operator=(const Canceller &) = delete;
    bool is_set() const { return flag; }
    const std::atomic<bool> *get() const { return cancel ? &flag : nullptr; }

  private:
    static void trigger(void *ctx) { static_cast<std::atomic<bool> *>(ctx)->store(true); }

    const ap_host *host;
    ap_cancel *cancel;
    std::atomic<bool> flag{false};
};

void release_all(const ap_run_args *args) {
    for (uint32_t i = 0; i < args->n_outputs; i++)
        if (args->outputs[i].tensor.handle) release(&args->outputs[i].tensor);
}

} // namespace

void Session::run(const ap_host *host, const ap_run_args *args) const {
    c10::InferenceMode guard;
    for (uint32_t i = 0; i < args->n_outputs; i++) args->outputs[i].tensor = {};
    use_threads(AP_HAS(args, n_threads) && args->n_threads > 0 ? args->n_threads : n_threads);
    Canceller canceller(host, args->cancel);
    try {
        CancelScope scope(canceller.get());
        PoolScope pool;
        if (canceller.is_set()) fail(AP_ECANCELED, "the run was cancelled");
        torch::jit::Stack stack = read_inputs(args);
        torch::jit::InterpreterState(*code).run(stack);
        write_outputs(args, stack);
    } catch (...) {
        release_all(args);
        // The interpreter wraps what an operator throws.
        if (canceller.is_set()) fail(AP_ECANCELED, "the run was cancelled");
        throw;
    }
}

} // namespace ipex
