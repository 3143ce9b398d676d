/// The one tensor class.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
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
  /// A scalar.
  Tensor(float value);   // NOLINT(google-explicit-constructor)
  Tensor(double value);  // NOLINT(google-explicit-constructor)
  /// An array from C++ values, row-major. Throws ShapeError where counts differ.
  template <class T>
  static Tensor from(std::span<const T> values, const Shape& shape);
  template <class T>
  static Tensor from(const std::vector<T>& values, const Shape& shape) {
    return from(std::span<const T>(values), shape);
  }
  template <class T>
  static Tensor from(std::initializer_list<T> values, const Shape& shape) {
    return from(std::span<const T>(values.begin(), values.size()), shape);
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

  /// The first element's address. A tensor that was read from a State or a plan lies elsewhere when
  /// that is written. Throws CaptureError where the tensor is being captured.
  std::byte* bytes() const {
    if (!has_data()) throw_no_value();
    return data_->data() + layout_.offset * static_cast<std::int64_t>(size_of(dtype_));
  }
  /// bytes() as elements of T. Throws DTypeError where T is not the element type.
  template <class T>
  T* data() const {
    require_dtype(dtype_of<T>);
    return reinterpret_cast<T*>(bytes());
  }

  /// The only element, as a number. Throws ShapeError where there is not exactly one.
  double item() const;
  /// All elements in row-major order. Throws DTypeError where T is not the element type.
  template <class T>
  std::vector<T> to_vector() const;
  /// All elements in row-major order, as doubles.
  std::vector<double> to_doubles() const;

  /// Values, shape and type as text; long tensors are abbreviated.
  std::string to_string() const;

 private:
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
