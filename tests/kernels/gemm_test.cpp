#include "nabla/kernels/gemm.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <vector>

#include "nabla/base/parallel.h"
#include "nabla/base/random.h"
#include "tests/support/depth.h"

namespace nabla {
namespace {

// A matrix in its own memory, in one of the layouts that a view can have, with unused elements
// (not a number) between the used ones.
enum class Layout { Rows, Columns, RowsStrided, ColumnsStrided, Neither };
constexpr Layout layouts[] = {Layout::Rows, Layout::Columns, Layout::RowsStrided,
                              Layout::ColumnsStrided, Layout::Neither};

template <class T>
struct Matrix {
  Matrix(std::int64_t rows, std::int64_t columns, Layout layout, Random& random) {
    switch (layout) {
      case Layout::Rows: set(columns, 1); break;
      case Layout::Columns: set(1, rows); break;
      case Layout::RowsStrided: set(columns + 3, 1); break;
      case Layout::ColumnsStrided: set(1, rows + 5); break;
      case Layout::Neither: set(2 * columns + 1, 2); break;
    }
    // The last element ends the memory, so that the address sanitizer sees a read beyond it.
    const std::int64_t size =
        rows * columns == 0 ? 0
                            : (rows - 1) * view.row_stride + (columns - 1) * view.column_stride + 1;
    memory.assign(static_cast<std::size_t>(size), std::numeric_limits<T>::quiet_NaN());
    view.data = memory.data();
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        memory[static_cast<std::size_t>(i * view.row_stride + j * view.column_stride)] =
            static_cast<T>(random.uniform() - 0.5);
      }
    }
  }

  void set(std::int64_t row_stride, std::int64_t column_stride) {
    view.row_stride = row_stride;
    view.column_stride = column_stride;
  }

  std::vector<T> memory;
  MatrixView<T> view{};
};

bool fused_multiply_add() { return (hwy::SupportedTargets() & ~(HWY_SCALAR | HWY_EMU128)) != 0; }

// The definition: a chain for every chunk of k, the chunk sums added in order.
template <class T>
std::vector<T> naive(const Gemm<T>& g) {
  const bool fused = fused_multiply_add();
  std::vector<T> c(static_cast<std::size_t>(g.m * g.n));
  for (std::int64_t i = 0; i < g.m; ++i) {
    for (std::int64_t j = 0; j < g.n; ++j) {
      const std::int64_t a_first = i * g.a.row_stride;
      const std::int64_t a_step = g.a.column_stride;
      const std::int64_t b_first = j * g.b.column_stride;
      const std::int64_t b_step = g.b.row_stride;
      T total = 0;
      for (std::int64_t k0 = 0; k0 < g.k; k0 += 4096) {
        const std::int64_t end = std::min<std::int64_t>(g.k, k0 + 4096);
        T sum = 0;
        for (std::int64_t k = k0; k < end; ++k) {
          const T a = g.a.data[a_first + k * a_step];
          const T b = g.b.data[b_first + k * b_step];
          sum = fused ? std::fma(a, b, sum) : sum + a * b;
        }
        total = k0 == 0 ? sum : total + sum;
      }
      c[static_cast<std::size_t>(i * g.n + j)] = total;
    }
  }
  return c;
}

// What an epilogue saw: every element once, with the final value.
template <class T>
struct Seen {
  std::int64_t n;
  std::vector<T> values;
  std::vector<int> times;
};

template <class T>
void look(void* context, const GemmStrip<T>& strip) {
  auto& seen = *static_cast<Seen<T>*>(context);
  for (std::int64_t i = 0; i < strip.rows; ++i) {
    for (std::int64_t j = 0; j < strip.columns; ++j) {
      const auto at = static_cast<std::size_t>((strip.row + i) * seen.n + strip.column + j);
      T& value = strip.data[i * strip.row_stride + j];
      seen.values.at(at) = value;
      ++seen.times.at(at);
      value += 1;  // an epilogue may write: the output shows it
    }
  }
}

