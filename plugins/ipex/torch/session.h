// An open model.
#pragma once

#include "torch/graph.h"

#include <accelpipe/sys/backend_plugin.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <deque>

namespace ipex {

// How a model is opened; what an ap_model_ref says, checked.
struct OpenOptions {
    bool is_low = false;
    std::string input_dtypes, output_names; // Of TorchScript files.
};

// A model's graph with what it needs, before it is compiled.
struct Loaded {
    std::shared_ptr<jit::Graph> graph;
    std::deque<std::string> names; // Of inputs and outputs; the ap_io point into it.
    std::vector<ap_io> inputs, outputs;
    bool few_lengths = false, has_neighbours = false; // As ap_session_info has them.
    torch::jit::Stack first;                          // Arguments in front of the inputs: the module itself.
};

// onnx_file.cc and torchscript.cc. The bytes are kept by tensors that lie on them.
Loaded load_onnx(const std::shared_ptr<Bytes> &bytes, const std::string &folder, const std::string &blobs,
                 const OpenOptions &options);
bool is_torchscript(std::string_view bytes);
Loaded load_torchscript(std::string_view bytes, const OpenOptions &options);

// The number of threads of what the calling thread does from now on.
void use_threads(int n);

// Appends an input or output; the rank is unknown.
ap_io &add_io(Loaded &loaded, std::vector<ap_io> &to, std::string_view name, ap_dtype dtype);

class Session {
  public:
    Session(Loaded loaded, int threads, bool is_low);

    void describe(ap_session_info *out) const;
    // Fills args->outputs, or throws.
    void run(const ap_host *host, const ap_run_args *args) const;
    const char *const *inspect() const { return line_pointers.data(); }

  private:
    torch::jit::Stack read_inputs(const ap_run_args *args) const;
    void write_outputs(const ap_run_args *args, torch::jit::Stack &results) const;

    Loaded model;
    const int n_threads;
    std::unique_ptr<torch::jit::Code> code;
    std::vector<std::string> lines;
    std::vector<const char *> line_pointers; // The last is NULL.
};

} // namespace ipex
