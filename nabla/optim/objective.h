/// A loss as minimisers see it: a function of one vector.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "nabla/nn/layer.h"
#include "nabla/nn/loss.h"
#include "nabla/plan/capture.h"

namespace nabla::optim {

/// The loss of a model on some samples as a function of its parameters, all of which, of one type,
/// are one vector [n]. It is computed in captured batches, in training mode, as the mean over the
/// samples; the loss of a batch must be a mean over its samples. While the samples stay, random
/// numbers are the same in each evaluation: it is one function. What the model keeps, such as
/// running statistics, is in the end what the last evaluation made of it, or as before where
/// parameters were set behind that.
/// ```cpp
/// const nn::Dense model(1, 1, {.bias = false, .initializer = nn::constant(3)});
/// optim::Objective objective(model, nn::mean_squared_error);
/// const Tensor one = Tensor::from({1.0F}, {1, 1});
/// objective.set_batch(one, one);
/// objective.value();                                     // 4
/// objective.value_and_gradient().derivative;             // [4]
/// objective.hessian_product(Tensor::from({1.0F}, {1}));  // [2]
/// ```
class Objective {
 public:
  /// What is done with a batch.
  using Visit = std::function<void(const Tensor& inputs, const Tensor& targets)>;
  /// Calls a visitor for each batch of the samples, in the same order each time.
  using Batches = std::function<void(const Visit&)>;

  /// Throws ValueError where model or loss is missing, or the model has nothing to learn, and
  /// DTypeError where its parameters have different types.
  Objective(const nn::AnyLayer& model, const nn::Loss& loss);

  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;

  /// What the function is about from now on.
  void set_batches(Batches batches);
  /// One batch.
  void set_batch(const Tensor& inputs, const Tensor& targets);

  /// The vector. Reading it copies nothing; it keeps its values when set_parameters is called, yet
  /// not when somebody else assigns the model's parameters.
  Tensor parameters() const;
  /// Copies a vector into the model. Throws ShapeError or DTypeError for one of another kind.
  void set_parameters(const Tensor& vector) const;

  /// The loss where the parameters are.
  double value();
  /// The loss, and its gradient [n].
  ValueAnd<Tensor> value_and_gradient();
  /// The product of the Hessian with a direction [n].
  Tensor hessian_product(const Tensor& direction);
  /// J^T H_loss J v: the Hessian without the curvature of the model, which is never negative for a
  /// convex loss.
  Tensor gauss_newton_product(const Tensor& direction);

 private:
  // The mean over the samples of what a captured function gives, in one pass over the batches.
  Tensors mean_of(Captured& function, const Tensor* direction);
  // Gives what the model keeps, and keys of random numbers, the values of before.
  void put_back(bool with_random) const;
  void require_vector(const Tensor& vector) const;
  std::vector<Tensor> pieces_of(const Tensor& vector) const;

  nn::AnyLayer model_;
  std::vector<State> parameters_;
  std::vector<nn::NamedState> other_;  // of the model: keys of random numbers, and what it keeps
  std::vector<Tensor> other_start_;    // what they are before each evaluation
  State vector_;                       // in the memory of the parameters
  Batches batches_;
  Captured value_, gradient_, hessian_product_, gauss_newton_product_;
};

}  // namespace nabla::optim
