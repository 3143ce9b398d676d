/// What models are made of: layers, which can hold layers. A model is a tree of named parts.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "nabla/nn/initializer.h"
#include "nabla/ops/random.h"

namespace nabla::nn {

class Layer;

/// What a state of a layer is there for.
enum class Role {
  learned,  ///< a parameter: optimizers change it
  kept,     ///< not learned, yet a part of the model: running statistics
  random,   ///< the key of a Generator
};

/// One entry of Layer::parts(): a state, or a layer within the layer.
struct Part {
  /// `initializer` gives first values; without one the state keeps the value that it has. An
  /// undefined state, such as the bias of a layer without one, is left out.
  Part(std::string name_, State state_, Initializer initializer_ = nullptr,
       Role role_ = Role::learned)
      : name(std::move(name_)),
        state(std::move(state_)),
        initializer(std::move(initializer_)),
        role(role_) {}
  Part(std::string name_, const Generator& generator)
      : name(std::move(name_)), state(generator.state()), role(Role::random) {}
  /// `layer_` must be there as long as the layer that lists it.
  Part(std::string name_, const Layer& layer_) : name(std::move(name_)), layer(&layer_) {}

  std::string name;
  State state;
  Initializer initializer;
  Role role = Role::learned;
  const Layer* layer = nullptr;
};
/// The parts of a layer, in order.
using Parts = std::vector<Part>;

/// A state somewhere in a model.
struct NamedState {
  std::string name;  ///< the names of the parts that lead to it: "body.dense_1.weight"
  State state;
  Role role = Role::learned;
  Initializer initializer;
  std::vector<std::string> other_names;  ///< where it stands elsewhere in the model, too
};

/// A function of a batch, with parameters of its own. To write one, derive from this, and list what
/// it is made of:
/// ```cpp
/// struct Block : nn::Layer {
///   nn::Dense first{64, 64}, second{64, 64};
///   nn::Dropout dropout{0.2};
///   std::string text() const override { return "block"; }
///   nn::Parts parts() const override {
///     return {{"first", first}, {"second", second}, {"dropout", dropout}};
///   }
///   Tensor forward(const Tensor& x) const override {
///     return x + second(dropout(relu(first(x))));
///   }
/// };
/// Block().parameter_count();           // 8320
/// Block().named_parameters()[0].name;  // "first.weight"
/// ```
/// From this one list come parameters, names, first values, files and summaries. Copies of a layer
/// share its states. The same state in two places of a model is one parameter.
class Layer {
 public:
  virtual ~Layer() = default;

  /// How the layer is written in an architecture, such as "dense(128)".
  virtual std::string text() const = 0;
  /// The results for a batch, [batch, ...] -> [batch, ...]. A layer that behaves otherwise while it
  /// learns asks is_training().
  virtual Tensor forward(const Tensor& x) const = 0;
  /// The states and layers that it is made of, each with a name of its own.
  virtual Parts parts() const { return {}; }

  /// forward(x). An x in f64 is converted to f32 where the layer's parameters are. Throws Error
  /// where layers are more than 200 within each other.
  Tensor operator()(const Tensor& x) const;

  /// The shape of a result for inputs f32 of this shape, both without the batch axis: forward run
  /// without data. Throws what forward throws, and ShapeError where a result has no batch axis.
  Shape output_shape(const Shape& sample) const;

  /// All states, each once, under the first of its names. Throws ValueError where two parts of a
  /// layer have the same name, or a layer holds itself.
  std::vector<NamedState> states() const;
  /// What is learned and not frozen, in the order of states().
  std::vector<State> parameters() const;
  /// What is learned, frozen or not.
  std::vector<NamedState> named_parameters() const;
  /// How many numbers are learned, frozen or not.
  std::int64_t parameter_count() const;

  /// Draws all first values anew, those of each state from a stream that its name and the seed
  /// decide: they do not depend on other layers. Generators start anew.
  void initialize(std::uint64_t seed) const;

  /// Optimizers attached from now on leave the parameters alone whose names the pattern matches, in
  /// which * stands for any characters: freeze("body.*"). Throws ValueError where it matches none.
  void freeze(std::string_view pattern = "*") const;
  /// Takes that back.
  void unfreeze(std::string_view pattern = "*") const;

 protected:
  Layer() = default;
  Layer(const Layer&) = default;
  Layer& operator=(const Layer&) = default;
};

/// Any layer, as something that holds layers takes it: by value, which shares its states, or by
/// pointer; and the name that it is to have there.
struct AnyLayer {
  /// A copy of the layer, which shares its states, or the layer pointed to.
  template <std::derived_from<Layer> L>
  requires(!std::is_abstract_v<L>) AnyLayer(const L& layer_)
      : layer(std::make_shared<L>(layer_)) {}  // NOLINT(google-explicit-constructor)
  template <class L>
  requires std::derived_from<std::remove_const_t<L>, Layer> AnyLayer(
      std::shared_ptr<L> layer_)  // NOLINT(google-explicit-constructor)
      : layer(std::move(layer_)) {}
  /// A function of each element, such as relu: an Activation.
  AnyLayer(Tensor (*function)(const Tensor&));  // NOLINT(google-explicit-constructor)
  AnyLayer(std::nullptr_t) {}                   // NOLINT(google-explicit-constructor)
  template <class T>
  AnyLayer(const T&) {  // NOLINT(google-explicit-constructor)
    static_assert(never<T>,
                  "expected a layer with forward() and text(), such as Dense(2, 3) or relu");
  }

  const Layer* operator->() const { return layer.get(); }
  const Layer& operator*() const { return *layer; }

  std::shared_ptr<const Layer> layer;
  std::string name;  ///< empty: named by its kind
};

/// A layer with a name of its own: letters, digits and _, a letter first. Throws ValueError for
/// another one.
/// ```cpp
/// const nn::Sequential model{nn::named("encoder", nn::Dense(4, 2)), nn::Dense(2, 1)};
/// model.states()[0].name;  // "encoder.weight"
/// ```
AnyLayer named(std::string name, AnyLayer layer);

/// Throws ValueError, which starts with `who`, where a model has no parameters, or all are frozen.
void check_learns(std::string_view who, const Layer& model);

/// Gives a new state first values from a stream of its own: two layers made alike differ. The n-th
/// state of a program, whatever model it is for, draws from stream streams::fresh + n of seed 0.
/// Throws ValueError where a value is not finite in the type of the state.
void draw_fresh(const State& state, const Initializer& initializer);
/// A generator with a stream of its own, in the same row.
Generator fresh_generator();

/// Runs a part of a layer: its calls are named after it, and so are its errors. Throws ShapeError
/// where it gives nothing, or a single number for a batch.
Tensor run_part(const Layer& part, const std::string& name, const Tensor& x);

}  // namespace nabla::nn
