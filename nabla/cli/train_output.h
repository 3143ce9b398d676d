/// What nabla train prints and leaves behind.
#pragma once

#include <memory>
#include <string>

#include "nabla/cli/train_options.h"
#include "nabla/train/model_file.h"
#include "nabla/train/trainer.h"

namespace nabla::cli {

/// What a run was made of, and how it went.
struct TrainRun {
  const TrainOptions& options;
  const ModelInfo& info;
  const nn::Layer& model;
  const optim::Method& method;
  std::int64_t train_samples;
  std::int64_t judge_samples;  // of what each epoch is judged by
  std::string judge;           // what that is called: "test" or "validation"
  Evaluation trivial_train;    // of the best answer that does not look at the inputs
  Evaluation trivial_test;
  std::string folder;
};

/// The line, or the JSON, of the start.
void print_start(const TrainRun& run);
/// One line, or one JSON object, an epoch.
std::shared_ptr<Callback> make_epoch_lines(const TrainRun& run);
/// How it ended; `test` is the judgement of the test part.
void print_end(const TrainRun& run, const History& history, const Evaluation& test);
/// That it can go on: for a run that a signal ended.
void print_interrupted(const TrainRun& run, std::string_view where);

std::string metrics_json(const TrainRun& run, const History& history, const Evaluation& test);

}  // namespace nabla::cli
