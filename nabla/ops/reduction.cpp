#include "nabla/ops/reduction.h"

#include <algorithm>
#include <limits>
#include <numbers>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/op.h"
#include "nabla/kernels/reduce.h"
#include "nabla/ops/axes.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/shaping.h"

namespace nabla {
namespace {

// The shape as [before, axes, after].
ReduceExtents extents_of(const Shape& shape, const AxesAttribute& axes) {
  ReduceExtents extents;
  for (int i = 0; i < shape.rank(); ++i) {
    std::int64_t& part = i < axes.first                ? extents.outer
                         : i < axes.first + axes.count ? extents.n
                                                       : extents.inner;
    part *= shape[i];
  }
  return extents;
}

ReduceExtents extents_of(const Argument& in, const Attributes& attributes) {
  if (const auto* axis = std::get_if<AxisAttribute>(&attributes)) {
    return extents_of(in.shape(), AxesAttribute{axis->axis, 1});
  }
  return extents_of(in.shape(), std::get<AxesAttribute>(attributes));
}

Shape without(const Shape& shape, const AxesAttribute& axes, bool keep) {
  Shape result;
  for (int i = 0; i < shape.rank(); ++i) {
    const bool reduced = i >= axes.first && i < axes.first + axes.count;
    if (!reduced) result.push_back(shape[i]);
    if (reduced && keep) result.push_back(1);
  }
  return result;
}

Spec infer_axes(const Op& op, Inputs in, const Attributes& attributes) {
  const auto& axes = std::get<AxesAttribute>(attributes);
  check_attributes(axes.first >= 0 && axes.count >= 0 && axes.first <= in[0].rank() - axes.count,
                   op, in, attributes);
  return {in[0].dtype(), without(in[0].shape(), axes, false)};
}

// What is divided by a count.
void check_floating(const Tensor& x, std::string_view op) {
  if (is_floating(x.dtype())) return;
  throw DTypeError(str(op, ": takes f32, f64, got ", x.dtype(), "; convert it with cast"));
}

void refuse_bytes(const Tensor& x, std::string_view op) {
  if (x.dtype() != DType::u8) return;
  throw DTypeError(str(op, ": u8 would overflow; convert it with cast"));
}

Spec infer_sum(const Op& op, Inputs in, const Attributes& attributes) {
  refuse_bytes(in[0], op.name);
  return infer_axes(op, in, attributes);
}

Spec infer_extreme(const Op& op, Inputs in, const Attributes& attributes) {
  const Spec result = infer_axes(op, in, attributes);
  const auto& axes = std::get<AxesAttribute>(attributes);
  for (int i = axes.first; i < axes.first + axes.count; ++i) {
    if (in[0].shape()[i] == 0) {
      throw ShapeError(str(op.name, ": axis ", i, " of ", in[0].shape(), " has no elements"));
    }
  }
  return result;
}

Spec infer_argument(const Op& op, Inputs in, const Attributes& attributes) {
  const AxesAttribute axes{std::get<AxisAttribute>(attributes).axis, 1};
  return {DType::i64, infer_extreme(op, in, axes).shape};
}

// A reduced tensor stretched over the shape it came from.
Tensor spread(const Tensor& reduced, const Shape& shape, const AxesAttribute& axes) {
  return broadcast_to(reshape(reduced, without(shape, axes, true)), shape);
}

Tensor sum_axes(const Tensor& x, const AxesAttribute& axes);

// The even share of each largest (or smallest) element.
Tensor shares(const Call& c) {
  const auto& axes = std::get<AxesAttribute>(c.attributes);
  const Shape& shape = c.in[0].shape();
  const Tensor hits = cast(equal(c.in[0], spread(c.out, shape, axes)), c.out.dtype());
  return hits / spread(sum_axes(hits, axes), shape, axes);
}

const Custom extreme_rule{.vjp =
                              [](const Call& c, int, const Tensor& g) {
                                const auto& axes = std::get<AxesAttribute>(c.attributes);
                                return scale_gradient(spread(g, c.in[0].shape(), axes), shares(c));
                              },
                          .jvp =
                              [](const Call& c, std::span<const Tensor> t) {
                                return sum_axes(scale_gradient(t[0], shares(c)),
                                                std::get<AxesAttribute>(c.attributes));
                              }};

const std::vector<Sample> axes_samples = {
    {.inputs = {{{2, 3}}}, .attributes = AxesAttribute{0, 1}},
    {.inputs = {{{2, 3}}}, .attributes = AxesAttribute{1, 1}},
    {.inputs = {{{2, 3}}}, .attributes = AxesAttribute{0, 2}},
    {.inputs = {{{2, 3, 4}}}, .attributes = AxesAttribute{1, 1}},
    {.inputs = {{{2, 3}}},
     .attributes = AxesAttribute{1, 2},
     .error = "axes=[1, 3) does not fit [2, 3]"},
    {.inputs = {{{2, 3}}},
     .attributes = AxesAttribute{-1, 1},
     .error = "axes=[-1, 0) does not fit [2, 3]"},
};
const std::vector<Sample> axis_samples = {
    {.inputs = {{{2, 3}}}, .attributes = AxisAttribute{0}},
    {.inputs = {{{2, 3}}}, .attributes = AxisAttribute{1}},
    {.inputs = {{{2, 3, 4}}}, .attributes = AxisAttribute{1}},
    {.inputs = {{{2, 3}}},
     .attributes = AxisAttribute{2},
     .error = "axes=[2, 3) does not fit [2, 3]"},
};
const TableEntry sum_op(Op{
    .name = "sum",
    .doc = "sum over axes",
    .infer = infer_sum,
    .rule = Linear{{[](const Call& c, const Tensor& g) {
      return spread(g, c.in[0].shape(), std::get<AxesAttribute>(c.attributes));
    }}},
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
          reduce_sum(out.dtype, extents_of(in[0], attributes), in[0].data, out.data);
        },
    .fusion = Fusion::sum,
    .samples = axes_samples});

const TableEntry max_op(Op{
    .name = "max",
    .doc = "largest element over axes",
    .infer = infer_extreme,
    .rule = extreme_rule,
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
          reduce_max(out.dtype, extents_of(in[0], attributes), in[0].data, out.data);
        },
    .samples = axes_samples});

