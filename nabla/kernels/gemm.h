/// Dense matrix product on raw pointers, the kernel behind every linear layer.
#pragma once

#include <cstdint>

namespace nabla {

/// A strided view of a matrix: element (i, j) is data[i * row_stride + j * column_stride].
template <class T>
struct MatrixView {
  const T* data;
  std::int64_t row_stride;
  std::int64_t column_stride;
};

/// A finished part of a product: element (row + i, column + j) is data[i * row_stride + j], for
/// i < rows and j < columns.
template <class T>
struct GemmStrip {
  std::int64_t row;
  std::int64_t rows;
  std::int64_t column;
  std::int64_t columns;
  T* data;
  std::int64_t row_stride;
};

/// The product C = A B, or C += A B * scale, with an optional epilogue; see `gemm`.
template <class T>
struct Gemm {
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  MatrixView<T> a;  ///< [m, k]
  MatrixView<T> b;  ///< [k, n]
  /// [m, n] with adjacent columns; nullptr: the product exists only in the strips that the
  /// epilogue sees. Must not overlap a or b.
  T* c;
  std::int64_t c_row_stride;  ///< at least n
  /// Where given, A B times this number is added to C (rounded after each), which saves an epilogue
  /// a way through memory; k is then at most gemm_chunk, and C is not nullptr.
  const T* scale = nullptr;
  /// Called once for every strip as soon as it is finished, while it is in the L1 cache, from any
  /// thread; it may overwrite the strip, but must not call gemm. The strips tile C exactly once;
  /// their rows are as long as the caches allow.
  void (*epilogue)(void* context, const GemmStrip<T>& strip) = nullptr;
  void* context = nullptr;
};

/// A sum over k longer than this is made of chunks of this length.
inline constexpr std::int64_t gemm_chunk = 4096;

/// Computes C = A B. Every element is the chain sum = fma(a[i, k], b[k, j], sum) over k in order,
/// from zero; a longer k than `gemm_chunk` is summed in chunks, each a chain from zero, and the
/// chunk sums are added in order. So the bits depend on the numbers alone: not on strides, sizes
/// around the element, threads, or vector width. (On processors without fused multiply-add the
/// product is rounded before it is added.) Call it under FlushDenormals, as other threads that help
/// flush them. Any strides are allowed, k = 0 gives zeros. Allocates nothing once a thread has
/// seen the largest of its products.
void gemm(const Gemm<float>& gemm);
void gemm(const Gemm<double>& gemm);

}  // namespace nabla
