#include "nabla/kernels/gemm.h"

#include <algorithm>
#include <memory>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nabla/kernels/gemm.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace nabla::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// First version: right, not yet fast.
template <class T>
void gemm_reference(const Gemm<T>& g) {
  const hn::CappedTag<T, 1> d;
  for (std::int64_t i = 0; i < g.m; ++i) {
    T row[512];
    for (std::int64_t j0 = 0; j0 < g.n; j0 += 512) {
      const std::int64_t columns = std::min<std::int64_t>(512, g.n - j0);
      T* c = g.c != nullptr ? g.c + i * g.c_row_stride + j0 : row;
      for (std::int64_t j = 0; j < columns; ++j) {
        T total = 0;
        for (std::int64_t k0 = 0; k0 < g.k; k0 += gemm_chunk) {
          auto sum = hn::Zero(d);
          for (std::int64_t k = k0; k < std::min(g.k, k0 + gemm_chunk); ++k) {
            const T* a = g.a.data + i * g.a.row_stride + k * g.a.column_stride;
            const T* b = g.b.data + k * g.b.row_stride + (j0 + j) * g.b.column_stride;
            sum = hn::MulAdd(hn::Set(d, *a), hn::Set(d, *b), sum);
          }
          total = k0 == 0 ? hn::GetLane(sum) : total + hn::GetLane(sum);
        }
        c[j] = total;
      }
      if (g.epilogue != nullptr) g.epilogue(g.context, {i, 1, j0, columns, c, 512});
    }
  }
}

void gemm_f32(const Gemm<float>& g) { gemm_reference(g); }
void gemm_f64(const Gemm<double>& g) { gemm_reference(g); }

}  // namespace nabla::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nabla {

HWY_EXPORT(gemm_f32);
HWY_EXPORT(gemm_f64);

void gemm(const Gemm<float>& gemm) { HWY_DYNAMIC_DISPATCH(gemm_f32)(gemm); }
void gemm(const Gemm<double>& gemm) { HWY_DYNAMIC_DISPATCH(gemm_f64)(gemm); }

}  // namespace nabla
#endif
