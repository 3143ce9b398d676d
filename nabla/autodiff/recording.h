/// The calls of one run of a function, and the two walks over them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "nabla/autodiff/derivatives.h"
#include "nabla/base/error.h"
#include "nabla/graph/graph.h"

namespace nabla {

/// Throws ValueError where what a derivative is taken of, a std::function, is empty.
template <class F>
void check_function(const F& f) {
  check_present(f, "derivatives: the function", "one that gives a tensor");
}

/// Throws ShapeError where the function that `caller` was given does not give one number, and
/// ValueError where it gives an undefined tensor.
void check_scalar(const Tensor& value, std::string_view caller);

/// Throws ValueError where a function gave an undefined tensor, and DTypeError unless it is
/// floating.
void check_has_derivative(const Tensor& output);

/// value_and_grad of what is to be minimized: throws ValueError where it depends on none of the
/// variables, or only through calls without derivatives.
ValueAnd<Tensors> value_and_descent(const std::function<Tensor()>& f,
                                    const std::vector<State>& variables);

/// Follows the calls made on this thread from its construction to stop(). Where a graph is active
/// already the calls go there, so that an outer derivative or capture sees this one's work.
class Recording {
 public:
  Recording();
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// A tensor that derivatives are taken by: equal to x, but told apart from it. Throws DTypeError
  /// unless x is floating.
  Tensor variable(const Tensor& x);

  /// Ends the recording; the walks come after.
  void stop();

  /// Reverse mode: for each variable the sum of cotangent * d output / d variable, zeros where the
  /// output does not depend on it; with `path_needed` throws ValueError where it depends on none of
  /// them. All walks throw DTypeError unless the outputs are floating.
  Tensors pull_back(const Tensor& output, const Tensor& cotangent, bool path_needed = false) const;

  /// The same for every recorded node, in order from the first; undefined where there is none.
  std::vector<Tensor> gradients_of_nodes(const Tensor& output, const Tensor& cotangent) const;

  /// Forward mode: for each output the sum over variables of d output / d variable * tangent.
  Tensors push_forward(std::span<const Tensor> tangents, std::span<const Tensor> outputs) const;

  const Graph& graph() const { return *graph_; }
  std::int32_t first_node() const { return begin_; }

 private:
  std::size_t place(std::int32_t id) const { return static_cast<std::size_t>(id - begin_); }

  Nesting nesting_{"derivatives"};
  std::optional<Graph> own_;
  Graph* graph_;
  std::optional<GraphScope> scope_;
  std::int32_t begin_;
  std::int32_t end_ = -1;  // of the calls; -1: still recording
  Tensors variables_;
};

}  // namespace nabla
