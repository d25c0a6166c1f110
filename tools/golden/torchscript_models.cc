// Writes tests/data/torchscript/: tiny TorchScript files for the tests of the plugin ipex. Needs torch in deps/ (`make
// deps-ipex`):
//
//   T=deps/torch; c++ -std=c++17 -isystem $T/include -isystem $T/include/torch/csrc/api/include \
//       tools/golden/torchscript_models.cc -o /tmp/torchscript_models -L$T/lib -ltorch_cpu -lc10 \
//       -Wl,--disable-new-dtags,-rpath,$PWD/$T/lib,--unresolved-symbols=ignore-in-shared-libs
//   /tmp/torchscript_models tests/data/torchscript
#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include <string>

// Weights that can be told from their place.
static at::Tensor numbers(at::IntArrayRef shape, double step) {
    const int64_t n = c10::multiply_integers(shape);
    return (at::arange(n, at::kFloat).remainder(17) - 8).mul(step).reshape(shape);
}

static void save(const std::string &folder, const char *name, torch::jit::Module &module) {
    module.save(folder + "/" + name + ".pt");
}

// Two layers with GELU between them, and a dictionary of two outputs.
static void save_layers(const std::string &folder) {
    torch::jit::Module module("layers");
    module.register_parameter("w", numbers({16, 8}, 0.125), false);
    module.register_parameter("b", numbers({16}, 0.25), false);
    module.register_parameter("v", numbers({4, 16}, 0.0625), false);
    module.define(R"(
def forward(self, x, y):
    hidden = torch.gelu(torch.linear(x, self.w, self.b))
    return {"logits": torch.linear(hidden, self.v, None), "sum": x + y}
)");
    save(folder, "layers", module);
}

// Embeddings by input_ids, and a tuple.
static void save_tuple(const std::string &folder) {
    torch::jit::Module module("tuple");
    module.register_parameter("w", numbers({20, 4}, 0.5), false);
    module.define(R"(
def forward(self, input_ids):
    rows = torch.embedding(self.w, input_ids)
    return rows, rows.mean([1])
)");
    save(folder, "tuple", module);
}

// Reaches for a file.
static void save_file(const std::string &folder) {
    torch::jit::Module module("file");
    module.define(R"(
def forward(self, x):
    return x + torch.from_file("/etc/hostname", False, 1)
)");
    save(folder, "file", module);
}

int main(int argc, char **argv) {
    const std::string folder = argc > 1 ? argv[1] : ".";
    save_layers(folder);
    save_tuple(folder);
    save_file(folder);
    return 0;
}
