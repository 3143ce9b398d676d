#include "nabla/train/evaluator.h"

#include <cstring>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/data/loader.h"
#include "nabla/graph/training.h"
#include "nabla/tensor/copy.h"

namespace nabla {
namespace {

constexpr std::int64_t batch_size = 500;

// Calls visit(tensors) for {inputs, targets} of each batch.
template <class Visit>
void for_each_batch(const data::Dataset& dataset, Visit visit_batch) {
  data::Loader loader(dataset, {.batch_size = batch_size});
  data::Batch batch;
  while (loader.next(batch)) visit_batch(Tensors{batch.inputs, batch.targets});
}

}  // namespace

Evaluator::Evaluator(const nn::AnyLayer& model, const nn::Loss& loss)
    : model_(model),
      judge_([model, loss](const Tensors& in) -> Tensors {
        const Tensor y = (*model)(in[0]);
        Tensors result = {loss(y, in[1])};
        if (in[1].dtype() == DType::i64) result.push_back(nn::correct_count(y, in[1]));
        return result;
      }),
      predict_([model](const Tensors& in) -> Tensors { return {(*model)(in[0])}; }) {
  check_present(model.layer, "the model of a trainer or evaluator",
                "a layer, such as nn::Sequential");
  check_present(loss, "the loss of a trainer or evaluator",
                "a function of predictions and targets, such as nn::cross_entropy");
}

Evaluation Evaluator::evaluate(const data::Dataset& dataset) {
  if (dataset.size() == 0) throw ValueError("evaluate: expected at least one sample, got none");
  model_->output_shape(dataset.sample_shape());
  const TrainingScope use(false);
  double loss = 0;
  double correct = 0;
  for_each_batch(dataset, [&](const Tensors& batch) {
    const Tensors& result = judge_(batch);
    loss += result[0].item() * static_cast<double>(batch[1].shape()[0]);
    if (result.size() > 1) correct += result[1].item();
  });
  const auto samples = static_cast<double>(dataset.size());
  Evaluation evaluation{loss / samples, {}};
  if (!dataset.class_names.empty()) evaluation.accuracy = correct / samples;
  return evaluation;
}

Tensor Evaluator::predict(const data::Dataset& dataset) {
  Shape shape{dataset.size()};
  for (const std::int64_t extent : model_->output_shape(dataset.sample_shape())) {
    shape.push_back(extent);
  }
  const TrainingScope use(false);
  Tensor all = Tensor::empty({DType::f32, shape});
  std::byte* to = all.writable_bytes();
  data::Dataset samples = dataset;
  samples.class_names.clear();
  samples.targets = Tensor::from(std::vector<float>(static_cast<std::size_t>(dataset.size())),
                                 {dataset.size(), 1});
  for_each_batch(samples, [&](const Tensors& batch) {
    const Tensor& result = predict_({batch[0]})[0];
    shape[0] = batch[0].shape()[0];
    if (const Spec expected{DType::f32, shape}; result.spec() != expected) {
      throw ShapeError(str("predict: model ", quote(model_->text()), " gives ", result.spec(),
                           " for a batch: expected ", expected, ", as for other batches"));
    }
    copy_elements(result, to);
    to += result.spec().byte_count();
  });
  return all;
}

}  // namespace nabla
