#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/ops/reference.h"

namespace nabla {
namespace {

AxesAttribute axes_of(const Attributes& attributes) {
  if (const auto* axis = std::get_if<AxisAttribute>(&attributes)) return {axis->axis, 1};
  return std::get<AxesAttribute>(attributes);
}

Dims without_axes(const Dims& dims, const AxesAttribute& axes) {
  Dims kept;
  for (int i = 0; i < dims.rank(); ++i) {
    if (i < axes.first || i >= axes.first + axes.count) kept.push_back(dims[i]);
  }
  return kept;
}

// The elements that make each element of the result, in row-major order.
struct Groups {
  Shape shape;
  std::vector<std::vector<double>> values;

  Groups(const Array& in, const AxesAttribute& axes) : shape(without_axes(in.shape, axes)) {
    values.resize(static_cast<std::size_t>(shape.elements()));
    Array place = zero_array(shape);
    for (std::size_t i = 0; i < place.values.size(); ++i) place.values[i] = static_cast<double>(i);
    for_each_index(in.shape, [&](const Dims& index) {
      const double group = place.at(without_axes(index, axes));
      values[static_cast<std::size_t>(group)].push_back(in.at(index));
    });
  }
};

template <class Reduce>
Array reduce(const Array& in, const AxesAttribute& axes, Reduce reduce_group) {
  const Groups groups(in, axes);
  Array out{groups.shape, {}};
  for (const std::vector<double>& group : groups.values) out.values.push_back(reduce_group(group));
  return out;
}

double total(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}
// A sum of n numbers in any order is within n - 1 roundings of the sum of their sizes.
double sum_scale(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += std::abs(value);
  return sum * static_cast<double>(values.size());
}

Array sum(const std::vector<Array>& in, const Attributes& attributes) {
  Array out = reduce(in[0], axes_of(attributes), total);
  out.scale = reduce(in[0], axes_of(attributes), sum_scale).values;
  return out;
}

std::int64_t place_of_max(const std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) return static_cast<std::int64_t>(i);
  }
  return std::max_element(values.begin(), values.end()) - values.begin();
}
std::int64_t place_of_min(std::vector<double> values) {
  for (double& value : values) value = -value;
  return place_of_max(values);
}

template <bool largest>
Array extreme(const std::vector<Array>& in, const Attributes& attributes) {
  return reduce(in[0], axes_of(attributes), [](const std::vector<double>& values) {
    const auto at = largest ? place_of_max(values) : place_of_min(values);
    return values[static_cast<std::size_t>(at)];
  });
}

template <bool largest>
Array place(const std::vector<Array>& in, const Attributes& attributes) {
  return reduce(in[0], axes_of(attributes), [](const std::vector<double>& values) {
    return static_cast<double>(largest ? place_of_max(values) : place_of_min(values));
  });
}

Array cumulative_sum(const std::vector<Array>& in, const Attributes& attributes) {
  const auto& a = std::get<AxisAttribute>(attributes);
  Array out = in[0];
  out.scale.resize(out.values.size());
  std::size_t i = 0;
  for_each_index(in[0].shape, [&](const Dims& index) {
    std::vector<double> terms;
    for (std::int64_t j = 0; j < in[0].shape[a.axis]; ++j) {
      Dims other = index;
      other[a.axis] = j;
      const bool counts = a.reverse ? j >= index[a.axis] : j <= index[a.axis];
      if (counts) terms.push_back(in[0].at(other));
    }
    out.values[i] = total(terms);
    out.scale[i++] = sum_scale(terms);
  });
  return out;
}

double largest_of(const std::vector<double>& values) {
  double m = -std::numeric_limits<double>::infinity();
  for (const double value : values) m = std::fmax(m, value);
  return m;
}

double logsumexp_of(const std::vector<double>& values) {
  const double m = largest_of(values);
  double sum = 0;
  for (const double value : values) sum += std::exp(value - m);
  return m + std::log(sum);
}

AxesAttribute last_axis(const Array& in) { return {in.shape.rank() - 1, 1}; }

