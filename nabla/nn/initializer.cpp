#include "nabla/nn/initializer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla::nn {
namespace {

struct Fans {
  double in = 1;
  double out = 1;
};

Fans fans_of(const Shape& shape) {
  if (shape.rank() != 2) {
    throw ShapeError(str("initializer: takes a weight [in, out], got shape ", shape));
  }
  return {static_cast<double>(shape[0]), static_cast<double>(shape[1])};
}

using Variance = double (*)(Fans);
double glorot_variance(Fans fans) { return 2 / (fans.in + fans.out); }
double he_variance(Fans fans) { return 2 / fans.in; }

void fill_uniform(std::span<double> values, double limit, Random& random) {
  for (double& value : values) value = limit * (2 * random.uniform() - 1);
}

void fill_normal(std::span<double> values, double deviation, Random& random) {
  for (double& value : values) value = deviation * random.normal();
}

Initializer uniform_with(Variance variance) {
  return [=](std::span<double> values, const Shape& shape, Random& random) {
    // The variance of the uniform distribution on +-limit is limit^2 / 3.
    fill_uniform(values, std::sqrt(3 * variance(fans_of(shape))), random);
  };
}

Initializer normal_with(Variance variance) {
  return [=](std::span<double> values, const Shape& shape, Random& random) {
    fill_normal(values, std::sqrt(variance(fans_of(shape))), random);
  };
}

// Makes the rows of a matrix orthonormal, one after the other (modified Gram-Schmidt).
void orthonormalize(std::span<double> matrix, std::size_t rows, std::size_t columns) {
  const auto row = [&](std::size_t i) { return matrix.subspan(i * columns, columns); };
  const auto dot = [](std::span<double> a, std::span<double> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double along = dot(row(i), row(j));
      for (std::size_t k = 0; k < columns; ++k) row(i)[k] -= along * row(j)[k];
    }
    const double length = std::sqrt(dot(row(i), row(i)));
    for (double& value : row(i)) value /= length;
  }
}

}  // namespace

Initializer glorot_uniform() { return uniform_with(glorot_variance); }
Initializer glorot_normal() { return normal_with(glorot_variance); }
Initializer he_uniform() { return uniform_with(he_variance); }
Initializer he_normal() { return normal_with(he_variance); }

Initializer orthogonal(double gain) {
  return [=](std::span<double> values, const Shape& shape, Random& random) {
    const Fans fans = fans_of(shape);
    const auto in = static_cast<std::size_t>(fans.in);
    const auto out = static_cast<std::size_t>(fans.out);
    fill_normal(values, 1, random);
    if (in <= out) {
      orthonormalize(values, in, out);
    } else {
      std::vector<double> turned(values.begin(), values.end());
      orthonormalize(turned, out, in);
      for (std::size_t i = 0; i < in; ++i) {
        for (std::size_t j = 0; j < out; ++j) values[i * out + j] = turned[j * in + i];
      }
    }
    for (double& value : values) value *= gain;
  };
}

Initializer normal(double deviation) {
  return [=](std::span<double> values, const Shape&, Random& random) {
    fill_normal(values, deviation, random);
  };
}

Initializer constant(double value) {
  return [=](std::span<double> values, const Shape&, Random&) { std::ranges::fill(values, value); };
}

Initializer zero() { return constant(0); }

}  // namespace nabla::nn
