/// A sum over an axis of numbers that a chain of elementwise functions makes, tile by tile: they
/// are never all in memory. The tree of the sum is that of reduce.h.
#pragma once

#include "nabla/kernels/reduce.h"
#include "nabla/kernels/tile_program.h"

namespace nabla {

struct SumProgram {
  ReduceExtents extents;
  DType dtype = DType::f32;
  TileProgram terms;  ///< over [outer, n], or [outer, n, inner] where inner > 1; with a result

  /// out[o, i] = sum over j of terms[o, j, i].
  void run(std::byte* out) const;

 private:
  void sum_short_rows(std::byte* out) const;
  template <class T>
  void sum_long_rows(T* out) const;
  template <class T>
  void sum_columns(T* out) const;
};

}  // namespace nabla
