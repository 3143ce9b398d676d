#include "nabla/train/shards.h"

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/shaping.h"

namespace nabla {
namespace {

std::vector<State> states_with(const nn::Layer& model, nn::Role role) {
  std::vector<State> found;
  for (const nn::NamedState& each : model.states()) {
    if (each.role == role) found.push_back(each.state);
  }
  return found;
}

Tensors values_of(const std::vector<State>& states) {
  Tensors values;
  values.reserve(states.size());
  for (const State& state : states) values.push_back(state.value());
  return values;
}

void assign(const std::vector<State>& states, const Tensors& values) {
  for (std::size_t i = 0; i < states.size(); ++i) states[i].assign(values[i]);
}

// Puts all keys of random numbers `blocks` further, and back.
class RandomOffset {
 public:
  RandomOffset(const nn::Layer& model, std::int64_t blocks)
      : offset_(Tensor::from<std::int64_t>({0, 0, blocks}, {3})),
        keys_(states_with(model, nn::Role::random)) {
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
  const std::vector<State> kept = states_with(model, nn::Role::kept);
  const Tensors kept_before = values_of(kept);
  const RandomOffset offset(model, index << 48);
  const auto [value, gradients] =
      optimizer.value_and_gradients([&] { return loss(model(inputs), targets) * part; });
  offset.take_back();
  ShardResult result{value, gradients, values_of(kept)};
  for (Tensor& each : result.kept) {
    if (is_floating(each.dtype())) each = each * part;
  }
  assign(kept, kept_before);
  return result;
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
  for (std::size_t i = 0; i < first.kept.size(); ++i) {
    if (is_floating(first.kept[i].dtype())) first.kept[i] = first.kept[i] + rest.kept[i];
  }
  return first;
}

void finish_step(const nn::Layer& model, optim::Optimizer& optimizer, const ShardResult& sum) {
  optimizer.step(sum.gradients);
  assign(states_with(model, nn::Role::kept), sum.kept);
}

Tensor step_in_shards(const nn::Layer& model, const nn::Loss& loss, optim::Optimizer& optimizer,
                      const Tensors& batch, std::int64_t count) {
  const std::vector<State> random = states_with(model, nn::Role::random);
  const Tensors keys = values_of(random);  // each shard starts from the same
  std::vector<ShardResult> results;
  for (std::int64_t i = 0; i < count; ++i) {
    assign(random, keys);
    results.push_back(run_shard(model, loss, optimizer, batch, i, count));
  }
  const ShardResult sum = add_shards(results);
  finish_step(model, optimizer, sum);
  return sum.loss;
}

}  // namespace nabla
