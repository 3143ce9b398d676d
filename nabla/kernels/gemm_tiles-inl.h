/// Register tiles of matrix products, and the packing of what they read. Included once for every
/// instruction set.
#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "nabla/base/parallel.h"
#include "nabla/kernels/small_gemm.h"

#if defined(NABLA_KERNELS_GEMM_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NABLA_KERNELS_GEMM_TILES_INL_H_
#undef NABLA_KERNELS_GEMM_TILES_INL_H_
#else
#define NABLA_KERNELS_GEMM_TILES_INL_H_
#endif

#include "nabla/kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nabla::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using std::int64_t;

#if HWY_TARGET <= HWY_AVX3  // 32 registers: 24 sums, 3 of a row of B, 1 element of A
constexpr int tile_rows = 8;
constexpr int tile_vectors = 3;
#else  // 16 registers: 12 sums, 2 of a row of B, 1 element of A
constexpr int tile_rows = 6;
constexpr int tile_vectors = 2;
#endif
constexpr int64_t rows_ahead = 12;  // of B, fetched into the L1 cache before they are read

template <class T>
using Lanes = hn::ScalableTag<T>;
template <class T>
constexpr int lanes = static_cast<int>(hn::MaxLanes(Lanes<T>()));
template <class T>
constexpr int64_t panel = tile_vectors* lanes<T>;  // columns of a tile

constexpr int64_t round_up(int64_t x, int64_t unit) { return ceil_divide(x, unit) * unit; }

HWY_INLINE void fetch_to_l2(const void* line) {
#if HWY_COMPILER_GCC || HWY_COMPILER_CLANG
  __builtin_prefetch(line, 0, 2);
#else
  (void)line;
#endif
}

// Writes a tile, summed in `sums` [rows, width], that cannot be stored as it is.
template <class T>
HWY_NOINLINE void write_tile(const GemmTile<T>& t, int64_t rows, const T* sums, int64_t width,
                             T* to) {
  int64_t i = 0;
  if (t.transposed && !t.add && t.scale == nullptr) {
    const Lanes<T> d;
    for (; i + block<T> <= rows; i += block<T>) {
      int64_t j = 0;
      for (; j + lanes<T> <= t.columns; j += lanes<T>) {
        columns_from_rows(d, sums + i * width + j, width, to + j * t.c_row_stride + i,
                          t.c_row_stride);
      }
      for (; j < t.columns; ++j) {
        for (int64_t q = i; q < i + block<T>; ++q) {
          to[j * t.c_row_stride + q] = sums[q * width + j];
        }
      }
    }
  }
  const int64_t row_stride = t.transposed ? 1 : t.c_row_stride;
  const int64_t column_stride = t.transposed ? t.c_row_stride : 1;
  for (; i < rows; ++i) {
    for (int64_t j = 0; j < t.columns; ++j) {
      T& c = to[i * row_stride + j * column_stride];
      const T sum = t.scale == nullptr ? sums[i * width + j] : sums[i * width + j] * *t.scale;
      c = t.add || t.scale != nullptr ? c + sum : sum;
    }
  }
}

// How a tile reads A. A stride that is known to be 1 spares instructions, which count where another
// program shares the core. Only tiles of whole vectors of floats know: each takes long to compile.
enum class Reads {
  rows,     // they are contiguous
  columns,  // they are contiguous
  any,      // any strides; B may be packed on the way
};
constexpr int ways_to_read = static_cast<int>(Reads::any) + 1;

// Where one of a row of tiles is.
template <class T>
struct Place {
  const T* b;
  T* packed_b;
  const T* fetched;
  T* c;
};

