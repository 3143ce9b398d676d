#include "nabla/tensor/copy.h"

#include <cstring>

#include "nabla/kernels/tile_program.h"

namespace nabla {

void copy_elements(DType dtype, const Layout& from_layout, const std::byte* from,
                   const Layout& to_layout, std::byte* to) {
  const auto size = static_cast<int>(size_of(dtype));
  TileProgram program;
  program.extents = from_layout.shape;
  program.operands = {{const_cast<std::byte*>(from), size, from_layout.strides, false},
                      {to, size, to_layout.strides, true}};
  program.instructions = {{tiles().copy[dtype].dense, 0, 0, 0, 1}};
  program.collapse();
  program.run();
}

void copy_elements(const Tensor& from, std::byte* to) {
  const std::byte* source = from.bytes();
  if (from.layout().is_contiguous()) {
    std::memcpy(to, source, from.spec().byte_count());
    return;
  }
  copy_elements(from.dtype(), from.layout(), source, Layout::contiguous(from.shape()), to);
}

Tensor contiguous(const Tensor& tensor) {
  if (tensor.layout().is_contiguous()) return tensor;
  Tensor copy = Tensor::empty(tensor.spec());
  copy_elements(tensor, copy.writable_bytes());
  return copy;
}

}  // namespace nabla
