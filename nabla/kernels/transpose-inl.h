/// Small transpositions in registers, for kernels that pack or unpack matrices. Included once for
/// every instruction set.
#include <cstdint>

#include <hwy/highway.h>

#if defined(NABLA_KERNELS_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NABLA_KERNELS_TRANSPOSE_INL_H_
#undef NABLA_KERNELS_TRANSPOSE_INL_H_
#else
#define NABLA_KERNELS_TRANSPOSE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace nabla::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

template <class T>
constexpr int block = 1;

template <class D, class T>
void rows_from_columns(D, const T* from, std::int64_t, T* to, std::int64_t) {
  *to = *from;
}

template <class D, class T>
void columns_from_rows(D, const T* from, std::int64_t, T* to, std::int64_t) {
  *to = *from;
}

#else

/// A block of 16 bytes: as many elements.
template <class T>
constexpr int block = 16 / sizeof(T);

// Vector of blocks: block q comes from line q * block (the other lines are in other vectors).
template <class D, class T>
HWY_INLINE hn::Vec<D> load_blocks(D d, const T* from, std::int64_t stride) {
  if constexpr (hn::MaxLanes(D()) == block<T>) {
    return hn::LoadU(d, from);
  } else {
    const hn::Half<D> half;
    const std::int64_t lines = hn::MaxLanes(half);
    return hn::Combine(d, load_blocks(half, from + lines * stride, stride),
                       load_blocks(half, from, stride));
  }
}

template <class D, class T>
HWY_INLINE void store_blocks(D d, hn::Vec<D> v, T* to, std::int64_t stride) {
  if constexpr (hn::MaxLanes(D()) == block<T>) {
    hn::StoreU(v, d, to);
  } else {
    const hn::Half<D> half;
    const std::int64_t lines = hn::MaxLanes(half);
    store_blocks(half, hn::LowerHalf(half, v), to, stride);
    store_blocks(half, hn::UpperHalf(half, v), to + lines * stride, stride);
  }
}

// Transposes the squares that the q-th blocks of `block` vectors form, for every q.
template <class D, class V>
HWY_INLINE void transpose_blocks(D d, V* v) {
  if constexpr (block<hn::TFromD<D> > == 4) {
    const V a = hn::InterleaveLower(d, v[0], v[2]);
    const V b = hn::InterleaveLower(d, v[1], v[3]);
    const V c = hn::InterleaveUpper(d, v[0], v[2]);
    const V e = hn::InterleaveUpper(d, v[1], v[3]);
    v[0] = hn::InterleaveLower(d, a, b);
    v[1] = hn::InterleaveUpper(d, a, b);
    v[2] = hn::InterleaveLower(d, c, e);
    v[3] = hn::InterleaveUpper(d, c, e);
  } else {
    const V a = v[0];
    v[0] = hn::InterleaveLower(d, a, v[1]);
    v[1] = hn::InterleaveUpper(d, a, v[1]);
  }
}

/// Turns `lanes` lines of `block` elements into `block` lines of `lanes` elements.
template <class D, class T>
HWY_INLINE void rows_from_columns(D d, const T* from, std::int64_t from_stride, T* to,
                                  std::int64_t to_stride) {
  hn::Vec<D> v[block<T>];
#pragma GCC unroll 4
  for (int i = 0; i < block<T>; ++i) v[i] = load_blocks(d, from + i * from_stride, from_stride);
  transpose_blocks(d, v);
#pragma GCC unroll 4
  for (int i = 0; i < block<T>; ++i) hn::StoreU(v[i], d, to + i * to_stride);
}

/// Turns `block` lines of `lanes` elements into `lanes` lines of `block` elements.
template <class D, class T>
HWY_INLINE void columns_from_rows(D d, const T* from, std::int64_t from_stride, T* to,
                                  std::int64_t to_stride) {
  hn::Vec<D> v[block<T>];
#pragma GCC unroll 4
  for (int i = 0; i < block<T>; ++i) v[i] = hn::LoadU(d, from + i * from_stride);
  transpose_blocks(d, v);
#pragma GCC unroll 4
  for (int i = 0; i < block<T>; ++i) store_blocks(d, v[i], to + i * to_stride, to_stride);
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace
}  // namespace nabla::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard for every instruction set
