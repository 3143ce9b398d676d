/// Layers that hold layers.
#pragma once

#include <initializer_list>
#include <optional>

#include "nabla/nn/layers.h"

namespace nabla::nn {

/// Layers one behind the other. Copies share the layers. A part is called by its kind and its place
/// among those of that kind: "dense_1", "relu_1", "dense_2"; or as it is named: named("head",
/// Dense(128, 10)). A Sequential without a name gives its layers instead of itself. A part that
/// stands twice keeps its name.
/// ```cpp
/// const nn::AnyLayer head = nn::named("head", nn::Dense(128, 10));
/// const nn::Sequential model{nn::Dense(784, 128), nn::relu, head};
/// model.text();               // "dense(128) relu head:dense(10)"
/// model.parameter_count();    // 101770
/// model.output_shape({784});  // [10]
/// model.states()[0].name;     // "dense_1.weight"
/// ```
class Sequential : public Layer {
 public:
  /// Throws ValueError where a layer is missing, two have the same name, or one has two names.
  Sequential(std::initializer_list<AnyLayer> layers) : Sequential(std::vector<AnyLayer>(layers)) {}
  explicit Sequential(const std::vector<AnyLayer>& layers);
  template <class First, class Second, class... Rest>
  Sequential(const First& first, const Second& second, const Rest&... rest)
      : Sequential(std::vector<AnyLayer>{first, second, rest...}) {}

  /// The texts of the layers: "dense(128) relu head:dense(10)".
  std::string text() const override;
  Tensor forward(const Tensor& x) const override;
  Parts parts() const override;

  /// The layers, in order.
  const std::vector<AnyLayer>& layers() const { return layers_; }

 private:
  std::vector<AnyLayer> layers_;
  std::vector<std::string> names_;  // "dense_1"
};

/// y = f(x) + g(x), where f is layers one behind the other, and g the identity or a projection to
/// the shape of f(x) (He, Zhang, Ren and Sun, 2016). Its parts are "body" and "projection".
/// ```cpp
/// const nn::Residual same{nn::Dense(64, 64), nn::relu, nn::Dense(64, 64)};
/// const nn::Residual narrower({nn::Dense(64, 32), nn::relu}, nn::Dense(64, 32));
/// narrower.output_shape({64});  // [32]
/// ```
class Residual : public Layer {
 public:
  /// f is the layers of `body`, one behind the other; g is the identity, or `projection`.
  Residual(std::initializer_list<AnyLayer> body) : body_(body) {}
  Residual(std::initializer_list<AnyLayer> body, const AnyLayer& projection)
      : body_(body), projection_(Sequential{projection}) {}
  explicit Residual(const Sequential& body, const std::optional<Sequential>& projection = {})
      : body_(body), projection_(projection) {}

  /// "residual[dense(64) relu dense(64)]"
  std::string text() const override;
  /// Throws ShapeError where f(x) and g(x) have different shapes.
  Tensor forward(const Tensor& x) const override;
  Parts parts() const override;

 private:
  Sequential body_;
  std::optional<Sequential> projection_;
};

/// The same input through several branches, "branch_1" and so on. What they give is joined.
class Branches : public Layer {
 public:
  std::string text() const override;
  Parts parts() const override;

 protected:
  /// Throws ValueError where there is no branch.
  Branches(std::string_view kind, const std::vector<AnyLayer>& branches);
  /// The result of each.
  std::vector<Tensor> results(const Tensor& x) const;

 private:
  std::string kind_;
  std::vector<Sequential> branches_;
};

/// Branches whose results are put side by side along axis 1: [batch, a], [batch, b] -> [batch,
/// a+b].
/// ```cpp
/// const nn::Concatenate both{nn::Dense(8, 3), nn::Dense(8, 2)};
/// both.output_shape({8});  // [5]
/// ```
class Concatenate : public Branches {
 public:
  /// Throws ValueError where there is no branch.
  Concatenate(std::initializer_list<AnyLayer> branches)
      : Concatenate(std::vector<AnyLayer>(branches)) {}
  explicit Concatenate(const std::vector<AnyLayer>& branches) : Branches("concatenate", branches) {}
  /// Throws ShapeError where results differ in another axis.
  Tensor forward(const Tensor& x) const override;
};

/// Branches whose results, of one shape, are added.
/// ```cpp
/// const nn::Add twice{nn::identity, nn::identity};
/// twice(Tensor::from({1.0, 2.0}, {1, 2}));  // [[2, 4]]
/// ```
class Add : public Branches {
 public:
  /// Throws ValueError where there is no branch.
  Add(std::initializer_list<AnyLayer> branches) : Add(std::vector<AnyLayer>(branches)) {}
  explicit Add(const std::vector<AnyLayer>& branches) : Branches("add", branches) {}
  /// Throws ShapeError where results differ in shape.
  Tensor forward(const Tensor& x) const override;
};

}  // namespace nabla::nn
