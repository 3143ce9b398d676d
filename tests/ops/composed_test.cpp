// Functions that are made of ops: values against their definition and with the same bits in all
// modes, derivatives to second order against differences.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "nabla/autodiff/check.h"
#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/ops/ops.h"
#include "nabla/plan/capture.h"
#include "tests/support/message.h"
#include "tests/support/modes.h"

namespace nabla {
namespace {

using Values = std::vector<double>;

// With one number that is 0. The others are at least 0.1 from it, and from each other.
const Values numbers = {0.7, -1.2, 0.4, 2.5, 0, -0.3, 1.1, -2.0, 0.9, 1.6, -0.8, 0.2};

void expect_values(const Function& f, const Tensors& inputs, const Shape& shape,
                   const Values& expected) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    SCOPED_TRACE(str(dtype));
    Tensors in;
    for (const Tensor& input : inputs) in.push_back(cast(input, dtype));
    EXPECT_EQ(compare_modes([&](const Tensors& x) { return Tensors{f(x)}; }, in), "");
    const Tensor y = f(in);
    EXPECT_EQ(y.shape(), shape);
    const Values values = y.to_doubles();
    ASSERT_EQ(values.size(), expected.size());
    const double tolerance = dtype == DType::f32 ? 1e-6 : 1e-14;
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(values[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i]))) << i;
    }
  }
}

void expect_derivatives(const Function& f, const Tensors& inputs) {
  const GradientReport report = check_gradients(f, inputs);
  EXPECT_TRUE(report.passed) << report.text;
  EXPECT_EQ(report.kinks, 0) << report.text;
}

// Reduces the rows of [3, 4] numbers, and compares with the definition for each row.
template <class Definition>
void expect_reduction(Tensor (*f)(const Tensor&, const Dims&, bool), Definition of_row) {
  const Tensor x = Tensor::from(numbers, {3, 4});
  Values expected;
  for (auto row = numbers.begin(); row != numbers.end(); row += 4) {
    expected.push_back(of_row(Values(row, row + 4)));
  }
  const Function rows = [f](const Tensors& in) { return f(in[0], {1}, false); };
  const Function columns_of_transposed = [f](const Tensors& in) {
    return f(permute(in[0], {1, 0}), {0}, true);
  };
  const Function all = [f](const Tensors& in) { return f(in[0], {}, false); };
  expect_values(rows, {x}, {3}, expected);
  expect_values(columns_of_transposed, {x}, {1, 3}, expected);
  expect_values(all, {x}, {}, {of_row(numbers)});
  expect_derivatives(rows, {x});
  expect_derivatives(all, {x});
}

double sum_of(const Values& x) { return std::accumulate(x.begin(), x.end(), 0.0); }
double mean_of(const Values& x) { return sum_of(x) / static_cast<double>(x.size()); }

TEST(Composed, Mean) { expect_reduction(mean, mean_of); }

TEST(Composed, Variance) {
  expect_reduction(variance, [](Values x) {
    const double m = mean_of(x);
    for (double& value : x) value = (value - m) * (value - m);
    return mean_of(x);
  });
}

TEST(Composed, Norm) {
  expect_reduction(norm, [](Values x) {
    for (double& value : x) value *= value;
    return std::sqrt(sum_of(x));
  });
}

TEST(Composed, ProductWithAZeroAmongItsFactors) {
  expect_reduction(product, [](const Values& x) {
    return std::accumulate(x.begin(), x.end(), 1.0, std::multiplies<>());
  });
}

TEST(Composed, LogSoftmax) {
  Values expected(12);
  for (std::size_t column = 0; column < 4; ++column) {
    double total = 0;
    for (std::size_t row = 0; row < 3; ++row) total += std::exp(numbers[row * 4 + column]);
    for (std::size_t row = 0; row < 3; ++row) {
      expected[row * 4 + column] = numbers[row * 4 + column] - std::log(total);
    }
  }
  const Function f = [](const Tensors& in) { return log_softmax(in[0], 0); };
  const Tensor x = Tensor::from(numbers, {3, 4});
  expect_values(f, {x}, {3, 4}, expected);
  expect_derivatives(f, {x});
}

