#include "nabla/kernels/gemm.h"

#include <algorithm>
#include <array>
#include <utility>

#include "nabla/base/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nabla/kernels/gemm.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "nabla/kernels/transpose-inl.h"

// How it works. C is cut into strips; a strip is made of register tiles of tile_rows rows by
// tile_vectors vectors, each summed over a whole chunk of k in order; then the epilogue runs.
//
//   for each block of columns        (its part of B stays in the L2 cache)
//     for each strip of rows         (its part of C stays in the L1 cache)
//       for each chunk of k
//         for each tile of the strip
//       epilogue
//
// The lanes of a vector are columns, so a row of B must be contiguous; where it is not, B is packed
// into panels. A is read one element at a time, with any strides. If it is cheaper, the transposed
// product C^T = B^T A^T is computed instead, and only the tiles are turned back as they are stored.

HWY_BEFORE_NAMESPACE();
namespace nabla::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using std::int64_t;

#ifndef TR
#define TR 6
#define TV 2
#endif
#if HWY_TARGET <= HWY_AVX3
constexpr int tile_rows = 8, tile_vectors = 3;  // of 32 registers: 24 sums, 3 of B, 1 of A
#else
constexpr int tile_rows = TR, tile_vectors = TV;  // of 16 registers: 12 sums, 2 of B, 1 of A
#endif

template <class T>
using Lanes = hn::ScalableTag<T>;
template <class T>
constexpr int lanes = static_cast<int>(hn::MaxLanes(Lanes<T>()));

constexpr int64_t round_up(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }

// Part i of `size` things split into `parts` parts whose sizes differ by one at most.
int64_t part_begin(int64_t size, int64_t parts, int64_t i) {
  return size / parts * i + std::min(size % parts, i);
}

// One register tile: C = A B for a chunk of k.
template <class T>
struct Tile {
  int64_t k;
  const T* a;  // [rows, k]
  int64_t a_row_stride;
  int64_t a_column_stride;
  const T* b;  // [k, columns]
  int64_t b_row_stride;
  T* c;  // [rows, columns]
  int64_t c_row_stride;
  int64_t columns;  // at most vectors * lanes
  bool add;         // to what C holds, else store
  bool transposed;  // C is [columns, rows]
};

// Writes a tile that was summed in `sums` [rows, width] and cannot be stored as it is.
template <class T>
HWY_NOINLINE void write_tile(const Tile<T>& t, int64_t rows, const T* sums, int64_t width) {
  int64_t i = 0;
  if (t.transposed && !t.add) {
    const Lanes<T> d;
    for (; i + block<T> <= rows; i += block<T>) {
      int64_t j = 0;
      for (; j + lanes<T> <= t.columns; j += lanes<T>) {
        columns_from_rows(d, sums + i * width + j, width, t.c + j * t.c_row_stride + i,
                          t.c_row_stride);
      }
      for (; j < t.columns; ++j) {
        for (int64_t q = i; q < i + block<T>; ++q) {
          t.c[j * t.c_row_stride + q] = sums[q * width + j];
        }
      }
    }
  }
  const int64_t row_stride = t.transposed ? 1 : t.c_row_stride;
  const int64_t column_stride = t.transposed ? t.c_row_stride : 1;
  for (; i < rows; ++i) {
    for (int64_t j = 0; j < t.columns; ++j) {
      T& c = t.c[i * row_stride + j * column_stride];
      c = t.add ? c + sums[i * width + j] : sums[i * width + j];
    }
  }
}

template <class T, int rows, int vectors, bool partial>
HWY_NOINLINE void compute_tile(const Tile<T>& t) {
  const Lanes<T> d;
  constexpr int width = vectors * lanes<T>;
  const auto last = hn::FirstN(d, static_cast<size_t>(t.columns - (vectors - 1) * lanes<T>));
  hn::Vec<Lanes<T>> sum[rows][vectors];
  const T* a[rows];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
    a[i] = t.a + i * t.a_row_stride;
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) sum[i][v] = hn::Zero(d);
  }
  const T* b = t.b;
  const int64_t a_step = t.a_column_stride;
  const int64_t b_step = t.b_row_stride;
  int64_t at = 0;
  for (int64_t k = t.k; k > 0; --k) {
    hn::Vec<Lanes<T>> bv[vectors];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      bv[v] = partial && v == vectors - 1 ? hn::MaskedLoad(last, d, b + v * lanes<T>)
                                          : hn::LoadU(d, b + v * lanes<T>);
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      const auto x = hn::Set(d, a[i][at]);
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) sum[i][v] = hn::MulAdd(x, bv[v], sum[i][v]);
    }
    at += a_step;
    b += b_step;
  }
  if (partial || t.transposed) {
    HWY_ALIGN T sums[rows * width];
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) hn::Store(sum[i][v], d, sums + i * width + v * lanes<T>);
    }
    write_tile(t, rows, sums, width);
    return;
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      T* c = t.c + i * t.c_row_stride + v * lanes<T>;
      hn::StoreU(t.add ? hn::Add(hn::LoadU(d, c), sum[i][v]) : sum[i][v], d, c);
    }
  }
}

