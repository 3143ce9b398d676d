#include "nabla/kernels/gemm.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "nabla/base/error.h"
#include "nabla/base/parallel.h"
#include "nabla/kernels/small_gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nabla/kernels/gemm.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "nabla/kernels/gemm_tiles-inl.h"

// How it works. C is cut into strips; a strip is made of register tiles of tile_rows rows by
// tile_vectors vectors, each summed over a whole chunk of k in order; then the epilogue runs.
//
//   for each block of columns        (its part of B stays in the L2 cache)  } tasks for
//     for each group of strips                                              } threads
//       for each strip of rows       (its part of C stays in the L1 cache)
//         for each chunk of k
//           for each tile of the strip
//         epilogue
//
// The lanes of a vector are columns, so a row of B must be contiguous; where it is not, B is packed
// into panels as wide as a tile. Where it is read often, the first band of tiles packs it, on the
// way. A is read one element at a time, with any strides, or packed by bands. If it is cheaper, the
// transposed product C^T = B^T A^T is computed instead, and only the tiles are turned back as they
// are stored.
//
// Measured on a processor with AVX2 and not kept: tiles of 4 rows by 3 vectors (5 % slower than 6
// by 2), summing pieces of k so that A stays in the L1 cache, fetching ahead what an epilogue
// reads, blocks of fewer columns (epilogues like long rows), summing pieces of k of which a panel
// of B stays in the L1 cache while all bands go by, packed there or not.

HWY_BEFORE_NAMESPACE();
namespace nabla::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using std::int64_t;

// Of B: at most half of the L2 cache, which is larger where vectors are wide.
constexpr int64_t block_bytes = (HWY_TARGET <= HWY_AVX3 ? 512 : 256) << 10;
constexpr int64_t most_columns = 512;  // of a block
constexpr int64_t strip_elements = 2048;
// Of a strip whose A lies by columns: whole tiles, and whole cache lines of A, so that each line is
// read once.
constexpr int64_t whole_line_rows = 48;
// In multiply-adds; a core does some fifty in a nanosecond.
constexpr int64_t tiny_work = 1024;         // less is computed without choosing blocks
constexpr int64_t parallel_work = 1 << 20;  // less stays on the caller's thread
constexpr int64_t task_work = 1 << 18;      // the least for one task
constexpr int64_t most_tasks = 64;          // about

// How a product is cut. If transposed, m, n, a and b are those of C^T = B^T A^T.
template <class T>
struct Blocking {
  int64_t m;
  int64_t n;
  int64_t k;
  MatrixView<T> a;
  MatrixView<T> b;
  bool transposed;
  bool pack_a;
  bool pack_b;
  int64_t block_columns;  // a multiple of the panel
  int64_t strip_rows;
  int64_t group_rows;  // a multiple of strip_rows
};

template <class T>
bool lies_by_columns(const MatrixView<T>& matrix) {
  return matrix.row_stride == 1 && matrix.column_stride != 1;
}

template <class T>
Blocking<T> choose_blocking(const Gemm<T>& g) {
  // Costs in multiply-adds: the lanes beyond an edge compute for nothing, and to transpose an
  // element costs as much as some ten multiply-adds.
  const bool transpose_a = g.a.row_stride != 1 && g.m > 1;
  const bool transpose_b = g.b.column_stride != 1 && g.n > 1;
  const int64_t straight = g.m * g.k * round_up(g.n, lanes<T>) + (transpose_b ? 10 * g.n * g.k : 0);
  const int64_t turned =
      g.n * g.k * round_up(g.m, lanes<T>) + (transpose_a ? 10 * g.m * g.k : 0) + 16 * g.m * g.n;
  Blocking<T> s{};
  s.k = g.k;
  s.transposed = turned < straight;
  if (s.transposed) {
    s.m = g.n;
    s.n = g.m;
    s.a = {g.b.data, g.b.column_stride, g.b.row_stride};
    s.b = {g.a.data, g.a.column_stride, g.a.row_stride};
    s.pack_b = transpose_a;
    s.block_columns = std::max<int64_t>(1, strip_elements / 2 / s.m / panel<T>) * panel<T>;
  } else {
    s.m = g.m;
    s.n = g.n;
    s.a = g.a;
    s.b = g.b;
    // As few blocks as fit the cache, of equal width.
    const int64_t bytes = std::min(s.k, gemm_chunk) * s.n * static_cast<int64_t>(sizeof(T));
    const int64_t blocks = std::max((bytes - 1) / block_bytes, (s.n - 1) / most_columns) + 1;
    s.block_columns = round_up(ceil_divide(s.n, blocks), panel<T>);
    // Packing B pays where it is read often, or where its lines are so far apart that they fall
    // into few sets of a cache; A likewise.
    const auto bytes_apart = [](int64_t stride) {
      return stride * static_cast<int64_t>(sizeof(T));
    };
    const bool often =
        s.m >= 10 * tile_rows || (s.m >= 16 && bytes_apart(s.b.row_stride) % 2048 == 0);
    s.pack_b = transpose_b || (often && s.n > panel<T>);
    s.pack_a = lies_by_columns(s.a) && s.n >= 4 * panel<T> &&
               (s.k >= 256 || bytes_apart(s.a.column_stride) % 512 == 0);
  }
  s.strip_rows = std::max<int64_t>(1, strip_elements / s.block_columns / tile_rows) * tile_rows;
  if (!s.transposed && lies_by_columns(s.a) && s.m >= 2 * whole_line_rows) {
    s.strip_rows = whole_line_rows;
  }
  const int64_t strip_work = s.strip_rows * s.block_columns * std::max<int64_t>(1, s.k);
  const int64_t group_work = std::max(task_work, s.m * s.n * s.k / most_tasks);
  s.group_rows = s.strip_rows * ceil_divide(group_work, strip_work);
  return s;
}

