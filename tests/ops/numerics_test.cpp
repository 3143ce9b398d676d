// Digits that rounding takes away, and intermediate results that leave the range: what comes out
// must be as good as the type allows.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nabla/autodiff/derivatives.h"
#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/training.h"
#include "nabla/nn/layers.h"
#include "nabla/ops/ops.h"
#include "tests/support/message.h"
#include "tests/support/modes.h"

namespace nabla {
namespace {

using Values = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr float float_infinity = std::numeric_limits<float>::infinity();
constexpr float float_nan = std::numeric_limits<float>::quiet_NaN();
// A few roundings of f32.
constexpr double digits = 1e-6;

Tensor floats(const std::vector<float>& values) {
  return Tensor::from(values, {static_cast<std::int64_t>(values.size())});
}

// The derivative of a function of each element, in reverse and in forward mode.
struct Slopes {
  Values reverse, forward;
};
Slopes slopes(const UnaryFunction& f, const Tensor& x) {
  const Function of_list = [&](const Tensors& in) { return f(in[0]); };
  const Tensor ones = broadcast_to(number(1, x.dtype()), x.shape());
  return {vjp(of_list, {x}, broadcast_to(number(1, x.dtype()), f(x).shape()))
              .derivative[0]
              .to_doubles(),
          jvp(of_list, {x}, {ones}).derivative.to_doubles()};
}

void expect_digits(double actual, double expected, const std::string& what) {
  EXPECT_NEAR(actual, expected, digits * std::abs(expected)) << what;
}

// ---- Derivatives that are 1 less something that rounds to 1.

struct Slope {
  const char* name;
  UnaryFunction f;
  double (*exact)(double);
  double low, high;
};

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

class SlopesInSinglePrecision : public testing::TestWithParam<Slope> {};

TEST_P(SlopesInSinglePrecision, HaveAllDigitsFarOut) {
  std::vector<float> points;
  for (int i = 0; i <= 400; ++i) {
    points.push_back(
        static_cast<float>(GetParam().low + (GetParam().high - GetParam().low) * i / 400));
  }
  const auto [reverse, forward] = slopes(GetParam().f, floats(points));
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double expected = GetParam().exact(points[i]);
    expect_digits(reverse[i], expected, "reverse at " + std::to_string(points[i]));
    expect_digits(forward[i], expected, "forward at " + std::to_string(points[i]));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Functions, SlopesInSinglePrecision,
    testing::Values(
        Slope{"sigmoid", sigmoid, [](double x) { return logistic(x) * logistic(-x); }, -80, 80},
        Slope{"tanh", tanh, [](double x) { return 1 / std::cosh(x) / std::cosh(x); }, -40, 40},
        Slope{"sech", sech, [](double x) { return -std::tanh(x) / std::cosh(x); }, -80, 80},
        Slope{"softplus", softplus, logistic, -80, 80},
        Slope{"expm1", expm1, [](double x) { return std::exp(x); }, -80, 80},
        Slope{"elu", [](const Tensor& x) { return nn::elu(2)(x); },
              [](double x) { return x > 0 ? 1 : 2 * std::exp(x); }, -80, 80},
        Slope{"log1p", log1p, [](double x) { return 1 / (1 + x); }, -0.9999, 80}),
    [](const auto& info) { return std::string(info.param.name); });

// sigmoid'' = s (1 - s) (1 - 2 s), tanh'' = -2 tanh / cosh^2: also where they pass 0.
TEST(Numerics, SecondDerivativesOfSaturatingFunctions) {
  for (const float x : {-20.0F, -1.0F, -1e-4F, 0.0F, 1e-4F, 0.5F, 17.0F, 30.0F}) {
    const auto second = [&](const UnaryFunction& f) { return grad(grad(f))(Tensor(x)).item(); };
    const double s = logistic(x);
    expect_digits(second(sigmoid), -s * logistic(-x) * std::tanh(x / 2.0), "sigmoid''");
    expect_digits(second(tanh), -2 * std::tanh(x) / std::cosh(x) / std::cosh(x), "tanh''");
  }
}

// Rows in which one probability rounds to 1: q is what the others have.
TEST(Numerics, DerivativesOfSoftmaxWhereItSaturates) {
  for (const float far : {8.0F, 15.0F, 40.0F}) {
    for (const std::int64_t n : {2, 10, 40}) {
      const auto others = static_cast<double>(n - 1) * std::exp(-static_cast<double>(far));
      const double p = 1 / (1 + others);
      const double q = others / (1 + others);
      std::vector<float> scores(static_cast<std::size_t>(n), 0.0F);
      scores[1] = far;
      const Tensor x = Tensor::from(scores, {1, n});
      const auto at_1 = [](const Tensor& y) { return sum(select(y, 1, 1)); };
      const auto first = [&](const UnaryFunction& f) {
        const Function of_list = [&](const Tensors& in) { return f(in[0]); };
        const double reverse = grad(f)(x).to_doubles()[1];
        std::vector<float> unit(scores.size(), 0.0F);
        unit[1] = 1;
        const double forward = jvp(of_list, {x}, {Tensor::from(unit, {1, n})}).derivative.item();
        expect_digits(forward, reverse, "both modes");
        return reverse;
      };
      expect_digits(first([&](const Tensor& t) { return at_1(softmax(t)); }), p * q, "softmax");
      expect_digits(first([&](const Tensor& t) { return at_1(log_softmax(t)); }), q, "log_softmax");
      const Tensor label = Tensor::from<std::int64_t>({1}, {1});
      const UnaryFunction loss = [&](const Tensor& t) {
        return sum(softmax_cross_entropy(t, label));
      };
      expect_digits(first(loss), -q, "softmax_cross_entropy");
      const UnaryFunction slope = [&](const Tensor& t) { return at_1(grad(loss)(t)); };
      expect_digits(first(slope), p * q, "second derivative of softmax_cross_entropy");
      expect_digits(loss(x).item(), std::log1p(others), "value of softmax_cross_entropy");
    }
  }
}

// ---- Differences of large numbers.

TEST(Numerics, LogarithmsOfSoftmax) {
  for (const float shift : {0.0F, 1e5F, -1e5F}) {
    const Values equal_scores = log_softmax(floats({shift, shift})).to_doubles();
    for (const double value : equal_scores) expect_digits(value, -std::log(2.0), "two equal ones");
  }
  for (const std::int64_t n : {2, 10, 40}) {
    std::vector<float> scores(static_cast<std::size_t>(n), 0.0F);
    scores[0] = 15;
    const auto others = static_cast<double>(n - 1) * std::exp(-15.0);
    expect_digits(log_softmax(floats(scores)).to_doubles()[0], -std::log1p(others), "the largest");
    for (float& score : scores) score -= 15;
    expect_digits(logsumexp(floats(scores)).item(), std::log1p(others), "logsumexp");
  }
  // Along another axis, and in f64.
  const Tensor wide = Tensor::from({40.0, 1.0, 0.0, 2.0}, {2, 2});
  EXPECT_DOUBLE_EQ(log_softmax(wide, 0).to_doubles()[0], -std::log1p(std::exp(-40.0)));
}

// 0.1 is not a float, and the mean of three of its roundings is not that rounding.
TEST(Numerics, VarianceOfEqualNumbers) {
  for (const float x : {0.1F, 16777217.0F, 1e8F}) {
    const double found = variance(floats(std::vector<float>(10, x))).item();
    EXPECT_LE(found, 1e-26 * x * x) << x;
  }
}

// ---- Intermediate results out of range.

TEST(Numerics, NormsOfTinyAndHugeVectors) {
  for (const float x : {2e-38F, 1e-20F, 1.0F, 1e20F, 1e38F, 3e38F}) {
    const UnaryFunction f = [](const Tensor& t) { return norm(t); };
    expect_digits(f(floats({x})).item(), x, "one");
    expect_digits(grad(f)(floats({x})).item(), 1, "its slope");
    expect_digits(f(floats({0.6F * x, -0.8F * x, 0})).item(), x, "three");
    const Values slope = grad(f)(floats({0.6F * x, -0.8F * x, 0})).to_doubles();
    expect_digits(slope[0], 0.6, "first slope");
    expect_digits(slope[1], -0.8, "second slope");
    EXPECT_EQ(slope[2], 0);
  }
  EXPECT_EQ(norm(floats({1, float_infinity})).item(), infinity);
  EXPECT_EQ(norm(Tensor(-1e300)).item(), 1e300);
  EXPECT_EQ(norm(Tensor::from(Values{}, {0, 2}), {0}).to_doubles(), (Values{0, 0}));
  // Each row has a scale of its own.
  const Tensor rows = Tensor::from({3e-30F, 4e-30F, 3e30F, 4e30F}, {2, 2});
  expect_digits(norm(rows, {1}).to_doubles()[0], 5e-30, "small row");
  expect_digits(norm(rows, {-1}, true).to_doubles()[1], 5e30, "large row");
}

// The sum is the definition of a mean; it has the range of its type.
TEST(Numerics, AMeanIsInfiniteWhereItsSumIs) {
  EXPECT_EQ(mean(floats({3e38F, 3e38F})).item(), infinity);
}

// ---- Interpolation.

TEST(Numerics, InterpolationIsExactAtBothEnds) {
  const std::vector<float> numbers = {1e8F, 1, -1e-8F, 0, 3e38F, -3e38F, 0.1F, float_infinity};
  for (const float a : numbers) {
    for (const float b : numbers) {
      for (const Mode& mode : modes()) {
        const auto at = [&](float c) {
          return mode
              .run([](const Tensors& in) -> Tensors { return {lerp(in[0], in[1], in[2])}; },
                   {floats({a}), floats({b}), floats({c})})[0]
              .item();
        };
        EXPECT_EQ(at(0), a) << a << ", " << b << ", " << mode.name;
        EXPECT_EQ(at(1), b) << a << ", " << b << ", " << mode.name;
      }
      EXPECT_EQ(lerp(floats({a}), floats({b}), 1).item(), b);
    }
  }
  EXPECT_EQ(lerp(Tensor(-1e308), Tensor(1e308), 0.5).item(), 0);  // b - a is not finite
  Generator generator(1);
  const Tensor wide = generator.uniform({1000}, -1.7e308, 1.7e308, DType::f64);
  EXPECT_TRUE(is_finite(wide));
}

// ---- 0 times infinity.

TEST(Numerics, NothingTimesInfinityIsNothing) {
  for (const float target : {0.0F, 1.0F}) {
    const float right = target == 1 ? float_infinity : -float_infinity;
    EXPECT_EQ(sigmoid_cross_entropy(Tensor(right), Tensor(target)).item(), 0);
    EXPECT_EQ(sigmoid_cross_entropy(Tensor(-right), Tensor(target)).item(), infinity);
    const auto gradient = value_and_grad(
        [&](const Tensors& in) { return sigmoid_cross_entropy(in[0], Tensor(target)); },
        {Tensor(right)});
    EXPECT_EQ(gradient.derivative[0].item(), 0);
  }
  EXPECT_EQ(nn::leaky_relu(0)(floats({-float_infinity, 2})).to_doubles(), (Values{0, 2}));
}

TEST(Numerics, SelectionIsNoProduct) {
  const nn::Dropout dropout(0.5);
  const TrainingScope training;
  const std::vector<float> values(400, float_infinity);
  const Tensor x = floats(values);
  const Values kept = dropout(x).to_doubles();
  const auto dropped = std::count(kept.begin(), kept.end(), 0.0);
  EXPECT_GT(dropped, 100);
  EXPECT_EQ(dropped + std::count(kept.begin(), kept.end(), infinity), 400);
}

// ---- Rows without a largest number.

TEST(Numerics, RowsOfMinusInfinityHaveADerivative) {
  const Tensor x = Tensor::from({-float_infinity, -float_infinity, 0.0F, 0.0F}, {2, 2});
  EXPECT_EQ(softmax(x).to_doubles(), (Values{0, 0, 0.5, 0.5}));
  const Tensor labels = Tensor::from<std::int64_t>({0, 0}, {2});
  const std::vector<UnaryFunction> functions = {
      [](const Tensor& t) { return logsumexp(t); }, [](const Tensor& t) { return softmax(t); },
      [](const Tensor& t) { return log_softmax(t); },
      [&](const Tensor& t) { return softmax_cross_entropy(t, labels); }};
  for (const UnaryFunction& f : functions) {
    const auto [reverse, forward] = slopes(f, x);
    for (const double slope : reverse) EXPECT_TRUE(std::isfinite(slope));
    for (const double slope : forward) EXPECT_TRUE(std::isfinite(slope));
  }
  EXPECT_EQ(slopes(functions[0], x).reverse, (Values{0, 0, 0.5, 0.5}));
}

// ---- Long sums.

TEST(Numerics, LongSumsOfSmallNumbers) {
  constexpr std::int64_t n = 5'000'000;
  const double expected = static_cast<double>(0.0005F) * n;
  const Tensor small = broadcast_to(Tensor(0.0005F), {n});
  const auto last_of = [&](const Tensor& x, std::int64_t place) {
    return select(x, 0, place).to_doubles()[0];
  };
  expect_digits(last_of(cumulative_sum(small), n - 1), expected, "from the front");
  expect_digits(last_of(cumulative_sum(small, 0, true), 0), expected, "from the back");
  const Tensor columns = broadcast_to(Tensor(0.0005F), {n, 2});
  expect_digits(select(cumulative_sum(columns, 0), 0, n - 1).to_doubles()[1], expected, "columns");
  const Tensor places = broadcast_to(number(1, DType::i64), {n});
  expect_digits(last_of(scatter_add(small, places, 3), 1), expected, "scatter_add");
  for (const Mode& mode : modes()) {
    const Tensors sums = mode.run(
        [](const Tensors& in) -> Tensors {
          return {sum(in[0] * 1), sum(in[1] * 1, {0})};
        },
        {small, columns});
    // Blocks and chunks are sums of f32, of up to 64 terms in order.
    EXPECT_NEAR(sums[0].item(), expected, 1e-5 * expected) << mode.name;
    EXPECT_NEAR(sums[1].to_doubles()[1], expected, 4e-5 * expected) << mode.name;
  }
}

// ---- Integers.

TEST(Numerics, IntegersDoNotPassThroughDoubles) {
  constexpr std::int64_t odd = (std::int64_t{1} << 53) + 1;  // no double
  const Tensor x = Tensor::from<std::int64_t>({odd}, {1});
  const auto value = [](const Tensor& t) { return t.to_vector<std::int64_t>()[0]; };
  EXPECT_EQ(equal(x, odd).item(), 1);
  EXPECT_EQ(not_equal(x, odd).item(), 0);
  EXPECT_EQ(less(x, odd).item() + greater(x, odd).item(), 0);
  EXPECT_EQ(less_equal(x, odd).item() + greater_equal(x, odd).item(), 2);
  EXPECT_EQ(value(x + odd), 2 * odd);
  EXPECT_EQ(value(odd - x), 0);
  EXPECT_EQ(value(maximum(0 * x, odd)), odd);
  EXPECT_EQ(value(minimum(odd, x + 1)), odd);
  EXPECT_EQ(value(where(equal(x, 0), x, odd)), odd);
  EXPECT_EQ(value(number(odd, DType::i64)), 0 + odd);
  EXPECT_EQ(pad(x, {0}, {1}, odd).to_vector<std::int64_t>()[1], odd);
  EXPECT_EQ(value(x + std::numeric_limits<std::int64_t>::max() -
                  std::numeric_limits<std::int64_t>::max()),
            odd);
  const auto message = [](auto f) { return test::message_of<ValueError>(f); };
  EXPECT_EQ(message([&] { x + 0x1p63; }),
            "the number 9223372036854775808 beside i64[1]: i64 does not have it; convert the "
            "tensor with cast");
  EXPECT_NE(message([&] { x + (std::uint64_t{1} << 63); }), "");
  EXPECT_NE(message([&] { cast(x, DType::i32) + odd; }), "");
  EXPECT_NE(message([&] { equal(cast(x, DType::u8), -1); }), "");
  // Beside floats an integer is rounded once: 2^24 + 1 + 2^-30 would be the next float.
  EXPECT_EQ((Tensor(0.0F) + ((std::int64_t{1} << 54) + (std::int64_t{1} << 30) + 1)).item(),
            0x1p54 + 0x1p31);
}

// ---- Denormals.

TEST(Numerics, DenormalsCountAsZero) {
  using Unary = Tensor (*)(const Tensor&);
  for (const Unary f :
       {Unary(absolute), Unary(sign), Unary(positive), Unary(square), Unary(sqrt), Unary(rsqrt),
        Unary(exp), Unary(expm1), Unary(log), Unary(log1p), Unary(sin), Unary(cos), Unary(tanh),
        Unary(sigmoid), Unary(sech), Unary(softplus), Unary(erf), Unary(floor)}) {
    for (const float sign : {1.0F, -1.0F}) {
      EXPECT_EQ(f(floats({sign * 1e-40F})).item(), f(floats({sign * 0.0F})).item());
      EXPECT_EQ(f(Tensor(sign * 1e-310)).item(), f(Tensor(sign * 0.0)).item());
    }
  }
  EXPECT_EQ(sign(floats({1e-40F})).item(), 0);
  EXPECT_EQ(greater(floats({1e-40F}), 0).item(), 0);
}

// ---- NaN.

TEST(Numerics, DerivativesAtNaNAreNaN) {
  const std::vector<std::pair<const char*, UnaryFunction>> functions = {
      {"relu", relu},
      {"absolute", absolute},
      {"elu", [](const Tensor& x) { return nn::elu()(x); }},
      {"leaky_relu", [](const Tensor& x) { return nn::leaky_relu()(x); }},
      {"maximum", [](const Tensor& x) { return maximum(x, 1); }},
      {"minimum", [](const Tensor& x) { return minimum(1, x); }},
      {"max", [](const Tensor& x) { return max(x); }},
      {"squarable", squarable},
      {"power", [](const Tensor& x) { return power(x, 2); }},
      {"exponent", [](const Tensor& x) { return power(2, x); }},
      {"exponent of NaN", [](const Tensor& x) { return power(float_nan, x / x); }},
      {"norm", [](const Tensor& x) { return norm(x); }},
      {"tanh", tanh},
      {"sigmoid", sigmoid},
      {"softplus", softplus},
      {"softmax", [](const Tensor& x) {
         return select(softmax(concatenate({x, floats({1})}, 0)), 0, 0);
       }}};
  for (const auto& [name, f] : functions) {
    const auto [reverse, forward] = slopes(f, floats({float_nan}));
    EXPECT_TRUE(std::isnan(reverse[0])) << name << ", reverse";
    EXPECT_TRUE(std::isnan(forward[0])) << name << ", forward";
  }
  // The other side of a selection, too: nothing was chosen.
  const auto by_other = [](const Tensor& x) { return maximum(number(float_nan, x.dtype()), x); };
  EXPECT_TRUE(std::isnan(slopes(by_other, floats({1})).reverse[0]));
}

// ---- Two ways to a second derivative.

TEST(Numerics, BothWaysToASecondDerivativeAgree) {
  const std::vector<std::pair<const char*, Function>> functions = {
      {"power", [](const Tensors& x) { return power(x[0], x[1]); }},
      {"maximum", [](const Tensors& x) { return maximum(square(x[0]), x[1] * x[0]); }},
      {"norm",
       [](const Tensors& x) {
         return norm(stack({x[0], x[1]}, 0));
       }},
      {"relu", [](const Tensors& x) { return relu(x[0]) * relu(x[1]); }},
      {"multiply", [](const Tensors& x) { return x[0] * x[1] * x[0]; }},
      {"softmax",
       [](const Tensors& x) {
         return sum(square(softmax(stack({x[0], x[1]}, 0))));
       }},
      {"tanh", [](const Tensors& x) { return tanh(x[0]) * sigmoid(x[1]); }}};
  for (const auto& [name, f] : functions) {
    for (const double a : {-2.0, -1.0, 0.0, 1.0, 2.0}) {
      for (const double b : {-1.0, 0.0, 1.0, 2.0}) {
        for (const Values& v : {Values{1, 0}, Values{0, 1}}) {
          if (std::string(name) == "power" && a == 0 && b < 2) continue;  // infinite
          const Tensors x = {Tensor(a), Tensor(b)};
          const Tensors direction = {Tensor(v[0]), Tensor(v[1])};
          const Tensors product = hvp(f, x, direction).product;
          const Function along = [&, f = f](const Tensors& in) {
            const Tensors gradient = value_and_grad(f, in).derivative;
            return gradient[0] * direction[0] + gradient[1] * direction[1];
          };
          const Tensors twice = value_and_grad(along, x).derivative;
          for (std::size_t i = 0; i < 2; ++i) {
            EXPECT_NEAR(product[i].item(), twice[i].item(), 1e-12)
                << name << " at " << a << ", " << b << " along " << v[0] << ", " << v[1] << ", by "
                << i;
          }
        }
      }
    }
  }
}

// ---- Edge shapes.

TEST(Numerics, ASingleNumberHasAxesZeroAndMinusOne) {
  const Tensor x(3.0);
  for (const std::int64_t axis : {0, -1}) {
    const Dims axes = {axis};
    for (const bool keep : {false, true}) {
      for (const Tensor& y : {sum(x, axes, keep), mean(x, axes, keep), max(x, axes, keep),
                              min(x, axes, keep), product(x, axes, keep), norm(x, axes, keep),
                              logsumexp(x, axes, keep), logsumexp(x, axis, keep)}) {
        EXPECT_EQ(y.shape(), Shape{});
        EXPECT_EQ(y.item(), 3);
      }
      EXPECT_EQ(variance(x, axes, keep).item(), 0);
      EXPECT_EQ(argmax(x, axis, keep).spec(), (Spec{DType::i64, {}}));
      EXPECT_EQ(argmin(x, axis, keep).item(), 0);
    }
    EXPECT_EQ(softmax(x, axis).item(), 1);
    EXPECT_EQ(log_softmax(x, axis).item(), 0);
    EXPECT_EQ(cumulative_sum(x, axis).item(), 3);
    EXPECT_EQ(softmax(x, axis).shape(), Shape{});
    EXPECT_EQ(grad([&](const Tensor& t) { return sum(cumulative_sum(t, axis), axes); })(x).item(),
              1);
  }
  EXPECT_THROW(sum(x, {1}), ShapeError);
  EXPECT_THROW(sum(x, {0, -1}), ShapeError);
  EXPECT_THROW(softmax(x, 1), ShapeError);
  EXPECT_THROW(argmax(x, -2), ShapeError);
}

TEST(Numerics, FloorOfIntegersIsTheSame) {
  const Tensor x = Tensor::from<std::int64_t>({-3, 0, (std::int64_t{1} << 53) + 1}, {3});
  EXPECT_EQ(floor(x).to_vector<std::int64_t>(), x.to_vector<std::int64_t>());
  EXPECT_EQ(floor(Tensor::from<std::uint8_t>({7}, {1})).dtype(), DType::u8);
}

TEST(Numerics, LogsumexpOverSeveralAxes) {
  std::vector<double> values;
  for (int i = 0; i < 24; ++i) values.push_back(std::sin(i));
  const Tensor x = Tensor::from(values, {2, 3, 4});
  const auto expect_like_sum = [&](const Dims& axes) {
    for (const bool keep : {false, true}) {
      const Tensor found = logsumexp(x, axes, keep);
      const Tensor expected = log(sum(exp(x), axes, keep));
      ASSERT_EQ(found.shape(), expected.shape());
      for (std::size_t i = 0; i < found.to_doubles().size(); ++i) {
        EXPECT_NEAR(found.to_doubles()[i], expected.to_doubles()[i], 1e-14);
      }
    }
  };
  for (const Dims& axes : {Dims{0, 2}, Dims{1, 2}, Dims{0, 1}, Dims{2, 0, 1}, Dims{}, Dims{1}}) {
    expect_like_sum(axes);
  }
  EXPECT_THROW(logsumexp(x, {0, 0}), ShapeError);
  EXPECT_EQ(logsumexp(Tensor::from(Values{}, {2, 0, 3}), {1, 2}).to_doubles(),
            (Values{-infinity, -infinity}));
}

TEST(Numerics, PlacesKeepTheirAxisOnRequest) {
  const Tensor x = Tensor::from({1.0, 5.0, 2.0, 7.0, 0.0, 3.0}, {2, 3});
  EXPECT_EQ(argmax(x, 1, true).shape(), (Shape{2, 1}));
  EXPECT_EQ(argmax(x, 1, true).to_doubles(), (Values{1, 0}));
  EXPECT_EQ(argmin(x, 0, true).shape(), (Shape{1, 3}));
  EXPECT_EQ(argmin(x, 0).shape(), Shape{3});
}

TEST(Numerics, VectorsInMatrixProducts) {
  const Tensor m = Tensor::from({1.0, 2.0, 3.0, 4.0, 5.0, 6.0}, {2, 3});
  const Tensor u = Tensor::from({1.0, -1.0}, {2});
  const Tensor v = Tensor::from({1.0, 0.0, 2.0}, {3});
  EXPECT_EQ(matmul(u, m).shape(), Shape{3});
  EXPECT_EQ(matmul(u, m).to_doubles(), (Values{-3, -3, -3}));
  EXPECT_EQ(matmul(m, v).shape(), Shape{2});
  EXPECT_EQ(matmul(m, v).to_doubles(), (Values{7, 16}));
  EXPECT_EQ(matmul(v, v).shape(), Shape{});
  EXPECT_EQ(matmul(v, v).item(), 5);
  const Tensor batch = broadcast_to(m, {4, 2, 3});
  EXPECT_EQ(matmul(batch, v).shape(), (Shape{4, 2}));
  EXPECT_EQ(matmul(u, batch).shape(), (Shape{4, 3}));
  EXPECT_THROW(matmul(u, v), ShapeError);
  EXPECT_THROW(matmul(m, Tensor(2.0)), ShapeError);
  EXPECT_EQ(grad([&](const Tensor& t) { return matmul(t, t); })(v).to_doubles(), (Values{2, 0, 4}));
}

TEST(Numerics, AnEmptyRowJoinsAnything) {
  const Tensor none = Tensor::from(Values{}, {0});
  const Tensor x = Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2});
  for (const std::int64_t axis : {0, 1}) {
    EXPECT_EQ(concatenate({none, x}, axis).to_doubles(), x.to_doubles());
    EXPECT_EQ(concatenate({x, none, x}, axis).size(), 8);
  }
  EXPECT_EQ(concatenate({none, none}, 0).shape(), Shape{0});
  EXPECT_THROW(concatenate({Tensor::from(std::vector<float>{}, {0}), x}, 0), DTypeError);
  EXPECT_THROW(concatenate({Tensor::from(Values{}, {0, 3}), x}, 0), ShapeError);
  const auto joined = [](const Tensors& in) { return sum(concatenate({in[0], in[1]}, 0)); };
  EXPECT_EQ(value_and_grad(joined, {none, x}).derivative[0].shape(), Shape{0});
}

