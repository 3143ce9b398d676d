/// Training a model on a data set.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "nabla/optim/minimizer.h"
#include "nabla/optim/optimizer.h"
#include "nabla/train/callback.h"
#include "nabla/train/checkpoint.h"
#include "nabla/train/evaluator.h"
#include "nabla/train/progress_bar.h"
#include "nabla/train/run_record.h"
#include "nabla/train/step.h"

namespace nabla {

/// How Trainer::fit() trains.
struct FitOptions {
  std::int64_t epochs = 1;       ///< times through the data
  std::int64_t batch_size = 32;  ///< samples in a step; 0: all
  /// Equal parts of a step, each of which another process could compute (train/shards.h).
  std::int64_t shards = 1;
  std::optional<data::Dataset> validation = {};  ///< judged after each epoch, never learned from
  std::uint64_t seed = 0;                        ///< chooses the order of the samples
  bool shuffle = true;                           ///< a new order each epoch
  /// EarlyStopping({.patience = 5}), or pointers.
  std::vector<AnyCallback> callbacks = {};
  CheckpointOptions checkpoint = {};
};

/// Fits a model to data by an update rule, with captured steps, or by a minimiser.
/// The model that was given is the one that learns: they share parameters.
/// ```cpp
/// const auto [train, test] = data::digits();
/// const nn::Sequential model{nn::Dense(64, 32), nn::relu, nn::Dense(32, 10)};
/// Trainer trainer(model, nn::cross_entropy, optim::Adam({.learning_rate = 1e-2}));
/// const History history = trainer.fit(train, {.epochs = 3, .validation = test});
/// history.epochs.size();                // 3
/// *trainer.evaluate(test).accuracy > 0.9;  // true
/// trainer.predict(test).shape()[1];     // 10
/// ```
class Trainer {
 public:
  /// The model is any layer: parameters that are frozen stay as they are. Throws ValueError where
  /// the model, the loss or the optimizer is missing.
  Trainer(const nn::AnyLayer& model, nn::Loss loss, std::shared_ptr<optim::Method> method);
  template <class M>
  Trainer(const nn::AnyLayer& model, nn::Loss loss, M method)
      : Trainer(model, std::move(loss), shared(std::move(method))) {}
  Trainer(const nn::AnyLayer& model, nn::Loss loss) = delete;  // give a rule: optim::Adam()
  Trainer(Trainer&&) noexcept = default;
  Trainer& operator=(Trainer&&) noexcept = default;

  /// Trains for some epochs; called again, goes on. The result depends on the model, the data and
  /// the options, never on the number of threads. Throws ValueError for options out of range, or
  /// where another trainer has taken the optimizer, parameters were frozen since, by a callback,
  /// too, or there is nothing to learn, ShapeError where data and model do not fit, what
  /// data::check throws, and Error, naming epoch and step, where the loss, or at the end of an
  /// epoch a parameter, is not finite, or where it is called within itself.
  History fit(const data::Dataset& train, const FitOptions& options = {});

  /// Loss and accuracy on a data set; nothing is learned. Throws what Evaluator does.
  Evaluation evaluate(const data::Dataset& dataset) { return evaluator_.evaluate(dataset); }
  /// The model's results, f32 [samples, outputs]; for classes these are scores. Targets are not
  /// looked at and need not be there.
  Tensor predict(const data::Dataset& dataset) { return evaluator_.predict(dataset); }

  /// The model that learns.
  const nn::Layer& model() const { return *model_; }
  /// How it learns.
  optim::Method& method() { return *method_; }
  /// Epochs that are done, by all calls of fit; of a run that goes on those before, too.
  std::int64_t epochs_done() const { return epochs_done_; }

  /// Goes on where a checkpoint of the same model and method stands (CheckpointOptions): the next
  /// fit(), with the same data and options, ends with the bits of a run that was never stopped. Its
  /// `epochs` are those that are left, with the one that was begun (then at least 1); its History
  /// has those before. Throws FileError, which starts with `source` (a path), where the checkpoint
  /// does not fit; the trainer is then as it was.
  void resume(const TensorFile& checkpoint, const std::string& source);

 private:
  template <class M>
  static std::shared_ptr<optim::Method> shared(M method) {
    if constexpr (std::derived_from<M, optim::Method>) {
      return std::make_shared<M>(std::move(method));
    } else if constexpr (std::convertible_to<M, std::shared_ptr<optim::Method>>) {
      return method;
    } else {
      static_assert(never<M>, "the third argument is an update rule such as optim::Adam()");
    }
  }
  class Loop;
  struct Resumed {
    RunRecord record;
    TensorFile file;
    std::string source;
  };

  // Throws where the method does not have the parameters that are to be learned.
  void check_parameters() const;
  // The states, and what they belong to.
  TensorFile record() const;

  nn::AnyLayer model_;
  nn::Loss loss_;
  std::shared_ptr<optim::Method> method_;
  std::vector<State> method_states_;  // those that the captured steps use
  Evaluator evaluator_;
  std::unique_ptr<Step> step_;
  std::int64_t shards_ = 1;  // of step_
  std::int64_t epochs_done_ = 0;
  std::optional<Resumed> resumed_;  // until the next fit
  bool is_fitting_ = false;
};

}  // namespace nabla
