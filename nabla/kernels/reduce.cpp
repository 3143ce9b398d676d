#include "nabla/kernels/reduce.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nabla/kernels/reduce.cpp"
#include <hwy/foreach_target.h>
// Highway wants foreach_target.h first.
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "nabla/base/parallel.h"
#include "nabla/kernels/scratch.h"
#include "nabla/kernels/short_rows-inl.h"
#include "nabla/kernels/wrapping.h"

#ifndef NABLA_REDUCE_TABLE  // this file is read once for each instruction set
#define NABLA_REDUCE_TABLE
namespace nabla {
// n, stride between rows, columns (or rows, where each is reduced for itself), from, to
using ReduceLoop = void (*)(std::int64_t, std::int64_t, std::int64_t, const void*, void*);
struct ReduceTable {
  std::array<SumRows, 5> sum_rows;
  std::array<AddRows, 5> add_rows;
  std::array<ReduceLoop, 5> sum_columns, max_rows, max_columns, min_rows, min_columns, argmax,
      argmin, cumulative;
};
}  // namespace nabla
#endif

HWY_BEFORE_NAMESPACE();
namespace nabla {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::int64_t lanes = 16;
constexpr std::int64_t block = sum_block_size;

// Adds lane l and lane l + 8, then + 4, + 2, + 1, of the first `count` lanes.
template <class T>
T add_lanes(T* sums, std::int64_t count) {
  for (std::int64_t half = lanes / 2; half > 0; half /= 2) {
    for (std::int64_t l = 0; l < std::min(half, count - half); ++l) {
      sums[l] = wrapping_add(sums[l], sums[l + half]);
    }
  }
  return sums[0];
}

template <class T>
T sum_of_block(std::int64_t n, const T* x) {
  HWY_ALIGN T sums[lanes];
  if (n < lanes) {
    sums[0] = T{0};
    std::copy_n(x, n, sums);
    return add_lanes(sums, n);
  }
  if constexpr (std::is_floating_point_v<T>) {
    const hn::CappedTag<T, static_cast<std::size_t>(lanes)> d;
    constexpr auto width = static_cast<std::int64_t>(hn::MaxLanes(decltype(d)()));
    constexpr std::int64_t vectors = lanes / width;
    hn::Vec<decltype(d)> partial[vectors];
#pragma GCC unroll 16
    for (std::int64_t v = 0; v < vectors; ++v) partial[v] = hn::Zero(d);
    std::int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
#pragma GCC unroll 16
      for (std::int64_t v = 0; v < vectors; ++v) {
        partial[v] = hn::Add(partial[v], hn::LoadU(d, x + i + v * width));
      }
    }
#pragma GCC unroll 16
    for (std::int64_t v = 0; v < vectors; ++v) hn::Store(partial[v], d, sums + v * width);
    for (std::int64_t l = 0; i < n; ++i, ++l) sums[l] += x[i];
  } else {
    std::fill_n(sums, lanes, T{0});
    for (std::int64_t i = 0; i < n; ++i) sums[i % lanes] = wrapping_add(sums[i % lanes], x[i]);
  }
  return add_lanes(sums, lanes);
}

// The sum of at most one chunk of neighbours. From 0, as every sum starts: the sum of negative
// zeros is 0.
template <class T>
T sum_of_chunk(std::int64_t n, const T* x) {
  T total = 0;
  for (std::int64_t i = 0; i < n; i += block) {
    total = wrapping_add(total, sum_of_block(std::min(block, n - i), x + i));
  }
  return total;
}

template <class T>
void sum_rows(std::int64_t rows, std::int64_t n, const void* x, void* out) {
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(out);
  if constexpr (short_rows::fit<T>(1)) {
    if (short_rows::fit<T>(n)) return short_rows::sum(rows, n, from, to);
  }
  for (std::int64_t row = 0; row < rows; ++row) to[row] = sum_of_chunk(n, from + row * n);
}

// Adds rows to a few vectors of sums, which stay in registers; of the last, only some lanes count.
template <class T, int vectors>
void add_rows_of(std::int64_t rows, std::int64_t stride, std::int64_t last_lanes, const T* x,
                 T* sums) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  constexpr std::int64_t whole = vectors - 1;
  const auto last = hn::FirstN(d, static_cast<std::size_t>(last_lanes));
  hn::Vec<decltype(d)> local[vectors];
