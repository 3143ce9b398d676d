/// The one tensor class.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "nabla/base/dtype.h"
#include "nabla/tensor/buffer.h"
#include "nabla/tensor/layout.h"

namespace nabla {

/// What an op needs to know about a tensor before any value exists.
struct Spec {
  DType dtype = DType::f32;
  Shape shape;
  bool operator==(const Spec&) const = default;
  /// Of all elements, row-major without gaps.
  std::size_t byte_count() const {
    return static_cast<std::size_t>(shape.elements()) * size_of(dtype);
  }
};

/// Prints "f32[2, 3]".
std::ostream& operator<<(std::ostream& out, const Spec& spec);

/// C++ values as Tensor::from takes them: a list in braces, a vector or a span.
struct Values {
  const void* first = nullptr;
  std::size_t count = 0;
  DType dtype = DType::f32;

  /// Values of any type that tensors have.
  template <Element T>
  explicit Values(std::span<const T> values)
      : first(values.data()), count(values.size()), dtype(dtype_of<T>) {}
};
/// Values of the type T; of void: of the type that they have.
template <class T>
struct ValuesOf : Values {
  /// Of a span, a vector or a list.
  ValuesOf(std::span<const T> values) : Values(values) {}  // NOLINT(google-explicit-constructor)
  ValuesOf(const std::vector<T>& values)
      : Values(std::span<const T>(values)) {}  // NOLINT(google-explicit-constructor)
  ValuesOf(std::initializer_list<T> values)
      : Values(std::span<const T>(values.begin(), values.size())) {}
};
template <>
struct ValuesOf<void> : Values {
  template <Element T>
  ValuesOf(std::span<const T> values) : Values(values) {}  // NOLINT(google-explicit-constructor)
  template <Element T>
  ValuesOf(const std::vector<T>& values)
      : Values(std::span<const T>(values)) {}  // NOLINT(google-explicit-constructor)
  template <Element T>
  ValuesOf(std::initializer_list<T> values)
      : Values(std::span<const T>(values.begin(), values.size())) {}
};

/// A place in a graph: which graph (they are numbered; 0 is none) and which of its nodes.
struct NodeRef {
  std::uint32_t graph = 0;
  std::int32_t index = -1;
  bool operator==(const NodeRef&) const = default;
};

/// A value: an n-dimensional array of numbers that never changes once made.
///
/// Copies are cheap and share memory. Executed tensors have data and no node, recorded ones have
/// both, captured ones have a node and no data yet. A default-made tensor is undefined.
/// ```cpp
/// const Tensor x = Tensor::from({1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}, {2, 3});
/// x.shape();             // [2, 3]
/// x.size();              // 6
/// name_of(x.dtype());    // "f32"
/// x.to_vector<float>();  // [1, 2, 3, 4, 5, 6]
/// Tensor(0.5).item();    // 0.5
/// ```
class Tensor {
 public:
  Tensor() = default;
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) noexcept = default;
  /// Only of a variable: x[0] = y would change nothing.
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & noexcept = default;
  ~Tensor() = default;
  /// A scalar: f32 from a float, f64 from a double, u8 from a bool, i64 from other integers. Throws
  /// ValueError for one that i64 does not have.
  Tensor(float value);   // NOLINT(google-explicit-constructor)
  Tensor(double value);  // NOLINT(google-explicit-constructor)
  template <std::integral N>
  Tensor(N value)  // NOLINT(google-explicit-constructor)
      : Tensor(std::same_as<N, bool> ? of_bool(value != 0) : of_integer(to_i64(value))) {}
  /// An array from C++ values of one type, row-major: from({1.0, 2.0, 3.0, 4.0}, {2, 2}); without a
  /// shape, of one axis. from<float>(...) says the type. Throws ShapeError where counts differ.
  template <class T = void>
  static Tensor from(const std::type_identity_t<ValuesOf<T>>& values, const Shape& shape = {-1}) {
    return from_values(values, shape);
  }
  /// Uninitialised memory, row-major.
  static Tensor empty(const Spec& spec);
  /// Shape and type of a value that is not known yet, row-major.
  static Tensor without_data(const Spec& spec) {
    return {Layout::contiguous(spec.shape), spec.dtype, {}};
  }

  Tensor(const Layout& layout, DType dtype, BufferRef data, NodeRef node = {})
      : layout_(layout), dtype_(dtype), defined_(true), data_(std::move(data)), node_(node) {}

