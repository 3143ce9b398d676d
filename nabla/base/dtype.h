/// Element types of tensors.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string_view>

namespace nabla {

/// f32 and f64 carry derivatives; i32 and i64 are labels, indices and counters; u8 is images and,
/// as 0 and 1, the result of a comparison.
enum class DType : std::uint8_t { f32, f64, i32, i64, u8 };

/// Every DType, in the order of its values.
inline constexpr DType all_dtypes[] = {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8};

/// Bytes of one element.
constexpr std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
    case DType::i32: return 4;
    case DType::f64:
    case DType::i64: return 8;
    case DType::u8: return 1;
  }
  return 0;
}

/// Whether it is a positive number in f32, too, that is neither infinite nor so small that it
/// counts as 0.
constexpr bool is_positive_f32(double number) {
  return number >= std::numeric_limits<float>::min() && number <= std::numeric_limits<float>::max();
}

/// Whether tensors of this type can have derivatives: f32 and f64.
constexpr bool is_floating(DType dtype) { return dtype == DType::f32 || dtype == DType::f64; }

/// A C++ number.
template <class T>
concept Number = std::integral<T> || std::floating_point<T>;

/// "f32", "f64", "i32", "i64" or "u8".
std::string_view name_of(DType dtype);
/// Prints name_of(dtype).
std::ostream& operator<<(std::ostream& out, DType dtype);

/// The DType of a C++ element type: dtype_of<float> is DType::f32.
template <class T>
inline constexpr DType dtype_of = [] {
  static_assert(sizeof(T) == 0, "no tensor has this element type");
  return DType::f32;
}();
template <>
inline constexpr DType dtype_of<float> = DType::f32;
template <>
inline constexpr DType dtype_of<double> = DType::f64;
template <>
inline constexpr DType dtype_of<std::int32_t> = DType::i32;
template <>
inline constexpr DType dtype_of<std::int64_t> = DType::i64;
template <>
inline constexpr DType dtype_of<std::uint8_t> = DType::u8;

/// A C++ type that elements of tensors have.
template <class T>
concept Element = std::same_as<T, float> || std::same_as<T, double> ||
    std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t> || std::same_as<T, std::uint8_t>;

/// For static_assert in a template that must not be instantiated for T.
template <class T>
inline constexpr bool never = false;

/// Calls visitor(T{}) with the C++ element type of `dtype` and returns what it returns.
template <class Visitor>
decltype(auto) visit(DType dtype, Visitor&& visitor) {
  switch (dtype) {
    case DType::f64: return visitor(double{});
    case DType::i32: return visitor(std::int32_t{});
    case DType::i64: return visitor(std::int64_t{});
    case DType::u8: return visitor(std::uint8_t{});
    case DType::f32: break;
  }
  return visitor(float{});
}

}  // namespace nabla
