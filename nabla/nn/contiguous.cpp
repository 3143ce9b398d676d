#include "nabla/nn/contiguous.h"

namespace nabla::nn {

void make_contiguous(const std::vector<State>& variables) {
  std::vector<std::size_t> offsets;
  std::size_t bytes = 0;
  for (const State& variable : variables) {
    const Spec spec = variable.spec();
    const std::size_t element = size_of(spec.dtype);
    bytes = (bytes + element - 1) / element * element;
    offsets.push_back(bytes);
    bytes += static_cast<std::size_t>(spec.shape.elements()) * element;
  }
  const BufferRef memory = Buffer::allocate(bytes);
  for (std::size_t i = 0; i < variables.size(); ++i) variables[i].move_to(memory, offsets[i]);
}

}  // namespace nabla::nn
