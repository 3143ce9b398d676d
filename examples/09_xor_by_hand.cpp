// XOR without a layer: two matrices, their gradients, and a step down.
#include <iostream>

#include "nabla/nabla.h"

using namespace nabla;

int main() {
  const Tensor x = Tensor::from({0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0}, {4, 2});
  const Tensor y = Tensor::from({0.0, 1.0, 1.0, 0.0}, {4, 1});

  Generator generator(1);
  Tensor w1 = generator.normal({2, 8}, 0, 1, DType::f64);
  Tensor b1 = zeros(8, DType::f64);
  Tensor w2 = generator.normal({8, 1}, 0, 1, DType::f64);

  const auto predict = [&](const Tensors& w) {
    return sigmoid(matmul(tanh(matmul(x, w[0]) + w[1]), w[2]));
  };
  const Function loss = [&](const Tensors& w) { return mean(square(predict(w) - y)); };

  for (int i = 0; i < 3000; ++i) {
    const auto [value, gradients] = value_and_grad(loss, {w1, b1, w2});
    w1 -= gradients[0];
    b1 -= gradients[1];
    w2 -= gradients[2];
  }

  const Tensor prediction = predict({w1, b1, w2});
  std::cout << "predictions " << prediction << "\n";
  return all((prediction > 0.5) == (y > 0.5)) ? 0 : 1;
}
