#include "nabla/nn/initializer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "nabla/base/error.h"
#include "nabla/nn/layers.h"
#include "tests/support/message.h"

namespace nabla::nn {
namespace {

std::vector<double> draw(const Initializer& initializer, const Shape& shape,
                         std::uint64_t seed = 1) {
  std::vector<double> values(static_cast<std::size_t>(shape.elements()));
  Random random(seed);
  initializer(values, shape, random);
  return values;
}

double deviation_of(const std::vector<double>& values) {
  const double squares = std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

constexpr std::int64_t in = 300;
constexpr std::int64_t out = 100;
// Of 30,000 draws the deviation is within 2 % of the true one.
constexpr double noise = 0.02;

TEST(Initializer, GlorotKeepsTheVariance) {
  constexpr double deviation = 0.0707106781;  // sqrt(2 / (300 + 100))
  EXPECT_NEAR(deviation_of(draw(glorot_normal(), {in, out})), deviation, noise * deviation);
  const auto uniform = draw(glorot_uniform(), {in, out});
  EXPECT_NEAR(deviation_of(uniform), deviation, noise * deviation);
  EXPECT_LE(largest(uniform), 0.1224744872);  // sqrt(6 / 400)
  EXPECT_GE(largest(uniform), 0.1224);
}

TEST(Initializer, HeLooksAtTheInputs) {
  constexpr double deviation = 0.0816496581;  // sqrt(2 / 300)
  EXPECT_NEAR(deviation_of(draw(he_normal(), {in, out})), deviation, noise * deviation);
  const auto uniform = draw(he_uniform(), {in, out});
  EXPECT_NEAR(deviation_of(uniform), deviation, noise * deviation);
  EXPECT_LE(largest(uniform), std::sqrt(6.0 / 300));
}

TEST(Initializer, NormalTakesTheDeviationNotTheVariance) {
  EXPECT_NEAR(deviation_of(draw(normal(), {in, out})), 0.1, noise * 0.1);
  EXPECT_NEAR(deviation_of(draw(normal(2), {in, out})), 2, noise * 2);
}

// The shorter side of the matrix is orthonormal: its products with itself are the identity.
void expect_orthonormal(std::int64_t rows, std::int64_t columns, double gain) {
  const auto w = draw(orthogonal(gain), {rows, columns});
  const bool by_rows = rows <= columns;
  const std::int64_t vectors = std::min(rows, columns);
  const std::int64_t length = std::max(rows, columns);
  const auto at = [&](std::int64_t vector, std::int64_t k) {
    return w[static_cast<std::size_t>(by_rows ? vector * columns + k : k * columns + vector)];
  };
  for (std::int64_t i = 0; i < vectors; ++i) {
    for (std::int64_t j = 0; j < vectors; ++j) {
      double dot = 0;
      for (std::int64_t k = 0; k < length; ++k) dot += at(i, k) * at(j, k);
      EXPECT_NEAR(dot, i == j ? gain * gain : 0, 1e-12) << rows << "x" << columns;
    }
  }
}

TEST(Initializer, OrthogonalInEveryShape) {
  expect_orthonormal(20, 20, 1);
  expect_orthonormal(8, 30, 1);
  expect_orthonormal(30, 8, 2);
  expect_orthonormal(1, 5, 1);
}

TEST(Initializer, ConstantAndZero) {
  EXPECT_EQ(draw(constant(0.25), {2, 2}), std::vector<double>(4, 0.25));
  EXPECT_EQ(draw(zero(), {3}), std::vector<double>(3, 0.0));
}

// f32 has every option, and every value that is drawn.
TEST(Initializer, StaysWithinF32) {
  using Make = Initializer (*)();
  const std::vector<std::pair<Make, std::string>> cases = {
      {[] { return constant(1e39); }, "constant: value 1e+39: expected one that f32 has"},
      {[] { return normal(1e60); }, "normal: deviation 1e+60: expected at least 0, in f32"},
      {[] { return orthogonal(-1e300); }, "orthogonal: gain -1e+300: expected one that f32 has"},
      {[] { return normal(3e38); },
       "initializer \"normal(3e+38)\": gives first values of \"weight\" that f32 does not have: "
       "expected finite numbers"},
      {[] { return Initializer([](auto values, auto&, auto&) { values[0] = std::nan(""); }); },
       "initializer \"\": gives first values of \"weight\" that f32 does not have: expected "
       "finite numbers"}};
  for (const auto& [make, expected] : cases) {
    EXPECT_EQ(
        test::message_of<ValueError>([&, make = make] { Dense(8, 8, {.initializer = make()}); }),
        expected);
  }
  EXPECT_NO_THROW(Dense(2, 2, {.initializer = constant(3e38)}));
}

TEST(Initializer, DependsOnTheSeedAlone) {
  EXPECT_EQ(draw(glorot_uniform(), {5, 7}, 3), draw(glorot_uniform(), {5, 7}, 3));
  EXPECT_NE(draw(glorot_uniform(), {5, 7}, 3), draw(glorot_uniform(), {5, 7}, 4));
}

TEST(Initializer, NamesAShapeWithoutFans) { EXPECT_THROW(draw(glorot_uniform(), {5}), ShapeError); }

}  // namespace
}  // namespace nabla::nn
