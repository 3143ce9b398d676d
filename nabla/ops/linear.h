/// Vectors and small dense systems.
#pragma once

#include "nabla/tensor/tensor.h"

namespace nabla {

/// sum_i a_i b_i of two vectors of one length: a number. Throws ShapeError for others, which matmul
/// multiplies.
Tensor dot(const Tensor& a, const Tensor& b);

/// The x with a x = b: a [..., n, n], b [..., n, k] or one vector [n]; the axes in front broadcast.
/// By Gaussian elimination with row exchanges. Both are f32 or both f64. Throws ShapeError where
/// they do not fit, ValueError where a matrix is singular, or so near to it that rounding errors
/// decide.
Tensor solve(const Tensor& a, const Tensor& b);

/// The lower triangular l [..., n, n] with l l^T = a, for symmetric positive definite a [..., n, n]
/// in f32 or f64. Only the lower triangle of a is read, so gradients are 0 above the diagonal.
/// Throws ValueError where a matrix is not positive definite.
Tensor cholesky(const Tensor& a);

}  // namespace nabla
