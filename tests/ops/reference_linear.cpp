#include <algorithm>
#include <cmath>

#include "tests/ops/reference.h"

namespace nabla {
namespace {

Dims with_last(const Dims& index, std::int64_t i, std::int64_t j) {
  Dims at = index;
  at[at.rank() - 2] = i;
  at[at.rank() - 1] = j;
  return at;
}

// The first elements of the matrices of a batch.
void for_each_matrix(const Shape& shape, const std::function<void(const Dims&)>& visit) {
  Shape first = shape;
  for (int i = shape.rank() - 2; i < shape.rank(); ++i) {
    first[i] = std::min<std::int64_t>(1, first[i]);
  }
  for_each_index(first, visit);
}

// Errors are relative to the largest element.
Array with_scale(Array array) {
  double largest = 0;
  for (const double value : array.values) largest = std::max(largest, std::abs(value));
  array.scale.assign(array.values.size(), largest);
  return array;
}

// By Cramer's rule.
double determinant(const std::vector<std::vector<double>>& a) {
  if (a.empty()) return 1;
  double sum = 0;
  for (std::size_t column = 0; column < a.size(); ++column) {
    std::vector<std::vector<double>> minor(a.begin() + 1, a.end());
    for (auto& row : minor) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
    sum += (column % 2 == 0 ? 1 : -1) * a[0][column] * determinant(minor);
  }
  return sum;
}

Array solve(const std::vector<Array>& in, const Attributes&) {
  Array out = in[1];
  const std::int64_t n = in[0].shape.back();
  for_each_index(out.shape, [&](const Dims& index) {
    const std::int64_t row = index[index.rank() - 2];
    const std::int64_t column = index[index.rank() - 1];
    std::vector<std::vector<double>> a;
    for (std::int64_t i = 0; i < n; ++i) {
      a.emplace_back();
      for (std::int64_t j = 0; j < n; ++j) a.back().push_back(in[0].at(with_last(index, i, j)));
    }
    const double whole = determinant(a);
    for (std::int64_t i = 0; i < n; ++i) {
      a[static_cast<std::size_t>(i)][static_cast<std::size_t>(row)] =
          in[1].at(with_last(index, i, column));
    }
    out.at(index) = determinant(a) / whole;
  });
  return with_scale(out);
}

// Row by row (Cholesky and Banachiewicz).
Array cholesky(const std::vector<Array>& in, const Attributes&) {
  Array out = zero_array(in[0].shape);
  const std::int64_t n = in[0].shape.back();
  for_each_matrix(in[0].shape, [&](const Dims& index) {
    const auto l = [&](std::int64_t i, std::int64_t j) -> double& {
      return out.at(with_last(index, i, j));
    };
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j <= i; ++j) {
        double rest = in[0].at(with_last(index, i, j));
        for (std::int64_t k = 0; k < j; ++k) rest -= l(i, k) * l(j, k);
        l(i, j) = i == j ? std::sqrt(rest) : rest / l(j, j);
      }
    }
  });
  return with_scale(out);
}

}  // namespace

std::map<std::string_view, Reference> linear_references() {
  return {{"solve", {solve, 8}}, {"cholesky", {cholesky, 4}}};
}

}  // namespace nabla