// Nothing says which number it is.
TEST(Numerics, AnOpenExtentBesideNoneIsAnError) {
  const Tensor none = Tensor::from(Values{}, {0, 28, 28});
  EXPECT_EQ(test::message_of<ShapeError>([&] {
              reshape(none, {0, -1});
            }),
            "reshape: [0, 28, 28] to [0, -1]: beside an extent of 0, -1 may be any number; write "
            "it down");
  EXPECT_THROW(reshape(none, {-1, 28, 0}), ShapeError);
  EXPECT_EQ(reshape(none, {-1, 784}).shape(), (Shape{0, 784}));
  EXPECT_EQ(reshape(none, {-1}).shape(), Shape{0});
}

TEST(Numerics, LossesDoNotBroadcast) {
  const Tensor column = Tensor::from({1.0, 2.0, 3.0}, {3, 1});
  const Tensor row = Tensor::from({0.0, 1.0, 1.0}, {3});
  EXPECT_EQ(test::message_of<ShapeError>([&] { sigmoid_cross_entropy(column, row); }),
            "sigmoid_cross_entropy: scores [3, 1], targets [3]: expected the same shape");
  EXPECT_THROW(sigmoid_cross_entropy(row, Tensor(1.0)), ShapeError);
}

TEST(Numerics, MeansOfIntegersNameThemselves) {
  for (const DType dtype : {DType::u8, DType::i32, DType::i64}) {
    const Tensor x = cast(Tensor::from<float>({1, 2}, {2}), dtype);
    const std::string rest = str(": takes f32, f64, got ", dtype, "; convert it with cast");
    EXPECT_EQ(test::message_of<DTypeError>([&] { mean(x); }), "mean" + rest);
    EXPECT_EQ(test::message_of<DTypeError>([&] { variance(x); }), "variance" + rest);
  }
}

}  // namespace
}  // namespace nabla
