/// Steps that are made of equal parts, each of which another process could compute.
#pragma once

#include "nabla/nn/layer.h"
#include "nabla/nn/loss.h"
#include "nabla/optim/optimizer.h"

namespace nabla {

/// What one shard of a batch gives: its part of the loss and of the gradients.
struct ShardResult {
  Tensor loss;
  Tensors gradients;
  Tensors kept;  ///< the states that are kept, not learned; floating ones times the shard's part
};

/// Computes shard `index` of `count`: the rows from index n / count to (index + 1) n / count, times
/// their part of the n samples. What the model keeps, such as running statistics, is as before. Its
/// random numbers are `index` times 2^48 further on in each
/// stream, so that they do not depend on which process computes what; it leaves the keys behind the
/// numbers that one shard takes. Throws ValueError for fewer rows than shards.
ShardResult run_shard(const nn::Layer& model, const nn::Loss& loss, optim::Optimizer& optimizer,
                      const Tensors& batch, std::int64_t index, std::int64_t count);

/// Adds results in a binary tree that depends on their number alone: the first half, the rest, and
/// then both. Kept states become their mean over the samples; integers, those of the first shard.
ShardResult add_shards(std::span<const ShardResult> results);

/// Updates the parameters, and gives the model the states that it keeps.
void finish_step(const nn::Layer& model, optim::Optimizer& optimizer, const ShardResult& sum);

/// One step of the optimizer on a batch {inputs, targets} that is cut into shards: run_shard for
/// each, add_shards, finish_step. Gives the loss.
Tensor step_in_shards(const nn::Layer& model, const nn::Loss& loss, optim::Optimizer& optimizer,
                      const Tensors& batch, std::int64_t count);

}  // namespace nabla
