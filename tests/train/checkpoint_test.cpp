// Runs that stop and go on end with the bits of runs that were never stopped.
#include "nabla/train/checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/nn/architecture.h"
#include "nabla/ops/ops.h"
#include "nabla/optim/rules.h"
#include "nabla/train/model_file.h"
#include "nabla/train/trainer.h"
#include "tests/support/files.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

using Bytes = std::vector<std::byte>;

data::Dataset some_digits() {
  data::Dataset train = data::digits().train;
  train.inputs = slice(train.inputs, {{.start = 0, .stop = 200}});
  train.targets = slice(train.targets, {{.start = 0, .stop = 200}});
  return train;
}

constexpr std::int64_t epochs = 4;
constexpr std::int64_t steps_an_epoch = 7;  // 200 samples in batches of 32, the last one smaller

// Asks for an end behind step `step`, counted over the epochs.
class InterruptAt : public Callback {
 public:
  explicit InterruptAt(std::int64_t step) : step_(step) {}
  void on_batch_end(Progress& progress) override {
    if ((progress.epoch - 1) * progress.batches + progress.batch == step_) progress.interrupt();
  }

 private:
  std::int64_t step_;
};

struct TestRun {
  nn::Sequential model = nn::make_model("dense(16) relu dropout(0.3) dense", {8, 8}, 10);
  std::shared_ptr<EarlyStopping> stopping;
  Trainer trainer;

  explicit TestRun(const std::shared_ptr<optim::Method>& method, std::int64_t patience = epochs)
      : stopping(std::make_shared<EarlyStopping>(EarlyStoppingOptions{
            .monitor = Monitor::train_loss, .patience = patience, .min_delta = 0.005})),
        trainer(model, nn::cross_entropy, method) {}

  FitOptions options(const std::string& path, std::int64_t left) const {
    return {.epochs = left,
            .seed = 3,
            .callbacks = {stopping, std::make_shared<InterruptAt>(0)},
            .checkpoint = {.path = path, .every_epochs = 0}};
  }
};

struct Result {
  Bytes model;
  std::vector<double> losses;
  std::string stop_reason;
};

Result result_of(const TestRun& run, const History& history) {
  Result result{
      encode_model(run.model, describe(run.model, some_digits())), {}, history.stop_reason};
  for (const EpochRecord& record : history.epochs) result.losses.push_back(record.train_loss);
  return result;
}

using MakeMethod = std::function<std::shared_ptr<optim::Method>()>;

Result whole_run(const MakeMethod& make, const std::string& path, std::int64_t patience = epochs) {
  TestRun run(make(), patience);
  return result_of(run, run.trainer.fit(some_digits(), run.options(path, epochs)));
}

Result stopped_run(const MakeMethod& make, const std::string& path, std::int64_t step,
                   std::int64_t patience = epochs) {
  {
    TestRun run(make(), patience);
    FitOptions options = run.options(path, epochs);
    options.callbacks[1] = std::make_shared<InterruptAt>(step);
    EXPECT_THROW(run.trainer.fit(some_digits(), options), Interrupted);
  }
  TestRun run(make(), patience);
  run.model.initialize(77);  // what the checkpoint brings must not come from here
  run.trainer.resume(load_checkpoint(path), path);
  return result_of(
      run, run.trainer.fit(some_digits(), run.options(path, epochs - run.trainer.epochs_done())));
}

TEST(Checkpoint, AFitThatIsRefusedKeepsThePlace) {
  const test::Folder folder;
  const MakeMethod make = [] { return std::make_shared<optim::Adam>(); };
  const Result whole = whole_run(make, folder / "whole");
  {
    TestRun run(make());
    FitOptions options = run.options(folder / "stopped", epochs);
    options.callbacks[1] = std::make_shared<InterruptAt>(10);
    EXPECT_THROW(run.trainer.fit(some_digits(), options), Interrupted);
  }
  TestRun run(make());
  run.trainer.resume(load_checkpoint(folder / "stopped"), folder / "stopped");
  FitOptions options = run.options(folder / "stopped", epochs - run.trainer.epochs_done());
  FitOptions other = options;
  other.batch_size = 64;
  EXPECT_THROW(run.trainer.fit(some_digits(), other), ValueError);
  EXPECT_EQ(result_of(run, run.trainer.fit(some_digits(), options)).model, whole.model);
}