// Scratch memory of a thread, kept from call to call.
template <class T>
struct Scratch {
  struct Memory {
    hwy::AlignedFreeUniquePtr<T[]> data;
    int64_t size = 0;

    T* get(int64_t at_least) {
      if (size < at_least) {
        size = 0;  // in case that the memory is not there
        data = hwy::AllocateAligned<T>(static_cast<size_t>(at_least));
        if (data == nullptr) {
          refuse_memory("a matrix product", static_cast<size_t>(at_least) * sizeof(T));
        }
        size = at_least;
      }
      return data.get();
    }
  };
  Memory a, b, strip;
  // What `b` holds: this part of B of this call.
  std::uint64_t call = 0;
  int64_t column = 0;
  int64_t k0 = 0;
};

// Rows [k0, k0 + k) and columns [j0, j0 + columns) of B.
template <class T>
Panels<T> panels_of_b(const Blocking<T>& s, Scratch<T>& scratch, std::uint64_t call, int64_t k0,
                      int64_t k, int64_t j0, int64_t columns) {
  const T* b = s.b.data + k0 * s.b.row_stride + j0 * s.b.column_stride;
  if (!s.pack_b) return {b, s.b.row_stride, panel<T>};
  T* packed = scratch.b.get(std::min(s.k, gemm_chunk) * s.block_columns);
  const bool is_there = scratch.call == call && scratch.column == j0 && scratch.k0 == k0;
  scratch.call = call;
  scratch.column = j0;
  scratch.k0 = k0;
  if (!is_there && s.b.column_stride == 1) return {b, s.b.row_stride, panel<T>, packed};
  if (!is_there) pack(s.b, k0, k, j0, columns, packed);
  return {packed, panel<T>, panel<T> * k};
}

// The strip of rows [i0, i0 + rows) and columns [j0, j0 + columns).
template <class T>
void compute_strip(const Gemm<T>& g, const Blocking<T>& s, std::uint64_t call, int64_t i0,
                   int64_t rows, int64_t j0, int64_t columns) {
  thread_local Scratch<T> scratch;
  // The rows of a strip lie without gaps: an epilogue whose operands do, too, takes several rows as
  // one run.
  GemmStrip<T> strip = s.transposed ? GemmStrip<T>{j0, columns, i0, rows, nullptr, rows}
                                    : GemmStrip<T>{i0, rows, j0, columns, nullptr, columns};
  if (g.c != nullptr) {
    strip.data = g.c + strip.row * g.c_row_stride + strip.column;
    strip.row_stride = g.c_row_stride;
  } else {
    strip.data = scratch.strip.get(s.strip_rows * s.block_columns);
  }
  const int64_t chunk = std::min(s.k, gemm_chunk);
  int64_t k0 = 0;
  do {
    GemmTile<T> t{.k = std::min(chunk, s.k - k0),
                  .a = s.a.data + i0 * s.a.row_stride + k0 * s.a.column_stride,
                  .a_row_stride = s.a.row_stride,
                  .a_column_stride = s.a.column_stride,
                  .c = strip.data,
                  .c_row_stride = strip.row_stride,
                  .add = k0 > 0,
                  .scale = g.scale,
                  .transposed = s.transposed};
    if (s.pack_a) {
      T* packed = scratch.a.get(chunk * s.strip_rows + round_up(s.strip_rows, lanes<T>) * lanes<T>);
      pack_bands(t.a, t.a_column_stride, rows, t.k, packed);
      t.a = packed;
      t.a_row_stride = 1;
    }
    compute_tiles(t, rows, columns, panels_of_b(s, scratch, call, k0, t.k, j0, columns), s.pack_a);
    k0 += chunk;
  } while (k0 < s.k);
  if (g.epilogue != nullptr) g.epilogue(g.context, strip);
}

