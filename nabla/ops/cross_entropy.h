/// Losses that need to be one op, for precision.
/// ```cpp
/// const Tensor scores = Tensor::from({0.0, 0.0, 1000.0, 0.0}, {2, 2});
/// const Tensor labels = Tensor::from({std::int64_t{0}, std::int64_t{1}}, {2});
/// softmax_cross_entropy(scores, labels);            // [0.6931, 1000.0000]
/// sigmoid_cross_entropy(Tensor(0.0), Tensor(1.0));  // 0.6931
/// ```
#pragma once

#include "nabla/tensor/tensor.h"

namespace nabla {

/// -log softmax(scores)[label] for each row: scores [..., classes], labels i64 or i32 [...].
/// Its gradient is softmax(scores) - one_hot(label). Throws ValueError for a label outside of
/// [0, classes).
Tensor softmax_cross_entropy(const Tensor& scores, const Tensor& labels);

/// -t log sigmoid(x) - (1 - t) log(1 - sigmoid(x)) for each element, from the score x and the
/// target t in [0, 1], without overflow: t softplus(-x) + (1 - t) softplus(x), and no product of 0
/// and infinity. Throws ShapeError where the shapes differ; nothing is broadcast.
Tensor sigmoid_cross_entropy(const Tensor& scores, const Tensor& targets);

}  // namespace nabla
