// A replay allocates nothing: what new, malloc and their like give is counted.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "nabla/nn/layer.h"
#include "nabla/nn/loss.h"
#include "nabla/nn/sequential.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/random.h"
#include "nabla/optim/rules.h"
#include "nabla/plan/capture.h"
#include "nabla/train/trainer.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {
std::atomic<long> allocations{0};
}

// These stand in for the C library's, in the whole test program.
extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT
void* __libc_realloc(void* block, std::size_t size);             // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  ++allocations;
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
}

namespace nabla {
namespace {

// Allocations in a hundred training steps of a network on batches that lie at different places.
long allocations_of_steps(nn::Sequential model, const Tensors& batches, const Tensor& labels) {
  optim::Adam adam({.learning_rate = 1e-3});
  adam.attach(model.parameters());
  Captured step([&](const Tensors& in) -> Tensors {
    return {adam.minimize([&] { return nn::cross_entropy(model(in[0]), in[1]); })};
  });
  std::vector<Tensors> inputs;
  for (const Tensor& batch : batches) inputs.push_back({batch, labels});
  for (const Tensors& in : inputs) step(in);
  const long before = allocations;
  for (std::size_t i = 0; i < 100; ++i) step(inputs[i % inputs.size()]);
  return allocations - before;
}

TEST(Replay, AllocatesNothing) {
  Generator generator(1);
  const Tensors batches = {generator.uniform({32, 60}), generator.uniform({32, 60})};
  const Tensor labels = cast(generator.uniform({32}, 0, 5), DType::i64);
  EXPECT_EQ(allocations_of_steps(nn::Sequential{nn::Dense(60, 70), nn::relu, nn::Dense(70, 5)},
                                 batches, labels),
            0);
}

TEST(Replay, OfATinyNetworkAllocatesNothing) {
  Generator generator(1);
  const Tensors batches = {generator.uniform({4, 2}), generator.uniform({4, 2})};
  const Tensor labels = Tensor::from<std::int64_t>({0, 1, 1, 0}, {4});
  EXPECT_EQ(allocations_of_steps(nn::Sequential{nn::Dense(2, 16), nn::tanh, nn::Dense(16, 2)},
                                 batches, labels),
            0);
}

// Nor does Trainer allocate for a step: an epoch of many steps takes as much as one of few.
TEST(Replay, UnderATrainerAllocatesNothing) {
  struct Nothing : Callback {};
  Generator generator(1);
  const FitOptions options = {.batch_size = 4, .callbacks = {std::make_shared<Nothing>()}};
  const auto allocations_of_epoch = [&](std::int64_t steps) {
    const data::Dataset points = {.name = "points",
                                  .inputs = generator.uniform({4 * steps, 2}),
                                  .targets = generator.uniform({4 * steps, 1}),
                                  .class_names = {}};
    Trainer trainer(nn::Sequential{nn::Dense(2, 16), nn::tanh, nn::Dense(16, 1)},
                    nn::mean_squared_error, optim::Sgd({.learning_rate = 0.01}));
    trainer.fit(points, options);
    const long before = allocations;
    trainer.fit(points, options);
    return allocations - before;
  };
  EXPECT_EQ(allocations_of_epoch(100), allocations_of_epoch(1000));
}

// The count itself works.
TEST(Replay, TheCountSeesAllocations) {
  const long before = allocations;
  const std::vector<float> memory(100000);
  EXPECT_GT(allocations, before);
  EXPECT_EQ(memory.size(), 100000U);
}

}  // namespace
}  // namespace nabla

#endif
