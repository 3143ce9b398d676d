/// Whether the code that runs is training a model.
#pragma once

#include <optional>

namespace nabla {

/// While it lives, layers on this thread behave as in training (dropout drops, statistics are those
/// of the batch), or, given false, as in use. Trainer, evaluator and Optimizer::minimize open one
/// of their own; a training step written by hand must.
/// Outside of every scope models are in use. A captured function has a plan for each mode that it
/// is called in.
/// ```cpp
/// const nn::Dropout dropout(0.5);
/// const Tensor x = Tensor::from({1.0, 1.0}, {1, 2});
/// dropout(x);  // [[1, 1]]
/// const TrainingScope training;
/// const Tensor dropped = dropout(x);  // each 0 or 2
/// ```
class TrainingScope {
 public:
  /// Opens the scope on this thread.
  explicit TrainingScope(bool training = true);
  ~TrainingScope();
  TrainingScope(const TrainingScope&) = delete;
  TrainingScope& operator=(const TrainingScope&) = delete;

 private:
  std::optional<bool> before_;
};

/// What the innermost scope of this thread says; none where there is no scope.
std::optional<bool> training_scope();

/// Whether a layer is to behave as in training. Throws Error where a derivative by variables is
/// taken outside of every scope: the step would train a model that behaves as in use. `layer`, such
/// as "dropout", starts the message.
bool is_training(const char* layer);

}  // namespace nabla
