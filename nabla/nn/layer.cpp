#include "nabla/nn/layer.h"

#include "nabla/base/error.h"
#include "nabla/base/text.h"
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

void draw(const State& parameter, const Initializer& initializer, Random& random) {
  const Spec spec = parameter.spec();
  std::vector<double> values(static_cast<std::size_t>(spec.shape.elements()));
  initializer(values, spec.shape, random);
  parameter.assign(cast(Tensor::from(values, spec.shape), spec.dtype));
}

}  // namespace

Dense::Dense(std::int64_t in, std::int64_t out, DenseOptions options)
    : in_(in), out_(out), initializer_(std::move(options.initializer)) {
  if (in < 1 || out < 1) {
    throw ValueError(str("dense: in ", in, ", out ", out, ": expected at least 1"));
  }
  check_present(initializer_, "dense: the initializer", "a function such as nn::he_uniform()");
  weight_ = State(Tensor::empty({DType::f32, {in, out}}), "weight");
  if (options.bias) bias_ = State(Tensor::empty({DType::f32, {out}}), "bias");
  Random random(0);
  Dense::initialize(random);
}

std::string Dense::text() const {
  return str("dense(", out_, bias_.defined() ? "" : ",bias=0", ")");
}

Shape Dense::output_shape(const Shape& sample) const {
  if (sample.elements() != in_) {
    throw ShapeError(str("dense: takes ", in_, " numbers a sample, got ", sample.elements(),
                         " (shape ", sample, ")"));
  }
  return {out_};
}

Tensor Dense::forward(const Tensor& x, bool) const {
  const Tensor rows = flattened(x);
  output_shape({rows.shape()[1]});
  const Tensor products = matmul(rows, weight_.value());
  return bias_.defined() ? products + bias_.value() : products;
}

std::vector<State> Dense::parameters() const {
  return bias_.defined() ? std::vector{weight_, bias_} : std::vector{weight_};
}

void Dense::initialize(Random& random) const {
  draw(weight_, initializer_, random);
  if (bias_.defined()) draw(bias_, zero(), random);
}

Activation::Activation(std::string text, Function function)
    : text_(std::move(text)), function_(std::move(function)) {
  check_present(function_, str("activation ", quote(text_), ": the function"),
                "one from tensor to tensor, such as nabla::tanh");
}

const Activation identity("identity", [](const Tensor& x) { return x; });
const Activation relu("relu", nabla::relu);
const Activation tanh("tanh", nabla::tanh);
const Activation sigmoid("sigmoid", nabla::sigmoid);
const Activation softplus("softplus", nabla::softplus);

Activation leaky_relu(double slope) {
  return {str("leaky_relu(", shortest(slope), ")"),
          [=](const Tensor& x) {  // no product of 0 and infinity; of NaN, NaN in the gradient, too
            const Tensor above = nabla::relu(x);
            return slope == 0 ? above : where(less_equal(x, 0), slope * x, above);
          }};
}

Activation elu(double alpha) {
  return {str("elu(", shortest(alpha), ")"),
          [=](const Tensor& x) { return where(greater(x, 0), x, alpha * expm1(x)); }};
}

Dropout::Dropout(double rate) : rate_(rate), generator_(0) {
  if (!(rate >= 0 && rate < 1)) {
    throw ValueError(str("dropout: rate ", rate, ": expected at least 0 and below 1"));
  }
}

std::string Dropout::text() const { return str("dropout(", shortest(rate_), ")"); }

Tensor Dropout::forward(const Tensor& x, bool training) const {
  if (!training || rate_ == 0) return x;
  const double kept = 1 - rate_;
  return where(Generator(generator_).bernoulli(x.shape(), kept, DType::u8), x * (1 / kept), 0);
}

void Dropout::initialize(Random& random) const {
  const std::uint64_t high = random.bits();  // before the low bits: the order counts
  const auto seed = static_cast<std::int64_t>(high << 32 | random.bits());
  generator_.state().assign(Tensor::from<std::int64_t>({seed, 0}, {2}));
}

Tensor Flatten::forward(const Tensor& x, bool) const { return flattened(x); }

}  // namespace nabla::nn
