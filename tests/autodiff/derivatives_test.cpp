#include "nabla/autodiff/derivatives.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "nabla/autodiff/check.h"
#include "nabla/autodiff/trace.h"
#include "nabla/ops/ops.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

Tensor f64(double value) { return Tensor(value); }

TEST(Derivatives, NestedToThirdOrder) {
  const UnaryFunction cube = [](const Tensor& x) { return x * x * x; };
  EXPECT_EQ(grad(cube)(f64(2)).item(), 12);
  EXPECT_EQ(grad(grad(cube))(f64(2)).item(), 12);
  EXPECT_EQ(grad(grad(grad(cube)))(f64(2)).item(), 6);
}

// d/dx (x d/dy (x + y)) = 1: an inner derivative must not be taken for the outer one.
TEST(Derivatives, NoPerturbationConfusion) {
  const UnaryFunction outer = [](const Tensor& x) {
    const UnaryFunction inner = [&](const Tensor& y) { return x + y; };
    return x * grad(inner)(f64(1));
  };
  EXPECT_EQ(grad(outer)(f64(1)).item(), 1);
}

TEST(Derivatives, HessianOfAQuadratic) {
  const Tensor a = Tensor::from({3.0, 1.0, 1.0, 2.0}, {2, 2});
  const UnaryFunction f = [&](const Tensor& x) {
    const Tensor column = reshape(x, {2, 1});
    return 0.5 * sum(column * matmul(a, column));
  };
  const Tensor x = Tensor::from({0.3, -0.7}, {2});
  EXPECT_EQ(hessian(f, x).to_doubles(), (std::vector<double>{3, 1, 1, 2}));
  const auto product =
      hvp([&](const Tensors& in) { return f(in[0]); }, {x}, {Tensor::from({1.0, 2.0}, {2})});
  EXPECT_EQ(product.product[0].to_doubles(), (std::vector<double>{5, 5}));
}

TEST(Derivatives, MixedWithForwardMode) {
  const auto f = [](const Tensors& in) { return sin(in[0]) * in[1]; };
  const auto [value, tangent] = jvp(f, {f64(0.5), f64(2)}, {f64(1), f64(3)});
  EXPECT_DOUBLE_EQ(tangent.item(), 2 * std::cos(0.5) + 3 * std::sin(0.5));
}

// A result or an input of integers has no derivative, and a zero would hide the mistake.
// For the model (x y, sin x) and the loss |z|^2: 2 J^T J v, with J = [[y, x], [cos x, 0]].
TEST(Derivatives, GaussNewtonProduct) {
  const double x = 0.3;
  const double y = -0.7;
  int runs = 0;
  const Function model = [&](const Tensors& in) {
    ++runs;
    return stack({in[0] * in[1], sin(in[0])}, 0);
  };
  const auto loss = [](const Tensor& z) { return sum(square(z)); };
  const Tensors product = gauss_newton_product(model, loss, {f64(x), f64(y)}, {f64(2), f64(-1)});
  const double first = 2 * y - x;
  const double second = 2 * std::cos(x);
  EXPECT_NEAR(product[0].item(), 2 * (y * first + std::cos(x) * second), 1e-14);
  EXPECT_NEAR(product[1].item(), 2 * x * first, 1e-14);
  EXPECT_EQ(runs, 1) << "dropout would draw another mask each time";
}

TEST(Derivatives, AreNotThoseOfIntegers) {
  const Tensor x = Tensor::from({1.0, 2.0}, {2});
  const Tensor one = number(1, DType::i64);
  const UnaryFunction count = [](const Tensor& t) { return argmax(t, 0); };
  const Function count_all = [&](const Tensors& in) { return count(in[0]); };
  const std::string result =
      "derivatives are of functions that give f32 or f64 tensors, got i64[]; return the numbers "
      "that these integers were made from";
  const auto error_of = [](const auto& call) { return test::message_of<DTypeError>(call); };
  EXPECT_EQ(error_of([&] { value_and_grad(count_all, {x}); }), result);
  EXPECT_EQ(error_of([&] { grad(count)(x); }), result);
  EXPECT_EQ(error_of([&] { vjp(count_all, {x}, one); }), result);
  EXPECT_EQ(error_of([&] { jvp(count_all, {x}, {x}); }), result);
  EXPECT_EQ(error_of([&] { hvp(count_all, {x}, {x}); }), result);
  EXPECT_EQ(error_of([&] { jacobian(count, x); }), result);
  EXPECT_EQ(error_of([&] { hessian(count, x); }), result);

  const Tensor whole = Tensor::from<std::int32_t>({1, 2}, {2});
  const UnaryFunction add = [](const Tensor& t) { return sum(t); };
  const Function add_all = [&](const Tensors& in) { return add(in[0]); };
  const std::string input =
      "derivatives are taken by f32 or f64 tensors, got i32[2]; cast it first";
  EXPECT_EQ(error_of([&] { value_and_grad(add_all, {whole}); }), input);
  EXPECT_EQ(error_of([&] { grad(add)(whole); }), input);
  EXPECT_EQ(error_of([&] { vjp(add_all, {whole}, one); }), input);
  EXPECT_EQ(error_of([&] { jvp(add_all, {whole}, {whole}); }), input);
  EXPECT_EQ(error_of([&] { hvp(add_all, {whole}, {whole}); }), input);
  EXPECT_EQ(error_of([&] { jacobian(add, whole); }), input);
  EXPECT_EQ(error_of([&] { hessian(add, whole); }), input);
}

