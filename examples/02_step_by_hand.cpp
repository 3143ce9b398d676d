// A training step by hand, on XOR: the gradient of a loss by the parameters, an update rule, and
// both captured as one plan that runs without allocating memory.
#include <iostream>

#include "nabla/nabla.h"

using nabla::Tensor;

int main() {
  const Tensor x = Tensor::from({0.0F, 0.0F, 0.0F, 1.0F, 1.0F, 0.0F, 1.0F, 1.0F}, {4, 2});
  const Tensor y = Tensor::from({0.0F, 1.0F, 1.0F, 0.0F}, {4, 1});

  const nabla::nn::Sequential model{nabla::nn::Dense(2, 16), nabla::nn::tanh,
                                    nabla::nn::Dense(16, 1)};
  const auto parameters = model.parameters();
  nabla::optim::Adam adam({.learning_rate = 0.02});
  adam.attach(parameters);

  const auto step = nabla::capture([&](const Tensor& inputs, const Tensor& targets) {
    const auto loss = [&] { return nabla::nn::mean_squared_error(model(inputs), targets); };
    const nabla::TrainingScope training;
    const auto [value, gradients] = nabla::value_and_grad(loss, parameters);
    adam.step(gradients);  // the two lines in one: adam.minimize(loss)
    return value;
  });

  double loss = 0;
  for (int i = 0; i < 1000; ++i) loss = step(x, y).item();
  std::cout << "loss after 1000 steps: " << loss << "\npredictions: " << model(x) << "\n";
  return loss < 0.01 ? 0 : 1;
}
