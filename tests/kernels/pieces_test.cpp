// Kernels that are cut into pieces for threads: what is in the second piece, and in those behind
// it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "nabla/base/random.h"
#include "nabla/kernels/random_fill.h"
#include "nabla/kernels/reduce.h"
#include "nabla/kernels/softmax.h"

namespace nabla {
namespace {

std::vector<float> random_numbers(std::int64_t count) {
  Random random(5);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& value : x) value = static_cast<float>(random.uniform() * 8 - 4);
  return x;
}

TEST(Pieces, ExtremesAndTheirPlaces) {
  for (const ReduceExtents e : {ReduceExtents{700, 100, 1}, ReduceExtents{1, 700, 100},
                                ReduceExtents{7, 100, 100}, ReduceExtents{2, 40000, 1}}) {
    const std::vector<float> x = random_numbers(e.outer * e.n * e.inner);
    const auto results = static_cast<std::size_t>(e.outer * e.inner);
    std::vector<float> largest(results);
    std::vector<float> smallest(results);
    std::vector<std::int64_t> place_of_largest(results);
    std::vector<std::int64_t> place_of_smallest(results);
    reduce_max(DType::f32, e, x.data(), largest.data());
    reduce_min(DType::f32, e, x.data(), smallest.data());
    reduce_argmax(DType::f32, e, x.data(), place_of_largest.data());
    reduce_argmin(DType::f32, e, x.data(), place_of_smallest.data());
    for (std::size_t i = 0; i < results; ++i) {
      const auto o = static_cast<std::int64_t>(i) / e.inner;
      const auto column = static_cast<std::int64_t>(i) % e.inner;
      std::vector<float> values;
      for (std::int64_t k = 0; k < e.n; ++k) {
        values.push_back(x[static_cast<std::size_t>((o * e.n + k) * e.inner + column)]);
      }
      const auto [least, most] = std::ranges::minmax_element(values);
      ASSERT_EQ(largest[i], *most) << i;
      ASSERT_EQ(smallest[i], *least) << i;
      ASSERT_EQ(place_of_largest[i], std::ranges::max_element(values) - values.begin()) << i;
      ASSERT_EQ(place_of_smallest[i], least - values.begin()) << i;
    }
  }
}

TEST(Pieces, SoftmaxAndLogsumexp) {
  for (const std::int64_t n : {10, 100, 5000}) {
    const std::int64_t rows = 70000 / n;
    const std::vector<float> x = random_numbers(rows * n);
    std::vector<float> p(x.size());
    std::vector<float> log_sums(static_cast<std::size_t>(rows));
    std::vector<float> above(static_cast<std::size_t>(rows), 1.0F);
    row_softmax(DType::f32, rows, n, x.data(), p.data());
    row_logsumexp(DType::f32, rows, n, x.data(), log_sums.data());
    row_logsumexp_above(DType::f32, rows, n, x.data(), above.data());
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto first = static_cast<std::size_t>(row * n);
      double sum = 0;
      for (std::size_t i = first; i < first + static_cast<std::size_t>(n); ++i) {
        sum += std::exp(static_cast<double>(x[i]));
      }
      const auto r = static_cast<std::size_t>(row);
      ASSERT_NEAR(log_sums[r], std::log(sum), 1e-5) << row;
      ASSERT_NEAR(above[r], std::log(sum) - 1, 1e-5) << row;
      for (std::size_t i = first; i < first + static_cast<std::size_t>(n); ++i) {
        ASSERT_NEAR(p[i], std::exp(static_cast<double>(x[i])) / sum, 1e-6) << row;
      }
    }
  }
}

// Element i is a function of seed, stream, counter and i alone.
TEST(Pieces, RandomNumbers) {
  constexpr std::int64_t n = 40001;
  constexpr std::uint64_t seed = 7;
  constexpr std::uint64_t stream = 0x500000009;
  constexpr std::uint64_t counter = 3;
  constexpr RandomKey key{.seed = seed, .stream = stream, .counter = counter};
  std::vector<float> single(n);
  std::vector<double> wide(n);
  fill_uniform(key, n, single.data());
  fill_uniform(key, n, wide.data());
  const auto words_of = [&](std::size_t block) {
    return philox({static_cast<std::uint32_t>(counter + block), 0, 9, 5}, seed);
  };
  for (std::size_t i = 0; i < n; ++i) {
    ASSERT_EQ(single[i], static_cast<float>(words_of(i / 4)[i % 4] >> 8) * 0x1p-24F) << i;
    const auto words = words_of(i / 2);
    const std::uint64_t high = words[i % 2 * 2];
    const std::uint64_t low = words[i % 2 * 2 + 1];
    ASSERT_EQ(wide[i], static_cast<double>((high << 32 | low) >> 11) * 0x1p-53) << i;
  }
}

}  // namespace
}  // namespace nabla
