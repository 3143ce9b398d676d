/// Exponentials of scores, and their logarithms. Axes are those of a reduction (reduction.h).
/// ```cpp
/// const Tensor scores = Tensor::from({0.0, 0.0, 1000.0, 0.0}, {2, 2});
/// softmax(scores);      // [[0.5, 0.5], [1.0, 0.0]]
/// log_softmax(scores);  // [[-0.6931, -0.6931], [0.0000, -1000.0000]]
/// logsumexp(scores);    // [0.6931, 1000.0000]
/// ```
#pragma once

#include <concepts>

#include "nabla/tensor/tensor.h"

namespace nabla {

/// log(sum exp(x)) over axes without overflow, -inf over none; floating. No axes means all of them.
Tensor logsumexp(const Tensor& x, const Dims& axes = {-1}, bool keep = false);
template <std::integral Axis>
Tensor logsumexp(const Tensor& x, Axis axis, bool keep = false) {
  return logsumexp(x, Dims{static_cast<std::int64_t>(axis)}, keep);
}
/// exp(x) / sum exp(x) along one axis without overflow; floating. 0 where all are -inf, so that a
/// row that is masked out has a derivative: 0.
Tensor softmax(const Tensor& x, std::int64_t axis = -1);
/// log(softmax(x)), precise where softmax is close to 0 or to 1; floating.
Tensor log_softmax(const Tensor& x, std::int64_t axis = -1);

/// The derivative in a direction t of softmax along the last axis, where it is p: p (t - sum p t).
Tensor softmax_derivative(const Tensor& p, const Tensor& t);
/// softmax(scores) - one_hot(labels) over the last axis, precise where softmax is close to 1.
/// Labels are i64 or i32, one a row. Throws ValueError for a label outside of [0, classes).
Tensor softmax_residual(const Tensor& scores, const Tensor& labels);

}  // namespace nabla