TEST(Composed, SigmoidCrossEntropy) {
  const Values targets = {0, 1, 0.25, 0.5, 0.75, 1, 0, 0.1, 0.9, 0.3, 0.6, 1};
  Values expected;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double p = 1 / (1 + std::exp(-numbers[i]));
    expected.push_back(-targets[i] * std::log(p) - (1 - targets[i]) * std::log(1 - p));
  }
  const Function f = [](const Tensors& in) { return sigmoid_cross_entropy(in[0], in[1]); };
  const Tensors in = {Tensor::from(numbers, {12}), Tensor::from(targets, {12})};
  expect_values(f, in, {12}, expected);
  expect_derivatives(f, in);
}

TEST(Composed, Stack) {
  const Tensors parts = {Tensor::from(Values{1, 2, 3, 4}, {2, 2}),
                         Tensor::from(Values{5, 6, 7, 8}, {2, 2}),
                         Tensor::from(Values{9, 10, 11, 12}, {2, 2})};
  const auto along = [](std::int64_t axis) {
    return [axis](const Tensors& in) { return stack(in, axis); };
  };
  expect_values(along(0), parts, {3, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  expect_values(along(1), parts, {2, 3, 2}, {1, 2, 5, 6, 9, 10, 3, 4, 7, 8, 11, 12});
  expect_values(along(-1), parts, {2, 2, 3}, {1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12});
  // Squared, since a linear function has no second derivative.
  expect_derivatives([](const Tensors& in) { return square(stack(in, 1)); }, parts);
  EXPECT_THROW(stack({parts[0], Tensor::from(Values{1, 2}, {2})}, 0), ShapeError);
  EXPECT_THROW(stack(parts, 3), ShapeError);
}

TEST(Composed, GreaterAndItsEqual) {
  const Tensors in = {Tensor::from(Values{1, 2, 3}, {3}), Tensor::from(Values{2, 2, 2}, {3})};
  expect_values([](const Tensors& x) { return greater(x[0], x[1]); }, in, {3}, {0, 0, 1});
  expect_values([](const Tensors& x) { return greater_equal(x[0], x[1]); }, in, {3}, {0, 1, 1});
}

// Moments of n numbers are within five of their own standard deviations.
TEST(Composed, NormalHasItsMoments) {
  constexpr std::int64_t n = 40000;
  const double root = std::sqrt(static_cast<double>(n));
  for (const DType dtype : {DType::f32, DType::f64}) {
    Generator generator(3);
    const Values x = generator.normal({n / 4, 4}, 2, 0.5, dtype).to_doubles();
    double powers[5] = {};
    for (const double value : x) {
      for (int i = 1; i < 5; ++i) powers[i] += std::pow((value - 2) / 0.5, i) / n;
    }
    EXPECT_NEAR(powers[1], 0, 5 / root);
    EXPECT_NEAR(powers[2], 1, 5 * std::sqrt(2) / root);   // E x^4 - 1
    EXPECT_NEAR(powers[3], 0, 5 * std::sqrt(15) / root);  // E x^6
    EXPECT_NEAR(powers[4], 3, 5 * std::sqrt(96) / root);  // E x^8 - 9
  }
}

// Elements [[[0, 1], [2, 3]], [[4, 5], [6, 7]]].
const Tensor cube = Tensor::from({0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0}, {2, 2, 2});

TEST(Composed, ReducesAxesThatAreNoNeighbours) {
  const auto expect = [](Tensor (*f)(const Tensor&, const Dims&, bool), const Values& expected) {
    EXPECT_EQ(f(cube, {0, 2}, false).to_doubles(), expected);
    EXPECT_EQ(f(cube, {2, 0}, true).shape(), (Shape{1, 2, 1}));
  };
  expect(sum, {10, 18});
  expect(mean, {2.5, 4.5});
  expect(max, {5, 7});
  expect(min, {0, 2});
  expect(product, {0, 2 * 3 * 6 * 7});
  expect(variance, {4.25, 4.25});
}

TEST(Composed, ReductionsAreNamedByTheirOwnName) {
  const auto error_of = [](Tensor (*f)(const Tensor&, const Dims&, bool)) {
    const std::string text = test::message_of<ShapeError>([&] { f(cube, {5}, false); });
    return text.substr(0, text.find(':'));
  };
  EXPECT_EQ(error_of(sum), "sum");
  EXPECT_EQ(error_of(mean), "mean");
  EXPECT_EQ(error_of(variance), "variance");
  EXPECT_EQ(error_of(norm), "norm");
  EXPECT_EQ(error_of(product), "product");
  EXPECT_EQ(error_of(max), "max");
  EXPECT_EQ(test::message_of<ShapeError>([] { log_softmax(cube, 3); }).substr(0, 11),
            "log_softmax");
}

TEST(Composed, PermuteCountsFromTheEnd) {
  const Tensor turned = permute(cube, {-1, 0, -2});
  EXPECT_EQ(turned.to_doubles(), (Values{0, 2, 4, 6, 1, 3, 5, 7}));
}

TEST(Composed, PadKeepsItsZerosAndTakesAValue) {
  const Tensor x = Tensor::from({0.0, 1.0}, {2});
  EXPECT_EQ(pad(x, {1}, {2}, 5).to_doubles(), (Values{5, 0, 1, 5, 5}));
}

// [3, 1, 2, 2] and [4, 2, 2]: twelve products.
TEST(Composed, MatmulRepeatsTheAxesInFront) {
  const Tensor a = reshape(concatenate({cube, slice(cube, {{0, 1}}) + 20}, 0), {3, 1, 2, 2});
  const Tensor b = concatenate({cube * 2, cube - 3}, 0);
  const Tensor c = matmul(a, b);
  ASSERT_EQ(c.shape(), (Shape{3, 4, 2, 2}));
  const Values x = a.to_doubles();
  const Values y = b.to_doubles();
  const Values z = c.to_doubles();
  for (std::size_t i = 0; i < z.size(); ++i) {
    const std::size_t row = i / 16 * 4 + i / 2 % 2 * 2;
    const std::size_t column = i / 4 % 4 * 4 + i % 2;
    EXPECT_EQ(z[i], x[row] * y[column] + x[row + 1] * y[column + 2]) << i;
  }
}

// Two draws are the two halves of one, and those of the next draw are others.
TEST(Composed, RandomNumbersGoOnWhereTheyStopped) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    Generator whole(3);
    Generator parts(3);
    const Values all = whole.uniform({16}, 0, 1, dtype).to_doubles();
    Values both = parts.uniform({8}, 0, 1, dtype).to_doubles();
    for (const double value : parts.uniform({8}, 0, 1, dtype).to_doubles()) both.push_back(value);
    EXPECT_EQ(both, all) << dtype;
    EXPECT_NE(whole.uniform({16}, 0, 1, dtype).to_doubles(), all);
  }
}

