/// What nabla train is told.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "nabla/cli/commands.h"

namespace nabla::cli {

struct TrainOptions {
  std::string dataset;
  std::string model = "dense(128) relu dense";
  std::string optimizer = "adam";
  std::optional<double> learning_rate;
  std::string loss;  // empty: by the data
  std::int64_t batch_size = 128;
  std::int64_t shards = 1;
  std::int64_t epochs = 5;
  std::uint64_t seed = 0;
  std::string validation;  // a part such as 0.1, or a data set; empty: the test part
  std::string monitor = "validation_loss";
  std::int64_t patience = 0;  // 0: no early stopping
  double min_delta = 0;
  bool restore_best = true;
  std::int64_t checkpoint_epochs = 0;
  std::int64_t checkpoint_steps = 0;
  double checkpoint_minutes = 1;

  // Of this call alone.
  int threads = default_threads();
  std::string output;
  std::string resume;  // the folder of a run that is to go on
  bool json = false;
  bool quiet = false;
};

/// Adds the options to the command; what they say is there once it was parsed.
void add_train_options(CLI::App& command, TrainOptions& options);

/// Throws CLI::ValidationError where options do not fit each other; `command` was parsed.
void check_train_options(const CLI::App& command, const TrainOptions& options);

/// Throws ValueError for a text that the record of a run cannot hold.
void check_utf8(const TrainOptions& options);

/// The options that a run that goes on must keep, as a text for its checkpoint, and back. Throws
/// FileError, which starts with `source`, for a text that is none.
std::string to_text(const TrainOptions& options);
TrainOptions train_options_of(const std::string& text, const std::string& source);
/// Where a checkpoint has that text.
inline const std::string train_options_key = "info.options";

/// What the part of the data is called that each epoch is judged by: "test" or "validation".
inline std::string judge_of(const TrainOptions& options) {
  return options.validation.empty() ? "test" : "validation";
}

}  // namespace nabla::cli
