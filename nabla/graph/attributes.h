/// The constant parameters of an op's call, beside its tensors.
#pragma once

#include <cstdint>
#include <ostream>
#include <variant>

#include "nabla/base/dtype.h"
#include "nabla/base/shape.h"

namespace nabla {

/// One axis, and whether to walk it backwards where that means something.
struct AxisAttribute {
  int axis = 0;
  bool reverse = false;
  bool operator==(const AxisAttribute&) const = default;
};

/// Neighbouring axes [first, first + count).
struct AxesAttribute {
  int first = 0;
  int count = 0;
  bool operator==(const AxesAttribute&) const = default;
};

/// An order of axes.
struct PermutationAttribute {
  Dims axes;
  bool operator==(const PermutationAttribute&) const = default;
};

/// The shape of the result.
struct ShapeAttribute {
  Shape shape;
  bool operator==(const ShapeAttribute&) const = default;
};

/// Element i of the result is element start + i * step, for each axis; steps are at least 1.
struct SliceAttribute {
  Dims start, step;
  Shape shape;
  bool operator==(const SliceAttribute&) const = default;
};

/// Zeros before, after and between the elements of each axis.
struct PadAttribute {
  Dims before, after, between;
  bool operator==(const PadAttribute&) const = default;
};

/// The element type, and for some ops the shape, of the result.
struct TypeAttribute {
  DType dtype = DType::f32;
  bool operator==(const TypeAttribute&) const = default;
};
struct SpecAttribute {
  DType dtype = DType::f32;
  Shape shape;
  bool operator==(const SpecAttribute&) const = default;
};

/// An axis and how many entries it has: one-hot, scatter.
struct AxisSizeAttribute {
  int axis = 0;
  std::int64_t size = 0;
  DType dtype = DType::f32;
  bool operator==(const AxisSizeAttribute&) const = default;
};

using Attributes =
    std::variant<std::monostate, AxisAttribute, AxesAttribute, PermutationAttribute, ShapeAttribute,
                 SliceAttribute, PadAttribute, TypeAttribute, SpecAttribute, AxisSizeAttribute>;

/// Prints "axis=1" and the like, nothing for an op without attributes.
std::ostream& operator<<(std::ostream& out, const Attributes& attributes);

}  // namespace nabla
