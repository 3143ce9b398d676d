// Sums, softmax and logsumexp of rows of every short length, and of some long ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "nabla/base/random.h"
#include "nabla/kernels/reduce.h"
#include "nabla/kernels/softmax.h"

namespace nabla {
namespace {

constexpr std::int64_t lengths[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,   10,  11,
                                    12, 13, 14, 15, 16, 17, 31, 64, 512, 1000};

template <class T>
std::vector<T> random_rows(std::int64_t rows, std::int64_t n) {
  Random random(3);
  std::vector<T> x(static_cast<std::size_t>(rows * n));
  for (T& value : x) value = static_cast<T>(random.uniform() * 8 - 4);
  return x;
}

// The tree of reduce.h.
template <class T>
T block_in_order(const T* x, std::int64_t n) {
  std::array<T, 16> lanes{};
  for (std::int64_t i = 0; i < n; ++i) {
    T& lane = lanes[static_cast<std::size_t>(i % 16)];
    lane = lane + x[i];
  }
  for (std::size_t half = 8; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) lanes[l] = lanes[l] + lanes[l + half];
  }
  return lanes[0];
}
template <class T>
T sum_in_order(const T* x, std::int64_t n) {
  LongSum<T> sum = 0;
  for (std::int64_t chunk = 0; chunk < n; chunk += sum_chunk_size) {
    T chunk_sum = 0;
    const std::int64_t end = std::min(n, chunk + sum_chunk_size);
    for (std::int64_t block = chunk; block < end; block += sum_block_size) {
      chunk_sum = chunk_sum + block_in_order(x + block, std::min(end - block, sum_block_size));
    }
    sum = sum + chunk_sum;
  }
  return static_cast<T>(sum);
}

template <class T>
class Rows : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(Rows, Floats);

TYPED_TEST(Rows, AreSummedInTheOrderDescribed) {
  using T = TypeParam;
  std::vector<std::int64_t> all(std::begin(lengths), std::end(lengths));
  all.insert(all.end(), {sum_chunk_size, sum_chunk_size + 700, 3 * sum_chunk_size + 5});
  for (const std::int64_t n : all) {
    for (std::int64_t rows = 1; rows <= (n > 1000 ? 2 : 9); ++rows) {
      const std::vector<T> x = random_rows<T>(rows, n);
      std::vector<T> out(static_cast<std::size_t>(rows) + 1, T{77});
      reduce_sum(dtype_of<T>, {.outer = rows, .n = n, .inner = 1}, x.data(), out.data());
      for (std::int64_t row = 0; row < rows; ++row) {
        EXPECT_EQ(out[static_cast<std::size_t>(row)], sum_in_order(x.data() + row * n, n))
            << "row " << row << " of " << rows << " x " << n;
      }
      EXPECT_EQ(out.back(), T{77}) << rows << " x " << n;
    }
  }
}

TYPED_TEST(Rows, SoftmaxAndLogsumexp) {
  using T = TypeParam;
  const double tolerance = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
  for (const std::int64_t n : lengths) {
    for (std::int64_t rows = 1; rows <= 9; ++rows) {
      const std::vector<T> x = random_rows<T>(rows, n);
      std::vector<T> p(x.size() + 1, T{77});
      std::vector<T> log_sum(static_cast<std::size_t>(rows) + 1, T{77});
      row_softmax(dtype_of<T>, rows, n, x.data(), p.data());
      row_logsumexp(dtype_of<T>, rows, n, x.data(), log_sum.data());
      for (std::int64_t row = 0; row < rows; ++row) {
        double sum = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          sum += std::exp(static_cast<double>(x[static_cast<std::size_t>(row * n + i)]));
        }
        EXPECT_NEAR(log_sum[static_cast<std::size_t>(row)], std::log(sum),
                    tolerance * (std::abs(std::log(sum)) + 1))
            << rows << " x " << n;
        for (std::int64_t i = row * n; i < (row + 1) * n; ++i) {
          const auto at = static_cast<std::size_t>(i);
          const double expected = std::exp(static_cast<double>(x[at])) / sum;
          EXPECT_NEAR(p[at], expected, tolerance * expected) << rows << " x " << n << " at " << i;
        }
      }
      EXPECT_EQ(p.back(), T{77}) << rows << " x " << n;
      EXPECT_EQ(log_sum.back(), T{77}) << rows << " x " << n;
    }
  }
}

// One row in the middle of others: what is in it does not get into them.
TYPED_TEST(Rows, ThatAreNotFinite) {
  using T = TypeParam;
  constexpr T infinity = std::numeric_limits<T>::infinity();
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  for (const std::int64_t n : {2, 3, 4, 7, 10, 16, 20}) {
    const auto logsumexp_with = [&](T first, T last, T others) {
      std::vector<T> x(static_cast<std::size_t>(3 * n), T{0});
      std::fill_n(x.begin() + n, n, others);
      x[static_cast<std::size_t>(n)] = first;
      x[static_cast<std::size_t>(2 * n - 1)] = last;
      std::array<T, 3> out{};
      row_logsumexp(dtype_of<T>, 3, n, x.data(), out.data());
      EXPECT_EQ(out[0], out[2]);
      EXPECT_NEAR(out[0], std::log(static_cast<double>(n)), 1e-6);
      return out[1];
    };
    EXPECT_EQ(logsumexp_with(infinity, 0, 0), infinity) << n;
    EXPECT_EQ(logsumexp_with(0, infinity, -infinity), infinity) << n;
    EXPECT_EQ(logsumexp_with(-infinity, -infinity, -infinity), -infinity) << n;
    EXPECT_TRUE(std::isnan(logsumexp_with(nan, 0, 0))) << n;
    EXPECT_TRUE(std::isnan(logsumexp_with(0, nan, 0))) << n;
    EXPECT_TRUE(std::isnan(logsumexp_with(nan, infinity, 0))) << n;
    EXPECT_TRUE(std::isnan(logsumexp_with(infinity, nan, 0))) << n;
    EXPECT_TRUE(std::isnan(logsumexp_with(nan, -infinity, -infinity))) << n;
  }
}

}  // namespace
}  // namespace nabla
