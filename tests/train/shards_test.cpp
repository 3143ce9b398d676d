#include "nabla/train/shards.h"

#include <gtest/gtest.h>

#include "nabla/base/error.h"
#include "nabla/graph/training.h"
#include "nabla/nn/architecture.h"
#include "nabla/ops/ops.h"
#include "nabla/optim/minimizer.h"
#include "nabla/optim/objective.h"
#include "nabla/optim/rules.h"
#include "nabla/train/model_file.h"
#include "nabla/train/trainer.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

using Values = std::vector<double>;

const Tensors& batch() {
  static const Tensors tensors = [] {
    const data::Dataset train = data::digits().train;
    return Tensors{cast(slice(train.inputs, {{.start = 0, .stop = 24}}), DType::f32) / 16,
                   slice(train.targets, {{.start = 0, .stop = 24}})};
  }();
  return tensors;
}

nn::Sequential model_of(std::string_view text) {
  nn::Sequential model = nn::make_model(text, {8, 8}, 10);
  model.initialize(5);
  return model;
}

Values values_of(const nn::Layer& model) {
  Values all;
  for (const nn::NamedState& each : model.states()) {
    for (const double value : each.state.value().to_doubles()) all.push_back(value);
  }
  return all;
}

constexpr std::string_view with_dropout = "dense(16) relu dropout(0.4) dense dropout(0.1)";

// Each shard in a "process" of its own, with a model of its own, in any order: added in the tree,
// they are the step of one process that computes all.
TEST(Shards, ProcessesGiveTheBitsOfOne) {
  for (const std::int64_t count : {2, 3, 4, 8}) {
    const nn::Sequential whole = model_of(with_dropout);
    optim::Adam adam;
    adam.attach(whole.parameters());
    std::vector<ShardResult> results(static_cast<std::size_t>(count));
    for (std::int64_t i = count - 1; i >= 0; --i) {
      const nn::Sequential own = model_of(with_dropout);
      optim::Adam rule;
      rule.attach(own.parameters());
      results[static_cast<std::size_t>(i)] =
          run_shard(own, nn::cross_entropy, rule, batch(), i, count);
    }
    const nn::Sequential other = model_of(with_dropout);
    optim::Adam rule;
    rule.attach(other.parameters());
    run_shard(other, nn::cross_entropy, rule, batch(), 0, count);  // its keys go on
    const ShardResult sum = add_shards(results);
    rule.step(sum.gradients);
    const Tensor loss = step_in_shards(whole, nn::cross_entropy, adam, batch(), count);
    EXPECT_EQ(loss.item(), sum.loss.item());
    EXPECT_EQ(values_of(whole), values_of(other)) << count << " shards";
  }
}

// Without randomness the shards are parts of the mean.
TEST(Shards, AreTheStepOfTheWholeBatch) {
  const nn::Sequential whole = model_of("dense(16) tanh dense");
  const nn::Sequential cut = model_of("dense(16) tanh dense");
  for (const nn::Sequential* model : {&whole, &cut}) {
    optim::Sgd sgd({.learning_rate = 0.5});
    sgd.attach(model->parameters());
    if (model == &whole) {
      sgd.minimize([&] { return nn::cross_entropy((*model)(batch()[0]), batch()[1]); });
    } else {
      step_in_shards(*model, nn::cross_entropy, sgd, batch(), 5);  // of 4 and 5 samples
    }
  }
  const Values a = values_of(whole);
  const Values b = values_of(cut);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6);
}

// Keeps the running mean of its inputs, m = (m + mean(x)) / 2, and counts calls.
struct Meter : nn::Layer {
  State mean{Tensor(0.0F), "mean"};
  State calls{Tensor::from<std::int64_t>({0}, {1}), "calls"};

  std::string text() const override { return "meter"; }
  nn::Parts parts() const override {
    return {{"mean", mean, nullptr, nn::Role::kept}, {"calls", calls, nullptr, nn::Role::kept}};
  }
  Tensor forward(const Tensor& x) const override {
    if (is_training("meter")) {
      mean.assign((mean.value() + nabla::mean(x)) / 2);
      calls.assign(calls.value() + 1);
    }
    return x;
  }
};

// Each shard starts from what was kept before the step; in the end it is the mean over the samples.
TEST(Shards, WhatIsKeptIsTheMeanOverTheShards) {
  const Meter meter;
  const nn::Sequential model{nn::Flatten(), meter, nn::Dense(64, 10)};
  optim::Sgd sgd;
  sgd.attach(model.parameters());
  meter.mean.assign(Tensor(2.0F));
  const TrainingScope training;
  step_in_shards(model, nn::cross_entropy, sgd, batch(), 5);
  EXPECT_NEAR(meter.mean.value().item(), (2 + mean(batch()[0]).item()) / 2, 1e-6);
  EXPECT_EQ(meter.calls.value().item(), 1) << "that of the first shard";
}

// The tries that a line search rejects leave no trace.
TEST(Shards, MinimizersKeepWhatTheLastEvaluationMade) {
  const Meter meter;
  const nn::Sequential model{nn::Flatten(), meter, nn::Dense(64, 10)};
  meter.mean.assign(Tensor(2.0F));
  optim::Objective objective(model, nn::cross_entropy);
  objective.set_batch(batch()[0], batch()[1]);
  optim::LineSearch search({.learning_rate = 1000});
  search.attach(model.parameters());
  search.step(objective);
  EXPECT_NEAR(meter.mean.value().item(), (2 + mean(batch()[0]).item()) / 2, 1e-6);
  EXPECT_EQ(meter.calls.value().item(), 1);
  objective.set_parameters(objective.parameters());
  EXPECT_EQ(meter.calls.value().item(), 0) << "no evaluation is left";
}

TEST(Shards, TrainersTakeThem) {
  data::Dataset train = data::digits().train;
  const auto loss_of = [&](std::int64_t shards) {
    Trainer trainer(model_of(with_dropout), nn::cross_entropy, optim::Adam());
    return trainer.fit(train, {.epochs = 2, .batch_size = 64, .shards = shards})
        .epochs.back()
        .train_loss;
  };
  EXPECT_NEAR(loss_of(4), loss_of(1), 0.1);
  EXPECT_NE(loss_of(4), loss_of(1)) << "other random numbers";
  EXPECT_EQ(loss_of(4), loss_of(4));
  EXPECT_THROW(loss_of(0), ValueError);
  // 1438 = 22 * 64 + 30 samples: the last batch has 30.
  EXPECT_EQ(
      test::message_of<ValueError>([&] { loss_of(64); }),
      "fit: shards 64: the smallest batch of an epoch has 30 samples: expected at least one for "
      "each; choose another batch_size");
}

}  // namespace
}  // namespace nabla
