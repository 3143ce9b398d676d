/// Matrix products.
#pragma once

#include "nabla/tensor/tensor.h"

namespace nabla {

/// c[..., i, j] = sum_k a[..., i, k] b[..., k, j], added in order of k; the axes in front
/// broadcast. Transposed and sliced inputs are read in place. Both are f32 or both f64. As in
/// NumPy, a vector is a row on the left and a column on the right, and its axis goes away: two of
/// them give a number. Throws ShapeError where the inner extents differ or an input has no axis.
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace nabla
