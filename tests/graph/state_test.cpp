#include "nabla/graph/state.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "nabla/autodiff/derivatives.h"
#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/ops/ops.h"
#include "nabla/tensor/buffer.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

using Values = std::vector<double>;

Tensor two(double a, double b) { return Tensor::from({a, b}, {2}); }

TEST(State, HoldsACopy) {
  const Tensor initial = two(1, 2);
  const State state(initial, "w");
  EXPECT_EQ(state.name(), "w");
  EXPECT_EQ(state.spec(), initial.spec());
  EXPECT_EQ(state.value().to_doubles(), (Values{1, 2}));
  EXPECT_NE(state.value().buffer().get(), initial.buffer().get());
  const State transposed(transpose(Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2})));
  EXPECT_EQ(transposed.value().to_doubles(), (Values{1, 3, 2, 4}));
  EXPECT_TRUE(transposed.value().layout().is_contiguous());
}

TEST(State, CopiesAreTheSameVariable) {
  const State a(two(1, 2));
  const State b = a;
  b.assign(two(3, 4));
  EXPECT_EQ(a.value().to_doubles(), (Values{3, 4}));
  EXPECT_TRUE(a == b);
  EXPECT_FALSE(a == State(two(3, 4)));
  EXPECT_FALSE(State().defined());
}

TEST(State, TensorsReadBeforeKeepTheirValues) {
  const State state(two(1, 2));
  const std::byte* memory = state.memory();
  const Tensor before = state.value();
  const Tensor view = flip(before, 0);
  state.assign(two(3, 4));
  const Tensor between = state.value();
  state.assign(two(5, 6));
  EXPECT_EQ(before.to_doubles(), (Values{1, 2}));
  EXPECT_EQ(view.to_doubles(), (Values{2, 1}));
  EXPECT_EQ(between.to_doubles(), (Values{3, 4}));
  EXPECT_EQ(state.value().to_doubles(), (Values{5, 6}));
  EXPECT_EQ(state.memory(), memory);
}

// The new value may be a view of the old one.
TEST(State, TakesAViewOfItself) {
  const State state(Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2}));
  state.assign(transpose(state.value()));
  EXPECT_EQ(state.value().to_doubles(), (Values{1, 3, 2, 4}));
  state.assign(flip(flip(state.value(), 0), 1));
  EXPECT_EQ(state.value().to_doubles(), (Values{4, 2, 3, 1}));
  state.assign(broadcast_to(slice(state.value(), {{1, 2}}), {2, 2}));
  EXPECT_EQ(state.value().to_doubles(), (Values{3, 1, 3, 1}));
  state.assign(state.value());
  EXPECT_EQ(state.value().to_doubles(), (Values{3, 1, 3, 1}));
}

TEST(State, DoesNotMoveToAnEmptyBuffer) {
  const State state(two(1, 2), "bias");
  EXPECT_EQ(test::message_of<ValueError>([&] { state.move_to(BufferRef(), 0); }),
            "state \"bias\": cannot move to an empty buffer");
  EXPECT_EQ(state.value().to_doubles(), (std::vector<double>{1, 2}));
}

TEST(State, ASubstitutionThatFailsLeavesNothing) {
  const State state(two(1, 2), "bias");
  EXPECT_THROW(Substitution({state, State()}, {two(3, 4), two(3, 4)}), ValueError);
  EXPECT_EQ(test::message_of<ValueError>([&] { Substitution({state}, {Tensor()}); }),
            "substitution: the tensor for state \"bias\" is undefined: expected one with values");
  EXPECT_EQ(test::message_of<ValueError>([&] { Substitution({state}, {}); }),
            "substitution: 0 tensors for 1 states: expected one for each");
  EXPECT_EQ(state.value().to_doubles(), (std::vector<double>{1, 2}));
}

// Each thread has its own substitutes.
TEST(StateThreads, DerivativesAtTheSameTime) {
  const State w(two(3, -1), "w");
  std::latch both(2);
  const auto run = [&] {
    both.arrive_and_wait();
    for (int i = 0; i < 2000; ++i) {
      const auto [value, gradient] = value_and_grad([&] { return sum(square(w.value())); }, {w});
      EXPECT_EQ(gradient[0].to_doubles(), (std::vector<double>{6, -2}));
    }
  };
  {
    const std::jthread other(run);
    run();
  }
  EXPECT_EQ(w.value().node().graph, 0U);
}

TEST(State, ErrorsLeaveItAsItIs) {
  const State state(two(1, 2), "bias");
  const auto message = [&](const Tensor& tensor) -> std::string {
    try {
      state.assign(tensor);
      return "no error";
    } catch (const ShapeError& error) {
      return str("ShapeError ", error.what());
    } catch (const DTypeError& error) {
      return str("DTypeError ", error.what());
    }
  };
  EXPECT_EQ(message(Tensor::from({1.0}, {1})),
            "ShapeError state \"bias\": holds f64[2], cannot be assigned f64[1]");
  EXPECT_EQ(message(Tensor::from({1.0F, 2.0F}, {2})),
            "DTypeError state \"bias\": holds f64[2], cannot be assigned f32[2]");
  EXPECT_EQ(state.value().to_doubles(), (Values{1, 2}));
  EXPECT_THROW(State{Tensor()}, Error);
}

