#include "nabla/base/shape.h"

#include <gtest/gtest.h>

namespace nabla {
namespace {

TEST(CheckedBytes, Counts) {
  EXPECT_EQ(checked_bytes({}, 8), 8);
  EXPECT_EQ(checked_bytes({2, 3, 4}, 4), 96);
  EXPECT_EQ(checked_bytes({2, 0, 4}, 4), 0);
  EXPECT_EQ(checked_bytes({(std::int64_t{1} << 60) - 1}, 8), INT64_MAX - 7);
}

TEST(CheckedBytes, IsNothingWhereSomethingOverflows) {
  const std::int64_t large = std::int64_t{1} << 40;
  EXPECT_EQ(checked_bytes({std::int64_t{1} << 60}, 8), std::nullopt);
  EXPECT_EQ(checked_bytes({large, large}, 1), std::nullopt);
  EXPECT_EQ(checked_bytes({0, large, large}, 1), std::nullopt) << "a stride overflows";
  EXPECT_EQ(checked_bytes({large, large, 0}, 1), std::nullopt) << "a partial product overflows";
  EXPECT_EQ(checked_bytes({-1}, 1), std::nullopt);
}

}  // namespace
}  // namespace nabla
