#include "nabla/train/trainer.h"

#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <map>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/text.h"
#include "nabla/data/loader.h"
#include "nabla/train/run_record.h"

namespace nabla {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

Trainer::Trainer(const nn::AnyLayer& model, nn::Loss loss, std::shared_ptr<optim::Method> method)
    : model_(model), loss_(std::move(loss)), method_(std::move(method)), evaluator_(model, loss_) {
  check_present(method_, "trainer: the optimizer", "an update rule, such as optim::Adam()");
  method_->attach(model_->parameters());
  method_states_ = method_->states();
  step_ = make_step(model_, loss_, method_, shards_);
}

// One call of fit.
class Trainer::Loop {
 public:
  Loop(Trainer& trainer, const data::Dataset& train, const FitOptions& options)
      : trainer_(trainer),
        train_(train),
        options_(options),
        takes_all_(options.batch_size == 0 || options.batch_size >= train.size()),
        loader_(train, {.batch_size = options.batch_size == 0 ? train.size() : options.batch_size,
                        .shuffle = options.shuffle,
                        .seed = options.seed}),
        parameters_(trainer.model_->named_parameters()),
        progress_{.model = *trainer.model_,
                  .method = *trainer.method_,
                  .epochs = trainer.epochs_done_ + options.epochs,
                  .batches = loader_.batches()} {}

  History run() {
    std::exception_ptr error;
    trainer_.is_fitting_ = true;
    try {
      if (is_recorded()) settings_ = settings_text();
      if (trainer_.resumed_) go_on(*trainer_.resumed_);
      while (begun_ < options_.callbacks.size()) {
        const auto& callback = options_.callbacks[begun_];
        callback->on_fit_begin(progress_);
        const std::size_t place = begun_++;
        if (trainer_.resumed_) callback->restore(callback_memory(trainer_.resumed_->file, place));
      }
      trainer_.resumed_.reset();
      last_checkpoint_ = Clock::now();
      run_epochs();
    } catch (...) {
      error = std::current_exception();
    }
    end(error);
    trainer_.is_fitting_ = false;
    // A fit that was refused, whatever its callbacks did in the end: the right one can follow.
    if (const auto resumed = trainer_.resumed_) trainer_.resume(resumed->file, resumed->source);
    if (error) std::rethrow_exception(error);
    history_.stop_reason = progress_.stop_reason;
    return history_;
  }

 private:
  void run_epochs() {
    while (progress_.stop_reason.empty() && trainer_.epochs_done_ < progress_.epochs) {
      progress_.epoch = trainer_.epochs_done_ + 1;
      progress_.batch = place_.batches;
      notify(&Callback::on_epoch_begin);
      if (!progress_.stop_reason.empty()) break;
      trainer_.check_parameters();
      history_.epochs.push_back(run_epoch());
      for (const auto& callback : options_.callbacks) {
        callback->on_epoch_end(progress_, history_.epochs.back());
      }
      if (is_checkpoint_due_behind_epoch() || progress_.is_interrupted) write_checkpoint();
      stop_if_interrupted();
    }
  }

  // Tells all that were told of the beginning; keeps the first error.
  void end(std::exception_ptr& error) {
    for (std::size_t i = 0; i < begun_; ++i) {
      try {
        options_.callbacks[i]->on_fit_end(progress_);
      } catch (...) {
        if (!error) error = std::current_exception();
      }
    }
  }

  void notify(void (Callback::*event)(Progress&)) {
    for (const auto& callback : options_.callbacks) (callback.callback.get()->*event)(progress_);
  }

  EpochRecord run_epoch() {
    const auto begin = Clock::now();
    loader_.start_epoch(progress_.epoch - 1);
    loader_.skip(place_.batches);
    ++trainer_.epochs_done_;  // an error ends the epoch, too
    run_batches();
    const double seconds = place_.seconds + seconds_since(begin);
    EpochRecord record{.epoch = progress_.epoch,
                       .train_loss = place_.loss / place_.samples,
                       .seconds = seconds,
                       .samples_per_second = place_.samples / seconds};
    if (options_.validation) {
      const Evaluation evaluation = trainer_.evaluate(*options_.validation);
      check_loss("validation loss", evaluation.loss, true);
      record.validation_loss = evaluation.loss;
      record.validation_accuracy = evaluation.accuracy;
    }
    place_ = {};
    return record;
  }

