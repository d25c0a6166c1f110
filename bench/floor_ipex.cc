/*
 * The floor of libtorch with IPEX: what torch's interpreter needs for the graph that the plugin ipex makes of
 * an ONNX file. The graph is lowered and optimized by the plugin's own files, which are linked in: a graph
 * that another program makes (a traced module that ipex.optimize() prepared) is slower. What is left out is
 * all that comes around it: the library, the plugin's session with its pool of memory, and the border between
 * them.
 *
 * Options as bench_floor's; a call is one pass over all sentences of --ids. Inputs are made before the first
 * call.
 */
extern "C" {
#include "common.h"
}
#include "feeds.h"
#include "torch/passes.h"
#include "torch/session.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <unistd.h>
#include <vector>

namespace {

struct Bench {
    std::unique_ptr<torch::jit::Code> code;
    std::vector<torch::jit::Stack> inputs; // Of each feed.
    float last_logit = 0;                  // So that the compiler keeps the reading of the outputs.
};

torch::jit::Stack make_inputs(const std::vector<ap_io> &ios, const bench_feed &feed) {
    const int64_t shape[] = {static_cast<int64_t>(feed.n_rows), static_cast<int64_t>(feed.n_columns)};
    torch::jit::Stack out;
    for (const ap_io &io : ios)
        out.push_back(at::from_blob(bench_feed_input(&feed, io.name), shape, at::kLong));
    return out;
}

void run_all(void *ctx) {
    auto *b = static_cast<Bench *>(ctx);
    c10::InferenceMode guard;
    for (const torch::jit::Stack &inputs : b->inputs) {
        torch::jit::Stack stack = inputs;
        torch::jit::InterpreterState(*b->code).run(stack);
        b->last_logit = *stack.front().toTensor().const_data_ptr<float>();
    }
}

const bench_row OPTIONS[] = {
    {"--runtime", "LIBINTEL_EXT_PT_CPU", nullptr},
    {"--model", "FILE.onnx", nullptr},
    {"--ids", "FILE", nullptr},
    {"--batch", "N", "32"},
    {"--threads", "N", "1"},
    {nullptr, nullptr, nullptr},
};

} // namespace

int main(int argc, char **argv) {
    bench_options(argc, argv, OPTIONS);
    Bench b;
    bench_feed *feeds = nullptr;
    const char *model = bench_option("--model");
    if (!dlopen(bench_option("--runtime"), RTLD_NOW | RTLD_LOCAL)) bench_die("%s", dlerror());
    at::set_num_interop_threads(1);
    at::set_num_threads(static_cast<int>(bench_option_number("--threads")));
    c10::InferenceMode guard;
    ipex::Loaded loaded = ipex::load_onnx(ipex::Bytes::map(model), "", "", {});
    ipex::optimize(loaded.graph, false);
    b.code = std::make_unique<torch::jit::Code>(loaded.graph, "forward");
    const size_t n =
        bench_feeds_read(&feeds, bench_option("--ids"), static_cast<size_t>(bench_option_number("--batch")));
    for (size_t i = 0; i < n; i++) b.inputs.push_back(make_inputs(loaded.inputs, feeds[i]));
    run_all(&b);
    bench_serve_turns(run_all, &b);
    fflush(stdout);
    _exit(0); // IPEX's static objects are not torn down in an order that torch minds.
}