TEST(Composed, BernoulliHasItsShare) {
  constexpr std::int64_t n = 40000;
  Generator generator(3);
  for (const double p : {0.0, 0.1, 0.7, 1.0}) {
    const Values x = generator.bernoulli({n}, p).to_doubles();
    EXPECT_TRUE(std::ranges::all_of(x, [](double value) { return value == 0 || value == 1; }));
    EXPECT_NEAR(mean_of(x), p, 5 * std::sqrt(p * (1 - p) / n)) << p;
  }
}

TEST(Composed, RandomNumbersRefuseWhatIsNoDistribution) {
  Generator generator(3);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double p : {-0.1, 1.1, nan}) {
    EXPECT_THROW(generator.bernoulli({2}, p), ValueError) << p;
  }
  for (const double deviation : {-1.0, nan}) {
    EXPECT_THROW(generator.normal({2}, 0, deviation), ValueError) << deviation;
  }
}

// A captured step draws fresh numbers each time, the same as eager calls.
TEST(Composed, CapturedRandomNumbersGoOnInTheSameSequence) {
  Generator eager(5);
  Generator captured(5);
  const auto draw = [](Generator& generator) {
    return Tensors{generator.normal({7}, 1, 2), generator.bernoulli({7}, 0.4)};
  };
  Captured step([&](const Tensors&) { return draw(captured); });
  for (int i = 0; i < 3; ++i) {
    const Tensors expected = draw(eager);
    const Tensors actual = step({});
    for (std::size_t k = 0; k < 2; ++k) EXPECT_EQ(compare_bits(expected[k], actual[k]), "") << i;
  }
}

}  // namespace
}  // namespace nabla
