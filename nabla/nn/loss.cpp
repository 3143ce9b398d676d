#include "nabla/nn/loss.h"

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/ops/cross_entropy.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/reduction.h"

namespace nabla::nn {
namespace {

template <Tensor (*loss)(const Tensor&, const Tensor&)>
Loss make(const Term& term) {
  NoOptions::table().read(term);
  return {term.name, loss};
}

}  // namespace

Loss::Loss(Tensor (*function)(const Tensor&, const Tensor&)) : function_(function) {
  for (const auto& entry : loss_table()) {
    const Loss known = entry.make({.name = std::string(entry.name)});
    const auto* target = known.function_.target<decltype(function)>();
    if (target != nullptr && *target == function) text_ = known.text_;
  }
}

const LossTable& loss_table() {
  static const LossTable table(
      "loss", {{{.name = "cross_entropy",
                 .doc = "how surprising the labels are, for classes; the model gives scores",
                 .formula = "mean of -log softmax(scores)[label]"},
                make<cross_entropy>},
               {{.name = "mean_squared_error",
                 .doc = "for numbers",
                 .formula = "mean of (prediction - target)^2"},
                make<mean_squared_error>}});
  return table;
}

Loss make_loss(std::string_view text) {
  const Term term = parse_term(loss_table().noun(), text);
  return loss_table().find(term).make(term);
}

Tensor cross_entropy(const Tensor& scores, const Tensor& labels) {
  return mean(softmax_cross_entropy(scores, labels));
}

Tensor mean_squared_error(const Tensor& prediction, const Tensor& target) {
  if (prediction.shape() != target.shape()) {
    throw ShapeError(
        str("mean_squared_error: prediction ", prediction.shape(), ", target ", target.shape(),
            ": expected the same shape",
            is_floating(target.dtype()) ? "" : "; labels of classes take cross_entropy"));
  }
  return mean(square(prediction - target_for(prediction, target)));
}

Tensor correct_count(const Tensor& scores, const Tensor& labels) {
  const Tensor predicted = argmax(scores);
  if (predicted.shape() != labels.shape()) {
    throw ShapeError(str("accuracy: scores ", scores.shape(), " need one label a row, got labels ",
                         labels.shape()));
  }
  const Tensor wide = labels.dtype() == DType::i32 ? cast(labels, DType::i64) : labels;
  return sum(cast(equal(predicted, wide), DType::f64));
}

Tensor accuracy(const Tensor& scores, const Tensor& labels) {
  return correct_count(scores, labels) / static_cast<double>(labels.size());
}

}  // namespace nabla::nn
