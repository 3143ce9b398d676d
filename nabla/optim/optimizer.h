/// What all update rules share.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nabla/autodiff/derivatives.h"
#include "nabla/optim/method.h"

namespace nabla::optim {

/// Moves parameters against their gradients. To write an update rule, derive from this and say in
/// `update` what one parameter becomes; everything that a rule remembers is State, so that a step
/// can be captured, and saved.
/// ```cpp
/// const nn::Dense model(2, 1, {.initializer = nn::zero()});
/// optim::Adam adam({.learning_rate = 1e-3});
/// adam.attach(model.parameters());
/// const auto step = capture([&](const Tensor& x, const Tensor& y) {
///   return adam.minimize([&] { return nn::mean_squared_error(model(x), y); });
/// });
/// step(Tensor::from({1.0F, 2.0F}, {1, 2}), Tensor::from({3.0F}, {1, 1}));  // 9
/// ```
/// Copies of an optimizer share the learning rate, and what the last attach() made.
class Optimizer : public Method {
 public:
  /// Starts anew on these parameters: no steps taken, all memory 0. Where they are those that it
  /// has already, so do the steps that were captured on them; ones captured on others keep the
  /// memory that they had. The parameters, and each kind of memory, are put into one vector in this
  /// order; functions captured before follow them. Throws ValueError where a parameter stands
  /// twice. An error leaves all as it was.
  void attach(const std::vector<State>& parameters) override;
  std::vector<State> parameters() const override;

  /// Takes one step from the gradients of the parameters, at look_ahead() where the rule has that.
  /// Throws ShapeError, before anything changes, where there are more or fewer than parameters, or
  /// one has another shape or type than its parameter.
  void step(const Tensors& gradients);
  /// The value of a function that reads the parameters and its gradient, in a TrainingScope, taken
  /// at look_ahead() where the rule has that. Throws ValueError where the function depends on no
  /// parameter, or only through ops without derivatives, such as argmax.
  ValueAnd<Tensors> value_and_gradients(const std::function<Tensor()>& loss) const;
  /// Takes one step down a function that reads the parameters; gives its value before the step,
  /// where the gradient is taken: with Nesterov ahead of the parameters. Throws what
  /// value_and_gradients() throws.
  Tensor minimize(const std::function<Tensor()>& loss);

  /// All that it remembers from step to step: rate, number of steps, memory. Each has a name of its
  /// own: that of slot "m" of the first parameter is "m.1".
  std::vector<State> states() const override;

 protected:
  /// Each of the slots is a state beside each parameter, of its shape. A rule that asks for it gets
  /// the number of the step; the others need not pay for counting. Throws ValueError for a learning
  /// rate that is not among learning_rates.
  Optimizer(std::string_view name, double learning_rate, std::vector<std::string> slots,
            bool counts_steps = false);
  Optimizer(const Optimizer&) = default;
  Optimizer& operator=(const Optimizer&) = default;

  /// One parameter and its slots, in the order of the constructor.
  struct Variables {
    State parameter;
    std::vector<State> slots;
  };
  /// Numbers that all parameters share, f64, computed once in a step.
  struct Step {
    Tensor rate;   ///< the learning rate
    Tensor count;  ///< 1 in the first step; undefined where the rule does not count
  };
  /// What `update` needs of them: default, the rate. They come in the type of the parameter.
  virtual Tensors coefficients(const Step& step) const { return {step.rate}; }
  /// Assigns the variables their next values.
  virtual void update(const Variables& variables, const Tensor& gradient,
                      const Tensors& coefficients) const = 0;
  /// Where the gradient is taken; default: where the parameter is.
  virtual Tensor look_ahead(const Variables& variables) const {
    return variables.parameter.value();
  }

 private:
  std::vector<std::string> slots_;
  bool counts_steps_;
  State count_;
  std::vector<Variables> variables_;
};

}  // namespace nabla::optim