template <class T>
bool same_bits(const std::vector<T>& x, const std::vector<T>& y) {
  return x.size() == y.size() &&
         (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0);
}

// Adds some times the product to what is there.
template <class T>
void check_added(Gemm<T> g, const std::vector<T>& product) {
  const T scale = static_cast<T>(-0.3);
  const T old = 5;
  const T guard = 77;
  std::vector<T> c(static_cast<std::size_t>(g.m * g.c_row_stride), guard);
  std::vector<T> expected = c;
  for (std::int64_t i = 0; i < g.m; ++i) {
    for (std::int64_t j = 0; j < g.n; ++j) {
      const auto at = static_cast<std::size_t>(i * g.c_row_stride + j);
      c[at] = old + static_cast<T>(j);
      const T scaled = product[static_cast<std::size_t>(i * g.n + j)] * scale;
      expected[at] = c[at] + scaled;
    }
  }
  g.c = c.data();
  g.epilogue = nullptr;
  g.scale = &scale;
  gemm(g);
  EXPECT_TRUE(same_bits(c, expected));
}

// Multiplies in every way that must give the same bits.
template <class T>
void check_product(Gemm<T> g, const std::vector<T>& expected) {
  std::vector<T> expected_after = expected;
  for (T& value : expected_after) value += 1;

  for (const bool stored : {true, false}) {
    for (const bool epilogue : {true, false}) {
      if (!stored && !epilogue) continue;
      const T guard = 77;
      std::vector<T> c(static_cast<std::size_t>(g.m * g.c_row_stride), guard);
      Seen<T> seen{g.n, std::vector<T>(expected.size()), std::vector<int>(expected.size())};
      g.c = stored ? c.data() : nullptr;
      g.epilogue = epilogue ? look<T> : nullptr;
      g.context = &seen;
      gemm(g);
      if (epilogue) {
        EXPECT_TRUE(same_bits(seen.values, expected));
        EXPECT_EQ(seen.times, std::vector<int>(expected.size(), 1));
      }
      if (!stored) continue;
      std::vector<T> inside;
      for (std::int64_t i = 0; i < g.m; ++i) {
        const T* row = c.data() + i * g.c_row_stride;
        inside.insert(inside.end(), row, row + g.n);
        EXPECT_EQ(row[g.n], guard);
        EXPECT_EQ(row[g.n + 1], guard);
      }
      EXPECT_TRUE(same_bits(inside, epilogue ? expected_after : expected));
    }
  }
  if (g.k <= gemm_chunk) check_added(g, expected);
}

// Compares products with the definition, on each of these numbers of threads.
template <class T>
void check(std::int64_t m, std::int64_t n, std::int64_t k, Layout a_layout, Layout b_layout,
           std::initializer_list<int> thread_counts = {1}) {
  Random random(static_cast<std::uint64_t>(m * 1000003 + n * 1009 + k));
  const Matrix<T> a(m, k, a_layout, random);
  const Matrix<T> b(k, n, b_layout, random);
  const Gemm<T> g{
      .m = m, .n = n, .k = k, .a = a.view, .b = b.view, .c = nullptr, .c_row_stride = n + 2};
  const std::vector<T> expected = naive(g);
  for (const int count : thread_counts) {
    SCOPED_TRACE(testing::Message() << "m " << m << " n " << n << " k " << k << " layouts "
                                    << static_cast<int>(a_layout) << static_cast<int>(b_layout)
                                    << " bytes " << sizeof(T) << " threads " << count);
    set_threads(count);
    check_product(g, expected);
  }
  set_threads(1);
}

template <class T>
class GemmTest : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(GemmTest, Types);

TYPED_TEST(GemmTest, EveryLayoutOfSmallSizes) {
  for (const std::int64_t m : {0, 1, 2, 3, 7, 13, 17}) {
    for (const std::int64_t n : {0, 1, 2, 3, 8, 10, 19, 33}) {
      for (const std::int64_t k : {0, 1, 2, 3, 10, 21}) {
        for (const Layout a : layouts) {
          for (const Layout b : layouts) check<TypeParam>(m, n, k, a, b);
        }
      }
    }
  }
}