  void run_batches() {
    const bool by_data_set = takes_all_ && trainer_.step_->takes_data_sets();
    const auto begin = Clock::now();
    const double seconds_before = place_.seconds;
    while (progress_.stop_reason.empty() && progress_.batch < progress_.batches) {
      if (!by_data_set) loader_.next(batch_[0], batch_[1]);
      notify(&Callback::on_batch_begin);
      progress_.loss = by_data_set ? trainer_.step_->run(train_) : trainer_.step_->run(batch_);
      const auto samples = static_cast<double>(by_data_set ? train_.size() : batch_[1].shape()[0]);
      ++progress_.batch;
      check_loss("loss", progress_.loss, progress_.epoch > 1 || progress_.batch > 1);
      place_.batches = progress_.batch;
      place_.loss += progress_.loss * samples;
      place_.samples += samples;
      notify(&Callback::on_batch_end);
      ++steps_;
      // An epoch that a callback ends gets its record first, and its checkpoint behind that.
      if (!progress_.stop_reason.empty()) continue;
      if (is_checkpoint_due() || progress_.is_interrupted) {
        place_.seconds = seconds_before + seconds_since(begin);
        write_checkpoint();
      }
      stop_if_interrupted();
    }
    place_.seconds = seconds_before;
    trainer_.check_parameters();
    for (const nn::NamedState& each : parameters_) {
      if (!is_finite(each.state.value())) {
        fail(str("parameter ", each.name, " is not finite"), true);
      }
    }
  }

  bool is_checkpoint_due() const {
    const CheckpointOptions& options = options_.checkpoint;
    return (options.every_steps > 0 && steps_ % options.every_steps == 0) ||
           (options.every_seconds > 0 && seconds_since(last_checkpoint_) >= options.every_seconds);
  }

  bool is_checkpoint_due_behind_epoch() const {
    const CheckpointOptions& options = options_.checkpoint;
    const std::int64_t every = options.every_epochs;
    const bool is_last =
        trainer_.epochs_done_ == progress_.epochs || !progress_.stop_reason.empty();
    if (every > 0 && trainer_.epochs_done_ % every == 0) return true;
    return is_last && (every > 0 || options.every_steps > 0 || options.every_seconds > 0);
  }

  void stop_if_interrupted() const {
    if (!progress_.is_interrupted) return;
    throw Interrupted(str("epoch ", progress_.epoch, ", step ", progress_.batch, ": interrupted"));
  }

  bool is_recorded() const { return !options_.checkpoint.path.empty() || trainer_.resumed_; }

  // What must be the same where a run goes on.
  std::string settings_text() const {
    return str("batch_size=", options_.batch_size, ", shards=", options_.shards,
               ", shuffle=", options_.shuffle ? "true" : "false", ", seed=", options_.seed,
               ", samples=", train_.size(), ", data=", data::fingerprint(train_), ", validation=",
               options_.validation ? str(data::fingerprint(*options_.validation)) : "none");
  }

  void write_checkpoint() {
    if (options_.checkpoint.path.empty()) return;
    trainer_.check_parameters();
    TensorFile file = trainer_.record();
    const bool in_epoch = place_.batches > 0;
    place_.epochs_done = trainer_.epochs_done_ - (in_epoch ? 1 : 0);
    add_place(file, place_);
    add_history(file, history_.epochs, progress_.stop_reason);
    for (std::size_t i = 0; i < options_.callbacks.size(); ++i) {
      add_callback_memory(file, options_.callbacks[i]->memory(), i);
    }
    file.metadata["settings"] = settings_;
    for (const auto& [key, text] : options_.checkpoint.info) file.metadata["info." + key] = text;
    write_file_atomically(options_.checkpoint.path, encode_checkpoint(std::move(file)));
    last_checkpoint_ = Clock::now();
  }

