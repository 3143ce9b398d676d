#include "nabla/train/step.h"

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/data/loader.h"
#include "nabla/optim/minimizer.h"
#include "nabla/plan/capture.h"
#include "nabla/train/shards.h"

namespace nabla {
namespace {

// The gradient and the update are one plan.
class RuleStep : public Step {
 public:
  RuleStep(const nn::AnyLayer& model, const nn::Loss& loss,
           const std::shared_ptr<optim::Optimizer>& rule, std::int64_t shards)
      : step_([=](const Tensors& batch) -> Tensors {
          if (shards > 1) return {step_in_shards(*model, loss, *rule, batch, shards)};
          return {rule->minimize([&] { return loss((*model)(batch[0]), batch[1]); })};
        }) {}

  double run(const Tensors& batch) override { return step_(batch)[0].item(); }

 private:
  Captured step_;
};

class MinimizerStep : public Step {
 public:
  MinimizerStep(const nn::AnyLayer& model, const nn::Loss& loss,
                std::shared_ptr<optim::Minimizer> minimizer)
      : objective_(model, loss), minimizer_(std::move(minimizer)) {}

  double run(const Tensors& batch) override {
    objective_.set_batch(batch[0], batch[1]);
    return minimizer_->step(objective_);
  }

  double run(const data::Dataset& dataset) override {
    constexpr std::int64_t chunk = 1024;
    data::Loader loader(dataset, {.batch_size = chunk});
    objective_.set_batches([&](const optim::Objective::Visit& visit) {
      data::Batch batch;
      loader.start_epoch(0);
      while (loader.next(batch)) visit(batch.inputs, batch.targets);
    });
    return minimizer_->step(objective_);
  }
  bool takes_data_sets() const override { return true; }

 private:
  optim::Objective objective_;
  std::shared_ptr<optim::Minimizer> minimizer_;
};

}  // namespace

double Step::run(const data::Dataset&) {
  throw InternalError("a step of an update rule takes batches only");
}

std::unique_ptr<Step> make_step(const nn::AnyLayer& model, const nn::Loss& loss,
                                const std::shared_ptr<optim::Method>& method, std::int64_t shards) {
  constexpr std::int64_t most_shards = 4096;
  if (shards < 1 || shards > most_shards) {
    throw ValueError(str("fit: shards ", shards, ": expected 1 to ", most_shards));
  }
  if (auto rule = std::dynamic_pointer_cast<optim::Optimizer>(method)) {
    return std::make_unique<RuleStep>(model, loss, rule, shards);
  }
  if (auto minimizer = std::dynamic_pointer_cast<optim::Minimizer>(method)) {
    if (shards == 1) return std::make_unique<MinimizerStep>(model, loss, minimizer);
    throw ValueError(str("fit: ", method->name(), " takes no shards: expected an update rule"));
  }
  throw ValueError(
      str("trainer: ", method->name(), ": expected an update rule (Optimizer) or a Minimizer"));
}

}  // namespace nabla
