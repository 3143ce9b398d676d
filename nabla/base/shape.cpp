#include "nabla/base/shape.h"

#include <algorithm>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla {

Dims::Dims(std::initializer_list<std::int64_t> values)
    : Dims(std::span<const std::int64_t>(values.begin(), values.size())) {}

Dims::Dims(std::span<const std::int64_t> values) {
  for (const std::int64_t value : values) push_back(value);
}

void Dims::throw_too_many() { throw ShapeError(str("a tensor has at most ", max_rank, " axes")); }

std::optional<std::int64_t> checked_bytes(const Shape& shape, std::size_t element_size) {
  // Counting an extent of 0 as 1 bounds the strides as well.
  auto bytes = static_cast<std::int64_t>(element_size);
  bool is_empty = false;
  for (const std::int64_t extent : shape) {
    is_empty = is_empty || extent == 0;
    if (extent < 0 || __builtin_mul_overflow(bytes, std::max<std::int64_t>(extent, 1), &bytes)) {
      return std::nullopt;
    }
  }
  return is_empty ? 0 : bytes;
}

bool all_counts(const Dims& dims) {
  return std::all_of(dims.begin(), dims.end(), [](std::int64_t value) { return value >= 0; });
}

std::ostream& operator<<(std::ostream& out, const Dims& dims) {
  return out << '[' << join(dims, ", ") << ']';
}

int normalize_axis(std::int64_t axis, int rank, std::string_view op) {
  if (axis < -rank || axis >= rank) {
    throw ShapeError(str(op, ": axis ", axis, " is outside of a tensor with ", rank, " axes"));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Shape broadcast_shapes(const Shape& a, const Shape& b, std::string_view op) {
  const int rank = std::max(a.rank(), b.rank());
  Shape result(Dims::filled(rank, 1));
  for (int i = 1; i <= rank; ++i) {
    const std::int64_t x = i <= a.rank() ? a[a.rank() - i] : 1;
    const std::int64_t y = i <= b.rank() ? b[b.rank() - i] : 1;
    if (x != y && x != 1 && y != 1) {
      throw ShapeError(str(op, ": shapes ", a, " and ", b, " do not broadcast (", x, " != ", y,
                           " on axis ", rank - i, ")"));
    }
    result[rank - i] = x == 1 ? y : x;
  }
  return result;
}

}  // namespace nabla
