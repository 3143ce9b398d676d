#include <gtest/gtest.h>

#include "nabla/nabla.h"
#include "nabla/tensor/copy.h"
#include "tests/support/depth.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

// One step of gradient descent on f = 1/2 theta^2: 0.9, 0.81, 0.729.
TEST(Capture, StateIsReadAndAssigned) {
  const State theta(Tensor(1.0), "theta");
  auto step = capture([&] {
    const auto [value, gradient] =
        value_and_grad([&] { return 0.5 * square(theta.value()); }, {theta});
    theta.assign(theta.value() - 0.1 * gradient[0]);
    return value;
  });
  EXPECT_DOUBLE_EQ(step().item(), 0.5);
  EXPECT_DOUBLE_EQ(theta.value().item(), 0.9);
  const Tensor before = theta.value();
  const Tensor loss = step();
  step();
  EXPECT_DOUBLE_EQ(theta.value().item(), 0.729);
  EXPECT_DOUBLE_EQ(before.item(), 0.9);
  EXPECT_DOUBLE_EQ(loss.item(), 0.5 * 0.9 * 0.9);
}

TEST(Capture, SwapsStates) {
  const State a(Tensor(1.0), "a");
  const State b(Tensor(2.0), "b");
  auto swap = capture([&] {
    const Tensor old = a.value();
    a.assign(b.value());
    b.assign(old);
    return old;
  });
  EXPECT_EQ(swap().item(), 1);
  EXPECT_EQ(a.value().item(), 2);
  EXPECT_EQ(b.value().item(), 1);
}

TEST(Capture, FollowsAStateToOtherMemory) {
  const State theta(Tensor(1.0), "theta");
  auto step = capture([&] {
    theta.assign(theta.value() * 2);
    return theta.value() + 0;
  });
  EXPECT_EQ(step().item(), 2);
  theta.move_to(Buffer::allocate(64), 16);
  EXPECT_EQ(step().item(), 4);
  EXPECT_EQ(theta.value().item(), 4);
}

// Inputs that lie at one place in the first call need not do so in the next.
TEST(Capture, FollowsEachInputToItsOwnMemory) {
  auto f = capture([](const Tensor& x, const Tensor& y) {
    return broadcast_to(x, {3, 2}) * 2 + broadcast_to(y, {3, 2});
  });
  const Tensor a = Tensor::from({1.0, 2.0}, {2});
  const Tensor b = Tensor::from({10.0, 20.0}, {2});
  EXPECT_EQ(f(a, a).to_doubles(), (std::vector<double>{3, 6, 3, 6, 3, 6}));
  EXPECT_EQ(f(a, b).to_doubles(), (std::vector<double>{12, 24, 12, 24, 12, 24}));
  EXPECT_EQ(f(b, a).to_doubles(), (std::vector<double>{21, 42, 21, 42, 21, 42}));
}

TEST(Capture, AddsAProductTimesAnInput) {
  for (const std::int64_t n : {2, 40}) {  // one tile, and many
    const State w(broadcast_to(Tensor(1.0), {n, n}), "w");
    auto step = capture([&](const Tensor& x, const Tensor& rate) {
      w.assign(add_scaled(w.value(), matmul(x, x), rate));
      return sum(w.value());
    });
    const Tensor ones = contiguous(broadcast_to(Tensor(1.0), {n, n}));
    const Tensor rates[] = {Tensor(1.0), Tensor(100.0)};
    const auto size = static_cast<double>(n * n);
    EXPECT_EQ(step(ones, rates[0]).item(), size * static_cast<double>(1 + n));
    EXPECT_EQ(step(ones, rates[1]).item(), size * static_cast<double>(1 + 101 * n));
  }
}

