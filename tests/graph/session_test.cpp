// What is computed on another thread than the one that takes a derivative or captures, and
// functions that call themselves: an error, never a derivative without a part.
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <thread>

#include "nabla/autodiff/recording.h"
#include "nabla/nabla.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

using test::message_of;

template <class F>
auto elsewhere(F f) {
  return std::async(std::launch::async, f).get();
}

Tensor square_elsewhere(const Tensor& x) {
  return elsewhere([&] { return square(x); });
}

void expect_refused(const char* name, const std::function<void()>& f) {
  const std::string message = message_of<Error>(f);
  EXPECT_NE(message.find("compute all on the thread"), std::string::npos)
      << name << ": " << message;
}

TEST(SessionThreads, ARecordedTensorIsRefusedElsewhere) {
  const auto f = [](const Tensor& x) { return square_elsewhere(x) + 3 * x; };
  const auto f_of_list = [&](const Tensors& in) { return f(in[0]); };
  const Tensor two(2.0);
  expect_refused("grad", [&] { grad(f)(two); });
  expect_refused("vjp", [&] { vjp(f_of_list, {two}, two); });
  expect_refused("jvp", [&] { jvp(f_of_list, {two}, {two}); });
  expect_refused("hvp", [&] { hvp(f_of_list, {two}, {two}); });
  expect_refused("hessian", [&] { hessian(f, two); });
  expect_refused("jacobian", [&] { jacobian(f, two); });
  expect_refused("trace", [&] { trace(f_of_list, {two}); });
  expect_refused("capture", [&] { capture(f)(two); });
  expect_refused("gradient of a gradient", [&] {
    grad([](const Tensor& x) {
      return elsewhere([&] { return grad([](const Tensor& y) { return y * y; })(x); });
    })(two);
  });
  expect_refused("capture of a gradient", [&] { capture(grad(f))(two); });
  expect_refused("a captured function", [&] {
    auto captured = capture([](const Tensor& x) { return square(x); });
    grad([&](const Tensor& x) { return elsewhere([&] { return captured(x); }) + x; })(two);
  });
  expect_refused("beside another recording", [&] {
    grad([](const Tensor& x) {
      return x *
             elsewhere([&] { return grad([&](const Tensor& y) { return x * y; })(Tensor(1.0)); });
    })(two);
  });
  EXPECT_EQ(grad([](const Tensor& x) { return x * x + 3 * x; })(two).item(), 7);
}

TEST(SessionThreads, AStateReadElsewhereIsRefused) {
  const State w(Tensor(2.0), "w");
  const auto read = [&] { return elsewhere([&] { return w.value(); }); };
  const auto f = [&] { return elsewhere([&] { return square(w.value()); }) + 3 * w.value(); };
  expect_refused("value_and_grad", [&] { value_and_grad(f, {w}); });
  expect_refused("hvp", [&] { hvp(f, {w}, {Tensor(1.0)}); });
  expect_refused("returned as it is", [&] { value_and_grad(read, {w}); });
  expect_refused("capture", [&] { capture(f)(); });
  expect_refused("returned by a capture", [&] { capture(read)(); });
  optim::Sgd sgd({.learning_rate = 0.25});
  sgd.attach({w});
  expect_refused("minimize", [&] { sgd.minimize(f); });
  EXPECT_EQ(w.value().item(), 2);
  EXPECT_EQ(w.value().node().graph, 0U);
  sgd.minimize([&] { return square(w.value()) + 3 * w.value(); });
  EXPECT_EQ(w.value().item(), 0.25);
}

// What is no part of the derivative may be used anywhere, and everything when it is taken.
TEST(SessionThreads, OtherUsesElsewhereGoOn) {
  const State w(Tensor(2.0), "w");
  const State scale(Tensor(5.0), "scale");
  double seen = 0;
  const auto [value, gradient] = value_and_grad(
      [&] {
        const Tensor y = square(w.value());
        seen = elsewhere([&] { return y.item() + square(w.value()).item(); });
        return y * elsewhere([&] { return 2 * scale.value(); });
      },
      {w});
  EXPECT_EQ(seen, 8);
  EXPECT_EQ(gradient[0].item(), 40);
  EXPECT_EQ(elsewhere([&, v = value, g = gradient] { return (v + square(g[0])).item(); }), 1640);
  EXPECT_EQ(
      elsewhere([&] { return grad([](const Tensor& x) { return x * x; })(gradient[0]); }).item(),
      80);
}

TEST(Nesting, AFunctionThatCallsItselfIsAnError) {
  const auto expect_found = [](const char* name, const std::function<void()>& f) {
    const std::string message = message_of<Error>(f);
    EXPECT_NE(message.find("call itself without end?"), std::string::npos) << name << message;
  };
  const Tensor one(1.0);
  std::function<Tensor(const Tensor&)> f = [&](const Tensor& x) { return grad(f)(x) * x; };
  expect_found("grad", [&] { grad(f)(one); });
  expect_found("capture of it", [&] { capture(f)(one); });
  std::function<Tensor(const Tensor&)> h = [&](const Tensor& x) { return hessian(h, x); };
  expect_found("hessian", [&] { hessian(h, one); });
  std::function<Tensor(const Tensors&)> j = [&](const Tensors& x) { return jvp(j, x, x).value; };
  expect_found("jvp", [&] { jvp(j, {one}, {one}); });
  Captured c([&](const Tensors& x) { return c(x); });
  expect_found("captured", [&] { c({one}); });
  expect_found("captured in a derivative",
               [&] { vjp([&](const Tensors& x) { return c(x)[0]; }, {one}, one); });
  Captured p([&](const Tensors& x) {
    p.plan({x[0].spec()});
    return x;
  });
  expect_found("plan", [&] { p({one}); });
  const State w(one, "w");
  optim::Sgd sgd({});
  sgd.attach({w});
  std::function<Tensor()> loss = [&] { return sgd.minimize(loss); };
  expect_found("minimize", [&] { sgd.minimize(loss); });
  EXPECT_EQ(w.value().item(), 1);
  EXPECT_EQ(grad([](const Tensor& x) { return x * x; })(one).item(), 2);  // as if nothing had been
}

// Derivatives of high order are no such function: the 20th of x^20 is 20!.
TEST(Nesting, HighOrdersGoOn) {
  UnaryFunction f = [](const Tensor& x) { return x * x; };
  for (int i = 0; i < 2; ++i) f = grad(f);
  EXPECT_EQ(f(Tensor(3.0)).item(), 2);
  std::function<Tensor(const Tensor&, int)> power = [&](const Tensor& x, int n) {
    auto captured = capture([&](const Tensor& y) { return n == 0 ? y : power(y, n - 1) + 1; });
    return captured(x);
  };
  EXPECT_EQ(power(Tensor(0.0), 50).item(), 50);
}

}  // namespace
}  // namespace nabla