// The same for a fit that would lose the place, or what a callback remembers.
TEST(Checkpoint, AFitThatWouldForgetIsRefused) {
  const test::Folder folder;
  const std::string path = folder / "stopped";
  const MakeMethod make = [] { return std::make_shared<optim::Adam>(); };
  const Result whole = whole_run(make, folder / "whole");
  {
    TestRun run(make());
    FitOptions options = run.options(path, epochs);
    options.callbacks[1] = std::make_shared<InterruptAt>(10);
    EXPECT_THROW(run.trainer.fit(some_digits(), options), Interrupted);
  }
  TestRun run(make());
  run.trainer.resume(load_checkpoint(path), path);
  const FitOptions options = run.options(path, epochs - run.trainer.epochs_done());
  const auto message = [&](const auto& change) {
    FitOptions other = options;
    change(other);
    return test::message_of<ValueError>([&] { run.trainer.fit(some_digits(), other); });
  };
  EXPECT_EQ(message([](FitOptions& other) { other.epochs = 0; }),
            path + ": is of a run within epoch 2: expected at least 1 epoch to go on with, got 0");
  EXPECT_EQ(message([](FitOptions& other) { std::swap(other.callbacks[0], other.callbacks[1]); }),
            "callback: the checkpoint has best_cost of another callback in its place: expected "
            "callbacks in the order of the run");
  EXPECT_EQ(
      message([](FitOptions& other) {
        other.callbacks.push_back(
            std::make_shared<EarlyStopping>(EarlyStoppingOptions{.monitor = Monitor::train_loss}));
      }),
      "early stopping: the checkpoint has nothing of it: expected what early stopping of this "
      "model remembers, and callbacks in the order of the run");
  EXPECT_NE(message([](FitOptions& other) {
              other.callbacks = {std::make_shared<EarlyStopping>()};
            }).find("has options monitor=2, patience=4"),
            std::string::npos);
  EXPECT_NE(message([](FitOptions& other) {
              other.callbacks.clear();
            }).find("which none of 0 callbacks takes"),
            std::string::npos);
  EXPECT_EQ(result_of(run, run.trainer.fit(some_digits(), options)).model, whole.model);
}

// What the states of a checkpoint must be beside their names.
TEST(Checkpoint, IsOfTheSameRunInAllThatDecides) {
  const test::Folder folder;
  const auto make = [] { return std::make_shared<optim::Sgd>(); };
  const nn::Sequential frozen = nn::make_model("dense(4) relu dense", {8, 8}, 10);
  frozen.freeze("dense_1.*");
  Trainer trainer(frozen, nn::cross_entropy, make());
  trainer.fit(some_digits(), {.checkpoint = {.path = folder / "file"}});
  const TensorFile file = load_checkpoint(folder / "file");

  Trainer other(nn::make_model("dense(4) relu dense", {8, 8}, 10), nn::cross_entropy, make());
  EXPECT_EQ(test::message_of<FileError>([&] { other.resume(file, "file"); }),
            "file: is of a run with frozen \"dense_1.weight dense_1.bias\": expected \"\"");
  TensorFile more = file;
  more.tensors.push_back({"method.m", Tensor(1.0F)});
  EXPECT_EQ(test::message_of<FileError>([&] { trainer.resume(more, "file"); }),
            "file: tensor \"method.m\": expected none of that name");
  // The memory of another callback stands where that of early stopping is looked for.
  more = file;
  more.tensors.push_back({"callback.0.weights", Tensor(1.0)});
  trainer.resume(more, "file");
  EXPECT_EQ(test::message_of<ValueError>([&] {
              trainer.fit(some_digits(),
                          {.callbacks = {std::make_shared<EarlyStopping>(
                               EarlyStoppingOptions{.monitor = Monitor::train_loss})}});
            }),
            "early stopping: the checkpoint has a tensor \"weights\" f64[]: expected what early "
            "stopping of this model remembers, and callbacks in the order of the run");
}

TEST(Checkpoint, ARunThatWasStoppedEndsWithTheSameBits) {
  const test::Folder folder;
  std::vector<MakeMethod> methods = {[] { return std::make_shared<optim::LineSearch>(); }};
  for (const optim::RuleEntry& entry : optim::rule_table()) {
    methods.emplace_back([&] { return optim::make_optimizer(entry.name); });
  }
  for (const MakeMethod& make : methods) {
    const Result whole = whole_run(make, folder / "whole");
    EXPECT_EQ(whole.losses.size(), static_cast<std::size_t>(epochs));
    for (const std::int64_t step : {1, 6, 7, 8, 20, 27}) {
      const Result stopped = stopped_run(make, folder / "stopped", step);
      EXPECT_EQ(stopped.model, whole.model) << make()->name() << ", step " << step;
      EXPECT_EQ(stopped.losses, whole.losses) << make()->name() << ", step " << step;
    }
  }
}

