#include "nabla/autodiff/check.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <utility>

#include "nabla/autodiff/recording.h"
#include "nabla/base/error.h"
#include "nabla/base/random.h"
#include "nabla/base/text.h"
#include "nabla/graph/graph.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/shaping.h"

namespace nabla {
namespace {

Tensor random_tensor(const Spec& spec, Random& random) {
  std::vector<double> values(static_cast<std::size_t>(spec.shape.elements()));
  for (double& value : values) value = random.normal();
  return cast(Tensor::from(values, spec.shape), spec.dtype);
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double absolute_dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] * b[i]);
  return sum;
}

// "[1, 2]": the place of element `flat` of a tensor in row-major order.
Dims place_of(std::int64_t flat, const Shape& shape) {
  Dims place = shape;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    place[axis] = flat % shape[axis];
    flat /= shape[axis];
  }
  return place;
}

// All elements of an input, or a random choice of them.
std::vector<std::int64_t> chosen_elements(std::int64_t size, std::int64_t limit, Random& random) {
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < std::min(size, limit); ++i) {
    chosen.push_back(size <= limit ? i : random.below(static_cast<std::uint32_t>(size)));
  }
  return chosen;
}

bool same_values(const Tensor& a, const Tensor& b) {
  if (a.spec() != b.spec()) return false;
  return std::ranges::equal(a.to_doubles(), b.to_doubles(), [](double x, double y) {
    return x == y || (std::isnan(x) && std::isnan(y));
  });
}

// The gradients for all inputs, one behind the other, as a function of the inputs.
Function gradient_function(const Function& f, const Tensor& cotangent) {
  return [f, cotangent](const Tensors& x) {
    Tensors flat;
    for (const Tensor& gradient : vjp(f, x, cotangent).derivative) {
      flat.push_back(reshape(gradient, Shape{-1}));
    }
    return concatenate(flat, 0);
  };
}

// The check of one order; adds what it finds to the report.
class Check {
 public:
  Check(const Function& f, const Tensors& x, const GradientCheckOptions& options, int order,
        double size, GradientReport& report)
      : f_(f),
        x_(x),
        options_(options),
        order_(order),
        size_(size),
        report_(report),
        random_(options.seed, static_cast<std::uint64_t>(order)) {}

  // Fails, and leaves higher orders out, where f is not a function.
  void run() {
    const Tensor value = f_(x_);
    check_has_derivative(value);
    if (!same_values(value, f_(x_))) {
      return fail(
          "the function is not one: it gives other values for the same input, so nothing can be "
          "said of its derivatives; leave random numbers and changing states out");
    }
    cotangent_ = random_tensor(value.spec(), random_);
    weights_ = cotangent_.to_doubles();
    projection_ = dot(weights_, value.to_doubles());
    size_ = std::max(size_, absolute_dot(weights_, value.to_doubles()));
    gradients_ = vjp(f_, x_, cotangent_).derivative;
    for (std::size_t i = 0; i < x_.size(); ++i) compare_with_differences(i);
    compare_modes();
  }

  bool is_function() const { return cotangent_.defined(); }
  const Tensor& cotangent() const { return cotangent_; }
  double size() const { return size_; }

 private:
  struct Comparison {
    std::int64_t element;
    double analytic, numerical;
    double noise;  // what rounding alone may make of the difference
    bool kink;
    bool curves;  // smoothly, and so that it is seen
  };

  // <c, f> with element `element` of input `input` moved by `by`.
  double moved(std::size_t input, std::int64_t element, double by) const {
    Tensors moved_x = x_;
    std::vector<double> values = x_[input].to_doubles();
    values[static_cast<std::size_t>(element)] += by;
    moved_x[input] = Tensor::from(values, x_[input].shape());
    return dot(weights_, f_(moved_x).to_doubles());
  }

  double rounding() const { return 16 * std::numeric_limits<double>::epsilon() * size_; }

  // How far the differences to the right and to the left are apart.
  double gap(std::size_t input, std::int64_t element, double h) const {
    const double after = moved(input, element, h);
    const double before = moved(input, element, -h);
    return std::abs(after - 2 * projection_ + before) / h;
  }

