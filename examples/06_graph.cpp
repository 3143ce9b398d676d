// The graph of f = (x + y) z at (-2, 5, -4), with the value and the gradient of every node: as
// text, or for Graphviz:  example_06_graph dot | dot -Tsvg >graph.svg
#include <iostream>
#include <string_view>

#include "nabla/nabla.h"

int main(int argc, char** argv) {
  const auto f = [](const nabla::Tensors& in) { return (in[0] + in[1]) * in[2]; };
  const nabla::Tensors point = {-2.0, 5.0, -4.0};

  const auto nodes = nabla::trace(f, point, {"x", "y", "z"});
  const bool dot = argc > 1 && argv[1] == std::string_view("dot");
  std::cout << (dot ? to_dot(nodes) : to_text(nodes));
}