// A plan for each kind of inputs, which is found again.
TEST(Capture, CapturesAgainForNewShapesAndTypes) {
  int captures = 0;
  Captured f([&](const Tensors& in) {
    ++captures;
    return Tensors{sum(square(in[0]))};
  });
  const auto result = [&](DType dtype, std::int64_t n) {
    return f({cast(Tensor::from(std::vector<double>(static_cast<std::size_t>(n), 3.0), {n}),
                   dtype)})[0]
        .item();
  };
  EXPECT_EQ(result(DType::f64, 2), 18);
  EXPECT_EQ(result(DType::f64, 3), 27);
  EXPECT_EQ(captures, 2);
  EXPECT_EQ(result(DType::f64, 2), 18);
  EXPECT_EQ(captures, 2);
  EXPECT_EQ(result(DType::f32, 2), 18);
  EXPECT_EQ(captures, 3);
}

// What was read from a state, or from another plan, before the capture.
// Plans take memory: of many shapes only those used last stay.
TEST(Capture, KeepsABoundedNumberOfPlans) {
  int captures = 0;
  Captured f([&](const Tensors& x) -> Tensors {
    ++captures;
    return {x[0] * 2};
  });
  const auto call = [&](int size) {
    const Tensor x = Tensor::from(std::vector<double>(static_cast<std::size_t>(size), 3.0), {size});
    EXPECT_EQ(sum(f({x})[0]).item(), 6.0 * size);
    return captures;
  };
  constexpr int most = static_cast<int>(Captured::most_plans);
  for (int size = 1; size <= most; ++size) EXPECT_EQ(call(size), size);
  for (int size = 1; size <= most; ++size) EXPECT_EQ(call(size), most);  // all are there
  Plan& first = f.plan({{DType::f64, {1}}});                             // used last, now
  EXPECT_EQ(call(most + 1), most + 1);
  EXPECT_EQ(&f.plan({{DType::f64, {1}}}), &first);
  EXPECT_EQ(call(2), most + 2);  // it was the longest unused one
  EXPECT_EQ(call(1), most + 2);
}

TEST(Capture, KeepsTensorsFromOutside) {
  const State theta(Tensor::from({1.0, 2.0}, {2}), "theta");
  auto twice = capture([](const Tensor& x) { return x * 2; });
  const Tensor before = theta.value();
  const Tensor four = twice(Tensor(2.0));
  auto step = capture([&](const Tensor& x) {
    theta.assign(theta.value() + x);
    return (theta.value() - before) * four;
  });
  EXPECT_EQ(step(Tensor(1.0)).to_doubles(), (std::vector<double>{4, 4}));
  twice(Tensor(50.0));
  EXPECT_EQ(step(Tensor(1.0)).to_doubles(), (std::vector<double>{8, 8}));
}

// Its own last result, or a state that it writes: the run must not overwrite what it reads.
TEST(Capture, TakesItsOwnResultsAndStates) {
  auto mirror = capture([](const Tensor& x) { return x + 10 * flip(x, 0); });
  Tensor y = Tensor::from({1.0, 2.0, 3.0}, {3});
  y = mirror(y);
  y = mirror(y);  // (31 22 13) + 10 (13 22 31)
  EXPECT_EQ(y.to_doubles(), (std::vector<double>{161, 242, 323}));

  const State w(Tensor::from({1.0, 2.0, 3.0}, {3}), "w");
  auto step = capture([&](const Tensor& x) {
    w.assign(w.value() + 1);
    return x + 10 * flip(x, 0) + w.value();
  });
  EXPECT_EQ(step(w.value()).to_doubles(), (std::vector<double>{33, 25, 17}));
  EXPECT_EQ(step(w.value()).to_doubles(), (std::vector<double>{45, 37, 29}));
}

// The results of a Captured lie in the plan's memory, which the next run would overwrite while it
// reads. The product is so large that it is made strip by strip.
TEST(Capture, TakesTheVectorOfItsOwnResults) {
  Captured f([](const Tensors& in) -> Tensors { return {matmul(in[0], in[0])}; });
  const Tensor x = Generator(1).uniform({50, 50}, -1, 1);
  const Tensor square = matmul(x, x);
  EXPECT_EQ(f(f({x}))[0].to_doubles(), matmul(square, square).to_doubles());
}