  // With the step of the options, and smaller ones where that does not agree: it may be long beside
  // x, or beside what f does there. Rounding errors grow as steps get smaller, so a smaller one
  // counts only where they could not hide a difference.
  Comparison compare(std::size_t input, std::int64_t element, double analytic) const {
    const double at = x_[input].to_doubles()[static_cast<std::size_t>(element)];
    double h = options_.step * std::max(1.0, std::abs(at));
    const Comparison first = compare_with_step(input, element, analytic, h);
    if (!first.kink && agrees(first)) return first;
    const double size = std::abs(analytic);
    for (int tries = 0; tries < 12; ++tries) {
      h /= 8;
      if (!(rounding() / h <= options_.tolerance * size) || at + h == at) break;
      const Comparison next = compare_with_step(input, element, analytic, h);
      // A long step over a pole looks like one over a kink; but beside a pole a function curves.
      if (!next.kink && (!first.kink || next.curves) &&
          std::abs(next.numerical - analytic) <= options_.tolerance * size) {
        return next;
      }
    }
    return first;
  }

  bool agrees(const Comparison& c) const {
    const double difference = std::abs(c.analytic - c.numerical);
    return difference <= c.noise || difference <= options_.tolerance * std::abs(c.analytic);
  }

  Comparison compare_with_step(std::size_t input, std::int64_t element, double analytic,
                               double h) const {
    const double after = moved(input, element, h);
    const double before = moved(input, element, -h);
    Comparison result{element, analytic, (after - before) / (2 * h), 0, false, false};
    result.noise = rounding() / h;
    // Where f is smooth the gap is h |f''|: small, and in proportion to h. At a kink it stays as it
    // is, beside one it vanishes at once, at a jump it grows.
    const double wide = std::abs(after - 2 * projection_ + before) / h;
    if (wide > 1e-4 * std::max({std::abs(analytic), std::abs(result.numerical), 1e-3}) &&
        wide > 16 * result.noise) {
      const double ratio = gap(input, element, h / 8) / wide;
      result.curves = ratio > 1.0 / 16 && ratio < 1.0 / 4;
      result.kink = !result.curves;
    }
    return result;
  }

  void compare_with_differences(std::size_t input) {
    const std::vector<double> gradient = gradients_[input].to_doubles();
    std::vector<Comparison> comparisons;
    double largest = 0;
    for (const std::int64_t element :
         chosen_elements(x_[input].size(), options_.elements, random_)) {
      comparisons.push_back(compare(input, element, gradient[static_cast<std::size_t>(element)]));
      const Comparison& c = comparisons.back();
      if (!c.kink) largest = std::max({largest, std::abs(c.analytic), std::abs(c.numerical)});
    }
    bool all_zero = !comparisons.empty() &&
                    std::all_of(gradient.begin(), gradient.end(), [](double g) { return g == 0; });
    for (const Comparison& c : comparisons) {
      all_zero = all_zero && !c.kink && std::abs(c.numerical) <= c.noise;
      judge(input, c, largest);
    }
    if (!comparisons.empty() && std::ranges::all_of(comparisons, &Comparison::kink)) {
      fail(str("input ", input, ": nothing was judged, all elements lie on or near a kink; take ",
               "another point"));
    }
    // Derivatives that are zero but for rounding are not hidden.
    const bool is_hidden =
        largest > rounding() && std::ranges::all_of(comparisons, [](const Comparison& c) {
          return !c.kink && std::abs(c.analytic) <= c.noise && std::abs(c.numerical) <= c.noise;
        });
    if (is_hidden && order_ == 1) {
      fail(str("input ", input, ": rounding hides all derivatives, of at most ", largest,
               ": take a larger step, or leave large constants out"));
    }
    // A function whose gradient does not change is linear, which is nothing to be suspicious of.
    if (all_zero && order_ == 1 && !options_.allow_zero) {
      fail(str("input ", input,
               ": all derivatives are zero, analytic and numerical; either the "
               "input is not used or x is a bad point, or set allow_zero"));
    }
  }

  void judge(std::size_t input, const Comparison& c, double largest) {
    const auto line = [&](std::string_view verdict) {
      return str("input ", input, ", element ", place_of(c.element, x_[input].shape()), ": ",
                 std::setprecision(10), verdict, "analytic ", c.analytic, ", numerical ",
                 c.numerical);
    };
    if (c.kink) {
      ++report_.kinks;
      add(line("on or near a kink, not judged: "));
      return;
    }
    const double difference = std::abs(c.analytic - c.numerical);
    if (difference <= c.noise) return;
    // Relative to the element, or to a thousandth of the largest one beside it. Not a number fails.
    const double scale = std::max({std::abs(c.analytic), std::abs(c.numerical), 1e-3 * largest});
    const double error = difference / scale;
    report_.worst_error = error <= report_.worst_error ? report_.worst_error : error;
    if (!(error <= options_.tolerance)) fail(line(""));
  }

