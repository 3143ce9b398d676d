#include "nabla/kernels/isa.h"

#include <hwy/targets.h>

#include <cstdlib>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

constexpr std::int64_t scalar_targets = HWY_EMU128 | HWY_SCALAR;

// Keeps Highway from choosing a target above the cap; an unknown cap is reported by isa().
bool apply_cap() {
  const char* text = std::getenv("NABLA_ISA");
  const std::string_view cap = text == nullptr ? "" : text;
  std::int64_t allowed = hwy::SupportedTargets();
  if (cap == "scalar") {
    allowed &= scalar_targets;
  } else if (cap == "avx2") {
    allowed &= scalar_targets | HWY_AVX2;
  } else if (!cap.empty() && cap != "avx512") {
    return false;
  }
  hwy::SetSupportedTargetsForTest(allowed);
  return true;
}

const bool cap_is_known = apply_cap();

}  // namespace

std::string_view isa() {
  if (!cap_is_known) {
    throw ValueError(str("NABLA_ISA=", std::getenv("NABLA_ISA"),
                         ": expected avx512, avx2 or scalar, or leave it unset"));
  }
  const std::int64_t targets = hwy::SupportedTargets();
  if ((targets & HWY_AVX3) != 0) return "avx512";
  if ((targets & HWY_AVX2) != 0) return "avx2";
  return "scalar";
}

}  // namespace nabla
