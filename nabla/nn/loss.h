/// Losses: how wrong a batch of predictions is, as one number; and metrics, what people read.
#pragma once

#include <functional>

#include "nabla/tensor/tensor.h"

#pragma GCC visibility push(hidden)
namespace nabla::nn {

/// Any function of predictions [batch, ...] and targets that gives one number can be minimised.
using Loss = std::function<Tensor(const Tensor& prediction, const Tensor& target)>;

/// Mean over the batch of -log softmax(scores)[label]: scores [batch, classes], labels i64 or i32
/// [batch]. The last layer gives scores, no probabilities. Throws what softmax_cross_entropy does.
Tensor cross_entropy(const Tensor& scores, const Tensor& labels);

/// Mean of (prediction - target)^2 over all elements of the batch. Throws ShapeError where the
/// shapes differ; nothing is broadcast.
Tensor mean_squared_error(const Tensor& prediction, const Tensor& target);

/// How many of the labels, i64 or i32 [batch], have the highest of their scores [batch, classes]:
/// an f64 number. Of equal scores the first counts. Throws ShapeError or DTypeError for others.
Tensor correct_count(const Tensor& scores, const Tensor& labels);
/// The same as a part of all.
Tensor accuracy(const Tensor& scores, const Tensor& labels);

}  // namespace nabla::nn
#pragma GCC visibility pop
