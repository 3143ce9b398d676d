/// Elementwise ops. Shapes broadcast as in NumPy; both sides of a binary op have one element type,
/// and a number takes the type of the tensor beside it (see number_beside). Throws ShapeError or
/// DTypeError otherwise.
/// ```cpp
/// const Tensor x = Tensor::from({1.0, 4.0, 9.0}, {3});
/// x + 1;                                 // [2, 5, 10]
/// -2 * sqrt(x);                          // [-2, -4, -6]
/// x * Tensor::from({2.0, 3.0}, {2, 1});  // [[2, 8, 18], [3, 12, 27]]
/// maximum(x, 5);                         // [5, 5, 9]
/// less(x, 4);                            // [1, 0, 0]
/// where(less(x, 4), 0, x);               // [0, 4, 9]
/// lerp(x, x + 8, 0.25);                  // [3, 6, 11]
/// cast(x / 2, DType::i64);               // [0, 2, 4]
/// ```
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

#include "nabla/tensor/tensor.h"

namespace nabla {

class State;

Tensor add(const Tensor& a, const Tensor& b);       ///< a + b
Tensor subtract(const Tensor& a, const Tensor& b);  ///< a - b
Tensor multiply(const Tensor& a, const Tensor& b);  ///< a b
Tensor divide(const Tensor& a, const Tensor& b);    ///< a / b, floating
/// a^b, floating. The derivative by b is 0 where a <= 0.
Tensor power(const Tensor& a, const Tensor& b);
/// The larger one, NaN where either is. At a tie each side gets half of the gradient.
Tensor maximum(const Tensor& a, const Tensor& b);
/// The smaller one, NaN where either is. At a tie each side gets half of the gradient.
Tensor minimum(const Tensor& a, const Tensor& b);

Tensor negative(const Tensor& x);  ///< -x
Tensor absolute(const Tensor& x);  ///< |x|; the derivative at 0 is 0
Tensor sign(const Tensor& x);      ///< 1, 0 or -1, and NaN of NaN; no derivative
Tensor floor(const Tensor& x);     ///< the largest integer not above x; no derivative
Tensor square(const Tensor& x);    ///< x^2
/// x, but beyond the numbers whose squares are finite (1.8e19 in f32) the nearest of them; infinity
/// and NaN stay.
Tensor squarable(const Tensor& x);
Tensor sqrt(const Tensor& x);      ///< square root
Tensor rsqrt(const Tensor& x);     ///< 1 / sqrt(x)
Tensor exp(const Tensor& x);       ///< e^x
Tensor expm1(const Tensor& x);     ///< e^x - 1, precise near 0
Tensor log(const Tensor& x);       ///< natural logarithm
Tensor log1p(const Tensor& x);     ///< log(1 + x), precise near 0
Tensor sin(const Tensor& x);       ///< sine
Tensor cos(const Tensor& x);       ///< cosine
Tensor tanh(const Tensor& x);      ///< (e^2x - 1) / (e^2x + 1)
Tensor sigmoid(const Tensor& x);   ///< 1 / (1 + e^-x)
Tensor sech(const Tensor& x);      ///< 2 / (e^x + e^-x)
Tensor softplus(const Tensor& x);  ///< log(1 + e^x) without overflow
Tensor erf(const Tensor& x);       ///< error function
Tensor relu(const Tensor& x);      ///< max(x, 0); the derivative at 0 is 0
Tensor positive(const Tensor& x);  ///< 1 where x > 0, NaN of NaN, else 0; no derivative

Tensor equal(const Tensor& a, const Tensor& b);          ///< u8: 1 where a == b
Tensor not_equal(const Tensor& a, const Tensor& b);      ///< u8: 1 where a != b
Tensor less(const Tensor& a, const Tensor& b);           ///< u8: 1 where a < b
Tensor less_equal(const Tensor& a, const Tensor& b);     ///< u8: 1 where a <= b
Tensor greater(const Tensor& a, const Tensor& b);        ///< u8: 1 where a > b
Tensor greater_equal(const Tensor& a, const Tensor& b);  ///< u8: 1 where a >= b

/// a where the u8 condition is not 0, else b. Nothing of the other side gets into a gradient.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

/// a + b c, rounded after each operation: one pass over what an update rule changes. `c` is often
/// one number.
Tensor add_scaled(const Tensor& a, const Tensor& b, const Tensor& c);
/// (1 - c) a + c b, the share c of the way from a to b: at c = 0 exactly a, at c = 1 exactly b.
Tensor lerp(const Tensor& a, const Tensor& b, const Tensor& c);
/// a / (sqrt(b) + c).
Tensor divide_by_root(const Tensor& a, const Tensor& b, const Tensor& c);

/// The values in another element type. In an integer type fractions of floats are cut towards 0,
/// beyond its ends comes the nearer end, and 0 for NaN; integers wrap around.
Tensor cast(const Tensor& x, DType dtype);

/// The same values; gradients stop here.
Tensor stop_gradient(const Tensor& x);

/// gradient * factor, but 0 where the gradient is 0 whatever the factor: so that an infinite
/// derivative at a place that does not matter brings no NaN. Derivative rules multiply with it.
Tensor scale_gradient(const Tensor& gradient, const Tensor& factor);

/// A scalar of a given type, as by cast.
Tensor number(double value, DType dtype);
Tensor number(std::int64_t value, DType dtype);
/// A number in the type of the tensor beside it. Throws ValueError where that is an integer type
/// and does not have it, such as 0.5, 300 beside u8, or 2^63.
Tensor number_beside(double value, const Tensor& tensor);
Tensor number_beside(std::int64_t value, const Tensor& tensor);

/// Calls body with the number as std::int64_t, or as double where it is no integer or too large.
template <Number N, class Body>
Tensor with_widest(N value, Body body) {
  if constexpr (std::integral<N>) {
    constexpr std::uint64_t last = std::numeric_limits<std::int64_t>::max();
    const bool is_beyond = value > 0 && static_cast<std::uint64_t>(value) > last;
    if (!is_beyond) return body(static_cast<std::int64_t>(value));
  }
  return body(static_cast<double>(value));
}
template <Number N>
Tensor number(N value, DType dtype) {
  return with_widest(value, [&](auto wide) { return number(wide, dtype); });
}
template <Number N>
Tensor number_beside(N value, const Tensor& tensor) {
  return with_widest(value, [&](auto wide) { return number_beside(wide, tensor); });
}

/// What stands beside a tensor in an operator: another one, or a C++ number.
template <class A, class B>
concept WithATensor = std::same_as<A, Tensor> || std::same_as<B, Tensor> ||
    std::same_as<A, State> || std::same_as<B, State>;

/// The first of two operands as a tensor; see number_beside.
template <class A, class B>
Tensor beside(const A& operand, const B& other) {
  if constexpr (Number<A> && std::same_as<B, Tensor>) {
    return number_beside(operand, other);
  } else if constexpr (std::convertible_to<const A&, Tensor>) {
    return operand;
  } else if constexpr (std::same_as<A, State>) {
    static_assert(never<A>, "a State is read with value(): w.value() * x");
  } else {
    static_assert(never<A>, "beside a tensor stand tensors and numbers; see Tensor::from");
  }
}

/// a + b
inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
/// a - b, and -x
inline Tensor operator-(const Tensor& a, const Tensor& b) { return subtract(a, b); }
/// a b
inline Tensor operator*(const Tensor& a, const Tensor& b) { return multiply(a, b); }
/// a / b, floating
inline Tensor operator/(const Tensor& a, const Tensor& b) { return divide(a, b); }
/// A comparison gives a tensor, u8; one of a single element can stand in an `if`.
inline Tensor operator==(const Tensor& a, const Tensor& b) { return equal(a, b); }
/// 1 where a != b, else 0: u8
inline Tensor operator!=(const Tensor& a, const Tensor& b) { return not_equal(a, b); }
/// 1 where a < b, else 0: u8
inline Tensor operator<(const Tensor& a, const Tensor& b) { return less(a, b); }
/// 1 where a <= b, else 0: u8
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return less_equal(a, b); }
/// 1 where a > b, else 0: u8
inline Tensor operator>(const Tensor& a, const Tensor& b) { return greater(a, b); }
/// 1 where a >= b, else 0: u8
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return greater_equal(a, b); }
inline Tensor operator-(const Tensor& x) { return negative(x); }
template <class A, class B>
requires WithATensor<A, B> Tensor operator+(const A& a, const B& b) {
  return add(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor operator-(const A& a, const B& b) {
  return subtract(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor operator*(const A& a, const B& b) {
  return multiply(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor operator/(const A& a, const B& b) {
  return divide(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor operator==(const A& a, const B& b) {
  return equal(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor operator!=(const A& a, const B& b) {
  return not_equal(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor operator<(const A& a, const B& b) {
  return less(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor operator<=(const A& a, const B& b) {
  return less_equal(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor operator>(const A& a, const B& b) {
  return greater(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor operator>=(const A& a, const B& b) {
  return greater_equal(beside(a, b), beside(b, a));
}

/// x = x + y and its kin: x is another tensor from then on; copies made before keep their values.
template <class B>
Tensor& operator+=(Tensor& x, const B& y) {
  return x = x + y;
}
/// x = x - y
template <class B>
Tensor& operator-=(Tensor& x, const B& y) {
  return x = x - y;
}
/// x = x * y
template <class B>
Tensor& operator*=(Tensor& x, const B& y) {
  return x = x * y;
}
/// x = x / y
template <class B>
Tensor& operator/=(Tensor& x, const B& y) {
  return x = x / y;
}

template <class A, class B>
requires WithATensor<A, B> Tensor add(const A& a, const B& b) {
  return add(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor subtract(const A& a, const B& b) {
  return subtract(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor multiply(const A& a, const B& b) {
  return multiply(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor divide(const A& a, const B& b) {
  return divide(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor power(const A& a, const B& b) {
  return power(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor maximum(const A& a, const B& b) {
  return maximum(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor minimum(const A& a, const B& b) {
  return minimum(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor equal(const A& a, const B& b) {
  return equal(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor not_equal(const A& a, const B& b) {
  return not_equal(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor less(const A& a, const B& b) {
  return less(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor less_equal(const A& a, const B& b) {
  return less_equal(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor greater(const A& a, const B& b) {
  return greater(beside(a, b), beside(b, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor greater_equal(const A& a, const B& b) {
  return greater_equal(beside(a, b), beside(b, a));
}
template <Number N>
Tensor lerp(const Tensor& a, const Tensor& b, N c) {
  return lerp(a, b, number_beside(c, a));
}
template <class A, class B>
requires WithATensor<A, B> Tensor where(const Tensor& condition, const A& a, const B& b) {
  return where(condition, beside(a, b), beside(b, a));
}

}  // namespace nabla
