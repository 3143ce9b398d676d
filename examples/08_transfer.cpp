// Transfer: a network learns five kinds of clothing, and what it learned helps to tell five others
// apart from one image each. The new network loads the trained body, frozen, and learns a head of
// its own; one of the same shape that learns all from scratch stands beside it.
#include <cstdio>
#include <iostream>

#include "nabla/nabla.h"

namespace {

// Related kinds: a coat for a pullover, a sneaker for an ankle boot.
const std::vector<std::int64_t> first_classes = {1, 3, 4, 5, 7};
const std::vector<std::int64_t> other_classes = {0, 2, 6, 8, 9};

nabla::nn::Sequential make_network(const nabla::data::Dataset& data) {
  return nabla::nn::make_model("body:[dense(128) relu] head:dense", data.sample_shape(), 5);
}

double train_and_test(const nabla::nn::Sequential& model, const nabla::data::Dataset& train,
                      const nabla::data::Dataset& test, std::int64_t epochs, double learning_rate) {
  nabla::Trainer trainer(model, nabla::nn::cross_entropy,
                         nabla::optim::Adam({.learning_rate = learning_rate}));
  trainer.fit(train, {.epochs = epochs});
  return *trainer.evaluate(test).accuracy;
}

// Returns whether the frozen body did better.
bool compare() {
  const auto [train, test] = nabla::data::fashion_mnist();
  const auto first = select_classes(train, first_classes);
  const auto teacher = make_network(first);
  std::cout << "five classes, " << first.size() << " images: accuracy "
            << train_and_test(teacher, first, select_classes(test, first_classes), 2, 1e-3) << "\n";
  nabla::save_model("teacher.safetensors", teacher, nabla::describe(teacher, first));

  const auto others = select_classes(train, other_classes);
  const auto other_test = select_classes(test, other_classes);
  constexpr int tries = 10;  // with other images each: single tries differ by several percent
  double transferred = 0;
  double from_scratch = 0;
  for (std::uint64_t seed = 0; seed < tries; ++seed) {
    const auto few = sample_per_class(others, 1, seed);
    const auto model = make_network(few);
    nabla::load_part("teacher.safetensors", model, {.from = "body.*"});
    model.freeze("body.*");
    transferred += train_and_test(model, few, other_test, 200, 1e-2) / tries;
    from_scratch += train_and_test(make_network(few), few, other_test, 100, 1e-3) / tries;
  }
  std::remove("teacher.safetensors");
  std::cout << "the other five, one image each: accuracy " << transferred
            << " with the body frozen, " << from_scratch << " from scratch\n";
  return transferred > from_scratch;
}

}  // namespace

int main() {
  try {
    return compare() ? 0 : 1;
  } catch (const nabla::FileError& error) {
    std::cout << error.what() << "\n";  // how to get the images
  }
}
