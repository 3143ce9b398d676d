/// Ops that move elements without changing them. Most are views: they cost nothing and share
/// memory.
/// ```cpp
/// const Tensor x = Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2});
/// reshape(x, {-1});                       // [1, 2, 3, 4]
/// transpose(x);                           // [[1, 3], [2, 4]]
/// slice(x, {{}, {.stop = 1}});            // [[1], [3]]
/// select(x, 0, -1);                       // [3, 4]
/// flip(x, 0);                             // [[3, 4], [1, 2]]
/// pad(select(x, 0, 0), {1}, {2});         // [0, 1, 2, 0, 0]
/// concatenate({x, x}, 1);                 // [[1, 2, 1, 2], [3, 4, 3, 4]]
/// stack({x, x}, 0).shape();               // [2, 2, 2]
/// broadcast_to(select(x, 0, 0), {3, 2});  // [[1, 2], [1, 2], [1, 2]]
/// ```
#pragma once

#include <vector>

#include "nabla/ops/elementwise.h"

namespace nabla {

/// The same elements in row-major order under another shape; one extent may be -1 and follows from
/// the others. Throws ShapeError where the counts differ, and for a -1 beside an extent of 0.
Tensor reshape(const Tensor& x, const Shape& shape);
/// Axis i of the result is axis axes[i] of x. Throws ShapeError unless axes is a permutation.
Tensor permute(const Tensor& x, const Dims& axes);
/// The last two axes exchanged.
Tensor transpose(const Tensor& x);
/// Repeats x along extents of 1 and new axes in front. Throws ShapeError where it does not fit.
Tensor broadcast_to(const Tensor& x, const Shape& shape);

/// One slice for each of the first axes; the others stay whole. Throws ShapeError for too many
/// slices and ValueError for a step of 0.
Tensor slice(const Tensor& x, const std::vector<Slice>& slices);
/// Element `index` along `axis`, which goes away.
Tensor select(const Tensor& x, std::int64_t axis, std::int64_t index);

/// Zeros before and after the elements of each axis. Throws ShapeError for negative counts, or
/// other than one an axis.
Tensor pad(const Tensor& x, const Dims& before, const Dims& after);
/// The same with a number of x's type instead of 0.
Tensor pad(const Tensor& x, const Dims& before, const Dims& after, const Tensor& value);
/// Throws ValueError for a value that an integer type does not have.
template <Number N>
Tensor pad(const Tensor& x, const Dims& before, const Dims& after, N value) {
  return pad(x, before, after, number_beside(value, x));
}
/// The elements along one axis in reverse order.
Tensor flip(const Tensor& x, std::int64_t axis);
/// One behind the other along an axis that exists. Parts of shape [0] are left out, whatever axes
/// the others have.
Tensor concatenate(const std::vector<Tensor>& parts, std::int64_t axis);
/// One behind the other along a new axis.
Tensor stack(const std::vector<Tensor>& parts, std::int64_t axis);

}  // namespace nabla
