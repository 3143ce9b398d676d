/// First values of parameters. All are drawn in double from Random and then rounded: the same seed
/// gives the same bits on every machine and in every precision.
#pragma once

#include <functional>
#include <span>

#include "nabla/base/random.h"
#include "nabla/base/shape.h"

#pragma GCC visibility push(hidden)
namespace nabla::nn {

/// Fills the values, row-major, of a parameter of this shape. A weight is [in, out]: each output
/// hears from `in` inputs (its fan-in), each input speaks to `out` outputs (its fan-out).
using Initializer = std::function<void(std::span<double> values, const Shape&, Random&)>;

/// Uniform on +-sqrt(6 / (in + out)), variance 2 / (in + out): keeps the size of signals and
/// gradients through layers of tanh (Glorot and Bengio, 2010).
Initializer glorot_uniform();
/// Normal with the same variance.
Initializer glorot_normal();
/// Uniform on +-sqrt(6 / in), variance 2 / in: for layers of ReLU, which lose half of a signal (He,
/// Zhang, Ren and Sun, 2015).
Initializer he_uniform();
/// Normal with the same variance.
Initializer he_normal();
/// Rows or columns, whichever are fewer, of length 1 and at right angles (Saxe, McClelland and
/// Ganguli, 2014), times `gain`.
Initializer orthogonal(double gain = 1);
/// Normal with mean 0 and this standard deviation (not variance).
Initializer normal(double deviation = 0.1);
/// One value everywhere. For weights it makes all units of a layer stay equal.
Initializer constant(double value);
/// Zeros: for biases. Weights of 0 are a saddle where no gradient reaches the layers before.
Initializer zero();

}  // namespace nabla::nn
#pragma GCC visibility pop