// It would pass for a number without a derivative.
TEST(Derivatives, AreNotThoseOfUndefinedTensors) {
  const auto error_of = [](const auto& call) { return test::message_of<ValueError>(call); };
  const Function nothing = [](const Tensors&) { return Tensor(); };
  const std::string result =
      "derivatives: the function gave an undefined tensor: expected one that is computed";
  EXPECT_EQ(error_of([&] { value_and_grad(nothing, {f64(1)}); }), result);
  EXPECT_EQ(error_of([&] { jvp(nothing, {f64(1)}, {f64(1)}); }), result);
  EXPECT_EQ(error_of([] { jacobian([](const Tensor&) { return Tensor(); }, f64(1)); }), result);
  EXPECT_EQ(error_of([&] { vjp(nothing, {f64(1)}, f64(1)); }), result);
  EXPECT_EQ(error_of([&] { trace(nothing, {f64(1)}); }), result);
  EXPECT_EQ(error_of([] { grad([](const Tensor& x) { return sum(x); })(Tensor()); }),
            "derivatives: an input is an undefined tensor: expected one with values");
}

TEST(Derivatives, AreNotThoseOfMissingFunctions) {
  const auto error_of = [](const auto& call) { return test::message_of<ValueError>(call); };
  const Function none;
  const UnaryFunction no_unary;
  const std::function<Tensor()> no_loss;
  const std::vector<State> variables = {State(f64(1))};
  const Tensors x = {f64(1)};
  const std::string text = "derivatives: the function is missing: expected one that gives a tensor";
  EXPECT_EQ(error_of([&] { value_and_grad(none, x); }), text);
  EXPECT_EQ(error_of([&] { value_and_grad(no_loss, variables); }), text);
  EXPECT_EQ(error_of([&] { grad(no_unary); }), text);
  EXPECT_EQ(error_of([&] { vjp(none, x, x[0]); }), text);
  EXPECT_EQ(error_of([&] { jvp(none, x, x); }), text);
  EXPECT_EQ(error_of([&] { hvp(none, x, x); }), text);
  EXPECT_EQ(error_of([&] { hvp(no_loss, variables, x); }), text);
  EXPECT_EQ(error_of([&] { jacobian(no_unary, x[0]); }), text);
  EXPECT_EQ(error_of([&] { hessian(no_unary, x[0]); }), text);
  EXPECT_EQ(error_of([&] { gauss_newton_product(none, no_unary, x, x); }), text);
  const Function same = [](const Tensors& in) { return in[0]; };
  EXPECT_EQ(error_of([&] { gauss_newton_product(same, no_unary, x, x); }), text);
  EXPECT_EQ(error_of([&] { numerical_gradient(no_unary, x[0]); }), text);
  EXPECT_EQ(error_of([&] { check_gradients(none, x); }), text);
  EXPECT_EQ(error_of([&] { trace(none, x); }), text);
}

TEST(Derivatives, DirectionsThatDoNotFitAreNamed) {
  const Function twice = [](const Tensors& in) { return 2 * in[0]; };
  const Tensor two = Tensor::from({1.0, 2.0}, {2});
  const Tensor three = Tensor::from({1.0, 2.0, 3.0}, {3});
  const Tensor single = cast(two, DType::f32);
  EXPECT_EQ(test::message_of<ShapeError>([&] { vjp(twice, {two}, three); }),
            "vjp: the function gives f64[2], the cotangent is f64[3]");
  EXPECT_EQ(test::message_of<DTypeError>([&] { vjp(twice, {two}, single); }),
            "vjp: the function gives f64[2], the cotangent is f32[2]");
  EXPECT_EQ(test::message_of<ShapeError>([&] { jvp(twice, {two}, {three}); }),
            "jvp: input 0 is f64[2], its direction f64[3]");
  EXPECT_EQ(test::message_of<DTypeError>([&] { jvp(twice, {two}, {single}); }),
            "jvp: input 0 is f64[2], its direction f32[2]");
  // An undefined tensor has the spec of a number in f32.
  const Tensors number = {Tensor(3.0F)};
  EXPECT_EQ(test::message_of<ValueError>([&] { vjp(twice, number, Tensor()); }),
            "vjp: the cotangent is an undefined tensor: expected one with values");
  EXPECT_EQ(test::message_of<ValueError>([&] { jvp(twice, number, {Tensor()}); }),
            "jvp: direction 0 is an undefined tensor: expected one with values");
  EXPECT_EQ(test::message_of<ValueError>([&] { hvp(twice, number, {Tensor()}); }),
            "hvp: direction 0 is an undefined tensor: expected one with values");
}

}  // namespace
}  // namespace nabla
