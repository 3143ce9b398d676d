#include "nabla/train/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nabla/base/error.h"
#include "nabla/base/parallel.h"
#include "nabla/nn/architecture.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/reduction.h"
#include "nabla/ops/shaping.h"
#include "nabla/optim/rules.h"
#include "nabla/train/evaluator.h"
#include "nabla/train/model_file.h"
#include "tests/support/files.h"
#include "tests/support/message.h"
#include "tests/train/xor_data.h"

namespace nabla {
namespace {

using test::xor_data;

nn::Sequential digits_model(std::string_view text = "dense(32) relu dense") {
  return nn::make_model(text, {8, 8}, 10);
}

// The bytes of the model file after a run on the digits.
std::vector<std::byte> trained_bytes(std::string_view text, std::int64_t batch_size) {
  const auto [train, test] = data::digits();
  const nn::Sequential model = digits_model(text);
  Trainer trainer(model, nn::cross_entropy, optim::Adam());
  trainer.fit(train, {.epochs = 2, .batch_size = batch_size});
  return encode_model(model, describe(model, train));
}

TEST(Trainer, LearnsXor) {
  const nn::Sequential model{nn::Dense(2, 16), nn::tanh, nn::Dense(16, 1)};
  Trainer trainer(model, nn::mean_squared_error, optim::Adam({.learning_rate = 0.02}));
  const History history = trainer.fit(xor_data(), {.epochs = 500, .batch_size = 4});
  EXPECT_EQ(history.epochs.size(), 500U);
  EXPECT_LT(history.epochs.back().train_loss, 1e-3);
  EXPECT_FALSE(history.epochs.back().validation_loss);
  const auto predictions = trainer.predict(xor_data()).to_doubles();
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(predictions[i], i == 1 || i == 2 ? 1 : 0, 0.1);
  EXPECT_FALSE(trainer.evaluate(xor_data()).accuracy);
}

TEST(Trainer, LearnsDigits) {
  const auto [train, test] = data::digits();
  Trainer trainer(digits_model(), nn::cross_entropy, optim::Adam({.learning_rate = 3e-3}));
  const History history = trainer.fit(train, {.epochs = 15, .validation = test});
  EXPECT_GT(*history.epochs.back().validation_accuracy, 0.95);
  EXPECT_LT(history.epochs.back().train_loss, history.epochs.front().train_loss);
}

// A layer that stands twice learns by every rule as one weight does that is read twice.
TEST(Trainer, LearnsALayerThatStandsTwice) {
  const data::Dataset data = {
      .name = "points",
      .inputs = Tensor::from({0.0F, 0.0F, 0.0F, 1.0F, 1.0F, 0.0F, 1.0F, 1.0F}, {4, 2}),
      .targets = Tensor::from({0.5F, 0.0F, 0.0F, 1.0F, 1.0F, 0.0F, 0.5F, 1.0F}, {4, 2}),
      .class_names = {}};
  for (const optim::RuleEntry& entry : optim::rule_table()) {
    const nn::Dense twice(2, 2);
    const nn::Sequential model{twice, nn::tanh, twice};
    const nn::Dense once(2, 2);
    for (std::size_t i = 0; i < 2; ++i) {
      once.parameters()[i].assign(twice.parameters()[i].value());
    }
    Trainer trainer(model, nn::mean_squared_error, optim::make_optimizer(entry.name, 0.05));
    trainer.fit(data, {.epochs = 3, .batch_size = 4, .shuffle = false});
    const auto rule = optim::make_optimizer(entry.name, 0.05);
    rule->attach(once.parameters());
    for (int i = 0; i < 3; ++i) {
      rule->minimize(
          [&] { return nn::mean_squared_error(once(nn::tanh(once(data.inputs))), data.targets); });
    }
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(twice.parameters()[i].value().to_doubles(),
                once.parameters()[i].value().to_doubles())
          << entry.name;
    }
  }
}

// The train loss is the mean over the samples of the losses before their updates: with one batch an
// epoch, that of the model before the epoch.
TEST(Trainer, RecordsTheMeanLoss) {
  const auto [train, test] = data::digits();
  Trainer trainer(digits_model(), nn::cross_entropy, optim::Sgd());
  const double before = trainer.evaluate(train).loss;
  const History history = trainer.fit(train, {.epochs = 1, .batch_size = train.size()});
  EXPECT_NEAR(history.epochs[0].train_loss, before, 1e-5);
}

// Evaluation in batches is what the definition says of all samples at once.
TEST(Trainer, EvaluatesAllSamples) {
  const auto [train, test] = data::digits();
  const nn::Sequential model = digits_model();
  Trainer trainer(model, nn::cross_entropy, optim::Sgd());
  const Tensor scores = trainer.predict(train);
  ASSERT_EQ(scores.shape(), (Shape{train.size(), 10}));
  double loss = 0;
  double correct = 0;
  for (std::int64_t i = 0; i < train.size(); ++i) {
    const float* row = scores.data<float>() + 10 * i;
    const std::int64_t label = train.targets.data<std::int64_t>()[i];
    double sum = 0;
    for (int k = 0; k < 10; ++k) sum += std::exp(static_cast<double>(row[k]));
    loss += std::log(sum) - static_cast<double>(row[label]);
    correct += std::max_element(row, row + 10) - row == label ? 1 : 0;
  }
  const Evaluation evaluation = trainer.evaluate(train);
  EXPECT_NEAR(evaluation.loss, loss / static_cast<double>(train.size()), 1e-5);
  EXPECT_EQ(*evaluation.accuracy, correct / static_cast<double>(train.size()));
}

TEST(Trainer, TheBitsDoNotDependOnThreads) {
  // Wide and long enough that work is split.
  for (const std::int64_t batch_size : {32, 700}) {
    const std::string text = "dense(300) relu dropout(0.1) dense(300) tanh dense";
    const auto one = trained_bytes(text, batch_size);
    for (const int count : {2, 3}) {
      set_threads(count);
      EXPECT_EQ(trained_bytes(text, batch_size), one) << count << " threads";
    }
    set_threads(1);
  }
}

TEST(Trainer, GoesOnWhereItStopped) {
  const auto [train, test] = data::digits();
  std::vector<std::vector<std::byte>> results;
  for (const bool in_parts : {false, true}) {
    const nn::Sequential model = digits_model();
    Trainer trainer(model, nn::cross_entropy, optim::Adam());
    for (int part = 0; part < (in_parts ? 2 : 1); ++part) {
      trainer.fit(train, {.epochs = in_parts ? 1 : 2});
    }
    results.push_back(encode_model(model, describe(model, train)));
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(Trainer, TheSeedChoosesTheOrder) {
  const auto [train, test] = data::digits();
  std::vector<double> losses;
  for (const std::uint64_t seed : {0, 0, 1}) {
    Trainer trainer(digits_model(), nn::cross_entropy, optim::Sgd());
    losses.push_back(trainer.fit(train, {.seed = seed}).epochs[0].train_loss);
  }
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_NE(losses[0], losses[2]);
}

TEST(TrainerErrors, ALossThatIsNotFinite) {
  const auto [train, test] = data::digits();
  Trainer trainer(digits_model(), nn::cross_entropy, optim::Sgd({.learning_rate = 1e30}));
  const std::string message = test::message_of<Error>([&] { trainer.fit(train); });
  EXPECT_EQ(message.substr(0, 26), "epoch 1, step 2: the loss ") << message;
  EXPECT_NE(message.find("lower the learning rate (now 1e+30)"), std::string::npos) << message;
}

TEST(TrainerErrors, ALossThatIsNotFiniteBeforeAnyUpdate) {
  data::Dataset far = xor_data();
  far.inputs = far.inputs * 3e38;
  Trainer trainer(nn::Sequential{nn::Dense(2, 1)}, nn::mean_squared_error, optim::Sgd());
  EXPECT_EQ(test::message_of<Error>([&] { trainer.fit(far); }),
            "epoch 1, step 1: the loss is infinite before any update; scale the inputs, or the "
            "parameters, down");
}

// The update of the last step may be the one that diverges: only the validation shows it.
TEST(TrainerErrors, AValidationLossThatIsNotFinite) {
  const auto [train, test] = data::digits();
  Trainer trainer(digits_model(), nn::cross_entropy, optim::Sgd({.learning_rate = 1e30}));
  const std::string message = test::message_of<Error>([&, &validation = test] {
    trainer.fit(train, {.batch_size = 2000, .validation = validation});
  });
  EXPECT_EQ(message.substr(0, 41), "epoch 1, step 1: the validation loss is n") << message;
}

TEST(TrainerErrors, NoSamples) {
  const data::Split split = data::split(xor_data(), 1, 0);
  Trainer trainer(nn::Sequential{nn::Dense(2, 1)}, nn::mean_squared_error, optim::Sgd());
  EXPECT_EQ(test::message_of<ValueError>([&] { trainer.fit(split.train); }),
            "fit: the data set has no samples");
  EXPECT_EQ(
      test::message_of<ValueError>([&] { trainer.fit(split.test, {.validation = split.train}); }),
      "fit: the validation data have no samples");
  EXPECT_EQ(test::message_of<ShapeError>([&] { trainer.predict({}); }),
            "data set \"\": inputs f32[]: expected an axis of samples");
}

TEST(TrainerErrors, FitInsideOfItself) {
  struct Again : Callback {
    Trainer* trainer = nullptr;
    void on_batch_end(Progress&) override { trainer->fit(xor_data()); }
  };
  Trainer trainer(nn::Sequential{nn::Dense(2, 1)}, nn::mean_squared_error, optim::Sgd());
  const auto again = std::make_shared<Again>();
  again->trainer = &trainer;
  EXPECT_EQ(
      test::message_of<Error>([&] { trainer.fit(xor_data(), {.callbacks = {again}}); }),
      "fit: this trainer is fitting already: call it again behind that call, not from a callback");
  EXPECT_EQ(trainer.fit(xor_data()).epochs.size(), 1U);
}

TEST(TrainerErrors, AnOptimizerOfAnotherTrainer) {
  const auto rule = std::make_shared<optim::Adam>();
  Trainer first(nn::Sequential{nn::Dense(2, 1)}, nn::mean_squared_error, rule);
  Trainer second(nn::Sequential{nn::Dense(2, 1)}, nn::mean_squared_error, rule);
  EXPECT_EQ(
      test::message_of<ValueError>([&] { first.fit(xor_data()); }),
      "fit: the optimizer was attached to other parameters, or some were frozen or set free since: "
      "expected a trainer of its own for these");
  EXPECT_EQ(second.fit(xor_data()).epochs.size(), 1U);
  // Its captured steps would go on with the memory that they had.
  rule->attach(first.model().parameters());
  EXPECT_THROW(first.fit(xor_data()), ValueError);
}

// By any event of a callback: what is frozen must not learn any longer.
TEST(TrainerErrors, ParametersThatAreFrozenMeanwhile) {
  struct Freeze : Callback {
    std::string at;
    explicit Freeze(std::string at_) : at(std::move(at_)) {}
    void freeze_at(std::string_view event, const Progress& progress) const {
      if (at == event && progress.epoch <= 1) progress.model.freeze("*.weight");
    }
    void on_fit_begin(Progress& progress) override { freeze_at("fit", progress); }
    void on_epoch_begin(Progress& progress) override { freeze_at("epoch", progress); }
    void on_batch_begin(Progress& progress) override { freeze_at("batch", progress); }
    void on_batch_end(Progress& progress) override { freeze_at("batch end", progress); }
    void on_epoch_end(Progress& progress, const EpochRecord&) override {
      freeze_at("epoch end", progress);
    }
  };
  for (const std::string at : {"fit", "epoch", "batch", "batch end", "epoch end"}) {
    const test::Folder folder;
    Trainer trainer(nn::Sequential{nn::Dense(2, 1)}, nn::mean_squared_error, optim::Sgd());
    const std::string message = test::message_of<ValueError>([&] {
      trainer.fit(xor_data(), {.epochs = 2,
                               .callbacks = {std::make_shared<Freeze>(at)},
                               .checkpoint = {.path = folder / "file"}});
    });
    EXPECT_NE(message.find("some were frozen or set free since"), std::string::npos) << at;
    EXPECT_EQ(folder.entries(), 0) << at;
  }
}

TEST(TrainerErrors, NothingToLearn) {
  const nn::Sequential model{nn::Dense(2, 1)};
  model.freeze();
  EXPECT_EQ(test::message_of<ValueError>(
                [&] { Trainer(model, nn::mean_squared_error, optim::Sgd()).fit(xor_data()); }),
            "fit: all parameters of model \"dense(1)\" are frozen: set some free with unfreeze()");
  EXPECT_EQ(test::message_of<ValueError>(
                [&] { Trainer(nn::relu, nn::mean_squared_error, optim::Sgd()).fit(xor_data()); }),
            "fit: model \"relu\" has no parameters to change: expected a layer that learns, such "
            "as dense");
}

TEST(TrainerErrors, WhatIsMissing) {
  const nn::Sequential model{nn::Dense(2, 1)};
  const nn::Loss loss = nn::mean_squared_error;
  const std::string no_loss =
      "the loss of a trainer or evaluator is missing: expected a function of predictions and "
      "targets, such as nn::cross_entropy";
  Tensor (*const null_function)(const Tensor&, const Tensor&) = nullptr;
  for (const nn::Loss& none : {nn::Loss(), nn::Loss(null_function)}) {
    EXPECT_EQ(test::message_of<ValueError>([&] { Trainer(model, none, optim::Sgd()); }), no_loss);
    EXPECT_EQ(test::message_of<ValueError>([&] { Evaluator(model, none); }), no_loss);
  }
  EXPECT_EQ(test::message_of<ValueError>([&] { Trainer(model, loss, nullptr); }),
            "trainer: the optimizer is missing: expected an update rule, such as optim::Adam()");
  Trainer trainer(model, loss, optim::Sgd());
  const auto stopping = std::make_shared<EarlyStopping>();
  EXPECT_EQ(test::message_of<ValueError>([&] {
              trainer.fit(xor_data(), {.callbacks = {stopping, nullptr}});
            }),
            "fit: callbacks[1] is missing: expected a Callback, such as EarlyStopping");
}

// As a run does from the start, after one that diverged.
TEST(Trainer, RecoversWhereTheOptimizerIsAttachedAnew) {
  const nn::Sequential model{nn::Dense(2, 8), nn::tanh, nn::Dense(8, 1)};
  Trainer trainer(model, nn::mean_squared_error, optim::Momentum({.learning_rate = 1e20}));
  EXPECT_THROW(trainer.fit(xor_data(), {.epochs = 5}), Error);
  model.initialize(7);
  trainer.method().set_learning_rate(0.1);
  trainer.method().attach(model.parameters());
  const double again =
      trainer.fit(xor_data(), {.epochs = 3, .shuffle = false}).epochs[2].train_loss;

  const nn::Sequential fresh{nn::Dense(2, 8), nn::tanh, nn::Dense(8, 1)};
  fresh.initialize(7);
  Trainer other(fresh, nn::mean_squared_error, optim::Momentum({.learning_rate = 0.1}));
  EXPECT_EQ(other.fit(xor_data(), {.epochs = 3, .shuffle = false}).epochs[2].train_loss, again);
}

TEST(Trainer, PredictsWithoutTargets) {
  const auto [train, test] = data::digits();
  Trainer trainer(digits_model(), nn::cross_entropy, optim::Sgd());
  const data::Dataset bare = {.name = "bare",
                              .inputs = test.inputs,
                              .targets = {},
                              .class_names = {},
                              .input_scale = test.input_scale};
  EXPECT_EQ(trainer.predict(bare).to_doubles(), trainer.predict(test).to_doubles());
}

// The last update is not followed by a loss.
TEST(TrainerErrors, ParametersThatAreNotFinite) {
  Trainer trainer(nn::Sequential{nn::Dense(2, 1)}, nn::mean_squared_error,
                  optim::Sgd({.learning_rate = 3e38}));
  data::Dataset far = xor_data();
  far.inputs = far.inputs * 1000;
  EXPECT_EQ(test::message_of<Error>([&] { trainer.fit(far, {.batch_size = 4}); }),
            "epoch 1, step 1: parameter dense_1.weight is not finite; lower the learning rate (now "
            "3e+38) and start again from fresh parameters");
}

// Before anything is learned.
TEST(TrainerErrors, BadValidationData) {
  const nn::Sequential model{nn::Dense(2, 1)};
  const auto before = model.parameters()[0].value().to_doubles();
  Trainer trainer(model, nn::mean_squared_error, optim::Sgd());
  data::Dataset broken = xor_data();
  broken.inputs = broken.inputs / 0;
  EXPECT_THROW(trainer.fit(xor_data(), {.validation = broken}), ValueError);
  EXPECT_EQ(model.parameters()[0].value().to_doubles(), before);
}

TEST(TrainerErrors, DataThatDoNotFit) {
  const auto [train, test] = data::digits();
  const nn::Sequential narrow{nn::Dense(63, 10)};
  Trainer trainer(narrow, nn::cross_entropy, optim::Sgd());
  EXPECT_EQ(
      test::message_of<ShapeError>([&] { trainer.fit(train); }),
      "dense: takes 63 numbers a sample, got 64 (shape [8, 8]), in layer dense_1 \"dense(10)\"");
  EXPECT_THROW(trainer.evaluate(test), ShapeError);
  EXPECT_THROW(trainer.predict(test), ShapeError);
}

// A user's layer that gives more than it says must not be written beyond the predictions.
// A model need not be a Sequential, nor say what shapes it gives.
struct Doubled : nn::Layer {
  nn::Dense dense{4, 1};
  nn::Parts parts() const override { return {{"dense", dense}}; }
  std::string text() const override { return "doubled"; }
  Tensor forward(const Tensor& x) const override { return dense(concatenate({x, x}, 1)); }
};

TEST(Trainer, TakesAnyLayer) {
  const Doubled model;
  const auto before = model.parameters()[0].value().to_doubles();
  Trainer trainer(model, nn::mean_squared_error, optim::Sgd());
  const History history = trainer.fit(xor_data(), {.epochs = 20, .batch_size = 4});
  EXPECT_LT(history.epochs.back().train_loss, history.epochs.front().train_loss);
  EXPECT_NE(model.parameters()[0].value().to_doubles(), before) << "they share parameters";
  EXPECT_EQ(trainer.predict(xor_data()).shape(), (Shape{4, 1}));
}

TEST(Trainer, LeavesAloneWhatIsFrozen) {
  const nn::Sequential model{nn::named("body", nn::Dense(2, 3)), nn::tanh, nn::Dense(3, 1)};
  model.freeze("body.*");
  const auto values = [&](std::size_t i) { return model.states()[i].state.value().to_doubles(); };
  const auto body = values(0);
  const auto head = values(2);
  for (const optim::RuleEntry& entry : optim::rule_table()) {
    Trainer trainer(model, nn::mean_squared_error, optim::make_optimizer(entry.name, 0.1));
    trainer.fit(xor_data(), {.epochs = 2, .batch_size = 4});
    EXPECT_EQ(values(0), body) << entry.name;
  }
  EXPECT_NE(values(2), head);
  Trainer trainer(model, nn::mean_squared_error, optim::Sgd());
  model.unfreeze();
  EXPECT_THROW(trainer.fit(xor_data()), ValueError);
}

TEST(TrainerErrors, NothingToEvaluate) {
  data::Dataset none = xor_data();
  none.inputs = Tensor::empty({DType::f32, {0, 2}});
  none.targets = Tensor::empty({DType::f32, {0, 1}});
  Trainer trainer(nn::Sequential{nn::Dense(2, 1)}, nn::mean_squared_error, optim::Sgd());
  EXPECT_EQ(test::message_of<ValueError>([&] { trainer.evaluate(none); }),
            "evaluate: expected at least one sample, got none");
}

TEST(TrainerErrors, BadOptions) {
  const auto [train, test] = data::digits();
  Trainer trainer(digits_model(), nn::cross_entropy, optim::Sgd());
  EXPECT_THROW(trainer.fit(train, {.epochs = -1}), ValueError);
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  trainer.fit(train);
  EXPECT_EQ(test::message_of<ValueError>([&] { trainer.fit(train, {.epochs = most}); }),
            "fit: epochs 9223372036854775807 behind 1: expected fewer than 2^63 in all");
  EXPECT_THROW(trainer.fit(train, {.batch_size = -1}), ValueError);
  EXPECT_EQ(trainer.fit(train, {.epochs = 0}).epochs.size(), 0U);
}

TEST(TrainerErrors, BadValuesNameTheRow) {
  data::Dataset broken = xor_data();
  broken.inputs = Tensor::from({0.0F, 0.0F, 0.0F, std::nanf(""), 1.0F, 0.0F, 1.0F, 1.0F}, {4, 2});
  Trainer trainer(nn::Sequential{nn::Dense(2, 1)}, nn::mean_squared_error, optim::Sgd());
  const std::string finite = test::message_of<ValueError>([&] { trainer.fit(broken); });
  EXPECT_NE(finite.find("row 1"), std::string::npos) << finite;

  const auto [train, test] = data::digits();
  data::Dataset labels = train;
  labels.class_names.pop_back();
  Trainer classifier(digits_model(), nn::cross_entropy, optim::Sgd());
  const std::string label = test::message_of<ValueError>([&] { classifier.fit(labels); });
  EXPECT_NE(label.find("label 9 of row"), std::string::npos) << label;
}

data::Dataset labelled(std::vector<std::int64_t> labels, std::vector<std::string> class_names) {
  const auto samples = static_cast<std::int64_t>(labels.size());
  return {.name = "labelled",
          .inputs = Tensor::from(std::vector<float>(labels.size()), {samples, 1}),
          .targets = Tensor::from(labels, {samples}),
          .class_names = std::move(class_names)};
}

data::Dataset numbered(const std::vector<float>& targets, std::int64_t outputs) {
  const std::int64_t samples = std::ssize(targets) / outputs;
  return {
      .name = "numbered",
      .inputs = Tensor::from(std::vector<float>(static_cast<std::size_t>(samples)), {samples, 1}),
      .targets = Tensor::from(targets, {samples, outputs})};
}

// By their formulas: frequencies 3/4 and 1/4; means 2 and 5.
TEST(EvaluateConstant, IsTheBestAnswerWithoutInputs) {
  const data::Dataset train = labelled({0, 1, 0, 0}, {"a", "b"});
  const Evaluation classes = evaluate_constant(train, labelled({1, 0}, {"a", "b"}));
  EXPECT_DOUBLE_EQ(classes.loss, -(std::log(0.25) + std::log(0.75)) / 2);
  EXPECT_DOUBLE_EQ(*classes.accuracy, 0.5);
  EXPECT_DOUBLE_EQ(*evaluate_constant(train, train).accuracy, 0.75);
  // A class that was never seen.
  EXPECT_TRUE(
      std::isinf(evaluate_constant(labelled({0}, {"a", "b"}), labelled({1}, {"a", "b"})).loss));

  const Evaluation numbers = evaluate_constant(numbered({1, 4, 3, 6}, 2), numbered({2, 7}, 2));
  EXPECT_DOUBLE_EQ(numbers.loss, (0.0 + 4.0) / 2);
  EXPECT_FALSE(numbers.accuracy);
  EXPECT_THROW(evaluate_constant(train, labelled({}, {"a", "b"})), ValueError);
  EXPECT_THROW(evaluate_constant(train, labelled({0}, {"a", "c"})), ValueError);
}

TEST(TrainerErrors, ValidationDataOfAnotherKind) {
  const data::Dataset train = labelled({0, 1}, {"a", "b"});
  const nn::Sequential model{nn::Dense(1, 2)};
  Trainer trainer(model, nn::cross_entropy, optim::Sgd());
  data::Dataset wide = train;
  wide.inputs = Tensor::from(std::vector<float>(6), {2, 3});
  const auto error_of = [&](const data::Dataset& validation) {
    return test::message_of<ShapeError>([&] { trainer.fit(train, {.validation = validation}); });
  };
  EXPECT_EQ(
      error_of(wide),
      "fit: validation data \"labelled\" have [3] for a sample, training data \"labelled\" [1] "
      "for a sample: expected the same");
  EXPECT_EQ(error_of(labelled({0, 1}, {"a", "b", "c"})),
            "fit: validation data \"labelled\" have 3 classes, training data \"labelled\" 2 "
            "classes: expected the same");
  EXPECT_TRUE(
      error_of(numbered({1, 2}, 1)).starts_with("fit: validation data \"numbered\" have 0"));
}

}  // namespace
}  // namespace nabla
