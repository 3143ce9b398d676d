// Checks that can be wrong must be seen to fail: most of these plant an error.
#include "nabla/autodiff/check.h"

#include <gtest/gtest.h>

#include "nabla/base/error.h"
#include "nabla/base/random.h"
#include "nabla/graph/op.h"
#include "nabla/ops/ops.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

const Tensor three = Tensor::from({0.3, -0.7, 1.1}, {3});

// x^3 under any derivative rule.
Op cube_with(Tensor (*partial)(const Call&)) {
  return {.name = "cube",
          .doc = "x^3",
          .infer = [](const Op&, Inputs in, const Attributes&) { return in[0].spec(); },
          .rule = Elementwise{{partial}},
          .kernel =
              [](std::span<const Argument> in, const Argument& out, const Attributes&) {
                for (std::int64_t i = 0; i < out.shape().elements(); ++i) {
                  const double x = in[0].as<double>()[i];
                  out.as<double>()[i] = x * x * x;
                }
              }};
}

GradientReport check_cube(Tensor (*partial)(const Call&), GradientCheckOptions options = {}) {
  const Op cube = cube_with(partial);
  return check_gradients([&](const Tensors& in) { return apply(cube, {in[0]}); }, {three}, options);
}

TEST(CheckGradients, AcceptsWhatIsRight) {
  const auto f = [](const Tensors& in) { return matmul(sin(in[0]), exp(in[1])) / 3; };
  const GradientReport report =
      check_gradients(f, {reshape(three, {1, 3}), reshape(three, {3, 1})}, {.order = 3});
  EXPECT_TRUE(report.passed) << report.text;
  EXPECT_EQ(report.text, "");
  EXPECT_EQ(report.kinks, 0);
  EXPECT_LT(report.worst_error, 1e-7);
}

TEST(CheckGradients, FindsAWrongDerivative) {
  EXPECT_TRUE(check_cube([](const Call& c) { return 3 * square(c.in[0]); }).passed);
  const GradientReport report = check_cube([](const Call& c) { return 3.0001 * square(c.in[0]); });
  EXPECT_FALSE(report.passed);
  EXPECT_NE(report.text.find("input 0, element [0]: analytic "), std::string::npos) << report.text;
  EXPECT_NEAR(report.worst_error, 1e-4 / 3, 1e-6);
}

TEST(CheckGradients, SaysWhereRoundingHidesTheDerivatives) {
  const auto f = [](const Tensors& in) { return sum(in[0]) + 1e12; };
  const GradientReport report = check_gradients(f, {three}, {.order = 1});
  EXPECT_FALSE(report.passed);
  EXPECT_NE(report.text.find("input 0: rounding hides all derivatives"), std::string::npos)
      << report.text;
}

TEST(CheckGradients, FindsAWrongSecondDerivativeOnly) {
  const auto detached = [](const Call& c) { return 3 * square(stop_gradient(c.in[0])); };
  EXPECT_TRUE(check_cube(detached, {.order = 1}).passed);
  const GradientReport report = check_cube(detached);
  EXPECT_FALSE(report.passed);
  EXPECT_NE(report.text.find("order 2, input 0, element [0]: analytic "), std::string::npos)
      << report.text;
}

TEST(CheckGradients, FindsADerivativeThatIsNoNumber) {
  const auto broken = [](const Call& c) { return log(-square(c.in[0])); };
  const GradientReport report = check_cube(broken, {.order = 1});
  EXPECT_FALSE(report.passed);
}

// Reverse mode right, forward mode wrong.
TEST(CheckGradients, FindsModesThatDisagree) {
  Op op = cube_with(nullptr);
  op.rule = Custom{
      .vjp = [](const Call& c, int, const Tensor& g) { return 3 * g * square(c.in[0]); },
      .jvp = [](const Call& c, std::span<const Tensor> t) { return 2 * t[0] * square(c.in[0]); }};
  const GradientReport report =
      check_gradients([&](const Tensors& in) { return apply(op, {in[0]}); }, {three});
  EXPECT_FALSE(report.passed);
  EXPECT_EQ(report.text.find("in a random direction: forward mode"), 0U) << report.text;
}

TEST(CheckGradients, AnInputWithoutInfluenceFails) {
  const auto f = [](const Tensors& in) { return in[0] + 0 * in[1]; };
  const GradientReport report = check_gradients(f, {three, three});
  EXPECT_FALSE(report.passed);
  EXPECT_NE(report.text.find("input 1: all derivatives are zero"), std::string::npos);
  EXPECT_TRUE(check_gradients(f, {three, three}, {.allow_zero = true}).passed);
}

// A cut-off derivative of a function that does change is wrong, not flat.
TEST(CheckGradients, AllowZeroDoesNotExcuseACutOff) {
  const auto f = [](const Tensors& in) { return stop_gradient(in[0]); };
  EXPECT_FALSE(check_gradients(f, {three}, {.allow_zero = true}).passed);
}

