/// Losses that need to be one op, for precision.
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
