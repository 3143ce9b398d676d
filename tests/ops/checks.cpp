#include "tests/ops/checks.h"

#include <array>
#include <cmath>
#include <cstring>

#include "nabla/autodiff/check.h"
#include "nabla/base/random.h"
#include "nabla/base/text.h"
#include "nabla/ops/ops.h"
#include "nabla/tensor/copy.h"

namespace nabla {
namespace {

// The call as a function of its differentiable inputs' bases alone.
Function function_of(const Case& c, const std::vector<std::size_t>& variables,
                     const Tensors& bases) {
  return [c, variables, bases](const Tensors& x) {
    Tensors all = bases;
    for (std::size_t i = 0; i < variables.size(); ++i) all[variables[i]] = x[i];
    return c.call(all);
  };
}
Function function_of(const Case& c, const std::vector<std::size_t>& variables) {
  return function_of(c, variables, c.bases());
}

Tensors chosen(const Tensors& all, const std::vector<std::size_t>& places) {
  Tensors result;
  for (const std::size_t i : places) result.push_back(all[i]);
  return result;
}
Tensors bases_of(const Case& c, const std::vector<std::size_t>& variables) {
  return chosen(c.bases(), variables);
}

Tensor random_like(const Tensor& x, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> values(static_cast<std::size_t>(x.size()));
  for (double& value : values) {
    value = random.normal();
    if (x.dtype() == DType::u8) value = std::abs(value);
  }
  return tensor_of(x.dtype(), x.shape(), values);
}

Tensors random_like(const Tensors& x, std::uint64_t seed) {
  Tensors result;
  for (const Tensor& tensor : x) result.push_back(random_like(tensor, seed + result.size()));
  return result;
}

// What must come out alike in all modes and types: a gradient for each input, the value, the
// derivative in a direction, and second derivatives by forward mode over reverse mode.
Tensors derivatives_of(const Function& f, const Tensors& x, const Tensors& tangents,
                       const Tensor& cotangent) {
  auto [value, results] = vjp(f, x, cotangent);
  results.push_back(value);
  results.push_back(jvp(f, x, tangents).derivative);
  // y + y^2 gives linear functions, and square roots, a second derivative, too.
  const Function curved = [&](const Tensors& in) {
    const Tensor y = f(in);
    return sum(cotangent * (y + square(y)));
  };
  for (const Tensor& product : hvp(curved, x, tangents).product) results.push_back(product);
  return results;
}

// The same numbers in f64, which holds every f32.
Tensor widened(const Tensor& x) {
  return x.dtype() == DType::f32 ? tensor_of(DType::f64, x.shape(), x.to_doubles()) : x;
}
Tensors widened(const Tensors& x) {
  Tensors result;
  for (const Tensor& tensor : x) result.push_back(widened(tensor));
  return result;
}

double dot(const Tensor& a, const Tensor& b, double* sizes) {
  const std::vector<double> x = a.to_doubles();
  const std::vector<double> y = b.to_doubles();
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += x[i] * y[i];
    *sizes += std::abs(x[i] * y[i]);
  }
  return sum;
}

// Whether some input has no influence here: the other side of a selection, all of an empty tensor,
// the softmax of one element.
bool is_flat(const Function& f, const Tensors& x) {
  const Tensor before = f(x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    Tensors moved = x;
    moved[i] = x[i] + 1e-3 * random_like(x[i], 3);
    if (compare_bits(before, f(moved)).empty()) return true;
  }
  return false;
}

// Jacobians by the inputs' bases, from the rules and by differences, a row an output element.
std::string jacobians(const Function& f, const Tensors& x) {
  std::string text;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const UnaryFunction by_i = [&](const Tensor& xi) {
      Tensors in = x;
      in[i] = xi;
      return reshape(f(in), {-1});
    };
    text += str("input ", i, " of shape ", x[i].shape(), "\n");
    const Tensor analytic = jacobian(by_i, x[i]);
    for (std::int64_t row = 0; row < analytic.shape()[0]; ++row) {
      const Tensor numerical =
          numerical_gradient([&](const Tensor& t) { return select(by_i(t), 0, row); }, x[i]);
      text +=
          str("  d f[", row, "]: analytic ", join(select(analytic, 0, row).to_doubles(), " "),
              "\n  ", std::string(10, ' '), "numerical ", join(numerical.to_doubles(), " "), "\n");
    }
  }
  return text;
}

// Memory of exactly the size of a tensor's buffer between guards; one element off alignment.
class Guarded {
 public:
  explicit Guarded(const Tensor& like)
      : like_(like),
        element_(size_of(like.dtype())),
        used_(like.buffer()->bytes()),
        memory_(2 * guard + element_ + used_, std::byte{0xA5}) {}

