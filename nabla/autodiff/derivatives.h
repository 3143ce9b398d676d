/// Derivatives of functions, in reverse and forward mode, to any order.
///
/// A function is anything that maps tensors to a tensor by nabla's ops; it is run once and its
/// calls are followed backwards or forwards. All of this can be nested, and captured. Inputs and
/// results are f32 or f64: DTypeError else. A function that is empty, or gives an undefined tensor:
/// ValueError.
#pragma once

#include <concepts>
#include <functional>
#include <utility>
#include <vector>

#include "nabla/graph/state.h"

namespace nabla {

/// Inputs of a function, or a gradient for each.
using Tensors = std::vector<Tensor>;
/// A function of several tensors.
using Function = std::function<Tensor(const Tensors&)>;
/// A function of one tensor.
using UnaryFunction = std::function<Tensor(const Tensor&)>;

/// A value and the derivatives that were asked for beside it.
template <class Derivative>
struct ValueAnd {
  Tensor value;
  Derivative derivative;
};

/// f(x) and the gradient of f for each input, f giving one number.
/// Throws ShapeError where f gives a tensor with axes.
/// ```cpp
/// const auto f = [](const Tensors& x) { return square(x[0]) * x[1]; };
/// const auto [value, gradient] = value_and_grad(f, {Tensor(3.0), Tensor(2.0)});
/// value;        // 18
/// gradient[0];  // 12
/// gradient[1];  // 9
/// ```
ValueAnd<Tensors> value_and_grad(const Function& f, const Tensors& x);
/// The same for a function of one tensor.
ValueAnd<Tensor> value_and_grad(const UnaryFunction& f, const Tensor& x);
template <class F, std::same_as<Tensor> X>
ValueAnd<Tensor> value_and_grad(const F& f, const X& x) {
  if constexpr (std::convertible_to<const F&, UnaryFunction>) {
    return value_and_grad(UnaryFunction(f), x);
  } else {
    static_assert(never<F>, "value_and_grad: beside one Tensor stands a function of one Tensor");
  }
}
/// The same for the variables that f reads. Of one that stands twice, such as the weight of a layer
/// that is in a model twice, the last place has the gradient and the others zeros.
/// ```cpp
/// const State w(Tensor(3.0));
/// const auto [value, gradient] = value_and_grad([&] { return square(w.value()); }, {w});
/// gradient[0];  // 6
/// ```
ValueAnd<Tensors> value_and_grad(const std::function<Tensor()>& f,
                                 const std::vector<State>& variables);
/// The function that gives the gradient of f: grad(grad(f)) is the second derivative of a function
/// of one number.
/// ```cpp
/// const auto cube = [](const Tensor& x) { return power(x, 3); };
/// grad(cube)(Tensor(2.0));              // 12
/// grad(grad(cube))(Tensor(3.0));        // 18
/// grad(grad(grad(cube)))(Tensor(3.0));  // 6
/// ```
UnaryFunction grad(const UnaryFunction& f);
template <class F>
UnaryFunction grad(const F& f) {
  if constexpr (std::convertible_to<const F&, UnaryFunction>) {
    return grad(UnaryFunction(f));
  } else {
    static_assert(never<F>, "grad: give a function from a Tensor to a Tensor");
  }
}

/// f(x) and the vector-Jacobian product: for each input, sum_i cotangent_i df_i/dx.
/// ```cpp
/// const auto f = [](const Tensors& x) { return square(x[0]); };
/// const Tensor x = Tensor::from({1.0, 2.0, 3.0}, {3});
/// vjp(f, {x}, Tensor::from({1.0, 1.0, 10.0}, {3})).derivative[0];  // [2, 4, 60]
/// ```
ValueAnd<Tensors> vjp(const Function& f, const Tensors& x, const Tensor& cotangent);
/// f(x) and the Jacobian-vector product: the derivative of f at x in the direction `tangents`.
/// ```cpp
/// const auto f = [](const Tensors& x) { return x[0] * x[1]; };
/// jvp(f, {Tensor(2.0), Tensor(5.0)}, {Tensor(1.0), Tensor(0.0)}).derivative;  // 5
/// ```
ValueAnd<Tensor> jvp(const Function& f, const Tensors& x, const Tensors& tangents);

/// df_i/dx_j of a function of one tensor, with the axes of f(x) before those of x.
/// ```cpp
/// const auto f = [](const Tensor& x) { return square(x); };
/// jacobian(f, Tensor::from({1.0, 2.0}, {2}));  // [[2, 0], [0, 4]]
/// ```
Tensor jacobian(const UnaryFunction& f, const Tensor& x);
/// d^2f/dx_i dx_j of a function that gives one number.
/// ```cpp
/// const auto f = [](const Tensor& x) { return sum(power(x, 3)); };
/// hessian(f, Tensor::from({1.0, 2.0}, {2}));  // [[6, 0], [0, 12]]
/// ```
Tensor hessian(const UnaryFunction& f, const Tensor& x);

/// Value, gradient and the product of the Hessian with a direction.
struct HessianProduct {
  Tensor value;
  Tensors gradient;
  Tensors product;
};
/// H v for f giving one number, at the cost of a few gradients and without the matrix: forward mode
/// over reverse mode (Pearlmutter, 1994).
/// ```cpp
/// const auto f = [](const Tensors& x) { return sum(power(x[0], 3)); };
/// const Tensor x = Tensor::from({1.0, 2.0}, {2});
/// const Tensor v = Tensor::from({10.0, 1.0}, {2});
/// hvp(f, {x}, {v}).product[0];  // [60, 12]
/// ```
HessianProduct hvp(const Function& f, const Tensors& x, const Tensors& v);
HessianProduct hvp(const std::function<Tensor()>& f, const std::vector<State>& variables,
                   const Tensors& v);

/// J^T H_loss J v: the Hessian of loss(model(x)) without the curvature of the model, so never
/// negative for a convex loss (Schraudolph, 2002).
/// ```cpp
/// const auto model = [](const Tensors& x) { return square(x[0]); };
/// const auto loss = [](const Tensor& y) { return square(y); };
/// gauss_newton_product(model, loss, {Tensor(3.0)}, {Tensor(1.0)})[0];  // 72
/// ```
Tensors gauss_newton_product(const Function& model, const UnaryFunction& loss, const Tensors& x,
                             const Tensors& v);

}  // namespace nabla
