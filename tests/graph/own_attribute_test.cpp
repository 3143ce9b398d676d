// An op of a program's own, with attributes of its own: coefficients and a closure.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "nabla/nabla.h"
#include "tests/support/message.h"
#include "tests/support/modes.h"

namespace nabla {
namespace {

// a x^2 + b x, and how often it ran.
struct Parabola {
  double a;
  double b;
  bool operator==(const Parabola&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Parabola& p) {
  return out << "a=" << p.a << ", b=" << p.b;
}

// Any function and its derivative, as closures: not comparable, not printable.
struct Curve {
  std::function<double(double)> value;
  std::function<Tensor(const Tensor&)> slope;
};

int runs = 0;

template <class F>
void each(std::span<const Argument> in, const Argument& out, F f) {
  ++runs;
  const double* x = in[0].as<double>();
  for (std::int64_t i = 0; i < out.shape().elements(); ++i) out.as<double>()[i] = f(x[i]);
}

template <class T>
Spec same(const Op&, Inputs in, const Attributes& attributes) {
  static_cast<void>(own<T>(attributes));
  return in[0].spec();
}

const Op parabola_op{
    .name = "parabola",
    .doc = "a x^2 + b x",
    .infer = same<Parabola>,
    .rule = Elementwise{{[](const Call& call) {
      const auto& p = own<Parabola>(call.attributes);
      return 2 * p.a * call.in[0] + p.b;
    }}},
    .kernel = [](std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
      const auto& p = own<Parabola>(attributes);
      each(in, out, [&](double x) { return p.a * x * x + p.b * x; });
    }};

const Op curve_op{
    .name = "curve",
    .doc = "a function of the program's own",
    .infer = same<Curve>,
    .rule = Elementwise{{[](const Call& call) {
      return own<Curve>(call.attributes).slope(call.in[0]);
    }}},
    .kernel = [](std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
      each(in, out, own<Curve>(attributes).value);
    }};

Tensor parabola(const Tensor& x, double a, double b) {
  return apply(parabola_op, {x}, OwnAttribute(Parabola{a, b}));
}

OwnAttribute sine_times(double factor) {
  return OwnAttribute(Curve{[factor](double x) { return factor * std::sin(x); },
                            [factor](const Tensor& x) { return factor * cos(x); }});
}

const Tensor x = Tensor::from({-1.0, 0.5, 2.0}, {3});

TEST(OwnAttribute, WorksInAllModesAndDerivatives) {
  EXPECT_EQ(parabola(x, 2, 3).to_doubles(), (std::vector<double>{-1, 2, 14}));
  const auto gradient = grad([](const Tensor& in) { return sum(parabola(in, 2, 3)); })(x);
  EXPECT_EQ(gradient.to_doubles(), (std::vector<double>{-1, 5, 11}));
  const auto f = [](const Tensors& in) -> Tensors {
    const Tensor y = apply(curve_op, {in[0]}, sine_times(3));
    return {y + parabola(in[0], 2, 3),
            grad([](const Tensor& z) { return sum(apply(curve_op, {z}, sine_times(3))); })(in[0])};
  };
  EXPECT_EQ(compare_modes(f, {x}), "");
  const auto report = check_gradients([&](const Tensors& in) { return f(in)[0]; }, {x});
  EXPECT_TRUE(report.passed) << report.text;
}

// The closure lives as long as a plan that calls it.
TEST(OwnAttribute, LivesInPlans) {
  auto captured = [] {
    auto function = capture(
        [attribute = sine_times(2)](const Tensor& in) { return apply(curve_op, {in}, attribute); });
    function(x);
    return function;
  }();
  EXPECT_EQ(captured(x).to_doubles()[2], 2 * std::sin(2.0));
}

TEST(OwnAttribute, EqualCallsAreComputedOnce) {
  const auto runs_of = [](const Captured::Function& f) {
    Captured captured(f);
    captured({x});
    runs = 0;
    captured({x});
    return runs;
  };
  const OwnAttribute one = sine_times(1);
  const auto curves = [](const OwnAttribute& a, const OwnAttribute& b) {
    return [a, b](const Tensors& in) -> Tensors {
      return {apply(curve_op, {in[0]}, a) + apply(curve_op, {in[0]}, b)};
    };
  };
  EXPECT_EQ(runs_of([](const Tensors& in) -> Tensors {
              return {parabola(in[0], 1, 2) + parabola(in[0], 1, 2)};
            }),
            1);
  EXPECT_EQ(runs_of([](const Tensors& in) -> Tensors {
              return {parabola(in[0], 1, 2) + parabola(in[0], 2, 1)};
            }),
            2);
  EXPECT_EQ(runs_of(curves(one, one)), 1);
  EXPECT_EQ(runs_of(curves(one, sine_times(1))), 2);  // closures cannot be compared
}

TEST(OwnAttribute, IsPrintedAndChecked) {
  const Attributes own_attributes = OwnAttribute(Parabola{2, 3});
  std::ostringstream out;
  out << own_attributes << "; " << Attributes(sine_times(1));
  EXPECT_EQ(out.str(), "a=2, b=3; own");
  EXPECT_EQ(test::message_of<ValueError>([] { apply(parabola_op, {x}, AxisAttribute{1}); }),
            "parabola: attributes \"axis=1\" are of another kind than it takes");
  EXPECT_EQ(test::message_of<ValueError>([] { apply(parabola_op, {x}, sine_times(1)); }),
            "parabola: attributes \"own\" are of another kind than it takes");
  EXPECT_EQ(test::message_of<ValueError>([] {
              parabola(x, 1, 1);
              apply(curve_op, {x});
            }),
            "curve: attributes \"\" are of another kind than it takes");
}

}  // namespace
}  // namespace nabla
