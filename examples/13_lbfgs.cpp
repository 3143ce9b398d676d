// L-BFGS in a page (Nocedal, 1980), over nothing but the gradient: Rosenbrock's function in ten
// dimensions. Its minimum is 0, at (1, ..., 1).
#include <deque>
#include <iostream>

#include "nabla/nabla.h"

using namespace nabla;

namespace {

Tensor rosenbrock(const Tensor& x) {
  const Tensor head = x[{0, -1}];
  const Tensor tail = x[{.start = 1}];
  return sum(100 * square(tail - square(head)) + square(1 - head));
}

// A step, and how the gradient changed along it.
struct Pair {
  Tensor s, y;
};

// The product of the approximated inverse Hessian with g, in two loops.
Tensor direction(const std::deque<Pair>& pairs, const Tensor& g) {
  Tensor q = g;
  std::deque<Tensor> alphas;
  for (auto pair = pairs.rbegin(); pair != pairs.rend(); ++pair) {
    alphas.push_front(dot(pair->s, q) / dot(pair->y, pair->s));
    q -= alphas.front() * pair->y;
  }
  if (!pairs.empty()) {
    const auto& [s, y] = pairs.back();
    q *= dot(s, y) / dot(y, y);
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Tensor beta = dot(pairs[i].y, q) / dot(pairs[i].y, pairs[i].s);
    q += pairs[i].s * (alphas[i] - beta);
  }
  return -q;
}

}  // namespace

int main() {
  Tensor x = full(10, -1.2, DType::f64);
  const auto gradient_of = grad(rosenbrock);
  std::deque<Pair> pairs;
  int steps = 0;
  Tensor g = gradient_of(x);
  for (; steps < 200 && norm(g) > 1e-8; ++steps) {
    const Tensor d = direction(pairs, g);
    Tensor length = pairs.empty() ? 1 / norm(g) : Tensor(1.0);
    while (rosenbrock(x + length * d) > rosenbrock(x) + 1e-4 * length * dot(g, d)) length /= 2;
    const Tensor s = length * d;
    x += s;
    const Tensor next = gradient_of(x);
    if (dot(s, next - g) > 0) pairs.push_back({s, next - g});
    if (pairs.size() > 10) pairs.pop_front();
    g = next;
  }
  std::cout << steps << " steps, f " << rosenbrock(x) << ", x " << x << "\n";
  return all(absolute(x - 1) < 1e-6) ? 0 : 1;
}
