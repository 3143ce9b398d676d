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

Initializer::Function uniform_with(Variance variance) {
  return [=](std::span<double> values, const Shape& shape, Random& random) {
    // The variance of the uniform distribution on +-limit is limit^2 / 3.
    fill_uniform(values, std::sqrt(3 * variance(fans_of(shape))), random);
  };
}

Initializer::Function normal_with(Variance variance) {
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

Initializer::Function filled_with(double value) {
  return [=](std::span<double> values, const Shape&, Random&) { std::ranges::fill(values, value); };
}

template <class Options>
Initializer named(std::string_view name, Options options, Initializer::Function fill) {
  Options::table().check(name, options);
  return {Options::table().text(name, options), std::move(fill)};
}

template <Initializer (*initializer)()>
Initializer make(const Term& term) {
  NoOptions::table().read(term);
  return initializer();
}

}  // namespace

Initializer glorot_uniform() { return {"glorot_uniform", uniform_with(glorot_variance)}; }
Initializer glorot_normal() { return {"glorot_normal", normal_with(glorot_variance)}; }
Initializer he_uniform() { return {"he_uniform", uniform_with(he_variance)}; }
Initializer he_normal() { return {"he_normal", normal_with(he_variance)}; }

Initializer orthogonal(double gain) {
  const auto fill = [=](std::span<double> values, const Shape& shape, Random& random) {
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
  return named<OrthogonalOptions>("orthogonal", {gain}, fill);
}

Initializer normal(double deviation) {
  const auto fill = [=](std::span<double> values, const Shape&, Random& random) {
    fill_normal(values, deviation, random);
  };
  return named<NormalOptions>("normal", {deviation}, fill);
}

Initializer constant(double value) {
  return named<ConstantOptions>("constant", {value}, filled_with(value));
}

Initializer zero() { return {"zero", filled_with(0)}; }

const InitializerTable& initializer_table() {
  static const InitializerTable table(
      "initializer",
      {{{.name = "glorot_uniform",
         .doc = "keeps the size of signals and gradients through layers of tanh",
         .formula = "uniform on +-sqrt(6 / (in + out))",
         .source = "Glorot and Bengio, 2010"},
        make<glorot_uniform>},
       {{.name = "glorot_normal",
         .doc = "the same variance, normal",
         .formula = "normal with variance 2 / (in + out)",
         .source = "Glorot and Bengio, 2010"},
        make<glorot_normal>},
       {{.name = "he_uniform",
         .doc = "for layers of relu, which lose half of a signal",
         .formula = "uniform on +-sqrt(6 / in)",
         .source = "He, Zhang, Ren and Sun, 2015"},
        make<he_uniform>},
       {{.name = "he_normal",
         .doc = "the same variance, normal",
         .formula = "normal with variance 2 / in",
         .source = "He, Zhang, Ren and Sun, 2015"},
        make<he_normal>},
       {{.name = "orthogonal",
         .doc = "rows or columns, whichever are fewer, of length gain and at right angles",
         .source = "Saxe, McClelland and Ganguli, 2014",
         .options = &OrthogonalOptions::table().rows()},
        [](const Term& term) { return orthogonal(OrthogonalOptions::table().read(term).gain); }},
       {{.name = "normal", .doc = "normal with mean 0", .options = &NormalOptions::table().rows()},
        [](const Term& term) { return normal(NormalOptions::table().read(term).deviation); }},
       {{.name = "constant",
         .doc = "one value everywhere, so that all units of a layer stay equal",
         .options = &ConstantOptions::table().rows()},
        [](const Term& term) { return constant(ConstantOptions::table().read(term).value); }},
       {{.name = "zero", .doc = "zeros, for biases"}, make<zero>}});
  return table;
}

Initializer make_initializer(std::string_view text) {
  return make_initializer(parse_term(initializer_table().noun(), text));
}

Initializer make_initializer(const Term& term) { return initializer_table().find(term).make(term); }

}  // namespace nabla::nn
