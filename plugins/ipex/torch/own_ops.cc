// Operators of ours that graphs hold. One looks whether the run of its thread is cancelled.
#include "onnx/failure.h"
#include "torch/passes.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/runtime/custom_operator.h>

#include <map>
#include <mutex>

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

// -- attention ----------------------------------------------------------------------------------------------

// IPEX's operator of that name whose scale is a number.
jit::Operation &ipex_operation(const char *name) {
    for (const auto &op : jit::getAllOperatorsFor(c10::Symbol::fromQualString(name)))
        if (op->schema().arguments().at(4).type()->kind() == c10::NumberType::Kind) {
            static std::map<std::string, jit::Operation> found;
            static std::mutex lock; // Guards `found`; taken with no other lock.
            std::lock_guard<std::mutex> guard(lock);
            return found.emplace(name, op->getOperation()).first->second;
        }
    fail(AP_EBACKEND, "IPEX has no operator %s", name);
}

// IPEX 2.8 writes the sum of scores and mask into the scores, also where the mask has more rows than they: it
// must broadcast to them. And its product is for batches of one shape.
bool suits_ipex(const at::Tensor &q, const at::Tensor &k, const at::Tensor &mask) {
    const int64_t rank = q.dim();
    if (rank < 3 || k.dim() != rank || mask.dim() > rank || mask.dim() < 1 || !q.numel() || !k.numel())
        return false;
    if (q.size(-1) != k.size(-2) || mask.scalar_type() != at::kFloat) return false;
    for (int64_t i = 0; i < rank - 2; i++)
        if (q.size(i) != k.size(i)) return false;
    for (int64_t i = 1; i <= mask.dim(); i++) {
        const int64_t extent = i == 1 ? k.size(-1) : q.size(-i);
        if (mask.size(-i) != 1 && mask.size(-i) != extent) return false;
    }
    return true;
}

// softmax(scale q k + alpha mask), by IPEX's operator where it is right, else in small steps.
void scores(torch::jit::Stack &stack, const char *ipex_name, bool divides) {
    const auto args = torch::jit::last(stack, 7);
    const at::Tensor q = args[0].toTensor(), k = args[1].toTensor(), mask = args[2].toTensor();
    const at::Scalar alpha = args[3].toScalar();
    const bool is_number = args[4].isScalar();
    if (is_number && suits_ipex(q, k, mask)) return ipex_operation(ipex_name)(stack);
    const at::Tensor scale =
        is_number ? at::scalar_tensor(args[4].toScalar(), q.options()) : args[4].toTensor();
    at::Tensor out = at::matmul(q, k);
    out = at::add(divides ? at::div(out, scale) : at::mul(out, scale), mask, alpha);
    out = at::softmax(out, args[5].toInt(), args[6].toOptional<at::ScalarType>());
    torch::jit::drop(stack, 7);
    stack.emplace_back(std::move(out));
}

void scores_divided(torch::jit::Stack &stack) { scores(stack, "ipex::mha_scores_calc", true); }
void scores_multiplied(torch::jit::Stack &stack) { scores(stack, "ipex::mha_scores_calc_v2", false); }

// Never run: see hide_products() in optimize.cc.
void mul(torch::jit::Stack &stack) {
    at::Tensor out = at::mul(stack[stack.size() - 2].toTensor(), stack.back().toTensor());
    torch::jit::drop(stack, 2);
    stack.emplace_back(std::move(out));
}

// Conservative: no pass takes it away or moves it.
const torch::jit::RegisterOperators registration(
    {torch::jit::Operator("accelpipe_ipex::check_cancel() -> ()", check_cancel,
                          c10::AliasAnalysisKind::CONSERVATIVE),
     torch::jit::Operator(
         "accelpipe_ipex::mha_scores_calc(Tensor q, Tensor k, Tensor mask, Scalar alpha, Scalar "
         "scale, int dim, int? dtype) -> Tensor",
         scores_divided, c10::AliasAnalysisKind::PURE_FUNCTION),
     torch::jit::Operator(
         "accelpipe_ipex::mha_scores_calc_v2(Tensor q, Tensor k, Tensor mask, Scalar alpha, Scalar "
         "scale, int dim, int? dtype) -> Tensor",
         scores_multiplied, c10::AliasAnalysisKind::PURE_FUNCTION),
     torch::jit::Operator(
         "accelpipe_ipex::mha_scores_calc.tensor(Tensor q, Tensor k, Tensor mask, Scalar alpha, Tensor "
         "scale, int dim, int? dtype) -> Tensor",
         scores_divided, c10::AliasAnalysisKind::PURE_FUNCTION),
     torch::jit::Operator(
         "accelpipe_ipex::mha_scores_calc_v2.tensor(Tensor q, Tensor k, Tensor mask, Scalar alpha, Tensor "
         "scale, int dim, int? dtype) -> Tensor",
         scores_multiplied, c10::AliasAnalysisKind::PURE_FUNCTION),
     torch::jit::Operator("accelpipe_ipex::mul(Tensor x, Tensor y) -> Tensor", mul,
                          c10::AliasAnalysisKind::PURE_FUNCTION),
     torch::jit::Operator("accelpipe_ipex::einsum(str equation, Tensor[] tensors) -> Tensor", einsum,
                          c10::AliasAnalysisKind::PURE_FUNCTION)});

} // namespace

CancelScope::CancelScope(const std::atomic<bool> *flag) { current = flag; }
CancelScope::~CancelScope() { current = nullptr; }

} // namespace ipex
