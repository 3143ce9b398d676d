#include "nabla/kernels/tiles.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nabla/kernels/tiles.cpp"
#include <hwy/foreach_target.h>
// Highway wants foreach_target.h first.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "nabla/kernels/functions-inl.h"
#include "nabla/kernels/wrapping.h"

HWY_BEFORE_NAMESPACE();
namespace nabla {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// ---- Functions of one number. The compiler turns loops over them into vector code for the target;
// each is exact or correctly rounded, so the bits do not depend on the width.

struct Copy {
  template <class T>
  T operator()(T x) const {
    return x;
  }
};
struct Negative {
  template <class T>
  T operator()(T x) const {
    return static_cast<T>(-modular(x));
  }
};
struct Absolute {
  template <class T>
  T operator()(T x) const {
    return x < T{0} || x == T{0} ? wrapping_subtract(T{0}, x) : x;
  }
};
struct Sign {
  template <class T>
  T operator()(T x) const {
    const T rest = x == T{0} ? T{0} : x;  // a denormal is 0, NaN stays
    return x > T{0} ? T{1} : x < T{0} ? static_cast<T>(T{0} - T{1}) : rest;
  }
};
struct Floor {
  template <class T>
  T operator()(T x) const {
    return x;  // of integers
  }
  float operator()(float x) const { return __builtin_floorf(x); }
  double operator()(double x) const { return __builtin_floor(x); }
};
struct Relu {
  template <class T>
  T operator()(T x) const {
    return x < T{0} ? T{0} : x;
  }  // keeps NaN
};
struct Positive {
  template <class T>
  T operator()(T x) const {
    const T rest = x != x ? x : T{0};  // keeps NaN
    return x > T{0} ? T{1} : rest;
  }
};
struct Squarable {
  template <class T>
  T operator()(T x) const {
    constexpr T most = std::is_same_v<T, float> ? T(0x1.fffffep63) : T(0x1.fffffffffffffp511);
    const T size = std::abs(x);
    return size > most && size <= std::numeric_limits<T>::max() ? std::copysign(most, x) : x;
  }
};
struct Square {
  template <class T>
  T operator()(T x) const {
    return wrapping_multiply(x, x);
  }
};
struct Sqrt {
  float operator()(float x) const { return __builtin_sqrtf(x); }
  double operator()(double x) const { return __builtin_sqrt(x); }
};
struct Rsqrt {
  template <class T>
  T operator()(T x) const {
    return T{1} / Sqrt()(x);
  }
};
// Nothing in the vector library: the C library's, one element at a time.
struct Erf {
  float operator()(float x) const { return std::erf(x); }
  double operator()(double x) const { return std::erf(x); }
};

struct Add {
  template <class T>
  T operator()(T a, T b) const {
    return wrapping_add(a, b);
  }
};
struct Subtract {
  template <class T>
  T operator()(T a, T b) const {
    return wrapping_subtract(a, b);
  }
};
struct Multiply {
  template <class T>
  T operator()(T a, T b) const {
    return wrapping_multiply(a, b);
  }
};
struct Divide {
  template <class T>
  T operator()(T a, T b) const {
    return a / b;
  }
};
struct Power {
  // std::pow gives something else where denormals count as zero.
  template <class T>
  T operator()(T a, T b) const {
    const bool is_normal = !(std::abs(a) < std::numeric_limits<T>::min());
    return std::pow(is_normal ? a : std::copysign(T{0}, a), b);
  }
};
struct Maximum {
  template <class T>
  T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }  // NaN where either is
};
struct Minimum {
  template <class T>
  T operator()(T a, T b) const {
    return a < b || a != a ? a : b;
  }
};
struct ScaleGradient {
  template <class T>
  T operator()(T a, T b) const {
    return a == T{0} ? T{0} : static_cast<T>(a * b);
  }
};
struct AddScaled {
  template <class T>
  T operator()(T a, T b, T c) const {
    return a + b * c;
  }
};
struct Lerp {
  template <class T>
  static bool is_end(T c) {
    return c == T{0} || c == T{1};
  }
  template <class T>
  static T between(T a, T b, T c) {
    const T part = (T{1} - c) * a;
#if HWY_NATIVE_FMA
    return std::fma(c, b, part);
#else
    return c * b + part;
#endif
  }
  // At the ends the other number may be infinite.
  template <class T>
  T operator()(T a, T b, T c) const {
    const T from_a = c == T{0} ? a : between(a, b, c);
    return c == T{1} ? b : from_a;
  }
};
struct DivideByRoot {
  template <class T>
  T operator()(T a, T b, T c) const {
    return a / (Sqrt()(b) + c);
  }
};
// Fractions are cut towards 0; beyond the ends of an integer type the nearer end, and 0 for NaN.
template <class To>
struct Convert {
  template <class From>
  To operator()(From x) const {
    if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
      constexpr To last = std::numeric_limits<To>::max();
      constexpr From low = std::numeric_limits<To>::min();
      constexpr To half = last / 2 + 1;
      constexpr From above = From{2} * half;  // last + 1: a power of two, exact
      const To end = x >= above ? last : x <= low ? std::numeric_limits<To>::min() : To{0};
      return x > low && x < above ? static_cast<To>(x) : end;
    } else {
      return static_cast<To>(x);
    }
  }
};
struct Equal {
  template <class T>
  std::uint8_t operator()(T a, T b) const {
    return a == b;
  }
};
struct NotEqual {
  template <class T>
  std::uint8_t operator()(T a, T b) const {
    return a != b;
  }
};
struct Less {
  template <class T>
  std::uint8_t operator()(T a, T b) const {
    return a < b;
  }
};
struct LessEqual {
  template <class T>
  std::uint8_t operator()(T a, T b) const {
    return a <= b;
  }
};