TEST(Plan, ProfilesAllCallsOnInputsOfAnyLayout) {
  const State total(Tensor(0.0F), "total");
  Captured f([&](const Tensors& in) -> Tensors {
    const Tensor y = exp(in[0]);
    total.assign(total.value() + sum(y));
    return {matmul(y, in[0]) + 1};
  });
  const Tensor x = permute(Generator(1).uniform({4, 4}, -1, 1), {1, 0});
  f({x});
  const double once = total.value().item();
  Plan& plan = f.plan({x.spec()});
  EXPECT_EQ(test::message_of<ShapeError>([&] {
              plan.profile({x, x}, 1);
            }),
            "profile: inputs (f32[4, 4], f32[4, 4]): expected (f32[4, 4]), as in the capture");
  EXPECT_EQ(plan.profile({}, -1).size(), plan.profile({}, 0).size());
  constexpr int repetitions = 3;
  for (const StepInfo& step : plan.profile({x}, repetitions)) EXPECT_GT(step.seconds, 0) << step.op;
  // It runs once more before it measures.
  EXPECT_NEAR(total.value().item(), (2 + repetitions) * once, 1e-4);
}

TEST(Capture, ReadingAValueNamesTheWayOut) {
  auto f = capture([](const Tensor& x) { return x * x.item(); });
  const std::string message = test::message_of<CaptureError>([&] { f(Tensor(1.0)); });
  EXPECT_NE(message.find("return it from the captured function and read it there, or keep it in a "
                         "State"),
            std::string::npos)
      << message;
}

TEST(Capture, AMissingFunctionIsNamed) {
  EXPECT_EQ(test::message_of<ValueError>([] { Captured(nullptr); }),
            "capture: the function is missing: expected one from tensors to tensors");
  EXPECT_EQ(test::message_of<ValueError>([] { capture(UnaryFunction()); }),
            "capture: the function is missing: expected one from tensors to tensors");
}

// A state holds numbers: derivatives do not go through its assignment, captured or not.
TEST(Capture, DerivativesDoNotGoThroughStates) {
  const State state(Tensor::from({0.0, 0.0}, {2}), "mean");
  const auto f = [&](const Tensor& x) {
    state.assign(square(x));
    return sum(state.value() * x);
  };
  const Tensor x = Tensor::from({2.0, 3.0}, {2});
  const std::vector<double> slope = {4, 9};  // x^2, taken as a number
  EXPECT_EQ(grad(f)(x).to_doubles(), slope);
  auto captured = capture([&](const Tensor& in) { return grad(f)(in); });
  EXPECT_EQ(captured(x).to_doubles(), slope);
  EXPECT_EQ(state.value().to_doubles(), slope);
  const auto tangent = [&](const Tensor& in) {
    return jvp([&](const Tensors& list) { return f(list[0]); }, {in}, {in}).derivative;
  };
  EXPECT_EQ(tangent(x).item(), 8 + 27);
  EXPECT_EQ(capture(tangent)(x).item(), 8 + 27);
}

// In the order of its elements it is what the state holds.
TEST(Capture, AssignsWhatWasReshaped) {
  const State w(Tensor::from({0.0F, 0.0F, 0.0F}, {1, 3}), "w");
  const auto f = capture([&](const Tensor& a) {
    w.assign(max(a, {0}, true));
    return sum(a);
  });
  f(Tensor::from({1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}, {2, 3}));
  EXPECT_EQ(w.value().to_doubles(), (std::vector<double>{4, 5, 6}));
}

TEST(Capture, ReadsWhatIsSubstituted) {
  const State w(Tensor(2.0), "w");
  const auto f = [&](const Tensor& x) { return w.value() * x; };
  auto before = capture(f);
  auto during = capture(f);
  EXPECT_EQ(before(Tensor(3.0)).item(), 6);
  Captured listed([&](const Tensors& in) -> Tensors { return {f(in[0])}; });
  {
    const Substitution substitution({w}, {Tensor(10.0)});
    EXPECT_THROW(listed.plan({Tensor(3.0).spec()}), Error);
    EXPECT_EQ(before(Tensor(3.0)).item(), 30);
    EXPECT_EQ(during(Tensor(3.0)).item(), 30);
  }
  EXPECT_EQ(before(Tensor(3.0)).item(), 6);
  EXPECT_EQ(during(Tensor(3.0)).item(), 6);
}

