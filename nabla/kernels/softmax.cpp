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
// rows, n, from, labels, to
template <class Label>
using ResidualLoop = void (*)(std::int64_t, std::int64_t, const void*, const Label*, void*);
struct SoftmaxTable {
  std::array<RowLoop, 2> logsumexp, logsumexp_above, log_softmax, softmax;
  std::array<ResidualLoop<std::int32_t>, 2> residual_i32;
  std::array<ResidualLoop<std::int64_t>, 2> residual_i64;
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

// The exponentials of all rows are one run: a row of ten classes alone would leave most of a vector
// unused.
template <class T>
void exponentials(std::int64_t count, T* x) {
  tiles().exp[dtype_of<T>].dense(count, x, nullptr, nullptr, x);
}

// The place of the first 0 in a row, n if there is none.
template <class T>
std::int64_t place_of_zero(std::int64_t n, const T* x) {
  constexpr std::int64_t piece = 32;
  std::int64_t i = 0;
  for (; i + piece <= n; i += piece) {
    int hits = 0;
    for (std::int64_t l = 0; l < piece; ++l) hits |= static_cast<int>(x[i + l] == T{0});
    if (hits != 0) break;
  }
  while (i < n && x[i] != T{0}) ++i;
  return i;
}

// Of some rows less their largest values: logs[row] = log1p of the sum of all other exponentials.
// Leaves exponentials in `x`.
template <class T>
void log_sums(std::int64_t rows, std::int64_t n, T* x, T* logs) {
  bool has_largest[block];  // not where all are -infinity, or one is NaN or infinity
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t largest = place_of_zero(n, x + row * n);
    has_largest[row] = largest < n;
    if (largest < n) x[row * n + largest] = -std::numeric_limits<T>::infinity();
  }
  exponentials(rows * n, x);
  sum_rows(dtype_of<T>)(rows, n, x, logs);
  for (std::int64_t row = 0; row < rows; ++row) logs[row] -= has_largest[row] ? T{0} : T{1};
  tiles().log1p[dtype_of<T>].dense(rows, logs, nullptr, nullptr, logs);
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
  T logs[block];
  const T* x = static_cast<const T*>(from);
  T* out = static_cast<T*>(to);
  for (std::int64_t row = 0; row < rows; row += step) {
    const std::int64_t count = std::min(step, rows - row);
    shift_rows(count, n, x + row * n, memory, shifts);
    log_sums(count, n, memory, logs);
    for (std::int64_t i = 0; i < count; ++i) {
      if (shifts[i] == std::numeric_limits<T>::infinity()) {  // or NaN, if that is in the row, too
        reduce_max(dtype_of<T>, {.n = n}, x + (row + i) * n, shifts + i);
        logs[i] = 0;
      }
      T& y = out[row + i];
      y = (above ? shifts[i] - y : shifts[i]) + logs[i];
    }
  }
}

