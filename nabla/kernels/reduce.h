/// Reductions over the middle axis of [outer, n, inner], row-major.
///
/// A sum has a fixed tree that depends on n alone. Neighbouring elements (inner == 1): blocks of
/// 512 are summed in 16 interleaved lanes, of which l and l + 8 are added, then l and l + 4, l + 2,
/// l + 1; 64 blocks make a chunk, in order; chunks are added in order. Otherwise (inner > 1): each
/// of the inner columns adds blocks of 512 rows, in order, and the blocks in order. Chunks, and the
/// blocks of a column, of f32 are added in f64, since there may be any number of them.
#pragma once

#include <cstdint>
#include <type_traits>

#include "nabla/base/dtype.h"

namespace nabla {

struct ReduceExtents {
  std::int64_t outer = 1, n = 1, inner = 1;
};

/// What a sum of any length is added up in.
template <class T>
using LongSum = std::conditional_t<std::is_same_v<T, float>, double, T>;

/// The pieces of that tree.
inline constexpr std::int64_t sum_block_size = 512;
inline constexpr std::int64_t sum_chunk_size = 64 * sum_block_size;
/// out[row] = sum of x[row, :], each as one chunk, for a dense [rows, n].
using SumRows = void (*)(std::int64_t rows, std::int64_t n, const void* x, void* out);
SumRows sum_rows(DType dtype);
/// sums[c] = sums[c] + x[0, c] + x[1, c] + ..., for a dense [rows, columns].
using AddRows = void (*)(std::int64_t rows, std::int64_t columns, const void* x, void* sums);
AddRows add_rows(DType dtype);

/// out[o, i] over x[o, :, i]. Extremes of no elements are not defined; sums of none are 0.
/// Sums take every type but u8, extremes every type. `arg...` write the first place as i64; NaN
/// counts as an extreme.
void reduce_sum(DType dtype, ReduceExtents extents, const void* x, void* out);
void reduce_max(DType dtype, ReduceExtents extents, const void* x, void* out);
void reduce_min(DType dtype, ReduceExtents extents, const void* x, void* out);
void reduce_argmax(DType dtype, ReduceExtents extents, const void* x, std::int64_t* out);
void reduce_argmin(DType dtype, ReduceExtents extents, const void* x, std::int64_t* out);

/// Running sums along the middle axis, from the front or from the back, in order; of f32 in f64.
void cumulative_sum(DType dtype, ReduceExtents extents, bool reverse, const void* x, void* out);

}  // namespace nabla