TEST(CheckGradients, KinksAreNamedNotJudged) {
  const Tensor x = Tensor::from({0.0, 1.0, 3e-6}, {3});  // on, far from, and beside the kink
  const auto f = [](const Tensors& in) { return relu(in[0]) + 0.1 * square(in[0]); };
  const GradientReport report = check_gradients(f, {x}, {.order = 1});
  EXPECT_TRUE(report.passed) << report.text;
  EXPECT_EQ(report.kinks, 2);
  EXPECT_NE(report.text.find("input 0, element [0]: on or near a kink"), std::string::npos);
  EXPECT_NE(report.text.find("input 0, element [2]: on or near a kink"), std::string::npos);
}

TEST(CheckGradients, CurvatureIsNoKink) {
  const auto f = [](const Tensors& in) { return sin(300 * in[0]); };
  const GradientReport report = check_gradients(f, {three}, {.order = 1, .tolerance = 1e-5});
  EXPECT_TRUE(report.passed) << report.text;
  EXPECT_EQ(report.kinks, 0);
}

TEST(CheckGradients, ChoosesElementsOfLargeInputs) {
  const Tensor x = broadcast_to(Tensor(0.5), {1000});
  int calls = 0;
  const auto f = [&](const Tensors& in) {
    ++calls;
    return sum(square(in[0]));
  };
  EXPECT_TRUE(check_gradients(f, {x}, {.order = 1, .elements = 10}).passed);
  EXPECT_LT(calls, 40);
}

TEST(CheckGradients, RejectsWhatItCannotCheck) {
  const auto f = [](const Tensors& in) { return in[0]; };
  EXPECT_THROW(check_gradients(f, {Tensor(1.0F)}), DTypeError);
  EXPECT_EQ(test::message_of<ValueError>(
                [] { check_gradients([](const Tensors&) { return Tensor(); }, {three}); }),
            "derivatives: the function gave an undefined tensor: expected one that is computed");
  EXPECT_THROW(check_gradients(f, {three}, {.order = 0}), ValueError);
  EXPECT_THROW(check_gradients(f, {three}, {.step = 0}), ValueError);
  EXPECT_THROW(check_gradients(f, {three}, {.elements = 0}), ValueError) << "nothing is compared";
}

// Steps that fit 1 do not fit 1e-3, nor a function that changes within 1e-4 of its argument.
TEST(CheckGradients, FindsAStepThatFits) {
  for (const double x : {1e-3, 1e-6, 1e-9, 1e6}) {
    const GradientReport report =
        check_gradients([](const Tensors& in) { return log(in[0]); }, {Tensor(x)});
    EXPECT_TRUE(report.passed) << x << ": " << report.text;
    EXPECT_EQ(report.kinks, 0) << x;
    const auto wrong = [](const Tensors& in) {
      return log(in[0]) + 1e-4 * stop_gradient(log(in[0]));
    };
    EXPECT_FALSE(check_gradients(wrong, {Tensor(x)}, {.order = 1}).passed) << x;
  }
  const auto close = [](const Tensors& in) { return 1 / (in[0] - 0.9999); };
  EXPECT_TRUE(check_gradients(close, {Tensor(1.0)}).passed);
  EXPECT_TRUE(
      check_gradients([](const Tensors& in) { return square(in[0]); }, {Tensor(1e12)}).passed);
}

// Noise makes a kink of every point, and kinks are not judged.
TEST(CheckGradients, WhatIsNoFunctionFails) {
  for (const double size : {1.0, 1e-3, 1e-12}) {
    Random random(1);
    const auto noisy = [&](const Tensors& in) {
      return 3 * stop_gradient(in[0]) - 2 * in[0] + size * random.uniform();
    };
    const GradientReport report = check_gradients(noisy, {three});
    EXPECT_FALSE(report.passed) << size;
    EXPECT_EQ(report.text.find("the function is not one: it gives other values for the same input"),
              0U)
        << report.text;
  }
  const State count(Tensor(0.0), "count");
  const auto counting = [&](const Tensors& in) {
    count.assign(count.value() + 1);
    return in[0] * count.value();
  };
  EXPECT_FALSE(check_gradients(counting, {three}).passed);
  Generator generator(1);
  const auto dropping = [&](const Tensors& in) {
    return in[0] * generator.bernoulli(in[0].shape(), 0.5, DType::f64);
  };
  EXPECT_FALSE(check_gradients(dropping, {Tensor::from(std::vector<double>(50, 1), {50})}).passed);
}