// compute_tile for every number of rows and vectors.
template <class T>
using TileFunction = void (*)(const Tile<T>&);

template <class T, int... i>
constexpr auto tile_functions(std::integer_sequence<int, i...>) {
  return std::array<TileFunction<T>, sizeof...(i)>{
      compute_tile<T, i / 2 / tile_vectors + 1, i / 2 % tile_vectors + 1, i % 2 == 1>...};
}

template <class T>
void dispatch_tile(const Tile<T>& t, int64_t rows) {
  static constexpr auto functions =
      tile_functions<T>(std::make_integer_sequence<int, tile_rows * tile_vectors * 2>());
  const int64_t vectors = (t.columns + lanes<T> - 1) / lanes<T>;
  const bool partial = t.columns != vectors * lanes<T>;
  const int64_t index = ((rows - 1) * tile_vectors + vectors - 1) * 2 + (partial ? 1 : 0);
  functions[static_cast<size_t>(index)](t);
}

// Memory of a thread that is kept from call to call.
template <class T>
T* scratch(size_t which, int64_t size) {
  struct Memory {
    hwy::AlignedFreeUniquePtr<T[]> data;
    int64_t size = 0;
  };
  thread_local std::array<Memory, 3> memories;
  Memory& memory = memories[which];
  if (memory.size < size) {
    memory.data = hwy::AllocateAligned<T>(static_cast<size_t>(size));
    memory.size = size;
  }
  return memory.data.get();
}

// The blocks of one product. If transposed, a, b, m and n are those of C^T = B^T A^T.
template <class T>
struct Blocking {
  int64_t m, n, k;
  MatrixView<T> a, b;
  bool transposed;
  bool pack;
  bool pack_a;
  int64_t panels;         // of all columns
  int64_t block_columns;  // a multiple of the panel
  int64_t strip_rows;
};

// Copies rows k0.. of B, columns j0.. into a panel [k, width], zeros beyond the columns.
template <class T>
HWY_NOINLINE void pack_panel(const MatrixView<T>& b, int64_t k0, int64_t k, int64_t j0,
                             int64_t columns, int64_t width, T* out) {
  const T* from = b.data + k0 * b.row_stride + j0 * b.column_stride;
  const Lanes<T> d;
  const auto copy = [&](int64_t p0, int64_t j_begin, int64_t j_end) {
    for (int64_t p = p0; p < k; ++p) {
      for (int64_t j = j_begin; j < j_end; ++j) {
        out[p * width + j] = from[p * b.row_stride + j * b.column_stride];
      }
    }
  };
  int64_t j = 0;
  if (b.column_stride == 1) {
    const int64_t whole = columns / lanes<T> * lanes<T>;
    const auto rest = hn::FirstN(d, static_cast<size_t>(columns - whole));
    for (int64_t p = 0; p < k; ++p) {
      for (j = 0; j < whole; j += lanes<T>) {
        hn::Store(hn::LoadU(d, from + p * b.row_stride + j), d, out + p * width + j);
      }
      if (whole < columns) {
        hn::Store(hn::MaskedLoad(rest, d, from + p * b.row_stride + j), d, out + p * width + j);
        j += lanes<T>;
      }
      for (; j < width; j += lanes<T>) hn::Store(hn::Zero(d), d, out + p * width + j);
    }
    return;
  } else if (b.row_stride == 1) {
    for (; j + lanes<T> <= columns; j += lanes<T>) {
      int64_t p = 0;
      for (; p + block<T> <= k; p += block<T>) {
        rows_from_columns(d, from + j * b.column_stride + p, b.column_stride, out + p * width + j,
                          width);
      }
      copy(p, j, j + lanes<T>);
    }
  }
  copy(0, j, columns);
  for (int64_t p = 0; p < k; ++p) {
    for (j = columns; j < width; ++j) out[p * width + j] = 0;
  }
}

#ifndef L2
#define L2 262144
#endif
#ifndef SWAP
#define SWAP 1
#endif
#ifndef PACK
#define PACK 16
#endif
#ifndef PACKA
#define PACKA 1
#endif

template <class T>
Blocking<T> choose_blocking(const Gemm<T>& g) {
  // Costs in multiply-adds: lanes beyond the edge compute for nothing; a turned element costs ten
  // to sixteen.
  const bool pack_b = g.b.column_stride != 1;
  const bool pack_a = g.a.row_stride != 1;
  const int64_t straight = g.m * g.k * round_up(g.n, lanes<T>) + (pack_b ? 10 * g.n * g.k : 0);
  const int64_t turned =
      g.n * g.k * round_up(g.m, lanes<T>) + (pack_a ? 10 * g.m * g.k : 0) + 16 * g.m * g.n;
  const int64_t panel = tile_vectors * lanes<T>;
  Blocking<T> s{};
  s.k = g.k;
  s.transposed = SWAP && turned < straight;
  if (s.transposed) {
    s.m = g.n;
    s.n = g.m;
    s.a = {g.b.data, g.b.column_stride, g.b.row_stride};
    s.b = {g.a.data, g.a.column_stride, g.a.row_stride};
    s.pack = pack_a;
  } else {
    s.m = g.m;
    s.n = g.n;
    s.a = g.a;
    s.b = g.b;
    s.pack = pack_b || (PACK && s.m >= PACK && s.n > panel);
    s.pack_a = PACKA && s.a.column_stride != 1 && s.n >= 4 * panel;
  }
  if (s.transposed) {
    s.block_columns = panel;
  } else {
    // As few blocks as fit the cache, of equal width.
    const int64_t bytes = std::min(s.k, gemm_chunk) * s.n * static_cast<int64_t>(sizeof(T));
    const int64_t blocks = std::max(bytes / L2, (s.n - 1) / 512) + 1;
    s.block_columns = round_up((s.n + blocks - 1) / blocks, panel);
  }
  s.strip_rows = std::max<int64_t>(1, 2048 / s.block_columns / tile_rows) * tile_rows;
  return s;
}

