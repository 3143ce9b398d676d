/// The computation graph of one call, with the value and the gradient of every node, to be printed
/// and drawn as the lectures draw f = (x + y) z.
#pragma once

#include <string>
#include <vector>

#include "nabla/autodiff/derivatives.h"

namespace nabla {

/// A node of a traced call.
struct TracedNode {
  std::string name;         ///< of an input: as given; else empty
  std::string op;           ///< the op, with its attributes; "input" or "constant"
  std::vector<int> inputs;  ///< earlier nodes
  Tensor value;
  Tensor gradient;  ///< d output / d node; undefined where the output does not depend on it
};

/// The calls that f makes on x, in order; the last node is the output. f gives one number.
/// `names` are those of the inputs; default x0, x1, ... Throws like value_and_grad, and
/// ValueError where the result does not depend on x.
/// ```cpp
/// const auto f = [](const Tensors& x) { return (x[0] + x[1]) * x[2]; };
/// const Tensors inputs = {Tensor(-2.0), Tensor(5.0), Tensor(-4.0)};
/// const std::vector<TracedNode> nodes = trace(f, inputs, {"x", "y", "z"});
/// nodes.back().value;                         // -12
/// nodes[0].gradient;                          // -4
/// const std::string lines = to_text(nodes);   // a line for each node
/// const std::string drawing = to_dot(nodes);  // for Graphviz
/// ```
std::vector<TracedNode> trace(const Function& f, const Tensors& x,
                              const std::vector<std::string>& names = {});

/// One line a node: "q = add(x, y)   value 3   gradient -4".
std::string to_text(const std::vector<TracedNode>& nodes);

/// A drawing for Graphviz: values above, gradients below each node.
std::string to_dot(const std::vector<TracedNode>& nodes);

}  // namespace nabla
