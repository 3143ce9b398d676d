/// The computation graph of one call, with the value and the gradient of every node, to be printed
/// and drawn as the lectures draw f = (x + y) z.
#pragma once

#include <string>
#include <vector>

#include "nabla/autodiff/derivatives.h"

#pragma GCC visibility push(hidden)
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
std::vector<TracedNode> trace(const Function& f, const Tensors& x,
                              const std::vector<std::string>& names = {});

/// One line a node: "q = add(x, y)   value 3   gradient -4".
std::string to_text(const std::vector<TracedNode>& nodes);

/// A drawing for Graphviz: values above, gradients below each node.
std::string to_dot(const std::vector<TracedNode>& nodes);

}  // namespace nabla
#pragma GCC visibility pop
