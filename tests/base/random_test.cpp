#include "nabla/base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace nabla {
namespace {

// The known-answer vectors of the Random123 library (kat_vectors, philox4x32 10).
TEST(Philox, KnownAnswers) {
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox({0, 0, 0, 0}, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffffffffffff),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, MomentsOfUniformAndNormal) {
  Random random(7);
  const int n = 200000;
  double sum = 0;
  double normal_sum = 0;
  double normal_squares = 0;
  for (int i = 0; i < n; ++i) {
    sum += random.uniform();
    const double z = random.normal();
    normal_sum += z;
    normal_squares += z * z;
  }
  // Five standard errors of each mean.
  EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(normal_sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(normal_squares / n, 1, 5 * std::sqrt(2.0 / n));
}

TEST(Random, BelowIsUniformAndBounded) {
  Random random(1, 3);
  std::array<int, 6> counts{};
  const int n = 60000;
  for (int i = 0; i < n; ++i) ++counts.at(random.below(6));
  for (const int count : counts) EXPECT_NEAR(count, n / 6, 5 * std::sqrt(n * 5.0 / 36));
}

TEST(Shuffle, GivesEachOrderEquallyOften) {
  Random random(2);
  std::map<std::array<int, 3>, int> counts;
  const int n = 60000;
  for (int i = 0; i < n; ++i) {
    std::array<int, 3> order = {0, 1, 2};
    shuffle(std::span<int>(order), random);
    ++counts[order];
  }
  EXPECT_EQ(counts.size(), 6U);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, n / 6, 5 * std::sqrt(n * 5.0 / 36));
}

}  // namespace
}  // namespace nabla
