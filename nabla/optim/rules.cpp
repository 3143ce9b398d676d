#include "nabla/optim/rules.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "nabla/base/error.h"
#include "nabla/base/suggest.h"
#include "nabla/base/text.h"
#include "nabla/ops/elementwise.h"

namespace nabla::optim {
namespace {

void require_fraction(std::string_view rule, std::string_view option, double value) {
  require(value >= 0 && value < 1, rule, option, value, "at least 0 and below 1");
}

template <class Rule, class Options>
std::shared_ptr<Optimizer> make(double learning_rate) {
  return std::make_shared<Rule>(Options{.learning_rate = learning_rate});
}

}  // namespace

Sgd::Sgd(SgdOptions options) : Optimizer("sgd", options.learning_rate, {}) {}

// -eta
Tensors Sgd::coefficients(const Step& step) const { return {-step.rate}; }

void Sgd::update(const Variables& variables, const Tensor& g, const Tensors& coefficients) const {
  const State& w = variables.parameter;
  w.assign(add_scaled(w.value(), g, coefficients[0]));
}

Momentum::Momentum(MomentumOptions options) : Momentum("momentum", options) {}
Momentum::Momentum(std::string_view name, MomentumOptions options)
    : Optimizer(name, options.learning_rate, {"m"}), gamma_(options.momentum) {
  require_fraction(name, "momentum", gamma_);
}

void Momentum::update(const Variables& variables, const Tensor& g,
                      const Tensors& coefficients) const {
  const State& w = variables.parameter;
  const State& m = variables.slots[0];
  m.assign(add_scaled(gamma_ * m.value(), g, coefficients[0]));
  w.assign(w.value() - m.value());
}

Nesterov::Nesterov(MomentumOptions options) : Momentum("nesterov", options) {}

Tensor Nesterov::look_ahead(const Variables& variables) const {
  return variables.parameter.value() - gamma_ * variables.slots[0].value();
}

Adam::Adam(AdamOptions options)
    : Optimizer("adam", options.learning_rate, {"m", "v"}, /*counts_steps=*/true),
      options_(options) {
  require_fraction("adam", "beta1", options.beta1);
  require_fraction("adam", "beta2", options.beta2);
  // It is made smaller by the correction of the first steps, and must not become 0 in f32.
  require(options.epsilon >= 1e-30, "adam", "epsilon", options.epsilon, "at least 1e-30");
}

// With c = sqrt(1 - beta2^t): -eta c / (1 - beta1^t) and epsilon c, since
// m / (1 - beta1^t) / (sqrt(v) / c + epsilon) = c / (1 - beta1^t) m / (sqrt(v) + epsilon c).
// beta^t - 1 is expm1(t log beta), precise for small t, where it is close to 0.
Tensors Adam::coefficients(const Step& step) const {
  const auto minus_bias = [&](double beta) { return expm1(step.count * std::log(beta)); };
  const Tensor c = sqrt(-minus_bias(options_.beta2));
  return {step.rate * c / minus_bias(options_.beta1), options_.epsilon * c};
}

void Adam::update(const Variables& variables, const Tensor& g, const Tensors& coefficients) const {
  const State& w = variables.parameter;
  const State& m = variables.slots[0];
  const State& v = variables.slots[1];
  const Tensor bounded = squarable(g);  // an infinite square would stay in v for ever
  m.assign(lerp(m.value(), bounded, 1 - options_.beta1));
  v.assign(lerp(v.value(), square(bounded), 1 - options_.beta2));
  const Tensor direction = divide_by_root(m.value(), v.value(), coefficients[1]);
  w.assign(add_scaled(w.value(), direction, coefficients[0]));
}

std::span<const RuleEntry> rule_table() {
  static const std::array<RuleEntry, 4> table = {{
      {"sgd", "gradient descent", SgdOptions{}.learning_rate, make<Sgd, SgdOptions>},
      {"momentum", "gradient descent with momentum 0.9", MomentumOptions{}.learning_rate,
       make<Momentum, MomentumOptions>},
      {"nesterov", "momentum with the gradient taken ahead", MomentumOptions{}.learning_rate,
       make<Nesterov, MomentumOptions>},
      {"adam", "a step size for each parameter from moments of its gradient",
       AdamOptions{}.learning_rate, make<Adam, AdamOptions>},
  }};
  return table;
}

std::shared_ptr<Optimizer> make_optimizer(std::string_view name,
                                          std::optional<double> learning_rate) {
  const auto table = rule_table();
  const auto rule = std::ranges::find(table, name, &RuleEntry::name);
  if (rule == table.end()) {
    std::vector<std::string_view> names;
    for (const RuleEntry& entry : table) names.push_back(entry.name);
    throw ValueError(str("unknown optimizer ", quote(name), suggestion(name, names)));
  }
  return rule->make(learning_rate.value_or(rule->learning_rate));
}

}  // namespace nabla::optim
