// A trained model in a file, and back: who loads it need not know its layers. Where the images are
// not installed (Debian: dataset-fashion-mnist), the digits that nabla carries do.
#include <cstdio>
#include <iostream>

#include "nabla/nabla.h"

namespace {

nabla::data::Split load_images() {
  try {
    return nabla::data::fashion_mnist();
  } catch (const nabla::FileError& error) {
    std::cout << error.what() << "\n";
    return nabla::data::digits();
  }
}

}  // namespace

int main() {
  const auto [train, test] = load_images();
  const auto model = nabla::nn::make_model("dense(32) relu dense", train.sample_shape(), 10);
  nabla::Trainer trainer(model, nabla::nn::cross_entropy, nabla::optim::Adam());
  trainer.fit(train, {.epochs = 1, .batch_size = 128});

  nabla::save_model("clothes.safetensors", model, train);
  const nabla::ModelFile saved = nabla::load_model("clothes.safetensors");
  const nabla::Tensor scores = saved.predict(test);  // f32 [samples, 10]
  std::remove("clothes.safetensors");

  const std::int64_t first = nabla::argmax(scores, 1)[0].to_vector<std::int64_t>()[0];
  std::cout << saved.info.architecture << ": the first image is "
            << saved.info.class_names[static_cast<std::size_t>(first)] << "\n";
  return nabla::all(scores == trainer.predict(test)) ? 0 : 1;  // the same to the bit
}