#pragma GCC unroll 4
  for (std::int64_t v = 0; v < whole; ++v) local[v] = hn::LoadU(d, sums + v * lanes);
  local[whole] = hn::MaskedLoad(last, d, sums + whole * lanes);
  for (std::int64_t row = 0; row < rows; ++row, x += stride) {
#pragma GCC unroll 4
    for (std::int64_t v = 0; v < whole; ++v) {
      local[v] = hn::Add(local[v], hn::LoadU(d, x + v * lanes));
    }
    local[whole] = hn::Add(local[whole], hn::MaskedLoad(last, d, x + whole * lanes));
  }
#pragma GCC unroll 4
  for (std::int64_t v = 0; v < whole; ++v) hn::StoreU(local[v], d, sums + v * lanes);
  if (last_lanes == lanes) {
    hn::StoreU(local[whole], d, sums + whole * lanes);
  } else {
    hn::BlendedStore(local[whole], last, d, sums + whole * lanes);
  }
}

template <class T>
void add_strided_rows(std::int64_t rows, std::int64_t stride, std::int64_t columns, const T* x,
                      T* sums) {
  if constexpr (std::is_floating_point_v<T>) {
    const auto vector = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<T>()));
    for (std::int64_t c = 0; c < columns; c += 4 * vector) {
      const std::int64_t count = std::min(4 * vector, columns - c);
      const std::int64_t vectors = ceil_divide(count, vector);
      const std::int64_t last = count - (vectors - 1) * vector;
      switch (vectors) {
        case 1: add_rows_of<T, 1>(rows, stride, last, x + c, sums + c); break;
        case 2: add_rows_of<T, 2>(rows, stride, last, x + c, sums + c); break;
        case 3: add_rows_of<T, 3>(rows, stride, last, x + c, sums + c); break;
        default: add_rows_of<T, 4>(rows, stride, last, x + c, sums + c); break;
      }
    }
  } else {
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t c = 0; c < columns; ++c) {
        sums[c] = wrapping_add(sums[c], x[row * stride + c]);
      }
    }
  }
}

template <class T>
void add_rows(std::int64_t rows, std::int64_t columns, const void* x, void* sums) {
  add_strided_rows(rows, columns, columns, static_cast<const T*>(x), static_cast<T*>(sums));
}

// Sums of `columns` columns over n rows that lie `stride` apart.
template <class T>
void sum_columns(std::int64_t n, std::int64_t stride, std::int64_t columns, const void* from,
                 void* to) {
  constexpr std::int64_t width = 256;  // columns at a time: their sums stay in the cache
  const T* x = static_cast<const T*>(from);
  for (std::int64_t c = 0; c < columns; c += width) {
    const std::int64_t count = std::min(width, columns - c);
    T* total = static_cast<T*>(to) + c;
    std::fill_n(total, count, T{0});
    if (n <= block) {
      add_strided_rows(n, stride, count, x + c, total);
      continue;
    }
    LongSum<T> long_total[width] = {};
    for (std::int64_t row = 0; row < n; row += block) {
      T sums[width] = {};
      add_strided_rows(std::min(block, n - row), stride, count, x + row * stride + c, sums);
      for (std::int64_t l = 0; l < count; ++l) {
        long_total[l] = wrapping_add<LongSum<T>>(long_total[l], sums[l]);
      }
    }
    for (std::int64_t l = 0; l < count; ++l) total[l] = static_cast<T>(long_total[l]);
  }
}

template <class T, bool largest>
bool better(T candidate, T best) {
  return (largest ? candidate > best : candidate < best) ||
         (candidate != candidate && best == best);
}

// Extremes of `columns` columns over n rows.
template <class T, bool largest>
void extreme_columns(std::int64_t n, std::int64_t stride, std::int64_t columns, const void* from,
                     void* to) {
  const T* x = static_cast<const T*>(from);
  T* out = static_cast<T*>(to);
  std::copy_n(x, columns, out);
  for (std::int64_t row = 1; row < n; ++row) {
#pragma GCC ivdep
    for (std::int64_t c = 0; c < columns; ++c) {
      const T value = x[row * stride + c];
      out[c] = better<T, largest>(value, out[c]) ? value : out[c];
    }
  }
}

// The extreme of n neighbours: any order gives the same, so 16 lanes.
template <class T, bool largest>
T extreme_row(std::int64_t n, const T* x) {
  if (n < lanes) {
    T best = x[0];
    for (std::int64_t i = 1; i < n; ++i) best = better<T, largest>(x[i], best) ? x[i] : best;
    return best;
  }
  T best[lanes];
  std::copy_n(x, lanes, best);
  for (std::int64_t i = lanes; i < n; i += lanes) {
    const T* next = x + std::min(i, n - lanes);
    for (std::int64_t l = 0; l < lanes; ++l) {
      best[l] = better<T, largest>(next[l], best[l]) ? next[l] : best[l];
    }
  }
  for (std::int64_t l = 1; l < lanes; ++l) {
    best[0] = better<T, largest>(best[l], best[0]) ? best[l] : best[0];
  }
  return best[0];
}

