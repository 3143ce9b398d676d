#include "nabla/ops/indexing.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/op.h"
#include "nabla/kernels/reduce.h"
#include "nabla/kernels/scratch.h"
#include "nabla/kernels/wrapping.h"
#include "nabla/ops/elementwise.h"

namespace nabla {
namespace {

void check_indices(const Op& op, const Tensor& indices) {
  if (indices.dtype() != DType::i64 && indices.dtype() != DType::i32) {
    throw DTypeError(str(op.name, ": indices are i64 or i32, got ", indices.dtype()));
  }
}

std::int64_t index_at(const Argument& indices, std::int64_t i) {
  return indices.dtype == DType::i64 ? indices.as<std::int64_t>()[i]
                                     : indices.as<std::int32_t>()[i];
}

// The index of entry i, which must be one of `size` entries.
std::int64_t checked_index(std::string_view op, const Argument& indices, std::int64_t i,
                           std::int64_t size) {
  const std::int64_t index = index_at(indices, i);
  if (index < 0 || index >= size) {
    throw ValueError(str(op, ": index ", index, " at place ", i, " is outside of [0, ", size, ")"));
  }
  return index;
}

// A shape with the extent of one axis exchanged for the extents of another shape.
Shape exchanged(const Shape& shape, int axis, const Shape& extents) {
  Shape result;
  for (int i = 0; i < shape.rank(); ++i) {
    if (i != axis) {
      result.push_back(shape[i]);
    } else {
      for (const std::int64_t extent : extents) result.push_back(extent);
    }
  }
  return result;
}

// Elements before and behind an axis.
std::pair<std::int64_t, std::int64_t> around(const Shape& shape, int axis) {
  std::int64_t outer = 1;
  std::int64_t inner = 1;
  for (int i = 0; i < axis; ++i) outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  return {outer, inner};
}

void take_kernel(std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
  const int axis = std::get<AxisAttribute>(attributes).axis;
  const auto [outer, inner] = around(in[0].shape(), axis);
  const std::int64_t size = in[0].shape()[axis];
  const std::int64_t count = in[1].shape().elements();
  const std::size_t bytes = static_cast<std::size_t>(inner) * size_of(out.dtype);
  std::byte* to = out.data;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t i = 0; i < count; ++i, to += bytes) {
      const std::int64_t index = checked_index("take", in[1], i, size);
      std::memcpy(to, in[0].data + static_cast<std::size_t>(o * size + index) * bytes, bytes);
    }
  }
}

void scatter_kernel(std::span<const Argument> in, const Argument& out,
                    const Attributes& attributes) {
  const auto& a = std::get<AxisSizeAttribute>(attributes);
  const auto [outer, inner] = around(out.shape(), a.axis);
  const std::int64_t count = in[1].shape().elements();
  visit(out.dtype, [&, outer = outer, inner = inner](auto type) {
    using T = decltype(type);
    const T* from = in[0].as<T>();
    const std::int64_t size = a.size * inner;
    const auto add_all = [&]<class Sum>(Sum* sums) {
      std::fill_n(sums, size, Sum{0});
      for (std::int64_t i = 0; i < count; ++i, from += inner) {
        Sum* row = sums + checked_index("scatter_add", in[1], i, a.size) * inner;
        for (std::int64_t k = 0; k < inner; ++k) row[k] = wrapping_add<Sum>(row[k], from[k]);
      }
    };
    for (std::int64_t o = 0; o < outer; ++o) {
      T* to = out.as<T>() + o * size;
      if (count <= sum_block_size) {
        add_all(to);
        continue;
      }
      using Sum = LongSum<T>;  // any number of terms may meet in one element
      auto* sums = reinterpret_cast<Sum*>(scratch(static_cast<std::size_t>(size) * sizeof(Sum)));
      add_all(sums);
      std::transform(sums, sums + size, to, [](Sum sum) { return static_cast<T>(sum); });
    }
  });
}

void one_hot_kernel(std::span<const Argument> in, const Argument& out,
                    const Attributes& attributes) {
  const auto& a = std::get<AxisSizeAttribute>(attributes);
  visit(out.dtype, [&](auto type) {
    using T = decltype(type);
    T* to = out.as<T>();
    std::memset(to, 0, static_cast<std::size_t>(out.shape().elements()) * sizeof(T));
    for (std::int64_t i = 0; i < in[0].shape().elements(); ++i, to += a.size) {
      to[checked_index("one_hot", in[0], i, a.size)] = T{1};
    }
  });
}

const TableEntry take_op(Op{
    .name = "take",
    .doc = "the entries at integer indices along an axis",
    .arity = 2,
    .infer = [](const Op& op, Inputs in, const Attributes& attributes) -> Spec {
      check_indices(op, in[1]);
      const int axis = std::get<AxisAttribute>(attributes).axis;
      check_attributes(is_axis(axis, in[0]), op, in, attributes);
      return {in[0].dtype(), exchanged(in[0].shape(), axis, in[1].shape())};
    },
    .rule = Linear{{[](const Call& c, const Tensor& g) {
      const int axis = std::get<AxisAttribute>(c.attributes).axis;
      return scatter_add(g, c.in[1], c.in[0].shape()[axis], axis);
    }}},
    .kernel = take_kernel,
    .samples = {{.inputs = {{{4, 3}}, {{5}, 0, 4, DType::i64}}, .attributes = AxisAttribute{0}},
                {.inputs = {{{2, 3}}, {{2, 2}, 0, 3, DType::i32}}, .attributes = AxisAttribute{1}},
                {.inputs = {{{4, 3}}, {{2}, 0, 1, DType::i64}},
                 .attributes = AxisAttribute{2},
                 .error = "take: axis=2 does not fit [4, 3]"},
                {.inputs = {{{4, 3}}, {{2}, 7, 8, DType::i64}},
                 .attributes = AxisAttribute{0},
                 .error = "take: index 7 at place 0 is outside of [0, 4)"}}});

