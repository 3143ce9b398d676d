/// Sums, differences and products of elements. Those of integers wrap around: beyond the last
/// number comes the first.
#pragma once

#include <type_traits>

namespace nabla {

/// The number to compute with. Signed integers must not overflow in C++, so of an integer it is the
/// unsigned one that has the same bits.
template <class T>
constexpr auto modular(T x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<std::make_unsigned_t<T>>(x);
  } else {
    return x;
  }
}

template <class T>
constexpr T wrapping_add(T a, T b) {
  return static_cast<T>(modular(a) + modular(b));
}
template <class T>
constexpr T wrapping_subtract(T a, T b) {
  return static_cast<T>(modular(a) - modular(b));
}
template <class T>
constexpr T wrapping_multiply(T a, T b) {
  return static_cast<T>(modular(a) * modular(b));
}

}  // namespace nabla
