// The ends of the number range, what is not a number, and precision on dense grids.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "nabla/kernels/isa.h"
#include "nabla/ops/ops.h"
#include "tests/support/modes.h"

namespace nabla {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using Unary = Tensor (*)(const Tensor&);

// f(x) as the last of 19 elements: in vectors and in what is left behind them.
double at(const UnaryFunction& f, DType dtype, double x, std::size_t place) {
  std::vector<double> values(19, 0.5);
  values[place] = x;
  return f(tensor_of(dtype, {19}, values)).to_doubles()[place];
}

class SpecialValues : public testing::TestWithParam<std::tuple<DType, std::size_t>> {
 protected:
  void expect(const UnaryFunction& f, double x, double expected) {
    const auto [dtype, place] = GetParam();
    const double actual = at(f, dtype, x, place);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(actual)) << "f(" << x << ") = " << actual;
    } else {
      EXPECT_EQ(actual, expected) << "at " << x;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Floats, SpecialValues,
                         testing::Combine(testing::Values(DType::f32, DType::f64),
                                          testing::Values(0, 3, 18)));

TEST_P(SpecialValues, CastsToIntegersEndAtTheirEnds) {
  const auto to = [](DType dtype) { return [dtype](const Tensor& x) { return cast(x, dtype); }; };
  for (const DType dtype : {DType::u8, DType::i32, DType::i64}) {
    expect(to(dtype), nan, 0);
    expect(to(dtype), 3.99, 3);
    expect(to(dtype), -0.99, 0);
  }
  expect(to(DType::u8), 255.5, 255);
  for (const double large : {256.0, 65536.0, 0x1p31, 0x1p32, 0x1p64, 1e30, infinity}) {
    expect(to(DType::u8), large, 255);
    expect(to(DType::u8), -large, 0);
  }
  expect(to(DType::i32), -3.99, -3);
  expect(to(DType::i32), 0x1p30, 0x1p30);
  for (const double large : {0x1p31, 0x1p32, 0x1p63, 1e30, infinity}) {
    expect(to(DType::i32), large, 0x1p31 - 1);
    expect(to(DType::i32), -large, -0x1p31);
  }
  expect(to(DType::i64), -0x1p62, -0x1p62);
  for (const double large : {0x1p63, 0x1p64, 1e30, infinity}) {
    expect(to(DType::i64), large, 0x1p63);  // as a double; the integer is one less
    expect(to(DType::i64), -large, -0x1p63);
  }
  const Tensor end = cast(Tensor(infinity), DType::i64);
  EXPECT_EQ(end.to_vector<std::int64_t>()[0], std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(number(1e30, DType::i32).item(), 0x1p31 - 1);
  EXPECT_EQ(number(nan, DType::u8).item(), 0);
}

TEST_P(SpecialValues, NotANumberStays) {
  for (const Unary f :
       {Unary(negative), Unary(absolute), Unary(sign), Unary(floor),    Unary(square),
        Unary(sqrt),     Unary(rsqrt),    Unary(exp),  Unary(expm1),    Unary(log),
        Unary(log1p),    Unary(sin),      Unary(cos),  Unary(tanh),     Unary(sigmoid),
        Unary(softplus), Unary(erf),      Unary(relu), Unary(positive), Unary(sech),
        Unary(squarable)}) {
    expect(f, nan, nan);
  }
  expect([](const Tensor& x) { return maximum(x, 1); }, nan, nan);
  expect([](const Tensor& x) { return maximum(number(1, x.dtype()), x); }, nan, nan);
  expect([](const Tensor& x) { return minimum(x, 1); }, nan, nan);
  expect([](const Tensor& x) { return minimum(number(1, x.dtype()), x); }, nan, nan);
  expect([](const Tensor& x) { return broadcast_to(max(x), {19}); }, nan, nan);
  expect([](const Tensor& x) { return broadcast_to(min(x), {19}); }, nan, nan);
  expect([](const Tensor& x) { return broadcast_to(sum(x), {19}); }, nan, nan);
  expect([](const Tensor& x) { return broadcast_to(logsumexp(x), {19}); }, nan, nan);
  expect([](const Tensor& x) { return softmax(x); }, nan, nan);
  expect([](const Tensor& x) { return broadcast_to(norm(x), {19}); }, nan, nan);
}

TEST_P(SpecialValues, Comparisons) {
  const auto as = [](auto compare) {
    return [compare](const Tensor& x) { return cast(compare(x, x), DType::f64); };
  };
  using Compare = Tensor (*)(const Tensor&, const Tensor&);
  expect(as(Compare{equal}), nan, 0);
  expect(as(Compare{not_equal}), nan, 1);
  expect(as(Compare{less}), nan, 0);
  expect(as(Compare{less_equal}), nan, 0);
  expect(as(Compare{greater_equal}), infinity, 1);
}

TEST_P(SpecialValues, Exponentials) {
  expect(exp, 1000, infinity);
  expect(exp, infinity, infinity);
  expect(exp, -1000, 0);
  expect(exp, -infinity, 0);
  expect(exp, 0, 1);
  expect(exp, -0.0, 1);
  expect(expm1, 1000, infinity);
  expect(expm1, infinity, infinity);
  expect(expm1, -1000, -1);
  expect(expm1, -infinity, -1);
  expect(expm1, 0, 0);
}

TEST_P(SpecialValues, Logarithms) {
  expect(log, 0, -infinity);
  expect(log, -0.0, -infinity);
  expect(log, -1, nan);
  expect(log, -infinity, nan);
  expect(log, infinity, infinity);
  expect(log, 1, 0);
  expect(log1p, -1, -infinity);
  expect(log1p, -2, nan);
  expect(log1p, infinity, infinity);
  expect(log1p, 0, 0);
}

TEST_P(SpecialValues, Saturation) {
  expect(sigmoid, -745, 0);
  expect(sigmoid, -1000, 0);
  expect(sigmoid, -infinity, 0);
  expect(sigmoid, 1000, 1);
  expect(sigmoid, infinity, 1);
  expect(sigmoid, 0, 0.5);
  expect(tanh, infinity, 1);
  expect(tanh, -infinity, -1);
  expect(tanh, 1000, 1);
  expect(tanh, -1000, -1);
  expect(tanh, 0, 0);
  expect(softplus, -infinity, 0);
  expect(softplus, -1000, 0);
  expect(softplus, 1000, 1000);
  expect(softplus, infinity, infinity);
  expect(erf, infinity, 1);
  expect(erf, -infinity, -1);
}

TEST_P(SpecialValues, RootsAndSigns) {
  expect(sqrt, -1, nan);
  expect(sqrt, 0, 0);
  expect(sqrt, infinity, infinity);
  expect(rsqrt, 0, infinity);
  expect(rsqrt, infinity, 0);
  expect(relu, -infinity, 0);
  expect(relu, infinity, infinity);
  expect(sign, -infinity, -1);
  expect(sign, 0, 0);
  expect(absolute, -infinity, infinity);
  expect(sin, infinity, nan);
  expect(cos, -infinity, nan);
}

TEST_P(SpecialValues, ScaleGradientIgnoresTheFactorOfZero) {
  const auto scaled = [](double gradient) {
    return [gradient](const Tensor& x) {
      return scale_gradient(broadcast_to(number(gradient, x.dtype()), x.shape()), x);
    };
  };
  expect(scaled(0), infinity, 0);
  expect(scaled(0), nan, 0);
  expect(scaled(2), infinity, infinity);
  expect(scaled(2), nan, nan);
}

// Sums start at 0, and the sum of negative zeros is 0, in every mode.
TEST(SumValues, NegativeZeros) {
  for (const std::int64_t n : {1, 3, 15, 16, 17, 600}) {
    const std::vector<double> zeros(static_cast<std::size_t>(2 * n), 0.0);
    for (const Dims& axes : {Dims{0}, Dims{1}, Dims{}}) {
      const auto total = [&](const Tensors& in) -> Tensors { return {sum(-in[0], axes)}; };
      const Tensor x = tensor_of(DType::f32, {2, n}, zeros);
      EXPECT_EQ(compare_modes(total, {x}), "");
      EXPECT_FALSE(std::signbit(total({x})[0].to_doubles()[0]));
    }
  }
}

std::vector<double> row(const Tensor& tensor) { return tensor.to_doubles(); }

// Beside the lectures' [1, 2, 3].
TEST(SoftmaxValues, LargeScores) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto scores = [&](std::vector<double> values) {
      return tensor_of(dtype, {1, static_cast<std::int64_t>(values.size())}, values);
    };
    const double tolerance = dtype == DType::f32 ? 1e-7 : 1e-15;
    const double expected[] = {0.09003057317038046, 0.24472847105479764, 0.6652409557748218};
    for (const double shift : {0.0, 1000.0, -1000.0}) {
      const auto p = row(softmax(scores({1 + shift, 2 + shift, 3 + shift})));
      for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(p[i], expected[i], tolerance);
    }
    EXPECT_EQ(row(softmax(scores({1000, 0}))), (std::vector<double>{1, 0}));
    EXPECT_EQ(row(log_softmax(scores({1000, 0}))), (std::vector<double>{0, -1000}));
    EXPECT_EQ(row(softmax(scores({-infinity, 0}))), (std::vector<double>{0, 1}));
    EXPECT_EQ(logsumexp(scores({-infinity, -infinity})).to_doubles()[0], -infinity);
    EXPECT_EQ(logsumexp(scores({infinity, 0})).to_doubles()[0], infinity);
    const Tensor label = Tensor::from<std::int64_t>({1}, {1});
    EXPECT_EQ(softmax_cross_entropy(scores({1000, 0}), label).to_doubles()[0], 1000);
  }
}

