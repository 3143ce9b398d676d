/// Elementwise functions on short contiguous runs: what eager ops, fused groups and the epilogues
/// of matrix products are made of.
#pragma once

#include <array>
#include <cstdint>

#include "nabla/base/dtype.h"

namespace nabla {

/// out[i] = f(a[i], b[i], c[i]) for i in [0, n). Unused inputs are nullptr. `out` may be one of the
/// inputs, but may not overlap one at another place.
using Tile = void (*)(std::int64_t n, const void* a, const void* b, const void* c, void* out);

/// A function, and for those of several inputs variants in which one of them is a single number
/// that serves for every i.
struct TileVariants {
  Tile dense = nullptr;
  Tile repeat_a = nullptr;
  Tile repeat_b = nullptr;
  Tile repeat_c = nullptr;
};

/// One function for each element type it takes; nullptr for the others.
struct TileSet {
  std::array<TileVariants, std::size(all_dtypes)> by_dtype{};
  /// The function for inputs of this type.
  const TileVariants& operator[](DType dtype) const {
    return by_dtype[static_cast<std::size_t>(dtype)];
  }
};

/// What the joined tile of Adam reads and writes; from `weight_of_gradient` on, it is one number:
///   g = squarable(gradient)
///   new_mean = lerp(mean, g, weight_of_gradient)
///   new_square = lerp(square, g^2, weight_of_square)
///   new_parameter = parameter + new_mean / (sqrt(new_square) + epsilon) * scale
struct AdamOperand {
  /// Places in the list of addresses.
  enum Index : std::uint8_t {
    mean,
    square,
    parameter,
    gradient,
    new_mean,
    new_square,
    new_parameter,
    weight_of_gradient,
    weight_of_square,
    epsilon,
    scale,
    count
  };
};

/// The element type in brackets of each set is that of the inputs. Comparisons write u8, `where`
/// reads its condition as u8 and is found by the type of its other inputs.
struct TileTable {
  TileSet copy, add, subtract, multiply, divide, power, maximum, minimum, scale_gradient;
  TileSet negative, absolute, sign, floor, relu, positive;
  TileSet square, squarable, sqrt, rsqrt, exp, expm1, log, log1p, sin, cos;
  TileSet tanh, sigmoid, sech, softplus, erf;
  TileSet equal, not_equal, less, less_equal;
  TileSet where, add_scaled, lerp, divide_by_root;
  std::array<TileSet, std::size(all_dtypes)> cast;  // cast[from][to]
  /// Adam's update of a parameter, six tiles as one loop (see TileProgram::join): `a` points to
  /// the addresses in AdamOperand's order.
  TileSet adam;
};

/// The table for the chosen instruction set (see isa()).
const TileTable& tiles();

}  // namespace nabla
