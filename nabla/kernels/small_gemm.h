/// Matrix products so small that to decide how to compute them would take longer than to do it.
#pragma once

#include "nabla/kernels/gemm.h"

namespace nabla {

/// A register tile of a product, and others like it to its right: C = A B over some of k.
template <class T>
struct GemmTile {
  std::int64_t count = 1;  // of tiles; more only of whole panels, and not if transposed
  std::int64_t k = 0;
  const T* a = nullptr;  // [rows, k]
  std::int64_t a_row_stride = 0;
  std::int64_t a_column_stride = 0;
  const T* fetched = nullptr;  // if given, k elements a tile may come to the L2 cache meanwhile
  std::int64_t fetched_stride = 0;
  const T* b = nullptr;  // [k, columns]
  std::int64_t b_row_stride = 0;
  std::int64_t b_tile_stride = 0;  // from one tile's B to the next one's
  T* packed_b = nullptr;           // if given, B is copied there, a panel a tile
  T* c = nullptr;                  // [rows, columns]
  std::int64_t c_row_stride = 0;
  std::int64_t columns = 0;  // of each tile
  bool add = false;          // to what C holds
  const T* scale = nullptr;  // if given, so many times the product is added
  bool transposed = false;   // C is [columns, rows]
};

/// A product of one tile, with everything but the addresses decided beforehand.
template <class T>
struct SmallGemm {
  /// Takes over a product that is one tile; returns whether it is. Else it stays empty.
  bool bind(const Gemm<T>& product);
  bool empty() const { return compute == nullptr; }

  /// Computes it on matrices, and with a scale where it has one, at these addresses.
  void run(const T* a, const T* b, T* c, const T* scale) {
    tile.a = swapped ? b : a;
    tile.b = swapped ? a : b;
    tile.c = c;
    tile.scale = scale;
    compute(tile);
  }

  // What bind() decides, for each instruction set.
  GemmTile<T> tile;
  void (*compute)(const GemmTile<T>&) = nullptr;
  bool swapped = false;
};

template <>
bool SmallGemm<float>::bind(const Gemm<float>& product);
template <>
bool SmallGemm<double>::bind(const Gemm<double>& product);

}  // namespace nabla
