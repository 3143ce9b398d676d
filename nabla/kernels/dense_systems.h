/// Small dense systems of equations: the only user of Eigen. T is float or double, all arrays are
/// row-major without gaps.
#pragma once

#include <cstdint>

namespace nabla {

/// Writes the x with a x = b, [n, n] [n, k] = [n, k]. False where a is singular, or so near to it
/// that rounding errors decide.
template <class T>
bool solve_system(std::int64_t n, std::int64_t k, const T* a, const T* b, T* x);

/// Writes the lower triangular l with l l^T = a, reading the lower triangle of a [n, n]. False
/// where a is not positive definite.
template <class T>
bool factor_cholesky(std::int64_t n, const T* a, T* l);

}  // namespace nabla
