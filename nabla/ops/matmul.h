/// Matrix products.
#pragma once

#include "nabla/tensor/tensor.h"

namespace nabla {

/// c[..., i, j] = sum_k a[..., i, k] b[..., k, j], added in order of k; the axes in front
/// broadcast. Transposed and sliced inputs are read in place. Both are f32 or both f64. As in
/// NumPy, a vector is a row on the left and a column on the right, and its axis goes away: two of
/// them give a number. Throws ShapeError where the inner extents differ or an input has no axis.
/// ```cpp
/// const Tensor a = Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2});
/// const Tensor x = Tensor::from({1.0, 10.0}, {2});
/// matmul(a, a);  // [[7, 10], [15, 22]]
/// matmul(a, x);  // [21, 43]
/// matmul(x, x);  // 101
/// ```
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace nabla
