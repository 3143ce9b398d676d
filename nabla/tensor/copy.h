/// Copies between layouts.
#pragma once

#include "nabla/tensor/tensor.h"

namespace nabla {

/// Writes the elements to `to`, row-major without gaps.
void copy_elements(const Tensor& from, std::byte* to);

/// Writes elements from one layout to another of the same shape; `from` and `to` are the addresses
/// of the elements (0, 0, ...).
void copy_elements(DType dtype, const Layout& from_layout, const std::byte* from,
                   const Layout& to_layout, std::byte* to);

/// The tensor itself if it is row-major without gaps, else a copy that is.
Tensor contiguous(const Tensor& tensor);

}  // namespace nabla
