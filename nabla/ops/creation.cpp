#include "nabla/ops/creation.h"

#include <cmath>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/op.h"
#include "nabla/ops/indexing.h"
#include "nabla/tensor/copy.h"

namespace nabla {
namespace {

const TableEntry arange_op(Op{
    .name = "arange",
    .doc = "the numbers 0, 1, 2, ...",
    .arity = 0,
    .infer = [](const Op& op, Inputs in, const Attributes& attributes) -> Spec {
      const auto& a = std::get<SpecAttribute>(attributes);
      check_attributes(all_counts(a.shape), op, in, attributes);
      return {a.dtype, a.shape};
    },
    .kernel =
        [](std::span<const Argument>, const Argument& out, const Attributes&) {
          visit(out.dtype, [&](auto type) {
            using T = decltype(type);
            for (std::int64_t i = 0; i < out.shape().elements(); ++i)
              out.as<T>()[i] = static_cast<T>(i);
          });
        },
    .samples = {{.inputs = {}, .attributes = SpecAttribute{DType::f32, {5}}},
                {.inputs = {},
                 .attributes = SpecAttribute{DType::f32, {-5}},
                 .error = "arange: expected extents of at least 0, got f32[-5]"}}});

// The values of at(i), rounded once.
template <class At>
Tensor filled(std::int64_t count, DType dtype, At at) {
  Tensor values = Tensor::empty({DType::f64, Shape{count}});
  double* to = values.writable_data<double>();
  for (std::int64_t i = 0; i < count; ++i) to[i] = at(static_cast<double>(i));
  return cast(values, dtype);
}

}  // namespace

Tensor zeros(const Shape& shape, DType dtype) { return full(shape, 0, dtype); }
Tensor ones(const Shape& shape, DType dtype) { return full(shape, 1, dtype); }

// With memory of its own, which can be written.
Tensor full(const Shape& shape, const Tensor& value) {
  if (value.size() != 1) {
    throw ShapeError(str("full: expected one value, got shape ", value.shape()));
  }
  Tensor result = Tensor::empty({value.dtype(), shape});
  copy_elements(value.dtype(), Layout{shape, Dims::filled(shape.rank(), 0), 0}, value.bytes(),
                result.layout(), result.writable_bytes());
  return result;
}

Tensor eye(std::int64_t n, DType dtype) { return one_hot(arange(n, DType::i64), n, dtype); }

Tensor arange(std::int64_t count, DType dtype) {
  return apply(arange_op, {}, SpecAttribute{dtype, Shape{count}});
}

Tensor arange(double start, double stop, double step, DType dtype) {
  const double count = std::ceil((stop - start) / step);
  if (step == 0 || !std::isfinite(start) || !std::isfinite(step) || !(std::abs(count) < 0x1p60)) {
    throw ValueError(
        str("arange: from ", start, " to ", stop, " by ", step,
            ": expected finite numbers, a step that is not 0, and below 2^60 of them"));
  }
  return filled(count > 0 ? static_cast<std::int64_t>(count) : 0, dtype,
                [&](double i) { return start + i * step; });
}

Tensor linspace(double start, double stop, std::int64_t count, DType dtype) {
  if (count < 1 || !std::isfinite(stop - start)) {
    throw ValueError(str("linspace: ", count, " numbers from ", start, " to ", stop,
                         ": expected at least 1, and finite ends"));
  }
  const auto last = static_cast<double>(count - 1);
  const double step = count > 1 ? (stop - start) / last : 0;
  return filled(count, dtype,
                [&](double i) { return i == last && i > 0 ? stop : start + i * step; });
}

}  // namespace nabla
