/// Layers: what models are made of.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nabla/nn/initializer.h"
#include "nabla/ops/random.h"

#pragma GCC visibility push(hidden)
namespace nabla::nn {

/// A function of a batch, with parameters of its own. To write one, derive from this:
///
///     struct Scale : nabla::nn::Layer {
///       nabla::State factor{nabla::Tensor(1.0F), "factor"};
///       std::string text() const override { return "scale"; }
///       std::vector<nabla::State> parameters() const override { return {factor}; }
///       nabla::Tensor forward(const nabla::Tensor& x, bool) const override {
///         return x * factor.value();
///       }
///     };
///
/// Copies of a layer share its parameters.
class Layer {
 public:
  virtual ~Layer() = default;

  /// How the layer is written in an architecture, such as "dense(128)".
  virtual std::string text() const = 0;
  /// The shape of a result for inputs of this shape, both without the batch axis. Throws ShapeError
  /// for an input that the layer does not take. Default: the same shape.
  virtual Shape output_shape(const Shape& sample) const { return sample; }
  /// The results for a batch, [batch, ...] -> [batch, ...]. `training` is for layers that behave
  /// otherwise while they learn.
  virtual Tensor forward(const Tensor& x, bool training) const = 0;
  /// What is learned, each named within the layer, such as "weight".
  virtual std::vector<State> parameters() const { return {}; }
  /// Draws first values for everything that the layer keeps.
  virtual void initialize(Random&) const {}

  /// forward, not training.
  Tensor operator()(const Tensor& x) const { return forward(x, false); }

 protected:
  Layer() = default;
  Layer(const Layer&) = default;
  Layer& operator=(const Layer&) = default;
};

struct DenseOptions {
  bool bias = true;
  /// First weights; biases start at 0.
  Initializer initializer = glorot_uniform();
};

/// x W + b: every output is a weighted sum of all inputs. x [batch, ...] is taken as [batch, in],
/// W is [in, out], b [out].
class Dense : public Layer {
 public:
  /// Throws ValueError for a width below 1, and where the initializer is missing.
  Dense(std::int64_t in, std::int64_t out, DenseOptions options = {});

  std::string text() const override;
  Shape output_shape(const Shape& sample) const override;
  Tensor forward(const Tensor& x, bool training) const override;
  std::vector<State> parameters() const override;
  void initialize(Random& random) const override;

 private:
  std::int64_t in_;
  std::int64_t out_;
  Initializer initializer_;
  State weight_;
  State bias_;  // undefined: none
};

/// A function of each element for itself.
class Activation : public Layer {
 public:
  using Function = std::function<Tensor(const Tensor&)>;
  /// Throws ValueError where the function is missing.
  Activation(std::string text, Function function);

  std::string text() const override { return text_; }
  Tensor forward(const Tensor& x, bool) const override { return function_(x); }

 private:
  std::string text_;
  Function function_;
};

extern const Activation identity;  ///< x
extern const Activation relu;      ///< max(x, 0); the derivative at 0 is 0
extern const Activation tanh;      ///< (e^2x - 1) / (e^2x + 1)
extern const Activation sigmoid;   ///< 1 / (1 + e^-x)
extern const Activation softplus;  ///< log(1 + e^x)
/// x where x > 0, else slope x; the derivative at 0 is the slope.
Activation leaky_relu(double slope = 0.1);
/// x where x > 0, else alpha (e^x - 1); the derivative at 0 is alpha.
Activation elu(double alpha = 1);

/// While training, sets each element to 0 with probability `rate` and divides the others by
/// 1 - rate, so that the mean stays; else the identity (Srivastava and others, 2014).
class Dropout : public Layer {
 public:
  /// Throws ValueError for a rate outside of [0, 1).
  explicit Dropout(double rate);

  std::string text() const override;
  Tensor forward(const Tensor& x, bool training) const override;
  void initialize(Random& random) const override;

 private:
  double rate_;
  Generator generator_;
};

/// All axes but the batch as one: [batch, ...] -> [batch, n].
class Flatten : public Layer {
 public:
  std::string text() const override { return "flatten"; }
  Shape output_shape(const Shape& sample) const override { return {sample.elements()}; }
  Tensor forward(const Tensor& x, bool training) const override;
};

}  // namespace nabla::nn
#pragma GCC visibility pop
