#include "nabla/train/callback.h"

#include <gtest/gtest.h>

#include <limits>

#include "nabla/base/error.h"
#include "nabla/nn/architecture.h"
#include "nabla/ops/ops.h"
#include "nabla/optim/rules.h"
#include "nabla/train/trainer.h"
#include "tests/support/message.h"
#include "tests/train/xor_data.h"

namespace nabla {
namespace {

using test::xor_data;

struct Counter : Callback {
  int begins = 0, epochs = 0, batches = 0, epoch_ends = 0, ends = 0;
  int stop_at = -1;
  void on_fit_begin(Progress&) override { ++begins; }
  void on_epoch_begin(Progress&) override { ++epochs; }
  void on_batch_end(Progress& progress) override {
    if (++batches == stop_at) progress.stop("enough");
  }
  void on_epoch_end(Progress&, const EpochRecord&) override { ++epoch_ends; }
  void on_fit_end(Progress&) override { ++ends; }
};

TEST(Callbacks, AreToldAndCanStop) {
  const auto [train, test] = data::digits();  // 1438 samples: 15 batches of 100
  Trainer trainer(nn::make_model("dense(32) relu dense", {8, 8}, 10), nn::cross_entropy,
                  optim::Sgd());
  const auto counter = std::make_shared<Counter>();
  trainer.fit(train, {.epochs = 2, .batch_size = 100, .callbacks = {counter}});
  EXPECT_EQ(counter->begins, 1);
  EXPECT_EQ(counter->epochs, 2);
  EXPECT_EQ(counter->batches, 30);
  EXPECT_EQ(counter->epoch_ends, 2);
  EXPECT_EQ(counter->ends, 1);
  counter->stop_at = 34;
  const History history =
      trainer.fit(train, {.epochs = 2, .batch_size = 100, .callbacks = {counter}});
  EXPECT_EQ(history.stop_reason, "enough");
  EXPECT_EQ(history.epochs.size(), 1U);
  EXPECT_EQ(counter->batches, 34);
}

TEST(Callbacks, StopWithoutAReasonAndBeforeAnEpoch) {
  struct AtOnce : Callback {
    void on_batch_end(Progress& progress) override { progress.stop(""); }
  };
  struct BeforeTheSecond : Callback {
    void on_epoch_begin(Progress& progress) override {
      if (progress.epoch == 2) progress.stop("one is enough");
    }
  };
  Trainer trainer(nn::Sequential{nn::Dense(2, 1)}, nn::mean_squared_error, optim::Sgd());
  const History first =
      trainer.fit(xor_data(), {.epochs = 3, .callbacks = {std::make_shared<AtOnce>()}});
  EXPECT_EQ(first.epochs.size(), 1U);
  EXPECT_EQ(first.stop_reason, "stopped by a callback");
  // An epoch of which nothing has run has no record, and is not counted.
  const auto before = std::make_shared<BeforeTheSecond>();
  const History second = trainer.fit(xor_data(), {.epochs = 3, .callbacks = {before}});
  EXPECT_EQ(second.epochs.size(), 0U);
  EXPECT_EQ(second.stop_reason, "one is enough");
  EXPECT_EQ(trainer.fit(xor_data()).epochs.at(0).epoch, 2);
}

// Validation loss as a script: early stopping sees 3, 2, 2, 2 and stops.
TEST(Callbacks, EarlyStoppingWaitsForItsPatience) {
  const nn::Sequential model{nn::Dense(1, 1)};
  const State weight = model.parameters()[0];
  optim::Sgd sgd;
  Progress progress{.model = model, .method = sgd};
  EarlyStopping stopping({.patience = 2, .min_delta = 0.5});
  const auto epoch = [&](std::int64_t number, double loss) {
    weight.assign(Tensor::from({static_cast<float>(number)}, {1, 1}));
    stopping.on_epoch_end(progress, {.epoch = number, .validation_loss = loss});
  };
  stopping.on_fit_begin(progress);
  epoch(1, 3);
  epoch(2, 2);
  epoch(3, 1.8);  // better, but not by enough
  EXPECT_EQ(progress.stop_reason, "");
  epoch(4, 1.6);
  EXPECT_EQ(progress.stop_reason, "no better for 2 epochs; the best was epoch 2");
  EXPECT_EQ(weight.value().item(), 4);
  stopping.on_fit_end(progress);
  EXPECT_EQ(weight.value().item(), 2);
}

TEST(Callbacks, EarlyStoppingTakesEmptyBraces) {
  const nn::Sequential model{nn::Dense(1, 1)};
  optim::Sgd sgd;
  Progress progress{.model = model, .method = sgd};
  EarlyStopping stopping({});
  for (std::int64_t epoch = 1; epoch <= 4; ++epoch) {
    EXPECT_EQ(progress.stop_reason, "") << epoch;
    stopping.on_epoch_end(progress, {.epoch = epoch, .validation_loss = 1});
  }
  EXPECT_NE(progress.stop_reason, "");
}

// What a fit that failed has left behind is not given to the next model.
TEST(Callbacks, EarlyStoppingBeginsAnew) {
  const nn::Sequential model{nn::Dense(1, 1)};
  const State weight = model.parameters()[0];
  optim::Sgd sgd;
  Progress progress{.model = model, .method = sgd};
  EarlyStopping stopping;
  stopping.on_fit_begin(progress);
  stopping.on_epoch_end(progress, {.epoch = 1, .validation_loss = 1});
  weight.assign(Tensor::from({7.0F}, {1, 1}));
  stopping.on_fit_begin(progress);
  stopping.on_fit_end(progress);
  EXPECT_EQ(weight.value().item(), 7);
}

TEST(Callbacks, EarlyStoppingWatchesAccuracyFromBelow) {
  const nn::Sequential model{nn::Dense(1, 1)};
  optim::Sgd sgd;
  Progress progress{.model = model, .method = sgd};
  EarlyStopping stopping({.monitor = Monitor::validation_accuracy, .patience = 1});
  stopping.on_epoch_end(progress, {.epoch = 1, .validation_accuracy = 0.5});
  stopping.on_epoch_end(progress, {.epoch = 2, .validation_accuracy = 0.6});
  EXPECT_EQ(progress.stop_reason, "");
  stopping.on_epoch_end(progress, {.epoch = 3, .validation_accuracy = 0.6});
  EXPECT_NE(progress.stop_reason, "");
  EXPECT_THROW(stopping.on_epoch_end(progress, {.epoch = 4}), ValueError);
  EXPECT_THROW(EarlyStopping({.patience = 0}), ValueError);
  EXPECT_THROW(EarlyStopping({.min_delta = -1}), ValueError);
}

// In a real run the parameters of the best epoch come back, though steps run in place.
TEST(Callbacks, EarlyStoppingRestoresTheBestEpoch) {
  const auto [train, test] = data::digits();
  const nn::Sequential model = nn::make_model("dense(32) relu dense", {8, 8}, 10);
  Trainer trainer(model, nn::cross_entropy, optim::Sgd({.learning_rate = 2.0}));
  const History history = trainer.fit(
      train, {.epochs = 30, .validation = test, .callbacks = {std::make_shared<EarlyStopping>()}});
  double best = std::numeric_limits<double>::infinity();
  for (const EpochRecord& record : history.epochs) best = std::min(best, *record.validation_loss);
  EXPECT_EQ(trainer.evaluate(test).loss, best);
}

// Training that comes to a bad end in the second epoch.
struct Ruin : Callback {
  std::vector<double> after_first;
  void on_epoch_end(Progress& progress, const EpochRecord&) override {
    const State parameter = progress.model.parameters()[0];
    after_first = parameter.value().to_doubles();
    parameter.assign(parameter.value() * std::numeric_limits<double>::infinity());
  }
};

TEST(Callbacks, EarlyStoppingRestoresTheBestEpochAfterAnError) {
  const nn::Sequential model{nn::Dense(2, 1)};
  Trainer trainer(model, nn::mean_squared_error, optim::Sgd());
  const auto ruin = std::make_shared<Ruin>();
  const auto stopping =
      std::make_shared<EarlyStopping>(EarlyStoppingOptions{.monitor = Monitor::train_loss});
  EXPECT_THROW(trainer.fit(xor_data(), {.epochs = 3, .callbacks = {stopping, ruin}}), Error);
  EXPECT_EQ(model.parameters()[0].value().to_doubles(), ruin->after_first);
}

// Whatever goes wrong: all that were told of the beginning are told of the end, and the first error
// comes out.
TEST(Callbacks, EndAlsoWhereOneThrows) {
  struct BadBegin : Counter {
    void on_fit_begin(Progress&) override { throw Error("begin"); }
  };
  struct BadEnd : Counter {
    void on_fit_end(Progress& progress) override {
      Counter::on_fit_end(progress);
      throw Error("end");
    }
  };
  Trainer trainer(nn::Sequential{nn::Dense(2, 1)}, nn::mean_squared_error, optim::Sgd());
  const auto first = std::make_shared<BadEnd>();
  const auto last = std::make_shared<Counter>();
  const auto error_with = [&](const std::shared_ptr<Callback>& middle) {
    return test::message_of<Error>([&] {
      trainer.fit(xor_data(), {.callbacks = {first, middle, last}});
    });
  };
  EXPECT_EQ(error_with(std::make_shared<Counter>()), "end");
  EXPECT_EQ(first->ends, 1);
  EXPECT_EQ(last->ends, 1);
  const auto bad_begin = std::make_shared<BadBegin>();
  EXPECT_EQ(error_with(bad_begin), "begin");
  EXPECT_EQ(first->ends, 2);
  EXPECT_EQ(bad_begin->ends, 0);
  EXPECT_EQ(last->ends, 1);
  EXPECT_EQ(error_with(std::make_shared<Ruin>()), "end");
  EXPECT_EQ(test::message_of<Error>([&] {
              trainer.fit(xor_data(), {.callbacks = {first, last}});
            }).substr(0, 14),
            "epoch 3, step ");
  EXPECT_EQ(first->ends, 4);
  EXPECT_EQ(last->ends, 3);
}

// A step of 0.1 g with g = w for f = w^2 / 2, so that the weight tells which rate was in force.
TEST(Callbacks, SeeTheMethodAndChangeItsRate) {
  struct Halve : Callback {
    std::vector<std::int64_t> begun;
    void on_batch_begin(Progress& progress) override {
      begun.push_back(progress.batch);
      if (progress.batch == 1)
        progress.method.set_learning_rate(progress.method.learning_rate() / 2);
    }
  };
  const nn::Sequential model{nn::Dense(1, 1, {.bias = false, .initializer = nn::constant(1)})};
  const nn::Loss half_square = [](const Tensor& y, const Tensor&) { return sum(y * y) / 2; };
  const data::Dataset ones{.name = "ones",
                           .inputs = Tensor::from({1.0F, 1.0F}, {2, 1}),
                           .targets = Tensor::from({0.0F, 0.0F}, {2, 1}),
                           .class_names = {}};
  const auto halve = std::make_shared<Halve>();
  Trainer trainer(model, half_square, optim::Sgd({.learning_rate = 0.5}));
  trainer.fit(ones, {.epochs = 1, .batch_size = 1, .callbacks = {halve}});
  EXPECT_EQ(halve->begun, (std::vector<std::int64_t>{0, 1})) << "batches that were done before";
  EXPECT_EQ(model.parameters()[0].value().item(), (1 - 0.5) * (1 - 0.25));
}

}  // namespace
}  // namespace nabla
