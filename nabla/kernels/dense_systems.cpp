#include "nabla/kernels/dense_systems.h"

#define EIGEN_DONT_VECTORIZE  // the same bits on every processor
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <cmath>
#include <limits>

namespace nabla {
namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Whether a pivot is no larger than the rounding errors of the sums it came from, which are
// relative to the sizes of their terms.
template <class T>
bool is_singular(const Matrix<T>& lu) {
  const auto n = lu.rows();
  const T precision = static_cast<T>(n) * std::numeric_limits<T>::epsilon();
  for (Eigen::Index i = 0; i < n; ++i) {
    T terms = std::abs(lu(i, i));
    for (Eigen::Index j = 0; j < i; ++j) terms += std::abs(lu(i, j)) * std::abs(lu(j, i));
    if (std::abs(lu(i, i)) <= precision * terms) return true;
  }
  return false;
}

}  // namespace

template <class T>
bool solve_system(std::int64_t n, std::int64_t k, const T* a, const T* b, T* x) {
  if (n == 0 || k == 0) return true;
  const Eigen::PartialPivLU<Matrix<T>> lu(Eigen::Map<const Matrix<T>>(a, n, n));
  if (is_singular<T>(lu.matrixLU())) return false;
  Eigen::Map<Matrix<T>>(x, n, k) = lu.solve(Eigen::Map<const Matrix<T>>(b, n, k));
  return true;
}

template <class T>
bool factor_cholesky(std::int64_t n, const T* a, T* l) {
  if (n == 0) return true;
  const Eigen::LLT<Matrix<T>, Eigen::Lower> factor(Eigen::Map<const Matrix<T>>(a, n, n));
  if (factor.info() != Eigen::Success) return false;
  Eigen::Map<Matrix<T>> result(l, n, n);
  result = factor.matrixL();
  return (result.diagonal().array() > T{0}).all();  // of NaN it is not
}

template bool solve_system(std::int64_t, std::int64_t, const float*, const float*, float*);
template bool solve_system(std::int64_t, std::int64_t, const double*, const double*, double*);
template bool factor_cholesky(std::int64_t, const float*, float*);
template bool factor_cholesky(std::int64_t, const double*, double*);

}  // namespace nabla
