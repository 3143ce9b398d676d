#include "nabla/ops/random.h"

#include <atomic>
#include <numbers>

#include "nabla/base/error.h"
#include "nabla/base/parallel.h"
#include "nabla/base/random.h"
#include "nabla/base/text.h"
#include "nabla/graph/graph.h"
#include "nabla/graph/op.h"
#include "nabla/kernels/random_fill.h"
#include "nabla/ops/elementwise.h"

namespace nabla {
namespace {

const TableEntry random_uniform_op(Op{
    .name = "random_uniform",
    .doc = "uniform on [0, 1), from a seed, a stream and a counter",
    .infer = [](const Op& op, Inputs in, const Attributes& attributes) -> Spec {
      const auto& a = std::get<SpecAttribute>(attributes);
      check_attributes(all_counts(a.shape), op, {}, attributes);
      if (in[0].spec() != Spec{DType::i64, Shape{3}}) {
        throw ShapeError(str("random_uniform: the key is i64[3], got ", in[0].spec()));
      }
      if (!is_floating(a.dtype)) {
        throw DTypeError(str("random_uniform: gives f32 or f64, not ", a.dtype));
      }
      return {a.dtype, a.shape};
    },
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes&) {
          const auto word = [&](int i) {
            return static_cast<std::uint64_t>(in[0].as<std::int64_t>()[i]);
          };
          const RandomKey key{.seed = word(0), .stream = word(1), .counter = word(2)};
          const std::int64_t n = out.shape().elements();
          out.dtype == DType::f32 ? fill_uniform(key, n, out.as<float>())
                                  : fill_uniform(key, n, out.as<double>());
        },
    .samples = {{.inputs = {{{3}, 0, 100, DType::i64}},
                 .attributes = SpecAttribute{DType::f32, {3, 5}}},
                {.inputs = {{{3}, 0, 100, DType::i64}},
                 .attributes = SpecAttribute{DType::f64, {7}}},
                {.inputs = {{{3}, 0, 100, DType::i64}},
                 .attributes = SpecAttribute{DType::f64, {7, -1}},
                 .error = "random_uniform: expected extents of at least 0, got f64[7, -1]"}}});

}  // namespace

Tensor random_uniform(const Tensor& key, const Shape& shape, DType dtype) {
  return apply(random_uniform_op, {key}, SpecAttribute{dtype, shape});
}

Tensor random_key(std::uint64_t seed, std::uint64_t stream) {
  return Tensor::from<std::int64_t>(
      {static_cast<std::int64_t>(seed), static_cast<std::int64_t>(stream), 0}, {3});
}

Tensor randn(const Shape& shape, DType dtype) {
  static std::atomic<std::uint64_t> calls;
  if (is_capturing()) {
    throw CaptureError(
        "randn: a captured function would draw once and repeat the numbers: draw from a Generator");
  }
  return Generator(0, streams::drawn + calls++).normal(shape, 0, 1, dtype);
}

Generator::Generator(std::uint64_t seed, std::uint64_t stream)
    : key_(random_key(seed, stream), "random") {}

Tensor Generator::uniform(const Shape& shape, double low, double high, DType dtype) {
  const Tensor key = key_.value();
  const std::int64_t per_block = dtype == DType::f32 ? 4 : 2;
  const Tensor unit = random_uniform(key, shape, dtype);
  const std::int64_t blocks = ceil_divide(unit.size(), per_block);
  key_.assign(key + Tensor::from<std::int64_t>({0, 0, blocks}, {3}));
  if (low == 0 && high == 1) return unit;
  return lerp(number(low, dtype), number(high, dtype), unit);
}

Tensor Generator::normal(const Shape& shape, double mean, double deviation, DType dtype) {
  if (!(deviation >= 0)) throw ValueError(str("normal: deviation is at least 0, got ", deviation));
  const Tensor radius = sqrt(-2 * log1p(-uniform(shape, 0, 1, dtype)));
  const Tensor unit = radius * cos(2 * std::numbers::pi * uniform(shape, 0, 1, dtype));
  return unit * deviation + mean;
}

Tensor Generator::bernoulli(const Shape& shape, double p, DType dtype) {
  if (!(p >= 0 && p <= 1)) throw ValueError(str("bernoulli: p is in [0, 1], got ", p));
  return cast(less(uniform(shape), p), dtype);
}

}  // namespace nabla
