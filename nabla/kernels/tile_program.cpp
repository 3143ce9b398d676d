#include "nabla/kernels/tile_program.h"

#include <algorithm>
#include <array>
#include <memory>

#include "nabla/base/parallel.h"

namespace nabla {
namespace {

constexpr std::int64_t tile_size = TileProgram::tile_size;
// A chunk of work for one thread, in element-instructions: some ten microseconds.
constexpr std::int64_t chunk_work = 65536;

// Rows and columns of a tile.
struct Size {
  std::int64_t rows, columns;
  std::int64_t elements() const { return rows * columns; }
};

// Copies between a strided rectangle and a dense one.
template <class T, bool to_dense>
void copy_rectangle(Size size, T* strided, std::int64_t row_stride, std::int64_t column_stride,
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
void copy_rectangle(int element_size, Size size, std::byte* strided, std::int64_t row_stride,
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

// What a thread keeps between tiles: memory for temporaries and for operands laid out densely, and
// what lies there.
struct Workspace {
  struct Staged {
    const std::byte* first = nullptr;
    std::int64_t columns = 0;
    std::int64_t elements = 0;
  };
  static constexpr std::size_t slot_bytes = tile_size * sizeof(double);

  const TileProgram* program = nullptr;
  std::uint64_t pass = 0;
  std::array<Staged, TileProgram::max_places> staged;
  std::unique_ptr<std::byte[]> memory;
  std::byte* first_slot = nullptr;

  std::byte* slot(std::size_t place) {
    if (memory == nullptr) {
      memory = std::make_unique<std::byte[]>(TileProgram::max_places * slot_bytes + 64);
      const auto address = reinterpret_cast<std::uintptr_t>(memory.get());
      first_slot = memory.get() + (64 - address % 64) % 64;
    }
    return first_slot + place * slot_bytes;
  }

  static Workspace& mine() {
    static thread_local Workspace workspace;
    return workspace;
  }
};

// Runs a program on one thread, one tile after the other.
class Runner {
 public:
  // Pass 0 is one of its own.
  explicit Runner(const TileProgram& program, std::uint64_t pass = 0)
      : program_(program), operands_(program.operands.size()), work_(Workspace::mine()) {
    const std::size_t places = operands_ + static_cast<std::size_t>(program.temporaries);
    for (std::size_t i = operands_; i < places; ++i) place_[i] = work_.slot(i);
    if (pass != 0 && work_.program == &program && work_.pass == pass) return;
    work_.program = &program;
    work_.pass = pass;
    std::fill_n(work_.staged.begin(), operands_, Workspace::Staged());
  }

  // A tile over the last two axes. Operand i starts at first(i); operand 0 may be elsewhere, in rows
  // that lie strip_stride apart.
  template <class First>
  void run(Size size, First first, std::int64_t strip_stride = 0) {
    const int rank = program_.extents.rank();
    bool copies_out = false;
    for (std::size_t i = 0; i < operands_; ++i) {
      const TileOperand& operand = program_.operands[i];
      std::int64_t row_stride = rank >= 2 ? operand.strides[rank - 2] : 0;
      if (i == 0 && strip_stride != 0) row_stride = strip_stride;
      const std::int64_t column_stride = rank >= 1 ? operand.strides[rank - 1] : 0;
      std::byte* const address = first(i);
      const bool dense_row = column_stride == 1 || size.columns == 1;
      if (operand.repeats || (dense_row && (size.rows == 1 || row_stride == size.columns))) {
        place_[i] = address;
        continue;
      }
      place_[i] = work_.slot(i);
      copies_out = copies_out || operand.written;
      if (!operand.written) stage(i, size, address, row_stride, column_stride);
    }
    execute(size.elements());
    if (copies_out) copy_out(size, first);
  }

  // The elements from `first` on of a flat program.
  void run_flat(std::int64_t first, std::int64_t elements) {
    for (std::size_t i = 0; i < operands_; ++i) {
      const TileOperand& operand = program_.operands[i];
      place_[i] = operand.data + (operand.repeats ? 0 : first * operand.element_size);
    }
    execute(elements);
  }

 private:
  void execute(std::int64_t elements) {
    for (const TileInstruction& instruction : program_.instructions) {
      instruction.tile(elements, place_[instruction.a], place_[instruction.b],
                       place_[instruction.c], place_[instruction.out]);
    }
  }

  // Lays an operand out densely. What repeats in every row may still lie there from a tile before.
  void stage(std::size_t i, Size size, std::byte* address, std::int64_t row_stride,
             std::int64_t column_stride) {
    Workspace::Staged& staged = work_.staged[i];
    if (staged.first == address && staged.columns == size.columns &&
        staged.elements >= size.elements() && row_stride == 0) {
      return;
    }
    staged = {address, size.columns, size.elements()};
    copy_rectangle<true>(program_.operands[i].element_size, size, address, row_stride,
                         column_stride, place_[i]);
  }

  template <class First>
  void copy_out(Size size, First first) {
    const int rank = program_.extents.rank();
    for (std::size_t i = 0; i < operands_; ++i) {
      const TileOperand& operand = program_.operands[i];
      if (!operand.written || place_[i] != work_.slot(i)) continue;
      copy_rectangle<false>(operand.element_size, size, first(i),
                            rank >= 2 ? operand.strides[rank - 2] : 0, operand.strides[rank - 1],
                            place_[i]);
    }
  }

  const TileProgram& program_;
  std::size_t operands_;
  Workspace& work_;
  std::array<std::byte*, TileProgram::max_places> place_;
};

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// How rows and columns are cut into tiles: whole rows while they are short, else pieces of one row.
struct Tiling {
  Size whole;
  Size tile;
  std::int64_t row_tiles, column_tiles;

  explicit Tiling(Size size) : whole(size) {
    const std::int64_t fitting = tile_size / std::max<std::int64_t>(1, size.columns);
    const std::int64_t rows = std::clamp<std::int64_t>(fitting, 1, size.rows);
    tile.columns = std::min(size.columns, tile_size);
    row_tiles = ceil_divide(size.rows, rows);
    column_tiles = ceil_divide(size.columns, tile.columns);
    tile.rows = ceil_divide(size.rows, row_tiles);  // all of about the same size
  }

  // Calls body(row, column, size) for tile `index`.
  template <class Body>
  void visit(std::int64_t index, Body body) const {
    const std::int64_t row = index / column_tiles * tile.rows;
    const std::int64_t column = index % column_tiles * tile.columns;
    body(row, column,
         Size{std::min(tile.rows, whole.rows - row), std::min(tile.columns, whole.columns - column)});
  }
};

}  // namespace

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

void TileProgram::run() const {
  flat ? run_flat() : run_planes();
}

void TileProgram::run_flat() const {
  const std::int64_t elements = extents.empty() ? 1 : extents[0];
  if (elements <= tile_size) {
    if (elements > 0) Runner(*this).run_flat(0, elements);
    return;
  }
  const std::int64_t chunk_tiles = std::max<std::int64_t>(
      1, chunk_work / (tile_size * std::max<std::int64_t>(1, std::ssize(instructions))));
  const std::int64_t chunk = chunk_tiles * tile_size;
  parallel_for(ceil_divide(elements, chunk), [&](std::int64_t index) {
    Runner runner(*this);
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
  const Size plane{rank >= 2 ? extents[rank - 2] : 1, rank >= 1 ? extents[rank - 1] : 1};
  if (planes * plane.elements() == 0) return;
  const Tiling tiling(plane);
  const std::int64_t plane_tiles = tiling.row_tiles * tiling.column_tiles;
  const std::int64_t tiles = planes * plane_tiles;
  const std::int64_t tile_work =
      tiling.tile.elements() * std::max<std::int64_t>(1, std::ssize(instructions));
  const std::int64_t chunk_tiles = std::max<std::int64_t>(1, chunk_work / tile_work);
  parallel_for(ceil_divide(tiles, chunk_tiles), [&](std::int64_t chunk) {
    Runner runner(*this);
    const std::int64_t end = std::min(tiles, (chunk + 1) * chunk_tiles);
    for (std::int64_t index = chunk * chunk_tiles; index < end; ++index) {
      tiling.visit(index % plane_tiles, [&](std::int64_t row, std::int64_t column, Size size) {
        runner.run(size, [&](std::size_t i) {
          const Dims& strides = operands[i].strides;
          std::int64_t offset = column * strides[rank - 1];
          if (rank >= 2) offset += row * strides[rank - 2];
          std::int64_t rest = index / plane_tiles;
          for (int axis = rank - 3; axis >= 0; --axis) {
            offset += rest % extents[axis] * strides[axis];
            rest /= extents[axis];
          }
          return operands[i].data + offset * operands[i].element_size;
        });
      });
    }
  });
}

void TileProgram::run_strip(std::uint64_t pass, std::int64_t row, std::int64_t rows,
                            std::int64_t column, std::int64_t columns, std::byte* strip,
                            std::int64_t strip_stride) const {
  Runner runner(*this, pass);
  const auto run_tile = [&](std::int64_t tile_row, std::int64_t tile_column, Size size) {
    runner.run(
        size,
        [&](std::size_t i) {
          const TileOperand& operand = operands[i];
          if (i == 0) {
            return strip + (tile_row * strip_stride + tile_column) * operand.element_size;
          }
          return operand.data + ((row + tile_row) * operand.strides[0] +
                                 (column + tile_column) * operand.strides[1]) *
                                    operand.element_size;
        },
        strip_stride);
  };
  if (rows * columns <= tile_size) return run_tile(0, 0, {rows, columns});
  const Tiling tiling({rows, columns});
  for (std::int64_t tile = 0; tile < tiling.row_tiles * tiling.column_tiles; ++tile) {
    tiling.visit(tile, run_tile);
  }
}

}  // namespace nabla
