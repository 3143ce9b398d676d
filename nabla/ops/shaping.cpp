#include "nabla/ops/shaping.h"

#include <algorithm>
#include <cstring>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/op.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/reduction.h"
#include "nabla/tensor/copy.h"

namespace nabla {
namespace {

Tensor apply_slice(const Tensor& x, const Dims& start, const Dims& step, const Shape& shape);
Tensor apply_pad(const Tensor& x, const Dims& before, const Dims& after, const Dims& between);
Tensor apply_concatenate(const Tensor& a, const Tensor& b, int axis);

Spec infer_reshape(const Op&, Inputs in, const Attributes& attributes) {
  const Shape& shape = std::get<ShapeAttribute>(attributes).shape;
  if (!checked_bytes(shape, size_of(in[0].dtype())) || shape.elements() != in[0].size()) {
    throw ShapeError(
        str("reshape: ", in[0].shape(), " with ", in[0].size(), " elements does not fit ", shape));
  }
  return {in[0].dtype(), shape};
}

Spec infer_broadcast(const Op&, Inputs in, const Attributes& attributes) {
  const Shape& from = in[0].shape();
  const Shape& to = std::get<ShapeAttribute>(attributes).shape;
  const int added = to.rank() - from.rank();
  bool fits = added >= 0 && all_counts(to);
  for (int i = 0; fits && i < from.rank(); ++i) fits = from[i] == to[added + i] || from[i] == 1;
  if (!fits) throw ShapeError(str("broadcast: ", from, " does not stretch to ", to));
  return {in[0].dtype(), to};
}

Spec infer_permute(const Op&, Inputs in, const Attributes& attributes) {
  const Dims& axes = std::get<PermutationAttribute>(attributes).axes;
  const int rank = in[0].rank();
  Dims sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  bool fits = axes.rank() == rank;
  for (int i = 0; fits && i < rank; ++i) fits = sorted[i] == i;
  if (!fits) {
    throw ShapeError(
        str("permute: ", axes, " is not an order of the ", rank, " axes of ", in[0].shape()));
  }
  return {in[0].dtype(), in[0].layout().permute(axes).shape};
}

Spec infer_slice(const Op& op, Inputs in, const Attributes& attributes) {
  const auto& a = std::get<SliceAttribute>(attributes);
  const int rank = in[0].rank();
  bool fits = a.start.rank() == rank && a.step.rank() == rank && a.shape.rank() == rank &&
              all_counts(a.start) && all_counts(a.shape);
  for (int i = 0; fits && i < rank; ++i) {
    const std::int64_t behind = in[0].shape()[i] - 1 - a.start[i];  // elements behind the first
    fits = a.step[i] >= 1 &&
           (a.shape[i] == 0 ? behind >= -1 : behind >= 0 && a.shape[i] - 1 <= behind / a.step[i]);
  }
  check_attributes(fits, op, in, attributes);
  return {in[0].dtype(), a.shape};
}

// Adds to an extent, `count` times; false where it passes 63 bits.
bool grow(std::int64_t& extent, std::int64_t count, std::int64_t more) {
  std::int64_t all = 0;
  return !__builtin_mul_overflow(count, more, &all) &&
         !__builtin_add_overflow(extent, all, &extent);
}

Spec infer_pad(const Op& op, Inputs in, const Attributes& attributes) {
  const auto& a = std::get<PadAttribute>(attributes);
  Shape shape = in[0].shape();
  const auto counts = [&](const Dims& dims) {
    return dims.rank() == shape.rank() && all_counts(dims);
  };
  bool fits = counts(a.before) && counts(a.after) && counts(a.between);
  for (int i = 0; fits && i < shape.rank(); ++i) {
    const std::int64_t gaps = std::max<std::int64_t>(0, shape[i] - 1);
    fits = grow(shape[i], 1, a.before[i]) && grow(shape[i], 1, a.after[i]) &&
           grow(shape[i], gaps, a.between[i]);
  }
  check_attributes(fits, op, in, attributes);
  return {in[0].dtype(), shape};
}

Spec infer_flip(const Op& op, Inputs in, const Attributes& attributes) {
  check_attributes(is_axis(std::get<AxisAttribute>(attributes).axis, in[0]), op, in, attributes);
  return in[0].spec();
}

// The axes of a broadcast that repeat, summed up again.
Tensor sum_to(const Tensor& gradient, const Shape& shape) {
  const int added = gradient.rank() - shape.rank();
  Dims axes;
  for (int i = 0; i < gradient.rank(); ++i) {
    if (i < added || shape[i - added] != gradient.shape()[i]) axes.push_back(i);
  }
  return axes.empty() ? gradient : reshape(sum(gradient, axes), shape);
}

const TableEntry reshape_op(Op{
    .name = "reshape",
    .doc = "the same elements under another shape",
    .infer = infer_reshape,
    .rule = Linear{{[](const Call& c, const Tensor& g) { return reshape(g, c.in[0].shape()); }}},
    .view =
        [](const Layout& in, const Attributes& attributes) {
          return in.reshape(std::get<ShapeAttribute>(attributes).shape);
        },
    .samples = {{.inputs = {{{2, 3}}}, .attributes = ShapeAttribute{{3, 2}}},
                {.inputs = {{{2, 3}}}, .attributes = ShapeAttribute{{1, 6, 1}}},
                {.inputs = {{{1}}}, .attributes = ShapeAttribute{{}}},
                {.inputs = {{{0, 3}}}, .attributes = ShapeAttribute{{3, 0}}},
                {.inputs = {{{2, 3}}},
                 .attributes = ShapeAttribute{{4}},
                 .error = "reshape: [2, 3] with 6 elements does not fit [4]"},
                {.inputs = {{{2, 3}}},
                 .attributes = ShapeAttribute{{-2, -3}},
                 .error = "reshape: [2, 3] with 6 elements does not fit [-2, -3]"}}});

const TableEntry permute_op(Op{
    .name = "permute",
    .doc = "the axes in another order",
    .infer = infer_permute,
    .rule = Linear{{[](const Call& c, const Tensor& g) {
      const Dims& axes = std::get<PermutationAttribute>(c.attributes).axes;
      Dims inverse = axes;
      for (int i = 0; i < axes.rank(); ++i) inverse[static_cast<int>(axes[i])] = i;
      return permute(g, inverse);
    }}},
    .view =
        [](const Layout& in, const Attributes& attributes) {
          return std::optional(in.permute(std::get<PermutationAttribute>(attributes).axes));
        },
    .samples = {{.inputs = {{{2, 3}}}, .attributes = PermutationAttribute{{1, 0}}},
                {.inputs = {{{2, 3, 4}}}, .attributes = PermutationAttribute{{2, 0, 1}}},
                {.inputs = {{{2, 3}}},
                 .attributes = PermutationAttribute{{0, 2}},
                 .error = "permute: [0, 2] is not an order of the 2 axes of [2, 3]"},
                {.inputs = {{{2, 3}}},
                 .attributes = PermutationAttribute{{0}},
                 .error = "permute: [0] is not an order of the 2 axes of [2, 3]"}}});

const TableEntry broadcast_op(Op{
    .name = "broadcast",
    .doc = "repeated along extents of 1 and new axes in front",
    .infer = infer_broadcast,
    .rule = Linear{{[](const Call& c, const Tensor& g) { return sum_to(g, c.in[0].shape()); }}},
    .view =
        [](const Layout& in, const Attributes& attributes) {
          return std::optional(in.broadcast(std::get<ShapeAttribute>(attributes).shape));
        },
    .samples = {{.inputs = {{{}}}, .attributes = ShapeAttribute{{2, 3}}},
                {.inputs = {{{3}}}, .attributes = ShapeAttribute{{2, 3}}},
                {.inputs = {{{2, 1, 3}}}, .attributes = ShapeAttribute{{2, 4, 3}}},
                {.inputs = {{{3}}},
                 .attributes = ShapeAttribute{{3, 2}},
                 .error = "broadcast: [3] does not stretch to [3, 2]"},
                {.inputs = {{{2, 3}}},
                 .attributes = ShapeAttribute{{3}},
                 .error = "broadcast: [2, 3] does not stretch to [3]"},
                {.inputs = {{{1}}},
                 .attributes = ShapeAttribute{{-1}},
                 .error = "broadcast: [1] does not stretch to [-1]"}}});

const TableEntry slice_op(Op{
    .name = "slice",
    .doc = "every step-th element from start on, along each axis",
    .infer = infer_slice,
    .rule = Linear{{[](const Call& c, const Tensor& g) {
      const auto& a = std::get<SliceAttribute>(c.attributes);
      Dims after = a.start;
      Dims between = a.start;
      for (int i = 0; i < a.start.rank(); ++i) {
        const std::int64_t span = a.shape[i] == 0 ? 0 : (a.shape[i] - 1) * a.step[i] + 1;
        after[i] = c.in[0].shape()[i] - a.start[i] - span;
        between[i] = a.step[i] - 1;
      }
      return apply_pad(g, a.start, after, between);
    }}},
    .view =
        [](const Layout& in, const Attributes& attributes) {
          const auto& a = std::get<SliceAttribute>(attributes);
          Layout out{a.shape, in.strides, in.offset};
          for (int i = 0; i < in.shape.rank(); ++i) {
            out.offset += a.start[i] * in.strides[i];
            out.strides[i] *= a.step[i];
          }
          return std::optional(out);
        },
    .samples = {{.inputs = {{{4, 3}}}, .attributes = SliceAttribute{{1, 0}, {1, 1}, {2, 3}}},
                {.inputs = {{{5, 4}}}, .attributes = SliceAttribute{{0, 1}, {2, 3}, {3, 1}}},
                {.inputs = {{{4}}}, .attributes = SliceAttribute{{2}, {1}, {0}}},
                {.inputs = {{{4}}}, .attributes = SliceAttribute{{4}, {1}, {0}}},
                {.inputs = {{{4}}},
                 .attributes = SliceAttribute{{-1}, {1}, {2}},
                 .error = "slice: start=[-1], step=[1], shape=[2] does not fit [4]"},
                {.inputs = {{{4}}},
                 .attributes = SliceAttribute{{1}, {3}, {3}},
                 .error = "slice: start=[1], step=[3], shape=[3] does not fit [4]"},
                {.inputs = {{{4}}},
                 .attributes = SliceAttribute{{3}, {-1}, {3}},
                 .error = "slice: start=[3], step=[-1], shape=[3] does not fit [4]"},
                {.inputs = {{{4}}},
                 .attributes = SliceAttribute{{5}, {1}, {0}},
                 .error = "slice: start=[5], step=[1], shape=[0] does not fit [4]"},
                {.inputs = {{{4, 3}}},
                 .attributes = SliceAttribute{{0}, {1}, {2}},
                 .error = "slice: start=[0], step=[1], shape=[2] does not fit [4, 3]"}}});

// Zeros, then the elements at their places.
void pad_kernel(std::span<const Argument> in, const Argument& out, const Attributes& attributes) {
  const auto& a = std::get<PadAttribute>(attributes);
  std::memset(out.data, 0, static_cast<std::size_t>(out.shape().elements()) * size_of(out.dtype));
  Layout places{in[0].shape(), out.layout.strides, 0};
  std::int64_t offset = 0;
  for (int i = 0; i < places.shape.rank(); ++i) {
    offset += a.before[i] * out.layout.strides[i];
    places.strides[i] *= a.between[i] + 1;
  }
  copy_elements(out.dtype, in[0].layout, in[0].data, places,
                out.data + offset * static_cast<std::int64_t>(size_of(out.dtype)));
}

const TableEntry pad_op(Op{
    .name = "pad",
    .doc = "zeros before, after and between the elements of each axis",
    .infer = infer_pad,
    .rule = Linear{{[](const Call& c, const Tensor& g) {
      const auto& a = std::get<PadAttribute>(c.attributes);
      Dims step = a.between;
      for (std::int64_t& s : step) ++s;
      return apply_slice(g, a.before, step, c.in[0].shape());
    }}},
    .kernel = pad_kernel,
    .any_strides = true,
    .samples = {{.inputs = {{{2, 3}}}, .attributes = PadAttribute{{1, 0}, {0, 2}, {0, 0}}},
                {.inputs = {{{3, 2}}}, .attributes = PadAttribute{{0, 1}, {1, 0}, {2, 1}}},
                {.inputs = {{{3}}},
                 .attributes = PadAttribute{{0}, {0}, {-1}},
                 .error = "pad: before=[0], after=[0], between=[-1] does not fit [3]"},
                {.inputs = {{{3}}},
                 .attributes = PadAttribute{{0}, {0, 0}, {0}},
                 .error = "pad: before=[0], after=[0, 0], between=[0] does not fit [3]"}}});

const TableEntry flip_op(Op{.name = "flip",
                            .doc = "the elements along an axis in reverse order",
                            .infer = infer_flip,
                            .rule = Linear{{[](const Call& c, const Tensor& g) {
                              return flip(g, std::get<AxisAttribute>(c.attributes).axis);
                            }}},
                            .view =
                                [](const Layout& in, const Attributes& attributes) {
                                  const int axis = std::get<AxisAttribute>(attributes).axis;
                                  Layout out = in;
                                  out.offset += std::max<std::int64_t>(0, in.shape[axis] - 1) *
                                                in.strides[axis];
                                  out.strides[axis] = -in.strides[axis];
                                  return std::optional(out);
                                },
                            .samples = {{.inputs = {{{2, 3}}}, .attributes = AxisAttribute{1}},
                                        {.inputs = {{{3}}}, .attributes = AxisAttribute{0}},
                                        {.inputs = {{{3}}},
                                         .attributes = AxisAttribute{1},
                                         .error = "flip: axis=1 does not fit [3]"}}});

void concatenate_kernel(std::span<const Argument> in, const Argument& out,
                        const Attributes& attributes) {
  const int axis = std::get<AxisAttribute>(attributes).axis;
  const auto size = static_cast<std::int64_t>(size_of(out.dtype));
  std::byte* to = out.data;
  for (const Argument& part : in) {
    copy_elements(out.dtype, part.layout, part.data, {part.shape(), out.layout.strides, 0}, to);
    to += part.shape()[axis] * out.layout.strides[axis] * size;
  }
}

Tensor part_of_gradient(const Call& c, const Tensor& g, std::int64_t first, const Tensor& part) {
  Dims start = Dims::filled(g.rank(), 0);
  start[std::get<AxisAttribute>(c.attributes).axis] = first;
  return apply_slice(g, start, Dims::filled(g.rank(), 1), part.shape());
}

const TableEntry concatenate_op(Op{
    .name = "concatenate",
    .doc = "two tensors, one behind the other along an axis",
    .arity = 2,
    .infer = [](const Op& op, Inputs in, const Attributes& attributes) -> Spec {
      const int axis = std::get<AxisAttribute>(attributes).axis;
      check_attributes(is_axis(axis, in[0]), op, in, attributes);
      Shape shape = in[0].shape();
      Shape other = in[1].shape();
      if (in[0].dtype() != in[1].dtype()) {
        throw DTypeError(str("concatenate: types ", in[0].dtype(), " and ", in[1].dtype(),
                             " differ; convert one with cast"));
      }
      const bool alike = shape.rank() == other.rank() && [&] {
        other[axis] = shape[axis];
        return shape == other;
      }();
      if (!alike) {
        throw ShapeError(str("concatenate: shapes ", in[0].shape(), " and ", in[1].shape(),
                             " differ outside of axis ", axis));
      }
      if (!grow(shape[axis], 1, in[1].shape()[axis])) {
        throw ShapeError(str("concatenate: shapes ", in[0].shape(), " and ", in[1].shape(),
                             " together pass 2^63 on axis ", axis));
      }
      return {in[0].dtype(), shape};
    },
    .rule = Linear{{[](const Call& c, const Tensor& g) {
                      return part_of_gradient(c, g, 0, c.in[0]);
                    },
                    [](const Call& c, const Tensor& g) {
                      const int axis = std::get<AxisAttribute>(c.attributes).axis;
                      return part_of_gradient(c, g, c.in[0].shape()[axis], c.in[1]);
                    }}},
    .kernel = concatenate_kernel,
    .any_strides = true,
    .samples = {{.inputs = {{{2, 3}}, {{2, 2}}}, .attributes = AxisAttribute{1}},
                {.inputs = {{{1, 3}}, {{2, 3}}}, .attributes = AxisAttribute{0}},
                {.inputs = {{{2, 3}}, {{2, 3}}},
                 .attributes = AxisAttribute{-1},
                 .error = "concatenate: axis=-1 does not fit [2, 3]"},
                {.inputs = {{{2, 3}}, {{3, 2}}},
                 .attributes = AxisAttribute{0},
                 .error = "concatenate: shapes [2, 3] and [3, 2] differ outside of axis 0"}}});

Tensor apply_slice(const Tensor& x, const Dims& start, const Dims& step, const Shape& shape) {
  return apply(slice_op, {x}, SliceAttribute{start, step, shape});
}

Tensor apply_pad(const Tensor& x, const Dims& before, const Dims& after, const Dims& between) {
  return apply(pad_op, {x}, PadAttribute{before, after, between});
}

Tensor apply_concatenate(const Tensor& a, const Tensor& b, int axis) {
  return apply(concatenate_op, {a, b}, AxisAttribute{axis});
}

// A tree of pairs: every element is copied once a level.
Tensor concatenate_range(std::span<const Tensor> parts, int axis) {
  if (parts.size() == 1) return parts[0];
  const std::size_t half = parts.size() / 2;
  return apply_concatenate(concatenate_range(parts.first(half), axis),
                           concatenate_range(parts.subspan(half), axis), axis);
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  Shape full = shape;
  int open = -1;
  Shape others;
  for (int i = 0; i < full.rank(); ++i) {
    if (full[i] == -1 && open < 0) {
      open = i;
    } else {
      others.push_back(full[i]);
    }
  }
  const std::int64_t known = checked_bytes(others, 1).value_or(-1);
  if (open >= 0 && known == 0 && x.size() == 0) {
    throw ShapeError(str("reshape: ", x.shape(), " to ", shape,
                         ": beside an extent of 0, -1 may be any number; write it down"));
  }
  if (open >= 0 && known > 0 && x.size() % known == 0) full[open] = x.size() / known;
  return full == x.shape() ? x : apply(reshape_op, {x}, ShapeAttribute{full});
}

Tensor permute(const Tensor& x, const Dims& axes) {
  Dims order = axes;
  for (std::int64_t& axis : order) axis = normalize_axis(axis, x.rank(), "permute");
  return apply(permute_op, {x}, PermutationAttribute{order});
}

Tensor transpose(const Tensor& x) {
  if (x.rank() < 2) {
    throw ShapeError(str("transpose: expected at least 2 axes, got shape ", x.shape()));
  }
  Dims axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  std::swap(axes[x.rank() - 1], axes[x.rank() - 2]);
  return permute(x, axes);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  return x.shape() == shape ? x : apply(broadcast_op, {x}, ShapeAttribute{shape});
}

Tensor slice(const Tensor& x, const std::vector<Slice>& slices) {
  if (static_cast<int>(slices.size()) > x.rank()) {
    throw ShapeError(str("slice: ", slices.size(), " slices for shape ", x.shape()));
  }
  Dims start = Dims::filled(x.rank(), 0);
  Dims step = Dims::filled(x.rank(), 1);
  Shape shape = x.shape();
  Dims backwards;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const int axis = static_cast<int>(i);
    const Slice& s = slices[i];
    const std::int64_t extent = shape[axis];
    if (s.step == 0)
      throw ValueError(str("slice: the step of axis ", axis, " of ", x.shape(), " is 0"));
    const std::int64_t low = s.step > 0 ? 0 : -1;  // the places a walk may start from
    const std::int64_t high = s.step > 0 ? extent : extent - 1;
    const auto place = [&](std::int64_t at, std::int64_t otherwise) {
      if (at == Slice::end) return otherwise;
      return std::clamp(at < 0 ? at + extent : at, low, high);
    };
    const std::int64_t first = place(s.start, s.step > 0 ? low : high);
    const std::int64_t last = place(s.stop, s.step > 0 ? high : low);
    // A longer step than the axis leaves one element, too, and no stride can overflow.
    const std::int64_t longest = std::max<std::int64_t>(1, extent);
    const std::int64_t size = s.step > 0 ? std::min(s.step, longest) : -std::max(s.step, -longest);
    const std::int64_t span = s.step > 0 ? last - first : first - last;
    const std::int64_t count = std::max<std::int64_t>(0, (span + size - 1) / size);
    start[axis] =
        s.step > 0 || count == 0 ? std::max<std::int64_t>(0, first) : first - (count - 1) * size;
    step[axis] = size;
    shape[axis] = count;
    if (s.step < 0) backwards.push_back(axis);
  }
  Tensor result = apply_slice(x, start, step, shape);
  for (const std::int64_t axis : backwards) result = flip(result, axis);
  return result;
}

Tensor select(const Tensor& x, std::int64_t axis, std::int64_t index) {
  const int at = normalize_axis(axis, x.rank(), "select");
  const std::int64_t extent = x.shape()[at];
  if (index < -extent || index >= extent) {
    throw ValueError(str("select: index ", index, " is outside of axis ", at, " of ", x.shape()));
  }
  Dims start = Dims::filled(x.rank(), 0);
  start[at] = index < 0 ? index + extent : index;
  Shape one = x.shape();
  one[at] = 1;
  Shape without;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != at) without.push_back(x.shape()[i]);
  }
  return reshape(apply_slice(x, start, Dims::filled(x.rank(), 1), one), without);
}