  void go_on(const Resumed& resumed) {
    const auto settings = resumed.file.metadata.find("settings");
    if (settings == resumed.file.metadata.end() || settings->second != settings_) {
      throw ValueError(str(resumed.source, ": is of a run with ",
                           settings == resumed.file.metadata.end() ? "" : settings->second,
                           ": expected the same, got ", settings_));
    }
    check_callback_count(resumed.file, options_.callbacks.size(), resumed.source);
    if (resumed.record.place.batches > 0 && options_.epochs == 0) {
      throw ValueError(str(resumed.source, ": is of a run within epoch ",
                           resumed.record.place.epochs_done + 1,
                           ": expected at least 1 epoch to go on with, got 0"));
    }
    place_ = resumed.record.place;
    history_.epochs = resumed.record.epochs;
    progress_.stop_reason = resumed.record.stop_reason;
  }

  void check_loss(std::string_view name, double loss, bool is_updated) const {
    if (std::isfinite(loss)) return;
    fail(str("the ", name, " is ", std::isnan(loss) ? "not a number" : "infinite"), is_updated);
  }

  // `is_updated`: an update came before, and may be to blame.
  [[noreturn]] void fail(std::string_view what, bool is_updated) const {
    const double rate = trainer_.method_->learning_rate();
    throw Error(str("epoch ", progress_.epoch, ", step ", progress_.batch, ": ", what,
                    is_updated ? str("; lower the learning rate (now ", shortest(rate),
                                     ") and start again from fresh parameters")
                               : " before any update; scale the inputs, or the parameters, down"));
  }

