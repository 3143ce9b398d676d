#include "nabla/ops/linear.h"

#include <vector>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/op.h"
#include "nabla/kernels/dense_systems.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/matmul.h"
#include "nabla/ops/matrix_batches.h"
#include "nabla/ops/reduction.h"
#include "nabla/ops/shaping.h"

namespace nabla {
namespace {

void check_square(const Op& op, const Tensor& a) {
  const Shape& shape = a.shape();
  if (!is_floating(a.dtype())) throw DTypeError(str(op.name, ": takes f32, f64, got ", a.dtype()));
  if (shape.rank() < 2 || shape.back() != shape[shape.rank() - 2]) {
    throw ShapeError(str(op.name, ": expected square matrices [..., n, n], got ", shape));
  }
}

Spec infer_solve(const Op& op, Inputs in, const Attributes&) {
  check_square(op, in[0]);
  const Shape& a = in[0].shape();
  const Shape& b = in[1].shape();
  if (in[0].dtype() != in[1].dtype()) {
    throw DTypeError(
        str("solve: takes two f32 or two f64, got ", in[0].dtype(), " and ", in[1].dtype()));
  }
  bool fits = a.rank() == b.rank();
  for (int i = 0; fits && i < a.rank() - 1; ++i) fits = a[i] == b[i];
  if (!fits) {
    throw ShapeError(str("solve: expected a [..., n, n] and b [..., n, k] with the same n, got a ",
                         a, ", b ", b));
  }
  return {in[1].dtype(), b};
}

// Calls visit(index) for each matrix of a batch; false from it is an error.
template <class Visit>
void for_each_matrix(const Shape& shape, std::string_view op, std::string_view fault, Visit visit) {
  std::int64_t count = 1;
  for (int i = 0; i < shape.rank() - 2; ++i) count *= shape[i];
  for (std::int64_t i = 0; i < count; ++i) {
    if (visit(i)) continue;
    throw ValueError(
        str(op, ": the matrix ", count > 1 ? str(i, " of ", shape) : str(shape), " is ", fault));
  }
}

template <class T>
void solve_batches(std::span<const Argument> in, const Argument& out) {
  const std::int64_t n = in[0].shape().back();
  const std::int64_t k = out.shape().back();
  for_each_matrix(in[0].shape(), "solve", "singular: no x, or more than one, has a x = b",
                  [&](std::int64_t i) {
                    return solve_system(n, k, in[0].as<T>() + i * n * n, in[1].as<T>() + i * n * k,
                                        out.as<T>() + i * n * k);
                  });
}

template <class T>
void factor_batches(const Argument& in, const Argument& out) {
  const std::int64_t n = out.shape().back();
  for_each_matrix(in.shape(), "cholesky", "not positive definite", [&](std::int64_t i) {
    return factor_cholesky(n, in.as<T>() + i * n * n, out.as<T>() + i * n * n);
  });
}

// The elements on and below the diagonal, those on it times a factor.
Tensor lower(const Tensor& x, double diagonal) {
  const std::int64_t n = x.shape().back();
  std::vector<std::uint8_t> mask;
  std::vector<double> factors;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      mask.push_back(j < i || (j == i && diagonal != 0) ? 1 : 0);
      factors.push_back(j == i ? diagonal : 1);
    }
  }
  const Tensor chosen = where(Tensor::from(mask, {n, n}), x, 0);
  return diagonal == 0 || diagonal == 1 ? chosen
                                        : chosen * cast(Tensor::from(factors, {n, n}), x.dtype());
}

