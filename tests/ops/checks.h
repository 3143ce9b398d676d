/// What must hold for every op. Each check gives an empty text where it does, else what is wrong;
/// so that tests can also see the checks fail.
#pragma once

#include <string>

#include "tests/ops/cases.h"
#include "tests/ops/reference.h"

namespace nabla {

/// The result is what the definition says.
std::string check_values(const Case& c, const Reference& reference);

/// Eager, captured, fused or not: value, gradients, directional and second derivatives have the
/// same bits.
std::string check_modes(const Case& c);

/// The op's loop, called by itself: what it reads stays as it is, and nothing beside its output is
/// written.
std::string check_guards(const Case& c);

/// The variants of an elementwise function that take one number for an input do the same.
std::string check_repeats(const Case& c);

/// f64: both modes against differences up to an order. All Jacobians are printed on failure.
std::string check_derivatives(const Case& c, int order = 2);

/// f64, for linear and multilinear rules: additive and homogeneous, and <J t, g> = <t, J^T g>, to
/// near machine precision.
std::string check_linearity(const Case& c);

/// f32: derivatives to second order are those that f64 gives for the same numbers, up to rounding.
std::string check_single_precision(const Case& c);

/// f64: three derivatives, one of the other, of a function that needs the rules of the rules.
std::string check_closure(const Case& c);

/// The positions of the inputs that can have a derivative; none where the result is of integers.
std::vector<std::size_t> differentiable_inputs(const Case& c);

}  // namespace nabla
