#include "tests/ops/cases.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "nabla/base/error.h"
#include "nabla/base/random.h"
#include "nabla/base/text.h"
#include "nabla/ops/ops.h"
#include "tests/ops/reference.h"

namespace nabla {
namespace {

Dims reversed_axes(int rank) {
  Dims axes;
  for (int i = rank - 1; i >= 0; --i) axes.push_back(i);
  return axes;
}

Tensor store(const Array& array, DType dtype) {
  return tensor_of(dtype, array.shape, array.values);
}

PlacedInput place_permuted(const Tensor& values) {
  const Dims axes = reversed_axes(values.rank());
  const Array from = array_of(values);
  Shape shape = from.shape;
  std::reverse(shape.begin(), shape.end());
  Array base = zero_array(shape);
  for_each_index(from.shape, [&](const Dims& index) {
    Dims reversed = index;
    std::reverse(reversed.begin(), reversed.end());
    base.at(reversed) = from.at(index);
  });
  return {store(base, values.dtype()), [axes](const Tensor& t) { return permute(t, axes); }};
}

// Every second element, from the third on, of a larger tensor whose other elements would show.
PlacedInput place_sliced(const Tensor& values) {
  const Array from = array_of(values);
  Shape shape = from.shape;
  for (std::int64_t& extent : shape) extent = 2 * extent + 3;
  Array base = zero_array(shape);
  const double stranger =
      is_floating(values.dtype()) ? std::numeric_limits<double>::quiet_NaN() : 77;
  std::fill(base.values.begin(), base.values.end(), stranger);
  for_each_index(from.shape, [&](const Dims& index) {
    Dims at = index;
    for (std::int64_t& i : at) i = 2 + 2 * i;
    base.at(at) = from.at(index);
  });
  std::vector<Slice> slices;
  for (const std::int64_t extent : from.shape) slices.push_back({2, 2 + 2 * extent, 2});
  return {store(base, values.dtype()), [slices](const Tensor& t) { return slice(t, slices); }};
}

PlacedInput place_broadcast(const Tensor& values) {
  const Array from = array_of(values);
  Shape one = from.shape;
  one[0] = std::min<std::int64_t>(1, one[0]);
  Array base = zero_array(one);
  for_each_index(one, [&](const Dims& index) { base.at(index) = from.at(index); });
  return {store(base, values.dtype()),
          [shape = from.shape](const Tensor& t) { return broadcast_to(t, shape); }};
}

// The first element for all.
PlacedInput place_repeated(const Tensor& values) {
  const bool any = values.size() > 0;
  const Array from = array_of(values);
  Array base = zero_array(any ? Shape{} : from.shape);
  if (any) base.values[0] = from.values[0];
  return {store(base, values.dtype()),
          [shape = from.shape](const Tensor& t) { return broadcast_to(t, shape); }};
}

PlacedInput place_flipped(const Tensor& values) {
  return {values, [](const Tensor& t) {
            Tensor result = t;
            for (int axis = 0; axis < t.rank(); ++axis) result = flip(result, axis);
            return result;
          }};
}

// The sample with one extent, wherever it occurs, replaced by 0.
Sample emptied(Sample sample, std::int64_t extent) {
  for (SampleInput& input : sample.inputs) {
    std::replace(input.shape.begin(), input.shape.end(), extent, std::int64_t{0});
  }
  return sample;
}

// Attributes that go with any extents.
bool fits_any_extent(const Attributes& attributes) {
  return !std::holds_alternative<ShapeAttribute>(attributes) &&
         !std::holds_alternative<SliceAttribute>(attributes) &&
         !std::holds_alternative<PadAttribute>(attributes);
}

struct Variant {
  Sample sample;
  std::string name;
};

std::vector<Variant> variants_of(const Sample& sample, const std::string& name) {
  std::vector<Variant> variants = {{sample, name}};
  if (!fits_any_extent(sample.attributes)) return variants;
  std::set<std::int64_t> extents;
  for (const SampleInput& input : sample.inputs) {
    extents.insert(input.shape.begin(), input.shape.end());
  }
  for (const std::int64_t extent : extents) {
    if (extent > 0) variants.push_back({emptied(sample, extent), str(name, " without ", extent)});
  }
  const bool any_rank = std::holds_alternative<std::monostate>(sample.attributes) ||
                        std::holds_alternative<TypeAttribute>(sample.attributes);
  if (any_rank && !sample.inputs.empty()) {
    Sample scalars = sample;
    for (SampleInput& input : scalars.inputs) input.shape = {};
    variants.push_back({scalars, name + " as scalars"});
  }
  return variants;
}

// Whether the op takes inputs of these types and shapes. It may refuse only with an exception.
bool takes(const Op& op, const Tensors& inputs, const Attributes& attributes) {
  try {
    op.infer(op, inputs, attributes);
    return true;
  } catch (const DTypeError&) {
    return false;
  } catch (const ShapeError&) {
    return false;
  }
}

// An index is in range only where there is something to address.
bool can_run(const Op& op, const Tensors& inputs, const Attributes& attributes) {
  if (!takes(op, inputs, attributes)) return false;
  try {
    apply(op, inputs, attributes);
    return true;
  } catch (const ValueError&) {
    return false;
  }
}

}  // namespace

const std::vector<std::string>& layouts() {
  static const std::vector<std::string> all = {"contiguous", "permuted", "sliced",
                                               "broadcast",  "repeated", "flipped"};
  return all;
}

PlacedInput place(const std::string& layout, const Tensor& values) {
  if (layout == "permuted") return place_permuted(values);
  if (layout == "sliced") return place_sliced(values);
  if (layout == "broadcast" && values.rank() > 0) return place_broadcast(values);
  if (layout == "repeated") return place_repeated(values);
  if (layout == "flipped") return place_flipped(values);
  return {values, [](const Tensor& t) { return t; }};
}

Tensors Case::bases() const {
  Tensors result;
  for (const PlacedInput& input : inputs) result.push_back(input.base);
  return result;
}

Tensors Case::tensors() const {
  Tensors result;
  for (const PlacedInput& input : inputs) result.push_back(input.tensor());
  return result;
}

Tensor Case::call(const Tensors& bases) const {
  Tensors viewed;
  for (std::size_t i = 0; i < inputs.size(); ++i) viewed.push_back(inputs[i].view(bases[i]));
  return apply(*op, viewed, attributes);
}

Tensors draw(const Sample& sample, DType dtype, std::uint64_t seed) {
  Tensors inputs;
  for (const SampleInput& input : sample.inputs) {
    Random random(seed, inputs.size());
    const DType type = input.dtype.value_or(dtype);
    const double low = type == DType::u8 ? std::max(0.0, input.low) : input.low;
    std::vector<double> values(static_cast<std::size_t>(input.shape.elements()));
    for (double& value : values) {
      value = low + (input.high - low) * random.uniform();
      if (!is_floating(type)) value = std::floor(value);
    }
    if (input.diagonal != 0 && input.shape.rank() > 0) {
      const auto n = static_cast<std::size_t>(input.shape.back());
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (i % n == i / n % n) values[i] += input.diagonal;
      }
    }
    inputs.push_back(tensor_of(type, input.shape, values));
  }
  return inputs;
}

