#include "nabla/nn/layers.h"

#include <algorithm>
#include <utility>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/training.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/matmul.h"
#include "nabla/ops/shaping.h"

namespace nabla::nn {
namespace {

// [batch, ...] -> [batch, n]
Tensor flattened(const Tensor& x) {
  if (x.rank() == 0) throw ShapeError("expected a batch, got a single number");
  if (x.rank() == 2) return x;
  const Shape sample(std::span(x.shape().begin() + 1, x.shape().end()));
  return reshape(x, {x.shape()[0], sample.elements()});
}

constexpr Range slopes = {.least = -1e15, .most = 1e15};

}  // namespace

Dense::Dense(std::int64_t in, std::int64_t out, DenseOptions options)
    : in_(in), out_(out), initializer_(std::move(options.initializer)) {
  if (in < 1 || out < 1) {
    throw ValueError(str("dense: in ", in, ", out ", out, ": expected at least 1"));
  }
  check_present(initializer_, "dense: the initializer", "a function such as nn::he_uniform()");
  weight_ = State(Tensor::empty({DType::f32, {in, out}}), "weight");
  draw_fresh(weight_, initializer_);
  if (!options.bias) return;
  bias_ = State(Tensor::empty({DType::f32, {out}}), "bias");
  draw_fresh(bias_, zero());
}

std::string Dense::text() const {
  return DenseText::table().text(
      "dense", {.width = out_, .bias = bias_.defined(), .initializer = initializer_});
}

Tensor Dense::forward(const Tensor& x) const {
  const Tensor rows = flattened(x);
  if (rows.shape()[1] != in_) {
    throw ShapeError(str("dense: takes ", in_, " numbers a sample, got ", rows.shape()[1],
                         " (shape ", Shape(std::span(x.shape().begin() + 1, x.shape().end())),
                         ")"));
  }
  const Tensor products = matmul(rows, weight_.value());
  return bias_.defined() ? products + bias_.value() : products;
}

Parts Dense::parts() const { return {{"weight", weight_, initializer_}, {"bias", bias_, zero()}}; }

Activation::Activation(std::string text, Function function)
    : text_(std::move(text)), function_(std::move(function)) {
  check_present(function_, str("activation ", quote(text_), ": the function"),
                "one from tensor to tensor, such as nabla::tanh");
}

bool Activation::is_same(const Activation& other) const {
  using Pointer = Tensor (*)(const Tensor&);
  const auto* mine = function_.target<Pointer>();
  const auto* theirs = other.function_.target<Pointer>();
  return text_ == other.text_ && function_.target_type() == other.function_.target_type() &&
         (mine == nullptr || theirs == nullptr || *mine == *theirs);
}

Tensor identity(const Tensor& x) { return x; }

AnyLayer::AnyLayer(Tensor (*function)(const Tensor&)) {
  if (function == nullptr) return;
  constexpr std::pair<Tensor (*)(const Tensor&), const char*> known[] = {{identity, "identity"},
                                                                         {relu, "relu"},
                                                                         {tanh, "tanh"},
                                                                         {sigmoid, "sigmoid"},
                                                                         {softplus, "softplus"}};
  const auto* const found =
      std::ranges::find_if(known, [&](const auto& each) { return each.first == function; });
  layer =
      std::make_shared<Activation>(found == std::end(known) ? "function" : found->second, function);
}

const OptionTable<DenseText>& DenseText::table() {
  static const OptionTable<DenseText> options = {
      {"width",
       &DenseText::width,
       "number of outputs; left out: what the data need",
       {.least = 1, .most = 1e7},
       {.by_place = true}},
      {"bias", &DenseText::bias, "whether each output has a number of its own added"},
      {"initializer", &DenseText::initializer, "first weights; biases start at 0"}};
  return options;
}

const OptionTable<LeakyReluOptions>& LeakyReluOptions::table() {
  static const OptionTable<LeakyReluOptions> options = {
      {"slope", &LeakyReluOptions::slope, "slope below 0", slopes, {.by_place = true}}};
  return options;
}

const OptionTable<EluOptions>& EluOptions::table() {
  static const OptionTable<EluOptions> options = {
      {"alpha", &EluOptions::alpha, "minus the value far below 0", slopes, {.by_place = true}}};
  return options;
}

const OptionTable<DropoutOptions>& DropoutOptions::table() {
  static const OptionTable<DropoutOptions> options = {{"rate",
                                                       &DropoutOptions::rate,
                                                       "probability that a value is dropped",
                                                       fraction,
                                                       {.by_place = true}}};
  return options;
}

Activation leaky_relu(double slope) {
  LeakyReluOptions::table().check("leaky_relu", {slope});
  return {LeakyReluOptions::table().text("leaky_relu", {slope}),
          [=](const Tensor& x) {  // no product of 0 and infinity; of NaN, NaN in the gradient, too
            const Tensor above = nabla::relu(x);
            return slope == 0 ? above : where(less_equal(x, 0), slope * x, above);
          }};
}

Activation elu(double alpha) {
  EluOptions::table().check("elu", {alpha});
  return {EluOptions::table().text("elu", {alpha}),
          [=](const Tensor& x) { return where(greater(x, 0), x, alpha * expm1(x)); }};
}

Dropout::Dropout(double rate) : rate_(rate), generator_(fresh_generator()) {
  DropoutOptions::table().check("dropout", {rate});
}

std::string Dropout::text() const { return DropoutOptions::table().text("dropout", {rate_}); }

Tensor Dropout::forward(const Tensor& x) const {
  if (!is_training("dropout") || rate_ == 0) return x;
  const double kept = 1 - rate_;
  return where(Generator(generator_).bernoulli(x.shape(), kept, DType::u8), x * (1 / kept), 0);
}

Tensor Flatten::forward(const Tensor& x) const { return flattened(x); }

}  // namespace nabla::nn