// ---- Functions of one vector: our own for f32. For f64 Highway's, which are accurate inside their
// range and give the same bits on every target with fused multiply-add; here they get their values
// at the ends, and keep NaN.

template <class D>
using V = hn::Vec<D>;
template <class D>
using ElementOf = hn::TFromD<D>;

template <class D>
constexpr bool is_f32 = sizeof(ElementOf<D>) == 4;

template <class D>
V<D> number(D d, double value) {
  return hn::Set(d, static_cast<ElementOf<D>>(value));
}
template <class D>
V<D> infinity(D d) {
  return hn::Set(d, std::numeric_limits<ElementOf<D>>::infinity());
}
template <class D>
V<D> keep_nan(D /*d*/, V<D> x, V<D> y) {
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}
// exp is infinite well before this, and the conversion to an integer exponent is still right.
template <class D>
V<D> below_overflow(D d, V<D> x) {
  return hn::Min(x, number(d, 800));
}

struct Exp {
  template <class D>
  V<D> operator()([[maybe_unused]] D d, V<D> x) const {
    if constexpr (is_f32<D>) {
      return f32::exp(x);
    } else {
      return keep_nan(d, x, hn::Exp(d, below_overflow(d, x)));
    }
  }
};
struct Expm1 {
  template <class D>
  V<D> operator()([[maybe_unused]] D d, V<D> x) const {
    if constexpr (is_f32<D>) {
      return f32::expm1(x);
    } else {
      return keep_nan(d, x, hn::Expm1(d, below_overflow(d, x)));
    }
  }
};
struct Log {
  template <class D>
  V<D> operator()([[maybe_unused]] D d, V<D> x) const {
    if constexpr (is_f32<D>) {
      return f32::log(x);
    } else {
      const auto at_ends = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity(d)),
                                          hn::IfThenElse(hn::Eq(x, infinity(d)), x, hn::NaN(d)));
      const auto inside = hn::And(hn::Gt(x, hn::Zero(d)), hn::Lt(x, infinity(d)));
      return hn::IfThenElse(inside, hn::Log(d, x), at_ends);
    }
  }
};
struct Log1p {
  template <class D>
  V<D> operator()([[maybe_unused]] D d, V<D> x) const {
    if constexpr (is_f32<D>) {
      return f32::log1p(x);
    } else {
      const auto minus_one = number(d, -1);
      const auto at_ends = hn::IfThenElse(hn::Eq(x, minus_one), hn::Neg(infinity(d)),
                                          hn::IfThenElse(hn::Eq(x, infinity(d)), x, hn::NaN(d)));
      const auto inside = hn::And(hn::Gt(x, minus_one), hn::Lt(x, infinity(d)));
      const auto y = hn::IfThenElse(inside, hn::Log1p(d, x), at_ends);
      return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::CopySign(hn::Zero(d), x), y);
    }
  }
};
struct Tanh {
  template <class D>
  V<D> operator()([[maybe_unused]] D d, V<D> x) const {
    if constexpr (is_f32<D>) {
      return f32::tanh(x);
    } else {
      return keep_nan(d, x, hn::Tanh(d, x));
    }
  }
};
struct Sigmoid {
  template <class D>
  V<D> operator()([[maybe_unused]] D d, V<D> x) const {
    if constexpr (is_f32<D>) {
      return f32::sigmoid(x);
    } else {
      const auto one = number(d, 1);
      return hn::Div(one, hn::Add(one, Exp()(d, hn::Neg(x))));
    }
  }
};
struct Sech {
  template <class D>
  V<D> operator()(D d, V<D> x) const {
    const auto e = Exp()(d, hn::Neg(hn::Abs(x)));
    return hn::Div(hn::Add(e, e), hn::MulAdd(e, e, number(d, 1)));
  }
};
struct Softplus {
  template <class D>
  V<D> operator()([[maybe_unused]] D d, V<D> x) const {
    if constexpr (is_f32<D>) {
      return f32::softplus(x);
    } else {  // log(1 + e^x) without overflow
      const auto tail = hn::Log1p(d, hn::Exp(d, hn::Neg(hn::Abs(x))));
      return keep_nan(d, x, hn::Add(hn::Max(x, hn::Zero(d)), tail));
    }
  }
};
// Highway reduces arguments by multiples of pi that it keeps as integers: beyond this, and for what
// is not finite, a lane asks the C library; the others do not depend on it.
template <class D, class VectorFunction, class ScalarFunction>
V<D> within_reduction_range(D d, V<D> x, VectorFunction f, ScalarFunction g) {
  using T = ElementOf<D>;
  constexpr T range = 30000;
  const auto inside = hn::Lt(hn::Abs(x), hn::Set(d, range));
  if (hn::AllTrue(d, inside)) return f(x);
  HWY_ALIGN T lanes[hn::MaxLanes(D())];
  HWY_ALIGN T results[hn::MaxLanes(D())];
  hn::Store(x, d, lanes);
  hn::Store(f(hn::IfThenElseZero(inside, x)), d, results);
  for (std::size_t i = 0; i < hn::MaxLanes(D()); ++i) {
    if (!(std::abs(lanes[i]) < range)) results[i] = g(lanes[i]);
  }
  return hn::Load(d, results);
}
struct Sin {
  template <class D>
  V<D> operator()(D d, V<D> x) const {
    return within_reduction_range(
        d, x, [&](V<D> v) { return hn::Sin(d, v); }, [](auto v) { return std::sin(v); });
  }
};
struct Cos {
  template <class D>
  V<D> operator()(D d, V<D> x) const {
    return within_reduction_range(
        d, x, [&](V<D> v) { return hn::Cos(d, v); }, [](auto v) { return std::cos(v); });
  }
};

