/// Numerical gradients, and checks of derivatives against them.
#pragma once

#include <cstdint>
#include <string>

#include "nabla/autodiff/derivatives.h"

namespace nabla {

/// Which quotient stands for a derivative, with step h.
enum class Difference {
  central,  ///< (f(x + h) - f(x - h)) / 2h, with an error of h^2
  forward   ///< (f(x + h) - f(x)) / h, with an error of h
};

/// How numerical_gradient() takes its differences.
struct NumericalGradientOptions {
  double step = 1e-5;  ///< h, times max(1, |x|) for each element
  Difference difference = Difference::central;
};

/// The gradient of f at x by differences: slow, approximate, and easy to trust. f gives one number
/// and is called twice for each element of x; once more with a step by the size of the element
/// where that gave no finite number. Give it f64: f32 has too few digits for the default step.
/// Throws ShapeError where f gives a tensor with axes, DTypeError where x is not floating,
/// ValueError for a step that is not above 0, or where f is missing.
/// ```cpp
/// const auto f = [](const Tensor& x) { return sum(square(x)); };
/// numerical_gradient(f, Tensor::from({1.0, -2.0}, {2}));  // [2.0000, -4.0000]
/// ```
Tensor numerical_gradient(const UnaryFunction& f, const Tensor& x,
                          NumericalGradientOptions options = {});

/// How check_gradients() looks, and what it lets pass.
struct GradientCheckOptions {
  int order = 2;  ///< 1: the derivative of f; 2: also the derivative of its gradient; ...
  /// Of the central differences, times max(1, |x|) for each element. Smaller ones are tried where
  /// it does not agree.
  double step = 1e-5;
  double tolerance = 1e-6;  ///< of differences, relative to the derivative
  /// Accepts an input whose derivatives are all zero, analytic and numerical. By default that is a
  /// failure: an input that is not used, or a derivative that was cut off, looks just like it.
  bool allow_zero = false;
  std::int64_t elements = 100;  ///< checked for each input; of more, a random choice is
  std::uint64_t seed = 1;       ///< of the random directions and choices
};

/// What check_gradients found.
struct GradientReport {
  bool passed = true;
  double worst_error = 0;  ///< the largest relative difference beyond rounding
  /// Elements that no verdict was made on: the differences to the left and to the right disagree
  /// there, so x lies on or near a kink or a jump. They are named in the text.
  int kinks = 0;
  /// A line for each failure and each kink: input, element, both values.
  std::string text;
};

/// Checks the derivatives of f at x (all f64, f of any shape): for a random cotangent c, reverse
/// mode against central differences of <c, f>, element by element, and forward mode in a random
/// direction t against reverse mode, <c, J t> = <J^T c, t>. For a higher order the same again for
/// the function that maps x to J^T c. Fails where nothing was judged: where all differences
/// drown in rounding errors, all elements of an input lie at kinks, or f gives other values for the
/// same input. Throws DTypeError for inputs that are not f64 and ValueError for options out of
/// range, or where f or every input is missing.
/// ```cpp
/// const auto f = [](const Tensors& x) { return tanh(x[0] * x[1]); };
/// const GradientReport report = check_gradients(f, {Tensor(0.5), Tensor(-1.5)});
/// report.passed;  // true
/// ```
GradientReport check_gradients(const Function& f, const Tensors& x,
                               const GradientCheckOptions& options = {});

}  // namespace nabla
