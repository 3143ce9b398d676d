// A model as a struct: three layers as members, put together by hand. It is trained, summarised,
// frozen and saved like every other.
#include <iostream>

#include "nabla/nabla.h"

namespace {

// f(x) = output(relu(hidden(x)) + skip(x)): [batch, 8, 8] -> [batch, 10]
struct SkipNetwork : nabla::nn::Layer {
  nabla::nn::Dense hidden{64, 32}, skip{64, 32}, output{32, 10};

  std::string text() const override { return "skip_network"; }
  nabla::nn::Parts parts() const override {
    return {{"hidden", hidden}, {"skip", skip}, {"output", output}};
  }
  nabla::Tensor forward(const nabla::Tensor& x) const override {
    const nabla::Tensor flat = reshape(x, {-1, 64});
    return output(relu(hidden(flat)) + skip(flat));
  }
};

}  // namespace

int main() {
  const auto [train, test] = nabla::data::digits();
  const SkipNetwork model;
  model.initialize(1);  // draws the first values of all three, by the seed
  nabla::Trainer trainer(model, nabla::nn::cross_entropy, nabla::optim::Adam());
  trainer.fit(train, {.epochs = 20});

  const double accuracy = *trainer.evaluate(test).accuracy;
  std::cout << summary_text(nabla::nn::summarize(model, {8, 8})) << "\ntest accuracy " << accuracy
            << "\n";
  return accuracy > 0.9 ? 0 : 1;
}
