// A layer and a loss of one's own: a polynomial whose coefficients are learned, by a loss that
// forgives an outlier. The coefficients without the outlier are 1, -2 and 3.
#include <iostream>

#include "nabla/nabla.h"

using namespace nabla;

namespace {

struct Polynomial : nn::Layer {
  State coefficients{zeros(3), "coefficients"};

  std::string text() const override { return "polynomial"; }
  nn::Parts parts() const override { return {{"coefficients", coefficients}}; }
  Tensor forward(const Tensor& x) const override {
    const Tensor c = coefficients.value();
    return c[0] + c[1] * x + c[2] * x * x;
  }
};

// |d| far out, d^2 / 2 near 0 (Huber, 1964).
Tensor huber(const Tensor& prediction, const Tensor& target) {
  const Tensor d = absolute(prediction - target);
  return mean(where(d < 0.1, 5 * d * d, d - 0.05));
}

}  // namespace

int main() {
  const Tensor x = reshape(linspace(-1, 1, 50), {50, 1});
  const Tensor outliers = where(x > 0.97, 10, zeros({50, 1}));
  const data::Dataset samples{
      .name = "polynomial", .inputs = x, .targets = 1 - 2 * x + 3 * x * x + outliers};

  const Polynomial model;
  Trainer trainer(model, huber, optim::Adam({.learning_rate = 0.01}));
  trainer.fit(samples, {.epochs = 2000, .batch_size = 0});

  const Tensor c = model.coefficients.value();
  std::cout << "coefficients " << c << "\n";
  return all(absolute(c - Tensor::from({1.0F, -2.0F, 3.0F})) < 0.05) ? 0 : 1;
}
