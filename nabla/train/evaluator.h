/// Judging and using a trained model.
#pragma once

#include <optional>

#include "nabla/data/dataset.h"
#include "nabla/nn/layer.h"
#include "nabla/nn/loss.h"
#include "nabla/plan/capture.h"

namespace nabla {

/// How good a model is on a data set.
struct Evaluation {
  double loss = 0;  ///< mean over the samples
  std::optional<double>
      accuracy;  ///< part of the samples whose class is right, where there are classes
};

/// How good, on `test`, the best answer is that does not look at the inputs: for classes how often
/// each stands in `train`, of which the likeliest (the first of those) is predicted, with
/// cross-entropy; for numbers their means in `train`, with mean squared error. A model that is no
/// better has learned nothing. Throws ValueError where one of them has no samples, and what
/// data::check throws.
Evaluation evaluate_constant(const data::Dataset& train, const data::Dataset& test);

/// Runs a model, as it is in use, over whole data sets, in captured batches.
/// ```cpp
/// const auto [train, test] = data::digits();
/// const nn::Dense model(64, 10, {.initializer = nn::zero()});
/// Evaluator evaluator(model, nn::cross_entropy);
/// evaluator.evaluate(test).loss;       // 2.3026
/// evaluator.predict(test).shape()[1];  // 10
/// ```
class Evaluator {
 public:
  /// Throws ValueError where the model or the loss is missing.
  Evaluator(const nn::AnyLayer& model, const nn::Loss& loss);

  /// Throws ShapeError where the data set does not fit the model, ValueError where it is empty.
  Evaluation evaluate(const data::Dataset& dataset);
  /// The model's results for all inputs, f32 [samples, outputs]; for classes these are scores.
  /// Targets are not looked at and need not be there.
  /// Throws ShapeError where the data set does not fit the model.
  Tensor predict(const data::Dataset& dataset);

 private:
  nn::AnyLayer model_;
  Captured judge_;
  Captured predict_;
};

}  // namespace nabla
