/// The constant parameters of an op's call, beside its tensors.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <ostream>
#include <utility>
#include <variant>

#include "nabla/base/dtype.h"
#include "nabla/base/shape.h"

namespace nabla {

/// One axis, and whether to walk it backwards where that means something.
struct AxisAttribute {
  int axis = 0;
  bool reverse = false;
  bool operator==(const AxisAttribute&) const = default;
};

/// Neighbouring axes [first, first + count).
struct AxesAttribute {
  int first = 0;
  int count = 0;
  bool operator==(const AxesAttribute&) const = default;
};

/// An order of axes.
struct PermutationAttribute {
  Dims axes;
  bool operator==(const PermutationAttribute&) const = default;
};

/// The shape of the result.
struct ShapeAttribute {
  Shape shape;
  bool operator==(const ShapeAttribute&) const = default;
};

/// Element i of the result is element start + i * step, for each axis; steps are at least 1.
struct SliceAttribute {
  Dims start, step;
  Shape shape;
  bool operator==(const SliceAttribute&) const = default;
};

/// Zeros before, after and between the elements of each axis.
struct PadAttribute {
  Dims before, after, between;
  bool operator==(const PadAttribute&) const = default;
};

/// The element type, and for some ops the shape, of the result.
struct TypeAttribute {
  DType dtype = DType::f32;
  bool operator==(const TypeAttribute&) const = default;
};
/// The element type and the shape of the result.
struct SpecAttribute {
  DType dtype = DType::f32;
  Shape shape;
  bool operator==(const SpecAttribute&) const = default;
};

/// An axis and how many entries it has: one-hot, scatter.
struct AxisSizeAttribute {
  int axis = 0;
  std::int64_t size = 0;
  DType dtype = DType::f32;
  bool operator==(const AxisSizeAttribute&) const = default;
};

/// Attributes of a program's own op: a value of any type, which may hold functions. Where the type
/// has an operator== equal values make equal calls, which a plan computes once; else only copies of
/// one OwnAttribute are equal. It is printed where it can be.
class OwnAttribute {
 public:
  /// Holds a copy of the value.
  template <class T>
  explicit OwnAttribute(T value) : held_(std::make_shared<const Value<T>>(std::move(value))) {}

  /// The value. Throws std::bad_variant_access where it is of another type, which a shape rule may
  /// let through: apply() says then that the attributes are of another kind.
  template <class T>
  const T& get() const {
    const auto* held = dynamic_cast<const Value<T>*>(held_.get());
    if (held == nullptr) throw std::bad_variant_access();
    return held->value;
  }
  bool operator==(const OwnAttribute& other) const {
    return held_ == other.held_ || held_->equals(*other.held_);
  }
  /// Prints the value as its type does, or "own".
  void print(std::ostream& out) const { held_->print(out); }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual bool equals(const Held& other) const = 0;
    virtual void print(std::ostream& out) const = 0;
  };
  template <class T>
  struct Value : Held {
    explicit Value(T held) : value(std::move(held)) {}
    bool equals(const Held& other) const override {
      if constexpr (std::equality_comparable<T>) {
        const auto* same = dynamic_cast<const Value*>(&other);
        return same != nullptr && same->value == value;
      } else {
        return false;
      }
    }
    void print(std::ostream& out) const override {
      if constexpr (requires { out << value; }) {
        out << value;
      } else {
        out << "own";
      }
    }
    T value;
  };

  std::shared_ptr<const Held> held_;
};

/// What a call can have: nothing, or one of these.
using Attributes = std::variant<std::monostate, AxisAttribute, AxesAttribute, PermutationAttribute,
                                ShapeAttribute, SliceAttribute, PadAttribute, TypeAttribute,
                                SpecAttribute, AxisSizeAttribute, OwnAttribute>;

/// The value of an OwnAttribute, for the functions of an op: throws as OwnAttribute::get does.
template <class T>
const T& own(const Attributes& attributes) {
  return std::get<OwnAttribute>(attributes).get<T>();
}

/// Prints "axis=1" and the like, nothing for an op without attributes.
std::ostream& operator<<(std::ostream& out, const Attributes& attributes);

}  // namespace nabla