// Columns [j0, j0 + columns) of rows [row_begin, row_end).
template <class T>
void compute_block(const Gemm<T>& g, const Blocking<T>& s, int64_t j0, int64_t columns,
                   int64_t row_begin, int64_t row_end) {
  const int64_t width = tile_vectors * lanes<T>;
  const int64_t chunk = std::min(s.k, gemm_chunk);
  T* packed = s.pack ? scratch<T>(0, round_up(columns, width) * chunk) : nullptr;
  T* strip_memory = g.c == nullptr ? scratch<T>(1, s.strip_rows * s.block_columns) : nullptr;
  const int64_t a_width = round_up(std::min(s.strip_rows, s.m), lanes<T>);
  T* packed_a = s.pack_a ? scratch<T>(2, a_width * chunk) : nullptr;
  int64_t packed_k0 = -1;
  for (int64_t i0 = row_begin; i0 < row_end; i0 += s.strip_rows) {
    const int64_t rows = std::min(s.strip_rows, row_end - i0);
    GemmStrip<T> strip = s.transposed
                             ? GemmStrip<T>{j0, columns, i0, rows, strip_memory, s.strip_rows}
                             : GemmStrip<T>{i0, rows, j0, columns, strip_memory, s.block_columns};
    if (g.c != nullptr) {
      strip.data = g.c + strip.row * g.c_row_stride + strip.column;
      strip.row_stride = g.c_row_stride;
    }
    int64_t k0 = 0;
    do {
      const int64_t k = std::min(chunk, s.k - k0);
      if (s.pack && packed_k0 != k0) {
        for (int64_t j = 0; j < columns; j += width) {
          pack_panel(s.b, k0, k, j0 + j, std::min(width, columns - j), width, packed + j * k);
        }
        packed_k0 = k0;
      }
      if (s.pack_a) {
        pack_panel({s.a.data, s.a.column_stride, s.a.row_stride}, k0, k, i0, rows, a_width,
                   packed_a);
      }
      const int64_t tiles = (rows + tile_rows - 1) / tile_rows;
      for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t i = part_begin(rows, tiles, tile);
        const int64_t tile_height = part_begin(rows, tiles, tile + 1) - i;
        for (int64_t j = 0; j < columns; j += width) {
          const Tile<T> t{.k = k,
                          .a = s.pack_a
                                   ? packed_a + i
                                   : s.a.data + (i0 + i) * s.a.row_stride + k0 * s.a.column_stride,
                          .a_row_stride = s.pack_a ? 1 : s.a.row_stride,
                          .a_column_stride = s.pack_a ? a_width : s.a.column_stride,
                          .b = s.pack ? packed + j * k : s.b.data + k0 * s.b.row_stride + j0 + j,
                          .b_row_stride = s.pack ? width : s.b.row_stride,
                          .c = strip.data +
                               (s.transposed ? j * strip.row_stride + i : i * strip.row_stride + j),
                          .c_row_stride = strip.row_stride,
                          .columns = std::min(width, columns - j),
                          .add = k0 > 0,
                          .transposed = s.transposed};
          dispatch_tile(t, tile_height);
        }
      }
      k0 += k;
    } while (k0 < s.k);
    if (g.epilogue != nullptr) g.epilogue(g.context, strip);
  }
}

template <class T>
void gemm_any(const Gemm<T>& g) {
  if (g.m == 0 || g.n == 0) return;
  const Blocking<T> s = choose_blocking(g);
  for (int64_t j = 0; j < s.n; j += s.block_columns) {
    compute_block(g, s, j, std::min(s.block_columns, s.n - j), 0, s.m);
  }
}

}  // namespace

void gemm_f32(const Gemm<float>& g) { gemm_any(g); }
void gemm_f64(const Gemm<double>& g) { gemm_any(g); }

}  // namespace nabla::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nabla {

HWY_EXPORT(gemm_f32);
HWY_EXPORT(gemm_f64);

void gemm(const Gemm<float>& gemm) { HWY_DYNAMIC_DISPATCH(gemm_f32)(gemm); }
void gemm(const Gemm<double>& gemm) { HWY_DYNAMIC_DISPATCH(gemm_f64)(gemm); }

}  // namespace nabla
#endif
