/// Tensors from nothing but a shape. They are f32 unless another type is given; their numbers are
/// computed in f64 and converted as by cast. Throws ShapeError for extents that no tensor has.
#pragma once

#include "nabla/ops/elementwise.h"

namespace nabla {

/// Zeros: zeros({2, 3}), zeros(3).
Tensor zeros(const Shape& shape, DType dtype = DType::f32);
/// Ones.
Tensor ones(const Shape& shape, DType dtype = DType::f32);
/// One value everywhere.
Tensor full(const Shape& shape, const Tensor& value);
template <Number N>
Tensor full(const Shape& shape, N value, DType dtype = DType::f32) {
  return full(shape, number(value, dtype));
}
/// The identity matrix [n, n].
Tensor eye(std::int64_t n, DType dtype = DType::f32);

/// The numbers 0, 1, ..., count - 1. Throws ShapeError for a negative count.
Tensor arange(std::int64_t count, DType dtype = DType::f32);
/// The numbers start, start + step, ... before stop. Throws ValueError for a step of 0, and for
/// numbers that are not finite.
Tensor arange(double start, double stop, double step = 1, DType dtype = DType::f32);
/// `count` numbers at even distances, the first is start and the last is stop. Throws ValueError
/// for a count below 1 and for numbers that are not finite.
Tensor linspace(double start, double stop, std::int64_t count, DType dtype = DType::f32);

}  // namespace nabla