Array logsumexp(const std::vector<Array>& in, const Attributes&) {
  Array out = reduce(in[0], last_axis(in[0]), logsumexp_of);
  // The largest element and the logarithm may cancel: errors are relative to their sizes.
  out.scale = reduce(in[0], last_axis(in[0]), [](const std::vector<double>& values) {
                const double m = largest_of(values);
                return std::abs(m) + std::abs(logsumexp_of(values) - m) + 1;
              }).values;
  return out;
}

Array softmax(const std::vector<Array>& in, const Attributes& attributes) {
  const Array normalizer = logsumexp(in, attributes);
  Array out = in[0];
  std::size_t i = 0;
  for_each_index(in[0].shape, [&](const Dims& index) {
    out.values[i] = std::exp(out.values[i] - normalizer.at(without_axes(index, last_axis(in[0]))));
    ++i;
  });
  return out;
}

// Softmax less 1 at the label: there, minus the others.
Array softmax_residual(const std::vector<Array>& in, const Attributes& attributes) {
  Array out = softmax(in, attributes);
  for_each_index(in[1].shape, [&](const Dims& index) {
    Dims at = index;
    at.push_back(0);
    const int axis = at.rank() - 1;
    const auto label = static_cast<std::int64_t>(in[1].at(index));
    double others = 0;
    for (at[axis] = 0; at[axis] < in[0].shape[axis]; ++at[axis]) {
      if (at[axis] != label) others += out.at(at);
    }
    at[axis] = label;
    out.at(at) = -others;
  });
  return out;
}

Array log_softmax(const std::vector<Array>& in, const Attributes& attributes) {
  Array out = in[0];
  const Array normalizer = logsumexp(in, attributes);
  std::size_t i = 0;
  out.scale = out.values;
  for_each_index(in[0].shape, [&](const Dims& index) {
    const std::size_t row = i / static_cast<std::size_t>(in[0].shape.back());
    out.values[i] -= normalizer.values[row];
    out.scale[i] = std::abs(out.values[i]);
    ++i;
    static_cast<void>(index);
  });
  return out;
}

// log sum exp(x - m) + (m - x[label]), with errors relative to the two terms.
Array softmax_cross_entropy(const std::vector<Array>& in, const Attributes&) {
  Array out = reduce(in[0], last_axis(in[0]), [](const std::vector<double>& values) {
    return logsumexp_of(values) - largest_of(values);
  });
  const Array largest = reduce(in[0], last_axis(in[0]), largest_of);
  out.scale = out.values;
  std::size_t i = 0;
  for_each_index(in[1].shape, [&](const Dims& index) {
    Dims at = index;
    at.push_back(static_cast<std::int64_t>(in[1].at(index)));
    const double below = largest.at(index) - in[0].at(at);
    out.values[i] += below;
    out.scale[i++] += below + 1;
  });
  return out;
}

Array matmul(const std::vector<Array>& in, const Attributes&) {
  const Array& a = in[0];
  const Array& b = in[1];
  const int row = a.shape.rank() - 2;
  const int column = row + 1;
  Shape shape = a.shape;
  shape[column] = b.shape[column];
  Array out = zero_array(shape);
  out.scale = out.values;
  std::size_t i = 0;
  for_each_index(shape, [&](const Dims& index) {
    std::vector<double> terms;
    for (std::int64_t k = 0; k < a.shape[column]; ++k) {
      Dims at_a = index;
      Dims at_b = index;
      at_a[column] = k;
      at_b[row] = k;
      terms.push_back(a.at(at_a) * b.at(at_b));
    }
    out.values[i] = total(terms);
    out.scale[i++] = sum_scale(terms);
  });
  return out;
}

}  // namespace

std::map<std::string_view, Reference> reduction_references() {
  return {
      {"sum", {sum, 1}},
      {"max", {extreme<true>}},
      {"min", {extreme<false>}},
      {"argmax", {place<true>}},
      {"argmin", {place<false>}},
      {"cumulative_sum", {cumulative_sum, 1}},
      // exp within 4 units of differences of at most 4, a sum, a logarithm or a quotient.
      {"logsumexp", {logsumexp, 8}},
      {"softmax", {softmax, 12}},
      {"softmax_residual", {softmax_residual, 16}},
      {"log_softmax", {log_softmax, 12}},
      {"softmax_cross_entropy", {softmax_cross_entropy, 8}},
      {"matmul", {matmul, 1}},
  };
}

}  // namespace nabla
