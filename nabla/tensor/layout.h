/// Where the elements of a tensor lie in its buffer.
#pragma once

#include <optional>

#include "nabla/base/shape.h"

namespace nabla {

/// Strides in elements, one an axis; 0 repeats an element, negative walks backwards.
using Strides = Dims;

/// Element (i, j, ...) lies at offset + i * strides[0] + j * strides[1] + ...
struct Layout {
  Shape shape;
  Strides strides;
  std::int64_t offset = 0;
  bool operator==(const Layout&) const = default;

  /// Row-major without gaps.
  static Layout contiguous(const Shape& shape);
  bool is_contiguous() const;

  /// The same elements under another shape with as many elements, if strides can express it.
  std::optional<Layout> reshape(const Shape& to) const;
  /// Axis i of the result is axis axes[i].
  Layout permute(const Dims& axes) const;
  /// Stretches extents of 1 and adds axes in front, by strides of 0.
  Layout broadcast(const Shape& to) const;
};

}  // namespace nabla
