/// Ops that address elements by integer tensors.
/// ```cpp
/// const Tensor x = Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2});
/// const Tensor indices = Tensor::from({std::int64_t{1}, std::int64_t{0}, std::int64_t{1}}, {3});
/// take(x, indices);                           // [[3, 4], [1, 2], [3, 4]]
/// scatter_add(take(x, indices), indices, 2);  // [[1, 2], [6, 8]]
/// one_hot(indices, 2);                        // [[0, 1], [1, 0], [0, 1]]
/// arange(4);                                  // [0, 1, 2, 3]
/// ```
#pragma once

#include "nabla/tensor/tensor.h"

namespace nabla {

/// The entries of x at `indices` (i64 or i32) along an axis, whose place the axes of `indices`
/// take: rows of a table, pixels of an image. Throws ValueError for an index outside of the axis.
Tensor take(const Tensor& x, const Tensor& indices, std::int64_t axis = 0);

/// Zeros, with each entry of `updates` added at its index along an axis of `size` entries: the
/// transpose of `take`. Repeated indices add up in order. The axes of `indices` are those of
/// `updates` from `axis` on, and the axis of the result takes their place. Throws ShapeError where
/// they are not, ValueError for an index outside of [0, size).
Tensor scatter_add(const Tensor& updates, const Tensor& indices, std::int64_t size,
                   std::int64_t axis = 0);

/// 1 at the class of each label and 0 elsewhere, along a new last axis.
/// Throws ValueError for a label outside of [0, classes).
Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype = DType::f32);

}  // namespace nabla