// ---- Loops.

template <class F, class T>
void unary(std::int64_t n, const void* a, const void*, const void*, void* out) {
  const T* x = static_cast<const T*>(a);
  T* y = static_cast<T*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) y[i] = F()(x[i]);
}

enum class Repeat { none, a, b };

template <class F, class T, Repeat repeat>
void binary(std::int64_t n, const void* a, const void* b, const void*, void* out) {
  using R = std::invoke_result_t<F, T, T>;
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  R* z = static_cast<R*>(out);
  if constexpr (repeat == Repeat::a) {
    const T first = *x;
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) z[i] = F()(first, y[i]);
  } else if constexpr (repeat == Repeat::b) {
    const T first = *y;
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) z[i] = F()(x[i], first);
  } else {
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) z[i] = F()(x[i], y[i]);
  }
}

// The third input may be a number.
template <class F, class T, bool repeat>
void ternary(std::int64_t n, const void* a, const void* b, const void* c, void* out) {
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  const T* z = static_cast<const T*>(c);
  T* result = static_cast<T*>(out);
  if constexpr (repeat) {
    const T first = *z;
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) result[i] = F()(x[i], y[i], first);
  } else {
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) result[i] = F()(x[i], y[i], z[i]);
  }
}

// `ends`: whether a weight may be 0 or 1.
template <class T, bool ends>
void adam_loop(std::int64_t n, std::byte* const* place) {
  const auto mix = [](T from, T to, T weight) {
    return ends ? Lerp()(from, to, weight) : Lerp::between(from, to, weight);
  };
  const auto at = [&](AdamOperand::Index i) { return reinterpret_cast<T*>(place[i]); };
  const T* mean = at(AdamOperand::mean);
  const T* square = at(AdamOperand::square);
  const T* parameter = at(AdamOperand::parameter);
  const T* gradient = at(AdamOperand::gradient);
  T* new_mean = at(AdamOperand::new_mean);
  T* new_square = at(AdamOperand::new_square);
  T* new_parameter = at(AdamOperand::new_parameter);
  const T weight_of_gradient = *at(AdamOperand::weight_of_gradient);
  const T weight_of_square = *at(AdamOperand::weight_of_square);
  const T epsilon = *at(AdamOperand::epsilon);
  const T scale = *at(AdamOperand::scale);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) {
    const T g = Squarable()(gradient[i]);
    const T m = mix(mean[i], g, weight_of_gradient);
    const T v = mix(square[i], Square()(g), weight_of_square);
    const T step = DivideByRoot()(m, v, epsilon);
    new_mean[i] = m;
    new_square[i] = v;
    new_parameter[i] = AddScaled()(parameter[i], step, scale);
  }
}

