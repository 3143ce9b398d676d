#include "nabla/nn/sequential.h"

#include <set>
#include <typeinfo>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/graph.h"
#include "nabla/nn/contiguous.h"

namespace nabla::nn {

Sequential::Sequential(const std::vector<std::shared_ptr<const Layer>>& layers) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    check_present(layers[i], str("sequential: layer ", i + 1), "a layer, such as nn::Dense");
    const Layer& layer = *layers[i];
    if (typeid(layer) == typeid(Sequential)) {  // one derived from it may compute something else
      add(static_cast<const Sequential&>(layer));
    } else {
      layers_.push_back(layers[i]);
    }
  }
  complete();
}

void Sequential::complete() {
  for (const auto& layer : layers_) {
    const std::string text = layer->text();
    names_.push_back(str(names_.size() + 1, ".", text.substr(0, text.find('('))));
  }
  std::set<std::string> names;
  for (const auto& [name, state] : named_parameters()) {
    if (!names.insert(name).second) {
      throw ValueError(str("sequential: two parameters ", quote(name),
                           ": expected the layer to name its parameters apart, by set_name"));
    }
  }
  make_contiguous(parameters());
}

void Sequential::draw(std::size_t layer, std::uint64_t seed) const {
  Random random(seed, layer + 1);
  layers_[layer]->initialize(random);
}

void Sequential::initialize(std::uint64_t seed) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) draw(i, seed);
}

void Sequential::initialize(Random& random) const {
  for (const auto& layer : layers_) layer->initialize(random);
}

template <class F>
auto Sequential::in_layer(std::size_t layer, F f) const {
  const NameScope scope(names_[layer]);
  const auto text = [&](const Error& error) {
    return str(error.what(), ", in layer ", layer + 1, " \"", layers_[layer]->text(), "\"");
  };
  try {
    return f(*layers_[layer]);
  } catch (const ShapeError& error) {
    throw ShapeError(text(error));
  } catch (const DTypeError& error) {
    throw DTypeError(text(error));
  } catch (const ValueError& error) {
    throw ValueError(text(error));
  }
}

std::string Sequential::text() const {
  std::vector<std::string> texts;
  for (const auto& layer : layers_) texts.push_back(layer->text());
  return join(texts, " ");
}

Shape Sequential::output_shape(const Shape& sample) const {
  Shape shape = sample;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    shape = in_layer(i, [&](const Layer& layer) { return layer.output_shape(shape); });
  }
  return shape;
}

Tensor Sequential::forward(const Tensor& x, bool training) const {
  Tensor y = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    y = in_layer(i, [&](const Layer& layer) { return layer.forward(y, training); });
  }
  return y;
}

std::vector<State> Sequential::parameters() const {
  std::vector<State> all;
  for (const auto& layer : layers_) {
    for (const State& parameter : layer->parameters()) all.push_back(parameter);
  }
  return all;
}

std::vector<Sequential::Parameter> Sequential::named_parameters() const {
  std::vector<Parameter> all;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    for (const State& parameter : layers_[i]->parameters()) {
      all.push_back({names_[i] + "." + parameter.name(), parameter});
    }
  }
  return all;
}

std::int64_t Sequential::parameter_count() const {
  std::int64_t count = 0;
  std::set<const void*> seen;  // a layer may stand twice
  for (const State& parameter : parameters()) {
    if (seen.insert(parameter.id()).second) count += parameter.spec().shape.elements();
  }
  return count;
}

}  // namespace nabla::nn
