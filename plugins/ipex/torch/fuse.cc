// What exporters write out in small operators, put together again: a table of patterns.
#include "torch/passes.h"

#include <torch/csrc/jit/ir/subgraph_matcher.h>
#include <torch/csrc/jit/passes/subgraph_rewrite.h>

#include <cmath>

namespace ipex {

namespace {

// A number that a pattern needs: "%name" and its value.
struct Number {
    const char *name;
    double value;
};

struct Pattern {
    std::string from, to;
    std::vector<Number> numbers;
};

const double SQRT2 = std::sqrt(2.0), SQRT_2_PI = std::sqrt(2 / M_PI);

bool holds(const Pattern &pattern, const jit::Match &match,
           const std::unordered_map<std::string, Value *> &names) {
    for (const Number &n : pattern.numbers) {
        std::optional<c10::IValue> value = jit::toIValue(match.values_map.at(names.at(n.name)));
        if (!value || !value->isScalar()) return false;
        if (std::fabs(value->toScalar().toDouble() - n.value) > 1e-4 * n.value) return false;
    }
    return true;
}

// x 0.5 (1 + erf(x / sqrt 2)), in every order of the factors.
void add_erf_gelu(std::vector<Pattern> &out) {
    const std::string ends[] = {"%m = aten::mul(%x, %s)\n %r = aten::mul(%m, %half)\n",
                                "%m = aten::mul(%s, %x)\n %r = aten::mul(%m, %half)\n",
                                "%m = aten::mul(%x, %half)\n %r = aten::mul(%m, %s)\n",
                                "%m = aten::mul(%x, %half)\n %r = aten::mul(%s, %m)\n",
                                "%m = aten::mul(%s, %half)\n %r = aten::mul(%x, %m)\n",
                                "%m = aten::mul(%s, %half)\n %r = aten::mul(%m, %x)\n"};
    for (bool divides : {true, false})
        for (const std::string &end : ends) {
            Pattern p;
            p.from =
                std::string("graph(%x, %c, %one, %alpha, %half):\n %a = aten::") + (divides ? "div" : "mul") +
                "(%x, %c)\n %e = aten::erf(%a)\n %s = aten::add(%e, %one, %alpha)\n " + end + " return (%r)";
            p.to = "graph(%x, %c, %one, %alpha, %half):\n %none : str = prim::Constant[value=\"none\"]()\n"
                   " %r = aten::gelu(%x, %none)\n return (%r)";
            p.numbers = {{"c", divides ? SQRT2 : 1 / SQRT2}, {"one", 1}, {"alpha", 1}, {"half", 0.5}};
            out.push_back(std::move(p));
        }
}

// x 0.5 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): GPT-2's.
void add_tanh_gelu(std::vector<Pattern> &out) {
    const std::string ends[] = {"%h = aten::mul(%x, %half)\n %r = aten::mul(%h, %s)\n",
                                "%m = aten::mul(%x, %s)\n %r = aten::mul(%m, %half)\n"};
    for (const std::string &end : ends) {
        Pattern p;
        p.from = "graph(%x, %three, %c, %alpha, %k, %one, %beta, %half):\n %p = aten::pow(%x, %three)\n"
                 " %q = aten::mul(%p, %c)\n %y = aten::add(%x, %q, %alpha)\n %z = aten::mul(%y, %k)\n"
                 " %t = aten::tanh(%z)\n %s = aten::add(%t, %one, %beta)\n " +
                 end + " return (%r)";
        p.to = "graph(%x, %three, %c, %alpha, %k, %one, %beta, %half):\n"
               " %tanh : str = prim::Constant[value=\"tanh\"]()\n %r = aten::gelu(%x, %tanh)\n return (%r)";
        p.numbers = {{"three", 3}, {"c", 0.044715}, {"alpha", 1}, {"k", SQRT_2_PI},
                     {"one", 1},   {"beta", 1},     {"half", 0.5}};
        out.push_back(std::move(p));
    }
}

void add_others(std::vector<Pattern> &out) {
    for (const char *product : {"aten::mul(%x, %s)", "aten::mul(%s, %x)"})
        out.push_back(
            {std::string("graph(%x):\n %s = aten::sigmoid(%x)\n %r = ") + product + "\n return (%r)",
             "graph(%x):\n %r = aten::silu(%x)\n return (%r)",
             {}});
    out.push_back({"graph(%x):\n %s = aten::sqrt(%x)\n %r = aten::reciprocal(%s)\n return (%r)",
                   "graph(%x):\n %r = aten::rsqrt(%x)\n return (%r)",
                   {}});
}

const std::vector<Pattern> &patterns() {
    static const std::vector<Pattern> all = [] {
        std::vector<Pattern> out;
        add_erf_gelu(out);
        add_tanh_gelu(out);
        add_others(out);
        return out;
    }();
    return all;
}

} // namespace

void fuse_patterns(const std::shared_ptr<jit::Graph> &graph) {
    for (const Pattern &pattern : patterns()) {
        jit::SubgraphRewriter rewriter;
        rewriter.RegisterRewritePattern(pattern.from, pattern.to);
        std::shared_ptr<jit::Graph> shared = graph;
        rewriter.runOnGraph(shared, [&pattern](const jit::Match &match,
                                               const std::unordered_map<std::string, Value *> &names) {
            return holds(pattern, match, names);
        });
    }
}

} // namespace ipex
