// An op of one's own: Huber's function, x^2 / 2 up to some width and linear further out, with its
// derivative written by hand. It then works everywhere: eager and captured, in every derivative.
// The width is an attribute of each call; so could functions be, closures too.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "nabla/nabla.h"

using nabla::Tensor;
using nabla::Tensors;

namespace {

struct Width {
  double value = 1;
  bool operator==(const Width&) const = default;
};

const nabla::TableEntry huber_op(nabla::Op{
    .name = "huber",
    .doc = "x^2 / 2 where |x| <= w, else w (|x| - w / 2)",
    .infer = [](const nabla::Op&, nabla::Inputs in,
                const nabla::Attributes& attributes) -> nabla::Spec {
      if (!(nabla::own<Width>(attributes).value > 0)) {
        throw nabla::ValueError("huber: expected a width above 0");
      }
      if (!nabla::is_floating(in[0].dtype())) throw nabla::DTypeError("huber: takes f32 or f64");
      return in[0].spec();
    },
    // The derivative, element by element, made of ops: x cut to [-w, w].
    .rule = nabla::Elementwise{{[](const nabla::Call& call) {
      const double w = nabla::own<Width>(call.attributes).value;
      return nabla::minimum(nabla::maximum(call.in[0], -w), w);
    }}},
    .kernel =
        [](std::span<const nabla::Argument> in, const nabla::Argument& out,
           const nabla::Attributes& attributes) {
          const double w = nabla::own<Width>(attributes).value;
          nabla::visit(out.dtype, [&](auto type) {
            using T = decltype(type);
            const T* x = in[0].as<T>();
            std::transform(x, x + out.shape().elements(), out.as<T>(), [w](T value) {
              const double size = std::abs(static_cast<double>(value));
              return static_cast<T>(size <= w ? size * size / 2 : w * (size - w / 2));
            });
          });
        },
    .samples = {{.inputs = {{{2, 3}}}, .attributes = nabla::OwnAttribute(Width())}}});

Tensor huber(const Tensor& x, Width width = {}) {
  return nabla::apply(huber_op, {x}, nabla::OwnAttribute(width));
}

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
