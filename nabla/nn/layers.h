/// The simple layers.
#pragma once

#include <optional>

#include "nabla/base/options.h"
#include "nabla/nn/layer.h"
#include "nabla/ops/elementwise.h"

namespace nabla::nn {

/// How a Dense layer is made.
struct DenseOptions {
  bool bias = true;
  /// First weights; biases start at 0.
  Initializer initializer = glorot_uniform();
};

/// How texts give a Dense layer.
struct DenseText {
  std::optional<std::int64_t> width = {};  ///< none: what the data need
  bool bias = true;
  Initializer initializer = glorot_uniform();

  static const OptionTable<DenseText>& table();
};

/// x W + b: every output is a weighted sum of all inputs. x [batch, ...] is taken as [batch, in],
/// W is [in, out], b [out].
/// ```cpp
/// const nn::Dense layer(2, 3, {.initializer = nn::constant(0.5)});
/// layer(Tensor::from({1.0F, 2.0F}, {1, 2}));  // [[1.5, 1.5, 1.5]]
/// ```
class Dense : public Layer {
 public:
  /// Throws ValueError for a width below 1, and where the initializer is missing.
  Dense(std::int64_t in, std::int64_t out, DenseOptions options = {});
  explicit Dense(std::int64_t) = delete;  // takes both widths: Dense(inputs, outputs)

  std::string text() const override;
  /// Throws ShapeError for samples that have not `in` numbers.
  Tensor forward(const Tensor& x) const override;
  /// "weight" and "bias".
  Parts parts() const override;

 private:
  std::int64_t in_;
  std::int64_t out_;
  Initializer initializer_;
  State weight_;
  State bias_;  // undefined: none
};

/// A function of each element for itself.
/// ```cpp
/// const nn::Activation cube("cube", [](const Tensor& x) { return power(x, 3); });
/// cube(Tensor(2.0));                  // 8
/// nn::relu(Tensor(-2.0));             // 0
/// nn::leaky_relu(0.1)(Tensor(-2.0));  // -0.2
/// nn::elu()(Tensor(-1.0));            // -0.6321
/// ```
class Activation : public Layer {
 public:
  /// What it computes, [batch, ...] -> [batch, ...].
  using Function = std::function<Tensor(const Tensor&)>;
  /// Throws ValueError where the function is missing.
  Activation(std::string text, Function function);

  std::string text() const override { return text_; }
  Tensor forward(const Tensor& x) const override { return function_(x); }
  /// Whether both compute the same, as far as their texts and kinds of functions tell.
  bool is_same(const Activation& other) const;

 private:
  std::string text_;
  Function function_;
};

// These functions are layers, too: Sequential{Dense(2, 16), relu, Dense(16, 1)}.
Tensor identity(const Tensor& x);  ///< x
using nabla::relu;
using nabla::sigmoid;
using nabla::softplus;
using nabla::tanh;

/// How texts give leaky_relu().
struct LeakyReluOptions {
  double slope = 0.1;
  static const OptionTable<LeakyReluOptions>& table();
};
/// x where x > 0, else slope x; the derivative at 0 is the slope. Throws ValueError for a slope
/// that is not finite, or beyond +-1e15.
Activation leaky_relu(double slope = LeakyReluOptions{}.slope);
inline Activation leaky_relu(LeakyReluOptions options) { return leaky_relu(options.slope); }

/// How texts give elu().
struct EluOptions {
  double alpha = 1;
  static const OptionTable<EluOptions>& table();
};
/// x where x > 0, else alpha (e^x - 1); the derivative at 0 is alpha. Throws ValueError as
/// leaky_relu does.
Activation elu(double alpha = EluOptions{}.alpha);
inline Activation elu(EluOptions options) { return elu(options.alpha); }

/// How texts give a Dropout layer.
struct DropoutOptions {
  double rate = 0.5;
  static const OptionTable<DropoutOptions>& table();
};

/// While training, sets each element to 0 with probability `rate` and divides the others by
/// 1 - rate, so that the mean stays; else the identity (Srivastava and others, 2014).
class Dropout : public Layer {
 public:
  /// Throws ValueError for a rate outside of [0, 1).
  explicit Dropout(double rate);
  explicit Dropout(DropoutOptions options) : Dropout(options.rate) {}

  std::string text() const override;
  Tensor forward(const Tensor& x) const override;
  /// "random".
  Parts parts() const override { return {{"random", generator_}}; }

 private:
  double rate_;
  Generator generator_;
};

/// All axes but the batch as one: [batch, ...] -> [batch, n].
/// ```cpp
/// nn::Flatten().output_shape({28, 28});  // [784]
/// ```
class Flatten : public Layer {
 public:
  std::string text() const override { return "flatten"; }
  Tensor forward(const Tensor& x) const override;
};

}  // namespace nabla::nn
