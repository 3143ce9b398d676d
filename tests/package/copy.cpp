// A shared library that has nabla inside. NAME is what its functions are called.
#include <nabla/nabla.h>

#define EXPORT extern "C" __attribute__((visibility("default")))
#define JOIN(a, b) a##b
#define FUNCTION(prefix, name) JOIN(prefix, name)

namespace {

const nabla::nn::Dense layer(2, 3);  // made before main

const nabla::TableEntry own_op(nabla::Op{
    .name = "twice",
    .doc = "2 x",
    .infer = [](const nabla::Op&, nabla::Inputs in,
                const nabla::Attributes&) { return in[0].spec(); },
    .kernel = [](std::span<const nabla::Argument> in, const nabla::Argument& out,
                 const nabla::Attributes&) { *out.as<double>() = 2 * *in[0].as<double>(); },
    .samples = {}});

}  // namespace

// The derivative of x^2 + 2 x at x, without its second term: twice has no derivative.
EXPORT double FUNCTION(slope_, NAME)(double x) {
  return nabla::grad([](const nabla::Tensor& t) {
           return nabla::square(t) + nabla::apply(own_op, {t});
         })(nabla::Tensor(x))
      .item();
}

EXPORT std::size_t FUNCTION(ops_, NAME)() { return nabla::op_table().size(); }

EXPORT void FUNCTION(fail_, NAME)() { nabla::matmul(nabla::Tensor(1.0), nabla::Tensor(2.0)); }
