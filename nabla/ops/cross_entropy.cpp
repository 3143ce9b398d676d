#include "nabla/ops/cross_entropy.h"

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/op.h"
#include "nabla/kernels/softmax.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/reduction.h"
#include "nabla/ops/shaping.h"
#include "nabla/ops/softmax.h"

namespace nabla {
namespace {

Spec infer_loss(const Op&, Inputs in, const Attributes&) {
  const Shape& scores = in[0].shape();
  if (!is_floating(in[0].dtype())) {
    throw DTypeError(str("softmax_cross_entropy: scores are f32 or f64, got ", in[0].dtype()));
  }
  if (in[1].dtype() != DType::i64 && in[1].dtype() != DType::i32) {
    throw DTypeError(str("softmax_cross_entropy: labels are i64 or i32, got ", in[1].dtype()));
  }
  Shape rows;
  for (int i = 0; i + 1 < scores.rank(); ++i) rows.push_back(scores[i]);
  if (scores.rank() == 0 || rows != in[1].shape()) {
    throw ShapeError(str("softmax_cross_entropy: scores ", scores,
                         " need one label a row, got labels ", in[1].shape()));
  }
  if (scores.back() == 0) {
    throw ShapeError(str("softmax_cross_entropy: scores ", scores, " have no classes"));
  }
  return {in[0].dtype(), rows};
}

// labelled[i] = scores[i, labels[i]]
template <class T, class Label>
void take_labelled(std::int64_t rows, std::int64_t classes, const T* scores, const Label* labels,
                   T* labelled) {
  for (std::int64_t i = 0; i < rows; ++i) {
    if (labels[i] < 0 || labels[i] >= classes) {
      throw ValueError(str("softmax_cross_entropy: label ", labels[i], " of row ", i,
                           " is outside of [0, ", classes, ")"));
    }
    labelled[i] = scores[i * classes + labels[i]];
  }
}

void loss_kernel(std::span<const Argument> in, const Argument& out, const Attributes&) {
  const std::int64_t classes = in[0].shape().back();
  const std::int64_t rows = in[1].shape().elements();
  const auto take = [&]<class T, class Label>(T, Label) {
    take_labelled(rows, classes, in[0].as<T>(), in[1].as<Label>(), out.as<T>());
  };
  const bool wide = in[1].dtype == DType::i64;
  if (out.dtype == DType::f32) {
    wide ? take(float{}, std::int64_t{}) : take(float{}, std::int32_t{});
  } else {
    wide ? take(double{}, std::int64_t{}) : take(double{}, std::int32_t{});
  }
  row_logsumexp_above(out.dtype, rows, classes, in[0].data, out.data);
}

// The derivative of each row's loss.
Tensor derivative(const Call& c) { return softmax_residual(c.in[0], c.in[1]); }

const TableEntry softmax_cross_entropy_op(Op{
    .name = "softmax_cross_entropy",
    .doc = "-log softmax(scores)[label] for each row",
    .arity = 2,
    .infer = infer_loss,
    .rule = Custom{
        .vjp =
            [](const Call& c, int, const Tensor& g) {
              Shape column = g.shape();
              column.push_back(1);
              const Tensor rows = broadcast_to(reshape(g, column), c.in[0].shape());
              return scale_gradient(rows, derivative(c));
            },
        .jvp = [](const Call& c,
                  std::span<const Tensor> t) { return sum(t[0] * derivative(c), {-1}); }},
    .kernel = loss_kernel,
    .samples = {{.inputs = {{{4, 3}}, {{4}, 0, 3, DType::i64}}},
                {.inputs = {{{2, 2, 20}}, {{2, 2}, 0, 20, DType::i32}}},
                {.inputs = {{{4, 3}}, {{4}, 3, 4, DType::i64}},
                 .error = "softmax_cross_entropy: label 3 of row 0 is outside of [0, 3)"},
                {.inputs = {{{4, 3}}, {{3}, 0, 3, DType::i64}},
                 .error = "softmax_cross_entropy: scores [4, 3] need one label a row, got labels "
                          "[3]"},
                {.inputs = {{{2, 0}}, {{2}, 0, 1, DType::i64}},
                 .error = "softmax_cross_entropy: scores [2, 0] have no classes"}}});

}  // namespace

Tensor softmax_cross_entropy(const Tensor& scores, const Tensor& labels) {
  return apply(softmax_cross_entropy_op, {scores, labels});
}

Tensor sigmoid_cross_entropy(const Tensor& scores, const Tensor& targets) {
  if (scores.shape() != targets.shape()) {
    throw ShapeError(str("sigmoid_cross_entropy: scores ", scores.shape(), ", targets ",
                         targets.shape(), ": expected the same shape"));
  }
  // softplus(x) - x t would lose what is left where both are large.
  // A target of 0 or 1 leaves one of them out, where it may be infinite.
  return scale_gradient(targets, softplus(-scores)) + scale_gradient(1 - targets, softplus(scores));
}

}  // namespace nabla
