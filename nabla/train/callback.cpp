#include "nabla/train/callback.h"

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

// The value that early stopping wants to be small.
double cost_of(Monitor monitor, const EpochRecord& record) {
  if (monitor == Monitor::train_loss) return record.train_loss;
  const bool is_loss = monitor == Monitor::validation_loss;
  const auto& value = is_loss ? record.validation_loss : record.validation_accuracy;
  if (!value) {
    throw ValueError(str("early stopping: monitors the validation ",
                         is_loss ? "loss, but fit has no validation data"
                                 : "accuracy, but fit has no validation data with classes"));
  }
  return is_loss ? *value : -*value;
}

// What an epoch changes in a model, but for the places of random numbers.
std::vector<State> restorable(const nn::Layer& model) {
  std::vector<State> states;
  for (const nn::NamedState& each : model.states()) {
    if (each.role != nn::Role::random) states.push_back(each.state);
  }
  return states;
}

// What must be the same where a run goes on.
std::string text_of(const EarlyStoppingOptions& options) {
  return str("monitor=", static_cast<int>(options.monitor), ", patience=", options.patience,
             ", min_delta=", shortest(options.min_delta),
             ", restore_best=", options.restore_best ? "true" : "false");
}

constexpr const char* options_key = "options";

}  // namespace

void Callback::restore(const TensorFile& memory) {
  if (memory.tensors.empty() && memory.metadata.empty()) return;
  throw ValueError(
      str("callback: the checkpoint has ",
          memory.tensors.empty() ? memory.metadata.begin()->first : memory.tensors[0].name,
          " of another callback in its place: expected callbacks in the order of the run"));
}

EarlyStopping::EarlyStopping(EarlyStoppingOptions options) : options_(options) {
  if (options.patience < 1) {
    throw ValueError(str("early stopping: patience ", options.patience, ": expected at least 1"));
  }
  if (!(options.min_delta >= 0)) {
    throw ValueError(
        str("early stopping: min_delta ", shortest(options.min_delta), ": expected at least 0"));
  }
}

void EarlyStopping::on_fit_begin(Progress& progress) {
  restorable_ = restorable(progress.model);
  best_cost_.reset();
  best_.clear();  // of an earlier fit that ended before on_fit_end()
}

void EarlyStopping::on_epoch_end(Progress& progress, const EpochRecord& record) {
  const double cost = cost_of(options_.monitor, record);
  if (!best_cost_ || cost < *best_cost_ - options_.min_delta) {
    best_cost_ = cost;
    best_epoch_ = patient_since_ = record.epoch;
    best_.clear();
    if (!options_.restore_best) return;
    for (const State& state : restorable_) best_.push_back(state.value());
    return;
  }
  // It has stopped the run, which goes on.
  if (record.epoch - patient_since_ > options_.patience) patient_since_ = record.epoch - 1;
  if (record.epoch - patient_since_ < options_.patience) return;
  progress.stop(str("no better for ", record.epoch - best_epoch_,
                    record.epoch - best_epoch_ == 1 ? " epoch" : " epochs", "; the best was epoch ",
                    best_epoch_));
}

void EarlyStopping::on_fit_end(Progress& progress) {
  if (best_.empty() || progress.is_interrupted) return;  // where it goes on, the last counts
  for (std::size_t i = 0; i < best_.size(); ++i) restorable_[i].assign(best_[i]);
  best_.clear();
}

TensorFile EarlyStopping::memory() const {
  TensorFile memory;
  memory.metadata[options_key] = text_of(options_);
  if (!best_cost_) return memory;
  memory.tensors.push_back({"best_cost", Tensor(*best_cost_)});
  memory.tensors.push_back({"best_epoch", Tensor::from<std::int64_t>({best_epoch_}, {1})});
  memory.tensors.push_back({"patient_since", Tensor::from<std::int64_t>({patient_since_}, {1})});
  for (std::size_t i = 0; i < best_.size(); ++i) {
    memory.tensors.push_back({str("best.", i), best_[i]});
  }
  return memory;
}

void EarlyStopping::restore(const TensorFile& memory) {
  const auto refuse = [](std::string_view what) {
    throw ValueError(str("early stopping: the checkpoint has ", what,
                         ": expected what early stopping of this model remembers, and callbacks in "
                         "the order of the run"));
  };
  best_.clear();
  for (const auto& [name, value] : memory.tensors) {
    if (name == "best_cost" && value.spec() == Spec{DType::f64, {}}) {
      best_cost_ = value.item();
    } else if (name == "best_epoch" && value.spec() == Spec{DType::i64, {1}}) {
      best_epoch_ = value.to_vector<std::int64_t>()[0];
    } else if (name == "patient_since" && value.spec() == Spec{DType::i64, {1}}) {
      patient_since_ = value.to_vector<std::int64_t>()[0];
    } else if (name == str("best.", best_.size()) && best_.size() < restorable_.size() &&
               value.spec() == restorable_[best_.size()].spec()) {
      best_.push_back(value);
    } else {
      refuse(str("a tensor ", quote(name), " ", value.spec()));
    }
  }
  const auto options = memory.metadata.find(options_key);
  if (options == memory.metadata.end()) refuse("nothing of it");
  if (options->second != text_of(options_)) {
    refuse(str("options ", options->second, ", not ", text_of(options_)));
  }
  if (!best_.empty() && best_.size() != restorable_.size()) {
    refuse(str(best_.size(), " states of the best model, ", restorable_.size(), " are needed"));
  }
}

}  // namespace nabla
