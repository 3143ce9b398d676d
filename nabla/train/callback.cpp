#include "nabla/train/callback.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iomanip>
#include <string_view>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

// What a smaller value is better of.
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

}  // namespace

EarlyStopping::EarlyStopping(EarlyStoppingOptions options) : options_(options) {
  if (options.patience < 1) {
    throw ValueError(str("early stopping: patience ", options.patience, ": expected at least 1"));
  }
  if (!(options.min_delta >= 0)) {
    throw ValueError(
        str("early stopping: min_delta ", shortest(options.min_delta), ": expected at least 0"));
  }
}

void EarlyStopping::on_fit_begin(Progress&) {
  best_.reset();
  best_parameters_.clear();  // of a fit of whose end it was not told
}

void EarlyStopping::on_epoch_end(Progress& progress, const EpochRecord& record) {
  const double cost = cost_of(options_.monitor, record);
  if (!best_ || cost < *best_ - options_.min_delta) {
    best_ = cost;
    best_epoch_ = record.epoch;
    best_parameters_.clear();
    if (!options_.restore_best) return;
    for (const State& parameter : progress.model.parameters()) {
      best_parameters_.push_back(parameter.value());
    }
  } else if (record.epoch - best_epoch_ >= options_.patience) {
    progress.stop(
        str("no better for ", options_.patience, " epochs; the best was epoch ", best_epoch_));
  }
}

void EarlyStopping::on_fit_end(Progress& progress) {
  const std::vector<State> parameters = progress.model.parameters();
  for (std::size_t i = 0; i < best_parameters_.size(); ++i) {
    parameters[i].assign(best_parameters_[i]);
  }
  best_parameters_.clear();
}

ProgressBar::ProgressBar() {
  const char* terminal = std::getenv("TERM");
  const bool can_erase = terminal == nullptr || std::string_view(terminal) != "dumb";
  is_terminal_ = can_erase && isatty(STDERR_FILENO) != 0;
}

void ProgressBar::erase() {
  if (is_drawn_) std::fputs("\r\033[K", stderr);
  is_drawn_ = false;
}

void ProgressBar::on_batch_end(Progress& progress) {
  if (!is_terminal_) return;
  constexpr std::int64_t pause = 50'000'000;
  const std::int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  if (now - drawn_ < pause) return;
  drawn_ = now;
  is_drawn_ = true;
  constexpr std::int64_t width = 30;
  const std::int64_t done = width * progress.batch / progress.batches;
  const std::string bar(static_cast<std::size_t>(done), '=');
  std::fprintf(stderr, "\repoch %d/%d [%-30s] %d/%d  loss %s\033[K",
               static_cast<int>(progress.epoch), static_cast<int>(progress.epochs), bar.c_str(),
               static_cast<int>(progress.batch), static_cast<int>(progress.batches),
               str(std::fixed, std::setprecision(4), progress.loss).c_str());
}

}  // namespace nabla