Tensor Tensor::operator[](std::int64_t index) const {
  if (!defined()) throw_no_value();
  if (rank() == 0) throw ShapeError(str("x[", index, "]: shape [] has no axis to index"));
  return select(*this, 0, index);
}
Tensor Tensor::operator[](const Slice& part) const { return slice(*this, {part}); }
Tensor Tensor::operator[](std::initializer_list<Slice> parts) const { return slice(*this, parts); }
Tensor Tensor::T() const { return nabla::transpose(*this); }

Tensor pad(const Tensor& x, const Dims& before, const Dims& after) {
  return apply_pad(x, before, after, Dims::filled(x.rank(), 0));
}

Tensor pad(const Tensor& x, const Dims& before, const Dims& after, const Tensor& value) {
  const Tensor inside = pad(broadcast_to(number(1, DType::u8), x.shape()), before, after);
  return where(inside, pad(x, before, after), value);
}

Tensor flip(const Tensor& x, std::int64_t axis) {
  return apply(flip_op, {x}, AxisAttribute{normalize_axis(axis, x.rank(), "flip")});
}

Tensor concatenate(const std::vector<Tensor>& parts, std::int64_t axis) {
  if (parts.empty()) throw ShapeError("concatenate: expected at least one tensor");
  // An empty row joins anything, as the start of a loop that appends.
  std::vector<Tensor> shaped = parts;
  std::erase_if(shaped, [](const Tensor& part) { return part.shape() == Shape{0}; });
  if (shaped.empty()) shaped = {parts[0]};
  for (const Tensor& part : parts) {
    if (part.dtype() == shaped[0].dtype()) continue;
    throw DTypeError(str("concatenate: types ", shaped[0].dtype(), " and ", part.dtype(),
                         " differ; convert one with cast"));
  }
  return concatenate_range(shaped, normalize_axis(axis, shaped[0].rank(), "concatenate"));
}

Tensor stack(const std::vector<Tensor>& parts, std::int64_t axis) {
  if (parts.empty()) throw ShapeError("stack: expected at least one tensor");
  const int at = normalize_axis(axis, parts[0].rank() + 1, "stack");
  std::vector<Tensor> widened;
  for (const Tensor& part : parts) {
    if (part.shape() != parts[0].shape()) {
      throw ShapeError(str("stack: shapes ", parts[0].shape(), " and ", part.shape(), " differ"));
    }
    Shape shape;
    for (int i = 0; i <= part.rank(); ++i) {
      if (i == at) shape.push_back(1);
      if (i < part.rank()) shape.push_back(part.shape()[i]);
    }
    widened.push_back(reshape(part, shape));
  }
  return concatenate_range(widened, at);
}

}  // namespace nabla
