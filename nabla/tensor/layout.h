/// Where the elements of a tensor lie in its buffer.
#pragma once

#include <limits>
#include <optional>

#include "nabla/base/shape.h"

namespace nabla {

/// Strides in elements, one an axis; 0 repeats an element, negative walks backwards.
using Strides = Dims;

/// Elements start, start + step, ... before stop, along one axis, as in Python: negative places
/// count from the end, a negative step walks backwards, places outside are cut. {1, 3} are elements
/// 1 and 2, {.start = -2} the last two, {.step = -1} all in reverse order.
struct Slice {
  /// Beyond every axis.
  static constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
  std::int64_t start = end;  ///< default: the first element in walking direction
  std::int64_t stop = end;   ///< default: behind the last one
  std::int64_t step = 1;
};
/// Element (i, j, ...) lies at offset + i * strides[0] + j * strides[1] + ...
struct Layout {
  Shape shape;
  Strides strides;
  std::int64_t offset = 0;
  bool operator==(const Layout&) const = default;

  /// Row-major without gaps.
  static Layout contiguous(const Shape& shape) {
    Layout layout{shape, Dims::filled(shape.rank(), 0), 0};
    std::int64_t stride = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) {
      layout.strides[i] = stride;
      stride *= shape[i];
    }
    return layout;
  }
  /// Whether the elements are row-major without gaps.
  bool is_contiguous() const {
    std::int64_t stride = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) {
      if (shape[i] != 1 && strides[i] != stride) return shape.elements() == 0;
      stride *= shape[i];
    }
    return true;
  }

  /// The same elements under another shape with as many elements, if strides can express it.
  std::optional<Layout> reshape(const Shape& to) const;
  /// Axis i of the result is axis axes[i].
  Layout permute(const Dims& axes) const;
  /// Stretches extents of 1 and adds axes in front, by strides of 0.
  Layout broadcast(const Shape& to) const;
};

}  // namespace nabla