const TableEntry min_op(Op{
    .name = "min",
    .doc = "smallest element over axes",
    .infer = infer_extreme,
    .rule = extreme_rule,
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
          reduce_min(out.dtype, extents_of(in[0], attributes), in[0].data, out.data);
        },
    .samples = axes_samples});

const TableEntry argmax_op(Op{
    .name = "argmax",
    .doc = "i64: place of the largest element along an axis",
    .infer = infer_argument,
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
          reduce_argmax(in[0].dtype, extents_of(in[0], attributes), in[0].data,
                        out.as<std::int64_t>());
        },
    .samples = axis_samples});

const TableEntry argmin_op(Op{
    .name = "argmin",
    .doc = "i64: place of the smallest element along an axis",
    .infer = infer_argument,
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
          reduce_argmin(in[0].dtype, extents_of(in[0], attributes), in[0].data,
                        out.as<std::int64_t>());
        },
    .samples = axis_samples});

const TableEntry cumulative_sum_op(Op{
    .name = "cumulative_sum",
    .doc = "running sum along an axis, from the front or the back",
    .infer =
        [](const Op& op, Inputs in, const Attributes& attributes) {
          refuse_bytes(in[0], op.name);
          const int axis = std::get<AxisAttribute>(attributes).axis;
          check_attributes(is_axis(axis, in[0]), op, in, attributes);
          return in[0].spec();
        },
    .rule = Linear{{[](const Call& c, const Tensor& g) {
      const auto& a = std::get<AxisAttribute>(c.attributes);
      return cumulative_sum(g, a.axis, !a.reverse);
    }}},
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
          cumulative_sum(out.dtype, extents_of(in[0], attributes),
                         std::get<AxisAttribute>(attributes).reverse, in[0].data, out.data);
        },
    .samples = {{.inputs = {{{2, 3}}}, .attributes = AxisAttribute{1}},
                {.inputs = {{{2, 3}}}, .attributes = AxisAttribute{0, true}},
                {.inputs = {{{2, 3}}},
                 .attributes = AxisAttribute{2},
                 .error = "cumulative_sum: axis=2 does not fit [2, 3]"}}});

Tensor sum_axes(const Tensor& x, const AxesAttribute& axes) { return apply(sum_op, {x}, axes); }

