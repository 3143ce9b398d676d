/// The floating-point environment that every kernel runs in.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nabla {

/// While it lives, denormal results and inputs count as zero on this thread; the caller's setting
/// comes back afterwards. Optimizer moments decay into denormals, which are many times slower.
class FlushDenormals {
 public:
#if defined(__x86_64__)
  FlushDenormals() : saved_(_mm_getcsr()) {
    if ((saved_ & flags) != flags) _mm_setcsr(saved_ | flags);
  }
  ~FlushDenormals() {
    if ((saved_ & flags) != flags) _mm_setcsr(saved_);
  }

 private:
  static constexpr unsigned flags = 0x8040;  // flush-to-zero and denormals-are-zero
  unsigned saved_;
#else
  FlushDenormals() = default;
  ~FlushDenormals() = default;
#endif

 public:
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
};

}  // namespace nabla
