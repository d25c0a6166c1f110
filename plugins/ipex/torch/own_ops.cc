// Operators of ours that graphs hold. One looks whether the run of its thread is cancelled.
#include "onnx/failure.h"
#include "torch/passes.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/runtime/custom_operator.h>

namespace ipex {

const char *const EINSUM = "accelpipe_ipex::einsum";
const char *const CANCEL_CHECK = "accelpipe_ipex::check_cancel";

namespace {

thread_local const std::atomic<bool> *current;

void check_cancel(torch::jit::Stack &) {
    if (current && current->load(std::memory_order_relaxed)) fail(AP_ECANCELED, "the run was cancelled");
}

void einsum(torch::jit::Stack &stack) {
    at::Tensor out = at::einsum(stack[stack.size() - 2].toStringView(), stack.back().toTensorVector());
    torch::jit::drop(stack, 2);
    stack.emplace_back(std::move(out));
}

// Conservative: no pass takes it away or moves it.
const torch::jit::RegisterOperators
    registration({torch::jit::Operator("accelpipe_ipex::check_cancel() -> ()", check_cancel,
                                       c10::AliasAnalysisKind::CONSERVATIVE),
                  torch::jit::Operator("accelpipe_ipex::einsum(str equation, Tensor[] tensors) -> Tensor",
                                       einsum, c10::AliasAnalysisKind::PURE_FUNCTION)});

} // namespace

CancelScope::CancelScope(const std::atomic<bool> *flag) { current = flag; }
CancelScope::~CancelScope() { current = nullptr; }

} // namespace ipex
