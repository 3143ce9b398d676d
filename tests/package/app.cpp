// A program of another project: fails where a step of training or the op table is not right.
#include <nabla/nabla.h>

#include <cmath>
#include <cstdint>
#include <iostream>

using nabla::Tensor;

namespace {

// Made before main, and so before what the library's own files make, were those not first.
const nabla::nn::Dense layer(2, 3);
const std::size_t ops_before_main = nabla::op_table().size();

// Gradient descent on x^2, from 3: the gradient is 6.
bool step_is_right() {
  const nabla::State x(Tensor(3.0));
  nabla::optim::Sgd sgd({.learning_rate = 0.25});
  sgd.attach({x});
  sgd.minimize([&] { return nabla::square(x.value()); });
  return x.value().item() == 1.5;
}

// Nothing here refers to this op, so that it is there only if the whole library was linked.
bool table_is_whole() {
  for (const nabla::Op* op : nabla::op_table()) {
    if (op->name != "softmax_cross_entropy") continue;
    const Tensor scores = Tensor::from({0.0, 0.0}, {1, 2});
    const Tensor labels = Tensor::from({std::int64_t{1}}, {1});
    return std::abs(nabla::apply(*op, {scores, labels}).item() - std::log(2.0)) < 1e-15;
  }
  return false;
}

}  // namespace

int main() {
  if (!step_is_right()) {
    std::cout << "a step of gradient descent went elsewhere\n";
    return 1;
  }
  if (ops_before_main != nabla::op_table().size() || layer.parameters().size() != 2) {
    std::cout << "the op table was not there before main\n";
    return 1;
  }
  if (!table_is_whole()) {
    std::cout << "the op table is not whole\n";
    return 1;
  }
}
