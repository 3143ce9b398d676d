/// Chains of elementwise functions run tile by tile: temporaries of a few hundred elements stay in
/// the first-level cache, and memory is read and written once for the whole chain.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "nabla/base/shape.h"
#include "nabla/kernels/tiles.h"

namespace nabla {

/// An array in memory that a program reads or writes.
struct TileOperand {
  std::byte* data = nullptr;  // element (0, 0, ...)
  int element_size = 4;       // bytes
  Dims strides;               // in elements, one an axis of the program's extents
  bool written = false;
  bool repeats = false;  // one number, for instructions that take it as such
  bool moves = false;    // may be at another address in every run
};

/// One function call on a tile. Places below the number of operands are operands, those above are
/// temporaries.
struct TileInstruction {
  Tile tile = nullptr;
  std::uint8_t a = 0, b = 0, c = 0, out = 0;
  /// If not empty, the tile takes the addresses of these places instead.
  std::vector<std::uint8_t> places;
};

/// The same instructions for every element of an index space.
class TileProgram {
 public:
  /// Elements in a tile at most.
  static constexpr std::int64_t tile_size = 512;
  /// Operands and temporaries at most.
  static constexpr int max_places = 64;

  Dims extents;
  std::vector<TileOperand> operands;
  std::vector<TileInstruction> instructions;
  int temporaries = 0;
  int result = 0;     ///< the place that holds the result, for callers that take it from a tile
  bool flat = false;  ///< set by collapse(): one axis at most, and nothing needs to be staged

  /// Joins neighbouring axes that every operand steps through as if they were one. Call it once,
  /// when all operands are known.
  void collapse();

  /// Puts instructions for which there is one tile in its place: the same functions of each
  /// element, but their vectors stay in registers.
  void join();

  /// Runs over all elements, on several threads where that is worth it.
  void run() const;

  /// Runs over rows [row, row + rows) and columns [column, column + columns) of a program with two
  /// axes, while operand 0 is at `strip` for the first of them, with rows `strip_stride` apart.
  /// What repeats from row to row is laid out once for all strips with the same pass number.
  void run_strip(std::uint64_t pass, std::int64_t row, std::int64_t rows, std::int64_t column,
                 std::int64_t columns, std::byte* strip, std::int64_t strip_stride) const;

 private:
  void run_flat() const;
  void run_planes() const;
};

/// A number for a pass over strips that no other pass has; 0 stands for a pass of one strip.
std::uint64_t next_pass();

/// Rows and columns of a tile.
struct TileSize {
  std::int64_t rows, columns;
  std::int64_t elements() const { return rows * columns; }
};

/// How rows and columns are cut into tiles: whole rows while they are short, else pieces of one
/// row.
struct Tiling {
  TileSize whole;
  TileSize tile;
  std::int64_t row_tiles, column_tiles;

  explicit Tiling(TileSize size, std::int64_t most_rows = TileProgram::tile_size);
  std::int64_t tiles() const { return row_tiles * column_tiles; }

  /// Calls body(row, column, size) for tile `index`.
  template <class Body>
  void visit(std::int64_t index, Body body) const {
    const std::int64_t row = index / column_tiles * tile.rows;
    const std::int64_t column = index % column_tiles * tile.columns;
    body(row, column,
         TileSize{std::min(tile.rows, whole.rows - row),
                  std::min(tile.columns, whole.columns - column)});
  }
};

/// Runs a program on one thread, one tile after the other.
class TileRunner {
 public:
  explicit TileRunner(const TileProgram& program, std::uint64_t pass = 0);

  /// Runs one tile of the last two axes; operand i starts at addresses[i]. Where `strip_stride` is
  /// not 0, the rows of operand 0 lie so far apart. Returns where the result lies, densely.
  std::byte* run(TileSize size, std::byte* const* addresses, std::int64_t strip_stride = 0);

  /// Runs the tile at a row and column of plane `plane`, counted over the axes before.
  std::byte* run_at(std::int64_t plane, std::int64_t row, std::int64_t column, TileSize size);

  /// Runs elements [first, first + elements) of a flat program.
  void run_flat(std::int64_t first, std::int64_t elements);

 private:
  struct Workspace;
  static Workspace& workspace();
  void execute(std::int64_t elements);
  void stage(std::size_t i, TileSize size, std::byte* address, std::int64_t row_stride,
             std::int64_t column_stride);
  void copy_out(TileSize size, std::byte* const* addresses);

  const TileProgram& program_;
  std::size_t operands_;
  Workspace& work_;
  std::array<std::byte*, TileProgram::max_places> place_;
};

}  // namespace nabla