TYPED_TEST(GemmTest, EverySizeUpToTwoTiles) {
  for (std::int64_t m = 1; m <= 18; ++m) {
    for (std::int64_t n = 1; n <= 50; ++n) {
      check<TypeParam>(m, n, 4, Layout::Rows, Layout::Rows);
      check<TypeParam>(m, n, 5, Layout::Columns, Layout::Columns);
    }
  }
}

struct Size {
  std::int64_t m, n, k;
};

TYPED_TEST(GemmTest, LayersOfNetworksOnSeveralThreads) {
  const Size sizes[] = {{32, 128, 784},  {784, 128, 32},  {33, 10, 128},  {128, 10, 33},
                        {131, 512, 100}, {100, 131, 512}, {67, 1030, 65}, {2000, 1, 70},
                        {1, 2000, 70},   {300, 300, 1},   {1, 1, 3000},   {10, 784, 50},
                        {512, 10, 512},  {70, 49, 30}};  // 49: the last panel of B is one column
  for (const Size& s : sizes) {
    for (const Layout a : {Layout::Rows, Layout::ColumnsStrided}) {
      for (const Layout b : {Layout::RowsStrided, Layout::Columns}) {
        if (test::fewer_will_do()) {
          check<TypeParam>(s.m, s.n, s.k, a, b, {3});
        } else {
          check<TypeParam>(s.m, s.n, s.k, a, b, {1, 2, 3});
        }
      }
    }
  }
}

TYPED_TEST(GemmTest, LongSumsInChunks) {
  for (const std::int64_t k : {4096, 4097, 9000}) {
    if (test::fewer_will_do() && k != 4097) continue;
    for (const Layout a : layouts) {
      for (const Layout b : layouts) {
        check<TypeParam>(7, 11, k, a, b);
        check<TypeParam>(19, 2, k, a, b);
      }
    }
  }
  check<TypeParam>(70, 70, 4100, Layout::Columns, Layout::Rows);
}

// B is packed on the way, several panels a band.
TYPED_TEST(GemmTest, StridesThatAreNever1) {
  check<TypeParam>(70, 150, 21, Layout::Neither, Layout::RowsStrided);
}

// Without vectors, and without fused multiply-add.
TYPED_TEST(GemmTest, WithoutVectors) {
  hwy::SetSupportedTargetsForTest(HWY_STATIC_TARGET);
  hwy::GetChosenTarget().DeInit();
  for (const Layout a : layouts) {
    for (const Layout b : layouts) {
      check<TypeParam>(13, 19, 21, a, b);
      check<TypeParam>(70, 9, 21, a, b);
      check<TypeParam>(3, 2, 4100, a, b);
    }
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

// 1e8 + 1 - 1e8 in floats is 0 when summed in order, and 1 when the chunks come between.
TEST(Gemm, ChunksAreChainsFromZero) {
  std::vector<float> a(4098, 0.0F);
  a[0] = 1e8F;
  a[4096] = 1.0F;
  a[4097] = -1.0F;
  const std::vector<float> ones(a.size(), 1.0F);
  float c = -1;
  gemm({.m = 1,
        .n = 1,
        .k = 4098,
        .a = {a.data(), 4098, 1},
        .b = {ones.data(), 1, 1},
        .c = &c,
        .c_row_stride = 1});
  EXPECT_EQ(c, 1e8F);
  a[4095] = 1.0F;   // lost in the first chunk
  a[4097] = 15.0F;  // 16 in the second: large enough to be seen
  gemm({.m = 1,
        .n = 1,
        .k = 4098,
        .a = {a.data(), 4098, 1},
        .b = {ones.data(), 1, 1},
        .c = &c,
        .c_row_stride = 1});
  EXPECT_EQ(c, 1e8F + 16.0F);
}

}  // namespace
}  // namespace nabla
