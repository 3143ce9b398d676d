/// Matrix products so small that to decide how to compute them would take longer than to do it.
#pragma once

#include "nabla/kernels/gemm.h"

namespace nabla {

/// One register tile of a product: C = A B over some of k.
template <class T>
struct GemmTile {
  std::int64_t k;
  const T* a;  // [rows, k]
  std::int64_t a_row_stride;
  std::int64_t a_column_stride;
  const T* fetched;  // k elements from here that later tiles need come to the L2 cache; or nullptr
  std::int64_t fetched_stride;
  const T* b;  // [k, columns]
  std::int64_t b_row_stride;
  T* packed_b;  // where B is copied to, as a panel; or nullptr
  T* c;         // [rows, columns]
  std::int64_t c_row_stride;
  std::int64_t columns;
  bool add;         // to what C holds
  const T* scale;   // or add so many times the product; or nullptr
  bool transposed;  // C is [columns, rows]
};

/// A product of one tile, with everything but the addresses decided beforehand.
template <class T>
class SmallGemm {
 public:
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
  GemmTile<T> tile{};
  void (*compute)(const GemmTile<T>&) = nullptr;
  bool swapped = false;
};

template <>
bool SmallGemm<float>::bind(const Gemm<float>& product);
template <>
bool SmallGemm<double>::bind(const Gemm<double>& product);

}  // namespace nabla
