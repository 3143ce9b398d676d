/// exp, log, tanh and their like on vectors of f32, within one to three units in the last place
/// (tests/kernels/functions_test.cpp has the bounds).
/// Included once for every instruction set. Every function is one fixed sequence of operations, so
/// instruction sets with fused multiply-add give the same bits. Denormals count as zero.
#include <cmath>
#include <cstdint>
#include <limits>

#include <hwy/highway.h>

#if defined(NABLA_KERNELS_FUNCTIONS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NABLA_KERNELS_FUNCTIONS_INL_H_
#undef NABLA_KERNELS_FUNCTIONS_INL_H_
#else
#define NABLA_KERNELS_FUNCTIONS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace nabla::HWY_NAMESPACE::f32 {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
using IntegerTag = hn::RebindToSigned<D>;
using Integers = hn::Vec<IntegerTag>;

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float log2_of_e = 1.44269504F;
// ln 2 in two parts: a whole number of up to 8 bits times the first is exact.
inline constexpr float ln2_high = 0.693359375F;
inline constexpr float ln2_low = -2.12194440e-4F;
// Added to a number, it leaves the nearest integer in the lowest bits.
inline constexpr float round_bits = 0x1.8p23F;
inline constexpr float exponent_bias = 127;

HWY_INLINE V set(float value) { return hn::Set(D(), value); }

// The nearer of x and the limit; NaN stays.
HWY_INLINE V at_most(V x, float limit) {
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
  return hn::IfThenElse(hn::Gt(x, set(limit)), set(limit), x);
#else
  return hn::Min(set(limit), x);  // of numbers that do not compare, the processor takes the second
#endif
}
HWY_INLINE V at_least(V x, float limit) {
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
  return hn::IfThenElse(hn::Lt(x, set(limit)), set(limit), x);
#else
  return hn::Max(set(limit), x);
#endif
}

// The lowest nine bits of `rounded`, as exponent and sign of a float; added to an exponent n it
// multiplies by 2^n, and with the bias included it is 2^n.
HWY_INLINE Integers exponent_of(V rounded) {
  return hn::ShiftLeft<23>(hn::BitCast(IntegerTag(), rounded));
}

// e^r - 1 for |r| <= ln(2) / 2: r + r^2 q(r), where q has the least relative error (1.4e-8).
HWY_INLINE V expm1_near_0(V r) {
  const V square = hn::Mul(r, r);
  const V low = hn::MulAdd(set(0.166665465F), r, set(0.49999997F));
  const V high = hn::MulAdd(set(0.00836627185F), r, set(0.0416674353F));
  const V q = hn::MulAdd(hn::MulAdd(set(0.00138706958F), square, high), square, low);
  return hn::MulAdd(q, square, r);
}

// x = n ln 2 + r, with n the nearest integer.
HWY_INLINE V rest_of(V x, V n) {
  return hn::NegMulAdd(n, set(ln2_low), hn::NegMulAdd(n, set(ln2_high), x));
}

// Where the result is normal: 2^n (1 + (e^r - 1)), by adding n to the exponent.
HWY_INLINE V exp_inside(V x) {
  const V rounded = hn::MulAdd(x, set(log2_of_e), set(round_bits));
  const V r = rest_of(x, hn::Sub(rounded, set(round_bits)));
  const V e = hn::Add(set(1), expm1_near_0(r));
  const IntegerTag integers;
  return hn::BitCast(D(), hn::Add(hn::BitCast(integers, e), exponent_of(rounded)));
}

HWY_INLINE V exp(V x) {
  // From 2^128 on, the bits come out as infinity's or more.
  const IntegerTag integers;
  const Integers bits = hn::BitCast(integers, exp_inside(at_most(x, 89)));
  const Integers most = hn::BitCast(integers, set(infinity));
  const V y = hn::BitCast(D(), hn::Min(bits, most));
  const V normal = hn::IfThenZeroElse(hn::Lt(x, set(-87.33654F)), y);
  return hn::IfThenElse(hn::IsNaN(x), x, normal);
}

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1), at half of its size until the end, since 2^128 is no float;
// but not at n = 0, where that may be too small.
HWY_INLINE V expm1(V x) {
  const V bounded = at_least(at_most(x, 89), -20);
  const V bias = set(round_bits + exponent_bias - 1);
  const V rounded = hn::MulAdd(bounded, set(log2_of_e), bias);
  const V near_0 = expm1_near_0(rest_of(bounded, hn::Sub(rounded, bias)));
  const V half_power = hn::BitCast(D(), exponent_of(rounded));
  const V half = hn::MulAdd(half_power, near_0, hn::Sub(half_power, set(0.5F)));
  const V y = hn::IfThenElse(hn::Eq(half_power, set(0.5F)), near_0, hn::Add(half, half));
  return hn::CopySign(y, x);  // of -0, too
}

// 1 / (1 + e^-x) = 2^n / (2^n + e^-r), with n = -127 giving 0.
HWY_INLINE V sigmoid(V x) {
  const V bounded = at_least(at_most(x, 88), -88);
  const V bias = set(round_bits + exponent_bias);
  const V rounded = hn::MulAdd(bounded, set(log2_of_e), bias);
  const V r = rest_of(bounded, hn::Sub(rounded, bias));
  const V power = hn::BitCast(D(), exponent_of(rounded));
  return hn::Div(power, hn::Add(power, hn::Add(set(1), expm1_near_0(hn::Neg(r)))));
}

