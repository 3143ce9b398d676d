#include "nabla/train/evaluator.h"

#include <algorithm>
#include <cmath>
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

namespace {

// Cross-entropy and accuracy of the classes' frequencies.
Evaluation evaluate_frequencies(const data::Dataset& train, const data::Dataset& test) {
  std::vector<double> counts(train.class_names.size());
  for (const std::int64_t label : train.targets.to_vector<std::int64_t>()) {
    ++counts[static_cast<std::size_t>(label)];
  }
  const auto likeliest = std::ranges::max_element(counts) - counts.begin();
  Evaluation sum{0, 0};
  for (const std::int64_t label : test.targets.to_vector<std::int64_t>()) {
    const double part = counts[static_cast<std::size_t>(label)] / static_cast<double>(train.size());
    sum.loss -= std::log(part);
    *sum.accuracy += label == likeliest ? 1 : 0;
  }
  const auto samples = static_cast<double>(test.size());
  return {sum.loss / samples, *sum.accuracy / samples};
}

// Mean squared error of the targets' means.
Evaluation evaluate_means(const data::Dataset& train, const data::Dataset& test) {
  const auto outputs = static_cast<std::size_t>(train.outputs());
  std::vector<double> means(outputs);
  const auto known = train.targets.to_vector<float>();
  for (std::size_t i = 0; i < known.size(); ++i) {
    means[i % outputs] += static_cast<double>(known[i]) / static_cast<double>(train.size());
  }
  const auto targets = test.targets.to_vector<float>();
  double sum = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double distance = static_cast<double>(targets[i]) - means[i % outputs];
    sum += distance * distance;
  }
  return {sum / static_cast<double>(targets.size()), {}};
}

}  // namespace

Evaluation evaluate_constant(const data::Dataset& train, const data::Dataset& test) {
  data::check(train);
  data::check(test);
  if (train.size() == 0 || test.size() == 0) {
    throw ValueError("evaluate_constant: expected at least one sample of each, got none");
  }
  if (train.class_names != test.class_names || train.outputs() != test.outputs()) {
    throw ValueError(str("evaluate_constant: data sets ", quote(train.name), " and ",
                         quote(test.name), ": expected the same classes or outputs"));
  }
  return train.class_names.empty() ? evaluate_means(train, test)
                                   : evaluate_frequencies(train, test);
}

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