// ---- Precision.

long double sigmoid_exact(long double x) { return 1 / (1 + std::exp(-x)); }
long double softplus_exact(long double x) {
  return std::fmax(x, 0.0L) + std::log1p(std::exp(-std::fabs(x)));
}

struct Precise {
  const char* name;
  Unary f;
  long double (*exact)(long double);
  double low, high;  // of f64; cut to the range of f32
  double units_f32, units_f64;
};

// Points over [low, high]: evenly, and by powers of two around 0 and the ends.
template <class T>
std::vector<T> grid(double low, double high) {
  low = std::max<double>(low, -std::numeric_limits<T>::max());
  high = std::min<double>(high, std::numeric_limits<T>::max());
  std::vector<T> points;
  for (int i = 0; i <= 20000; ++i) points.push_back(static_cast<T>(low + (high - low) * i / 20000));
  for (int e = std::numeric_limits<T>::min_exponent; e < std::numeric_limits<T>::max_exponent;
       ++e) {
    for (const double mantissa : {1.0, 1.2345, 1.5, 1.99999}) {
      for (const int sign : {-1, 1}) {
        points.push_back(static_cast<T>(sign * std::ldexp(mantissa, e - 1)));
        points.push_back(static_cast<T>(1 + sign * std::ldexp(mantissa, e - 1)));
      }
    }
  }
  std::erase_if(points,
                [&](T x) { return !(x >= static_cast<T>(low) && x <= static_cast<T>(high)); });
  return points;
}

