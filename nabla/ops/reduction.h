/// Ops that shrink axes. `axes` are one, sum(x, 0), or several, sum(x, {0, -1}); they may count
/// from the end; empty means all of them, and `keep` leaves extents of 1 behind. A single number
/// takes axes 0 and -1, as if it were a row of one. Throws ShapeError for axes that do not exist or
/// repeat.
/// ```cpp
/// const Tensor x = Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2});
/// sum(x);                               // 10
/// sum(x, {0});                          // [4, 6]
/// mean(x, {-1});                        // [1.5, 3.5]
/// max(x, {1}, true);                    // [[2], [4]]
/// variance(x);                          // 1.25
/// argmin(x, 0);                         // [0, 0]
/// cumulative_sum(x);                    // [[1, 3], [3, 7]]
/// norm(Tensor::from({3.0, 4.0}, {2}));  // 5
/// ```
#pragma once

#include "nabla/tensor/tensor.h"

namespace nabla {

/// The sum of the elements; 0 of none.
Tensor sum(const Tensor& x, const Dims& axes = {}, bool keep = false);
/// The sum divided by the number of elements; floating. Infinite where the sum is.
Tensor mean(const Tensor& x, const Dims& axes = {}, bool keep = false);
/// Mean of the squared distances from the mean: 1/n sum (x - mean)^2.
Tensor variance(const Tensor& x, const Dims& axes = {}, bool keep = false);
/// Largest element; where several are equal, each gets an even share of the gradient.
/// Throws ShapeError for an axis without elements.
Tensor max(const Tensor& x, const Dims& axes = {}, bool keep = false);
/// Smallest element, like max.
Tensor min(const Tensor& x, const Dims& axes = {}, bool keep = false);
/// Product, as a tree of pairs; its derivative is right where elements are 0, too.
Tensor product(const Tensor& x, const Dims& axes = {}, bool keep = false);
/// Square root of the sum of squares; the derivative of the zero vector is 0.
Tensor norm(const Tensor& x, const Dims& axes = {}, bool keep = false);

/// u8: 1 where some element is not 0; NaN is not.
Tensor any(const Tensor& x, const Dims& axes = {}, bool keep = false);
/// u8: 1 where no element is 0; so where there is none.
Tensor all(const Tensor& x, const Dims& axes = {}, bool keep = false);

/// Place of the largest element along one axis, the first of equals; i64.
Tensor argmax(const Tensor& x, std::int64_t axis = -1, bool keep = false);
/// Place of the smallest element along one axis, the first of equals; i64.
Tensor argmin(const Tensor& x, std::int64_t axis = -1, bool keep = false);

/// Running sum along one axis: y_i = x_0 + ... + x_i; from the back if `reverse`. Of f32, added up
/// in f64.
Tensor cumulative_sum(const Tensor& x, std::int64_t axis = -1, bool reverse = false);

}  // namespace nabla