// With |x| = n ln(2) / 2 + r, p = e^2r - 1 and s = 2^-n, (e^2|x| - 1) / (e^2|x| + 1) is
// (p + (1 - s)) / (p + (1 + s)).
HWY_INLINE V tanh(V x) {
  const V bounded = at_most(hn::Abs(x), 10);
  const V bias = set(round_bits + exponent_bias);
  const V rounded = hn::NegMulAdd(bounded, set(2 * log2_of_e), bias);
  const V minus_n = hn::Sub(rounded, bias);
  const V r = hn::MulAdd(minus_n, set(0.34657359F), bounded);
  const V s = hn::BitCast(D(), exponent_of(rounded));
  const V p = expm1_near_0(hn::Add(r, r));
  const V y = hn::Div(hn::Add(p, hn::Sub(set(1), s)), hn::Add(p, hn::Add(set(1), s)));
  return hn::CopySignToAbs(y, x);
}

// x = 2^n (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for normal x > 0.
struct Split {
  Integers n;
  V f;
};
HWY_INLINE Split split(V x) {
  const IntegerTag integers;
  const Integers bits = hn::BitCast(integers, x);
  const Integers root_half = hn::Set(integers, 0x3f3504f3);
  const Integers n = hn::ShiftRight<23>(hn::Sub(bits, root_half));
  const V mantissa = hn::BitCast(D(), hn::Sub(bits, hn::ShiftLeft<23>(n)));
  return {n, hn::Sub(mantissa, set(1))};
}

// n ln 2 + log(1 + f), the latter as f - f^2 / 2 + f^3 q(f), where q has the least relative error
// (6e-9).
HWY_INLINE V log_of(Split x) {
  const V f = x.f;
  const V n = hn::ConvertTo(D(), x.n);
  const V square = hn::Mul(f, f);
  const V fourth = hn::Mul(square, square);
  const V q01 = hn::MulAdd(set(-0.250008196F), f, set(0.333333313F));
  const V q23 = hn::MulAdd(set(-0.166234091F), f, set(0.200012416F));
  const V q45 = hn::MulAdd(set(-0.131596103F), f, set(0.1420158F));
  const V q67 = hn::MulAdd(set(-0.0763643533F), f, set(0.127622157F));
  const V q = hn::MulAdd(hn::MulAdd(q67, square, q45), fourth, hn::MulAdd(q23, square, q01));
  const V cubic = hn::MulAdd(hn::Mul(q, f), square, hn::Mul(n, set(ln2_low)));
  const V rest = hn::NegMulAdd(set(0.5F), square, cubic);
  return hn::MulAdd(n, set(ln2_high), hn::Add(f, rest));
}

// The ends of a logarithm: x counts from where the logarithm is -infinity.
HWY_INLINE V with_ends(V x, V logarithm) {
  const V below = hn::IfThenElse(hn::Lt(x, set(0)), hn::NaN(D()), set(-infinity));
  const V positive =
      hn::IfThenElse(hn::Lt(x, set(std::numeric_limits<float>::min())), below, logarithm);
  return hn::IfThenElse(hn::Lt(x, set(infinity)), positive, x);  // infinity and NaN stay
}

HWY_INLINE V log(V x) { return with_ends(x, log_of(split(x))); }

// log(1 + x) where 1 + x is rounded: what rounding took away is added to the fraction.
HWY_INLINE V log1p_inside(V x) {
  const V u = hn::Add(set(1), x);
  const V larger = hn::Max(set(1), x);
  const V smaller = hn::Min(set(1), x);
  const V lost = hn::Sub(smaller, hn::Sub(u, larger));
  const Split parts = split(u);
  const IntegerTag integers;
  const Integers one = hn::BitCast(integers, set(1));
  const Integers scale = hn::Max(hn::Zero(integers), hn::Sub(one, hn::ShiftLeft<23>(parts.n)));
  return log_of({parts.n, hn::MulAdd(lost, hn::BitCast(D(), scale), parts.f)});  // times 2^-n
}

HWY_INLINE V log1p(V x) {
  const V y = with_ends(hn::Add(set(1), x), log1p_inside(x));
  return hn::IfThenElse(hn::Eq(x, set(0)), hn::CopySign(set(0), x), y);  // -0 stays
}

// log(1 + e^x) without overflow.
HWY_INLINE V softplus(V x) {
  const V y = hn::Add(hn::Max(x, set(0)), log1p_inside(exp(hn::Neg(hn::Abs(x)))));
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

// Whether |x| <= limit everywhere: the bits of positive floats are in order, and NaN's are above.
HWY_INLINE bool all_within(float limit, const V (&x)[4]) {
  const IntegerTag integers;
  const auto magnitude = [&](V v) HWY_ATTR { return hn::BitCast(integers, hn::Abs(v)); };
  const Integers largest =
      hn::Max(hn::Max(magnitude(x[0]), magnitude(x[1])), hn::Max(magnitude(x[2]), magnitude(x[3])));
  return hn::AllFalse(integers, hn::Gt(largest, hn::BitCast(integers, set(limit))));
}

// exp of a run of numbers, four vectors at a time: nearly always all of them are inside the range.
// Returns how many numbers were done.
HWY_INLINE std::int64_t exp_run(std::int64_t n, const float* x, float* y) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    V v[4];
    for (std::int64_t k = 0; k < 4; ++k) v[k] = hn::LoadU(d, x + i + k * lanes);
    if (all_within(87, v)) {
      for (std::int64_t k = 0; k < 4; ++k) hn::StoreU(exp_inside(v[k]), d, y + i + k * lanes);
    } else {
      for (std::int64_t k = 0; k < 4; ++k) hn::StoreU(exp(v[k]), d, y + i + k * lanes);
    }
  }
  return i;
}

}  // namespace nabla::HWY_NAMESPACE::f32
HWY_AFTER_NAMESPACE();

#endif