TEST(State, UndefinedOrOutOfItsMemory) {
  EXPECT_THROW(State().value(), ValueError);
  EXPECT_THROW(State().name(), ValueError);
  EXPECT_THROW(State().assign(Tensor(1.0)), ValueError);
  const State state(two(1, 2), "bias");
  EXPECT_THROW(state.move_to(Buffer::allocate(20), 8), ValueError);
  EXPECT_EQ(state.value().to_doubles(), (std::vector<double>{1, 2}));
}

TEST(State, OfAGeneratorSurvivesAnError) {
  Generator generator(1);
  EXPECT_THROW(generator.uniform({-8}), ShapeError);
  EXPECT_EQ(generator.state().value().to_vector<std::int64_t>(),
            (std::vector<std::int64_t>{1, 0, 0}));
}

// The derivative would be by the value before, without a word.
TEST(State, IsNotAssignedWhereItIsDifferentiated) {
  const State w(two(1, 2), "w");
  const auto loss = [&] {
    w.assign(w.value() * 2);
    return sum(w.value());
  };
  EXPECT_EQ(test::message_of<Error>([&] { value_and_grad(loss, {w}); }),
            "state \"w\": assigned in a function whose derivative by it is taken: assign it behind "
            "that");
  EXPECT_EQ(w.value().to_doubles(), (Values{1, 2}));
  EXPECT_EQ(loss().item(), 6);
}

TEST(State, MovesIntoASharedVector) {
  const State a(two(1, 2));
  const State b(two(3, 4));
  const Tensor before = b.value();
  const BufferRef memory = Buffer::allocate(4 * sizeof(double));
  a.move_to(memory, 0);
  b.move_to(memory, 2 * sizeof(double));
  const Tensor all(Layout::contiguous({4}), DType::f64, memory);
  EXPECT_EQ(all.to_doubles(), (Values{1, 2, 3, 4}));
  const Tensor read = b.value();
  b.assign(two(7, 8));
  EXPECT_EQ(all.to_doubles(), (Values{1, 2, 7, 8}));
  EXPECT_EQ(read.to_doubles(), (Values{3, 4}));
  EXPECT_EQ(before.to_doubles(), (Values{3, 4}));
  EXPECT_EQ(a.value().to_doubles(), (Values{1, 2}));
}

TEST(State, DerivativesByVariables) {
  const State w(two(3, -1), "w");
  const State unused(two(0, 0), "unused");
  const auto loss = [&] { return sum(square(w.value()) * w.value()); };
  const auto [value, gradient] = value_and_grad(loss, {w, unused});
  EXPECT_EQ(value.item(), 26);
  EXPECT_EQ(gradient[0].to_doubles(), (Values{27, 3}));
  EXPECT_EQ(gradient[1].to_doubles(), (Values{0, 0}));
  const auto product = hvp(loss, {w}, {two(1, 1)});
  EXPECT_EQ(product.product[0].to_doubles(), (Values{18, -6}));
  EXPECT_EQ(w.value().to_doubles(), (Values{3, -1}));
}

// The last place has the whole gradient, and no substitute stays behind.
TEST(State, MayStandTwiceAmongVariables) {
  const State w(two(3, -1), "w");
  const auto loss = [&] { return sum(square(w.value())); };
  const auto [value, gradient] = value_and_grad(loss, {w, w});
  EXPECT_EQ(gradient[0].to_doubles(), (Values{0, 0}));
  EXPECT_EQ(gradient[1].to_doubles(), (Values{6, -2}));
  w.assign(two(5, 6));
  EXPECT_EQ(w.value().to_doubles(), (Values{5, 6}));
}

// A function that fails leaves no substitute behind.
TEST(State, SurvivesAFailedDerivative) {
  const State w(two(3, -1));
  EXPECT_THROW(value_and_grad([&] { return w.value(); }, {w}), ShapeError);
  EXPECT_THROW(value_and_grad([&] { return transpose(w.value()); }, {w}), ShapeError);
  EXPECT_EQ(w.value().node().graph, 0U);
  w.assign(two(1, 1));
  EXPECT_EQ(w.value().to_doubles(), (Values{1, 1}));
}

TEST(State, EmptyAndScalar) {
  const State empty(Tensor::empty({DType::f32, {0, 3}}));
  empty.assign(Tensor::empty({DType::f32, {0, 3}}));
  EXPECT_EQ(empty.value().size(), 0);
  const State scalar(Tensor(1.0F));
  scalar.assign(scalar.value() + 1);
  EXPECT_EQ(scalar.value().item(), 2);
}

}  // namespace
}  // namespace nabla
