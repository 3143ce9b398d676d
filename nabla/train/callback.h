/// The history of a training run, and callbacks.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nabla/base/defaults.h"
#include "nabla/base/error.h"
#include "nabla/io/safetensors.h"
#include "nabla/nn/layer.h"
#include "nabla/optim/method.h"

namespace nabla {

/// How one epoch went.
struct EpochRecord {
  std::int64_t epoch = 0;  ///< counted from 1
  /// Mean over the samples, each before its update, where the gradient is taken.
  double train_loss = 0;
  std::optional<double> validation_loss;      ///< where there are validation data
  std::optional<double> validation_accuracy;  ///< where these have classes
  double seconds = 0;                         ///< without validation
  double samples_per_second = 0;
};

/// What fit() gives back: how training went.
struct History {
  std::vector<EpochRecord> epochs;
  std::string stop_reason;  ///< empty: all epochs were done
};

/// Where training stands.
struct Progress {
  const nn::Layer& model;
  optim::Method& method;     ///< its learning rate can be changed
  std::int64_t epochs = 0;   ///< the last one to come
  std::int64_t batches = 0;  ///< in an epoch
  std::int64_t epoch = 0;    ///< counted from 1
  std::int64_t batch = 0;    ///< how many of them are done
  double loss = 0;           ///< of the last batch
  std::string stop_reason;

  /// Asks for an end as soon as the running step is done: the trainer writes a checkpoint, where it
  /// has a path for one, and fit() throws Interrupted.
  void interrupt() { is_interrupted = true; }
  bool is_interrupted = false;

  /// Ends training after the running batch; the epoch still gets its record, unless none of its
  /// batches has run. `reason` becomes History::stop_reason; an empty one is replaced.
  void stop(std::string reason) {
    stop_reason = reason.empty() ? "stopped by a callback" : std::move(reason);
  }
};

/// A callback has asked for an end. The model is in the middle of its training; the epoch that was
/// begun counts as done for another fit(), and only a checkpoint goes on within it.
class Interrupted : public Error {
  using Error::Error;
};

/// Looks on while a model is trained. An error, such as a loss that is not finite, ends training at
/// once; it comes out of fit() when all have been told of the end.
/// ```cpp
/// struct Halving : Callback {
///   void on_epoch_begin(Progress& progress) override {
///     optim::Method& method = progress.method;
///     if (progress.epoch > 1) method.set_learning_rate(method.learning_rate() / 2);
///   }
/// };
/// const nn::Sequential model{nn::Dense(64, 10)};
/// Trainer trainer(model, nn::cross_entropy, optim::Sgd({.learning_rate = 0.1}));
/// trainer.fit(data::digits().train, {.epochs = 2, .callbacks = {std::make_shared<Halving>()}});
/// trainer.method().learning_rate();  // 0.05
/// ```
class Callback {
 public:
  virtual ~Callback() = default;
  /// Before the first step.
  virtual void on_fit_begin(Progress&) {}
  /// Before the first step of an epoch.
  virtual void on_epoch_begin(Progress&) {}
  /// Before a step.
  virtual void on_batch_begin(Progress&) {}
  /// Behind a step, with its loss.
  virtual void on_batch_end(Progress&) {}
  /// Behind an epoch, and its validation.
  virtual void on_epoch_end(Progress&, const EpochRecord&) {}
  /// Called for each whose on_fit_begin has returned, also after an error of training or of another
  /// callback. What it throws comes out of fit() when all have been called, unless there was an
  /// error before.
  virtual void on_fit_end(Progress&) {}

  /// What it remembers of the run, for checkpoints. Default: nothing.
  virtual TensorFile memory() const { return {}; }
  /// Called behind on_fit_begin() of a run that goes on, with the same tensors and texts, or with
  /// nothing. Throws ValueError where they are of another callback; default: for all but nothing.
  virtual void restore(const TensorFile& memory);
};

/// A callback as FitOptions takes it: by value, which copies it, or by pointer.
struct AnyCallback {
  /// Of a callback, of a pointer to one, or of nothing.
  template <std::derived_from<Callback> C>
  AnyCallback(const C& callback_)  // NOLINT(google-explicit-constructor)
      : callback(std::make_shared<C>(callback_)) {}
  template <std::derived_from<Callback> C>
  AnyCallback(std::shared_ptr<C> callback_)  // NOLINT(google-explicit-constructor)
      : callback(std::move(callback_)) {}
  AnyCallback(std::nullptr_t) {}  // NOLINT(google-explicit-constructor)
  template <class T>
  AnyCallback(const T&) {  // NOLINT(google-explicit-constructor)
    static_assert(never<T>, "callbacks are such as EarlyStopping({.patience = 5})");
  }

  Callback* operator->() const { return callback.get(); }
  explicit operator bool() const { return callback != nullptr; }

  std::shared_ptr<Callback> callback;
};

/// A value of an EpochRecord that EarlyStopping looks at.
enum class Monitor { validation_loss, validation_accuracy, train_loss };

/// Of EarlyStopping.
struct EarlyStoppingOptions {
  Monitor monitor = Monitor::validation_loss;
  std::int64_t patience = 3;  ///< epochs without a better value, after which training stops
  double min_delta = 0;       ///< by how much a value must be better to count
  /// Give the model, in the end, what it had learned in the best epoch.
  bool restore_best = true;
};

/// Stops when the model no longer gets better. Where a run that it has stopped goes on all the
/// same, the best epoch stays, and the patience counts from there.
/// ```cpp
/// const auto [train, test] = data::digits();
/// const nn::Sequential model{nn::Dense(64, 10)};
/// Trainer trainer(model, nn::cross_entropy, optim::Adam());
/// const auto stopping = std::make_shared<EarlyStopping>(EarlyStoppingOptions{.patience = 2});
/// trainer.fit(train, {.epochs = 5, .validation = test, .callbacks = {stopping}});
/// ```
class EarlyStopping : public Callback {
 public:
  /// Throws ValueError for a patience below 1 or a negative min_delta.
  explicit EarlyStopping(EarlyStoppingOptions options);
  explicit EarlyStopping(Defaults = {}) : EarlyStopping(EarlyStoppingOptions{}) {}

  void on_fit_begin(Progress& progress) override;
  /// Throws ValueError where the monitored value is not known.
  void on_epoch_end(Progress& progress, const EpochRecord& record) override;
  void on_fit_end(Progress& progress) override;
  TensorFile memory() const override;
  /// Throws ValueError where it is of another model, of other options, or of another callback.
  void restore(const TensorFile& memory) override;

 private:
  EarlyStoppingOptions options_;
  std::vector<State> restorable_;  // what is learned or kept
  std::optional<double> best_cost_;
  std::int64_t best_epoch_ = 0;
  std::int64_t patient_since_ = 0;  // the best epoch; or, of a run that goes on, that of its stop
  std::vector<Tensor> best_;        // values of them
};

}  // namespace nabla