  void fill() { std::memcpy(data(), like_.buffer()->data(), used_); }
  std::byte* data() { return memory_.data() + guard + element_; }
  Argument argument() {
    Argument argument{data() + like_.layout().offset * static_cast<std::int64_t>(element_),
                      like_.dtype(), like_.layout()};
    argument.layout.offset = 0;
    return argument;
  }
  bool guards_intact() const {
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      const bool inside = i >= guard + element_ && i < guard + element_ + used_;
      if (!inside && memory_[i] != std::byte{0xA5}) return false;
    }
    return true;
  }
  bool unchanged() { return std::memcmp(data(), like_.buffer()->data(), used_) == 0; }

 private:
  static constexpr std::size_t guard = 256;
  Tensor like_;
  std::size_t element_, used_;
  std::vector<std::byte> memory_;
};

std::string linear_in(const Case& c, const std::vector<std::size_t>& variables) {
  const Function f = function_of(c, variables);
  const Tensors x = bases_of(c, variables);
  Tensors y;
  Tensors sum;
  Tensors scaled;
  for (std::size_t i = 0; i < x.size(); ++i) {
    y.push_back(random_like(x[i], 100 + i));
    sum.push_back(x[i] + y[i]);
    scaled.push_back(x[i] * 3);
  }
  const auto differs = [](const Tensor& actual, const Tensor& a, const Tensor& b) {
    const std::vector<double> values = actual.to_doubles();
    const std::vector<double> left = a.to_doubles();
    const std::vector<double> right = b.to_doubles();
    double size = 1;
    for (std::size_t i = 0; i < left.size(); ++i) {
      size = std::max({size, std::abs(left[i]), std::abs(right[i])});
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!(std::abs(values[i] - left[i] - right[i]) <= 1e-13 * size)) return true;
    }
    return false;
  };
  const Tensor fx = f(x);
  if (differs(f(sum), fx, f(y))) return "not additive\n";
  if (differs(f(scaled), fx, fx * 2)) return "not homogeneous\n";

  // The transpose, to near machine precision.
  const Tensor g = random_like(fx, 7);
  const Tensor forward = jvp(f, x, y).derivative;
  const Tensors backward = vjp(f, x, g).derivative;
  double size = 0;
  const double left = dot(forward, g, &size);
  double right = 0;
  for (std::size_t i = 0; i < x.size(); ++i) right += dot(y[i], backward[i], &size);
  if (!(std::abs(left - right) <= 1e-14 * size)) {
    return str("<J t, g> = ", left, ", but <t, J^T g> = ", right, "\n");
  }
  return {};
}

}  // namespace

std::vector<std::size_t> differentiable_inputs(const Case& c) {
  std::vector<std::size_t> found;
  if (!is_floating(c.call(c.bases()).dtype())) return found;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    if (is_differentiable(*c.op, static_cast<int>(i), c.inputs[i].base.dtype())) found.push_back(i);
  }
  return found;
}

std::string check_values(const Case& c, const Reference& reference) {
  std::vector<Array> inputs;
  for (const Tensor& tensor : c.tensors()) inputs.push_back(array_of(tensor));
  return compare(c.call(c.bases()), reference.compute(inputs, c.attributes), reference.units);
}

std::string check_modes(const Case& c) {
  const std::vector<std::size_t> variables = differentiable_inputs(c);
  const Tensor cotangent = random_like(c.call(c.bases()), 5);
  const Tensors tangents = random_like(bases_of(c, variables), 11);
  const auto results = [&](const Tensors& bases) -> Tensors {
    if (variables.empty()) return {c.call(bases)};
    return derivatives_of(function_of(c, variables, bases), chosen(bases, variables), tangents,
                          cotangent);
  };
  return compare_modes(results, c.bases());
}

std::string check_guards(const Case& c) {
  if (c.op->view != nullptr) return {};
  const Tensor expected = c.call(c.bases());
  std::vector<Guarded> in;
  for (const Tensor& tensor : c.tensors()) {
    in.emplace_back(c.op->any_strides ? tensor : contiguous(tensor));
    in.back().fill();
  }
  Guarded out(expected);
  std::vector<Argument> arguments;
  for (Guarded& input : in) arguments.push_back(input.argument());
  if (c.op->tile != nullptr) {
    const auto at = [&](std::size_t i) -> const void* {
      return i < arguments.size() ? arguments[i].data : nullptr;
    };
    const Tile tile = c.op->tile(tiles(), arguments.back().dtype, expected.dtype()).dense;
    tile(expected.size(), at(0), at(1), at(2), out.data());
  } else {
    c.op->kernel(arguments, out.argument(), c.attributes);
  }
  std::string text;
  if (!out.guards_intact()) text += "wrote beside its output\n";
  if (!out.unchanged()) text += "another result in unaligned memory, or elements not written\n";
  for (Guarded& input : in) {
    if (!input.guards_intact() || !input.unchanged()) text += "wrote into an input\n";
  }
  return text;
}

