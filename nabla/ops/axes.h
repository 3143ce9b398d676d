/// The axes that a reduction is given.
#pragma once

#include <array>
#include <string_view>

#include "nabla/base/shape.h"

namespace nabla {

/// Maps an axis in [-rank, rank) to [0, rank). A single number takes axes 0 and -1, as if it were a
/// row of one. Throws ShapeError that names `op`.
inline int reduced_axis(std::int64_t axis, int rank, std::string_view op) {
  if (rank == 0 && (axis == 0 || axis == -1)) return 0;
  return normalize_axis(axis, rank, op);
}

/// Which axes are meant; none stands for all. Throws ShapeError that names `op` for axes that do
/// not exist or repeat.
std::array<bool, max_rank> chosen_axes(const Shape& shape, const Dims& axes, std::string_view op);

}  // namespace nabla
