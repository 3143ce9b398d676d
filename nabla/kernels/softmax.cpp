#include "nabla/kernels/softmax.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nabla/kernels/softmax.cpp"
#include <hwy/foreach_target.h>
// Highway wants foreach_target.h first.
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <limits>

#include "nabla/base/parallel.h"
#include "nabla/kernels/reduce.h"
#include "nabla/kernels/scratch.h"
#include "nabla/kernels/short_rows-inl.h"
#include "nabla/kernels/tiles.h"

#ifndef NABLA_SOFTMAX_TABLE  // this file is read once for each instruction set
#define NABLA_SOFTMAX_TABLE
namespace nabla {
// rows, n, from, to
using RowLoop = void (*)(std::int64_t, std::int64_t, const void*, void*);
struct SoftmaxTable {
  std::array<RowLoop, 2> logsumexp, logsumexp_above, softmax;
};
}  // namespace nabla
#endif

HWY_BEFORE_NAMESPACE();
namespace nabla {
namespace HWY_NAMESPACE {

constexpr std::int64_t block = sum_block_size;

// Differences from -infinity, the largest value of a row of such, would be no numbers.
template <class T>
T finite_shift(T largest) {
  return largest == -std::numeric_limits<T>::infinity() ? T{0} : largest;
}

// x - m of some rows into `to`, with each row's m.
template <class T>
void shift_rows(std::int64_t rows, std::int64_t n, const T* x, T* to, T* shifts) {
  if constexpr (short_rows::fit<T>(1)) {
    if (short_rows::fit<T>(n)) {
      short_rows::largest(rows, n, x, shifts);
      for (std::int64_t row = 0; row < rows; ++row) shifts[row] = finite_shift(shifts[row]);
      return short_rows::subtract(rows, n, x, shifts, to);
    }
  }
  reduce_max(dtype_of<T>, {.outer = rows, .n = n}, x, shifts);
  for (std::int64_t row = 0; row < rows; ++row) {
    const T m = shifts[row] = finite_shift(shifts[row]);
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) to[row * n + i] = x[row * n + i] - m;
  }
}

// exp(x - m) of some rows into `to`, with each row's m and sum. The exponentials of all rows are
// one run: a row of ten classes alone would leave most of a vector unused.
template <class T>
void exponentials(std::int64_t rows, std::int64_t n, const T* x, T* to, T* shifts, T* sums) {
  shift_rows(rows, n, x, to, shifts);
  tiles().exp[dtype_of<T>].dense(rows * n, to, nullptr, nullptr, to);
  sum_rows(dtype_of<T>)(rows, n, to, sums);
}

// Rows at a time: about a block of elements, and never more than a block of rows.
inline std::int64_t rows_at_once(std::int64_t n) {
  return std::clamp<std::int64_t>(block / std::max<std::int64_t>(1, n), 1, block);
}

// `above`: less what is in `to`.
template <class T, bool above>
void logsumexp_rows(std::int64_t rows, std::int64_t n, const void* from, void* to) {
  const std::int64_t step = rows_at_once(n);
  auto* memory = reinterpret_cast<T*>(scratch(static_cast<std::size_t>(n * step) * sizeof(T)));
  T shifts[block];
  T sums[block];
  const T* x = static_cast<const T*>(from);
  T* out = static_cast<T*>(to);
  for (std::int64_t row = 0; row < rows; row += step) {
    const std::int64_t count = std::min(step, rows - row);
    exponentials(count, n, x + row * n, memory, shifts, sums);
    tiles().log[dtype_of<T>].dense(count, sums, nullptr, nullptr, sums);
    for (std::int64_t i = 0; i < count; ++i) {
      if (shifts[i] == std::numeric_limits<T>::infinity()) {  // or NaN, if that is in the row, too
        reduce_max(dtype_of<T>, {.n = n}, x + (row + i) * n, shifts + i);
        sums[i] = 0;
      }
      T& y = out[row + i];
      y = (above ? shifts[i] - y : shifts[i]) + sums[i];
    }
  }
}

// x[row, :] *= factors[row]
template <class T>
void scale_rows(std::int64_t rows, std::int64_t n, T* x, const T* factors) {
  if constexpr (short_rows::fit<T>(1)) {
    if (short_rows::fit<T>(n)) return short_rows::scale(rows, n, x, factors);
  }
  for (std::int64_t row = 0; row < rows; ++row) {
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) x[row * n + i] *= factors[row];
  }
}

template <class T>
void softmax_rows(std::int64_t rows, std::int64_t n, const void* from, void* to) {
  const std::int64_t step = rows_at_once(n);
  T shifts[block];
  T sums[block];
  for (std::int64_t row = 0; row < rows; row += step) {
    const std::int64_t count = std::min(step, rows - row);
    T* out = static_cast<T*>(to) + row * n;
    exponentials(count, n, static_cast<const T*>(from) + row * n, out, shifts, sums);
    for (std::int64_t r = 0; r < count; ++r) sums[r] = T{1} / sums[r];
    scale_rows(count, n, out, sums);
  }
}

constexpr SoftmaxTable table = {
    .logsumexp = {logsumexp_rows<float, false>, logsumexp_rows<double, false>},
    .logsumexp_above = {logsumexp_rows<float, true>, logsumexp_rows<double, true>},
    .softmax = {softmax_rows<float>, softmax_rows<double>},
};

const SoftmaxTable* softmax_table() { return &table; }

}  // namespace HWY_NAMESPACE
}  // namespace nabla
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nabla {

HWY_EXPORT(softmax_table);

namespace {

const SoftmaxTable& table() {
  static const SoftmaxTable& chosen = *HWY_DYNAMIC_DISPATCH(softmax_table)();
  return chosen;
}

// In pieces of about a chunk of elements.
void each_row(DType dtype, std::int64_t rows, std::int64_t n, std::int64_t out_columns,
              const void* x, void* out, const std::array<RowLoop, 2>& loops) {
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  const std::int64_t piece =
      std::max<std::int64_t>(1, sum_chunk_size / std::max<std::int64_t>(1, n));
  parallel_for(ceil_divide(rows, piece), [&](std::int64_t i) {
    const std::int64_t first = i * piece;
    loops[static_cast<std::size_t>(dtype)](
        std::min(piece, rows - first), n, static_cast<const std::byte*>(x) + first * n * size,
        static_cast<std::byte*>(out) + first * out_columns * size);
  });
}

}  // namespace

void row_logsumexp(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out) {
  each_row(dtype, rows, n, 1, x, out, table().logsumexp);
}

void row_logsumexp_above(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out) {
  each_row(dtype, rows, n, 1, x, out, table().logsumexp_above);
}

void row_softmax(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out) {
  each_row(dtype, rows, n, n, x, out, table().softmax);
}

}  // namespace nabla
#endif
