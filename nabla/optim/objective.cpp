#include "nabla/optim/objective.h"

#include "nabla/autodiff/derivatives.h"
#include "nabla/autodiff/recording.h"
#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/training.h"
#include "nabla/nn/contiguous.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/shaping.h"

namespace nabla::optim {
namespace {

// One vector of all elements.
Tensor joined(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> rows;
  rows.reserve(tensors.size());
  for (const Tensor& tensor : tensors) rows.push_back(reshape(tensor, {-1}));
  return concatenate(rows, 0);
}

std::vector<Tensor> values_of(const std::vector<State>& states) {
  std::vector<Tensor> values;
  values.reserve(states.size());
  for (const State& state : states) values.push_back(state.value());
  return values;
}

}  // namespace

Objective::Objective(const nn::AnyLayer& model, const nn::Loss& loss)
    : model_(model),
      value_(
          [model, loss](const Tensors& in) -> Tensors { return {loss((*model)(in[0]), in[1])}; }),
      gradient_([this, loss](const Tensors& in) -> Tensors {
        const auto f = [&] { return loss((*model_)(in[0]), in[1]); };
        const auto [value, gradient] = value_and_descent(f, parameters_);
        return {value, joined(gradient)};
      }),
      hessian_product_([this, loss](const Tensors& in) -> Tensors {
        const auto f = [&] { return loss((*model_)(in[0]), in[1]); };
        return {joined(hvp(f, parameters_, pieces_of(in[2])).product)};
      }),
      gauss_newton_product_([this, loss](const Tensors& in) -> Tensors {
        const auto f = [&](const Tensors& parameters) {
          const Substitution moved(parameters_, parameters);
          return (*model_)(in[0]);
        };
        const auto of_scores = [&](const Tensor& y) { return loss(y, in[1]); };
        return {joined(
            nabla::gauss_newton_product(f, of_scores, values_of(parameters_), pieces_of(in[2])))};
      }) {
  check_present(model.layer, "objective: the model", "a layer, such as nn::Sequential");
  check_present(loss, "objective: the loss", "one such as nn::cross_entropy");
  parameters_ = model->parameters();
  nn::check_learns("objective", *model);
  for (const State& parameter : parameters_) {
    if (parameter.spec().dtype == parameters_[0].spec().dtype) continue;
    throw DTypeError(str("objective: parameters are ", parameters_[0].spec(), " and ",
                         parameter.spec(), ": expected one type"));
  }
  for (const nn::NamedState& each : model->states()) {
    if (each.role != nn::Role::learned) other_.push_back(each);
  }
  vector_ = nn::make_vector(parameters_);
}

void Objective::set_batches(Batches batches) {
  batches_ = std::move(batches);
  other_start_.clear();
  for (const nn::NamedState& each : other_) other_start_.push_back(each.state.value());
}

void Objective::set_batch(const Tensor& inputs, const Tensor& targets) {
  set_batches([=](const Visit& visit) { visit(inputs, targets); });
}

Tensor Objective::parameters() const {
  if (!parameters_[0].lies_at(vector_, 0)) {
    throw Error(
        "objective: the parameters were attached to another method since: expected one "
        "objective or optimizer at a time");
  }
  return vector_.value();
}

void Objective::require_vector(const Tensor& vector) const {
  if (vector.spec() == vector_.spec()) return;
  throw ShapeError(str("objective: expected a vector ", vector_.spec(), ", got ", vector.spec()));
}

void Objective::set_parameters(const Tensor& vector) const {
  require_vector(vector);
  static_cast<void>(parameters());
  const Tensor values = vector;  // NOLINT(performance-unnecessary-copy-initialization)
  // Who has read a parameter keeps what he read.
  for (const State& parameter : parameters_) static_cast<void>(parameter.writable_memory());
  vector_.assign(values);
  put_back(false);
}

void Objective::put_back(bool with_random) const {
  for (std::size_t i = 0; i < other_start_.size(); ++i) {
    if (with_random || other_[i].role == nn::Role::kept) other_[i].state.assign(other_start_[i]);
  }
}

std::vector<Tensor> Objective::pieces_of(const Tensor& vector) const {
  std::vector<Tensor> pieces;
  std::int64_t begin = 0;
  for (const State& parameter : parameters_) {
    const Shape shape = parameter.spec().shape;
    pieces.push_back(
        reshape(slice(vector, {{.start = begin, .stop = begin + shape.elements()}}), shape));
    begin += shape.elements();
  }
  return pieces;
}

Tensors Objective::mean_of(Captured& function, const Tensor* direction) {
  if (!batches_) throw ValueError("objective: no samples: call set_batches first");
  put_back(true);
  const TrainingScope training;
  double samples = 0;
  Tensors mean;
  batches_([&](const Tensor& inputs, const Tensor& targets) {
    const auto more = static_cast<double>(inputs.shape()[0]);
    if (more == 0) return;
    samples += more;
    Tensors in = {inputs, targets};
    if (direction != nullptr) in.push_back(*direction);
    const Tensors results = function(in);
    if (mean.empty()) {
      mean = results;
      return;
    }
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i] = mean[i] + (results[i] - mean[i]) * (more / samples);
    }
  });
  if (samples == 0) throw ValueError("objective: no samples: expected at least one");
  return mean;
}

double Objective::value() { return mean_of(value_, nullptr)[0].item(); }

ValueAnd<Tensor> Objective::value_and_gradient() {
  const Tensors results = mean_of(gradient_, nullptr);
  return {results[0], results[1]};
}

Tensor Objective::hessian_product(const Tensor& direction) {
  require_vector(direction);
  return mean_of(hessian_product_, &direction)[0];
}

Tensor Objective::gauss_newton_product(const Tensor& direction) {
  require_vector(direction);
  return mean_of(gauss_newton_product_, &direction)[0];
}

}  // namespace nabla::optim
