#include "nabla/ops/softmax.h"

#include <limits>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/op.h"
#include "nabla/kernels/softmax.h"
#include "nabla/ops/axes.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/indexing.h"
#include "nabla/ops/reduction.h"
#include "nabla/ops/shaping.h"

namespace nabla {
namespace {

Shape rows_of(const Shape& shape) {
  return Shape(std::span(shape.begin(), static_cast<std::size_t>(shape.rank() - 1)));
}

void check_rows(const Op& op, const Tensor& x) {
  if (!is_floating(x.dtype())) {
    throw DTypeError(str(op.name, ": takes f32, f64, got ", x.dtype()));
  }
  if (x.rank() == 0) throw ShapeError(str(op.name, ": expected at least one axis, got a scalar"));
}

// Ops on rows take the last axis.
Spec infer_rows(const Op& op, Inputs in, const Attributes&) {
  check_rows(op, in[0]);
  return in[0].spec();
}

Spec infer_logsumexp(const Op& op, Inputs in, const Attributes&) {
  check_rows(op, in[0]);
  const Shape& shape = in[0].shape();
  if (shape.back() == 0) {
    throw ShapeError(str(op.name, ": axis ", shape.rank() - 1, " of ", shape, " has no elements"));
  }
  return {in[0].dtype(), rows_of(shape)};
}

Spec infer_residual(const Op& op, Inputs in, const Attributes&) {
  check_rows(op, in[0]);
  const Shape& scores = in[0].shape();
  if (in[1].dtype() != DType::i64 && in[1].dtype() != DType::i32) {
    throw DTypeError(str(op.name, ": labels are i64 or i32, got ", in[1].dtype()));
  }
  if (rows_of(scores) != in[1].shape()) {
    throw ShapeError(
        str(op.name, ": scores ", scores, " need one label a row, got labels ", in[1].shape()));
  }
  return in[0].spec();
}

std::int64_t row_length(const Argument& x) { return x.shape().back(); }
std::int64_t row_count(const Argument& x) {
  return row_length(x) == 0 ? 0 : x.shape().elements() / row_length(x);
}

void residual_kernel(std::span<const Argument> in, const Argument& out, const Attributes&) {
  const std::int64_t classes = row_length(in[0]);
  const std::int64_t rows = in[1].shape().elements();
  const auto check = [&](const auto* labels) {
    for (std::int64_t i = 0; i < rows; ++i) {
      if (labels[i] >= 0 && labels[i] < classes) continue;
      throw ValueError(str("softmax_residual: label ", labels[i], " of row ", i,
                           " is outside of [0, ", classes, ")"));
    }
  };
  in[1].dtype == DType::i64 ? check(in[1].as<std::int64_t>()) : check(in[1].as<std::int32_t>());
  row_softmax_residual(out.dtype, rows, classes, in[0].data, in[1].dtype, in[1].data, out.data);
}

// [...] -> [..., n]
Tensor along_rows(const Tensor& numbers, const Shape& shape) {
  Shape column = numbers.shape();
  column.push_back(1);
  return broadcast_to(reshape(numbers, column), shape);
}

// 1 at the place of each row's largest number, as u8.
Tensor largest_of_rows(const Tensor& x) { return one_hot(argmax(x), x.shape().back(), DType::u8); }

// t less its value at the largest number of each row. The sum of softmax's elements is 1, so this
// changes no t - sum p t; but where p rounds to 1, that difference would have no digits.
Tensor relative_to_largest(const Tensor& x, const Tensor& t) {
  if (x.shape().back() == 0) return t;
  return t - sum(where(largest_of_rows(x), t, 0), {-1}, true);
}

// g - p sum g; where p rounds to 1, 1 - p comes from the residual.
Tensor log_softmax_vjp(const Call& c, int, const Tensor& g) {
  const Tensor& x = c.in[0];
  if (x.shape().back() == 0) return g;
  const Tensor largest = largest_of_rows(x);
  const auto spread_sum = [&](const Tensor& t) { return along_rows(sum(t, {-1}), x.shape()); };
  const Tensor others = where(largest, 0, g);
  const Tensor at_largest = spread_sum(where(largest, g, 0));
  return others - scale_gradient(at_largest, softmax_residual(x, argmax(x))) -
         scale_gradient(spread_sum(others), softmax(x));
}

const std::vector<Sample> row_samples = {
    {.inputs = {{{2, 3}}}}, {.inputs = {{{1, 1}}}}, {.inputs = {{{2, 2, 20}}}}};

const TableEntry softmax_op(Op{
    .name = "softmax",
    .doc = "exp(x) / sum exp(x) over the last axis",
    .infer = infer_rows,
    .rule = Custom{
        .vjp = [](const Call& c, int, const Tensor& g) { return softmax_derivative(c.out, g); },
        .jvp = [](const Call& c,
                  std::span<const Tensor> t) { return softmax_derivative(c.out, t[0]); }},
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes&) {
          row_softmax(out.dtype, row_count(in[0]), row_length(in[0]), in[0].data, out.data);
        },
    .samples = row_samples});

const TableEntry softmax_residual_op(Op{
    .name = "softmax_residual",
    .doc = "softmax(scores) over the last axis, less 1 at each row's label",
    .arity = 2,
    .infer = infer_residual,
    .rule = Custom{.vjp = [](const Call& c, int,
                             const Tensor& g) { return softmax_derivative(softmax(c.in[0]), g); },
                   .jvp =
                       [](const Call& c, std::span<const Tensor> t) {
                         return softmax_derivative(softmax(c.in[0]), t[0]);
                       }},
    .kernel = residual_kernel,
    .samples = {
        {.inputs = {{{4, 3}}, {{4}, 0, 3, DType::i64}}},
        {.inputs = {{{2, 2, 20}}, {{2, 2}, 0, 20, DType::i32}}},
        {.inputs = {{{4, 3}}, {{4}, 3, 4, DType::i64}},
         .error = "softmax_residual: label 3 of row 0 is outside of [0, 3)"},
        {.inputs = {{{4, 3}}, {{3}, 0, 3, DType::i64}},
         .error = "softmax_residual: scores [4, 3] need one label a row, got labels [3]"}}});

const TableEntry logsumexp_op(Op{
    .name = "logsumexp",
    .doc = "log(sum exp(x)) over the last axis",
    .infer = infer_logsumexp,
    .rule = Custom{
        .vjp =
            [](const Call& c, int, const Tensor& g) {
              return scale_gradient(along_rows(g, c.in[0].shape()), softmax(c.in[0]));
            },
        .jvp = [](const Call& c,
                  std::span<const Tensor> t) { return sum(t[0] * softmax(c.in[0]), {-1}); }},
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes&) {
          row_logsumexp(out.dtype, row_count(in[0]), row_length(in[0]), in[0].data, out.data);
        },
    .samples = row_samples});