// The sums of a tile of `rows` rows by `vectors` vectors of tag D, where the last vector may be
// partial. The loops over rows and vectors must be unrolled: then all sums live in registers.
template <Reads reads, bool partial, class D, int rows, int vectors, class Mask>
HWY_INLINE void sum_tile(D d, Mask last, const GemmTile<hn::TFromD<D>>& t,
                         const Place<hn::TFromD<D>>& at, hn::Vec<D> (&sum)[rows][vectors]) {
  using T = hn::TFromD<D>;
  constexpr int lanes = static_cast<int>(hn::MaxLanes(D()));
  const T* a = t.a;
  const T* b = at.b;
  T* packed_b = at.packed_b;
  const T* fetched = at.fetched;
  const int64_t a_row_stride = reads == Reads::columns ? 1 : t.a_row_stride;
  const int64_t a_column_stride = reads == Reads::rows ? 1 : t.a_column_stride;
  const int64_t b_row_stride = t.b_row_stride;
  const int64_t ahead = rows_ahead * b_row_stride;
  const int64_t fetched_stride = t.fetched_stride;
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) sum[i][v] = hn::Zero(d);
  }
  const auto add_column_times_row = [&]() HWY_ATTR {
    hwy::Prefetch(b + ahead);
    if constexpr (reads != Reads::columns) {
      fetch_to_l2(fetched);
      fetched += fetched_stride;
    }
    hn::Vec<D> b_row[vectors];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      b_row[v] = partial && v == vectors - 1 ? hn::MaskedLoad(last, d, b + v * lanes)
                                             : hn::LoadU(d, b + v * lanes);
    }
    if (reads == Reads::any && packed_b != nullptr) {
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) hn::StoreU(b_row[v], d, packed_b + v * lanes);
      packed_b += panel<T>;
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      const auto x = hn::Set(d, a[i * a_row_stride]);
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) sum[i][v] = hn::MulAdd(x, b_row[v], sum[i][v]);
    }
    a += a_column_stride;
    b += b_row_stride;
  };
  if constexpr (reads == Reads::any) {
    for (int64_t k = t.k; k > 0; --k) add_column_times_row();
  } else {
#pragma GCC unroll 4
    for (int64_t k = t.k; k > 0; --k) add_column_times_row();
  }
}

// Brings the sums of a tile to C.
template <bool partial, class D, int rows, int vectors, class Mask>
HWY_INLINE void store_tile(D d, Mask last, const GemmTile<hn::TFromD<D>>& t, hn::TFromD<D>* c,
                           hn::Vec<D> (&sum)[rows][vectors]) {
  using T = hn::TFromD<D>;
  constexpr int lanes = static_cast<int>(hn::MaxLanes(D()));
  if (t.transposed || t.add) {
    constexpr int width = vectors * lanes;
    HWY_ALIGN T sums[rows * width];
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) hn::Store(sum[i][v], d, sums + i * width + v * lanes);
    }
    write_tile(t, rows, sums, width, c);
    return;
  }
  const int64_t c_row_stride = t.c_row_stride;
  if (t.scale != nullptr) {
    const auto scale = hn::Set(d, *t.scale);
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) {
        const T* from = c + i * c_row_stride + v * lanes;
        const auto old =
            partial && v == vectors - 1 ? hn::MaskedLoad(last, d, from) : hn::LoadU(d, from);
        sum[i][v] = hn::Add(old, hn::Mul(sum[i][v], scale));
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      T* to = c + i * c_row_stride + v * lanes;
      if (partial && v == vectors - 1) {
        hn::BlendedStore(sum[i][v], last, d, to);
      } else {
        hn::StoreU(sum[i][v], d, to);
      }
    }
  }
}

// A tile and those to its right: a call costs as much as some columns of A.
template <class D, int rows, int vectors, bool partial, Reads reads>
HWY_NOINLINE void compute_row_of_tiles(const GemmTile<hn::TFromD<D>>& t) {
  using T = hn::TFromD<D>;
  const D d;
  constexpr int lanes = static_cast<int>(hn::MaxLanes(D()));
  const auto last = hn::FirstN(d, static_cast<size_t>(t.columns - (vectors - 1) * lanes));
  const int64_t b_tile_stride = t.b_tile_stride;
  const int64_t packed_tile_stride = t.packed_b == nullptr ? 0 : t.k * panel<T>;
  const int64_t fetched_tile_stride = t.k * t.fetched_stride;
  // Where nothing is to be fetched, to fetch what is there costs less than to ask.
  Place<T> at{t.b, t.packed_b, t.fetched == nullptr ? t.a : t.fetched, t.c};
  for (int64_t left = t.count; left > 0; --left) {
    hn::Vec<D> sum[rows][vectors];
    sum_tile<reads, partial>(d, last, t, at, sum);
    store_tile<partial>(d, last, t, at.c, sum);
    at.b += b_tile_stride;
    at.packed_b += packed_tile_stride;
    at.fetched += fetched_tile_stride;
    at.c += vectors * lanes;
  }
}