// What early stopping remembers goes along: the run ends where it would have ended.
TEST(Checkpoint, EarlyStoppingGoesOn) {
  const test::Folder folder;
  const MakeMethod slow = [] {
    return std::make_shared<optim::Sgd>(optim::SgdOptions{.learning_rate = 1e-4});
  };
  const Result whole = whole_run(slow, folder / "whole", 2);
  EXPECT_EQ(whole.losses.size(), 3U) << "no better for two epochs";
  const Result stopped = stopped_run(slow, folder / "stopped", 2 * steps_an_epoch + 1, 2);
  EXPECT_EQ(stopped.losses, whole.losses);
  EXPECT_EQ(stopped.stop_reason, whole.stop_reason);
  EXPECT_EQ(stopped.model, whole.model);
}

// The best epoch stays; a patience of 2 begins behind epoch 3, in which the run was stopped.
TEST(Checkpoint, EarlyStoppingCountsAnewBehindItsStop) {
  const EarlyStoppingOptions options{.monitor = Monitor::train_loss, .patience = 2};
  const nn::Sequential model{nn::Dense(1, 1)};
  optim::Sgd method;
  Progress progress{.model = model, .method = method};
  const auto reason_behind = [&](EarlyStopping& stopping, std::int64_t epoch, double loss) {
    progress.stop_reason.clear();
    stopping.on_epoch_end(progress, {.epoch = epoch, .train_loss = loss});
    return progress.stop_reason;
  };
  EarlyStopping first(options);
  EXPECT_EQ(reason_behind(first, 1, 1.0), "");
  EXPECT_EQ(reason_behind(first, 2, 1.5), "");
  EXPECT_EQ(reason_behind(first, 3, 1.4), "no better for 2 epochs; the best was epoch 1");
  EarlyStopping second(options);
  second.on_fit_begin(progress);
  second.restore(first.memory());
  EXPECT_EQ(reason_behind(second, 4, 1.3), "");
  EarlyStopping third(options);  // what was counted anew is remembered, too
  third.on_fit_begin(progress);
  third.restore(second.memory());
  EXPECT_EQ(reason_behind(third, 5, 1.2), "no better for 4 epochs; the best was epoch 1");
  EXPECT_EQ(reason_behind(second, 5, 0.9), "");
  EXPECT_EQ(reason_behind(second, 6, 0.95), "");
  EXPECT_EQ(reason_behind(second, 7, 0.95), "no better for 2 epochs; the best was epoch 5");
}

// Interrupted in the very step in which another callback ends the epoch: that epoch has its record.
TEST(Checkpoint, AStepThatStopsAndIsInterrupted) {
  struct Stop : Callback {
    void on_batch_end(Progress& progress) override {
      if (progress.batch == 2) progress.stop("enough");
    }
  };
  const test::Folder folder;
  const std::string path = folder / "checkpoint";
  const auto adam = [] { return std::make_shared<optim::Adam>(); };
  const auto fit = [&](TestRun& run, std::int64_t interrupted_at) {
    FitOptions options = run.options(path, 1);
    options.callbacks = {std::make_shared<Stop>(), std::make_shared<InterruptAt>(interrupted_at)};
    return run.trainer.fit(some_digits(), options);
  };
  TestRun whole(adam());
  const Result expected = result_of(whole, fit(whole, 0));
  TestRun stopped(adam());
  EXPECT_THROW(fit(stopped, 2), Interrupted);
  TestRun again(adam());
  again.trainer.resume(load_checkpoint(path), path);
  FitOptions rest = again.options(path, 0);
  rest.callbacks = {std::make_shared<Stop>(), std::make_shared<InterruptAt>(0)};
  const Result actual = result_of(again, again.trainer.fit(some_digits(), rest));
  EXPECT_EQ(actual.losses, expected.losses);
  EXPECT_EQ(actual.losses.size(), 1U);
  EXPECT_EQ(actual.stop_reason, "enough");
  EXPECT_EQ(actual.model, expected.model);
}

