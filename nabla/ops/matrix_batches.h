/// Batches of matrices whose axes in front broadcast.
#pragma once

#include <string_view>

#include "nabla/ops/shaping.h"

namespace nabla {

/// Two tensors of matrices [..., rows, columns], stretched to the same axes in front.
struct MatrixBatches {
  Shape batch;  // the axes in front
  Tensor a, b;
};

/// Throws ShapeError that names `op` where the axes in front do not broadcast.
inline MatrixBatches broadcast_batches(const Tensor& a, const Tensor& b, std::string_view op) {
  const auto batch_of = [](const Tensor& t) {
    return Shape(std::span(t.shape().begin(), static_cast<std::size_t>(t.rank() - 2)));
  };
  const Shape batch = broadcast_shapes(batch_of(a), batch_of(b), op);
  const auto stretched = [&](const Tensor& t) {
    Shape shape = batch;
    shape.push_back(t.shape()[t.rank() - 2]);
    shape.push_back(t.shape().back());
    return broadcast_to(t, shape);
  };
  return {batch, stretched(a), stretched(b)};
}

}  // namespace nabla
