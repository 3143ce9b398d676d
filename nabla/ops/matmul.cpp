#include "nabla/ops/matmul.h"

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/op.h"
#include "nabla/kernels/gemm.h"
#include "nabla/ops/matrix_batches.h"
#include "nabla/ops/shaping.h"

namespace nabla {
namespace {

Spec infer_matmul(const Op&, Inputs in, const Attributes&) {
  const Shape& a = in[0].shape();
  const Shape& b = in[1].shape();
  if (in[0].dtype() != in[1].dtype() || !is_floating(in[0].dtype())) {
    throw DTypeError(
        str("matmul: takes two f32 or two f64, got ", in[0].dtype(), " and ", in[1].dtype()));
  }
  if (a.rank() < 2 || a.rank() != b.rank()) {
    throw ShapeError(
        str("matmul: expected matrices with the same axes in front, got a ", a, ", b ", b));
  }
  const std::int64_t inner_a = a[a.rank() - 1];
  const std::int64_t inner_b = b[b.rank() - 2];
  if (inner_a != inner_b) {
    throw ShapeError(
        str("matmul: inner extents differ: a ", a, ", b ", b, " (", inner_a, " != ", inner_b, ")"));
  }
  Shape shape = a;
  shape[a.rank() - 1] = b[b.rank() - 1];
  return {in[0].dtype(), shape};
}

// One matrix product a batch index.
template <class T>
void multiply_batches(std::span<const Argument> in, const Argument& out) {
  const Layout& a = in[0].layout;
  const Layout& b = in[1].layout;
  const int rank = a.shape.rank();
  Gemm<T> product;
  product.m = a.shape[rank - 2];
  product.k = a.shape[rank - 1];
  product.n = b.shape[rank - 1];
  product.a = {in[0].as<T>(), a.strides[rank - 2], a.strides[rank - 1]};
  product.b = {in[1].as<T>(), b.strides[rank - 2], b.strides[rank - 1]};
  product.c = out.as<T>();
  product.c_row_stride = product.n;
  std::int64_t batches = 1;
  for (int i = 0; i < rank - 2; ++i) batches *= a.shape[i];
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    Gemm<T> one = product;
    one.c += batch * product.m * product.n;
    std::int64_t index = batch;
    for (int i = rank - 3; i >= 0; --i) {
      const std::int64_t at = index % a.shape[i];
      index /= a.shape[i];
      one.a.data += at * a.strides[i];
      one.b.data += at * b.strides[i];
    }
    gemm(one);
  }
}

const TableEntry matmul_op(Op{
    .name = "matmul",
    .doc = "matrix product over the last two axes",
    .arity = 2,
    .infer = infer_matmul,
    .rule =
        Multilinear{{[](const Call& c, const Tensor& g) { return matmul(g, transpose(c.in[1])); },
                     [](const Call& c, const Tensor& g) { return matmul(transpose(c.in[0]), g); }}},
    .kernel =
        [](std::span<const Argument> in, const Argument& out, const Attributes&) {
          out.dtype == DType::f32 ? multiply_batches<float>(in, out)
                                  : multiply_batches<double>(in, out);
        },
    .any_strides = true,
    .fusion = Fusion::product,
    .samples = {{.inputs = {{{2, 3}}, {{3, 4}}}},
                {.inputs = {{{1, 5}}, {{5, 1}}}},
                {.inputs = {{{2, 2, 3}}, {{2, 3, 2}}}},
                {.inputs = {{{2, 0}}, {{0, 3}}}},
                {.inputs = {{{2, 3}}, {{4, 2}}},
                 .error = "matmul: inner extents differ: a [2, 3], b [4, 2] (3 != 4)"}}});

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  if (a.rank() == 0 || b.rank() == 0) {
    throw ShapeError(str("matmul: expected vectors or matrices, got a ", a.shape(), ", b ",
                         b.shape(), "; multiply by a number with *"));
  }
  // A vector is a row on the left and a column on the right.
  const Tensor rows = a.rank() == 1 ? reshape(a, {1, a.size()}) : a;
  const Tensor columns = b.rank() == 1 ? reshape(b, {b.size(), 1}) : b;
  const auto [batch, left, right] = broadcast_batches(rows, columns, "matmul");
  Tensor product = apply(matmul_op, {left, right});
  if (a.rank() > 1 && b.rank() > 1) return product;
  Shape shape = batch;
  if (a.rank() > 1) shape.push_back(a.shape()[a.rank() - 2]);
  if (b.rank() > 1) shape.push_back(b.shape().back());
  return reshape(product, shape);
}

}  // namespace nabla
