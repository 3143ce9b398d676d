/// What every op computes, again: plain loops over doubles, without any part of nabla's kernels.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "nabla/graph/op.h"

namespace nabla {

/// A row-major array.
struct Array {
  Shape shape;
  std::vector<double> values;
  /// For each element the size of what was added up for it, which rounding errors are relative to;
  /// empty: the element's own size.
  std::vector<double> scale = {};

  double at(const Dims& index) const;
  double& at(const Dims& index);
};

/// A new array of zeros.
Array zero_array(const Shape& shape);

/// Calls visit(index) for every index of a shape, in row-major order.
void for_each_index(const Shape& shape, const std::function<void(const Dims&)>& visit);

/// The definition of an op.
struct Reference {
  Array (*compute)(const std::vector<Array>& in, const Attributes& attributes) = nullptr;
  /// How far an implementation may be from it, in units in the last place of the scale. 0: not at
  /// all, once the definition is rounded to the result's type.
  double units = 0;
};

/// All definitions, by the op's name.
const std::map<std::string_view, Reference>& references();
// Their parts.
std::map<std::string_view, Reference> elementwise_references();
std::map<std::string_view, Reference> reduction_references();
std::map<std::string_view, Reference> shaping_references();
std::map<std::string_view, Reference> linear_references();

/// A tensor's elements.
Array array_of(const Tensor& tensor);

/// Empty where the tensor is what the definition says, else the first difference.
std::string compare(const Tensor& actual, const Array& expected, double units);

}  // namespace nabla
