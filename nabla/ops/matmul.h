/// Matrix products.
#pragma once

#include "nabla/tensor/tensor.h"

#pragma GCC visibility push(hidden)
namespace nabla {

/// c[..., i, j] = sum_k a[..., i, k] b[..., k, j], added in order of k; the axes in front
/// broadcast. Transposed and sliced inputs are read in place. Both are f32 or both f64. Throws
/// ShapeError where the inner extents differ or an input has fewer than two axes.
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace nabla
#pragma GCC visibility pop