TEST(Powers, TakeDenormalsAsZero) {
  EXPECT_EQ(power(Tensor(1e-310), 0.1).item(), 0);
  EXPECT_EQ(power(Tensor(1e-40F), 0.1F).item(), 0);
  EXPECT_EQ(power(Tensor(-1e-40F), -1).item(), -infinity);
}

// The largest error in units in the last place of the exact value; denormals count as zero.
template <class T>
std::pair<double, T> worst_error(const Precise& p) {
  const std::vector<T> x = grid<T>(p.low, p.high);
  const std::vector<T> y =
      p.f(Tensor::from(x, {static_cast<std::int64_t>(x.size())})).template to_vector<T>();
  std::pair<double, T> worst = {0, T{0}};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double exact = p.exact(x[i]);
    const T rounded = static_cast<T>(exact);
    const bool tiny = std::fabs(exact) < std::numeric_limits<T>::min();
    if (tiny && std::fabs(y[i]) <= std::numeric_limits<T>::min()) continue;
    if (rounded == y[i]) continue;
    const int exponent = std::ilogb(rounded) - std::numeric_limits<T>::digits + 1;
    const auto error = static_cast<double>(std::fabs(y[i] - exact) / std::ldexp(1.0L, exponent));
    if (!(error <= worst.first)) worst = {error, x[i]};
  }
  return worst;
}

