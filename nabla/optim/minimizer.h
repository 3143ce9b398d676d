/// Methods that look at the loss more than once in a step.
#pragma once

#include "nabla/base/defaults.h"
#include "nabla/base/options.h"
#include "nabla/optim/method.h"
#include "nabla/optim/objective.h"

namespace nabla::optim {

/// Decides in a loop of its own where the parameters go. To write one, derive from this.
class Minimizer : public Method {
 public:
  /// Moves the parameters of the objective to where it is smaller, or leaves them where it finds no
  /// such place. Gives the value before. Throws Error where that, or the gradient, is not finite.
  virtual double step(Objective& objective) = 0;

  void attach(const std::vector<State>& parameters) override;
  std::vector<State> parameters() const override { return parameters_; }

 protected:
  using Method::Method;
  /// Starts anew: sets the states of the derived class to what they are before the first step.
  virtual void reset() = 0;

 private:
  std::vector<State> parameters_;
};

/// Of LineSearch.
struct LineSearchOptions {
  double learning_rate = 1;
  double shrink = 0.5;
  double decrease = 1e-4;
  std::int64_t most_tries = 40;

  static const OptionTable<LineSearchOptions>& table();
};

/// Gradient descent with a backtracking line search: from w it tries w - a g, with a from
/// `learning_rate` on, or from twice (1 / shrink times) the step before where that is less, times
/// `shrink` until f(w - a g) <= f(w) - decrease a g^2 (Armijo, 1966). A place where the loss is not
/// finite is too far. Where no try is good enough, the parameters stay; where even the last went
/// too far, the next step tries shorter ones.
/// ```cpp
/// nn::Sequential model{nn::Dense(64, 10)};
/// Trainer trainer(model, nn::cross_entropy, optim::LineSearch({.learning_rate = 1}));
/// const History history = trainer.fit(data::digits().train, {.epochs = 2});
/// history.epochs[1].train_loss < history.epochs[0].train_loss;  // true
/// ```
class LineSearch : public Minimizer {
 public:
  /// Throws ValueError for an option out of its range.
  explicit LineSearch(LineSearchOptions options);
  explicit LineSearch(Defaults = {}) : LineSearch(LineSearchOptions{}) {}

  std::string text() const override;
  double step(Objective& objective) override;
  /// The learning rate, and "step": the last a, 0 before the first; where all went too far,
  /// `shrink` times what comes next.
  std::vector<State> states() const override { return {rate(), step_}; }

 private:
  void reset() override { step_.assign(Tensor(0.0)); }

  LineSearchOptions options_;
  State step_{Tensor(0.0), "step"};
};

/// A table of minimisers.
using MinimizerTable =
    EntryTable<std::shared_ptr<Minimizer>(const Term&, std::optional<double> learning_rate)>;
/// The minimisers that texts know.
const MinimizerTable& minimizer_table();

}  // namespace nabla::optim
