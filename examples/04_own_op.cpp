// An op of one's own: Huber's function, x^2 / 2 near 0 and |x| - 1/2 further out, with its
// derivative written by hand. It then works everywhere: eager and captured, in every derivative.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "nabla/nabla.h"

using nabla::Tensor;
using nabla::Tensors;

namespace {

const nabla::TableEntry huber_op(nabla::Op{
    .name = "huber",
    .doc = "x^2 / 2 where |x| <= 1, else |x| - 1/2",
    .infer = [](const nabla::Op&, nabla::Inputs in, const nabla::Attributes&) -> nabla::Spec {
      if (!nabla::is_floating(in[0].dtype())) throw nabla::DTypeError("huber: takes f32 or f64");
      return in[0].spec();
    },
    // The derivative, element by element, made of ops: x cut to [-1, 1].
    .rule = nabla::Elementwise{{[](const nabla::Call& call) {
      return nabla::minimum(nabla::maximum(call.in[0], -1), 1);
    }}},
    .kernel =
        [](std::span<const nabla::Argument> in, const nabla::Argument& out,
           const nabla::Attributes&) {
          nabla::visit(out.dtype, [&](auto type) {
            using T = decltype(type);
            const T* x = in[0].as<T>();
            std::transform(x, x + out.shape().elements(), out.as<T>(), [](T value) {
              const double size = std::abs(static_cast<double>(value));
              return static_cast<T>(size <= 1 ? size * size / 2 : size - 0.5);
            });
          });
        },
    .samples = {{.inputs = {{{2, 3}}}}}});

Tensor huber(const Tensor& x) { return nabla::apply(huber_op, {x}); }

}  // namespace

int main() {
  const Tensor x = Tensor::from({-3.0, -0.5, 0.0, 0.7, 2.0}, {5});
  std::cout << "huber     " << huber(x) << "\n"
            << "gradient  "
            << nabla::grad([](const Tensor& in) { return nabla::sum(huber(in)); })(x) << "\n";

  // By hand means that it can be wrong: compare with differences, to second order.
  const auto report = nabla::check_gradients([](const Tensors& in) { return huber(in[0]); }, {x});
  std::cout << (report.passed ? "the derivative is right\n" : report.text);
  return report.passed ? 0 : 1;
}
