// Small dense systems: against NumPy's figures, against their definitions, and derivatives to
// second order against differences.
#include "nabla/ops/linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "nabla/autodiff/check.h"
#include "nabla/base/error.h"
#include "nabla/ops/ops.h"
#include "nabla/plan/capture.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

using Values = std::vector<double>;

void expect_near(const Tensor& actual, const Shape& shape, const Values& expected) {
  EXPECT_EQ(actual.shape(), shape);
  const Values values = actual.to_doubles();
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-13) << i;
}

const Tensor a = Tensor::from({4.0, -2.0, 1.0, -2.0, 5.0, 3.0, 1.0, 3.0, 6.0}, {3, 3});

// a = l l^T with l = [2 0 0, -1 2 0, 0.5 1.75 sqrt(2.6875)], and det a = 43.
TEST(Linear, ByHand) {
  expect_near(cholesky(a), {3, 3}, {2, 0, 0, -1, 2, 0, 0.5, 1.75, std::sqrt(2.6875)});
  const Tensor x = Tensor::from({1.0, -2.0, 3.0}, {3});
  const Tensor b = matmul(a, x);
  expect_near(b, {3}, {11, -3, 13});
  expect_near(solve(a, b), {3}, {1, -2, 3});
  // Rows must be exchanged.
  expect_near(solve(Tensor::from({0.0, 2.0, 3.0, 0.0}, {2, 2}), Tensor::from({4.0, 9.0}, {2})), {2},
              {3, 2});
  EXPECT_EQ(dot(x, x).item(), 14);
  EXPECT_EQ(dot(cast(x, DType::i64), cast(x, DType::i64)).spec(), (Spec{DType::i64, {}}));
}

TEST(Linear, BatchesBroadcast) {
  const Tensor many = stack({a, 2 * a}, 0);
  const Tensor b = Tensor::from({11.0, -3.0, 13.0}, {3});
  expect_near(solve(many, b), {2, 3}, {1, -2, 3, 0.5, -1, 1.5});
  expect_near(solve(a, stack({eye(3, DType::f64), matmul(a, a)}, 0))[1], {3, 3}, a.to_doubles());
  expect_near(cholesky(4 * many)[0], {3, 3}, (2 * cholesky(a)).to_doubles());
}

// A matrix beyond the blocks of any algorithm.
TEST(Linear, LargerSystems) {
  constexpr std::int64_t n = 150;
  const Tensor m = Generator(1).normal({n, n}, 0, 1, DType::f64);
  const Tensor positive = matmul(m, m.T()) + n * eye(n, DType::f64);
  const Tensor l = cholesky(positive);
  EXPECT_LT(norm(matmul(l, l.T()) - positive).item(), 1e-13 * norm(positive).item());
  EXPECT_LT(norm(matmul(m, solve(m, m)) - m).item(), 1e-10);
}

TEST(Linear, DerivativesOfSymmetricSystems) {
  // Functions of a matrix that stays symmetric and positive.
  const Function log_determinant = [](const Tensors& in) {
    const Tensor s = matmul(in[0], in[0].T()) + eye(3, DType::f64);
    return 2 * sum(log(sum(cholesky(s) * eye(3, DType::f64), 1)));
  };
  const Function quadratic = [](const Tensors& in) {
    const Tensor s = matmul(in[0], in[0].T()) + eye(3, DType::f64);
    return dot(in[1], solve(s, in[1]));
  };
  const Tensor b = Tensor::from({1.0, -0.5, 0.25}, {3});
  for (const auto& [f, inputs] :
       {std::pair{log_determinant, Tensors{0.3 * a}}, std::pair{quadratic, Tensors{0.3 * a, b}}}) {
    const GradientReport report = check_gradients(f, inputs, {.order = 3});
    EXPECT_TRUE(report.passed) << report.text;
  }
  // d log det a = tr(a^-1 da): the lower triangle counts twice, but for the diagonal.
  const Tensor by_a = grad(
      [](const Tensor& s) { return 2 * sum(log(sum(cholesky(s) * eye(3, DType::f64), 1))); })(a);
  const Tensor inverse = solve(a, eye(3, DType::f64));
  const Values once = inverse.to_doubles();
  expect_near(by_a, {3, 3},
              {once[0], 0, 0, 2 * once[3], once[4], 0, 2 * once[6], 2 * once[7], once[8]});
}

TEST(Linear, ErrorsTeach) {
  test::expect_errors({
      {[] {
         solve(Tensor::from({1., 2., 3., 4., 5., 6., 7., 8., 9.}, {3, 3}), ones(3, DType::f64));
       },
       "solve: the matrix [3, 3] is singular: no x, or more than one, has a x = b"},
      {[] {
         solve(stack({eye(2), zeros({2, 2})}, 0), ones(2));
       },
       "solve: the matrix 1 of [2, 2, 2] is singular: no x, or more than one, has a x = b"},
      {[] { cholesky(-a); }, "cholesky: the matrix [3, 3] is not positive definite"},
      {[] {
         cholesky(Tensor::from({1.0, 0.0, std::nan(""), 1.0}, {2, 2}));
       },
       "cholesky: the matrix [2, 2] is not positive definite"},
      {[] {
         solve(ones({2, 3}), ones(2));
       },
       "solve: expected square matrices [..., n, n], got [2, 3]"},
      {[] { solve(eye(2), ones(3)); },
       "solve: expected a [..., n, n] and b [..., n, k] with the same n, got a [2, 2], b [3, 1]"},
      {[] { solve(eye(2), Tensor(1.0F)); },
       "solve: expected a [..., n, n] and b [n] or [..., n, k], got a [2, 2], b []"},
      {[] { solve(eye(2), ones(2, DType::f64)); },
       "solve: takes two f32 or two f64, got f32 and f64"},
      {[] { cholesky(eye(2, DType::i64)); }, "cholesky: takes f32, f64, got i64"},
      {[] { dot(ones(2), ones(3)); },
       "dot: expected two vectors of one length, got [2] and [3]; for matrices there is matmul"},
  });
}

// Sizes of rows say nothing about whether there is a solution.
TEST(Linear, BadlyScaledIsNotSingular) {
  expect_near(
      solve(Tensor::from({1e-30, 0.0, 0.0, 1e30}, {2, 2}), Tensor::from({1e-30, 1e30}, {2})), {2},
      {1, 1});
  expect_near(solve(Tensor::from({1e20, 1e20, 0.0, 1.0}, {2, 2}), Tensor::from({2e20, 1.0}, {2})),
              {2}, {1, 1});
}

}  // namespace
}  // namespace nabla
