#include "nabla/optim/rules.h"

#include <cmath>

#include "nabla/base/text.h"
#include "nabla/ops/elementwise.h"

namespace nabla::optim {
namespace {

template <class Rule, class Options>
std::shared_ptr<Optimizer> make(const Term& term, std::optional<double> learning_rate) {
  Options options = Options::table().read(term);
  options.learning_rate = learning_rate.value_or(options.learning_rate);
  return std::make_shared<Rule>(options);
}

}  // namespace

Sgd::Sgd(SgdOptions options) : Optimizer("sgd", options.learning_rate, {}), options_(options) {
  SgdOptions::table().check(name(), options_);
}

// -eta
Tensors Sgd::coefficients(const Step& step) const { return {-step.rate}; }

void Sgd::update(const Variables& variables, const Tensor& g, const Tensors& coefficients) const {
  const State& w = variables.parameter;
  w.assign(add_scaled(w.value(), g, coefficients[0]));
}

Momentum::Momentum(MomentumOptions options) : Momentum("momentum", options) {}
Momentum::Momentum(std::string_view name, MomentumOptions options)
    : Optimizer(name, options.learning_rate, {"m"}), options_(options) {
  MomentumOptions::table().check(name, options_);
}

void Momentum::update(const Variables& variables, const Tensor& g,
                      const Tensors& coefficients) const {
  const State& w = variables.parameter;
  const State& m = variables.slots[0];
  m.assign(add_scaled(gamma() * m.value(), g, coefficients[0]));
  w.assign(w.value() - m.value());
}

Nesterov::Nesterov(MomentumOptions options) : Momentum("nesterov", options) {}

Tensor Nesterov::look_ahead(const Variables& variables) const {
  return variables.parameter.value() - gamma() * variables.slots[0].value();
}

Adam::Adam(AdamOptions options)
    : Optimizer("adam", options.learning_rate, {"m", "v"}, /*counts_steps=*/true),
      options_(options) {
  AdamOptions::table().check(name(), options_);
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

const RuleTable& rule_table() {
  static const RuleTable table(
      "optimizer",
      {{{.name = "sgd",
         .doc = "gradient descent on batches",
         .formula = "w -= eta g",
         .source = "Robbins and Monro, 1951",
         .options = &SgdOptions::table().rows()},
        make<Sgd, SgdOptions>},
       {{.name = "momentum",
         .doc = "gradient descent that goes on in the direction of the steps before",
         .formula = "m = gamma m + eta g, w -= m",
         .source = "Polyak, 1964",
         .options = &MomentumOptions::table().rows()},
        make<Momentum, MomentumOptions>},
       {{.name = "nesterov",
         .doc = "momentum with the gradient g taken ahead, at w - gamma m",
         .formula = "m = gamma m + eta g, w -= m",
         .source = "Nesterov, 1983; this form: Sutskever, Martens, Dahl and Hinton, 2013",
         .options = &MomentumOptions::table().rows()},
        make<Nesterov, MomentumOptions>},
       {{.name = "adam",
         .doc = "a step size for each parameter from moments of its gradient",
         .formula = "m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, "
                    "w -= eta (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)",
         .source = "Kingma and Ba, 2015",
         .options = &AdamOptions::table().rows()},
        make<Adam, AdamOptions>}});
  return table;
}

std::shared_ptr<Optimizer> make_optimizer(std::string_view text,
                                          std::optional<double> learning_rate) {
  const Term term = parse_term(rule_table().noun(), text);
  const RuleEntry& rule = rule_table().find(term);
  check_one_rate(term, learning_rate);
  return rule.make(term, learning_rate);
}

}  // namespace nabla::optim
