// A network that tells ten kinds of clothing apart, in four lines. Where the images are not
// installed (Debian: dataset-fashion-mnist) it learns the digits that nabla carries.
#include <iostream>

#include "nabla/nabla.h"

namespace {

void train_on_fashion_mnist() {
  auto [train, test] = nabla::data::fashion_mnist();
  nabla::nn::Sequential model{nabla::nn::Dense(784, 128), nabla::nn::relu,
                              nabla::nn::Dense(128, 10)};
  nabla::Trainer trainer(model, nabla::nn::cross_entropy,
                         nabla::optim::Adam({.learning_rate = 1e-3}));
  auto history = trainer.fit(train, {.epochs = 5, .batch_size = 128, .validation = test});

  for (const nabla::EpochRecord& epoch : history.epochs) {
    std::cout << "epoch " << epoch.epoch << ": loss " << epoch.train_loss << ", test accuracy "
              << *epoch.validation_accuracy << "\n";
  }
}

// The same, written as one line of architecture and with an end when the test loss stops falling.
void train_on_digits() {
  const auto [train, test] = nabla::data::digits();
  const auto model = nabla::nn::make_model("dense(64) relu dropout(0.2) dense", {8, 8}, 10);
  nabla::Trainer trainer(model, nabla::nn::cross_entropy,
                         nabla::optim::Nesterov({.learning_rate = 0.05}));
  const auto history = trainer.fit(
      train,
      {.epochs = 100, .validation = test, .callbacks = {std::make_shared<nabla::EarlyStopping>()}});
  std::cout << history.stop_reason << "\ntest accuracy " << *trainer.evaluate(test).accuracy
            << "\n";
}

}  // namespace

int main() {
  try {
    train_on_fashion_mnist();
  } catch (const nabla::FileError& error) {
    std::cout << error.what() << "\n";
    train_on_digits();
  }
}
