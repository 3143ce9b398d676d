#include "nabla/train/trainer.h"

#include <chrono>
#include <cmath>
#include <exception>
#include <limits>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/data/loader.h"

namespace nabla {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

Trainer::Trainer(const nn::AnyLayer& model, nn::Loss loss,
                 std::shared_ptr<optim::Optimizer> optimizer)
    : model_(model),
      optimizer_(std::move(optimizer)),
      evaluator_(model, loss),
      step_([model, loss, rule = optimizer_](const Tensors& in) -> Tensors {
        return {rule->minimize([&] { return loss((*model)(in[0]), in[1]); })};
      }) {
  check_present(optimizer_, "trainer: the optimizer", "an update rule, such as optim::Adam()");
  optimizer_->attach(model_->parameters());
  optimizer_states_ = optimizer_->states();
}

// One call of fit.
class Trainer::Loop {
 public:
  Loop(Trainer& trainer, const data::Dataset& train, const FitOptions& options)
      : trainer_(trainer),
        options_(options),
        loader_(
            train,
            {.batch_size = options.batch_size, .shuffle = options.shuffle, .seed = options.seed}),
        progress_{.model = *trainer.model_,
                  .epochs = trainer.epochs_done_ + options.epochs,
                  .batches = loader_.batches()} {}

  History run() {
    History history;
    std::exception_ptr error;
    trainer_.is_fitting_ = true;
    try {
      for (; begun_ < options_.callbacks.size(); ++begun_) {
        options_.callbacks[begun_]->on_fit_begin(progress_);
      }
      run_epochs(history);
    } catch (...) {
      error = std::current_exception();
    }
    end(error);
    trainer_.is_fitting_ = false;
    if (error) std::rethrow_exception(error);
    history.stop_reason = progress_.stop_reason;
    return history;
  }

 private:
  void run_epochs(History& history) {
    while (progress_.stop_reason.empty() && trainer_.epochs_done_ < progress_.epochs) {
      progress_.epoch = trainer_.epochs_done_ + 1;
      progress_.batch = 0;
      notify(&Callback::on_epoch_begin);
      if (!progress_.stop_reason.empty()) break;
      ++trainer_.epochs_done_;
      history.epochs.push_back(run_epoch());
      for (const auto& callback : options_.callbacks) {
        callback->on_epoch_end(progress_, history.epochs.back());
      }
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
    for (const auto& callback : options_.callbacks) (callback.get()->*event)(progress_);
  }

  EpochRecord run_epoch() {
    const auto begin = Clock::now();
    const auto [loss, samples] = run_batches();
    const double seconds = seconds_since(begin);
    EpochRecord record{.epoch = progress_.epoch,
                       .train_loss = loss / samples,
                       .seconds = seconds,
                       .samples_per_second = samples / seconds};
    if (options_.validation) {
      const Evaluation evaluation = trainer_.evaluate(*options_.validation);
      check_loss("validation loss", evaluation.loss, true);
      record.validation_loss = evaluation.loss;
      record.validation_accuracy = evaluation.accuracy;
    }
    return record;
  }

  struct Sums {
    double loss = 0;
    double samples = 0;
  };
  Sums run_batches() {
    Sums sums;
    loader_.start_epoch(progress_.epoch - 1);
    while (progress_.stop_reason.empty() && loader_.next(batch_[0], batch_[1])) {
      const auto samples = static_cast<double>(batch_[1].shape()[0]);
      progress_.loss = trainer_.step_(batch_)[0].item();
      ++progress_.batch;
      check_loss("loss", progress_.loss, progress_.epoch > 1 || progress_.batch > 1);
      sums.loss += progress_.loss * samples;
      sums.samples += samples;
      notify(&Callback::on_batch_end);
    }
    for (const nn::NamedState& each : trainer_.model_->named_parameters()) {
      if (!is_finite(each.state.value())) {
        fail(str("parameter ", each.name, " is not finite"), true);
      }
    }
    return sums;
  }

  void check_loss(std::string_view name, double loss, bool is_updated) const {
    if (std::isfinite(loss)) return;
    fail(str("the ", name, " is ", std::isnan(loss) ? "not a number" : "infinite"), is_updated);
  }

  // `is_updated`: an update came before, and may be to blame.
  [[noreturn]] void fail(std::string_view what, bool is_updated) const {
    const double rate = trainer_.optimizer_->learning_rate();
    throw Error(str("epoch ", progress_.epoch, ", step ", progress_.batch, ": ", what,
                    is_updated ? str("; lower the learning rate (now ", shortest(rate),
                                     ") and start again from fresh parameters")
                               : " before any update; scale the inputs, or the parameters, down"));
  }

  Trainer& trainer_;
  const FitOptions& options_;
  data::Loader loader_;
  Progress progress_;
  std::size_t begun_ = 0;       // callbacks that were told of the beginning
  Tensors batch_ = Tensors(2);  // inputs and targets, in memory that is filled again each time
};

History Trainer::fit(const data::Dataset& train, const FitOptions& options) {
  if (is_fitting_) {
    throw Error(
        "fit: this trainer is fitting already: call it again behind that call, not from a "
        "callback");
  }
  if (optimizer_->parameters() != model_->parameters() ||
      optimizer_->states() != optimizer_states_) {
    throw ValueError(
        "fit: the optimizer was attached to other parameters, or some were frozen or set free "
        "since: "
        "expected a trainer of its own for these");
  }
  if (options.epochs < 0) {
    throw ValueError(str("fit: epochs ", options.epochs, ": expected at least 0"));
  }
  if (options.epochs > std::numeric_limits<std::int64_t>::max() - epochs_done_) {
    throw ValueError(str("fit: epochs ", options.epochs, " behind ", epochs_done_,
                         ": expected fewer than 2^63 in all"));
  }
  for (std::size_t i = 0; i < options.callbacks.size(); ++i) {
    check_present(options.callbacks[i], str("fit: callbacks[", i, "]"),
                  "a Callback, such as EarlyStopping");
  }
  if (train.size() == 0) throw ValueError("fit: the data set has no samples");
  model_->output_shape(train.sample_shape());
  if (options.validation) {
    if (options.validation->size() == 0) {
      throw ValueError("fit: the validation data have no samples");
    }
    data::check(*options.validation);
    model_->output_shape(options.validation->sample_shape());
  }
  return Loop(*this, train, options).run();
}

}  // namespace nabla
