#include "nabla/base/duration.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace nabla {
namespace {

TEST(Duration, HasAUnitThatFits) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<double, std::string>> cases = {
      {0, "0 s"},
      {1e-9, "0.001 us"},
      {84e-6, "84 us"},
      {0.0009494, "0.949 ms"},
      {0.007169, "7.17 ms"},
      {0.5, "500 ms"},
      {0.9996, "1 s"},
      {12.34, "12.3 s"},
      {59.94, "59.9 s"},
      {59.96, "1 min"},
      {200, "3 min 20 s"},
      {3599.4, "59 min 59 s"},
      {3599.6, "1 h"},
      {5 * 3600 + 12 * 60, "5 h 12 min"},
      {24 * 3600 - 1, "1 day"},
      {12 * 24 * 3600 + 5000, "12 days"},
      {1e12, "over 1000 days"},
      {infinity, "over 1000 days"},
      {-1, "-"},
      {std::numeric_limits<double>::quiet_NaN(), "-"},
  };
  for (const auto& [seconds, expected] : cases) EXPECT_EQ(duration_text(seconds), expected);
}

}  // namespace
}  // namespace nabla