// The distinct axes in order, as runs of neighbours from the last to the first: reducing one run
// leaves the places of those before it as they are.
std::vector<AxesAttribute> runs_of(const Tensor& x, const Dims& axes, std::string_view op) {
  if (!x.defined()) throw ValueError(str(op, ": an undefined tensor has no value"));
  const std::array<bool, max_rank> chosen = chosen_axes(x.shape(), axes, op);
  std::vector<AxesAttribute> runs;
  for (int i = x.rank() - 1; i >= 0; --i) {
    if (!chosen[static_cast<std::size_t>(i)]) continue;
    if (!runs.empty() && runs.back().first == i + 1) {
      --runs.back().first;
      ++runs.back().count;
    } else {
      runs.push_back({i, 1});
    }
  }
  return runs;
}

Tensor reduce(const Op& op, const Tensor& x, const Dims& axes, bool keep) {
  Tensor result = x;
  Shape kept = x.shape();
  for (const AxesAttribute& run : runs_of(x, axes, op.name)) {
    result = apply(op, {result}, run);
    for (int i = run.first; i < run.first + run.count; ++i) kept[i] = 1;
  }
  return keep ? reshape(result, kept) : result;
}

// As reduce, but all axes at once: run by run, equal elements would not share a gradient evenly.
Tensor reduce_together(const Op& op, const Tensor& x, const Dims& axes, bool keep) {
  const std::vector<AxesAttribute> runs = runs_of(x, axes, op.name);
  if (runs.size() < 2) return reduce(op, x, axes, keep);
  Shape kept = x.shape();
  std::array<bool, max_rank> reduced{};
  for (const AxesAttribute& run : runs) {
    std::fill_n(reduced.begin() + run.first, run.count, true);
    std::fill_n(kept.begin() + run.first, run.count, 1);
  }
  Dims order;  // the reduced axes last
  for (const bool wanted : {false, true}) {
    for (int i = 0; i < x.rank(); ++i) {
      if (reduced[static_cast<std::size_t>(i)] == wanted) order.push_back(i);
    }
  }
  const auto count = static_cast<int>(std::count(reduced.begin(), reduced.end(), true));
  const Tensor result = apply(op, {permute(x, order)}, AxesAttribute{x.rank() - count, count});
  return keep ? reshape(result, kept) : result;
}

// A single number as a row of one.
Tensor with_an_axis(const Tensor& x) { return x.rank() == 0 ? reshape(x, {1}) : x; }

Tensor argument(const Op& op, const Tensor& x, std::int64_t axis, bool keep) {
  const int at = reduced_axis(axis, x.rank(), op.name);
  const Tensor result = apply(op, {with_an_axis(x)}, AxisAttribute{at});
  if (!keep || x.rank() == 0) return result;
  Shape kept = x.shape();
  kept[at] = 1;
  return reshape(result, kept);
}

// Names the function that was called, not one that it is made of.
void check_axes(const Tensor& x, const Dims& axes, std::string_view op) { runs_of(x, axes, op); }

double count_of(const Tensor& x, const Dims& axes) {
  double count = 1;
  for (const AxesAttribute& run : runs_of(x, axes, "mean")) {
    for (int i = run.first; i < run.first + run.count; ++i) {
      count *= static_cast<double>(x.shape()[i]);
    }
  }
  return count;
}

// A power of two near the largest size of an element, in the reduced shape: divided by it, elements
// have squares. 1 where that is 0, infinite or NaN.
Tensor scale_of(const Tensor& x, const Dims& axes) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Tensor largest = max(absolute(stop_gradient(x)), axes, true);
  const Tensor one = number(1, x.dtype());
  const Tensor is_size = greater(largest, 0);
  // A little nearer to 0, so that no power leaves the range.
  const Tensor exponent = floor(log(where(is_size, largest, one)) * (0.99 * std::numbers::log2e));
  const Tensor scale = power(2, exponent);
  return where(is_size, where(less(largest, infinity), scale, one), one);
}

}  // namespace

std::array<bool, max_rank> chosen_axes(const Shape& shape, const Dims& axes, std::string_view op) {
  std::array<bool, max_rank> chosen{};
  for (const std::int64_t axis : axes) {
    bool& mark = chosen[static_cast<std::size_t>(reduced_axis(axis, shape.rank(), op))];
    if (mark) throw ShapeError(str(op, ": axis ", axis, " stands twice in ", axes));
    mark = true;
  }
  if (axes.empty()) std::fill_n(chosen.begin(), shape.rank(), true);
  return chosen;
}

