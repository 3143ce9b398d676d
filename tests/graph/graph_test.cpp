// What the graph merges while a function is captured, and what it keeps apart.
#include "nabla/graph/graph.h"

#include <gtest/gtest.h>

#include "nabla/autodiff/derivatives.h"
#include "nabla/base/error.h"
#include "nabla/ops/ops.h"
#include "tests/support/modes.h"

namespace nabla {
namespace {

TEST(Graph, MergesEqualCallsWhileCapturing) {
  Graph graph(Graph::Mode::capture);
  const GraphScope scope(graph);
  const Tensor x = graph.append_leaf(input_op, {DType::f32, {3}});
  EXPECT_EQ(tanh(x).node(), tanh(x).node());
  EXPECT_NE(tanh(x).node(), exp(x).node());
  EXPECT_EQ(sum(x, {0}).node(), sum(x, {-1}).node());
  EXPECT_EQ((x * 2).node(), (x * 2).node());
  EXPECT_NE((x * 2).node(), (x * 3).node());
  EXPECT_NE(cast(x, DType::i32).node(), cast(x, DType::i64).node());
}

// What derivatives are taken by is never merged: that would confuse one derivative with another.
TEST(Graph, KeepsIdentitiesApart) {
  Graph graph(Graph::Mode::capture);
  const GraphScope scope(graph);
  const Tensor x = graph.append_leaf(input_op, {DType::f32, {3}});
  EXPECT_NE(graph.append_identity(x).node(), graph.append_identity(x).node());
}

// Merged before they are differentiated, the two tanh would have their gradients added first, and
// the last bit would differ from eager.
TEST(Graph, CallsUnderADerivativeAreNotMerged) {
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

TEST(Graph, MergesAgainAfterADerivativeThatFailed) {
  Graph graph(Graph::Mode::capture);
  const GraphScope scope(graph);
  const Tensor x = graph.append_leaf(input_op, {DType::f32, {3}});
  const auto fails = [](const Tensors& in) { return matmul(in[0], in[0]); };
  EXPECT_THROW(value_and_grad(fails, {x}), ShapeError);
  EXPECT_EQ(tanh(x).node(), tanh(x).node());
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