template <class T>
void adam(std::int64_t n, const void* a, const void*, const void*, void*) {
  std::byte* const* place = static_cast<std::byte* const*>(a);
  const auto is_end = [&](AdamOperand::Index i) {
    return Lerp::is_end(*reinterpret_cast<const T*>(place[i]));
  };
  const bool ends =
      is_end(AdamOperand::weight_of_gradient) || is_end(AdamOperand::weight_of_square);
  ends ? adam_loop<T, true>(n, place) : adam_loop<T, false>(n, place);
}

template <class T>
void where(std::int64_t n, const void* a, const void* b, const void* c, void* out) {
  const std::uint8_t* condition = static_cast<const std::uint8_t*>(a);
  const T* x = static_cast<const T*>(b);
  const T* y = static_cast<const T*>(c);
  T* z = static_cast<T*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) z[i] = condition[i] != 0 ? x[i] : y[i];
}

template <class From, class To>
void cast(std::int64_t n, const void* a, const void*, const void*, void* out) {
  const From* x = static_cast<const From*>(a);
  To* y = static_cast<To*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) y[i] = Convert<To>()(x[i]);
}

// Behind the last whole vector, the last `lanes` numbers are done together, some for the second
// time: processors without AVX-512 are slow to store parts of vectors. `out` may be `a`, so they
// are read before anything is written.
template <class F, class T>
void vector_unary(std::int64_t n, const void* a, const void*, const void*, void* out) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const T* x = static_cast<const T*>(a);
  T* y = static_cast<T*>(out);
  if (n < lanes) {
    const auto first = hn::FirstN(d, static_cast<std::size_t>(n));
    hn::BlendedStore(F()(d, hn::MaskedLoad(first, d, x)), first, d, y);
    return;
  }
  const auto last = hn::LoadU(d, x + n - lanes);
  std::int64_t i = 0;
  if constexpr (is_f32<decltype(d)> && std::is_same_v<F, Exp>) {
    i = f32::exp_run(n, x, y);
  }
  for (; i + lanes <= n; i += lanes) hn::StoreU(F()(d, hn::LoadU(d, x + i)), d, y + i);
  if (i < n) hn::StoreU(F()(d, last), d, y + n - lanes);
}

// ---- The table.

