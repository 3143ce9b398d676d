#include "nabla/train/shards.h"

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/shaping.h"

namespace nabla {
namespace {

// Puts all keys of random numbers `blocks` further, and back.
class RandomOffset {
 public:
  RandomOffset(const nn::Layer& model, std::int64_t blocks)
      : offset_(Tensor::from<std::int64_t>({0, 0, blocks}, {3})) {
    for (const nn::NamedState& each : model.states()) {
      if (each.role == nn::Role::random) keys_.push_back(each.state);
    }
    for (const State& key : keys_) key.assign(key.value() + offset_);
  }
  void take_back() const {
    for (const State& key : keys_) key.assign(key.value() - offset_);
  }

 private:
  Tensor offset_;
  std::vector<State> keys_;
};

}  // namespace

ShardResult run_shard(const nn::Layer& model, const nn::Loss& loss, optim::Optimizer& optimizer,
                      const Tensors& batch, std::int64_t index, std::int64_t count) {
  const std::int64_t samples = batch[0].shape()[0];
  if (samples < count) {
    throw ValueError(str("shards: ", samples, " samples in a batch for ", count,
                         " shards: expected at least one each"));
  }
  const std::int64_t begin = index * samples / count;
  const std::int64_t end = (index + 1) * samples / count;
  const Tensor inputs = slice(batch[0], {{.start = begin, .stop = end}});
  const Tensor targets = slice(batch[1], {{.start = begin, .stop = end}});
  const double part = static_cast<double>(end - begin) / static_cast<double>(samples);
  const RandomOffset offset(model, index << 48);
  const auto [value, gradients] =
      optimizer.value_and_gradients([&] { return loss(model(inputs), targets) * part; });
  offset.take_back();
  return {value, gradients};
}

ShardResult add_shards(std::span<const ShardResult> results) {
  if (results.size() == 1) return results[0];
  const std::size_t half = results.size() / 2;
  ShardResult first = add_shards(results.first(half));
  const ShardResult rest = add_shards(results.subspan(half));
  first.loss = first.loss + rest.loss;
  for (std::size_t i = 0; i < first.gradients.size(); ++i) {
    first.gradients[i] = first.gradients[i] + rest.gradients[i];
  }
  return first;
}

Tensor step_in_shards(const nn::Layer& model, const nn::Loss& loss, optim::Optimizer& optimizer,
                      const Tensors& batch, std::int64_t count) {
  std::vector<Tensor> keys;  // each shard starts from the same
  std::vector<State> random;
  for (const nn::NamedState& each : model.states()) {
    if (each.role != nn::Role::random) continue;
    random.push_back(each.state);
    keys.push_back(each.state.value());
  }
  std::vector<ShardResult> results;
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < keys.size(); ++k) random[k].assign(keys[k]);
    results.push_back(run_shard(model, loss, optimizer, batch, i, count));
  }
  const ShardResult sum = add_shards(results);
  optimizer.step(sum.gradients);
  return sum.loss;
}

}  // namespace nabla