// As hn::MulAdd, which takes more instructions to load and to store a vector of one lane.
#if HWY_NATIVE_FMA
HWY_INLINE float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
HWY_INLINE double multiply_add(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
template <class T>
HWY_INLINE T multiply_add(T a, T b, T c) {
  return a * b + c;
}
#endif

// A tile of one column: a column of A at a time times a number of B.
template <class T, int rows>
HWY_NOINLINE void compute_column(const GemmTile<T>& t) {
  const T* a = t.a;
  const T* b = t.b;
  const int64_t a_row_stride = t.a_row_stride;
  T sum[rows] = {};
  for (int64_t k = t.k; k > 0; --k) {
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) sum[i] = multiply_add(a[i * a_row_stride], *b, sum[i]);
    a += t.a_column_stride;
    b += t.b_row_stride;
  }
  if (t.packed_b != nullptr) {
    for (int64_t k = 0; k < t.k; ++k) t.packed_b[k * panel<T>] = t.b[k * t.b_row_stride];
  }
  const int64_t c_row_stride = t.transposed ? 1 : t.c_row_stride;
  const bool adds = t.add || t.scale != nullptr;
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
    T& c = t.c[i * c_row_stride];
    if (t.scale != nullptr) sum[i] *= *t.scale;
    c = adds ? c + sum[i] : sum[i];
  }
}

// Tiles for every number of rows, each way to cover the columns (one column, or some vectors the
// last of which is partial or not), and each way to read A.
template <class T>
using TileFunction = void (*)(const GemmTile<T>&);
constexpr int tile_widths = 1 + 2 * tile_vectors;
constexpr int tile_shapes = tile_rows * tile_widths;

template <class T, int i>
constexpr TileFunction<T> tile_function() {
  constexpr auto reads = static_cast<Reads>(i / tile_shapes);
  constexpr int rows = i % tile_shapes / tile_widths + 1;
  constexpr int width = i % tile_widths;
  if constexpr (width == 0) {
    return compute_column<T, rows>;
  } else {
    constexpr bool partial = width % 2 == 1;
    constexpr bool knows = std::is_same_v<T, float> && !partial;
    constexpr Reads known = knows ? reads : Reads::any;
    return compute_row_of_tiles<Lanes<T>, rows, (width + 1) / 2, partial, known>;
  }
}

template <class T, int... i>
constexpr std::array<TileFunction<T>, sizeof...(i)> tile_functions(
    std::integer_sequence<int, i...>) {
  return {tile_function<T, i>()...};
}

template <class T>
HWY_INLINE Reads reads_of_tile(const GemmTile<T>& t) {
  if (t.packed_b != nullptr) return Reads::any;
  if (t.a_column_stride == 1) return Reads::rows;
  return t.a_row_stride == 1 ? Reads::columns : Reads::any;
}

template <class T>
HWY_INLINE TileFunction<T> function_of_tile(const GemmTile<T>& t, int64_t rows) {
  static constexpr auto functions =
      tile_functions<T>(std::make_integer_sequence<int, ways_to_read * tile_shapes>());
  const int64_t vectors = ceil_divide(t.columns, lanes<T>);
  const bool partial = t.columns != vectors * lanes<T>;
  const int64_t width = t.columns == 1 ? 0 : 2 * vectors - (partial ? 1 : 0);
  const auto reads = static_cast<int64_t>(reads_of_tile(t));
  return functions[static_cast<size_t>(reads * tile_shapes + (rows - 1) * tile_widths + width)];
}

// Rows split evenly into bands, the height of a tile at most: few rows in the last one would leave
// most of the registers idle.
struct Bands {
  int64_t count;
  int64_t height;
  int64_t higher;  // so many of the first have a row more

  explicit Bands(int64_t rows)
      : count(ceil_divide(rows, tile_rows)),
        height(count == 1 ? rows : rows / count),
        higher(rows - height * count) {}

  int64_t first(int64_t band) const { return band * height + std::min(band, higher); }
  int64_t rows(int64_t band) const { return height + (band < higher ? 1 : 0); }
};

// Where a band starts in a packed A: between the bands a vector is free.
template <class T>
int64_t packed_band(const Bands& bands, int64_t band, int64_t k) {
  return bands.first(band) * k + band * lanes<T>;
}

// The panels of B that a strip of tiles reads.
template <class T>
struct Panels {
  const T* data;
  int64_t row_stride;
  int64_t panel_stride;
  T* packed = nullptr;  // where the first band packs them, and the others read them
};

