/// Update rules of first order. w is a parameter, g its gradient, eta the learning rate, t the
/// number of the step. All operations are element by element.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "nabla/base/defaults.h"
#include "nabla/base/options.h"
#include "nabla/optim/optimizer.h"

namespace nabla::optim {

/// Of Sgd.
struct SgdOptions {
  double learning_rate = 0.1;

  static const OptionTable<SgdOptions>& table() {
    static const OptionTable<SgdOptions> options = {
        {"learning_rate", &SgdOptions::learning_rate, "eta, the size of a step", learning_rates}};
    return options;
  }
};

/// Gradient descent, on the gradient of a batch: w -= eta g.
/// ```cpp
/// const State w(Tensor(3.0));
/// optim::Sgd sgd({.learning_rate = 0.25});
/// sgd.attach({w});
/// sgd.minimize([&] { return square(w.value()); });  // 9
/// w.value();                                        // 1.5
/// ```
class Sgd : public Optimizer {
 public:
  /// Throws ValueError for an option outside of its range, as all rules do.
  explicit Sgd(SgdOptions options);
  explicit Sgd(Defaults = {}) : Sgd(SgdOptions{}) {}
  std::string text() const override { return SgdOptions::table().text(name(), options_); }

 private:
  Tensors coefficients(const Step& step) const override;
  void update(const Variables& variables, const Tensor& g,
              const Tensors& coefficients) const override;
  SgdOptions options_;
};

/// Of Momentum and Nesterov.
struct MomentumOptions {
  double learning_rate = 0.01;
  double momentum = 0.9;

  static const OptionTable<MomentumOptions>& table() {
    using O = MomentumOptions;
    static const OptionTable<O> options = {
        {"learning_rate", &O::learning_rate, "eta, the size of a step", learning_rates},
        {"momentum", &O::momentum, "gamma, how much of the last move stays", fraction}};
    return options;
  }
};

/// m = gamma m + eta g, w -= m (Polyak, 1964). A constant gradient moves w by eta g / (1 - gamma).
/// ```cpp
/// const State w(Tensor(1.0));
/// optim::Momentum momentum({.learning_rate = 0.5, .momentum = 0.5});
/// momentum.attach({w});
/// for (int i = 0; i < 2; ++i) momentum.step({Tensor(1.0)});
/// w.value();  // -0.25
/// ```
class Momentum : public Optimizer {
 public:
  /// Throws ValueError for an option outside of its range.
  explicit Momentum(MomentumOptions options);
  explicit Momentum(Defaults = {}) : Momentum(MomentumOptions{}) {}
  std::string text() const override { return MomentumOptions::table().text(name(), options_); }

 protected:
  Momentum(std::string_view name, MomentumOptions options);
  /// The option `momentum`.
  double gamma() const { return options_.momentum; }

 private:
  void update(const Variables& variables, const Tensor& g,
              const Tensors& coefficients) const override;
  MomentumOptions options_;
};

/// Momentum whose gradient is taken where the momentum alone would lead: g at w - gamma m
/// (Nesterov, 1983; this form: Sutskever, Martens, Dahl and Hinton, 2013). The parameters are w,
/// never the point ahead; minimize() takes care of it.
/// ```cpp
/// optim::Nesterov nesterov({.learning_rate = 0.01, .momentum = 0.9});
/// nesterov.text();  // "nesterov"
/// ```
class Nesterov : public Momentum {
 public:
  /// Throws ValueError for an option outside of its range.
  explicit Nesterov(MomentumOptions options);
  explicit Nesterov(Defaults = {}) : Nesterov(MomentumOptions{}) {}

 private:
  Tensor look_ahead(const Variables& variables) const override;
};

/// Of Adam.
struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;

  static const OptionTable<AdamOptions>& table() {
    using O = AdamOptions;
    static const OptionTable<O> options = {
        {"learning_rate", &O::learning_rate, "eta, about as far as a step goes", learning_rates},
        {"beta1", &O::beta1, "how much of the mean of gradients stays in a step", fraction},
        {"beta2", &O::beta2, "how much of the mean of their squares stays", fraction},
        // The correction of the first steps makes it smaller, and it must not become 0 in f32.
        {"epsilon", &O::epsilon, "added to the root, against a division by 0", at_least(1e-30)}};
    return options;
  }
};

/// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
/// w -= eta (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// (Kingma and Ba, 2015, algorithm 1).
/// ```cpp
/// const State w(Tensor(1.0));
/// optim::Adam adam({.learning_rate = 0.125});
/// adam.attach({w});
/// adam.step({Tensor(1000.0)});  // the first step is the learning rate, whatever the gradient
/// w.value();                    // 0.8750
/// ```
class Adam : public Optimizer {
 public:
  /// Throws ValueError for an option outside of its range.
  explicit Adam(AdamOptions options);
  explicit Adam(Defaults = {}) : Adam(AdamOptions{}) {}
  std::string text() const override { return AdamOptions::table().text(name(), options_); }

 private:
  Tensors coefficients(const Step& step) const override;
  void update(const Variables& variables, const Tensor& g,
              const Tensors& coefficients) const override;
  AdamOptions options_;
};

/// A rule that texts know by name, made from its options, with this learning rate instead of theirs
/// where there is one.
using RuleEntry =
    Entry<std::shared_ptr<Optimizer>(const Term&, std::optional<double> learning_rate)>;
/// A table of update rules.
using RuleTable =
    EntryTable<std::shared_ptr<Optimizer>(const Term&, std::optional<double> learning_rate)>;
/// The update rules that texts know.
const RuleTable& rule_table();

/// The rule of a text such as "adam(learning_rate=3e-4, beta1=0.8)"; the learning rate can be given
/// beside it instead. Throws SyntaxError for a text that is none, an option that is unknown or out
/// of its range, and for two learning rates; ValueError for the one beside the text.
/// ```cpp
/// const auto adam = optim::make_optimizer("adam(learning_rate=3e-4, beta1=0.8)");
/// adam->learning_rate();  // 0.0003
/// ```
std::shared_ptr<Optimizer> make_optimizer(std::string_view text,
                                          std::optional<double> learning_rate = {});

}  // namespace nabla::optim
