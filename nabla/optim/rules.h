/// Update rules of first order. w is a parameter, g its gradient, eta the learning rate, t the
/// number of the step. All operations are element by element.
#pragma once

#include <optional>
#include <span>

#include "nabla/base/defaults.h"
#include "nabla/optim/optimizer.h"

#pragma GCC visibility push(hidden)
namespace nabla::optim {

struct SgdOptions {
  double learning_rate = 0.1;
};

/// Gradient descent, on the gradient of a batch: w -= eta g.
class Sgd : public Optimizer {
 public:
  /// Throws ValueError for an option outside of its range, as all rules do.
  explicit Sgd(SgdOptions options);
  explicit Sgd(Defaults = {}) : Sgd(SgdOptions{}) {}

 private:
  Tensors coefficients(const Step& step) const override;
  void update(const Variables& variables, const Tensor& g,
              const Tensors& coefficients) const override;
};

struct MomentumOptions {
  double learning_rate = 0.01;
  double momentum = 0.9;  ///< gamma, in [0, 1)
};

/// m = gamma m + eta g, w -= m (Polyak, 1964). A constant gradient moves w by eta g / (1 - gamma).
class Momentum : public Optimizer {
 public:
  explicit Momentum(MomentumOptions options);
  explicit Momentum(Defaults = {}) : Momentum(MomentumOptions{}) {}

 protected:
  Momentum(std::string_view name, MomentumOptions options);
  double gamma_;

 private:
  void update(const Variables& variables, const Tensor& g,
              const Tensors& coefficients) const override;
};

/// Momentum whose gradient is taken where the momentum alone would lead: g at w - gamma m
/// (Nesterov, 1983; this form: Sutskever, Martens, Dahl and Hinton, 2013). The parameters are w,
/// never the point ahead; minimize() takes care of it.
class Nesterov : public Momentum {
 public:
  explicit Nesterov(MomentumOptions options);
  explicit Nesterov(Defaults = {}) : Nesterov(MomentumOptions{}) {}

 private:
  Tensor look_ahead(const Variables& variables) const override;
};

struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;     ///< in [0, 1)
  double beta2 = 0.999;   ///< in [0, 1)
  double epsilon = 1e-8;  ///< above 0
};

/// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
/// w -= eta (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// (Kingma and Ba, 2015, algorithm 1).
class Adam : public Optimizer {
 public:
  explicit Adam(AdamOptions options);
  explicit Adam(Defaults = {}) : Adam(AdamOptions{}) {}

 private:
  Tensors coefficients(const Step& step) const override;
  void update(const Variables& variables, const Tensor& g,
              const Tensors& coefficients) const override;
  AdamOptions options_;
};

/// A rule that the command line knows by name.
struct RuleEntry {
  std::string_view name;
  std::string_view doc;
  double learning_rate;  ///< default
  std::shared_ptr<Optimizer> (*make)(double learning_rate);
};
std::span<const RuleEntry> rule_table();

/// The rule of that name, with this learning rate or its default. Throws ValueError for a name that
/// is not in the table.
std::shared_ptr<Optimizer> make_optimizer(std::string_view name,
                                          std::optional<double> learning_rate = {});

}  // namespace nabla::optim
#pragma GCC visibility pop
