/// Conversion of elements on raw pointers.
#pragma once

#include <cstdint>

namespace nabla {

/// to[i] = float(from[i]) * scale for i < count, rounded once: the same bits on every machine.
void scale_bytes(const std::uint8_t* from, float scale, float* to, std::int64_t count);

}  // namespace nabla
