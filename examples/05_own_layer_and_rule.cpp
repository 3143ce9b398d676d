// A layer and an update rule of one's own. Both are ordinary classes: they are captured, given
// gradients and saved in files like those of the library.
#include <iostream>

#include "nabla/nabla.h"

using nabla::Tensor;

namespace {

// Multiplies every input by a weight of its own: [batch, n] -> [batch, n].
class Scale : public nabla::nn::Layer {
 public:
  explicit Scale(std::int64_t width)
      : factor_(Tensor::from(std::vector<float>(static_cast<std::size_t>(width), 1), {width}),
                "factor") {}

  std::string text() const override { return "scale"; }
  Tensor forward(const Tensor& x) const override { return x * factor_.value(); }
  nabla::nn::Parts parts() const override { return {{"factor", factor_, nabla::nn::constant(1)}}; }

 private:
  nabla::State factor_;
};

// w -= eta sign(m), m = beta m + (1 - beta) g: every parameter moves by the same amount.
class SignDescent : public nabla::optim::Optimizer {
 public:
  explicit SignDescent(double learning_rate) : Optimizer("sign_descent", learning_rate, {"m"}) {}

 private:
  void update(const Variables& variables, const Tensor& gradient,
              const nabla::Tensors& coefficients) const override {
    const nabla::State& w = variables.parameter;
    const nabla::State& m = variables.slots[0];
    m.assign(0.9 * m.value() + 0.1 * gradient);
    w.assign(w.value() - coefficients[0] * sign(m.value()));
  }
};

}  // namespace

int main() {
  const auto [train, test] = nabla::data::digits();
  const nabla::nn::Sequential model{nabla::nn::Flatten(), Scale(64), nabla::nn::Dense(64, 32),
                                    nabla::nn::relu, nabla::nn::Dense(32, 10)};
  nabla::Trainer trainer(model, nabla::nn::cross_entropy, SignDescent(1e-3));
  trainer.fit(train, {.epochs = 10});

  const double accuracy = *trainer.evaluate(test).accuracy;
  std::cout << model.text() << ": test accuracy " << accuracy << "\n";
  return accuracy > 0.9 ? 0 : 1;
}
