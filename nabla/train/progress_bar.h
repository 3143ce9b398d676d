/// How far training is, on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "nabla/train/callback.h"

namespace nabla {

/// A line on standard error that shows how far the epoch is and how long the epochs that are left
/// will take; erased at the end of the epoch. As wide as the terminal, also when that changes;
/// without colours. Nothing is drawn where standard error is no terminal that can erase, nor where
/// standard output goes to a pipe, whose reader may write to the same terminal.
class ProgressBar : public Callback {
 public:
  /// Looks what standard error is.
  ProgressBar();
  void on_fit_begin(Progress&) override;
  void on_batch_end(Progress& progress) override;
  void on_epoch_end(Progress&, const EpochRecord&) override { erase(); }
  void on_fit_end(Progress&) override { erase(); }  // an error may end an epoch

 private:
  using Clock = std::chrono::steady_clock;

  void erase();

  bool is_visible_ = false;
  bool is_drawn_ = false;
  std::int64_t steps_ = 0;  // since the beginning
  Clock::time_point begin_;
  Clock::time_point drawn_;
};

/// The line for a terminal of that many columns, shorter than those: "epoch 2/5 [===   ] 6/12  loss
/// 0.1234  8 s left". Where it does not fit, the loss goes first, then the bar, then the rest.
std::string progress_line(const Progress& progress, std::optional<double> seconds_left,
                          std::size_t columns);

}  // namespace nabla
