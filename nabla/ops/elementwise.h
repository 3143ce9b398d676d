/// Elementwise ops. Shapes broadcast as in NumPy; both sides of a binary op have one element type,
/// and a number takes the type of the tensor beside it (see number_beside). Throws ShapeError or
/// DTypeError otherwise.
#pragma once

#include "nabla/tensor/tensor.h"

#pragma GCC visibility push(hidden)
namespace nabla {

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
Tensor sign(const Tensor& x);      ///< 1, 0 or -1; no derivative
Tensor floor(const Tensor& x);     ///< the largest integer not above x; no derivative
Tensor square(const Tensor& x);    ///< x^2
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
Tensor softplus(const Tensor& x);  ///< log(1 + e^x) without overflow
Tensor erf(const Tensor& x);       ///< error function
Tensor relu(const Tensor& x);      ///< max(x, 0); the derivative at 0 is 0
Tensor positive(const Tensor& x);  ///< 1 where x > 0, else 0; no derivative

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
/// a + c (b - a): from a, the share c of the way to b.
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
/// A number in the type of the tensor beside it. Throws ValueError where that is an integer type
/// and does not have it, such as 0.5, or 300 beside u8.
Tensor number_beside(double value, const Tensor& tensor);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return subtract(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return multiply(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return divide(a, b); }
inline Tensor operator-(const Tensor& x) { return negative(x); }
inline Tensor operator+(const Tensor& a, double b) { return add(a, number_beside(b, a)); }
inline Tensor operator-(const Tensor& a, double b) { return subtract(a, number_beside(b, a)); }
inline Tensor operator*(const Tensor& a, double b) { return multiply(a, number_beside(b, a)); }
inline Tensor operator/(const Tensor& a, double b) { return divide(a, number_beside(b, a)); }
inline Tensor operator+(double a, const Tensor& b) { return add(number_beside(a, b), b); }
inline Tensor operator-(double a, const Tensor& b) { return subtract(number_beside(a, b), b); }
inline Tensor operator*(double a, const Tensor& b) { return multiply(number_beside(a, b), b); }
inline Tensor operator/(double a, const Tensor& b) { return divide(number_beside(a, b), b); }
inline Tensor power(const Tensor& a, double b) { return power(a, number_beside(b, a)); }
inline Tensor power(double a, const Tensor& b) { return power(number_beside(a, b), b); }
inline Tensor lerp(const Tensor& a, const Tensor& b, double c) {
  return lerp(a, b, number_beside(c, a));
}
inline Tensor maximum(const Tensor& a, double b) { return maximum(a, number_beside(b, a)); }
inline Tensor maximum(double a, const Tensor& b) { return maximum(number_beside(a, b), b); }
inline Tensor minimum(const Tensor& a, double b) { return minimum(a, number_beside(b, a)); }
inline Tensor minimum(double a, const Tensor& b) { return minimum(number_beside(a, b), b); }
inline Tensor equal(const Tensor& a, double b) { return equal(a, number_beside(b, a)); }
inline Tensor not_equal(const Tensor& a, double b) { return not_equal(a, number_beside(b, a)); }
inline Tensor less(const Tensor& a, double b) { return less(a, number_beside(b, a)); }
inline Tensor less_equal(const Tensor& a, double b) { return less_equal(a, number_beside(b, a)); }
inline Tensor greater(const Tensor& a, double b) { return greater(a, number_beside(b, a)); }
inline Tensor greater_equal(const Tensor& a, double b) {
  return greater_equal(a, number_beside(b, a));
}
inline Tensor where(const Tensor& condition, const Tensor& a, double b) {
  return where(condition, a, number_beside(b, a));
}
inline Tensor where(const Tensor& condition, double a, const Tensor& b) {
  return where(condition, number_beside(a, b), b);
}

}  // namespace nabla
#pragma GCC visibility pop
