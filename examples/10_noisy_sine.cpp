// A noisy sine: a network with early stopping, and its predictions as a CSV file.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numbers>

#include "nabla/nabla.h"

using namespace nabla;
using namespace nabla::nn;

int main() {
  const std::int64_t n = 400;
  const Tensor x = reshape(linspace(-1, 1, n), {n, 1});
  const Tensor sine = sin(std::numbers::pi * x);
  const Tensor y = sine + Generator(1).normal({n, 1}, 0, 0.1);
  const data::Dataset samples{.name = "sine", .inputs = x, .targets = y};
  const auto [train, test] = data::split(samples, 0.25, 1);

  const Sequential model{Dense(1, 32), tanh, Dense(32, 32), tanh, Dense(32, 1)};
  Trainer trainer(model, mean_squared_error, optim::Adam({.learning_rate = 0.01}));
  const History history = trainer.fit(
      train, {.epochs = 300, .validation = test, .callbacks = {EarlyStopping({.patience = 20})}});

  const Tensor prediction = model(x);
  const auto path = std::filesystem::temp_directory_path() / "nabla_noisy_sine.csv";
  std::ofstream csv(path);
  csv << "x,sample,prediction\n";
  for (std::int64_t i = 0; i < n; ++i) {
    csv << x[i].item() << "," << y[i].item() << "," << prediction[i].item() << "\n";
  }

  const double error = mean(square(prediction - sine)).item();
  std::cout << history.epochs.size() << " epochs, squared error " << error << ", written to "
            << path.string() << "\n";
  return csv.good() && error < 0.01 ? 0 : 1;  // the noise has 0.01
}