template <class T, bool largest>
void extreme_rows(std::int64_t n, std::int64_t, std::int64_t rows, const void* from, void* to) {
  for (std::int64_t row = 0; row < rows; ++row) {
    static_cast<T*>(to)[row] = extreme_row<T, largest>(n, static_cast<const T*>(from) + row * n);
  }
}

template <class T, bool largest>
void argument_columns(std::int64_t n, std::int64_t stride, std::int64_t columns, const void* from,
                      void* to) {
  const T* x = static_cast<const T*>(from);
  auto* out = static_cast<std::int64_t*>(to);
  for (std::int64_t c = 0; c < columns; ++c) {
    std::int64_t best = 0;
    for (std::int64_t row = 1; row < n; ++row) {
      if (better<T, largest>(x[row * stride + c], x[best * stride + c])) best = row;
    }
    out[c] = best;
  }
}

// Running sums of `columns` columns; a negative stride walks from the back.
template <class T>
void cumulative_columns(std::int64_t n, std::int64_t stride, std::int64_t columns, const void* from,
                        void* to) {
  constexpr std::int64_t width = 256;  // columns at a time: their sums stay in the cache
  for (std::int64_t c = 0; c < columns; c += width) {
    const std::int64_t count = std::min(width, columns - c);
    const T* x = static_cast<const T*>(from) + c;
    T* out = static_cast<T*>(to) + c;
    LongSum<T> sums[width] = {};
    for (std::int64_t row = 0; row < n; ++row, x += stride, out += stride) {
      for (std::int64_t l = 0; l < count; ++l) {
        sums[l] = wrapping_add<LongSum<T>>(sums[l], x[l]);
        out[l] = static_cast<T>(sums[l]);
      }
    }
  }
}

#define NABLA_ALL_TYPES(function, ...)                                                       \
  {                                                                                          \
    function<float __VA_OPT__(, ) __VA_ARGS__>, function<double __VA_OPT__(, ) __VA_ARGS__>, \
        function<std::int32_t __VA_OPT__(, ) __VA_ARGS__>,                                   \
        function<std::int64_t __VA_OPT__(, ) __VA_ARGS__>,                                   \
        function<std::uint8_t __VA_OPT__(, ) __VA_ARGS__>                                    \
  }
constexpr ReduceTable table = {
    .sum_rows = NABLA_ALL_TYPES(sum_rows),
    .add_rows = NABLA_ALL_TYPES(add_rows),
    .sum_columns = NABLA_ALL_TYPES(sum_columns),
    .max_rows = NABLA_ALL_TYPES(extreme_rows, true),
    .max_columns = NABLA_ALL_TYPES(extreme_columns, true),
    .min_rows = NABLA_ALL_TYPES(extreme_rows, false),
    .min_columns = NABLA_ALL_TYPES(extreme_columns, false),
    .argmax = NABLA_ALL_TYPES(argument_columns, true),
    .argmin = NABLA_ALL_TYPES(argument_columns, false),
    .cumulative = NABLA_ALL_TYPES(cumulative_columns),
};
#undef NABLA_ALL_TYPES

const ReduceTable* reduce_table() { return &table; }

}  // namespace HWY_NAMESPACE
}  // namespace nabla
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nabla {

HWY_EXPORT(reduce_table);

namespace {

constexpr std::int64_t chunk_elements = sum_chunk_size;

const ReduceTable& table() {
  static const ReduceTable& chosen = *HWY_DYNAMIC_DISPATCH(reduce_table)();
  return chosen;
}

const std::byte* at(const void* x, std::int64_t elements, DType dtype) {
  return static_cast<const std::byte*>(x) + elements * static_cast<std::int64_t>(size_of(dtype));
}
std::byte* at(void* x, std::int64_t elements, DType dtype) {
  return static_cast<std::byte*>(x) + elements * static_cast<std::int64_t>(size_of(dtype));
}

// Calls body(first, last) over [0, count) in pieces of about chunk_elements elements.
template <class Body>
void split(std::int64_t count, std::int64_t elements_each, Body body) {
  const std::int64_t piece =
      std::max<std::int64_t>(1, chunk_elements / std::max<std::int64_t>(1, elements_each));
  parallel_for(ceil_divide(count, piece),
               [&](std::int64_t i) { body(i * piece, std::min(count, (i + 1) * piece)); });
}

// Reduces each of the inner columns of each outer matrix.
void each_column(ReduceExtents e, DType in, DType out_type, const void* x, void* out,
                 ReduceLoop loop) {
  if (e.outer == 1) {
    split(e.inner, e.n, [&](std::int64_t first, std::int64_t last) {
      loop(e.n, e.inner, last - first, at(x, first, in), at(out, first, out_type));
    });
    return;
  }
  split(e.outer, e.n * e.inner, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t o = first; o < last; ++o) {
      loop(e.n, e.inner, e.inner, at(x, o * e.n * e.inner, in), at(out, o * e.inner, out_type));
    }
  });
}

