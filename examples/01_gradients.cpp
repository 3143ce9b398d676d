// Derivatives of plain functions: gradient, Jacobian-vector product, Hessian-vector product and
// Hessian of Rosenbrock's function f(x, y) = (1 - x)^2 + 100 (y - x^2)^2.
#include <iostream>

#include "nabla/nabla.h"

using nabla::Tensor;
using nabla::Tensors;

namespace {

Tensor rosenbrock(const Tensor& p) {
  const Tensor x = nabla::select(p, 0, 0);
  const Tensor y = nabla::select(p, 0, 1);
  return nabla::square(1 - x) + 100 * nabla::square(y - nabla::square(x));
}

}  // namespace

int main() {
  const Tensor point = Tensor::from({-1.2, 1.0}, {2});
  const Tensor direction = Tensor::from({1.0, 0.5}, {2});
  const nabla::Function f = [](const Tensors& in) { return rosenbrock(in[0]); };

  const auto [value, gradients] = nabla::value_and_grad(f, {point});
  std::cout << "f           " << value << "\n"         // 24.2
            << "gradient    " << gradients[0] << "\n"  // -215.6, -88
            << "along v     " << nabla::jvp(f, {point}, {direction}).derivative << "\n"  // -259.6
            << "Hessian     " << nabla::hessian(rosenbrock, point) << "\n"  // 1330 480, 480 200
            << "Hessian * v " << nabla::hvp(f, {point}, {direction}).product[0]
            << "\n"  // 1570 580

            // Derivatives nest to any order: x^4 has 24 x as its third.
            << "third       " << nabla::grad(nabla::grad(nabla::grad([](const Tensor& x) {
                 return nabla::square(nabla::square(x));
               })))(Tensor(0.5))
            << "\n";
}
