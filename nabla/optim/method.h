/// What update rules and minimisers share.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nabla/base/options.h"
#include "nabla/graph/state.h"

namespace nabla::optim {

/// What a learning rate can be: f32 has it, and does not count it as 0.
inline constexpr Range learning_rates = {.least = std::numeric_limits<float>::min(),
                                         .most = std::numeric_limits<float>::max(),
                                         .words = "above 0, also in f32"};

/// A way to make a loss smaller: an update rule (Optimizer), which turns a gradient into a step, or
/// a Minimizer, which looks at the loss as often as it likes. Everything that it remembers from
/// step to step is State.
class Method {
 public:
  virtual ~Method() = default;

  /// What texts call it: "adam".
  const std::string& name() const { return name_; }
  /// The one way to write it, "adam(beta1=0.8)", with the options that it was made with; default:
  /// its name.
  virtual std::string text() const { return name_; }

  /// Starts anew on these parameters: no steps taken, all memory 0. Throws ValueError where one
  /// stands twice. An error leaves all as it was.
  virtual void attach(const std::vector<State>& parameters) = 0;
  /// What it was attached to last.
  virtual std::vector<State> parameters() const = 0;

  /// How far a step goes; of a minimiser: how far it tries at first.
  double learning_rate() const { return learning_rate_.value().item(); }
  /// Counts from the next step on, captured or not. Throws ValueError for one that is not
  /// among learning_rates.
  void set_learning_rate(double rate);

  /// All that it remembers from step to step, the learning rate first, each with a name of its own.
  virtual std::vector<State> states() const = 0;

 protected:
  /// Throws ValueError for a learning rate that is not among learning_rates.
  Method(std::string_view name, double learning_rate);
  Method(const Method&) = default;
  Method& operator=(const Method&) = default;

  /// The learning rate, f64.
  const State& rate() const { return learning_rate_; }

 private:
  std::string name_;
  State learning_rate_;
};

/// Throws SyntaxError where a term gives a learning rate, and there is one beside it, too.
void check_one_rate(const Term& term, std::optional<double> learning_rate);

/// Throws ValueError, which starts with `who`, where a parameter stands twice.
void check_distinct(std::string_view who, const std::vector<State>& parameters);

}  // namespace nabla::optim
