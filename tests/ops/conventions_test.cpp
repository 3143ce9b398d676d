// What is chosen where mathematics leaves a choice, and what must never become NaN.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nabla/autodiff/derivatives.h"
#include "nabla/base/error.h"
#include "nabla/nn/loss.h"
#include "nabla/ops/ops.h"
#include "tests/support/message.h"
#include "tests/support/modes.h"

namespace nabla {
namespace {

using Values = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor vector(const Values& values) {
  return Tensor::from(values, {static_cast<std::int64_t>(values.size())});
}

// Reverse mode, and forward mode column by column.
void expect_gradient(const UnaryFunction& f, const Values& x, const Values& expected) {
  const Tensor at = vector(x);
  const auto total = [&](const Tensor& t) { return sum(f(t)); };
  const Values gradient = grad(total)(at).to_doubles();
  for (std::size_t i = 0; i < x.size(); ++i) {
    Values unit(x.size(), 0);
    unit[i] = 1;
    const auto f_of = [&](const Tensors& in) { return total(in[0]); };
    EXPECT_DOUBLE_EQ(gradient[i], expected[i]) << "reverse, " << i;
    EXPECT_DOUBLE_EQ(jvp(f_of, {at}, {vector(unit)}).derivative.item(), expected[i])
        << "forward, " << i;
  }
}

TEST(Conventions, ReluHasNoSlopeAtZero) {
  expect_gradient(relu, {-1, 0, 1}, {0, 0, 1});
  expect_gradient(relu, {-0.0}, {0});
}

TEST(Conventions, TheStepUnitFiresAtZero) {
  EXPECT_EQ(greater_equal(vector({-1, 0, 2}), 0).to_doubles(), (Values{0, 1, 1}));
}

// A number takes the type of the tensor beside it, on either side.
TEST(Conventions, NumbersBesideTensors) {
  const Tensor x = Tensor::from({-1.0F, 0.0F, 2.0F}, {3});
  EXPECT_EQ(less_equal(x, 0).to_doubles(), (Values{1, 1, 0}));
  EXPECT_EQ(not_equal(x, 0).to_doubles(), (Values{1, 0, 1}));
  EXPECT_EQ(power(2, x).to_doubles(), (Values{0.5, 1, 4}));
  EXPECT_EQ(maximum(0, 1 - x).to_doubles(), (Values{2, 1, 0}));
  EXPECT_EQ(minimum(0, 1 - x).to_doubles(), (Values{0, 0, -1}));
  EXPECT_EQ(where(less(x, 0), 5, x).to_doubles(), (Values{5, 0, 2}));
  EXPECT_EQ(where(less(x, 0), x, 5).to_doubles(), (Values{-1, 5, 5}));
  EXPECT_EQ(where(less(x, 0), x, 5).dtype(), DType::f32);
}

// 0.5 would become 0, and 300 beside bytes 255.
TEST(Conventions, NumbersThatAnIntegerTypeDoesNotHave) {
  const Tensor labels = Tensor::from<std::int64_t>({1, 2}, {2});
  const Tensor bytes = Tensor::from<std::uint8_t>({1, 255}, {2});
  EXPECT_EQ((labels * -3).to_doubles(), (Values{-3, -6}));
  EXPECT_EQ(test::message_of<ValueError>([&] { labels * 0.5; }),
            "the number 0.5 beside i64[2]: i64 does not have it; convert the tensor with cast");
  EXPECT_THROW(less(bytes, 300), ValueError);
  EXPECT_THROW(maximum(-1, bytes), ValueError);
  EXPECT_THROW(equal(labels, std::nan("")), ValueError);
  EXPECT_THROW(pad(bytes, {1}, {1}, 0.5), ValueError);
}

// Values modulo 2^32 or 2^64, in all modes.
template <class T>
void expect_modulo() {
  constexpr T least = std::numeric_limits<T>::min();
  constexpr T most = std::numeric_limits<T>::max();
  const auto expect = [](const UnaryFunction& f, const Tensor& x, const std::vector<T>& expected) {
    for (const Mode& mode : modes()) {
      const Tensor result =
          mode.run([&](const Tensors& in) -> Tensors { return {f(in[0])}; }, {x})[0];
      EXPECT_EQ(result.to_vector<T>(), expected) << mode.name;
    }
  };
  const Tensor ends = Tensor::from<T>({most, least}, {2});
  expect([](const Tensor& x) { return x + 1; }, ends, {least, least + 1});
  expect([](const Tensor& x) { return x - 1; }, ends, {most - 1, most});
  expect([](const Tensor& x) { return x * 2; }, ends, {-2, 0});
  expect(negative, ends, {least + 1, least});
  expect(absolute, ends, {most, least});
  expect(square, ends, {1, 0});
  expect([](const Tensor& x) { return product(x); }, Tensor::from<T>({most, most, 2}, {3}), {2});
  const Tensor run = Tensor::from<T>({most, 1, 1}, {3});
  expect([](const Tensor& x) { return cumulative_sum(x, 0); }, run, {most, least, least + 1});
  const Tensor first = Tensor::from<std::int64_t>({0, 0, 0}, {3});
  expect([&](const Tensor& x) { return scatter_add(x, first, 1); }, run, {least + 1});
  // An even number n of 2^(b - 1) - 1 adds up to -n: in rows, columns and chunks of both.
  for (const std::int64_t n : {4, 40, 1000, 70000}) {
    const Tensor rows = Tensor::from(std::vector<T>(static_cast<std::size_t>(2 * n), most), {2, n});
    const std::vector<T> totals(2, static_cast<T>(-n));
    for (const UnaryFunction& terms : {UnaryFunction(relu), UnaryFunction(stop_gradient)}) {
      expect([&](const Tensor& x) { return sum(terms(x), {1}); }, rows, totals);
      expect([&](const Tensor& x) { return sum(terms(x), {0}); }, reshape(rows, {n, 2}), totals);
    }
  }
}

TEST(Conventions, IntegersWrapAround) {
  expect_modulo<std::int32_t>();
  expect_modulo<std::int64_t>();
}

TEST(Conventions, BytesAreNotSummed) {
  const Tensor x = Tensor::from<std::uint8_t>({200, 200}, {2});
  EXPECT_EQ((x + x).to_doubles(), (Values{144, 144}));
  EXPECT_EQ((x * x).to_doubles(), (Values{64, 64}));
  EXPECT_THROW(sum(x), DTypeError);
  EXPECT_THROW(product(x), DTypeError);
  EXPECT_THROW(cumulative_sum(x, 0), DTypeError);
}

// Integers have no infinity to give for 1 / 0.
TEST(Conventions, IntegersAreNotDivided) {
  const Tensor labels = Tensor::from<std::int64_t>({1, 2}, {2});
  EXPECT_EQ(test::message_of<DTypeError>([&] { labels / 0; }), "divide: takes f32, f64, got i64");
}

TEST(Conventions, AbsoluteValueHasNoSlopeAtZero) {
  expect_gradient(absolute, {-2, 0, 3}, {-1, 0, 1});
}

TEST(Conventions, TiesAreSplitEvenly) {
  const Tensor a = vector({1, 2, 3});
  const Tensor b = vector({1, 3, 2});
  using Binary = Tensor (*)(const Tensor&, const Tensor&);
  for (const Binary f : {Binary(maximum), Binary(minimum)}) {
    const auto [value, gradient] =
        value_and_grad([&](const Tensors& in) { return sum(f(in[0], in[1])); }, {a, b});
    const bool largest = value.item() == 7;
    EXPECT_EQ(gradient[0].to_doubles(), largest ? (Values{0.5, 0, 1}) : (Values{0.5, 1, 0}));
    EXPECT_EQ(gradient[1].to_doubles(), largest ? (Values{0.5, 1, 0}) : (Values{0.5, 0, 1}));
  }
  expect_gradient([](const Tensor& x) { return max(x); }, {1, 4, 4, 2, 4, 4},
                  {0, .25, .25, 0, .25, .25});
  expect_gradient([](const Tensor& x) { return min(x); }, {2, 1, 1}, {0, .5, .5});
  expect_gradient(
      [](const Tensor& x) {
        return max(reshape(x, {2, 2}), {0});
      },
      {5, 1, 5, 2}, {.5, 0, .5, 1});
  // Axes that are no neighbours.
  const UnaryFunction apart = [](const Tensor& x) { return max(reshape(x, {2, 1, 2}), {0, 2}); };
  expect_gradient(apart, {1, 1, 1, 0}, {1.0 / 3, 1.0 / 3, 1.0 / 3, 0});
}

TEST(Conventions, TheFirstOfEqualsWinsAnArgument) {
  EXPECT_EQ(argmax(vector({1, 3, 3})).item(), 1);
  EXPECT_EQ(argmin(vector({2, 1, 1})).item(), 1);
}

TEST(Conventions, NormOfZeroHasNoSlope) {
  expect_gradient([](const Tensor& x) { return norm(x); }, {0, 0, 0}, {0, 0, 0});
  expect_gradient([](const Tensor& x) { return norm(x); }, {3, 4}, {0.6, 0.8});
  const UnaryFunction rows = [](const Tensor& x) { return norm(reshape(x, {2, 2}), {1}); };
  expect_gradient(rows, {0, 0, 3, 4}, {0, 0, 0.6, 0.8});
  // And a second derivative that is a number.
  const auto slope = [](const Tensor& x) {
    return sum(grad([](const Tensor& t) { return norm(t); })(x));
  };
  for (const double d : grad(slope)(vector({0, 0})).to_doubles()) EXPECT_EQ(d, 0);
}

// The slope of sqrt at 0 is infinite; a gradient of 0 that comes back to it stays 0.
TEST(Conventions, RootOfZeroBesideAZeroGradient) {
  const auto unused = [](const Tensor& x) { return sum(0 * sqrt(x)); };
  EXPECT_EQ(grad(unused)(vector({0, 4})).to_doubles(), (Values{0, 0}));
  expect_gradient([](const Tensor& x) { return sqrt(x); }, {0, 4}, {infinity, 0.25});
  expect_gradient([](const Tensor& x) { return where(greater(x, 0), sqrt(x), x); }, {0, 4},
                  {1, 0.25});
}

// x x sqrt(x): the derivative 2.5 x^1.5 is 0 at 0, where that of the root is infinite.
TEST(Conventions, ZeroTimesAnInfiniteSlope) {
  const UnaryFunction f = [](const Tensor& x) { return x * x * sqrt(x); };
  EXPECT_EQ(grad(f)(Tensor(0.0)).item(), 0);
  const Function of_list = [&](const Tensors& in) { return f(in[0]); };
  EXPECT_TRUE(std::isnan(jvp(of_list, {Tensor(0.0)}, {Tensor(1.0)}).derivative.item()));
}

// Nothing of the side that was not chosen gets through, however bad it is there.
TEST(Conventions, WhereLeaksNothing) {
  const auto zero = number(0, DType::f64);
  expect_gradient([&](const Tensor& x) { return where(greater(x, 0), log(x), zero); }, {-1, 0, 2},
                  {0, 0, 0.5});
  expect_gradient([&](const Tensor& x) { return where(less(x, 80), exp(x), zero); }, {1000, 0},
                  {0, 1});
  expect_gradient([&](const Tensor& x) { return where(greater(x, 0), 1 / x, zero); }, {0, 2},
                  {0, -0.25});
  expect_gradient([&](const Tensor& x) { return where(greater(x, 0), sqrt(x), zero); }, {-1, 4},
                  {0, 0.25});
  expect_gradient([&](const Tensor& x) { return where(greater(x, 0), rsqrt(x), zero); }, {0, 4},
                  {0, -0.0625});
  expect_gradient([&](const Tensor& x) { return where(greater(x, 0), power(x, -1), zero); }, {0, 2},
                  {0, -0.25});
  expect_gradient([&](const Tensor& x) { return where(greater(x, -1), log1p(x), zero); }, {-1, 1},
                  {0, 0.5});
  expect_gradient([&](const Tensor& x) { return where(greater(x, 0), x * log(x), zero); }, {0, 1},
                  {0, 1});
}

// The first row is masked out: its softmax is no number.
TEST(Conventions, WhereLeaksNothingOutOfRows) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor mask = Tensor::from({-infinity, -infinity, 0.0, 0.0}, {2, 2});
  const Tensor row = Tensor::from<std::uint8_t>({0, 1}, {2});
  const Tensor scores = Tensor::from({1.0, 2.0, 0.5, -0.5}, {2, 2});
  const Tensor zero = number(0, DType::f64);
  const auto gradient = [&](const UnaryFunction& of_rows) {
    return grad([&](const Tensor& x) { return sum(where(row, of_rows(x + mask), zero)); })(scores)
        .to_doubles();
  };
  const double p = 1 / (1 + std::exp(-1.0));
  const auto expect_rows = [&](const Values& found, double first, double second) {
    EXPECT_EQ(found[0], 0);
    EXPECT_EQ(found[1], 0);
    EXPECT_NEAR(found[2], first, 1e-15);
    EXPECT_NEAR(found[3], second, 1e-15);
  };
  const UnaryFunction first_of_rows = [](const Tensor& x) {
    return reshape(slice(softmax(x), {{}, {0, 1}}), Shape{2});
  };
  expect_rows(gradient(first_of_rows), p * (1 - p), -p * (1 - p));
  expect_rows(gradient([](const Tensor& x) { return logsumexp(x); }), p, 1 - p);
  const Tensor labels = Tensor::from<std::int64_t>({0, 0}, {2});
  expect_rows(gradient([&](const Tensor& x) { return softmax_cross_entropy(x, labels); }), p - 1,
              1 - p);
}

TEST(Conventions, WhereLeaksNothingAtSecondOrder) {
  const auto second = [](const UnaryFunction& f, double x) {
    return grad(grad(f))(Tensor(x)).item();
  };
  const UnaryFunction guarded_log = [](const Tensor& x) {
    return where(greater(x, 0), log(x), number(0, DType::f64));
  };
  const UnaryFunction guarded_exp = [](const Tensor& x) {
    return where(less(x, 80), exp(x), number(0, DType::f64));
  };
  EXPECT_EQ(second(guarded_log, -1), 0);
  EXPECT_EQ(second(guarded_log, 0), 0);
  EXPECT_EQ(second(guarded_log, 2), -0.25);
  EXPECT_EQ(second(guarded_exp, 1000), 0);
}

TEST(Conventions, PowersAtTheEndsOfTheirDomain) {
  const auto derivatives = [](double a, double b) {
    const auto gradient = value_and_grad([](const Tensors& in) { return power(in[0], in[1]); },
                                         {Tensor(a), Tensor(b)})
                              .derivative;
    return Values{gradient[0].item(), gradient[1].item()};
  };
  EXPECT_EQ(derivatives(0, 2), (Values{0, 0}));
  EXPECT_EQ(derivatives(0, 1), (Values{1, 0}));
  EXPECT_EQ(derivatives(0, 0), (Values{0, 0}));
  EXPECT_EQ(derivatives(-2, 3), (Values{12, 0}));
  EXPECT_EQ(derivatives(2, 0)[0], 0);
}

// d^2 a^b / da db = a^(b-1) (1 + b log a), which is 1/a at b = 0.
TEST(Conventions, MixedDerivativeOfAPowerAtExponentZero) {
  const UnaryFunction by_a = [](const Tensor& b) {
    return grad([&](const Tensor& a) { return power(a, b); })(Tensor(2.0));
  };
  EXPECT_DOUBLE_EQ(grad(by_a)(Tensor(0.0)).item(), 0.5);
}

TEST(Conventions, ProductsWithZeros) {
  expect_gradient([](const Tensor& x) { return product(x); }, {2, 0, 3}, {0, 6, 0});
  expect_gradient([](const Tensor& x) { return product(x); }, {0, 0, 3}, {0, 0, 0});
  expect_gradient([](const Tensor& x) { return product(x); }, {2, 5, 3}, {15, 6, 10});
}

TEST(Conventions, VarianceIsTheMeanSquare) {
  EXPECT_EQ(variance(vector({1, 2, 3, 4})).item(), 1.25);
}

// As in NumPy: 0 / 0 for a mean, the neutral element for a sum or product, no answer for others.
TEST(Conventions, MeansOfNothingAreNotNumbers) {
  const Tensor none = Tensor::from(Values{}, {0, 2});
  const Tensor labels = Tensor::from(std::vector<std::int64_t>{}, {0});
  for (const Tensor& result :
       {mean(none), mean(none, {0}), variance(none), variance(none, {0}),
        nn::cross_entropy(none, labels), nn::mean_squared_error(none, none)}) {
    for (const double value : result.to_doubles()) EXPECT_TRUE(std::isnan(value));
  }
  EXPECT_EQ(mean(none, {0}).shape(), Shape{2});
  EXPECT_EQ(sum(none, {0}).to_doubles(), (Values{0, 0}));
  EXPECT_EQ(product(none, {0}).to_doubles(), (Values{1, 1}));
  EXPECT_EQ(logsumexp(none, 0).to_doubles(), Values(2, -std::numeric_limits<double>::infinity()));
  EXPECT_THROW(logsumexp(labels, 0), DTypeError);
  EXPECT_EQ(log_softmax(none, 0).shape(), none.shape());
  EXPECT_THROW(max(none), ShapeError);
  EXPECT_THROW(argmax(none, 0), ShapeError);
}

TEST(Conventions, StepsHaveNoDerivative) {
  expect_gradient([](const Tensor& x) { return floor(x) + sign(x) + positive(x); }, {0, 0.5, -1.5},
                  {0, 0, 0});
}

// Half a ReLU and |x| at a kink of max(0, 1 - t y): the subgradient is that of the tie.
TEST(Conventions, HingeAtItsKink) {
  const auto hinge = [](const Tensor& y) { return maximum(1 - y, 0); };
  expect_gradient(hinge, {1}, {-0.5});
  expect_gradient([](const Tensor& y) { return relu(1 - y); }, {1}, {0});
}

// A gradient that is small but needed is not lost to the clamps inside of sigmoid or softmax.
TEST(Conventions, LossesOnScoresStayExact) {
  const Tensor label = Tensor::from<std::int64_t>({1}, {1});
  const auto loss = [&](const Tensors& in) { return sum(softmax_cross_entropy(in[0], label)); };
  const auto far = value_and_grad(loss, {Tensor::from({1000.0, 0.0}, {1, 2})});
  EXPECT_EQ(far.value.item(), 1000);
  EXPECT_EQ(far.derivative[0].to_doubles(), (Values{1, -1}));
  const auto binary = [](const Tensors& in) { return sigmoid_cross_entropy(in[0], Tensor(0.0)); };
  const auto right = value_and_grad(binary, {Tensor(800.0)});
  EXPECT_EQ(right.value.item(), 800);
  EXPECT_EQ(right.derivative[0].item(), 1);
  const auto wrong = value_and_grad(binary, {Tensor(-800.0)});
  EXPECT_EQ(wrong.value.item(), 0);
  EXPECT_EQ(wrong.derivative[0].item(), 0);
  // What is left of large scores: log(1 + 1/e).
  for (const float score : {1e3F, 1e5F}) {
    const Tensor scores = Tensor::from({score - 1, score}, {1, 2});
    EXPECT_NEAR(sum(softmax_cross_entropy(scores, label)).item(), 0.3132616875, 1e-7) << score;
  }
  for (const float x : {10.0F, 20.0F}) {  // log(1 + e^-x), with the gradient -1 / (1 + e^x)
    const auto right_class = value_and_grad(
        [](const Tensors& in) { return sigmoid_cross_entropy(in[0], Tensor(1.0F)); }, {Tensor(x)});
    const double expected = std::log1p(std::exp(-static_cast<double>(x)));
    EXPECT_NEAR(right_class.value.item(), expected, 1e-6 * expected) << x;
    const double slope = -1 / (1 + std::exp(static_cast<double>(x)));
    EXPECT_NEAR(right_class.derivative[0].item(), slope, -1e-6 * slope) << x;
  }
}

}  // namespace
}  // namespace nabla
