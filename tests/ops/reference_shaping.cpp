#include <cmath>
#include <cstdint>

#include "nabla/base/random.h"
#include "tests/ops/reference.h"

namespace nabla {
namespace {

// An array of another shape whose element at an index is in[source(index)].
template <class Source>
Array gather(const Array& in, const Shape& shape, Source source) {
  Array out{shape, {}};
  for_each_index(shape, [&](const Dims& index) { out.values.push_back(in.at(source(index))); });
  return out;
}

Array reshape(const std::vector<Array>& in, const Attributes& attributes) {
  return {std::get<ShapeAttribute>(attributes).shape, in[0].values};
}

Array permute(const std::vector<Array>& in, const Attributes& attributes) {
  const Dims& axes = std::get<PermutationAttribute>(attributes).axes;
  Shape shape = in[0].shape;
  for (int i = 0; i < axes.rank(); ++i) shape[i] = in[0].shape[static_cast<int>(axes[i])];
  return gather(in[0], shape, [&](const Dims& index) {
    Dims source = index;
    for (int i = 0; i < axes.rank(); ++i) source[static_cast<int>(axes[i])] = index[i];
    return source;
  });
}

Array broadcast(const std::vector<Array>& in, const Attributes& attributes) {
  const Shape& shape = std::get<ShapeAttribute>(attributes).shape;
  const int added = shape.rank() - in[0].shape.rank();
  return gather(in[0], shape, [&](const Dims& index) {
    Dims source;
    for (int i = 0; i < in[0].shape.rank(); ++i) {
      source.push_back(in[0].shape[i] == 1 ? 0 : index[i + added]);
    }
    return source;
  });
}

Array slice(const std::vector<Array>& in, const Attributes& attributes) {
  const auto& a = std::get<SliceAttribute>(attributes);
  return gather(in[0], a.shape, [&](const Dims& index) {
    Dims source = index;
    for (int i = 0; i < index.rank(); ++i) source[i] = a.start[i] + index[i] * a.step[i];
    return source;
  });
}

Array flip(const std::vector<Array>& in, const Attributes& attributes) {
  const int axis = std::get<AxisAttribute>(attributes).axis;
  return gather(in[0], in[0].shape, [&](const Dims& index) {
    Dims source = index;
    source[axis] = in[0].shape[axis] - 1 - index[axis];
    return source;
  });
}

Array pad(const std::vector<Array>& in, const Attributes& attributes) {
  const auto& a = std::get<PadAttribute>(attributes);
  Shape shape = in[0].shape;
  for (int i = 0; i < shape.rank(); ++i) {
    const std::int64_t gaps = shape[i] > 0 ? shape[i] - 1 : 0;
    shape[i] += a.before[i] + a.after[i] + gaps * a.between[i];
  }
  Array out = zero_array(shape);
  for_each_index(in[0].shape, [&](const Dims& index) {
    Dims place = index;
    for (int i = 0; i < index.rank(); ++i) place[i] = a.before[i] + index[i] * (a.between[i] + 1);
    out.at(place) = in[0].at(index);
  });
  return out;
}

Array concatenate(const std::vector<Array>& in, const Attributes& attributes) {
  const int axis = std::get<AxisAttribute>(attributes).axis;
  Shape shape = in[0].shape;
  shape[axis] += in[1].shape[axis];
  Array out = zero_array(shape);
  for (std::size_t part = 0; part < 2; ++part) {
    for_each_index(in[part].shape, [&](const Dims& index) {
      Dims place = index;
      if (part == 1) place[axis] += in[0].shape[axis];
      out.at(place) = in[part].at(index);
    });
  }
  return out;
}

// An index of the gathered array, split into that of the table and that of the indices.
struct Split {
  Dims table, indices;
  Split(const Dims& index, int axis, const Array& numbers) {
    const int rank = numbers.shape.rank();
    for (int i = 0; i < index.rank(); ++i) {
      if (i >= axis && i < axis + rank) indices.push_back(index[i]);
      if (i == axis && rank > 0) table.push_back(0);
      if (i < axis || i >= axis + rank) {
        if (i == axis) table.push_back(0);
        table.push_back(index[i]);
      }
    }
    if (rank == 0 && axis == index.rank()) table.push_back(0);
    table[axis] = static_cast<std::int64_t>(numbers.at(indices));
  }
};

Array take(const std::vector<Array>& in, const Attributes& attributes) {
  const int axis = std::get<AxisAttribute>(attributes).axis;
  Shape shape;
  for (int i = 0; i < in[0].shape.rank(); ++i) {
    if (i != axis) shape.push_back(in[0].shape[i]);
    if (i == axis) {
      for (const std::int64_t extent : in[1].shape) shape.push_back(extent);
    }
  }
  return gather(in[0], shape, [&](const Dims& index) { return Split(index, axis, in[1]).table; });
}

Array scatter_add(const std::vector<Array>& in, const Attributes& attributes) {
  const auto& a = std::get<AxisSizeAttribute>(attributes);
  Shape shape;
  for (int i = 0; i < in[0].shape.rank(); ++i) {
    if (i == a.axis) shape.push_back(a.size);
    if (i < a.axis || i >= a.axis + in[1].shape.rank()) shape.push_back(in[0].shape[i]);
  }
  Array out = zero_array(shape);
  Array sizes = out;
  for_each_index(in[0].shape, [&](const Dims& index) {
    const Dims place = Split(index, a.axis, in[1]).table;
    out.at(place) += in[0].at(index);
    sizes.at(place) += std::abs(in[0].at(index));
  });
  const auto terms = static_cast<double>(in[1].values.size());
  for (const double size : sizes.values) out.scale.push_back(size * terms);
  return out;
}

Array one_hot(const std::vector<Array>& in, const Attributes& attributes) {
  Shape shape = in[0].shape;
  shape.push_back(std::get<AxisSizeAttribute>(attributes).size);
  Array out = zero_array(shape);
  for_each_index(in[0].shape, [&](const Dims& index) {
    Dims place = index;
    place.push_back(static_cast<std::int64_t>(in[0].at(index)));
    out.at(place) = 1;
  });
  return out;
}

Array arange(const std::vector<Array>&, const Attributes& attributes) {
  Array out = zero_array(std::get<SpecAttribute>(attributes).shape);
  for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = static_cast<double>(i);
  return out;
}

// 24 bits of one word, or 53 of two, of a sequence of blocks of four.
Array random_uniform(const std::vector<Array>& in, const Attributes& attributes) {
  const auto& a = std::get<SpecAttribute>(attributes);
  const auto seed = static_cast<std::uint64_t>(in[0].values[0]);
  const auto stream = static_cast<std::uint32_t>(in[0].values[1]);
  const auto first = static_cast<std::uint64_t>(in[0].values[2]);
  const auto word = [&](std::uint64_t i) {
    const std::uint64_t counter = first + i / 4;
    return philox(
        {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), stream},
        seed)[i % 4];
  };
  Array out = zero_array(a.shape);
  for (std::uint64_t i = 0; i < out.values.size(); ++i) {
    out.values[i] =
        a.dtype == DType::f32
            ? (word(i) >> 8) * 0x1p-24
            : static_cast<double>((std::uint64_t{word(2 * i)} << 32 | word(2 * i + 1)) >> 11) *
                  0x1p-53;
  }
  return out;
}

}  // namespace

std::map<std::string_view, Reference> shaping_references() {
  return {
      {"reshape", {reshape}},
      {"permute", {permute}},
      {"broadcast", {broadcast}},
      {"slice", {slice}},
      {"flip", {flip}},
      {"pad", {pad}},
      {"concatenate", {concatenate}},
      {"take", {take}},
      {"scatter_add", {scatter_add, 1}},
      {"one_hot", {one_hot}},
      {"arange", {arange}},
      {"random_uniform", {random_uniform}},
  };
}

}  // namespace nabla
