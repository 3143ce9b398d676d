#include "nabla/kernels/tile_program.h"

#include <atomic>
#include <memory>

#include "nabla/base/parallel.h"

namespace nabla {
namespace {

constexpr std::int64_t tile_size = TileProgram::tile_size;
// A chunk of work for one thread, in element-instructions: some ten microseconds.
constexpr std::int64_t chunk_work = 65536;
constexpr std::int64_t shortest_row = 32;  // that makes a tile of its own

// Copies between a strided rectangle and a dense one.
template <class T, bool to_dense>
void copy_rectangle(TileSize size, T* strided, std::int64_t row_stride, std::int64_t column_stride,
                    T* dense) {
  for (std::int64_t r = 0; r < size.rows; ++r) {
    T* from = strided + r * row_stride;
    T* to = dense + r * size.columns;
    if constexpr (to_dense) {
      if (column_stride == 1) {
        std::copy_n(from, size.columns, to);
        continue;
      }
      for (std::int64_t c = 0; c < size.columns; ++c) to[c] = from[c * column_stride];
    } else {
      for (std::int64_t c = 0; c < size.columns; ++c) from[c * column_stride] = to[c];
    }
  }
}

template <bool to_dense>
void copy_rectangle(int element_size, TileSize size, std::byte* strided, std::int64_t row_stride,
                    std::int64_t column_stride, std::byte* dense) {
  const auto copy = [&](auto type) {
    using T = decltype(type);
    copy_rectangle<T, to_dense>(size, reinterpret_cast<T*>(strided), row_stride, column_stride,
                                reinterpret_cast<T*>(dense));
  };
  switch (element_size) {
    case 1: return copy(std::uint8_t{});
    case 4: return copy(std::uint32_t{});
    default: return copy(std::uint64_t{});
  }
}

// Strides of the last two axes; 0 for an axis that is not there.
std::int64_t row_stride_of(const TileOperand& operand) {
  const int rank = operand.strides.rank();
  return rank >= 2 ? operand.strides[rank - 2] : 0;
}
std::int64_t column_stride_of(const TileOperand& operand) {
  return operand.strides.empty() ? 0 : operand.strides.back();
}

}  // namespace

std::uint64_t next_pass() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

Tiling::Tiling(TileSize size, std::int64_t most_rows)
    : whole(size), tile(size), row_tiles(1), column_tiles(1) {
  if (size.elements() <= tile_size && size.rows <= most_rows) return;
  const std::int64_t rows =
      std::clamp<std::int64_t>(tile_size / size.columns, 1, std::min(size.rows, most_rows));
  tile.columns = std::min(size.columns, tile_size);
  row_tiles = ceil_divide(size.rows, rows);
  column_tiles = ceil_divide(size.columns, tile.columns);
  tile.rows = ceil_divide(size.rows, row_tiles);  // all of about the same size
}

// ---- TileRunner

// What a thread keeps between tiles: memory for temporaries and for operands laid out densely, and
// what lies there.
struct TileRunner::Workspace {
  struct Staged {
    const std::byte* first = nullptr;
    std::int64_t columns = 0;
    std::int64_t elements = 0;
  };
  // Slots a multiple of 4096 bytes apart would make loads wait for stores to other slots.
  static constexpr std::size_t slot_bytes = tile_size * sizeof(double) + 192;
  struct alignas(64) Slot {
    std::byte bytes[slot_bytes];
  };

  const TileProgram* program = nullptr;
  std::uint64_t pass = 0;
  std::array<Staged, TileProgram::max_places> staged;
  std::unique_ptr<Slot[]> slots{new Slot[TileProgram::max_places]};