// Highway promises sin within 3 units. At these points it is within 2, but for those instruction
// sets that round between a multiplication and an addition: 2.31.
double sine_units_f64() { return isa() == "scalar" ? 2.5 : 2; }

class Precision : public testing::TestWithParam<Precise> {};

TEST_P(Precision, InUnitsInTheLastPlace) {
  const auto [error_f32, at_f32] = worst_error<float>(GetParam());
  EXPECT_LE(error_f32, GetParam().units_f32) << "f32 at " << at_f32;
  const auto [error_f64, at_f64] = worst_error<double>(GetParam());
  EXPECT_LE(error_f64, GetParam().units_f64) << "f64 at " << at_f64;
  RecordProperty("f32", std::to_string(error_f32));
  RecordProperty("f64", std::to_string(error_f64));
}

// Ranges are those in which the result is neither too large nor too small for the type.
INSTANTIATE_TEST_SUITE_P(
    Functions, Precision,
    testing::Values(Precise{"sqrt", sqrt, std::sqrt, 0, infinity, 0.5, 0.5},
                    Precise{"rsqrt", rsqrt, [](long double x) { return 1 / std::sqrt(x); }, 1e-30,
                            1e30, 1.5, 1.5},
                    Precise{"exp", exp, std::exp, -87, 88.7, 1, 1},
                    Precise{"expm1", expm1, std::expm1, -87, 88.7, 3.5, 3.5},
                    Precise{"log", log, std::log, 0, infinity, 1, 1},
                    Precise{"log1p", log1p, std::log1p, -1, infinity, 2, 2},
                    Precise{"sin", sin, std::sin, -3, 3, 2, sine_units_f64()},
                    Precise{"cos", cos, std::cos, -3, 3, 2, 2},
                    Precise{"tanh", tanh, std::tanh, -infinity, infinity, 2, 2},
                    Precise{"sigmoid", sigmoid, sigmoid_exact, -87, infinity, 2, 2},
                    Precise{"softplus", softplus, softplus_exact, -87, infinity, 2, 2},
                    Precise{"erf", erf, std::erf, -infinity, infinity, 1, 1}),
    [](const auto& info) { return std::string(info.param.name); });

// Far from 0, sin and cos are within an absolute error.
TEST(PrecisionFarOut, SineAndCosine) {
  std::vector<double> x;
  for (int i = -40000; i <= 40000; ++i) x.push_back(i * 1.2345);
  for (const double far : {1e6, 1e10, 1e15, -1e18}) x.push_back(far);
  const auto n = static_cast<std::int64_t>(x.size());
  const std::vector<double> s = sin(Tensor::from(x, {n})).to_doubles();
  const std::vector<double> c = cos(Tensor::from(x, {n})).to_doubles();
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(s[i], std::sin(x[i]), 1e-12) << x[i];
    EXPECT_NEAR(c[i], std::cos(x[i]), 1e-12) << x[i];
  }
}

}  // namespace
}  // namespace nabla
