/// Models: layers one behind the other.
#pragma once

#include <concepts>

#include "nabla/nn/layer.h"

#pragma GCC visibility push(hidden)
namespace nabla::nn {

/// Layers one behind the other:
///
///     Sequential model{Dense(784, 128), relu, Dense(128, 10)};
///
/// Copies share the layers. A model made of layers draws their parameters anew, from seed 0. Those
/// of a Sequential among the parts, and layers that come by pointer, are shared and keep their
/// values, so that trained layers can go into a new model. All parameters are moved into one
/// vector; functions captured before follow them there. Errors name the layer that they come from.
class Sequential : public Layer {
 public:
  template <std::derived_from<Layer>... Layers>
  requires(sizeof...(Layers) > 1 || !(std::same_as<Layers, Sequential> &&
                                      ...)) explicit Sequential(const Layers&... layers) {
    (add(layers), ...);
    complete();
  }
  /// Throws ValueError where a layer is missing, or two parameters of one have the same name, as
  /// all constructors do.
  explicit Sequential(const std::vector<std::shared_ptr<const Layer>>& layers);

  /// The texts of the layers: "dense(128) relu dense(10)".
  std::string text() const override;
  Shape output_shape(const Shape& sample) const override;
  Tensor forward(const Tensor& x, bool training) const override;
  std::vector<State> parameters() const override;
  void initialize(Random& random) const override;

  /// Draws the parameters of all layers, layer i (from 1) from Random(seed, i).
  void initialize(std::uint64_t seed) const;

  struct Parameter {
    std::string name;  ///< place and kind of the layer, and name within it: "1.dense.weight"
    State state;
  };
  std::vector<Parameter> named_parameters() const;
  /// How many numbers are learned.
  std::int64_t parameter_count() const;

  const std::vector<std::shared_ptr<const Layer>>& layers() const { return layers_; }

 private:
  template <class L>
  void add(const L& layer) {
    if constexpr (std::same_as<L, Sequential>) {
      layers_.insert(layers_.end(), layer.layers_.begin(), layer.layers_.end());
    } else {
      layers_.push_back(std::make_shared<L>(layer));
      draw(layers_.size() - 1, 0);
    }
  }
  void draw(std::size_t layer, std::uint64_t seed) const;
  // Gives the layers their names, and the parameters their place.
  void complete();
  // Runs f under the name of a layer, which is added to the text of an error.
  template <class F>
  auto in_layer(std::size_t layer, F f) const;

  std::vector<std::shared_ptr<const Layer>> layers_;
  std::vector<std::string> names_;  // "1.dense"
};

}  // namespace nabla::nn
#pragma GCC visibility pop
