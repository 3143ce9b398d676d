#include "nabla/nn/contiguous.h"

namespace nabla::nn {
namespace {

// Where each begins in the vector, in bytes; then the length of it.
std::vector<std::size_t> offsets_of(const std::vector<State>& variables) {
  std::vector<std::size_t> offsets;
  std::size_t bytes = 0;
  for (const State& variable : variables) {
    const Spec spec = variable.spec();
    const std::size_t element = size_of(spec.dtype);
    bytes = (bytes + element - 1) / element * element;
    offsets.push_back(bytes);
    bytes += spec.byte_count();
  }
  offsets.push_back(bytes);
  return offsets;
}

BufferRef move_into_one(const std::vector<State>& variables) {
  const std::vector<std::size_t> offsets = offsets_of(variables);
  const BufferRef memory = Buffer::allocate(offsets.back());
  for (std::size_t i = 0; i < variables.size(); ++i) variables[i].move_to(memory, offsets[i]);
  return memory;
}

}  // namespace

void make_contiguous(const std::vector<State>& variables) { move_into_one(variables); }

State make_vector(const std::vector<State>& variables) {
  const BufferRef memory = move_into_one(variables);
  const DType dtype = variables[0].spec().dtype;
  const auto elements = static_cast<std::int64_t>(offsets_of(variables).back() / size_of(dtype));
  // A state is moved with its value, which is what lies there.
  const State vector(Tensor(Layout::contiguous({elements}), dtype, memory), "parameters");
  vector.move_to(memory, 0);
  return vector;
}

bool is_contiguous(const std::vector<State>& variables) {
  const std::vector<std::size_t> offsets = offsets_of(variables);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (!variables[i].lies_at(variables[0], offsets[i])) return false;
  }
  return true;
}

}  // namespace nabla::nn
