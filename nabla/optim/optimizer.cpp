#include "nabla/optim/optimizer.h"

#include <cmath>

#include "nabla/autodiff/recording.h"
#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/training.h"
#include "nabla/nn/contiguous.h"
#include "nabla/ops/creation.h"
#include "nabla/ops/elementwise.h"

namespace nabla::optim {
Optimizer::Optimizer(std::string_view name, double learning_rate, std::vector<std::string> slots,
                     bool counts_steps)
    : Method(name, learning_rate),
      slots_(std::move(slots)),
      counts_steps_(counts_steps),
      count_(Tensor(0.0), "step") {}

void Optimizer::attach(const std::vector<State>& parameters) {
  check_distinct(name(), parameters);
  if (parameters == this->parameters()) {  // captured steps hold these states
    count_.assign(Tensor(0.0));
    for (const Variables& variables : variables_) {
      for (const State& slot : variables.slots)
        slot.assign(zeros(slot.spec().shape, slot.spec().dtype));
    }
    return;
  }
  std::vector<Variables> all;  // which takes its place when nothing can fail any more
  all.reserve(parameters.size());
  for (const State& parameter : parameters) all.push_back({parameter, {}});
  for (const std::string& slot : slots_) {
    std::vector<State> states;
    for (Variables& variables : all) {
      states.emplace_back(zeros(variables.parameter.spec().shape, variables.parameter.spec().dtype),
                          str(slot, ".", states.size() + 1));
      variables.slots.push_back(states.back());
    }
    nn::make_contiguous(states);
  }
  if (!nn::is_contiguous(parameters)) nn::make_contiguous(parameters);
  count_ = State(Tensor(0.0), "step");
  variables_ = std::move(all);
}

std::vector<State> Optimizer::parameters() const {
  std::vector<State> all;
  for (const Variables& variables : variables_) all.push_back(variables.parameter);
  return all;
}

void Optimizer::step(const Tensors& gradients) {
  if (gradients.size() != variables_.size()) {
    throw ShapeError(str(name(), ": ", gradients.size(), " gradients for ", variables_.size(),
                         " parameters: expected one each; attach the parameters first"));
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {  // before anything changes
    const Spec expected = variables_[i].parameter.spec();
    if (gradients[i].spec() != expected) {
      throw ShapeError(
          str(name(), ": gradient ", i, " is ", gradients[i].spec(), ", its parameter ", expected));
    }
  }
  Step step{rate().value(), {}};
  if (counts_steps_) {
    step.count = count_.value() + 1;
    count_.assign(step.count);
  }
  const Tensors exact = coefficients(step);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    Tensors rounded;
    for (const Tensor& number : exact) rounded.push_back(cast(number, gradients[i].dtype()));
    update(variables_[i], gradients[i], rounded);
  }
}

ValueAnd<Tensors> Optimizer::value_and_gradients(const std::function<Tensor()>& loss) const {
  check_present(loss, str(name(), ": the loss"), "a function that gives one number");
  if (variables_.empty()) {
    throw ValueError(str(name(), ": no parameters to change: attach them first; frozen ones do ",
                         "not count before unfreeze()"));
  }
  const TrainingScope training;
  const std::vector<State> all = parameters();
  Tensors ahead;
  for (const Variables& variables : variables_) ahead.push_back(look_ahead(variables));
  const Substitution moved(all, ahead);
  return value_and_descent(loss, all);
}

Tensor Optimizer::minimize(const std::function<Tensor()>& loss) {
  const auto [value, gradients] = value_and_gradients(loss);
  step(gradients);
  return value;
}

std::vector<State> Optimizer::states() const {
  std::vector<State> all = {rate()};
  if (counts_steps_) all.push_back(count_);
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    for (const Variables& variables : variables_) all.push_back(variables.slots[slot]);
  }
  return all;
}

}  // namespace nabla::optim