const std::map<std::string_view, std::vector<Sample>>& edge_samples() {
  static const Sample scalar_over_no_axes{.inputs = {{{}}}, .attributes = AxesAttribute{0, 0}};
  static const Sample no_axes{.inputs = {{{2, 3}}}, .attributes = AxesAttribute{1, 0}};
  static const Sample no_such_axes{
      .inputs = {{{}}}, .attributes = AxesAttribute{0, 1}, .error = "axes=[0, 1) does not fit []"};
  static const Sample largest_of_none{.inputs = {{{2, 0}}},
                                      .attributes = AxesAttribute{0, 2},
                                      .error = "axis 1 of [2, 0] has no elements"};
  static const Sample place_in_scalar{
      .inputs = {{{}}}, .attributes = AxisAttribute{0}, .error = "axes=[0, 1) does not fit []"};
  static const Sample place_in_none{.inputs = {{{2, 0}}},
                                    .attributes = AxisAttribute{1},
                                    .error = "axis 1 of [2, 0] has no elements"};
  static const Sample axis_of_scalar{
      .inputs = {{{}}}, .attributes = AxisAttribute{0}, .error = "axis=0 does not fit []"};
  static const Sample row_of_scalar{.inputs = {{{}}},
                                    .error = "expected at least one axis, got a scalar"};
  static const std::map<std::string_view, std::vector<Sample>> all = {
      {"sum", {scalar_over_no_axes, no_axes, no_such_axes}},
      {"max", {scalar_over_no_axes, no_axes, no_such_axes, largest_of_none}},
      {"min", {scalar_over_no_axes, no_axes, no_such_axes, largest_of_none}},
      {"argmax", {place_in_scalar, place_in_none}},
      {"argmin", {place_in_scalar, place_in_none}},
      {"cumulative_sum", {axis_of_scalar}},
      {"flip", {axis_of_scalar}},
      {"softmax", {row_of_scalar}},
      {"logsumexp", {row_of_scalar}},
      {"reshape",
       {{.inputs = {{{}}}, .attributes = ShapeAttribute{{}}},
        {.inputs = {{{}}}, .attributes = ShapeAttribute{{1, 1}}},
        {.inputs = {{{2, 0, 3}}}, .attributes = ShapeAttribute{{0}}},
        {.inputs = {{{}}},
         .attributes = ShapeAttribute{{0}},
         .error = "reshape: [] with 1 elements does not fit [0]"},
        {.inputs = {{{0}}},
         .attributes = ShapeAttribute{{}},
         .error = "reshape: [0] with 0 elements does not fit []"}}},
      {"permute",
       {{.inputs = {{{}}}, .attributes = PermutationAttribute{{}}},
        {.inputs = {{{}}},
         .attributes = PermutationAttribute{{0}},
         .error = "permute: [0] is not an order of the 0 axes of []"}}},
      {"broadcast",
       {{.inputs = {{{}}}, .attributes = ShapeAttribute{{}}},
        {.inputs = {{{}}}, .attributes = ShapeAttribute{{2, 0}}},
        {.inputs = {{{1}}}, .attributes = ShapeAttribute{{0}}},
        {.inputs = {{{0}}}, .attributes = ShapeAttribute{{2, 0}}},
        {.inputs = {{{0, 1}}}, .attributes = ShapeAttribute{{2, 0, 3}}},
        {.inputs = {{{0}}},
         .attributes = ShapeAttribute{{1}},
         .error = "broadcast: [0] does not stretch to [1]"}}},
      {"slice",
       {{.inputs = {{{}}}, .attributes = SliceAttribute{{}, {}, {}}},
        {.inputs = {{{0}}}, .attributes = SliceAttribute{{0}, {1}, {0}}},
        {.inputs = {{{0, 4}}}, .attributes = SliceAttribute{{0, 1}, {3, 2}, {0, 2}}},
        {.inputs = {{{0}}},
         .attributes = SliceAttribute{{0}, {1}, {1}},
         .error = "slice: start=[0], step=[1], shape=[1] does not fit [0]"},
        {.inputs = {{{}}},
         .attributes = SliceAttribute{{0}, {1}, {1}},
         .error = "slice: start=[0], step=[1], shape=[1] does not fit []"},
        // What does not fit on one axis only.
        {.inputs = {{{2, 3}}},
         .attributes = SliceAttribute{{0, 0}, {1, 0}, {1, 1}},
         .error = "slice: start=[0, 0], step=[1, 0], shape=[1, 1] does not fit [2, 3]"},
        {.inputs = {{{2, 3}}},
         .attributes = SliceAttribute{{0, 0}, {0, 1}, {1, 1}},
         .error = "slice: start=[0, 0], step=[0, 1], shape=[1, 1] does not fit [2, 3]"},
        {.inputs = {{{2, 3}}},
         .attributes = SliceAttribute{{0, 1}, {1, 1}, {1, 3}},
         .error = "slice: start=[0, 1], step=[1, 1], shape=[1, 3] does not fit [2, 3]"},
        {.inputs = {{{2, 3}}},
         .attributes = SliceAttribute{{0, 0}, {1, 2}, {1, 3}},
         .error = "slice: start=[0, 0], step=[1, 2], shape=[1, 3] does not fit [2, 3]"},
        {.inputs = {{{2, 3}}},
         .attributes = SliceAttribute{{2, 0}, {1, 1}, {1, 3}},
         .error = "slice: start=[2, 0], step=[1, 1], shape=[1, 3] does not fit [2, 3]"}}},
      {"where",
       {{.inputs = {{{2}, 0, 1, DType::f32}, {{2}}, {{2}}},
         .error = "where: the condition is u8, as comparisons give it, got f32"}}},
      {"pad",
       {{.inputs = {{{}}}, .attributes = PadAttribute{{}, {}, {}}},
        {.inputs = {{{0}}}, .attributes = PadAttribute{{0}, {0}, {2}}},
        {.inputs = {{{0, 2}}}, .attributes = PadAttribute{{1, 0}, {2, 1}, {3, 1}}},
        {.inputs = {{{2, 0}}}, .attributes = PadAttribute{{1, 0}, {0, 0}, {0, 1}}},
        {.inputs = {{{}}},
         .attributes = PadAttribute{{1}, {0}, {0}},
         .error = "pad: before=[1], after=[0], between=[0] does not fit []"}}},
      {"take", {{.inputs = {{{4, 3}}, {{}, 0, 4, DType::i64}}, .attributes = AxisAttribute{0}}}},
      {"one_hot",
       {{.inputs = {{{}, 0, 3, DType::i64}}, .attributes = AxisSizeAttribute{0, 3, DType::f32}}}},
  };
  return all;
}