TEST(CheckGradients, FailsWhereNothingWasJudged) {
  const auto f = [](const Tensors& in) { return relu(in[0]) + in[1]; };
  const Tensor zeros = Tensor::from({0.0, 0.0, 0.0}, {3});
  const GradientReport report = check_gradients(f, {zeros, three}, {.order = 1});
  EXPECT_FALSE(report.passed);
  EXPECT_EQ(report.kinks, 3);
  EXPECT_NE(report.text.find("input 0: nothing was judged"), std::string::npos) << report.text;
  EXPECT_EQ(test::message_of<ValueError>([&] { check_gradients(f, {}); }),
            "check_gradients: no inputs: expected at least one");
}

TEST(NumericalGradient, StepsKnowTheSizeOfTheInput) {
  for (const Difference difference : {Difference::central, Difference::forward}) {
    for (const double x : {1e12, -3e7, 1e300, 0.5}) {
      const UnaryFunction f = [&](const Tensor& t) { return square(t / x); };
      const double found = numerical_gradient(f, Tensor(x), {.difference = difference}).item();
      EXPECT_NEAR(found * x, 2, 4e-5) << x;
    }
  }
  EXPECT_NEAR(numerical_gradient(square, Tensor(1e12)).item(), 2e12, 1e6);
  // A place that f32 rounds: the step is what lies between the places, not what was asked for.
  EXPECT_EQ(numerical_gradient([](const Tensor& t) { return t * 2; }, Tensor(16.0F), {.step = 1e-6})
                .item(),
            2);
}

// sigmoid'(1) = 0.19661193324148185: the errors of both differences with h = 1e-4.
// One step on, the function has no value: the derivative of log is 1 / x.
TEST(NumericalGradient, StepsStayWhereTheFunctionIs) {
  for (const double x : {1e-6, 1e-9, 1e-100}) {
    const double slope =
        numerical_gradient([](const Tensor& in) { return log(in); }, Tensor(x)).item();
    EXPECT_NEAR(slope * x, 1, 1e-8) << x;
  }
}

TEST(NumericalGradient, AFunctionThatCallsItselfIsAnError) {
  const std::string message =
      ": 100 functions run inside one another: expected fewer; does one "
      "call itself without end?";
  UnaryFunction f = [&](const Tensor& x) { return numerical_gradient(f, x); };
  EXPECT_EQ(test::message_of<Error>([&] { f(Tensor(1.0)); }), "numerical_gradient" + message);
  Function g = [&](const Tensors& x) {
    check_gradients(g, x);
    return x[0];
  };
  EXPECT_EQ(test::message_of<Error>([&] { g({Tensor(1.0)}); }), "check_gradients" + message);
}

TEST(NumericalGradient, ErrorsOfTheLecture) {
  const double exact = 0.19661193324148185;
  const auto error = [&](Difference difference) {
    return numerical_gradient(sigmoid, Tensor(1.0), {.step = 1e-4, .difference = difference})
               .item() -
           exact;
  };
  EXPECT_NEAR(error(Difference::forward), -4.54e-6, 0.005e-6);
  EXPECT_NEAR(error(Difference::central), -5.9e-11, 0.1e-11);
}

// Losses 1.25347 -> 1.25322, 1.25353, 1.25347 as the first three weights grow by 1e-4.
TEST(NumericalGradient, TableOfTheLecture) {
  const Tensor w = Tensor::from({0.34, -1.11, 0.78, 0.12, 0.55, 2.81, -3.1, -1.5, 0.33}, {9});
  const Tensor slopes = Tensor::from({-2.5, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}, {9});
  const auto loss = [&](const Tensor& x) { return 1.25347 + sum(slopes * (x - w)); };
  const auto gradient =
      numerical_gradient(loss, w, {.step = 1e-4, .difference = Difference::forward}).to_doubles();
  EXPECT_NEAR(gradient[0], -2.5, 1e-10);
  EXPECT_NEAR(gradient[1], 0.6, 1e-10);
  EXPECT_NEAR(gradient[2], 0, 1e-10);
}

TEST(NumericalGradient, KeepsShapeAndType) {
  const Tensor x = Tensor::from({1.0F, 2.0F, 3.0F, 4.0F}, {2, 2});
  const Tensor gradient =
      numerical_gradient([](const Tensor& t) { return sum(square(t)); }, x, {.step = 0.125});
  EXPECT_EQ(gradient.spec(), x.spec());
  EXPECT_EQ(gradient.to_doubles(), (std::vector<double>{2, 4, 6, 8}));
  EXPECT_THROW(numerical_gradient([](const Tensor& t) { return t; }, x), ShapeError);
  EXPECT_THROW(numerical_gradient([](const Tensor& t) { return sum(t); }, x, {.step = 0}),
               ValueError);
  EXPECT_THROW(numerical_gradient([](const Tensor& t) { return sum(t); }, number(1, DType::i32)),
               DTypeError);
}

}  // namespace
}  // namespace nabla
