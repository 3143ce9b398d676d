#include "nabla/kernels/convert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nabla/kernels/convert.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace nabla::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void scale_bytes(const std::uint8_t* from, float scale, float* to, std::int64_t count) {
  const hn::ScalableTag<float> f32;
  const hn::Rebind<std::int32_t, decltype(f32)> i32;
  const hn::Rebind<std::uint8_t, decltype(f32)> u8;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(f32));
  const auto factor = hn::Set(f32, scale);
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto bytes = hn::PromoteTo(i32, hn::LoadU(u8, from + i));
    hn::StoreU(hn::Mul(hn::ConvertTo(f32, bytes), factor), f32, to + i);
  }
  for (; i < count; ++i) to[i] = static_cast<float>(from[i]) * scale;
}

}  // namespace nabla::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nabla {

HWY_EXPORT(scale_bytes);

void scale_bytes(const std::uint8_t* from, float scale, float* to, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(scale_bytes)(from, scale, to, count);
}

}  // namespace nabla
#endif
