/// Random tensors. The only randomness is a counter, which is a State: captured steps draw fresh
/// numbers each time they run, and a saved counter continues the same sequence.
#pragma once

#include <cstdint>

#include "nabla/graph/state.h"

namespace nabla {

/// Uniform on [0, 1), a pure function of `key`, i64 [seed, stream, counter]. Throws ShapeError
/// for another key or a negative extent, DTypeError for a `dtype` that is not floating.
Tensor random_uniform(const Tensor& key, const Shape& shape, DType dtype = DType::f32);

/// The key of the first numbers of a stream of a seed.
Tensor random_key(std::uint64_t seed, std::uint64_t stream);

/// Standard normal numbers, other ones in each call: the n-th of a program draws from stream
/// streams::drawn + n of seed 0. For a seed of one's own, and in captured functions, where this
/// would draw only once and so throws CaptureError, there is Generator.
Tensor randn(const Shape& shape, DType dtype = DType::f32);

/// A stream of random tensors.
/// ```cpp
/// Generator generator(1);
/// const Tensor first = generator.uniform({1000});
/// const Tensor second = generator.uniform({1000});  // other numbers
/// min(first).item() >= 0 && max(first).item() < 1;  // true
/// const Tensor again = Generator(1).uniform({1000});
/// again.to_vector<float>() == first.to_vector<float>();  // true
/// ```
class Generator {
 public:
  /// The numbers of this stream of the seed, from the first on.
  explicit Generator(std::uint64_t seed, std::uint64_t stream = 0);

  /// Uniform on [low, high); where low is not 0, rounding may give high itself.
  Tensor uniform(const Shape& shape, double low = 0, double high = 1, DType dtype = DType::f32);
  /// Normal with this mean and standard deviation, by the Box-Muller transform. Throws ValueError
  /// unless the deviation is at least 0.
  Tensor normal(const Shape& shape, double mean = 0, double deviation = 1,
                DType dtype = DType::f32);
  /// 1 with probability p, else 0; p counts in steps of 2^-24. Throws ValueError for p outside of
  /// [0, 1].
  Tensor bernoulli(const Shape& shape, double p, DType dtype = DType::f32);

  /// i64 [seed, stream, counter].
  const State& state() const { return key_; }

 private:
  State key_;
};

}  // namespace nabla
