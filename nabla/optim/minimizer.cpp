#include "nabla/optim/minimizer.h"

#include <algorithm>
#include <cmath>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/reduction.h"

namespace nabla::optim {

void Minimizer::attach(const std::vector<State>& parameters) {
  check_distinct(name(), parameters);
  reset();
  parameters_ = parameters;
}

const OptionTable<LineSearchOptions>& LineSearchOptions::table() {
  using O = LineSearchOptions;
  constexpr Range inside = {.least = 0, .most = 1, .above = true, .below = true};
  static const OptionTable<O> options = {
      {"learning_rate", &O::learning_rate, "the largest step that is tried", learning_rates},
      {"shrink", &O::shrink, "what a step that goes too far is multiplied by", inside},
      {"decrease", &O::decrease, "part of the decrease along the gradient that is asked for",
       inside},
      {"most_tries", &O::most_tries, "how many steps are tried", from_to(1, 1000)}};
  return options;
}

LineSearch::LineSearch(LineSearchOptions options)
    : Minimizer("line_search", options.learning_rate), options_(options) {
  LineSearchOptions::table().check(name(), options);
}

std::string LineSearch::text() const { return LineSearchOptions::table().text(name(), options_); }

double LineSearch::step(Objective& objective) {
  const auto [value, gradient] = objective.value_and_gradient();
  const double start = value.item();
  const double slope = sum(square(cast(gradient, DType::f64))).item();
  if (!std::isfinite(start) || !std::isfinite(slope)) {
    throw Error(str("line_search: the loss is ", start, ", its gradient squared ", slope,
                    ": expected finite numbers; scale the inputs, or the parameters, down"));
  }
  const Tensor from = objective.parameters();
  const double last = step_.value().item();
  double step = learning_rate();
  if (last > 0) step = std::min(step, last / options_.shrink);
  bool is_too_far = false;
  for (std::int64_t i = 0; i < options_.most_tries; ++i, step *= options_.shrink) {
    objective.set_parameters(from - step * gradient);
    const double reached = objective.value();
    if (std::isfinite(reached) && reached <= start - options_.decrease * step * slope) {
      step_.assign(Tensor(step));
      return start;
    }
    is_too_far = !(reached <= start);
  }
  // The next call goes on with shorter steps. Where rounding hides what a step does, none helps.
  if (is_too_far) step_.assign(Tensor(step * options_.shrink));
  objective.set_parameters(from);
  return start;
}

const MinimizerTable& minimizer_table() {
  static const MinimizerTable table(
      "optimizer",
      {{{.name = "line_search",
         .doc = "gradient descent that tries shorter steps until the loss falls",
         .formula = "w -= a g with f(w - a g) <= f(w) - decrease a g^2",
         .source = "Armijo, 1966",
         .options = &LineSearchOptions::table().rows()},
        [](const Term& term, std::optional<double> learning_rate) -> std::shared_ptr<Minimizer> {
          LineSearchOptions options = LineSearchOptions::table().read(term);
          options.learning_rate = learning_rate.value_or(options.learning_rate);
          return std::make_shared<LineSearch>(options);
        }}});
  return table;
}

}  // namespace nabla::optim
