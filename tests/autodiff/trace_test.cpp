#include "nabla/autodiff/trace.h"

#include <gtest/gtest.h>

#include "nabla/base/error.h"
#include "nabla/ops/ops.h"

namespace nabla {
namespace {

Tensor product_of_sum(const Tensors& in) { return (in[0] + in[1]) * in[2]; }
const Tensors point = {Tensor(-2.0), Tensor(5.0), Tensor(-4.0)};

// The lectures' drawing of f = (x + y) z at (-2, 5, -4).
TEST(Trace, TextOfTheLecturesGraph) {
  EXPECT_EQ(to_text(trace(product_of_sum, point, {"x", "y", "z"})),
            "x   value -2   gradient -4\n"
            "y   value 5   gradient -4\n"
            "z   value -4   gradient 3\n"
            "n3 = add(x, y)   value 3   gradient -4\n"
            "n4 = multiply(n3, z)   value -12   gradient 1\n");
}

TEST(Trace, DrawingHasEveryNodeAndEdge) {
  const std::string dot = to_dot(trace(product_of_sum, point, {"x", "y", "z"}));
  for (const char* part : {"digraph", "x<br/>", "multiply", "n0 -> n3", "n1 -> n3", "n3 -> n4",
                           "n2 -> n4", ">-12<", ">-4<"}) {
    EXPECT_NE(dot.find(part), std::string::npos) << part << " in\n" << dot;
  }
}

TEST(Trace, ConstantsAndWhatIsNotNeeded) {
  const auto nodes = trace(
      [](const Tensors& in) {
        const Tensor unused = exp(in[0]);
        return in[0] * 3;
      },
      {Tensor(2.0)});
  ASSERT_EQ(nodes.size(), 3U);
  EXPECT_EQ(nodes[1].op, "constant");
  EXPECT_EQ(nodes[2].value.item(), 6);
  EXPECT_EQ(nodes[0].gradient.item(), 3);
}

TEST(Trace, TensorsWithAxesAreWhole) {
  const auto nodes = trace([](const Tensors& in) { return sum(square(in[0])); },
                           {Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2})}, {"a<b & c"});
  EXPECT_EQ(to_text(nodes),
            "a<b & c   value [[1, 2], [3, 4]]   gradient [[2, 4], [6, 8]]\n"
            "n1 = square(a<b & c)   value [[1, 4], [9, 16]]   gradient [[1, 1], [1, 1]]\n"
            "n2 = sum (axes=[0, 2))(n1)   value 30   gradient 1\n");
  const std::string dot = to_dot(nodes);
  EXPECT_NE(
      dot.find("label=<a&lt;b &amp; c<br/><font color=\"forestgreen\">[[1, 2], [3, 4]]</font>"),
      std::string::npos)
      << dot;
}

TEST(Trace, Errors) {
  EXPECT_THROW(trace([](const Tensors&) { return Tensor(2.0); }, point), ValueError);
  EXPECT_THROW(trace(product_of_sum, point, {"x"}), ValueError);
  EXPECT_THROW(trace([](const Tensors& in) { return in[0]; }, {Tensor::from({1.0, 2.0}, {2})}),
               ShapeError);
  EXPECT_THROW(
      trace([](const Tensors& in) { return argmax(in[0], 0); }, {Tensor::from({1.0}, {1})}),
      DTypeError);
}

}  // namespace
}  // namespace nabla