std::vector<Sample> samples_of(const Op& op) {
  std::vector<Sample> samples = op.samples;
  const auto edges = edge_samples().find(op.name);
  if (edges != edge_samples().end()) {
    samples.insert(samples.end(), edges->second.begin(), edges->second.end());
  }
  return samples;
}

std::vector<Case> cases_of(const Op& op, DType dtype, std::uint64_t seed) {
  std::vector<Case> cases;
  const std::vector<Sample> samples = samples_of(op);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!samples[i].error.empty()) continue;
    const std::string name = str(op.name, ' ', dtype, ", sample ", i);
    for (const Variant& variant : variants_of(samples[i], name)) {
      const Tensors values = draw(variant.sample, dtype, seed);
      if (!can_run(op, values, variant.sample.attributes)) continue;
      const std::size_t choices = values.empty() ? 1 : layouts().size();
      for (std::size_t l = 0; l < choices + (values.size() > 1 ? 2 : 0); ++l) {
        // Beyond the layouts for all inputs: each input another one, in two ways.
        const bool mixed = l >= choices;
        Case c{&op, variant.sample.attributes, {}, {}};
        for (std::size_t k = 0; k < values.size(); ++k) {
          c.inputs.push_back(
              place(layouts()[mixed ? (l - choices + 2 * k + 1) % choices : l], values[k]));
        }
        // A matrix of equal rows has no inverse.
        const std::vector<SampleInput>& samples_inputs = variant.sample.inputs;
        bool has_inverse = true;
        for (std::size_t k = 0; k < samples_inputs.size(); ++k) {
          const std::string& layout = layouts()[mixed ? (l - choices + 2 * k + 1) % choices : l];
          const bool repeats = layout == "repeated" || layout == "broadcast";
          has_inverse = has_inverse && !(repeats && samples_inputs[k].diagonal != 0);
        }
        if (!has_inverse) continue;
        c.name = str(variant.name, ", ", mixed ? "mixed" : layouts()[l]);
        cases.push_back(std::move(c));
      }
    }
  }
  return cases;
}

std::vector<Sample> error_samples(const Op& op) {
  std::vector<Sample> samples = samples_of(op);
  std::erase_if(samples, [](const Sample& sample) { return sample.error.empty(); });
  return samples;
}

}  // namespace nabla
