#include "nabla/optim/optimizer.h"

#include <cmath>
#include <cstring>

#include "nabla/autodiff/recording.h"
#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/nn/contiguous.h"
#include "nabla/ops/elementwise.h"

namespace nabla::optim {
namespace {

void require_rate(std::string_view rule, double rate) {
  require(is_positive_f32(rate), rule, "learning_rate", rate, "a positive number that f32 has");
}

Tensor zeros(const Spec& spec) {
  Tensor zero = Tensor::empty(spec);
  std::memset(zero.bytes(), 0, spec.byte_count());
  return zero;
}

}  // namespace

void require(bool allowed, std::string_view rule, std::string_view option, double value,
             std::string_view expected) {
  if (allowed) return;
  throw ValueError(str(rule, ": ", option, " ", shortest(value), ": expected ", expected));
}

Optimizer::Optimizer(std::string_view name, double learning_rate, std::vector<std::string> slots,
                     bool counts_steps)
    : name_(name),
      slots_(std::move(slots)),
      learning_rate_(Tensor(learning_rate), "learning_rate"),
      counts_steps_(counts_steps),
      count_(Tensor(0.0), "step") {
  require_rate(name_, learning_rate);
}

void Optimizer::set_learning_rate(double rate) const {
  require_rate(name_, rate);
  learning_rate_.assign(Tensor(rate));
}

void Optimizer::attach(const std::vector<State>& parameters) {
  if (parameters == this->parameters()) {  // captured steps hold these states
    count_.assign(Tensor(0.0));
    for (const Variables& variables : variables_) {
      for (const State& slot : variables.slots) slot.assign(zeros(slot.spec()));
    }
    return;
  }
  std::vector<Variables> all;  // which takes its place when nothing can fail any more
  all.reserve(parameters.size());
  for (const State& parameter : parameters) all.push_back({parameter, {}});
  for (const std::string& slot : slots_) {
    std::vector<State> states;
    for (Variables& variables : all) {
      states.emplace_back(zeros(variables.parameter.spec()), str(slot, ".", states.size() + 1));
      variables.slots.push_back(states.back());
    }
    nn::make_contiguous(states);
  }
  count_ = State(Tensor(0.0), "step");
  variables_ = std::move(all);
}

std::vector<State> Optimizer::parameters() const {
  std::vector<State> all;
  for (const Variables& variables : variables_) all.push_back(variables.parameter);
  return all;
}

void Optimizer::step(const Tensors& gradients) const {
  if (gradients.size() != variables_.size()) {
    throw ShapeError(str(name_, ": ", gradients.size(), " gradients for ", variables_.size(),
                         " parameters: expected one each; attach the parameters first"));
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {  // before anything changes
    const Spec expected = variables_[i].parameter.spec();
    if (gradients[i].spec() != expected) {
      throw ShapeError(
          str(name_, ": gradient ", i, " is ", gradients[i].spec(), ", its parameter ", expected));
    }
  }
  Step step{learning_rate_.value(), {}};
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

Tensor Optimizer::minimize(const std::function<Tensor()>& loss) const {
  check_present(loss, str(name_, ": the loss"), "a function that gives one number");
  if (variables_.empty()) {
    throw ValueError(str(name_, ": no parameters to change: attach them first"));
  }
  const auto value_and_gradients = [&] {
    const std::vector<State> all = parameters();
    Tensors ahead;
    for (const Variables& variables : variables_) ahead.push_back(look_ahead(variables));
    const Substitution moved(all, ahead);
    return value_and_descent(loss, all);
  };
  const auto [value, gradients] = value_and_gradients();
  step(gradients);
  return value;
}

std::vector<State> Optimizer::states() const {
  std::vector<State> all = {learning_rate_};
  if (counts_steps_) all.push_back(count_);
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    for (const Variables& variables : variables_) all.push_back(variables.slots[slot]);
  }
  return all;
}

}  // namespace nabla::optim
