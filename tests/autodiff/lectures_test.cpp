// The exact numbers of the lectures on derivatives.
#include <gtest/gtest.h>

#include <cmath>

#include "nabla/autodiff/derivatives.h"
#include "nabla/ops/ops.h"

namespace nabla {
namespace {

Tensor f64(double value) { return Tensor(value); }

// f = (x + y) z at (-2, 5, -4).
TEST(Lectures, GraphOfThreeNumbers) {
  const auto f = [](const Tensors& in) { return (in[0] + in[1]) * in[2]; };
  const auto [value, gradient] = value_and_grad(f, {f64(-2), f64(5), f64(-4)});
  EXPECT_EQ(value.item(), -12);
  EXPECT_EQ(gradient[0].item(), -4);
  EXPECT_EQ(gradient[1].item(), -4);
  EXPECT_EQ(gradient[2].item(), 3);
}

TEST(Lectures, SigmoidDerivative) {
  EXPECT_DOUBLE_EQ(grad(sigmoid)(f64(1)).item(), 0.19661193324148185);
}

TEST(Lectures, SoftmaxLossGradient) {
  const Tensor scores = Tensor::from({1.0, 2.0, 3.0}, {1, 3});
  const Tensor label = Tensor::from<std::int64_t>({2}, {1});
  const auto loss = [&](const Tensors& in) { return sum(softmax_cross_entropy(in[0], label)); };
  const auto [value, gradient] = value_and_grad(loss, {scores});
  EXPECT_NEAR(value.item(), 0.40760596444438, 1e-14);
  const std::vector<double> expected = {0.0900305732, 0.2447284711, -0.3347590442};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(gradient[0].to_doubles()[i], expected[i], 1e-10);
  }
}

// "Guess the number I'm thinking of": gradient descent from 0 on (theta - 42)^2. A step multiplies
// the distance from 42 by 1 - 2 eta, so theta = 42 (1 - (1 - 2 eta)^steps), and the printed numbers
// are exact.
double guess(double eta, int steps) {
  const UnaryFunction slope = grad([](const Tensor& theta) { return square(theta - 42); });
  Tensor theta = f64(0);
  for (int i = 0; i < steps; ++i) theta = theta - eta * slope(theta);
  return theta.item();
}

TEST(Lectures, GuessTheNumber) {
  EXPECT_NEAR(guess(.1, 5), 28.23744, 1e-12);
  EXPECT_NEAR(guess(1.1, 3), 114.576, 1e-12);
  for (int steps = 1; steps <= 20; ++steps) {
    EXPECT_EQ(guess(1, steps), steps % 2 == 1 ? 84 : 0) << steps;
    EXPECT_GT(std::abs(guess(1.1, steps) - 42), std::abs(guess(1.1, steps - 1) - 42)) << steps;
  }
}

// sigmoid' = s (1 - s) is at most 1/4, where s = 1/2.
TEST(Lectures, GradientsVanishInAChainOfSigmoids) {
  const auto chain = [](double bias) {
    return grad([bias](const Tensor& x) {
      Tensor layer = x;
      for (int i = 0; i < 10; ++i) layer = sigmoid(layer) + bias;
      return layer;
    });
  };
  // With this bias all inputs are 0, and the bound is reached.
  EXPECT_NEAR(chain(-.5)(f64(0)).item(), 9.54e-7, 5e-10);
  EXPECT_DOUBLE_EQ(chain(-.5)(f64(0)).item(), std::pow(.25, 10));
  for (const double x : {-5.0, -1.0, 0.0, 1.0, 5.0}) {
    double layer = x;
    double factor = 1;
    for (int i = 0; i < 10; ++i) {
      layer = 1 / (1 + std::exp(-layer));
      factor *= layer * (1 - layer);
    }
    const double found = chain(0)(f64(x)).item();
    EXPECT_NEAR(found / factor, 1, 1e-13) << x;
    EXPECT_LT(found, std::pow(.25, 10)) << x;
  }
}

}  // namespace
}  // namespace nabla