std::string check_repeats(const Case& c) {
  if (c.op->tile == nullptr || c.inputs.size() < 2) return {};
  const Tensors in = c.tensors();
  const Tensor expected_like = c.call(c.bases());
  const std::int64_t n = expected_like.size();
  const TileVariants variants = c.op->tile(tiles(), in.back().dtype(), expected_like.dtype());
  const std::array repeating{variants.repeat_a, variants.repeat_b, variants.repeat_c};
  std::string text;
  for (std::size_t i = 0; n > 0 && i < in.size(); ++i) {
    if (repeating[i] == nullptr) continue;
    // The first element of input i, once for all and as often as needed.
    const Tensor number = contiguous(slice(reshape(in[i], {-1}), {{0, 1}}));
    const Tensor repeated = contiguous(broadcast_to(number, {n}));
    Tensors others;
    for (const Tensor& other : in) others.push_back(contiguous(other));
    Tensor expected = Tensor::empty({expected_like.dtype(), {n}});
    std::byte* const to = expected.writable_bytes();
    Guarded actual(expected);
    const auto run = [&](Tile tile, const Tensor& of_i, std::byte* out) {
      const auto at = [&](std::size_t k) -> const std::byte* {
        return k >= in.size() ? nullptr : k == i ? of_i.bytes() : others[k].bytes();
      };
      tile(n, at(0), at(1), at(2), out);
    };
    run(variants.dense, repeated, to);
    run(repeating[i], number, actual.data());
    if (!actual.unchanged()) text += str("another result where input ", i, " is one number\n");
    if (!actual.guards_intact()) text += "wrote beside its output\n";
  }
  return text;
}

std::string check_derivatives(const Case& c, int order) {
  const std::vector<std::size_t> variables = differentiable_inputs(c);
  if (variables.empty()) return {};
  const Function f = function_of(c, variables);
  const Tensors x = bases_of(c, variables);
  const GradientReport report =
      check_gradients(f, x, {.order = order, .allow_zero = is_flat(f, x), .elements = 500});
  if (report.passed && report.kinks == 0) return {};
  return report.text + jacobians(f, x);
}

std::string check_linearity(const Case& c) {
  const std::vector<std::size_t> variables = differentiable_inputs(c);
  if (variables.empty()) return {};
  if (std::holds_alternative<Linear>(c.op->rule)) return linear_in(c, variables);
  std::string text;
  if (std::holds_alternative<Multilinear>(c.op->rule)) {
    for (const std::size_t i : variables) text += linear_in(c, {i});
  }
  return text;
}

std::string check_single_precision(const Case& c) {
  const std::vector<std::size_t> variables = differentiable_inputs(c);
  if (variables.empty()) return {};
  Case wide = c;
  for (PlacedInput& input : wide.inputs) input.base = widened(input.base);
  // By the op's own inputs, in their layouts: by the bases, the gradients of what a view repeats
  // would be added up, and those of softmax cancel.
  const Tensors x = chosen(c.tensors(), variables);
  const Tensors tangents = random_like(x, 11);
  const Tensor cotangent = random_like(c.call(c.bases()), 5);
  const auto derivatives = [&](const Tensors& in, const Tensors& directions,
                               const Tensor& weights) {
    const Function f = [&](const Tensors& varied) {
      Tensors all = in;
      for (std::size_t i = 0; i < variables.size(); ++i) all[variables[i]] = varied[i];
      return apply(*c.op, all, c.attributes);
    };
    return derivatives_of(f, chosen(in, variables), directions, weights);
  };
  const Tensors actual = derivatives(c.tensors(), tangents, cotangent);
  const Tensors expected = derivatives(wide.tensors(), widened(tangents), widened(cotangent));
  std::string text;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    // 170 roundings to f32, for values that take some ten operations of a few roundings each. The
    // parts of a second derivative may nearly cancel: for log(1 + x) they do where that is 1/2.
    const double tolerance = i < variables.size() + 2 ? 1e-5 : 1e-4;
    const std::vector<double> narrow = actual[i].to_doubles();
    const std::vector<double> exact = expected[i].to_doubles();
    double size = 0;
    for (const double value : exact) size = std::max(size, std::abs(value));
    if (!std::isfinite(size)) text += str("result ", i, " is not finite in f64\n");
    for (std::size_t k = 0; k < exact.size(); ++k) {
      if (std::abs(narrow[k] - exact[k]) <= tolerance * size) continue;
      text += str("result ", i, ", element ", k, ": ", narrow[k], " in f32, ", exact[k],
                  " in f64, beside elements up to ", size, "\n");
    }
  }
  return text;
}

std::string check_closure(const Case& c) {
  const std::vector<std::size_t> variables = differentiable_inputs(c);
  if (variables.empty()) return {};
  const Function f = function_of(c, variables);
  // y + y^2 + y^3 makes the gradient that flows back depend on x.
  const Function curved = [&](const Tensors& x) {
    const Tensor y = f(x);
    return y + y * y + y * y * y;
  };
  const Tensors x = bases_of(c, variables);
  const GradientReport report = check_gradients(
      curved, x, {.order = 3, .tolerance = 1e-5, .allow_zero = is_flat(f, x), .elements = 500});
  return report.passed && report.kinks == 0 ? std::string() : report.text;
}

}  // namespace nabla
