/// Short-lived memory of kernels.
#pragma once

#include <cstddef>

namespace nabla {

/// At least `bytes` bytes aligned to 64, kept by this thread and handed out again by the next call:
/// a kernel uses it until it returns, and calls no other that uses it meanwhile.
std::byte* scratch(std::size_t bytes);

}  // namespace nabla
