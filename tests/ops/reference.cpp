#include "tests/ops/reference.h"

#include <cmath>
#include <iomanip>
#include <limits>

#include "nabla/base/text.h"

namespace nabla {
namespace {

std::size_t flat(const Shape& shape, const Dims& index) {
  std::int64_t place = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) place = place * shape[axis] + index[axis];
  return static_cast<std::size_t>(place);
}

// The number as the element type holds it; u8 wraps.
double rounded(double value, DType dtype) {
  switch (dtype) {
    case DType::f32: return static_cast<double>(static_cast<float>(value));
    case DType::u8: return static_cast<double>(static_cast<std::int64_t>(value) & 255);
    default: return value;
  }
}

bool close(double actual, double expected, double scale, double units, DType dtype) {
  if (std::isnan(expected)) return std::isnan(actual);
  if (units == 0 || !std::isfinite(expected) || !is_floating(dtype)) {
    return actual == rounded(expected, dtype);
  }
  const double epsilon = dtype == DType::f32 ? std::numeric_limits<float>::epsilon()
                                             : std::numeric_limits<double>::epsilon();
  return std::abs(actual - expected) <= units * epsilon * scale;
}

}  // namespace

double Array::at(const Dims& index) const { return values[flat(shape, index)]; }
double& Array::at(const Dims& index) { return values[flat(shape, index)]; }

Array zero_array(const Shape& shape) {
  return {shape, std::vector<double>(static_cast<std::size_t>(shape.elements()), 0.0)};
}

void for_each_index(const Shape& shape, const std::function<void(const Dims&)>& visit) {
  Dims index = Dims::filled(shape.rank(), 0);
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    visit(index);
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

const std::map<std::string_view, Reference>& references() {
  static const auto all = [] {
    auto merged = elementwise_references();
    merged.merge(reduction_references());
    merged.merge(shaping_references());
    merged.merge(linear_references());
    return merged;
  }();
  return all;
}

Array array_of(const Tensor& tensor) { return {tensor.shape(), tensor.to_doubles()}; }

std::string compare(const Tensor& actual, const Array& expected, double units) {
  if (actual.shape() != expected.shape) {
    return str("expected shape ", expected.shape, ", got ", actual.shape());
  }
  const std::vector<double> values = actual.to_doubles();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double e = expected.values[i];
    const double scale = expected.scale.empty() ? std::abs(e) : expected.scale[i];
    if (!close(values[i], e, scale, units, actual.dtype())) {
      return str(std::setprecision(17), "element ", i, " of ", actual.spec(), ": expected ", e,
                 ", got ", values[i]);
    }
  }
  return {};
}

}  // namespace nabla
