#include "nabla/nn/loss.h"

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/ops/cross_entropy.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/reduction.h"

namespace nabla::nn {

Tensor cross_entropy(const Tensor& scores, const Tensor& labels) {
  return mean(softmax_cross_entropy(scores, labels));
}

Tensor mean_squared_error(const Tensor& prediction, const Tensor& target) {
  if (prediction.shape() != target.shape()) {
    throw ShapeError(str("mean_squared_error: prediction ", prediction.shape(), ", target ",
                         target.shape(), ": expected the same shape"));
  }
  return mean(square(prediction - target));
}

Tensor correct_count(const Tensor& scores, const Tensor& labels) {
  const Tensor predicted = argmax(scores);
  if (predicted.shape() != labels.shape()) {
    throw ShapeError(str("accuracy: scores ", scores.shape(), " need one label a row, got labels ",
                         labels.shape()));
  }
  const Tensor wide = labels.dtype() == DType::i32 ? cast(labels, DType::i64) : labels;
  return sum(cast(equal(predicted, wide), DType::f64));
}

Tensor accuracy(const Tensor& scores, const Tensor& labels) {
  return correct_count(scores, labels) / static_cast<double>(labels.size());
}

}  // namespace nabla::nn
