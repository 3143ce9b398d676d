/// Chains of elementwise functions run tile by tile: temporaries of a few hundred elements stay in
/// the first-level cache, and memory is read and written once for the whole chain.
#pragma once

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
  bool repeats = false;       // one number, for instructions that take it as such
};

/// One function call on a tile. Places below the number of operands are operands, those above are
/// temporaries.
struct TileInstruction {
  Tile tile = nullptr;
  std::uint8_t a = 0, b = 0, c = 0, out = 0;
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
  bool flat = false;  ///< set by collapse(): one axis at most, and nothing needs to be staged

  /// Joins neighbouring axes that every operand steps through as if they were one. Call it once,
  /// when all operands are known.
  void collapse();

  /// Runs over all elements, on several threads where that is worth it.
  void run() const;

  /// Runs over rows [row, row + rows) and columns [column, column + columns) of a program with two
  /// axes, while operand 0 is at `strip` for the first of them, with rows `strip_stride` apart.
  /// `pass` numbers the passes over the whole: what repeats from row to row is laid out once in each.
  void run_strip(std::uint64_t pass, std::int64_t row, std::int64_t rows, std::int64_t column,
                 std::int64_t columns, std::byte* strip, std::int64_t strip_stride) const;

 private:
  void run_flat() const;
  void run_planes() const;
};

}  // namespace nabla