template <class T>
HWY_NOINLINE void compute_blocks(const Gemm<T>& g) {
  const Blocking<T> s = choose_blocking(g);
  static std::atomic<std::uint64_t> calls;
  const std::uint64_t call = ++calls;
  const int64_t groups = ceil_divide(s.m, s.group_rows);
  const int64_t blocks = ceil_divide(s.n, s.block_columns);
  const auto task = [&](int64_t index) {
    const int64_t j0 = index / groups * s.block_columns;
    const int64_t columns = std::min(s.block_columns, s.n - j0);
    const int64_t begin = index % groups * s.group_rows;
    const int64_t end = std::min(begin + s.group_rows, s.m);
    for (int64_t i = begin; i < end; i += s.strip_rows) {
      compute_strip(g, s, call, i, std::min(s.strip_rows, end - i), j0, columns);
    }
  };
  if (s.m * s.n * s.k < parallel_work) {
    for (int64_t i = 0; i < groups * blocks; ++i) task(i);
  } else {
    parallel_for(groups * blocks, task);
  }
}

template <class T>
bool is_tiny(const Gemm<T>& g) {
  const bool contiguous = g.b.column_stride == 1 || g.n == 1;
  return contiguous && g.c != nullptr && g.m * g.n > 0 && g.m <= 64 && g.n <= 64 &&
         g.m * g.n * g.k <= tiny_work;
}

// A tiny product as tiles of so many rows and columns.
template <class T>
struct TinyGemm {
  GemmTile<T> tile;
  int64_t rows;
  int64_t columns;
  bool swapped;

  explicit TinyGemm(const Gemm<T>& g)
      : tile{},
        rows(g.m),
        columns(g.n),
        // A column is a row: use the lanes.
        swapped(g.n == 1 && g.c_row_stride == 1 && g.a.row_stride == 1) {
    tile.k = g.k;
    tile.c = g.c;
    tile.c_row_stride = g.c_row_stride;
    tile.scale = g.scale;
    if (swapped) std::swap(rows, columns);
    tile.a = swapped ? g.b.data : g.a.data;
    tile.a_row_stride = swapped ? 0 : g.a.row_stride;
    tile.a_column_stride = swapped ? g.b.row_stride : g.a.column_stride;
    tile.b = swapped ? g.a.data : g.b.data;
    tile.b_row_stride = swapped ? g.a.column_stride : g.b.row_stride;
    tile.columns = columns;
  }
  bool is_one_tile() const { return rows <= tile_rows && columns <= panel<T>; }
};

template <class T>
void compute_tiny(const Gemm<T>& g) {
  TinyGemm<T> tiny(g);
  if (tiny.is_one_tile()) {
    function_of_tile(tiny.tile, tiny.rows)(tiny.tile);
  } else {
    compute_tiles(tiny.tile, tiny.rows, tiny.columns,
                  {tiny.tile.b, tiny.tile.b_row_stride, panel<T>}, false);
  }
  if (g.epilogue != nullptr) g.epilogue(g.context, {0, g.m, 0, g.n, g.c, g.c_row_stride});
}

template <class T>
void gemm_any(const Gemm<T>& g) {
  if (is_tiny(g)) {
    compute_tiny(g);
  } else if (g.m != 0 && g.n != 0) {
    compute_blocks(g);
  }
}

template <class T>
void bind_any(const Gemm<T>& g, SmallGemm<T>& small) {
  small.compute = nullptr;
  if (!is_tiny(g) || g.epilogue != nullptr) return;
  const TinyGemm<T> tiny(g);
  if (!tiny.is_one_tile()) return;
  small.tile = tiny.tile;
  small.swapped = tiny.swapped;
  small.compute = function_of_tile(tiny.tile, tiny.rows);
}

}  // namespace

void bind_f32(const Gemm<float>& g, SmallGemm<float>& small) { bind_any(g, small); }
void bind_f64(const Gemm<double>& g, SmallGemm<double>& small) { bind_any(g, small); }
void gemm_f32(const Gemm<float>& g) { gemm_any(g); }
void gemm_f64(const Gemm<double>& g) { gemm_any(g); }

}  // namespace nabla::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nabla {

HWY_EXPORT(gemm_f32);
HWY_EXPORT(gemm_f64);
HWY_EXPORT(bind_f32);
HWY_EXPORT(bind_f64);

void gemm(const Gemm<float>& gemm) { HWY_DYNAMIC_DISPATCH(gemm_f32)(gemm); }
void gemm(const Gemm<double>& gemm) { HWY_DYNAMIC_DISPATCH(gemm_f64)(gemm); }

template <>
bool SmallGemm<float>::bind(const Gemm<float>& product) {
  HWY_DYNAMIC_DISPATCH(bind_f32)(product, *this);
  return !empty();
}
template <>
bool SmallGemm<double>::bind(const Gemm<double>& product) {
  HWY_DYNAMIC_DISPATCH(bind_f64)(product, *this);
  return !empty();
}

}  // namespace nabla
#endif
