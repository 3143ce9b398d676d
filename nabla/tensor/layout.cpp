#include "nabla/tensor/layout.h"

namespace nabla {

std::optional<Layout> Layout::reshape(const Shape& to) const {
  if (shape.elements() == 0) return contiguous(to);
  Layout result{to, Dims::filled(to.rank(), 0), offset};
  int from_axis = shape.rank() - 1;
  int to_axis = to.rank() - 1;
  while (to_axis >= 0) {
    if (to[to_axis] == 1) {
      result.strides[to_axis--] = 1;
      continue;
    }
    while (shape[from_axis] == 1) --from_axis;
    // A group of old axes that lie without gaps becomes a group of new axes of the same product.
    std::int64_t from_product = shape[from_axis];
    std::int64_t to_product = 1;
    std::int64_t stride = strides[from_axis];
    std::int64_t next_stride = stride * shape[from_axis];
    --from_axis;
    while (to_axis >= 0 && to_product < from_product) {
      to_product *= to[to_axis];
      result.strides[to_axis] = stride;
      stride *= to[to_axis];
      --to_axis;
      while (to_product > from_product) {
        if (shape[from_axis] == 1) {
          --from_axis;
          continue;
        }
        if (strides[from_axis] != next_stride) return std::nullopt;
        from_product *= shape[from_axis];
        next_stride *= shape[from_axis];
        --from_axis;
      }
    }
  }
  return result;
}

Layout Layout::permute(const Dims& axes) const {
  Layout result{{}, {}, offset};
  for (const std::int64_t axis : axes) {
    result.shape.push_back(shape[static_cast<int>(axis)]);
    result.strides.push_back(strides[static_cast<int>(axis)]);
  }
  return result;
}

Layout Layout::broadcast(const Shape& to) const {
  Layout result{to, Dims::filled(to.rank(), 0), offset};
  const int added = to.rank() - shape.rank();
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == to[added + i]) result.strides[added + i] = strides[i];
  }
  return result;
}

}  // namespace nabla