const TableEntry log_softmax_op(Op{
    .name = "log_softmax",
    .doc = "log(softmax(x)) over the last axis",
    .infer = infer_rows,
    .rule = Custom{.vjp = log_softmax_vjp,
                   .jvp =
                       [](const Call& c, std::span<const Tensor> t) {
                         const Tensor relative = relative_to_largest(c.in[0], t[0]);
                         return relative - sum(relative * softmax(c.in[0]), {-1}, true);
                       }},
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes&) {
          row_log_softmax(out.dtype, row_count(in[0]), row_length(in[0]), in[0].data, out.data);
        },
    .samples = row_samples});

// Brings `axis` to the end, applies an op to rows, and brings the axis back.
Tensor along(const Tensor& x, std::int64_t axis, const Op& op) {
  const int at = reduced_axis(axis, x.rank(), op.name);
  if (x.rank() == 0) return reshape(apply(op, {reshape(x, {1})}), {});
  if (at == x.rank() - 1) return apply(op, {x});
  Dims order;
  for (int i = 0; i < x.rank(); ++i) order.push_back(i);
  std::swap(order[at], order[x.rank() - 1]);
  return permute(apply(op, {permute(x, order)}), order);
}

}  // namespace

Tensor logsumexp(const Tensor& x, const Dims& axes, bool keep) {
  const std::array<bool, max_rank> reduced = chosen_axes(x.shape(), axes, "logsumexp");
  Dims order;  // the reduced axes last
  Dims last;
  Shape rows;
  Shape kept;
  std::int64_t length = 1;
  for (int i = 0; i < x.rank(); ++i) {
    const bool is_reduced = reduced[static_cast<std::size_t>(i)];
    (is_reduced ? last : order).push_back(i);
    kept.push_back(is_reduced ? 1 : x.shape()[i]);
    if (is_reduced) {
      length *= x.shape()[i];
    } else {
      rows.push_back(x.shape()[i]);
    }
  }
  for (const std::int64_t axis : last) order.push_back(axis);
  const Shape& wanted = keep ? kept : rows;
  // The op takes the largest element as a shift: here is none.
  if (length == 0 && is_floating(x.dtype())) {
    return broadcast_to(number(-std::numeric_limits<double>::infinity(), x.dtype()), wanted);
  }
  Shape merged = rows;
  merged.push_back(length);
  return reshape(apply(logsumexp_op, {reshape(permute(x, order), merged)}), wanted);
}

Tensor softmax(const Tensor& x, std::int64_t axis) { return along(x, axis, softmax_op); }

Tensor log_softmax(const Tensor& x, std::int64_t axis) { return along(x, axis, log_softmax_op); }

Tensor softmax_derivative(const Tensor& p, const Tensor& t) {
  const Tensor relative = relative_to_largest(p, t);
  return scale_gradient(relative - sum(scale_gradient(relative, p), {-1}, true), p);
}

Tensor softmax_residual(const Tensor& scores, const Tensor& labels) {
  return apply(softmax_residual_op, {scores, labels});
}

}  // namespace nabla
