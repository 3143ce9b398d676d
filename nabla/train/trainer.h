/// Training a model on a data set.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "nabla/optim/optimizer.h"
#include "nabla/train/callback.h"
#include "nabla/train/evaluator.h"

#pragma GCC visibility push(hidden)
namespace nabla {

struct FitOptions {
  std::int64_t epochs = 1;                       ///< times through the data
  std::int64_t batch_size = 32;                  ///< samples in a step
  std::optional<data::Dataset> validation = {};  ///< judged after each epoch, never learned from
  std::uint64_t seed = 0;                        ///< chooses the order of the samples
  bool shuffle = true;                           ///< a new order each epoch
  std::vector<std::shared_ptr<Callback>> callbacks = {};
};

/// Fits a model to data by an optimizer, with captured steps:
///
///     Trainer trainer(model, nn::cross_entropy, optim::Adam({.learning_rate = 1e-3}));
///     History history = trainer.fit(train, {.epochs = 5, .validation = test});
///
/// The model that was given is the one that learns: they share parameters.
class Trainer {
 public:
  /// Throws ValueError where the loss or the optimizer is missing.
  Trainer(const nn::Sequential& model, nn::Loss loss, std::shared_ptr<optim::Optimizer> optimizer);
  template <std::derived_from<optim::Optimizer> Rule>
  Trainer(const nn::Sequential& model, nn::Loss loss, Rule rule)
      : Trainer(model, std::move(loss), std::make_shared<Rule>(std::move(rule))) {}
  Trainer(Trainer&&) = default;
  Trainer& operator=(Trainer&&) = default;

  /// Trains for some epochs; called again, goes on. The result depends on the model, the data and
  /// the options, never on the number of threads. Throws ValueError for options out of range, or
  /// where another trainer has taken the optimizer, ShapeError where data and model do not fit,
  /// what data::check throws, and Error, naming epoch and step, where the loss, or at the end
  /// of an epoch a parameter, is not finite, or where it is called within itself.
  History fit(const data::Dataset& train, const FitOptions& options = {});

  Evaluation evaluate(const data::Dataset& dataset) { return evaluator_.evaluate(dataset); }
  /// The model's results, f32 [samples, outputs]; for classes these are scores. Targets are not
  /// looked at and need not be there.
  Tensor predict(const data::Dataset& dataset) { return evaluator_.predict(dataset); }

  const nn::Sequential& model() const { return model_; }
  optim::Optimizer& optimizer() { return *optimizer_; }

 private:
  class Loop;

  nn::Sequential model_;
  std::shared_ptr<optim::Optimizer> optimizer_;
  std::vector<State> optimizer_states_;  // those that the captured steps use
  Evaluator evaluator_;
  Captured step_;
  std::int64_t epochs_done_ = 0;
  bool is_fitting_ = false;
};

}  // namespace nabla
#pragma GCC visibility pop
