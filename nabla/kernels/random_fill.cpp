#include "nabla/kernels/random_fill.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nabla/kernels/random_fill.cpp"
#include <hwy/foreach_target.h>
// Highway wants foreach_target.h first.
#include <hwy/highway.h>

#include <algorithm>

#include "nabla/base/parallel.h"
#include "nabla/base/random.h"

HWY_BEFORE_NAMESPACE();
namespace nabla {
namespace HWY_NAMESPACE {

// Blocks side by side, so that the compiler makes vectors of them.
constexpr std::int64_t width = 16;

struct Blocks {
  std::uint32_t word[4][width];
};

// Philox 4x32-10 of `width` counters in a row; see base/random.h.
void philox_blocks(RandomKey key, Blocks& blocks) {
  for (std::int64_t l = 0; l < width; ++l) {
    const std::uint64_t c = key.counter + static_cast<std::uint64_t>(l);
    blocks.word[0][l] = static_cast<std::uint32_t>(c);
    blocks.word[1][l] = static_cast<std::uint32_t>(c >> 32);
    blocks.word[2][l] = static_cast<std::uint32_t>(key.stream);
    blocks.word[3][l] = static_cast<std::uint32_t>(key.stream >> 32);
  }
  auto k0 = static_cast<std::uint32_t>(key.seed);
  auto k1 = static_cast<std::uint32_t>(key.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    for (std::int64_t l = 0; l < width; ++l) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53} * blocks.word[0][l];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * blocks.word[2][l];
      blocks.word[0][l] = static_cast<std::uint32_t>(p1 >> 32) ^ blocks.word[1][l] ^ k0;
      blocks.word[1][l] = static_cast<std::uint32_t>(p1);
      blocks.word[2][l] = static_cast<std::uint32_t>(p0 >> 32) ^ blocks.word[3][l] ^ k1;
      blocks.word[3][l] = static_cast<std::uint32_t>(p0);
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
}

void uniform_f32(RandomKey key, std::int64_t n, float* out) {
  Blocks blocks;
  float values[4 * width];
  for (std::int64_t i = 0; i < n; i += 4 * width) {
    philox_blocks(ahead(key, i / 4), blocks);
    for (std::int64_t l = 0; l < width; ++l) {
      for (std::int64_t w = 0; w < 4; ++w) {
        values[4 * l + w] =
            static_cast<float>(static_cast<std::int32_t>(blocks.word[w][l] >> 8)) * 0x1p-24F;
      }
    }
    std::copy_n(values, std::min(4 * width, n - i), out + i);
  }
}

void uniform_f64(RandomKey key, std::int64_t n, double* out) {
  Blocks blocks;
  for (std::int64_t i = 0; i < n; i += 2 * width) {
    philox_blocks(ahead(key, i / 2), blocks);
    for (std::int64_t l = 0; l < std::min(2 * width, n - i); ++l) {
      const std::uint64_t high = blocks.word[l % 2 * 2][l / 2];
      const std::uint64_t low = blocks.word[l % 2 * 2 + 1][l / 2];
      out[i + l] = static_cast<double>((high << 32 | low) >> 11) * 0x1p-53;
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nabla
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nabla {

HWY_EXPORT(uniform_f32);
HWY_EXPORT(uniform_f64);

namespace {

// Calls fill(first, count) in pieces that start at a block.
template <class Fill>
void in_pieces(std::int64_t n, Fill fill) {
  constexpr std::int64_t piece = 16384;
  parallel_for(ceil_divide(n, piece),
               [&](std::int64_t i) { fill(i * piece, std::min(piece, n - i * piece)); });
}

}  // namespace

void fill_uniform(RandomKey key, std::int64_t n, float* out) {
  in_pieces(n, [&](std::int64_t first, std::int64_t count) {
    HWY_DYNAMIC_DISPATCH(uniform_f32)
    (ahead(key, first / 4), count, out + first);
  });
}

void fill_uniform(RandomKey key, std::int64_t n, double* out) {
  in_pieces(n, [&](std::int64_t first, std::int64_t count) {
    HWY_DYNAMIC_DISPATCH(uniform_f64)
    (ahead(key, first / 2), count, out + first);
  });
}

}  // namespace nabla
#endif