  Trainer& trainer_;
  const data::Dataset& train_;
  const FitOptions& options_;
  bool takes_all_;  // a batch is all samples
  data::Loader loader_;
  std::vector<nn::NamedState> parameters_;
  Progress progress_;
  RunPlace place_;
  History history_;
  std::string settings_;
  std::int64_t steps_ = 0;  // of this call
  Clock::time_point last_checkpoint_;
  std::size_t begun_ = 0;       // callbacks that were told of the beginning
  Tensors batch_ = Tensors(2);  // inputs and targets, in memory that is filled again each time
};

namespace {

// Throws where validation data are not of the kind of the training data.
void check_alike(const data::Dataset& train, const data::Dataset& validation) {
  data::check(validation);
  const auto fail = [&](const auto& found, const auto& expected, std::string_view noun) {
    throw ShapeError(str("fit: validation data ", quote(validation.name), " have ", found, noun,
                         ", training data ", quote(train.name), " ", expected, noun,
                         ": expected the same"));
  };
  if (validation.sample_shape() != train.sample_shape()) {
    fail(validation.sample_shape(), train.sample_shape(), " for a sample");
  }
  if (validation.class_names.size() != train.class_names.size()) {
    fail(validation.class_names.size(), train.class_names.size(), " classes");
  }
  if (validation.outputs() != train.outputs()) {
    fail(validation.outputs(), train.outputs(), " targets for a sample");
  }
}

void check(const FitOptions& options, std::int64_t epochs_done) {
  if (options.epochs < 0) {
    throw ValueError(str("fit: epochs ", options.epochs, ": expected at least 0"));
  }
  if (options.epochs > std::numeric_limits<std::int64_t>::max() - epochs_done) {
    throw ValueError(str("fit: epochs ", options.epochs, " behind ", epochs_done,
                         ": expected fewer than 2^63 in all"));
  }
  for (std::size_t i = 0; i < options.callbacks.size(); ++i) {
    check_present(options.callbacks[i], str("fit: callbacks[", i, "]"),
                  "a Callback, such as EarlyStopping");
  }
  const CheckpointOptions& checkpoint = options.checkpoint;
  if (checkpoint.every_epochs < 0 || checkpoint.every_steps < 0 ||
      !(checkpoint.every_seconds >= 0)) {
    throw ValueError(str("fit: checkpoints every ", checkpoint.every_epochs, " epochs, ",
                         checkpoint.every_steps, " steps and ", checkpoint.every_seconds,
                         " seconds: expected at least 0 of each"));
  }
}

// Of an epoch.
std::int64_t smallest_batch(std::int64_t samples, std::int64_t batch_size) {
  if (batch_size == 0 || batch_size >= samples) return samples;
  return samples % batch_size == 0 ? batch_size : samples % batch_size;
}

}  // namespace

History Trainer::fit(const data::Dataset& train, const FitOptions& options) {
  if (is_fitting_) {
    throw Error(
        "fit: this trainer is fitting already: call it again behind that call, not from a "
        "callback");
  }
  check_parameters();
  nn::check_learns("fit", *model_);
  check(options, epochs_done_);
  if (train.size() == 0) throw ValueError("fit: the data set has no samples");
  model_->output_shape(train.sample_shape());
  if (options.validation) {
    if (options.validation->size() == 0) {
      throw ValueError("fit: the validation data have no samples");
    }
    check_alike(train, *options.validation);
  }
  const std::int64_t samples = smallest_batch(train.size(), options.batch_size);
  if (samples < options.shards) {
    throw ValueError(str("fit: shards ", options.shards, ": the smallest batch of an epoch has ",
                         samples, samples == 1 ? " sample" : " samples",
                         ": expected at least one for each; choose another batch_size"));
  }
  if (options.shards != shards_) {
    step_ = make_step(model_, loss_, method_, options.shards);
    shards_ = options.shards;
  }
  return Loop(*this, train, options).run();
}

void Trainer::check_parameters() const {
  if (method_->parameters() == model_->parameters() && method_->states() == method_states_) return;
  throw ValueError(
      "fit: the optimizer was attached to other parameters, or some were frozen or set free "
      "since: expected a trainer of its own for these");
}

TensorFile Trainer::record() const {
  TensorFile file;
  std::vector<std::string> frozen;
  for (const nn::NamedState& each : model_->states()) {
    file.tensors.push_back({"model." + each.name, each.state.value()});
    if (each.state.is_frozen()) frozen.push_back(each.name);
  }
  for (const State& state : method_->states()) {
    file.tensors.push_back({"method." + state.name(), state.value()});
  }
  file.metadata["architecture"] = model_->text();
  file.metadata["method"] = method_->text();
  file.metadata["loss"] = loss_.text();
  file.metadata["frozen"] = join(frozen, " ");
  return file;
}

namespace {

// The tensors of a checkpoint that have the names and kinds of these, in their order. Throws where
// one is missing, or the checkpoint has states beside them.
std::vector<Tensor> values_of(const TensorFile& checkpoint, const TensorFile& wanted,
                              const std::string& source) {
  std::map<std::string_view, const Tensor*> found;
  for (const auto& [name, value] : checkpoint.tensors) {
    if (name.starts_with("model.") || name.starts_with("method.")) found[name] = &value;
  }
  const auto fail = [&](const std::string& name, const std::string& what) {
    throw FileError(str(source, ": tensor ", quote(name), ": expected ", what));
  };
  std::vector<Tensor> values;
  values.reserve(wanted.tensors.size());
  for (const auto& [name, value] : wanted.tensors) {
    const auto theirs = found.find(name);
    if (theirs == found.end()) fail(name, str(value.spec(), ", found none"));
    if (theirs->second->spec() != value.spec()) {
      fail(name, str(value.spec(), ", found ", theirs->second->spec()));
    }
    values.push_back(*theirs->second);
    found.erase(theirs);
  }
  if (!found.empty()) fail(std::string(found.begin()->first), "none of that name");
  return values;
}

}  // namespace

void Trainer::resume(const TensorFile& checkpoint, const std::string& source) {
  const TensorFile mine = record();
  for (const auto& [key, value] : mine.metadata) {
    const auto theirs = checkpoint.metadata.find(key);
    const std::string found = theirs == checkpoint.metadata.end() ? "none" : theirs->second;
    if (found != value) {
      throw FileError(
          str(source, ": is of a run with ", key, " ", quote(found), ": expected ", quote(value)));
    }
  }
  RunRecord record = read_record(checkpoint, source);
  std::vector<State> states;
  for (const nn::NamedState& each : model_->states()) states.push_back(each.state);
  for (const State& state : method_->states()) states.push_back(state);
  const std::vector<Tensor> values = values_of(checkpoint, mine, source);
  for (std::size_t i = 0; i < values.size(); ++i) states[i].assign(values[i]);
  epochs_done_ = record.place.epochs_done;
  resumed_ = Resumed{std::move(record), checkpoint, source};
}

}  // namespace nabla
