/// Which instruction set the kernels use.
#pragma once

#include <string_view>

namespace nabla {

/// "avx512", "avx2" or "scalar": the best of this processor, capped by the environment variable
/// NABLA_ISA. Throws ValueError where that names something else.
std::string_view isa();

}  // namespace nabla
