/// What an op is: one entry of the op table, from which execution, derivatives, plans, tests and
/// documentation follow.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "nabla/graph/attributes.h"
#include "nabla/kernels/tiles.h"
#include "nabla/tensor/tensor.h"

namespace nabla {

struct Op;

/// An op has at most three inputs and exactly one output.
inline constexpr int max_arity = 3;
/// The inputs of a call.
using Inputs = std::span<const Tensor>;

/// One use of an op, as derivative rules see it.
struct Call {
  const Op& op;
  const Attributes& attributes;
  std::array<Tensor, max_arity> in;
  Tensor out;
};

/// The derivative rule of an op: plain functions from tensors to tensors, made of ops themselves,
/// so that they work in every mode and to every order. A null function, or an integer input, has no
/// derivative.
///
/// No derivative at all: comparisons, argmax.
struct Constant {};
/// out[i] depends on element i of each input: give the partial derivatives, element by element.
struct Elementwise {
  std::array<Tensor (*)(const Call&), max_arity> partial{};
};
/// Linear in all differentiable inputs together (addition, sum): give the transpose for each, which
/// maps the gradient of the output to that of the input. Forward mode is the op itself on tangents.
struct Linear {
  std::array<Tensor (*)(const Call&, const Tensor& gradient), max_arity> transpose{};
};
/// Linear in each input for itself (multiplication, matrix product).
struct Multilinear {
  std::array<Tensor (*)(const Call&, const Tensor& gradient), max_arity> transpose{};
};
/// Both modes by hand. `vjp` gives the gradient of one input; `jvp` the tangent of the output from
/// those of the inputs, undefined where an input has none.
struct Custom {
  Tensor (*vjp)(const Call&, int input, const Tensor& gradient) = nullptr;
  Tensor (*jvp)(const Call&, std::span<const Tensor> tangents) = nullptr;
};
/// The kinds of derivative rules.
using Rule = std::variant<Constant, Elementwise, Linear, Multilinear, Custom>;

/// Elementwise ops that a plan may run together with another op's kernel, on parts of the result
/// while they are in the cache.
enum class Fusion {
  none,
  product,  ///< a matrix product of two matrices: ops behind it
  sum,      ///< a sum over axes: ops before and behind it
};

/// An array as a kernel sees it: `data` is element (0, 0, ...).
struct Argument {
  std::byte* data = nullptr;
  DType dtype = DType::f32;
  Layout layout;

  /// The elements, as numbers of type T.
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
  /// The extents of the layout.
  const Shape& shape() const { return layout.shape; }
};

/// An input of a sample: numbers drawn from [low, high), whole ones for integer types.
struct SampleInput {
  Shape shape;
  double low = -2;
  double high = 2;
  std::optional<DType> dtype = {};  ///< default: the type under test
  double diagonal = 0;              ///< added on the diagonal of matrices: so they have an inverse
};

/// A call that tests, fuzzers and documents can make.
struct Sample {
  std::vector<SampleInput> inputs;
  Attributes attributes = {};
  std::string_view error = {};  ///< what the error says where the call must fail
};

/// One entry of the table. The fields come in the order in which a reader asks for them. The
/// functions are plain ones: what an op of a program's own knows besides, closures too, it has in
/// its calls' attributes (OwnAttribute).
struct Op {
  std::string_view name;
  std::string_view doc;  ///< one line
  int arity = 1;

  /// Shape and type of the result; throws ShapeError or DTypeError in every mode alike.
  Spec (*infer)(const Op& op, Inputs in, const Attributes& attributes) = nullptr;
  Rule rule = Constant{};

  /// How to compute it; one of the three.
  /// The same elements under another layout, if strides can express it.
  std::optional<Layout> (*view)(const Layout& in, const Attributes& attributes) = nullptr;
  /// An elementwise function, found by the types of the last input and of the output.
  TileVariants (*tile)(const TileTable& table, DType in, DType out) = nullptr;
  /// Any other loop. Inputs and output are contiguous unless the op takes `any_strides`.
  void (*kernel)(std::span<const Argument> in, const Argument& out,
                 const Attributes& attributes) = nullptr;
  bool any_strides = false;
  Fusion fusion = Fusion::none;

  std::vector<Sample> samples;
};

/// An op in the table: a constant in static storage. Users add their own in the same way.
class TableEntry : public Op {
 public:
  /// Throws ValueError where something that an op must have is missing, or its name is taken:
  /// define it in one source file.
  explicit TableEntry(const Op& op);
};

/// All ops, by name.
std::vector<const Op*> op_table();

/// Applies an op. Depending on the thread's session the call is executed, executed and recorded, or
/// only captured. Throws ShapeError, DTypeError or ValueError that name the op; a ValueError also
/// where the op is no TableEntry and something is missing.
Tensor apply(const Op& op, Inputs in, const Attributes& attributes = {});
inline Tensor apply(const Op& op, std::initializer_list<Tensor> in,
                    const Attributes& attributes = {}) {
  return apply(op, Inputs(in.begin(), in.size()), attributes);
}

/// For shape rules: whether `axis` is one of the tensor's.
inline bool is_axis(int axis, const Tensor& tensor) { return axis >= 0 && axis < tensor.rank(); }
/// For shape rules: throws ShapeError with the attributes and the shape of the first input where
/// they do not `fit`.
void check_attributes(bool fit, const Op& op, Inputs in, const Attributes& attributes);

/// The loops of an op with a tile. Throws DTypeError where it has none for these types.
TileVariants tile_for(const Op& op, DType in, DType out);

/// Runs an op's kernel on tensors with data, whatever the session.
Tensor execute(const Op& op, Inputs in, const Attributes& attributes, const Spec& out);

/// Whether input `input` of a call can have a derivative.
bool is_differentiable(const Op& op, int input, DType dtype);

}  // namespace nabla
