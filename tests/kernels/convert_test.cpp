#include "nabla/kernels/convert.h"

#include <gtest/gtest.h>

#include <hwy/targets.h>

#include <numeric>
#include <vector>

namespace nabla {
namespace {

// Every byte, every length around a vector's, and nothing written behind the end.
TEST(ScaleBytes, IsOneRoundedProductOnEveryTarget) {
  std::vector<std::uint8_t> bytes(256);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    for (const float scale : {1.0F / 255, 1.0F / 16, -3.7F}) {
      for (std::int64_t count = 0; count <= 256; count += count < 70 ? 1 : 31) {
        std::vector<float> floats(257, 42);
        scale_bytes(bytes.data(), scale, floats.data(), count);
        for (std::int64_t i = 0; i < 257; ++i) {
          const auto k = static_cast<std::size_t>(i);
          // An exact product in double, rounded once.
          const auto exact = static_cast<double>(i) * static_cast<double>(scale);
          EXPECT_EQ(floats[k], i < count ? static_cast<float>(exact) : 42.0F) << i;
        }
      }
    }
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace
}  // namespace nabla
