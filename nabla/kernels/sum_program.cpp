#include "nabla/kernels/sum_program.h"

#include <algorithm>
#include <cstring>

#include "nabla/base/parallel.h"
#include "nabla/kernels/scratch.h"
#include "nabla/kernels/wrapping.h"

namespace nabla {
namespace {

constexpr std::int64_t block = sum_block_size;
static_assert(block == TileProgram::tile_size, "a tile of a long row is a block of its sum");

}  // namespace

void SumProgram::run(std::byte* out) {
  if (!small_.empty() && extents.inner == 1) {
    small_.run();
    return sum_rows_(extents.outer, extents.n, small_.result(), out);
  }
  if (extents.n == 0) {  // no terms to read, not even one number that repeats
    const std::int64_t count = extents.outer * extents.inner;
    std::fill_n(out, count * static_cast<std::int64_t>(size_of(dtype)), std::byte{0});
    return;
  }
  if (extents.inner == 1 && extents.n <= block) return sum_short_rows(out);
  visit(dtype, [&](auto type) {
    using T = decltype(type);
    extents.inner == 1 ? sum_long_rows(reinterpret_cast<T*>(out))
                       : sum_columns(reinterpret_cast<T*>(out));
  });
}

// Whole rows, several in a tile.
void SumProgram::sum_short_rows(std::byte* out) const {
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  const std::int64_t n = extents.n;
  const std::int64_t tile_rows = block / std::max<std::int64_t>(1, n);
  const std::int64_t chunk_rows = sum_chunk_size / block * tile_rows;
  const SumRows sum = sum_rows(dtype);
  parallel_for(ceil_divide(extents.outer, chunk_rows), [&](std::int64_t chunk) {
    TileRunner runner(terms);
    const std::int64_t end = std::min(extents.outer, (chunk + 1) * chunk_rows);
    for (std::int64_t row = chunk * chunk_rows; row < end; row += tile_rows) {
      const std::int64_t count = std::min(tile_rows, end - row);
      const std::byte* values = runner.run_at(0, row, 0, {count, n});
      sum(count, n, values, out + row * size);
    }
  });
}

// A tile is a block of one row; chunks of a row may be summed by different threads.
template <class T>
void SumProgram::sum_long_rows(T* out) const {
  const std::int64_t chunks = ceil_divide(extents.n, sum_chunk_size);
  auto* sums =
      reinterpret_cast<T*>(scratch(static_cast<std::size_t>(extents.outer * chunks) * sizeof(T)));
  const SumRows sum = sum_rows(dtype);
  parallel_for(extents.outer * chunks, [&](std::int64_t index) {
    TileRunner runner(terms);
    const std::int64_t first = index % chunks * sum_chunk_size;
    const std::int64_t end = std::min(extents.n, first + sum_chunk_size);
    T total = 0;
    for (std::int64_t column = first; column < end; column += block) {
      const std::int64_t count = std::min(block, end - column);
      T part;
      sum(1, count, runner.run_at(0, index / chunks, column, {1, count}), &part);
      total = wrapping_add(total, part);
    }
    sums[index] = total;
  });
  for (std::int64_t row = 0; row < extents.outer; ++row) {
    LongSum<T> total = chunks == 1 ? sums[row] : T{0};
    for (std::int64_t i = 0; chunks > 1 && i < chunks; ++i) {
      total = wrapping_add<LongSum<T>>(total, sums[row * chunks + i]);
    }
    out[row] = static_cast<T>(total);
  }
}

// Some columns at a time, row after row; blocks of rows are summed for themselves.
template <class T>
void SumProgram::sum_columns(T* out) const {
  const std::int64_t inner = extents.inner;
  const std::int64_t pieces = ceil_divide(inner, block);
  const AddRows add = add_rows(dtype);
  parallel_for(extents.outer * pieces, [&](std::int64_t index) {
    TileRunner runner(terms);
    const std::int64_t plane = index / pieces;
    const std::int64_t column = index % pieces * block;
    const std::int64_t columns = std::min(block, inner - column);
    const std::int64_t tile_rows = block / columns;
    T* total = out + plane * inner + column;
    std::fill_n(total, columns, T{0});
    LongSum<T> long_total[block];
    std::fill_n(long_total, columns, LongSum<T>{0});
    for (std::int64_t first = 0; first < extents.n; first += block) {
      const std::int64_t end = std::min(extents.n, first + block);
      T block_sums[block];
      const bool only_block = extents.n <= block;
      T* sums = only_block ? total : std::fill_n(block_sums, columns, T{0}) - columns;
      for (std::int64_t row = first; row < end; row += tile_rows) {
        const std::int64_t count = std::min(tile_rows, end - row);
        add(count, columns, runner.run_at(plane, row, column, {count, columns}), sums);
      }
      for (std::int64_t c = 0; !only_block && c < columns; ++c) {
        long_total[c] = wrapping_add<LongSum<T>>(long_total[c], sums[c]);
      }
    }
    for (std::int64_t c = 0; extents.n > block && c < columns; ++c) {
      total[c] = static_cast<T>(long_total[c]);
    }
  });
}

}  // namespace nabla