// Reduces each row of n neighbours.
void each_row(ReduceExtents e, DType dtype, const void* x, void* out, ReduceLoop loop) {
  split(e.outer, e.n, [&](std::int64_t first, std::int64_t last) {
    loop(e.n, 1, last - first, at(x, first * e.n, dtype), at(out, first, dtype));
  });
}

// One row of many chunks.
void sum_row(std::int64_t n, DType dtype, const void* x, void* out) {
  const SumRows sum = sum_rows(dtype);
  if (n <= chunk_elements) return sum(1, n, x, out);
  const std::int64_t chunks = ceil_divide(n, chunk_elements);
  std::byte* sums = scratch(static_cast<std::size_t>(chunks) * sizeof(double));
  parallel_for(chunks, [&](std::int64_t i) {
    const std::int64_t first = i * chunk_elements;
    sum(1, std::min(chunk_elements, n - first), at(x, first, dtype), at(sums, i, dtype));
  });
  visit(dtype, [&](auto type) {
    using T = decltype(type);
    LongSum<T> total = 0;
    for (std::int64_t i = 0; i < chunks; ++i) {
      total = wrapping_add<LongSum<T>>(total, reinterpret_cast<const T*>(sums)[i]);
    }
    *static_cast<T*>(out) = static_cast<T>(total);
  });
}

}  // namespace

SumRows sum_rows(DType dtype) { return table().sum_rows[static_cast<std::size_t>(dtype)]; }
AddRows add_rows(DType dtype) { return table().add_rows[static_cast<std::size_t>(dtype)]; }

void reduce_sum(DType dtype, ReduceExtents e, const void* x, void* out) {
  if (e.inner != 1) {
    return each_column(e, dtype, dtype, x, out,
                       table().sum_columns[static_cast<std::size_t>(dtype)]);
  }
  if (e.outer == 1) return sum_row(e.n, dtype, x, out);
  if (e.n > chunk_elements) {
    for (std::int64_t o = 0; o < e.outer; ++o) {
      sum_row(e.n, dtype, at(x, o * e.n, dtype), at(out, o, dtype));
    }
    return;
  }
  split(e.outer, e.n, [&](std::int64_t first, std::int64_t last) {
    sum_rows(dtype)(last - first, e.n, at(x, first * e.n, dtype), at(out, first, dtype));
  });
}

void reduce_max(DType dtype, ReduceExtents e, const void* x, void* out) {
  const auto i = static_cast<std::size_t>(dtype);
  if (e.inner != 1) return each_column(e, dtype, dtype, x, out, table().max_columns[i]);
  each_row(e, dtype, x, out, table().max_rows[i]);
}

void reduce_min(DType dtype, ReduceExtents e, const void* x, void* out) {
  const auto i = static_cast<std::size_t>(dtype);
  if (e.inner != 1) return each_column(e, dtype, dtype, x, out, table().min_columns[i]);
  each_row(e, dtype, x, out, table().min_rows[i]);
}

void reduce_argmax(DType dtype, ReduceExtents e, const void* x, std::int64_t* out) {
  each_column(e, dtype, DType::i64, x, out, table().argmax[static_cast<std::size_t>(dtype)]);
}

void reduce_argmin(DType dtype, ReduceExtents e, const void* x, std::int64_t* out) {
  each_column(e, dtype, DType::i64, x, out, table().argmin[static_cast<std::size_t>(dtype)]);
}

void cumulative_sum(DType dtype, ReduceExtents e, bool reverse, const void* x, void* out) {
  if (e.n == 0) return;
  const auto loop = table().cumulative[static_cast<std::size_t>(dtype)];
  const std::int64_t start = reverse ? (e.n - 1) * e.inner : 0;
  for (std::int64_t o = 0; o < e.outer; ++o) {
    const std::int64_t first = o * e.n * e.inner + start;
    loop(e.n, reverse ? -e.inner : e.inner, e.inner, at(x, first, dtype), at(out, first, dtype));
  }
}

}  // namespace nabla
#endif