TEST(Checkpoint, IsWrittenAsOftenAsAsked) {
  const test::Folder folder;
  const std::string path = folder / "checkpoint";
  TestRun run(std::make_shared<optim::Adam>());
  FitOptions options = run.options(path, 1);
  options.checkpoint.every_steps = 3;
  options.checkpoint.info = {{"command", "train"}};
  run.trainer.fit(some_digits(), options);
  TensorFile file = load_checkpoint(path);
  EXPECT_EQ(file.metadata["info.command"], "train");
  const auto counts = [&] {
    for (const NamedTensor& tensor : load_checkpoint(path).tensors) {
      if (tensor.name == "run.counts") return tensor.value.to_vector<std::int64_t>();
    }
    return std::vector<std::int64_t>{};
  };
  EXPECT_EQ(counts(), (std::vector<std::int64_t>{1, 0})) << "behind the last epoch";
  options.checkpoint = {.path = path};
  run.trainer.fit(some_digits(), options);
  EXPECT_EQ(counts(), (std::vector<std::int64_t>{2, 0}));
}

TEST(Checkpoint, TextsMayLookLikeItsChecksum) {
  for (const std::string text : {"crc32:--------", "\"checksum\":\"crc32:--------\""}) {
    const Bytes bytes = encode_checkpoint(
        {.tensors = {{text, Tensor(1.0)}}, .metadata = {{"a", text}, {text, text}, {"z", text}}});
    TensorFile file = decode_checkpoint(bytes, "file");
    EXPECT_EQ(file.metadata["a"], text);
    EXPECT_EQ(file.metadata[text], text);
    EXPECT_EQ(file.tensors[0].name, text);
  }
}

TEST(CheckpointErrors, AFlippedByteIsFound) {
  const Bytes whole =
      encode_checkpoint({.tensors = {{"a", Tensor(1.0)}}, .metadata = {{"b", "text"}}});
  EXPECT_EQ(decode_checkpoint(whole, "file").metadata["b"], "text");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Bytes damaged = whole;
    damaged[i] ^= std::byte{1};
    EXPECT_THROW(decode_checkpoint(damaged, "file"), FileError) << "byte " << i;
    EXPECT_THROW(decode_checkpoint(std::span(whole).first(i), "file"), FileError) << i << " bytes";
  }
}

TEST(CheckpointErrors, WhatIsNoneOrOfAnotherRunIsNamed) {
  const test::Folder folder;
  const std::string path = folder / "checkpoint";
  TestRun run(std::make_shared<optim::Adam>());
  FitOptions options = run.options(path, 1);
  options.checkpoint.every_epochs = 1;
  run.trainer.fit(some_digits(), options);
  const TensorFile file = load_checkpoint(path);
  const auto resume_message = [&](const nn::Sequential& model,
                                  const std::shared_ptr<optim::Method>& method) {
    return test::message_of<FileError>(
        [&] { Trainer(model, nn::cross_entropy, method).resume(file, "file"); });
  };
  EXPECT_EQ(
      resume_message(nn::make_model("dense", {8, 8}, 10), std::make_shared<optim::Adam>()),
      "file: is of a run with architecture \"dense(16) relu dropout(0.3) dense(10)\": expected "
      "\"dense(10)\"");
  EXPECT_EQ(resume_message(nn::make_model("dense(16) relu dropout(0.3) dense", {8, 8}, 10),
                           std::make_shared<optim::Sgd>()),
            "file: is of a run with method \"adam\": expected \"sgd\"");

  TestRun other(std::make_shared<optim::Adam>());
  other.trainer.resume(file, "file");
  options.batch_size = 16;
  EXPECT_NE(test::message_of<ValueError>([&] {
              other.trainer.fit(some_digits(), options);
            }).find("file: is of a run with batch_size=32"),
            std::string::npos);
  other.trainer.resume(file, "file");
  data::Dataset changed = some_digits();
  changed.targets = Tensor::from(std::vector<std::int64_t>(200, 7), {200});
  options.batch_size = 32;
  EXPECT_THROW(other.trainer.fit(changed, options), ValueError);

  save_safetensors(path, {});
  EXPECT_EQ(test::message_of<FileError>([&] { load_checkpoint(path); }),
            path + ": is no checkpoint: expected a file that a training run left");
}

}  // namespace
}  // namespace nabla