  // Forward mode in a random direction against reverse mode.
  void compare_modes() {
    Tensors direction;
    double reverse = 0;
    double scale = 0;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      direction.push_back(random_tensor(x_[i].spec(), random_));
      const std::vector<double> t = direction.back().to_doubles();
      const std::vector<double> g = gradients_[i].to_doubles();
      reverse += dot(g, t);
      scale += absolute_dot(g, t);
    }
    const std::vector<double> tangent = jvp(f_, x_, direction).derivative.to_doubles();
    const double forward = dot(weights_, tangent);
    scale = std::max(scale, absolute_dot(weights_, tangent));
    const double difference = std::abs(forward - reverse);
    if (!(difference <= 1e-11 * scale + rounding())) {
      fail(str("in a random direction: forward mode ", std::setprecision(16), forward,
               ", reverse mode ", reverse));
    }
  }

  void add(const std::string& line) {
    report_.text += str(order_ == 1 ? "" : str("order ", order_, ", "), line, "\n");
  }
  void fail(const std::string& line) {
    report_.passed = false;
    add(line);
  }

  const Function& f_;
  const Tensors& x_;
  const GradientCheckOptions& options_;
  int order_;
  double size_;  // sum |c_i f_i|, the largest of all orders: what rounding errors are relative to
  GradientReport& report_;
  Random random_;
  Tensor cotangent_;
  std::vector<double> weights_;  // the cotangent's elements
  double projection_ = 0;        // <c, f(x)>
  Tensors gradients_;
};

}  // namespace

Tensor numerical_gradient(const UnaryFunction& f, const Tensor& x,
                          NumericalGradientOptions options) {
  const Nesting nesting("numerical_gradient");
  check_function(f);
  if (!is_floating(x.dtype())) {
    throw DTypeError(str("numerical_gradient: x is f32 or f64, got ", x.spec()));
  }
  if (!(options.step > 0)) {
    throw ValueError(str("numerical_gradient: step ", options.step, ": expected above 0"));
  }
  std::vector<double> values = x.to_doubles();
  const auto value_at = [&](double& element, double place) {
    const double before = std::exchange(element, place);
    const Tensor value = f(cast(Tensor::from(values, x.shape()), x.dtype()));
    element = before;
    check_scalar(value, "numerical_gradient");
    return value.item();
  };
  // What x's type makes of a place.
  const auto rounded = [&](double place) { return number(place, x.dtype()).item(); };
  std::vector<double> gradient;
  const auto slope_at = [&](double& element, double scale) {
    const double h = options.step * scale;
    const double after = rounded(element + h);
    const double before =
        options.difference == Difference::forward ? element : rounded(element - h);
    return (value_at(element, after) - value_at(element, before)) / (after - before);
  };
  for (double& element : values) {
    const double size = std::abs(element);
    double slope = slope_at(element, std::max(1.0, size));
    // Such as log near 0, which has no value a step away.
    if (!std::isfinite(slope) && size > 0 && size < 1) slope = slope_at(element, size);
    gradient.push_back(slope);
  }
  return cast(Tensor::from(gradient, x.shape()), x.dtype());
}

GradientReport check_gradients(const Function& f, const Tensors& x,
                               const GradientCheckOptions& options) {
  const Nesting nesting("check_gradients");
  check_function(f);
  for (const Tensor& tensor : x) {
    if (tensor.dtype() != DType::f64) {
      throw DTypeError(str("check_gradients: differences need f64, got ", tensor.spec()));
    }
  }
  if (options.order < 1 || options.elements < 1 || !(options.step > 0) ||
      !(options.tolerance > 0)) {
    throw ValueError(str("check_gradients: order and elements are at least 1, step and tolerance ",
                         "above 0, got ", options.order, ", ", options.elements, ", ", options.step,
                         " and ", options.tolerance));
  }
  if (x.empty()) throw ValueError("check_gradients: no inputs: expected at least one");
  GradientReport report;
  Function g = f;
  double size = 0;
  for (int order = 1; order <= options.order; ++order) {
    Check check(g, x, options, order, size, report);
    check.run();
    if (!check.is_function()) break;
    size = check.size();
    g = gradient_function(g, check.cotangent());
  }
  return report;
}

}  // namespace nabla