// With a x = b: a dx = db - da x.
const TableEntry solve_op(Op{
    .name = "solve",
    .doc = "the x with a x = b, for square matrices a",
    .arity = 2,
    .infer = infer_solve,
    .rule = Custom{.vjp =
                       [](const Call& c, int input, const Tensor& g) {
                         const Tensor of_b = solve(transpose(c.in[0]), g);
                         return input == 1 ? of_b : -matmul(of_b, transpose(c.out));
                       },
                   .jvp =
                       [](const Call& c, std::span<const Tensor> t) {
                         if (!t[0].defined()) return solve(c.in[0], t[1]);
                         const Tensor moved = matmul(t[0], c.out);
                         return solve(c.in[0], t[1].defined() ? t[1] - moved : -moved);
                       }},
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes&) {
          out.dtype == DType::f32 ? solve_batches<float>(in, out) : solve_batches<double>(in, out);
        },
    .samples = {
        {.inputs = {{.shape = {2, 2}, .diagonal = 4}, {{2, 3}}}},
        {.inputs = {{.shape = {3, 3}, .diagonal = -5}, {{3, 1}}}},
        {.inputs = {{.shape = {2, 1, 1}, .diagonal = 4}, {{2, 1, 3}}}},
        {.inputs = {{.shape = {2, 2}, .low = 1, .high = 1}, {{2, 1}}},
         .error = "solve: the matrix [2, 2] is singular: no x, or more than one, has a x = b"},
        {.inputs = {{{2, 3}}, {{2, 1}}},
         .error = "solve: expected square matrices [..., n, n], got [2, 3]"},
        {.inputs = {{{2, 2}}, {{3, 1}}},
         .error = "solve: expected a [..., n, n] and b [..., n, k] with the same n, got a "
                  "[2, 2], b [3, 1]"}}});

// With l l^T = a: dl = l half(l^-1 da l^-T), where half takes the lower triangle and half of the
// diagonal (Smith, 1995; Murray, 2016). da is symmetric, as its lower triangle says.
const TableEntry cholesky_op(Op{
    .name = "cholesky",
    .doc = "the lower triangular l with l l^T = a, reading the lower triangle of a",
    .infer = [](const Op& op, Inputs in, const Attributes&) -> Spec {
      check_square(op, in[0]);
      return in[0].spec();
    },
    .rule = Custom{.vjp =
                       [](const Call& c, int, const Tensor& g) {
                         const Tensor upper = transpose(c.out);
                         const Tensor half = lower(matmul(upper, g), 0.5);
                         const Tensor transposed = solve(upper, transpose(solve(upper, half)));
                         return lower(transpose(transposed), 1) + lower(transposed, 0);
                       },
                   .jvp =
                       [](const Call& c, std::span<const Tensor> t) {
                         const Tensor da = lower(t[0], 1) + transpose(lower(t[0], 0));
                         const Tensor left = solve(c.out, da);
                         const Tensor both = transpose(solve(c.out, transpose(left)));
                         return matmul(c.out, lower(both, 0.5));
                       }},
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes&) {
          out.dtype == DType::f32 ? factor_batches<float>(in[0], out)
                                  : factor_batches<double>(in[0], out);
        },
    .samples = {{.inputs = {{.shape = {2, 2}, .diagonal = 5}}},
                {.inputs = {{.shape = {3, 3}, .diagonal = 7}}},
                {.inputs = {{.shape = {2, 1, 1}, .diagonal = 4}}},
                {.inputs = {{.shape = {2, 2}, .low = 1, .high = 1}},
                 .error = "cholesky: the matrix [2, 2] is not positive definite"},
                {.inputs = {{.shape = {3}}},
                 .error = "cholesky: expected square matrices [..., n, n], got [3]"}}});

}  // namespace

Tensor dot(const Tensor& a, const Tensor& b) {
  if (a.rank() != 1 || a.shape() != b.shape()) {
    throw ShapeError(str("dot: expected two vectors of one length, got ", a.shape(), " and ",
                         b.shape(), "; for matrices there is matmul"));
  }
  return sum(a * b);
}

Tensor solve(const Tensor& a, const Tensor& b) {
  if (a.rank() < 2 || b.rank() == 0) {
    throw ShapeError(str("solve: expected a [..., n, n] and b [n] or [..., n, k], got a ",
                         a.shape(), ", b ", b.shape()));
  }
  const Tensor columns = b.rank() == 1 ? reshape(b, {b.size(), 1}) : b;
  const auto [batch, matrices, right] = broadcast_batches(a, columns, "solve");
  Tensor x = apply(solve_op, {matrices, right});
  if (b.rank() > 1) return x;
  Shape shape = batch;
  shape.push_back(b.size());
  return reshape(x, shape);
}

Tensor cholesky(const Tensor& a) { return apply(cholesky_op, {a}); }

}  // namespace nabla
