/// One training step, by an update rule or a minimiser.
#pragma once

#include <memory>

#include "nabla/autodiff/derivatives.h"
#include "nabla/data/dataset.h"
#include "nabla/nn/layer.h"
#include "nabla/nn/loss.h"
#include "nabla/optim/method.h"

namespace nabla {

/// What a trainer does with a batch.
class Step {
 public:
  virtual ~Step() = default;
  /// Takes a step on a batch {inputs, targets}; gives the loss before it.
  virtual double run(const Tensors& batch) = 0;
  /// The same on a whole data set, in chunks of bounded memory; only where takes_data_sets().
  virtual double run(const data::Dataset& dataset);
  /// Whether it wants the whole data set rather than batches of it.
  virtual bool takes_data_sets() const { return false; }
};

/// The step of a method. `shards` are the equal parts that a step of an update rule is made of; a
/// minimiser makes none. Throws ValueError for a number of shards that does not fit.
std::unique_ptr<Step> make_step(const nn::AnyLayer& model, const nn::Loss& loss,
                                const std::shared_ptr<optim::Method>& method, std::int64_t shards);

}  // namespace nabla
