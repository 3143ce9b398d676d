/// The ways in which a function of tensors can run. Results are the same bits in all of them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nabla/autodiff/derivatives.h"

namespace nabla {

using TensorsFunction = std::function<Tensors(const Tensors&)>;

struct Mode {
  std::string name;
  std::function<TensorsFunction(const TensorsFunction&)> prepare;  ///< f, to be called often

  Tensors run(const TensorsFunction& f, const Tensors& inputs) const { return prepare(f)(inputs); }
};

/// Eager first: it is what the others are compared with.
const std::vector<Mode>& modes();

/// Runs f in all modes, several times in each. Empty where all give the same bits, else what
/// differs where.
std::string compare_modes(const TensorsFunction& f, const Tensors& inputs);

/// Empty where two tensors have the same type, shape and bits.
std::string compare_bits(const Tensor& expected, const Tensor& actual);

/// A contiguous tensor of any type from numbers, without the help of an op.
Tensor tensor_of(DType dtype, const Shape& shape, const std::vector<double>& values);

}  // namespace nabla
