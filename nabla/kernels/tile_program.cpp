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

// The last two axes of a program, at one index of the axes before them.
struct Plane {
  std::int64_t rows, columns;
  std::array<std::byte*, TileProgram::max_places> data;
  std::array<std::int64_t, TileProgram::max_places> row_stride;
  std::array<std::int64_t, TileProgram::max_places> column_stride;
};

// Copies between a strided rectangle and a dense one.
template <class T, bool to_dense>
void copy_rectangle(std::int64_t rows, std::int64_t columns, T* strided, std::int64_t row_stride,
                    std::int64_t column_stride, T* dense) {
  for (std::int64_t r = 0; r < rows; ++r) {
    T* from = strided + r * row_stride;
    T* to = dense + r * columns;
    for (std::int64_t c = 0; c < columns; ++c) {
      if constexpr (to_dense) {
        to[c] = from[c * column_stride];
      } else {
        from[c * column_stride] = to[c];
      }
    }
  }
}

template <bool to_dense>
void copy_rectangle(int element_size, std::int64_t rows, std::int64_t columns, std::byte* strided,
                    std::int64_t row_stride, std::int64_t column_stride, std::byte* dense) {
  const auto copy = [&](auto type) {
    using T = decltype(type);
    copy_rectangle<T, to_dense>(rows, columns, reinterpret_cast<T*>(strided), row_stride,
                                column_stride, reinterpret_cast<T*>(dense));
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

// Runs a program over planes, one tile after the other, on one thread.
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

  void run(const Plane& plane, std::int64_t row, std::int64_t rows, std::int64_t column,
           std::int64_t columns) {
    bool any_staged_output = false;
    for (std::size_t i = 0; i < operands_; ++i) {
      const bool in_place = bind(i, plane, row, rows, column, columns);
      any_staged_output = any_staged_output || (!in_place && program_.operands[i].written);
    }
    execute(rows * columns);
    if (!any_staged_output) return;
    for (std::size_t i = 0; i < operands_; ++i) {
      const TileOperand& operand = program_.operands[i];
      if (!operand.written || place_[i] != work_.slot(i)) continue;
      copy_rectangle<false>(operand.element_size, rows, columns, at(plane, i, row, column),
                            plane.row_stride[i], plane.column_stride[i], place_[i]);
    }
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

  std::byte* at(const Plane& plane, std::size_t i, std::int64_t row, std::int64_t column) const {
    return plane.data[i] + (row * plane.row_stride[i] + column * plane.column_stride[i]) *
                               program_.operands[i].element_size;
  }

  // Lets an instruction find operand i of this tile as a dense run; true if it is one in place.
  bool bind(std::size_t i, const Plane& plane, std::int64_t row, std::int64_t rows,
            std::int64_t column, std::int64_t columns) {
    const TileOperand& operand = program_.operands[i];
    std::byte* first = at(plane, i, row, column);
    const bool dense_row = columns == 1 || plane.column_stride[i] == 1;
    if (operand.repeats || (dense_row && (rows == 1 || plane.row_stride[i] == columns))) {
      place_[i] = first;
      return true;
    }
    place_[i] = work_.slot(i);
    if (operand.written) return false;
    // What repeats in every row may still lie there from the tile before.
    const std::int64_t elements = rows * columns;
    Workspace::Staged& staged = work_.staged[i];
    if (staged.first == first && staged.columns == columns && staged.elements >= elements &&
        plane.row_stride[i] == 0) {
      return false;
    }
    staged = {first, columns, elements};
    copy_rectangle<true>(operand.element_size, rows, columns, first, plane.row_stride[i],
                         plane.column_stride[i], place_[i]);
    return false;
  }

  const TileProgram& program_;
  std::size_t operands_;
  Workspace& work_;
  std::array<std::byte*, TileProgram::max_places> place_;
};

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// How a plane is cut into tiles: whole rows while they are short, else pieces of one row.
struct Tiling {
  std::int64_t rows, columns;            // of a full tile
  std::int64_t row_tiles, column_tiles;  // in the plane

  Tiling(std::int64_t plane_rows, std::int64_t plane_columns)
      : rows(std::clamp<std::int64_t>(tile_size / std::max<std::int64_t>(1, plane_columns), 1,
                                      plane_rows)),
        columns(std::min(plane_columns, tile_size)),
        row_tiles(ceil_divide(plane_rows, rows)),
        column_tiles(ceil_divide(plane_columns, columns)) {
    rows = ceil_divide(plane_rows, row_tiles);  // all of about the same size
  }

  void run(Runner& runner, const Plane& plane, std::int64_t tile) const {
    const std::int64_t row = tile / column_tiles * rows;
    const std::int64_t column = tile % column_tiles * columns;
    runner.run(plane, row, std::min(rows, plane.rows - row), column,
               std::min(columns, plane.columns - column));
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
  Plane first;
  first.rows = rank >= 2 ? extents[rank - 2] : 1;
  first.columns = rank >= 1 ? extents[rank - 1] : 1;
  if (planes * first.rows * first.columns == 0) return;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    first.data[i] = operands[i].data;
    first.row_stride[i] = rank >= 2 ? operands[i].strides[rank - 2] : 0;
    first.column_stride[i] = rank >= 1 ? operands[i].strides[rank - 1] : 0;
  }
  const Tiling tiling(first.rows, first.columns);
  const std::int64_t plane_tiles = tiling.row_tiles * tiling.column_tiles;
  const std::int64_t tiles = planes * plane_tiles;
  const std::int64_t tile_work =
      tiling.rows * tiling.columns * std::max<std::int64_t>(1, std::ssize(instructions));
  const std::int64_t chunk_tiles = std::max<std::int64_t>(1, chunk_work / tile_work);
  parallel_for(ceil_divide(tiles, chunk_tiles), [&](std::int64_t chunk) {
    Runner runner(*this);
    Plane plane = first;
    const std::int64_t end = std::min(tiles, (chunk + 1) * chunk_tiles);
    for (std::int64_t tile = chunk * chunk_tiles; tile < end; ++tile) {
      std::int64_t index = tile / plane_tiles;
      for (std::size_t i = 0; rank > 2 && i < operands.size(); ++i)
        plane.data[i] = operands[i].data;
      for (int axis = rank - 3; axis >= 0; --axis) {
        const std::int64_t at = index % extents[axis];
        index /= extents[axis];
        for (std::size_t i = 0; i < operands.size(); ++i) {
          plane.data[i] += at * operands[i].strides[axis] * operands[i].element_size;
        }
      }
      tiling.run(runner, plane, tile % plane_tiles);
    }
  });
}

void TileProgram::run_strip(std::uint64_t pass, std::int64_t row, std::int64_t rows,
                            std::int64_t column, std::int64_t columns, std::byte* strip,
                            std::int64_t strip_stride) const {
  Plane plane;
  plane.rows = rows;
  plane.columns = columns;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const TileOperand& operand = operands[i];
    plane.row_stride[i] = operand.strides[0];
    plane.column_stride[i] = operand.strides[1];
    plane.data[i] = operand.data +
                    (row * operand.strides[0] + column * operand.strides[1]) * operand.element_size;
  }
  plane.data[0] = strip;
  plane.row_stride[0] = strip_stride;
  plane.column_stride[0] = 1;
  const Tiling tiling(rows, columns);
  Runner runner(*this, pass);
  for (std::int64_t tile = 0; tile < tiling.row_tiles * tiling.column_tiles; ++tile) {
    tiling.run(runner, plane, tile);
  }
}

}  // namespace nabla