template <class F, class T>
constexpr TileVariants one = {unary<F, T>};
template <class F, class T>
constexpr TileVariants two = {binary<F, T, Repeat::none>, binary<F, T, Repeat::a>,
                              binary<F, T, Repeat::b>};

template <class F, class T>
constexpr TileVariants three = {ternary<F, T, false>, nullptr, nullptr, ternary<F, T, true>};

template <class F>
constexpr TileSet ternary_floats = {{three<F, float>, three<F, double>}};
template <class F>
constexpr TileSet unary_floats = {{one<F, float>, one<F, double>}};
template <class F>
constexpr TileSet unary_numbers = {{one<F, float>, one<F, double>, one<F, std::int32_t>,
                                    one<F, std::int64_t>, one<F, std::uint8_t>}};
template <class F>
constexpr TileSet binary_floats = {{two<F, float>, two<F, double>}};
template <class F>
constexpr TileSet binary_numbers = {{two<F, float>, two<F, double>, two<F, std::int32_t>,
                                     two<F, std::int64_t>, two<F, std::uint8_t>}};
template <class F>
constexpr TileSet vector_floats = {
    {TileVariants{vector_unary<F, float>}, TileVariants{vector_unary<F, double>}}};
template <class From, class To>
constexpr TileVariants conversion = {cast<From, To>};
template <class From>
constexpr TileSet cast_from = {{conversion<From, float>, conversion<From, double>,
                                conversion<From, std::int32_t>, conversion<From, std::int64_t>,
                                conversion<From, std::uint8_t>}};
template <class T>
constexpr TileVariants choice = {where<T>};

constexpr TileTable table = {
    .copy = unary_numbers<Copy>,
    .add = binary_numbers<Add>,
    .subtract = binary_numbers<Subtract>,
    .multiply = binary_numbers<Multiply>,
    .divide = binary_floats<Divide>,
    .power = binary_floats<Power>,
    .maximum = binary_numbers<Maximum>,
    .minimum = binary_numbers<Minimum>,
    .scale_gradient = binary_floats<ScaleGradient>,
    .negative = unary_numbers<Negative>,
    .absolute = unary_numbers<Absolute>,
    .sign = unary_numbers<Sign>,
    .floor = unary_numbers<Floor>,
    .relu = unary_numbers<Relu>,
    .positive = unary_numbers<Positive>,
    .square = unary_numbers<Square>,
    .squarable = unary_floats<Squarable>,
    .sqrt = unary_floats<Sqrt>,
    .rsqrt = unary_floats<Rsqrt>,
    .exp = vector_floats<Exp>,
    .expm1 = vector_floats<Expm1>,
    .log = vector_floats<Log>,
    .log1p = vector_floats<Log1p>,
    .sin = vector_floats<Sin>,
    .cos = vector_floats<Cos>,
    .tanh = vector_floats<Tanh>,
    .sigmoid = vector_floats<Sigmoid>,
    .sech = vector_floats<Sech>,
    .softplus = vector_floats<Softplus>,
    .erf = unary_floats<Erf>,
    .equal = binary_numbers<Equal>,
    .not_equal = binary_numbers<NotEqual>,
    .less = binary_numbers<Less>,
    .less_equal = binary_numbers<LessEqual>,
    .where = {{choice<float>, choice<double>, choice<std::int32_t>, choice<std::int64_t>,
               choice<std::uint8_t>}},
    .add_scaled = ternary_floats<AddScaled>,
    .lerp = ternary_floats<Lerp>,
    .divide_by_root = ternary_floats<DivideByRoot>,
    .cast = {cast_from<float>, cast_from<double>, cast_from<std::int32_t>, cast_from<std::int64_t>,
             cast_from<std::uint8_t>},
    .adam = {{TileVariants{adam<float>}, TileVariants{adam<double>}}},
};

const TileTable* tile_table() { return &table; }

}  // namespace HWY_NAMESPACE
}  // namespace nabla
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nabla {

HWY_EXPORT(tile_table);

const TileTable& tiles() {
  static const TileTable& chosen = *HWY_DYNAMIC_DISPATCH(tile_table)();
  return chosen;
}

}  // namespace nabla
#endif