  std::byte* slot(std::size_t place) { return slots[place].bytes; }
};

TileRunner::Workspace& TileRunner::workspace() {
  static thread_local Workspace mine;
  return mine;
}

TileRunner::TileRunner(const TileProgram& program, std::uint64_t pass)
    : program_(program), operands_(program.operands.size()), work_(workspace()) {
  const std::size_t places = operands_ + static_cast<std::size_t>(program.temporaries);
  for (std::size_t i = operands_; i < places; ++i) place_[i] = work_.slot(i);
  if (pass != 0 && work_.program == &program && work_.pass == pass) return;
  work_.program = &program;
  work_.pass = pass;
  std::fill_n(work_.staged.begin(), operands_, Workspace::Staged());
}

std::byte* TileRunner::run(TileSize size, std::byte* const* addresses, std::int64_t strip_stride) {
  bool copies_out = false;
  for (std::size_t i = 0; i < operands_; ++i) {
    const TileOperand& operand = program_.operands[i];
    place_[i] = addresses[i];
    if (operand.repeats) continue;
    const bool is_strip = i == 0 && strip_stride != 0;
    const std::int64_t row_stride = is_strip ? strip_stride : row_stride_of(operand);
    const std::int64_t column_stride = column_stride_of(operand);
    const bool dense_row = column_stride == 1 || size.columns == 1;
    if (dense_row && (size.rows == 1 || row_stride == size.columns)) continue;
    place_[i] = work_.slot(i);
    copies_out = copies_out || operand.written;
    if (!operand.written) stage(i, size, addresses[i], row_stride, column_stride);
  }
  execute(size.elements());
  if (copies_out) copy_out(size, addresses);
  return place_[static_cast<std::size_t>(program_.result)];
}

std::byte* TileRunner::run_at(std::int64_t plane, std::int64_t row, std::int64_t column,
                              TileSize size) {
  std::array<std::byte*, TileProgram::max_places> addresses;
  for (std::size_t i = 0; i < operands_; ++i) {
    const TileOperand& operand = program_.operands[i];
    std::int64_t offset = row * row_stride_of(operand) + column * column_stride_of(operand);
    std::int64_t rest = plane;
    for (int axis = program_.extents.rank() - 3; axis >= 0; --axis) {
      offset += rest % program_.extents[axis] * operand.strides[axis];
      rest /= program_.extents[axis];
    }
    addresses[i] = operand.data + offset * operand.element_size;
  }
  return run(size, addresses.data());
}

void TileRunner::run_flat(std::int64_t first, std::int64_t elements) {
  for (std::size_t i = 0; i < operands_; ++i) {
    const TileOperand& operand = program_.operands[i];
    place_[i] = operand.data + (operand.repeats ? 0 : first * operand.element_size);
  }
  execute(elements);
}

void TileRunner::execute(std::int64_t elements) {
  for (const TileInstruction& instruction : program_.instructions) {
    if (!instruction.places.empty()) {
      std::array<std::byte*, TileProgram::max_places> addresses;
      for (std::size_t i = 0; i < instruction.places.size(); ++i) {
        addresses[i] = place_[instruction.places[i]];
      }
      instruction.tile(elements, addresses.data(), nullptr, nullptr, nullptr);
      continue;
    }
    instruction.tile(elements, place_[instruction.a], place_[instruction.b], place_[instruction.c],
                     place_[instruction.out]);
  }
}

// Lays an operand out densely. What repeats in every row may still lie there from a tile before.
void TileRunner::stage(std::size_t i, TileSize size, std::byte* address, std::int64_t row_stride,
                       std::int64_t column_stride) {
  Workspace::Staged& staged = work_.staged[i];
  if (staged.first == address && staged.columns == size.columns &&
      staged.elements >= size.elements() && row_stride == 0) {
    return;
  }
  staged = {address, size.columns, size.elements()};
  copy_rectangle<true>(program_.operands[i].element_size, size, address, row_stride, column_stride,
                       place_[i]);
}

void TileRunner::copy_out(TileSize size, std::byte* const* addresses) {
  for (std::size_t i = 0; i < operands_; ++i) {
    const TileOperand& operand = program_.operands[i];
    if (!operand.written || place_[i] != work_.slot(i)) continue;
    copy_rectangle<false>(operand.element_size, size, addresses[i], row_stride_of(operand),
                          column_stride_of(operand), place_[i]);
  }
}

// ---- TileProgram

void TileProgram::collapse() {
  int kept = 0;  // axes [0, kept) are final
  const auto joins = [&](int outer, int inner) {
    return std::all_of(operands.begin(), operands.end(), [&](const TileOperand& operand) {
      return operand.strides[outer] == operand.strides[inner] * extents[inner];
    });
  };
  for (int axis = 0; axis < extents.rank(); ++axis) {
    if (extents[axis] == 1) continue;
    if (kept > 0 && joins(kept - 1, axis)) {
      extents[kept - 1] *= extents[axis];
      for (TileOperand& operand : operands) operand.strides[kept - 1] = operand.strides[axis];
      continue;
    }
    extents[kept] = extents[axis];
    for (TileOperand& operand : operands) operand.strides[kept] = operand.strides[axis];
    ++kept;
  }
  const auto keep = [&](Dims& dims) {
    dims = Dims(std::span<const std::int64_t>(dims.begin(), static_cast<std::size_t>(kept)));
  };
  keep(extents);
  for (TileOperand& operand : operands) keep(operand.strides);
  flat = kept <= 1 && std::all_of(operands.begin(), operands.end(), [&](const TileOperand& o) {
           return kept == 0 || o.repeats || o.strides[0] == 1;
         });
}

namespace {

// Six instructions in a row that are Adam's update; none reads more of the others than that.
bool is_adam(const TileTable& t, DType dtype, const TileInstruction* i) {
  const auto is_result = [&](std::uint8_t place) {
    return std::any_of(i, i + 5, [&](const TileInstruction& other) { return other.out == place; });
  };
  return i[0].tile == t.squarable[dtype].dense && i[1].tile == t.lerp[dtype].repeat_c &&
         i[2].tile == t.square[dtype].dense && i[3].tile == t.lerp[dtype].repeat_c &&
         i[4].tile == t.divide_by_root[dtype].repeat_c &&
         i[5].tile == t.add_scaled[dtype].repeat_c && i[1].b == i[0].out && i[2].a == i[0].out &&
         i[3].b == i[2].out && i[4].a == i[1].out && i[4].b == i[3].out && i[5].b == i[4].out &&
         !is_result(i[1].a) && !is_result(i[3].a) && !is_result(i[5].a);
}

TileInstruction joined_adam(const TileTable& t, DType dtype, const TileInstruction* i) {
  TileInstruction joined;
  joined.tile = t.adam[dtype].dense;
  joined.places.resize(AdamOperand::count);
  joined.places[AdamOperand::mean] = i[1].a;
  joined.places[AdamOperand::square] = i[3].a;
  joined.places[AdamOperand::parameter] = i[5].a;
  joined.places[AdamOperand::gradient] = i[0].a;
  joined.places[AdamOperand::new_mean] = i[1].out;
  joined.places[AdamOperand::new_square] = i[3].out;
  joined.places[AdamOperand::new_parameter] = i[5].out;
  joined.places[AdamOperand::weight_of_gradient] = i[1].c;
  joined.places[AdamOperand::weight_of_square] = i[3].c;
  joined.places[AdamOperand::epsilon] = i[4].c;
  joined.places[AdamOperand::scale] = i[5].c;
  return joined;
}

}  // namespace

void TileProgram::join() {
  // Whether instructions from the i-th on need what is in a temporary, or somebody outside does.
  const auto is_needed = [&](std::size_t i, std::uint8_t place) {
    if (place < operands.size()) return true;
    for (; i < instructions.size(); ++i) {
      const TileInstruction& other = instructions[i];
      if (other.a == place || other.b == place || other.c == place) return true;
      if (other.out == place) return false;
    }
    return place == result;
  };
  for (std::size_t at = 0; at + 6 <= instructions.size(); ++at) {
    const TileInstruction* i = &instructions[at];
    const auto is_read_behind = [&](std::size_t k) { return is_needed(at + 6, i[k].out); };
    if (is_read_behind(0) || is_read_behind(2) || is_read_behind(4)) continue;
    for (const DType dtype : {DType::f32, DType::f64}) {
      if (!is_adam(tiles(), dtype, i)) continue;
      instructions[at] = joined_adam(tiles(), dtype, i);
      const auto next = instructions.begin() + static_cast<std::ptrdiff_t>(at) + 1;
      instructions.erase(next, next + 5);
      break;
    }
  }
}

void TileProgram::run() const { flat ? run_flat() : run_planes(); }

void TileProgram::run_flat() const {
  const std::int64_t elements = extents.empty() ? 1 : extents[0];
  if (elements <= tile_size) {
    if (elements > 0) TileRunner(*this).run_flat(0, elements);
    return;
  }
  const std::int64_t tile_work = tile_size * std::max<std::int64_t>(1, std::ssize(instructions));
  const std::int64_t chunk = std::max<std::int64_t>(1, chunk_work / tile_work) * tile_size;
  parallel_for(ceil_divide(elements, chunk), [&](std::int64_t index) {
    TileRunner runner(*this);
    const std::int64_t end = std::min(elements, (index + 1) * chunk);
    for (std::int64_t first = index * chunk; first < end; first += tile_size) {
      runner.run_flat(first, std::min(tile_size, end - first));
    }
  });
}

void TileProgram::run_planes() const {
  const int rank = extents.rank();
  std::int64_t planes = 1;
  for (int axis = 0; axis < rank - 2; ++axis) planes *= extents[axis];
  const TileSize plane{rank >= 2 ? extents[rank - 2] : 1, rank >= 1 ? extents[rank - 1] : 1};
  if (planes * plane.elements() == 0) return;
  const Tiling tiling(plane);
  const std::int64_t tiles = planes * tiling.tiles();
  const std::int64_t tile_work =
      tiling.tile.elements() * std::max<std::int64_t>(1, std::ssize(instructions));
  const std::int64_t chunk_tiles = std::max<std::int64_t>(1, chunk_work / tile_work);
  parallel_for(ceil_divide(tiles, chunk_tiles), [&](std::int64_t chunk) {
    TileRunner runner(*this);
    const std::int64_t end = std::min(tiles, (chunk + 1) * chunk_tiles);
    for (std::int64_t index = chunk * chunk_tiles; index < end; ++index) {
      tiling.visit(index % tiling.tiles(),
                   [&](std::int64_t row, std::int64_t column, TileSize size) {
                     runner.run_at(index / tiling.tiles(), row, column, size);
                   });
    }
  });
}

void TileProgram::run_strip(std::uint64_t pass, std::int64_t row, std::int64_t rows,
                            std::int64_t column, std::int64_t columns, std::byte* strip,
                            std::int64_t strip_stride) const {
  TileRunner runner(*this, pass);
  // Tiles of several rows would be laid out densely first, which costs more than short tiles.
  const auto is_apart = [&](std::int64_t row_stride) { return row_stride != columns; };
  const bool one_row =
      columns >= shortest_row &&
      (is_apart(strip_stride) || std::any_of(operands.begin() + 1, operands.end(), [&](auto& o) {
         return !o.repeats && o.strides[0] != 0 && is_apart(o.strides[0]);
       }));
  const Tiling tiling({rows, columns}, one_row ? 1 : tile_size);
  for (std::int64_t tile = 0; tile < tiling.tiles(); ++tile) {
    tiling.visit(tile, [&](std::int64_t tile_row, std::int64_t tile_column, TileSize size) {
      std::array<std::byte*, max_places> addresses;
      const std::int64_t strip_offset = tile_row * strip_stride + tile_column;
      addresses[0] = strip + strip_offset * operands[0].element_size;
      for (std::size_t i = 1; i < operands.size(); ++i) {
        const TileOperand& operand = operands[i];
        const std::int64_t offset =
            (row + tile_row) * operand.strides[0] + (column + tile_column) * operand.strides[1];
        addresses[i] = operand.data + offset * operand.element_size;
      }
      runner.run(size, addresses.data(), strip_stride);
    });
  }
}

}  // namespace nabla