template <class T>
void log_softmax_rows(std::int64_t rows, std::int64_t n, const void* from, void* to) {
  const std::int64_t step = rows_at_once(n);
  auto* memory = reinterpret_cast<T*>(scratch(static_cast<std::size_t>(n * step) * sizeof(T)));
  T shifts[block];
  T logs[block];
  for (std::int64_t row = 0; row < rows; row += step) {
    const std::int64_t count = std::min(step, rows - row);
    T* out = static_cast<T*>(to) + row * n;
    shift_rows(count, n, static_cast<const T*>(from) + row * n, out, shifts);
    std::copy_n(out, count * n, memory);
    log_sums(count, n, memory, logs);
    for (std::int64_t r = 0; r < count; ++r) {
#pragma GCC ivdep
      for (std::int64_t i = 0; i < n; ++i) out[r * n + i] -= logs[r];
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

// Of a row of -infinity, all exponentials are 0.
template <class T>
T reciprocal_or_zero(T sum) {
  return sum == T{0} ? T{0} : T{1} / sum;
}

template <class T>
void softmax_rows(std::int64_t rows, std::int64_t n, const void* from, void* to) {
  const std::int64_t step = rows_at_once(n);
  T shifts[block];
  T sums[block];
  for (std::int64_t row = 0; row < rows; row += step) {
    const std::int64_t count = std::min(step, rows - row);
    T* out = static_cast<T*>(to) + row * n;
    shift_rows(count, n, static_cast<const T*>(from) + row * n, out, shifts);
    exponentials(count * n, out);
    sum_rows(dtype_of<T>)(count, n, out, sums);
    for (std::int64_t r = 0; r < count; ++r) sums[r] = reciprocal_or_zero(sums[r]);
    scale_rows(count, n, out, sums);
  }
}

// The label's place has 0 while a row is summed, then minus that sum.
template <class T, class Label>
void residual_rows(std::int64_t rows, std::int64_t n, const void* from, const Label* labels,
                   void* to) {
  const std::int64_t step = rows_at_once(n);
  T shifts[block];
  T others[block];
  T labelled[block];
  for (std::int64_t row = 0; row < rows; row += step) {
    const std::int64_t count = std::min(step, rows - row);
    T* out = static_cast<T*>(to) + row * n;
    const auto at_label = [&](std::int64_t r) -> T& { return out[r * n + labels[row + r]]; };
    shift_rows(count, n, static_cast<const T*>(from) + row * n, out, shifts);
    exponentials(count * n, out);
    for (std::int64_t r = 0; r < count; ++r) {
      labelled[r] = at_label(r);
      at_label(r) = 0;
    }
    sum_rows(dtype_of<T>)(count, n, out, others);
    for (std::int64_t r = 0; r < count; ++r) {
      at_label(r) = -others[r];
      others[r] = reciprocal_or_zero(labelled[r] + others[r]);
    }
    scale_rows(count, n, out, others);
  }
}

constexpr SoftmaxTable table = {
    .logsumexp = {logsumexp_rows<float, false>, logsumexp_rows<double, false>},
    .logsumexp_above = {logsumexp_rows<float, true>, logsumexp_rows<double, true>},
    .log_softmax = {log_softmax_rows<float>, log_softmax_rows<double>},
    .softmax = {softmax_rows<float>, softmax_rows<double>},
    .residual_i32 = {residual_rows<float, std::int32_t>, residual_rows<double, std::int32_t>},
    .residual_i64 = {residual_rows<float, std::int64_t>, residual_rows<double, std::int64_t>},
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

// Calls body(first, rows) for pieces of about a chunk of elements.
template <class Body>
void each_piece(std::int64_t rows, std::int64_t n, Body body) {
  const std::int64_t piece =
      std::max<std::int64_t>(1, sum_chunk_size / std::max<std::int64_t>(1, n));
  parallel_for(ceil_divide(rows, piece),
               [&](std::int64_t i) { body(i * piece, std::min(piece, rows - i * piece)); });
}

const std::byte* at(const void* x, std::int64_t elements, DType dtype) {
  return static_cast<const std::byte*>(x) + elements * static_cast<std::int64_t>(size_of(dtype));
}
std::byte* at(void* x, std::int64_t elements, DType dtype) {
  return static_cast<std::byte*>(x) + elements * static_cast<std::int64_t>(size_of(dtype));
}

void each_row(DType dtype, std::int64_t rows, std::int64_t n, std::int64_t out_columns,
              const void* x, void* out, const std::array<RowLoop, 2>& loops) {
  each_piece(rows, n, [&](std::int64_t first, std::int64_t count) {
    loops[static_cast<std::size_t>(dtype)](count, n, at(x, first * n, dtype),
                                           at(out, first * out_columns, dtype));
  });
}

template <class Label>
void each_residual_row(DType dtype, std::int64_t rows, std::int64_t n, const void* x,
                       const Label* labels, void* out,
                       const std::array<ResidualLoop<Label>, 2>& loops) {
  each_piece(rows, n, [&](std::int64_t first, std::int64_t count) {
    loops[static_cast<std::size_t>(dtype)](count, n, at(x, first * n, dtype), labels + first,
                                           at(out, first * n, dtype));
  });
}

}  // namespace

void row_logsumexp(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out) {
  each_row(dtype, rows, n, 1, x, out, table().logsumexp);
}

void row_logsumexp_above(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out) {
  each_row(dtype, rows, n, 1, x, out, table().logsumexp_above);
}

void row_log_softmax(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out) {
  each_row(dtype, rows, n, n, x, out, table().log_softmax);
}

void row_softmax_residual(DType dtype, std::int64_t rows, std::int64_t n, const void* x,
                          DType label_type, const void* labels, void* out) {
  if (label_type == DType::i32) {
    each_residual_row(dtype, rows, n, x, static_cast<const std::int32_t*>(labels), out,
                      table().residual_i32);
  } else {
    each_residual_row(dtype, rows, n, x, static_cast<const std::int64_t*>(labels), out,
                      table().residual_i64);
  }
}

void row_softmax(DType dtype, std::int64_t rows, std::int64_t n, const void* x, void* out) {
  each_row(dtype, rows, n, n, x, out, table().softmax);
}

}  // namespace nabla
#endif