TEST(Capture, AResultOfAnotherCaptureIsRefused) {
  Tensor leaked;
  const Tensor x = Tensor::from({1.0, 2.0}, {2});
  capture([&](const Tensor& in) { return leaked = 2 * in; })(x);
  EXPECT_EQ(test::message_of<CaptureError>([&] { capture([&] { return leaked; })(); }),
            "capture: result 0, f64[2], was made while another function was captured: it has no "
            "value; return it from that one");
}

// The first call writes over the state that the last one reads, so it waits for all. So many calls
// inside one another overflowed the stack under a sanitizer.
TEST(Capture, LongFunctionsDoNotNest) {
  const State state(Tensor::from({1.0}, {1}), "state");
  const int length = test::fewer_will_do() ? 5000 : 20000;
  auto f = capture([&](const Tensor& x) {
    const Tensor old = state.value();
    state.assign(2 * x);
    Tensor y = x;
    for (int i = 0; i < length; ++i) y = cumulative_sum(y) * 0.5;
    return y + old;
  });
  EXPECT_EQ(f(Tensor::from({0.0}, {1})).item(), 1);
}

// A functor that could be made from a null pointer, but is none.
struct Scale {
  const State* factor;
  Tensor operator()(const Tensor& x) const { return factor->value() * x; }
};

TEST(Capture, TakesFunctors) {
  const State factor(Tensor(2.0));
  EXPECT_EQ(capture(Scale{&factor})(Tensor(3.0)).item(), 6);
}

TEST(Capture, AnUndefinedResultIsNamed) {
  Captured f([](const Tensors& in) -> Tensors { return {in[0], Tensor()}; });
  EXPECT_EQ(test::message_of<ValueError>([&] { f({Tensor(1.0)}); }),
            "capture: result 1 is an undefined tensor: expected one that the function computes");
}

TEST(Capture, NetworkStepMatchesEager) {
  const Tensor x = Generator(1).uniform({5, 7}, -1, 1);
  const Tensor y = Tensor::from<std::int64_t>({0, 2, 1, 2, 0}, {5});
  const auto train = [&](auto wrap) {
    Generator generator(2);
    const State w1(generator.uniform({7, 20}, -1, 1), "w1");
    const State b1(generator.uniform({20}, -1, 1), "b1");
    const State w2(generator.uniform({20, 3}, -1, 1), "w2");
    const auto loss_of = [&](const Tensor& in, const Tensor& labels) {
      const Tensor hidden = relu(matmul(in, w1.value()) + b1.value());
      return mean(softmax_cross_entropy(matmul(hidden, w2.value()), labels));
    };
    auto step = wrap([&](const Tensor& in, const Tensor& labels) {
      const auto [loss, gradients] =
          value_and_grad([&] { return loss_of(in, labels); }, {w1, b1, w2});
      w1.assign(w1.value() - 0.1 * gradients[0]);
      b1.assign(b1.value() - 0.1 * gradients[1]);
      w2.assign(w2.value() - 0.1 * gradients[2]);
      return loss;
    });
    std::vector<float> history;
    for (int i = 0; i < 5; ++i) history.push_back(step(x, y).template to_vector<float>()[0]);
    for (const State& state : {w1, b1, w2}) {
      for (const float value : state.value().template to_vector<float>()) history.push_back(value);
    }
    return history;
  };
  const auto eager = train([](auto f) { return f; });
  const auto captured = train([](auto f) { return capture(f); });
  const auto unfused = train([](auto f) { return capture(f, {.fuse = false}); });
  EXPECT_EQ(eager, captured);
  EXPECT_EQ(eager, unfused);
  EXPECT_LT(eager[4], eager[0]);
}

}  // namespace
}  // namespace nabla