Tensor sum(const Tensor& x, const Dims& axes, bool keep) { return reduce(sum_op, x, axes, keep); }
Tensor max(const Tensor& x, const Dims& axes, bool keep) {
  return reduce_together(max_op, x, axes, keep);
}
Tensor min(const Tensor& x, const Dims& axes, bool keep) {
  return reduce_together(min_op, x, axes, keep);
}

Tensor mean(const Tensor& x, const Dims& axes, bool keep) {
  check_floating(x, "mean");
  const double count = count_of(x, axes);
  return sum(x, axes, keep) / count;
}

Tensor variance(const Tensor& x, const Dims& axes, bool keep) {
  check_axes(x, axes, "variance");
  check_floating(x, "variance");
  const Tensor distance = x - mean(x, axes, true);
  // The mean was rounded: what is left of it would be squared, too.
  return mean(square(distance - mean(distance, axes, true)), axes, keep);
}

Tensor product(const Tensor& x, const Dims& axes, bool keep) {
  refuse_bytes(x, "product");
  Tensor result = x;
  Shape kept = x.shape();
  for (const AxesAttribute& run : runs_of(x, axes, "product")) {
    // The run as one axis, halved until one element is left; an odd one out is multiplied last.
    Shape merged;
    for (int i = 0; i <= run.first; ++i) merged.push_back(result.shape()[i]);
    for (int i = run.first + 1; i < result.rank(); ++i) {
      if (i < run.first + run.count) {
        merged[run.first] *= result.shape()[i];
      } else {
        merged.push_back(result.shape()[i]);
      }
    }
    result = reshape(result, merged);
    std::vector<Slice> slices(static_cast<std::size_t>(run.first) + 1);
    const auto part = [&](const Tensor& t, std::int64_t first, std::int64_t last) {
      slices.back() = {first, last};
      return slice(t, slices);
    };
    if (merged[run.first] == 0) {
      merged[run.first] = 1;
      result = broadcast_to(number(1, x.dtype()), merged);
    }
    for (std::int64_t n = merged[run.first]; n > 1; n = (n + 1) / 2) {
      const Tensor pairs = part(result, 0, n / 2) * part(result, n / 2, n / 2 * 2);
      result = n % 2 == 0 ? pairs : concatenate({pairs, part(result, n - 1, n)}, run.first);
    }
    result = reshape(result, without(result.shape(), {run.first, 1}, false));
    for (int i = run.first; i < run.first + run.count; ++i) kept[i] = 1;
  }
  return keep ? reshape(result, kept) : result;
}

Tensor norm(const Tensor& x, const Dims& axes, bool keep) {
  check_axes(x, axes, "norm");
  if (!is_floating(x.dtype())) throw DTypeError(str("norm: takes f32, f64, got ", x.dtype()));
  const Tensor one = number(1, x.dtype());
  const Tensor scale = count_of(x, axes) == 0 ? one : scale_of(x, axes);
  const Tensor squares = sum(square(x / scale), axes, true);
  const Tensor inside = not_equal(squares, 0);
  const Tensor root = where(inside, sqrt(where(inside, squares, one)), number(0, x.dtype()));
  const Tensor result = root * scale;
  if (keep) return result;
  Shape shape;
  const std::array<bool, max_rank> reduced = chosen_axes(x.shape(), axes, "norm");
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[static_cast<std::size_t>(i)]) shape.push_back(x.shape()[i]);
  }
  return reshape(result, shape);
}

Tensor any(const Tensor& x, const Dims& axes, bool keep) {
  check_axes(x, axes, "any");
  return not_equal(sum(cast(not_equal(x, 0), DType::i64), axes, keep), 0);
}

Tensor all(const Tensor& x, const Dims& axes, bool keep) {
  check_axes(x, axes, "all");
  return equal(sum(cast(equal(x, 0), DType::i64), axes, keep), 0);
}

Tensor argmax(const Tensor& x, std::int64_t axis, bool keep) {
  return argument(argmax_op, x, axis, keep);
}

Tensor argmin(const Tensor& x, std::int64_t axis, bool keep) {
  return argument(argmin_op, x, axis, keep);
}

Tensor cumulative_sum(const Tensor& x, std::int64_t axis, bool reverse) {
  const int at = reduced_axis(axis, x.rank(), "cumulative_sum");
  const Tensor result = apply(cumulative_sum_op, {with_an_axis(x)}, AxisAttribute{at, reverse});
  return reshape(result, x.shape());
}

}  // namespace nabla
