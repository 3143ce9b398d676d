/// A sum over an axis of numbers that a chain of elementwise functions makes, tile by tile: they
/// are never all in memory. The tree of the sum is that of reduce.h.
#pragma once

#include "nabla/kernels/reduce.h"
#include "nabla/kernels/small_program.h"
#include "nabla/kernels/tile_program.h"

namespace nabla {

class SumProgram {
 public:
  ReduceExtents extents;
  DType dtype = DType::f32;
  TileProgram terms;  ///< over [outer, n], or [outer, n, inner] where inner > 1; with a result

  /// To be called when the addresses of operands have changed.
  void prepare() {
    small_.bind(terms);
    sum_rows_ = sum_rows(dtype);
  }

  /// out[o, i] = sum over j of terms[o, j, i].
  void run(std::byte* out);

 private:
  void sum_short_rows(std::byte* out) const;
  template <class T>
  void sum_long_rows(T* out) const;
  template <class T>
  void sum_columns(T* out) const;

  SmallProgram small_;  // the terms, where they are one tile
  SumRows sum_rows_ = nullptr;
};

}  // namespace nabla
