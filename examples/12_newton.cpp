// Newton's method on Rosenbrock's function: x -= H^-1 g. From (-1.2, 1) the values are 24.2, 4.73,
// 1412, 0.0560, 0.313, 1.85e-11 and 3.4e-20: the figures of the formula.
#include <iostream>

#include "nabla/nabla.h"

using namespace nabla;

int main() {
  const auto rosenbrock = [](const Tensor& p) {
    return square(1 - p[0]) + 100 * square(p[1] - square(p[0]));
  };

  Tensor x = Tensor::from({-1.2, 1.0});
  int steps = 0;
  for (; steps < 20; ++steps) {
    const auto [value, gradient] = value_and_grad(rosenbrock, x);
    std::cout << steps << "  f " << value << "  x " << x << "\n";
    if (norm(gradient) < 1e-8) break;
    x -= solve(hessian(rosenbrock, x), gradient);
  }
  const Tensor is_minimum = all(absolute(x - ones(2, DType::f64)) < 1e-9);
  return is_minimum && steps == 6 ? 0 : 1;
}
