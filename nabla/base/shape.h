/// The shape of a tensor: up to eight non-negative extents, stored in place.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <span>

namespace nabla {

/// The most axes that a tensor can have.
inline constexpr int max_rank = 8;

/// A short list of integers without heap memory: extents, strides, axes.
class Dims {
 public:
  Dims() = default;
  /// These values in this order. Throws ShapeError above eight.
  Dims(std::initializer_list<std::int64_t> values);
  /// One value: sum(x, 0), zeros(3).
  template <std::integral N>
  requires(!std::same_as<N, bool>) Dims(N value) {  // NOLINT(google-explicit-constructor)
    push_back(static_cast<std::int64_t>(value));
  }
  explicit Dims(std::span<const std::int64_t> values);
  /// `count` copies of `value`.
  static Dims filled(int count, std::int64_t value) {
    Dims dims;
    for (int i = 0; i < count; ++i) dims.push_back(value);
    return dims;
  }

  /// How many values there are.
  int rank() const { return rank_; }
  /// Whether there is none: of a Shape, a scalar.
  bool empty() const { return rank_ == 0; }
  /// The value of an axis in [0, rank); it is not checked.
  std::int64_t& operator[](int axis) { return values_[static_cast<std::size_t>(axis)]; }
  std::int64_t operator[](int axis) const { return values_[static_cast<std::size_t>(axis)]; }
  const std::int64_t* begin() const { return values_.data(); }
  const std::int64_t* end() const { return values_.data() + rank_; }
  std::int64_t* begin() { return values_.data(); }
  std::int64_t* end() { return values_.data() + rank_; }
  /// The last value, where there is one.
  std::int64_t back() const { return values_[static_cast<std::size_t>(rank_ - 1)]; }
  /// Appends one value. Throws ShapeError above eight.
  void push_back(std::int64_t value) {
    if (rank_ == max_rank) throw_too_many();
    values_[static_cast<std::size_t>(rank_++)] = value;
  }

  bool operator==(const Dims& other) const {
    if (rank_ != other.rank_) return false;
    for (int i = 0; i < rank_; ++i) {
      if ((*this)[i] != other[i]) return false;
    }
    return true;
  }

 private:
  [[noreturn]] static void throw_too_many();

  std::array<std::int64_t, max_rank> values_{};
  int rank_ = 0;
};

/// Extents of a tensor; rank 0 is a scalar with one element.
class Shape : public Dims {
 public:
  using Dims::Dims;
  /// The same values, as extents.
  explicit Shape(const Dims& dims) : Dims(dims) {}
  /// Number of elements: the product of the extents, 1 for a scalar.
  std::int64_t elements() const {
    std::int64_t product = 1;
    for (const std::int64_t extent : *this) product *= extent;
    return product;
  }
};

/// Bytes of an array of elements of `element_size` bytes; nothing where an extent is negative, or
/// where the bytes or a stride pass 63 bits. For extents that come from a file.
std::optional<std::int64_t> checked_bytes(const Shape& shape, std::size_t element_size);

/// Prints "[2, 3]".
std::ostream& operator<<(std::ostream& out, const Dims& dims);

/// Whether no value is negative.
bool all_counts(const Dims& dims);

/// Maps an axis in [-rank, rank) to [0, rank). Throws ShapeError that names `op`.
int normalize_axis(std::int64_t axis, int rank, std::string_view op);

/// The shape that two shapes broadcast to, as in NumPy: aligned at the right, extents of 1 stretch.
/// Throws ShapeError that names `op` and both shapes.
Shape broadcast_shapes(const Shape& a, const Shape& b, std::string_view op);

}  // namespace nabla
