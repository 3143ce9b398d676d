// What the graph merges while a function is captured, and what it keeps apart.
#include "nabla/graph/graph.h"

#include <gtest/gtest.h>

#include "nabla/autodiff/derivatives.h"
#include "nabla/base/error.h"
#include "nabla/ops/ops.h"
#include "nabla/plan/capture.h"
#include "tests/support/modes.h"

namespace nabla {
namespace {

// Steps of the plan of a function of one f32[3].
std::size_t steps_of(const UnaryFunction& f) {
  Captured captured([&](const Tensors& in) -> Tensors { return {f(in[0])}; }, {.fuse = false});
  return captured.plan({{DType::f32, {3}}}).profile({}, 0).size();
}

TEST(Graph, EqualCallsBecomeOneStep) {
  EXPECT_EQ(steps_of([](const Tensor& x) { return tanh(x) + tanh(x); }), 2U);
  EXPECT_EQ(steps_of([](const Tensor& x) { return tanh(x) + exp(x); }), 3U);
  EXPECT_EQ(steps_of([](const Tensor& x) { return x * 2 + x * 2; }), 2U);
  EXPECT_EQ(steps_of([](const Tensor& x) { return x * 2 + x * 3; }), 3U);
  EXPECT_EQ(steps_of([](const Tensor& x) { return sum(x, {0}) - sum(x, {-1}); }), 2U);
}

// Merged before they are differentiated, the two tanh would have their gradients added first, and
// the last bit would differ from eager.
TEST(Graph, DerivativesOfEqualCallsAddUpAsExecuted) {
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(0.01 * i - 1);
  const auto f = [](const Tensors& in) {
    return sum(0.3 * tanh(in[0]) + exp(tanh(in[0])) + 0.7 * tanh(in[0]));
  };
  const auto gradient = [&](const Tensors& in) { return value_and_grad(f, in).derivative; };
  EXPECT_EQ(compare_modes(gradient, {tensor_of(DType::f32, {200}, values)}), "");
  const auto product = [&](const Tensors& in) { return hvp(f, in, in).product; };
  EXPECT_EQ(compare_modes(product, {tensor_of(DType::f32, {200}, values)}), "");
}

TEST(Graph, ValuesOfACaptureCannotBeRead) {
  Graph graph(Graph::Mode::capture);
  const GraphScope scope(graph);
  const Tensor x = graph.append_leaf(input_op, {DType::f32, {}});
  EXPECT_THROW(x.item(), CaptureError);
  EXPECT_THROW(exp(x).to_doubles(), CaptureError);
}

TEST(Graph, TensorsOfAnotherCaptureAreRefused) {
  Tensor stranger;
  {
    Graph other(Graph::Mode::capture);
    const GraphScope scope(other);
    stranger = other.append_leaf(input_op, {DType::f32, {}});
  }
  EXPECT_THROW(exp(stranger), CaptureError);
  Graph graph(Graph::Mode::capture);
  const GraphScope scope(graph);
  EXPECT_THROW(exp(stranger), CaptureError);
}

TEST(Graph, NamesNest) {
  EXPECT_EQ(current_scope(), "");
  {
    const NameScope outer("network");
    const NameScope inner("dense");
    EXPECT_EQ(current_scope(), "network/dense");
  }
  EXPECT_EQ(current_scope(), "");
}

}  // namespace
}  // namespace nabla
