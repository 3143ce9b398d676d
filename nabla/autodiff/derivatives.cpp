#include "nabla/autodiff/derivatives.h"

#include "nabla/autodiff/recording.h"
#include "nabla/base/text.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/shaping.h"

namespace nabla {
namespace {

Tensors variables_of(Recording& recording, const Tensors& x) {
  Tensors variables;
  for (const Tensor& tensor : x) variables.push_back(recording.variable(tensor));
  return variables;
}

// A tensor must be as another one is: the error's text ends with what it is.
[[noreturn]] void throw_unlike(const std::string& text, const Tensor& expected,
                               const Tensor& given) {
  if (given.shape() != expected.shape()) throw ShapeError(str(text, given.spec()));
  throw DTypeError(str(text, given.spec()));
}

// An undefined one would pass for a number.
void check_direction(const Tensor& direction, const std::string& name) {
  if (direction.defined()) return;
  throw ValueError(str(name, " is an undefined tensor: expected one with values"));
}

void check_directions(const Tensors& x, const Tensors& directions, std::string_view what) {
  if (x.size() != directions.size()) {
    throw ShapeError(str(what, ": ", x.size(), " inputs, but ", directions.size(), " directions"));
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    check_direction(directions[i], str(what, ": direction ", i));
    if (x[i].spec() != directions[i].spec()) {
      throw_unlike(str(what, ": input ", i, " is ", x[i].spec(), ", its direction "), x[i],
                   directions[i]);
    }
  }
}

// A function of variables as one of tensors, and the values to call it with.
Function reading(const std::function<Tensor()>& f, const std::vector<State>& variables) {
  check_function(f);
  return [&](const Tensors& x) {
    const Substitution substitution(variables, x);
    return f();
  };
}

Tensors values_of(const std::vector<State>& variables) {
  Tensors values;
  for (const State& variable : variables) values.push_back(variable.value());
  return values;
}

ValueAnd<Tensors> value_and_gradients(const Function& f, const Tensors& x, bool path_needed) {
  check_function(f);
  Recording recording;
  const Tensor value = f(variables_of(recording, x));
  recording.stop();
  check_scalar(value, "value_and_grad");
  return {value, recording.pull_back(value, number(1, value.dtype()), path_needed)};
}

// The unit vectors of a shape, one after the other.
template <class Visit>
void for_each_unit(const Spec& spec, Visit visit_unit) {
  std::vector<double> values(static_cast<std::size_t>(spec.shape.elements()), 0.0);
  for (double& value : values) {
    value = 1;
    visit_unit(cast(Tensor::from(values, spec.shape), spec.dtype));
    value = 0;
  }
}

}  // namespace

ValueAnd<Tensors> vjp(const Function& f, const Tensors& x, const Tensor& cotangent) {
  check_function(f);
  Recording recording;
  const Tensor value = f(variables_of(recording, x));
  recording.stop();
  check_direction(cotangent, "vjp: the cotangent");
  if (value.defined() && value.spec() != cotangent.spec()) {
    throw_unlike(str("vjp: the function gives ", value.spec(), ", the cotangent is "), value,
                 cotangent);
  }
  return {value, recording.pull_back(value, cotangent)};
}

ValueAnd<Tensors> value_and_grad(const Function& f, const Tensors& x) {
  return value_and_gradients(f, x, false);
}

ValueAnd<Tensor> value_and_grad(const UnaryFunction& f, const Tensor& x) {
  check_function(f);
  const auto [value, gradients] =
      value_and_gradients([&](const Tensors& in) { return f(in[0]); }, {x}, false);
  return {value, gradients[0]};
}

ValueAnd<Tensors> value_and_descent(const std::function<Tensor()>& f,
                                    const std::vector<State>& variables) {
  return value_and_gradients(reading(f, variables), values_of(variables), true);
}

ValueAnd<Tensors> value_and_grad(const std::function<Tensor()>& f,
                                 const std::vector<State>& variables) {
  return value_and_grad(reading(f, variables), values_of(variables));
}

UnaryFunction grad(const UnaryFunction& f) {
  check_function(f);
  return [f](const Tensor& x) {
    return value_and_grad([&](const Tensors& in) { return f(in[0]); }, {x}).derivative[0];
  };
}

ValueAnd<Tensor> jvp(const Function& f, const Tensors& x, const Tensors& tangents) {
  check_function(f);
  check_directions(x, tangents, "jvp");
  Recording recording;
  const Tensor value = f(variables_of(recording, x));
  recording.stop();
  return {value, recording.push_forward(tangents, {&value, 1})[0]};
}

HessianProduct hvp(const Function& f, const Tensors& x, const Tensors& v) {
  check_directions(x, v, "hvp");
  Recording recording;
  auto [value, gradient] = value_and_grad(f, variables_of(recording, x));
  recording.stop();
  Tensors product = recording.push_forward(v, gradient);
  return {value, gradient, product};
}

HessianProduct hvp(const std::function<Tensor()>& f, const std::vector<State>& variables,
                   const Tensors& v) {
  return hvp(reading(f, variables), values_of(variables), v);
}

Tensor jacobian(const UnaryFunction& f, const Tensor& x) {
  check_function(f);
  Recording recording;
  const Tensor value = f(recording.variable(x));
  recording.stop();
  check_has_derivative(value);
  Shape shape = value.shape();
  for (const std::int64_t extent : x.shape()) shape.push_back(extent);
  if (shape.elements() == 0) return Tensor::empty({x.dtype(), shape});
  Tensors rows;
  for_each_unit(value.spec(), [&](const Tensor& unit) {
    rows.push_back(reshape(recording.pull_back(value, unit)[0], Shape{1, x.size()}));
  });
  return reshape(concatenate(rows, 0), shape);
}

Tensor hessian(const UnaryFunction& f, const Tensor& x) {
  // Columns by forward mode over reverse mode; the matrix is symmetric.
  Recording recording;
  const Tensor gradient = grad(f)(recording.variable(x));
  recording.stop();
  Shape shape = x.shape();
  for (const std::int64_t extent : x.shape()) shape.push_back(extent);
  if (shape.elements() == 0) return Tensor::empty({x.dtype(), shape});
  Tensors rows;
  for_each_unit(x.spec(), [&](const Tensor& unit) {
    const Tensor row = recording.push_forward({&unit, 1}, {&gradient, 1})[0];
    rows.push_back(reshape(row, Shape{1, x.size()}));
  });
  return reshape(concatenate(rows, 0), shape);
}

Tensors gauss_newton_product(const Function& model, const UnaryFunction& loss, const Tensors& x,
                             const Tensors& v) {
  check_function(model);
  check_function(loss);
  check_directions(x, v, "gauss_newton_product");
  Recording recording;
  const Tensor output = model(variables_of(recording, x));
  recording.stop();
  const Tensor change = recording.push_forward(v, {&output, 1})[0];
  const auto loss_of_output = [&](const Tensors& in) { return loss(in[0]); };
  const Tensor curvature = hvp(loss_of_output, {output}, {change}).product[0];
  return recording.pull_back(output, curvature);
}

}  // namespace nabla