const TableEntry scatter_add_op(Op{
    .name = "scatter_add",
    .doc = "zeros, with entries added at integer indices along an axis",
    .arity = 2,
    .infer = [](const Op& op, Inputs in, const Attributes& attributes) -> Spec {
      check_indices(op, in[1]);
      const auto& a = std::get<AxisSizeAttribute>(attributes);
      check_attributes(a.axis >= 0 && a.axis <= in[0].rank() && a.size >= 0, op, in, attributes);
      const Shape& from = in[0].shape();
      const Shape& indices = in[1].shape();
      Shape shape;
      bool fits = a.axis + indices.rank() <= from.rank();
      for (int i = 0; fits && i < indices.rank(); ++i) fits = from[a.axis + i] == indices[i];
      if (!fits) {
        throw ShapeError(str("scatter_add: updates ", from, " do not have the shape ", indices,
                             " of the indices at axis ", a.axis));
      }
      for (int i = 0; i < a.axis; ++i) shape.push_back(from[i]);
      shape.push_back(a.size);
      for (int i = a.axis + indices.rank(); i < from.rank(); ++i) shape.push_back(from[i]);
      return {in[0].dtype(), shape};
    },
    .rule = Linear{{[](const Call& c, const Tensor& g) {
      return take(g, c.in[1], std::get<AxisSizeAttribute>(c.attributes).axis);
    }}},
    .kernel = scatter_kernel,
    .samples = {
        {.inputs = {{{5, 3}}, {{5}, 0, 4, DType::i64}}, .attributes = AxisSizeAttribute{0, 4}},
        {.inputs = {{{5}}, {{5}, 0, 4, DType::i64}},
         .attributes = AxisSizeAttribute{0, -1},
         .error = "scatter_add: axis=0, size=-1 does not fit [5]"},
        {.inputs = {{{5}}, {{5}, 0, 4, DType::i64}},
         .attributes = AxisSizeAttribute{-1, 4},
         .error = "scatter_add: axis=-1, size=4 does not fit [5]"},
        {.inputs = {{{5}}, {{5}, 0, 4, DType::i64}},
         .attributes = AxisSizeAttribute{std::numeric_limits<int>::max(), 4},
         .error = "scatter_add: axis=2147483647, size=4 does not fit [5]"},
        {.inputs = {{{2, 3, 2}}, {{2, 2}, 0, 3, DType::i64}},
         .attributes = AxisSizeAttribute{1, 3},
         .error = "scatter_add: updates [2, 3, 2] do not have the shape [2, 2] of the indices at "
                  "axis 1"},
        {.inputs = {{{2, 4}}, {{4}, 0, 3, DType::i64}}, .attributes = AxisSizeAttribute{1, 3}}}});

const TableEntry one_hot_op(Op{
    .name = "one_hot",
    .doc = "1 at the class of each label, 0 elsewhere",
    .infer = [](const Op& op, Inputs in, const Attributes& attributes) -> Spec {
      check_indices(op, in[0]);
      const auto& a = std::get<AxisSizeAttribute>(attributes);
      check_attributes(a.size >= 0, op, in, attributes);
      Shape shape = in[0].shape();
      shape.push_back(a.size);
      return {a.dtype, shape};
    },
    .kernel = one_hot_kernel,
    .samples = {{.inputs = {{{4}, 0, 3, DType::i64}}, .attributes = AxisSizeAttribute{0, 3}},
                {.inputs = {{{4}, 0, 3, DType::i64}},
                 .attributes = AxisSizeAttribute{1, -3},
                 .error = "one_hot: axis=1, size=-3 does not fit [4]"},
                {.inputs = {{{2}, 5, 6, DType::i64}},
                 .attributes = AxisSizeAttribute{0, 3},
                 .error = "one_hot: index 5 at place 0 is outside of [0, 3)"}}});

}  // namespace

Tensor take(const Tensor& x, const Tensor& indices, std::int64_t axis) {
  return apply(take_op, {x, indices}, AxisAttribute{normalize_axis(axis, x.rank(), "take")});
}

Tensor scatter_add(const Tensor& updates, const Tensor& indices, std::int64_t size,
                   std::int64_t axis) {
  if (indices.rank() > updates.rank()) {
    throw ShapeError(str("scatter_add: updates ", updates.shape(), " have fewer axes than indices ",
                         indices.shape()));
  }
  const int at = normalize_axis(axis, updates.rank() - indices.rank() + 1, "scatter_add");
  return apply(scatter_add_op, {updates, indices}, AxisSizeAttribute{at, size});
}

Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype) {
  return apply(one_hot_op, {labels}, AxisSizeAttribute{labels.rank(), classes, dtype});
}

}  // namespace nabla
