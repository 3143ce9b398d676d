#include "nabla/tensor/tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

template <class T>
Tensor scalar(T value) {
  return Tensor::from(std::span<const T>(&value, 1), Shape{});
}

// Prints the sub-array of one axis, the first and last three of a long one.
void print_axis(std::ostream& out, const Tensor& tensor, int axis, std::int64_t offset) {
  constexpr std::int64_t shown = 3;
  if (axis == tensor.rank()) {
    visit(tensor.dtype(), [&](auto type) {
      using T = decltype(type);
      const T value = reinterpret_cast<const T*>(tensor.buffer()->data())[offset];
      if constexpr (sizeof(T) == 1) {
        out << static_cast<int>(value);
      } else {
        out << value;
      }
    });
    return;
  }
  const std::int64_t extent = tensor.shape()[axis];
  out << '[';
  for (std::int64_t i = 0; i < extent; ++i) {
    if (i > 0) out << ", ";
    if (extent > 2 * shown + 1 && i == shown) {
      out << "..., ";
      i = extent - shown;
    }
    print_axis(out, tensor, axis + 1, offset + i * tensor.layout().strides[axis]);
  }
  out << ']';
}

void print(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) {
    out << "undefined";
    return;
  }
  if (tensor.has_data()) {
    print_axis(out, tensor, 0, tensor.layout().offset);
    out << ' ';
  }
  out << tensor.spec();
}

// Throws where there are more bytes than can be counted.
std::size_t checked_bytes_of(const Spec& spec) {
  const auto bytes = checked_bytes(spec.shape, size_of(spec.dtype));
  if (!bytes) {
    throw ShapeError(
        str("a tensor ", spec, ": expected extents of at least 0 and below 2^63 bytes"));
  }
  return static_cast<std::size_t>(*bytes);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Spec& spec) {
  return out << str(name_of(spec.dtype), spec.shape);
}

Tensor::Tensor(float value) : Tensor(scalar(value)) {}
Tensor::Tensor(double value) : Tensor(scalar(value)) {}
Tensor Tensor::of_bool(bool value) { return scalar(std::uint8_t{value}); }
Tensor Tensor::of_integer(std::int64_t value) { return scalar(value); }
void Tensor::throw_too_large(std::uint64_t value) {
  throw ValueError(str("a tensor from ", value, ": i64 does not have it; take a double"));
}

Tensor Tensor::empty(const Spec& spec) {
  const std::size_t bytes = checked_bytes_of(spec);  // before strides overflow
  try {
    return {Layout::contiguous(spec.shape), spec.dtype, Buffer::allocate(bytes)};
  } catch (const MemoryError&) {
    refuse_memory(str("a tensor ", spec), bytes);
  }
}

Tensor Tensor::from_values(const Values& values, const Shape& shape) {
  const auto count = static_cast<std::int64_t>(values.count);
  const Spec spec{values.dtype, shape == Shape{-1} ? Shape{count} : shape};
  const std::size_t bytes = values.count * size_of(values.dtype);
  if (bytes != checked_bytes_of(spec)) {
    throw ShapeError(str("Tensor::from: ", values.count, " values do not fill shape ", shape,
                         " with its ", shape.elements(), " elements"));
  }
  Tensor tensor = empty(spec);
  if (bytes > 0) std::memcpy(tensor.writable_bytes(), values.first, bytes);
  return tensor;
}

void Tensor::throw_no_value() const {
  throw CaptureError(
      defined_ ? "a tensor has no value while its function is being captured: return it from the "
                 "captured function and read it there, or keep it in a State"
               : "an undefined tensor has no value");
}

std::byte* Tensor::writable_bytes() {
  if (has_data() && !data_.unique()) {
    throw Error(str("the tensor ", spec(),
                    " shares its memory, which is then only read: fill a new one from "
                    "Tensor::empty before it is copied"));
  }
  return const_cast<std::byte*>(bytes());
}

void Tensor::require_dtype(DType wanted) const {
  if (dtype_ != wanted) {
    throw DTypeError(str("the tensor holds ", dtype_, ", not ", wanted, "; convert it with cast"));
  }
}

double Tensor::item() const {
  if (size() != 1) throw ShapeError(str("item: expected one element, got shape ", shape()));
  const std::byte* address = bytes();
  return visit(dtype_, [&](auto type) {
    return static_cast<double>(*reinterpret_cast<const decltype(type)*>(address));
  });
}

Tensor::operator bool() const {
  if (size() != 1) {
    throw ShapeError(str("a condition: expected one element, got shape ", shape(),
                         "; say with any() or all() which are meant"));
  }
  return item() != 0;
}

template <class E>
void Tensor::copy_to(std::vector<E>& values) const {
  bytes();  // throws where there is no value
  const E* base = reinterpret_cast<const E*>(data_->data());
  const auto count = static_cast<std::size_t>(size());
  with_memory_for([&] { return str("the elements of ", spec()); }, count * sizeof(E),
                  [&] { values.reserve(count); });
  for_each_offset(layout_, [&](std::int64_t offset) { values.push_back(base[offset]); });
}

std::vector<double> Tensor::to_doubles() const {
  return visit(dtype_, [&](auto type) {
    const auto values = to_vector<decltype(type)>();
    std::vector<double> doubles;
    with_memory_for([&] { return str("the elements of ", spec(), " as doubles"); },
                    values.size() * sizeof(double),
                    [&] { doubles.assign(values.begin(), values.end()); });
    return doubles;
  });
}

std::string Tensor::to_string() const {
  TextStream out;
  print(out, *this);
  return out.str();
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  TextStream text;
  text.copyfmt(out);
  text.imbue(std::locale::classic());
  text.exceptions(std::ios::goodbit);
  text.width(0);  // it is for the whole
  print(text, tensor);
  return out << text.str();
}

template void Tensor::copy_to(std::vector<float>&) const;
template void Tensor::copy_to(std::vector<double>&) const;
template void Tensor::copy_to(std::vector<std::int32_t>&) const;
template void Tensor::copy_to(std::vector<std::int64_t>&) const;
template void Tensor::copy_to(std::vector<std::uint8_t>&) const;

bool is_finite(const Tensor& tensor) {
  return visit(tensor.dtype(), [&](auto type) {
    using T = decltype(type);
    const T* values = tensor.data<T>();
    bool all = true;
    const std::int64_t first = tensor.layout().offset;
    for_each_offset(tensor.layout(), [&](std::int64_t offset) {
      all = all && std::isfinite(static_cast<double>(values[offset - first]));
    });
    return all;
  });
}

}  // namespace nabla