// Computes [rows, columns] by tiles; `t` is the first of them and walks over all. A may be packed
// by bands.
template <class T>
void compute_tiles(GemmTile<T>& t, int64_t rows, int64_t columns, const Panels<T>& b,
                   bool a_is_packed) {
  const T* a = t.a;
  T* c = t.c;
  const Bands bands(rows);
  const int64_t panels = ceil_divide(columns, panel<T>);
  // `count` tiles of a band, from panel p on.
  const auto compute = [&](int64_t band, int64_t p, int64_t count) {
    const int64_t i = bands.first(band);
    const int64_t j = p * panel<T>;
    t.count = count;
    t.a = a + (a_is_packed ? packed_band<T>(bands, band, t.k) : i * t.a_row_stride);
    if (a_is_packed) t.a_column_stride = bands.rows(band);
    T* packed = b.packed == nullptr ? nullptr : b.packed + j * t.k;
    if (packed == nullptr || band == 0) {
      t.b = b.data + p * b.panel_stride;
      t.b_row_stride = b.row_stride;
      t.b_tile_stride = b.panel_stride;
      t.packed_b = packed;
    } else {
      t.b = packed;
      t.b_row_stride = panel<T>;
      t.b_tile_stride = t.k * panel<T>;
      t.packed_b = nullptr;
    }
    t.c = t.transposed ? c + j * t.c_row_stride + i : c + i * t.c_row_stride + j;
    t.columns = std::min(panel<T>, columns - j);
    // The next band of A comes from far away while this one is used for every panel.
    if (t.a_column_stride == 1 && t.a_row_stride == t.k) {
      t.fetched_stride = ceil_divide(bands.rows(band), panels);
      t.fetched = t.a + t.k * (bands.rows(band) + p * t.fetched_stride);
    } else {
      t.fetched_stride = 0;
      t.fetched = nullptr;
    }
    function_of_tile(t, bands.rows(band))(t);
  };
  if (t.transposed) {  // few bands: a panel stays in the L1 cache for all of them
    for (int64_t p = 0; p < panels; ++p) {
      for (int64_t band = 0; band < bands.count; ++band) compute(band, p, 1);
    }
  } else {  // many panels: a band of A stays in the L1 cache
    const int64_t whole = columns / panel<T>;
    for (int64_t band = 0; band < bands.count; ++band) {
      if (whole > 0) compute(band, 0, whole);
      if (whole < panels) compute(band, whole, 1);
    }
  }
}

// Copies A [rows, k], whose columns are contiguous, to bands [k, rows of the band].
template <class T>
HWY_NOINLINE void pack_bands(const T* a, int64_t column_stride, int64_t rows, int64_t k, T* out) {
  const Lanes<T> d;
  const Bands bands(rows);
  // Some columns at a time, so that every cache line is fetched once.
  for (int64_t begin = 0; begin < k; begin += 32) {
    for (int64_t band = 0; band < bands.count; ++band) {
      const int64_t height = bands.rows(band);
      const T* from = a + bands.first(band) + begin * column_stride;
      T* to = out + packed_band<T>(bands, band, k) + begin * height;
      for (int64_t p = begin; p < std::min(k, begin + 32); ++p) {
        for (int64_t i = 0; i < height; i += lanes<T>) {
          const auto some = hn::FirstN(d, static_cast<size_t>(height - i));
          // What is written beyond the band is overwritten by the next column.
          hn::StoreU(hn::MaskedLoad(some, d, from + i), d, to + i);
        }
        from += column_stride;
        to += height;
      }
    }
  }
}

// Copies rows [k0, k0 + k) and columns [j0, j0 + columns) of a matrix, whose rows are not
// contiguous, into panels [k, panel].
template <class T>
HWY_NOINLINE void pack(const MatrixView<T>& matrix, int64_t k0, int64_t k, int64_t j0,
                       int64_t columns, T* out) {
  const Lanes<T> d;
  const int64_t row_stride = matrix.row_stride;
  const int64_t column_stride = matrix.column_stride;
  // One vector of one panel, rows [begin, end); `left` columns are there.
  const auto pack_vector = [&](const T* from, int64_t left, int64_t begin, int64_t end, T* to) {
    int64_t p = begin;
    if (left >= lanes<T> && row_stride == 1) {
      for (; p + block<T> <= end; p += block<T>) {
        rows_from_columns(d, from + p, column_stride, to + p * panel<T>, panel<T>);
      }
    }
    for (; p < end; ++p) {
      for (int64_t i = 0; i < lanes<T>; ++i) {
        to[p * panel<T> + i] = i < left ? from[p * row_stride + i * column_stride] : T{0};
      }
    }
  };
  // Some rows at a time, so that every cache line is fetched once.
  for (int64_t p = 0; p < k; p += 16) {
    for (int64_t j = 0; j < columns; j += panel<T>) {
      const T* from = matrix.data + k0 * row_stride + (j0 + j) * column_stride;
      for (int64_t v = 0; v < panel<T>; v += lanes<T>) {
        pack_vector(from + v * column_stride, columns - j - v, p, std::min(k, p + 16),
                    out + j * k + v);
      }
    }
  }
}

}  // namespace
}  // namespace nabla::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard for every instruction set
