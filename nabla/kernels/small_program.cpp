#include "nabla/kernels/small_program.h"

#include <cstring>
#include <utility>

namespace nabla {

bool SmallProgram::bind(const TileProgram& program) {
  calls_.clear();
  copies_in_.clear();
  moves_.clear();
  const int rank = program.extents.rank();
  if (rank > 2) return false;
  const std::int64_t rows = rank == 2 ? program.extents[0] : 1;
  const std::int64_t columns = rank >= 1 ? program.extents[rank - 1] : 1;
  const std::int64_t elements = rows * columns;
  if (elements == 0 || elements > TileProgram::tile_size) return false;

  const std::size_t operands = program.operands.size();
  const std::size_t places = operands + static_cast<std::size_t>(program.temporaries);
  memory_.resize(places * static_cast<std::size_t>(elements + 8));  // some apart: other cache lines
  std::vector<std::byte*> place(places);
  for (std::size_t i = 0; i < places; ++i) {
    place[i] =
        reinterpret_cast<std::byte*>(memory_.data() + i * static_cast<std::size_t>(elements + 8));
  }
  for (std::size_t i = 0; i < operands; ++i) {
    const TileOperand& operand = program.operands[i];
    const std::int64_t row_stride = rank == 2 ? operand.strides[0] : 0;
    const std::int64_t column_stride = rank >= 1 ? operand.strides[rank - 1] : 0;
    const bool dense_row = columns == 1 || column_stride == 1;
    if (operand.repeats || (dense_row && (rows == 1 || row_stride == columns))) {
      place[i] = operand.data;
    } else if (dense_row && !operand.written) {
      const std::int64_t size = operand.element_size;
      copies_in_.push_back({i, operand.data, place[i], rows, columns * size, row_stride * size});
    } else {
      copies_in_.clear();
      return false;
    }
  }
  addresses_.clear();
  addresses_.resize(program.instructions.size());
  for (const TileInstruction& instruction : program.instructions) {
    if (!instruction.places.empty()) {
      auto& addresses = addresses_[calls_.size()];
      for (const std::uint8_t i : instruction.places) addresses.push_back(place[i]);
      auto* list = reinterpret_cast<std::byte*>(addresses.data());
      calls_.push_back({instruction.tile, elements, list, nullptr, nullptr, nullptr});
      continue;
    }
    calls_.push_back({instruction.tile, elements, place[instruction.a], place[instruction.b],
                      place[instruction.c], place[instruction.out]});
  }
  find_moves(program, place);
  result_ = place[static_cast<std::size_t>(program.result)];
  return !calls_.empty();
}

void SmallProgram::find_moves(const TileProgram& program, const std::vector<std::byte*>& place) {
  const auto moves = [&](std::size_t i) {
    return i < program.operands.size() && program.operands[i].moves &&
           place[i] == program.operands[i].data;
  };
  for (std::size_t k = 0; k < calls_.size(); ++k) {
    const TileInstruction& instruction = program.instructions[k];
    KernelCall& call = calls_[k];
    for (std::size_t j = 0; j < instruction.places.size(); ++j) {
      const std::size_t i = instruction.places[j];
      if (moves(i)) moves_.push_back({&program.operands[i].data, &addresses_[k][j]});
    }
    if (!instruction.places.empty()) continue;
    const std::pair<std::uint8_t, const std::byte**> inputs[] = {
        {instruction.a, &call.a}, {instruction.b, &call.b}, {instruction.c, &call.c}};
    for (const auto& [i, address] : inputs) {
      if (moves(i)) moves_.push_back({&program.operands[i].data, address});
    }
  }
  for (Copy& copy : copies_in_) {
    const TileOperand& operand = program.operands[copy.operand];
    if (operand.moves) moves_.push_back({&operand.data, &copy.from});
  }
}

void SmallProgram::copy_in(const Copy& copy) {
  const std::byte* from = copy.from;
  std::byte* to = copy.to;
  for (std::int64_t row = 0; row < copy.rows; ++row) {
    std::memcpy(to, from, static_cast<std::size_t>(copy.row_bytes));
    from += copy.row_step;
    to += copy.row_bytes;
  }
}

}  // namespace nabla