  /// Whether it is a value; a default-made tensor is none.
  bool defined() const { return defined_; }
  /// Whether there are numbers: not while a function is captured.
  bool has_data() const { return static_cast<bool>(data_); }
  /// The type of the elements.
  DType dtype() const { return dtype_; }
  /// The extents; empty for a scalar.
  const Shape& shape() const { return layout_.shape; }
  /// Where the elements lie in the buffer.
  const Layout& layout() const { return layout_; }
  /// Type and shape.
  Spec spec() const { return {dtype_, layout_.shape}; }
  /// The number of axes.
  int rank() const { return layout_.shape.rank(); }
  /// The number of elements.
  std::int64_t size() const { return layout_.shape.elements(); }
  /// The memory; empty without data.
  const BufferRef& buffer() const { return data_; }
  /// The place in a graph.
  NodeRef node() const { return node_; }
  /// The same value at another place in a graph.
  Tensor with_node(NodeRef node) const {
    Tensor tensor = *this;
    tensor.node_ = node;
    return tensor;
  }

  /// The first element's address, to read; the others lie where layout() says. A tensor that was
  /// read from a State or a plan lies elsewhere when that is written. Throws CaptureError where the
  /// tensor is being captured.
  const std::byte* bytes() const {
    if (!has_data()) throw_no_value();
    return data_->data() + layout_.offset * static_cast<std::int64_t>(size_of(dtype_));
  }
  /// bytes() as elements of T. Throws DTypeError where T is not the element type.
  template <class T>
  const T* data() const {
    require_dtype(dtype_of<T>);
    return reinterpret_cast<const T*>(bytes());
  }
  /// The same to fill a tensor that was just made, as by empty(). Throws Error where other tensors,
  /// a State or a plan share the memory.
  std::byte* writable_bytes();
  /// The same as T. Throws DTypeError for another one.
  template <class T>
  T* writable_data() {
    require_dtype(dtype_of<T>);
    return reinterpret_cast<T*>(writable_bytes());
  }

  /// Entry `index` of the first axis, which goes away: select(x, 0, index). -1 is the last one.
  Tensor operator[](std::int64_t index) const;
  /// A part of the first axis, x[{1, 3}], or of the first few, x[{{1, 3}, {.step = 2}}]: see slice.
  Tensor operator[](const Slice& part) const;
  Tensor operator[](std::initializer_list<Slice> parts) const;
  /// The last two axes exchanged: transpose(x).
  Tensor T() const;  // NOLINT(readability-identifier-naming): as everybody writes it

  /// The only element, as a number. Throws ShapeError where there is not exactly one.
  double item() const;
  /// Whether the only element is not 0, so that comparisons can stand in an `if`. Throws ShapeError
  /// where there is not exactly one: see any() and all().
  explicit operator bool() const;
  /// All elements in row-major order. Throws DTypeError where T is not the element type.
  template <class T>
  std::vector<T> to_vector() const {
    require_dtype(dtype_of<T>);
    std::vector<T> values;
    copy_to(values);
    return values;
  }
  /// All elements in row-major order, as doubles.
  std::vector<double> to_doubles() const;

  /// Values, shape and type as text; long tensors are abbreviated. A stream prints the same, with
  /// its own precision and format of numbers.
  std::string to_string() const;

 private:
  static Tensor from_values(const Values& values, const Shape& shape);
  static Tensor of_bool(bool value);
  static Tensor of_integer(std::int64_t value);
  template <std::integral N>
  static std::int64_t to_i64(N value) {
    constexpr std::uint64_t last = std::numeric_limits<std::int64_t>::max();
    if (value > 0 && static_cast<std::uint64_t>(value) > last) {
      throw_too_large(static_cast<std::uint64_t>(value));
    }
    return static_cast<std::int64_t>(value);
  }
  [[noreturn]] static void throw_too_large(std::uint64_t value);
  template <class T>
  void copy_to(std::vector<T>& values) const;
  [[noreturn]] void throw_no_value() const;
  void require_dtype(DType wanted) const;

  Layout layout_;
  DType dtype_ = DType::f32;
  bool defined_ = false;
  BufferRef data_;
  NodeRef node_;
};

std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

/// Whether no element is infinite or no number.
bool is_finite(const Tensor& tensor);

/// Visits the elements of a layout in row-major order: visit(offset in elements).
template <class Visit>
void for_each_offset(const Layout& layout, Visit&& visit) {
  const int rank = layout.shape.rank();
  const std::int64_t count = layout.shape.elements();
  Dims index = Dims::filled(rank, 0);
  std::int64_t offset = layout.offset;
  for (std::int64_t i = 0; i < count; ++i) {
    visit(offset);
    for (int axis = rank - 1; axis >= 0; --axis) {
      offset += layout.strides[axis];
      if (++index[axis] < layout.shape[axis]) break;
      offset -= layout.strides[axis] * layout.shape[axis];
      index[axis] = 0;
    }
  }
}

}  // namespace nabla
