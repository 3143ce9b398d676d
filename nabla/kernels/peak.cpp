#include "nabla/kernels/peak.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "nabla/base/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nabla/kernels/peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace nabla::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Runs `rounds` rounds of fused multiply-adds in chains that do not wait for each other, and gives
// how many operations that were. `value` keeps the compiler from knowing the result.
double multiply_add(std::int64_t rounds, float* value) {
  const hn::ScalableTag<float> d;
  constexpr int chains = 12;  // latency times units, and still in 16 registers
  using Vector = hn::Vec<decltype(d)>;
  Vector sums[chains];
  for (Vector& sum : sums) sum = hn::Set(d, *value);
  const Vector factor = hn::Set(d, 0.5F * *value);
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (Vector& sum : sums) sum = hn::MulAdd(sum, factor, factor);
  }
  Vector total = sums[0];
  for (int i = 1; i < chains; ++i) total = hn::Add(total, sums[i]);
  *value = hn::GetLane(hn::Min(total, hn::Set(d, 1)));
  return 2.0 * chains * static_cast<double>(rounds) * static_cast<double>(hn::Lanes(d));
}

}  // namespace nabla::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nabla {

HWY_EXPORT(multiply_add);

double measure_peak_flops() {
  constexpr std::int64_t rounds = 200'000;
  constexpr int bursts = 20;
  double best = 0;
  for (int burst = 0; burst < bursts; ++burst) {
    const std::int64_t chunks = threads();
    double operations = 0;
    const auto begin = std::chrono::steady_clock::now();
    parallel_for(chunks, [&](std::int64_t chunk) {
      float value = 1;
      const double done = HWY_DYNAMIC_DISPATCH(multiply_add)(rounds, &value);
      if (chunk == 0) operations = done * static_cast<double>(chunks) * value;
    });
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    best = std::max(best, operations / time.count());
  }
  return best;
}

}  // namespace nabla
#endif
