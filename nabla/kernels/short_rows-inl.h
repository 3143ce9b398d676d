/// Rows of at most 16 neighbouring f32, such as the scores of ten classes: four rows at a time in
/// vectors of four numbers. Included once for every instruction set.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <hwy/highway.h>

#if defined(NABLA_KERNELS_SHORT_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NABLA_KERNELS_SHORT_ROWS_INL_H_
#undef NABLA_KERNELS_SHORT_ROWS_INL_H_
#else
#define NABLA_KERNELS_SHORT_ROWS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace nabla::HWY_NAMESPACE::short_rows {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 4>;
using V = hn::Vec<D>;

/// Whether rows of n numbers are short, for an instruction set with vectors of four.
template <class T>
constexpr bool fit(std::int64_t n) {
  return std::is_same_v<T, float> && HWY_TARGET != HWY_SCALAR && n >= 1 && n <= 16;
}

#if HWY_TARGET == HWY_SCALAR  // nothing fits

inline void sum(std::int64_t, std::int64_t, const float*, float*) {}
inline void largest(std::int64_t, std::int64_t, const float*, float*) {}
inline void subtract(std::int64_t, std::int64_t, const float*, const float*, float*) {}
inline void scale(std::int64_t, std::int64_t, float*, const float*) {}

#else

struct Sum {
  static constexpr float none = 0;
  V operator()(V a, V b) const { return hn::Add(a, b); }
};
// NaN may get lost.
struct Largest {
  static constexpr float none = -std::numeric_limits<float>::infinity();
  V operator()(V a, V b) const { return hn::Max(a, b); }
};

// The n numbers of a row in lanes 0 to 15, combined as l and l + 8, then l and l + 4.
template <std::int64_t pieces, class Combine>
HWY_INLINE V fold_row(const float* x, hn::Mask<D> last, Combine combine) {
  const D d;
  V piece[pieces];
#pragma GCC unroll 4
  for (std::int64_t k = 0; k + 1 < pieces; ++k) piece[k] = hn::LoadU(d, x + 4 * k);
  const V rest = hn::MaskedLoad(last, d, x + 4 * (pieces - 1));
  piece[pieces - 1] =
      Combine::none == 0 ? rest : hn::IfThenElse(last, rest, hn::Set(d, Combine::none));
  if constexpr (pieces > 2) piece[0] = combine(piece[0], piece[2]);
  if constexpr (pieces > 3) piece[1] = combine(piece[1], piece[3]);
  if constexpr (pieces > 1) return combine(piece[0], piece[1]);
  return piece[0];
}

template <std::int64_t pieces, class Combine>
void reduce(std::int64_t rows, std::int64_t n, const float* x, float* out, Combine combine) {
  const D d;
  const auto last = hn::FirstN(d, static_cast<std::size_t>(n - 4 * (pieces - 1)));
  const auto fold = [&](std::int64_t row) HWY_ATTR {
    return fold_row<pieces>(x + std::min(row, rows - 1) * n, last, combine);
  };
  for (std::int64_t row = 0; row < rows; row += 4) {
    const V a = fold(row);
    const V b = fold(row + 1);
    const V c = fold(row + 2);
    const V e = fold(row + 3);
    // Lanes l and l + 2 of two rows each, then the two that are left of all four.
    const V ab = combine(hn::ConcatLowerLower(d, b, a), hn::ConcatUpperUpper(d, b, a));
    const V ce = combine(hn::ConcatLowerLower(d, e, c), hn::ConcatUpperUpper(d, e, c));
    const V four = combine(hn::ConcatEven(d, ce, ab), hn::ConcatOdd(d, ce, ab));
    const V all = hn::Add(hn::Zero(d), four);  // never -0
    if (row + 4 <= rows) {
      hn::StoreU(all, d, out + row);
    } else {
      hn::BlendedStore(all, hn::FirstN(d, static_cast<std::size_t>(rows - row)), d, out + row);
    }
  }
}

// y[row, i] = f(x[row, i], numbers[row]). y may be x. The last four of a row are done together,
// with some that the piece before does, too: processors without AVX-512 are slow to store parts of
// vectors.
template <std::int64_t pieces, class F>
void each(std::int64_t rows, std::int64_t n, const float* x, const float* numbers, float* y, F f) {
  const D d;
  const auto first = hn::FirstN(d, static_cast<std::size_t>(n));
  for (std::int64_t row = 0; row < rows; ++row, x += n, y += n) {
    const V number = hn::Set(d, numbers[row]);
    if (n < 4) {
      hn::BlendedStore(f(hn::MaskedLoad(first, d, x), number), first, d, y);
      continue;
    }
    const V last = hn::LoadU(d, x + n - 4);
#pragma GCC unroll 4
    for (std::int64_t k = 0; k + 1 < pieces; ++k) {
      hn::StoreU(f(hn::LoadU(d, x + 4 * k), number), d, y + 4 * k);
    }
    hn::StoreU(f(last, number), d, y + n - 4);
  }
}

template <class Body>
HWY_INLINE void with_pieces(std::int64_t n, Body body) {
  switch ((n + 3) / 4) {
    case 1: return body(std::integral_constant<std::int64_t, 1>());
    case 2: return body(std::integral_constant<std::int64_t, 2>());
    case 3: return body(std::integral_constant<std::int64_t, 3>());
    default: return body(std::integral_constant<std::int64_t, 4>());
  }
}

/// out[row] = sum of x[row, :], in the tree of reduce.h
inline void sum(std::int64_t rows, std::int64_t n, const float* x, float* out) {
  with_pieces(n, [&](auto pieces) HWY_ATTR { reduce<pieces()>(rows, n, x, out, Sum()); });
}
/// out[row] = the largest of x[row, :]; of rows with NaN, anything.
inline void largest(std::int64_t rows, std::int64_t n, const float* x, float* out) {
  with_pieces(n, [&](auto pieces) HWY_ATTR { reduce<pieces()>(rows, n, x, out, Largest()); });
}
/// y[row, :] = x[row, :] - numbers[row]
inline void subtract(std::int64_t rows, std::int64_t n, const float* x, const float* numbers,
                     float* y) {
  with_pieces(n, [&](auto pieces) HWY_ATTR {
    each<pieces()>(rows, n, x, numbers, y, [](V a, V b) HWY_ATTR { return hn::Sub(a, b); });
  });
}
/// x[row, :] *= numbers[row]
inline void scale(std::int64_t rows, std::int64_t n, float* x, const float* numbers) {
  with_pieces(n, [&](auto pieces) HWY_ATTR {
    each<pieces()>(rows, n, x, numbers, x, [](V a, V b) HWY_ATTR { return hn::Mul(a, b); });
  });
}

#endif

}  // namespace nabla::HWY_NAMESPACE::short_rows
HWY_AFTER_NAMESPACE();

#endif
