#include "nabla/optim/minimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nabla/base/error.h"
#include "nabla/graph/training.h"
#include "nabla/nn/loss.h"
#include "nabla/nn/sequential.h"
#include "nabla/ops/ops.h"
#include "nabla/train/trainer.h"
#include "tests/support/message.h"

namespace nabla::optim {
namespace {

using Values = std::vector<double>;

struct Problem {
  nn::Sequential model{nn::Dense(3, 4), nn::tanh, nn::Dense(4, 2)};
  Tensor x = Tensor::from<float>({.5F, -1, 2, 1, .25F, -.5F, 0, 3, 1, -2, .1F, .7F}, {4, 3});
  Tensor y = Tensor::from<float>({1, 0, 0, 1, 1, 1, -1, 2}, {4, 2});
  Problem() { model.initialize(1); }
  Tensor loss() const { return nn::mean_squared_error(model(x), y); }
};

Tensor joined(const Tensors& tensors) {
  Tensors rows;
  for (const Tensor& tensor : tensors) rows.push_back(reshape(tensor, {-1}));
  return concatenate(rows, 0);
}

void expect_near(const Tensor& actual, const Tensor& expected) {
  const Values a = actual.to_doubles();
  const Values b = expected.to_doubles();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 2e-6 * (1 + std::abs(b[i])));
}

TEST(Objective, IsTheLossAsAFunctionOfOneVector) {
  const Problem problem;
  Objective objective(problem.model, nn::mean_squared_error);
  objective.set_batch(problem.x, problem.y);
  const auto parameters = problem.model.parameters();
  Tensors values;
  for (const State& parameter : parameters) values.push_back(parameter.value());
  EXPECT_EQ(objective.parameters().to_doubles(), joined(values).to_doubles());
  const auto f = [&] { return problem.loss(); };
  const auto expected = value_and_grad(f, parameters);
  const auto [value, gradient] = objective.value_and_gradient();
  EXPECT_EQ(value.item(), expected.value.item());
  EXPECT_EQ(objective.value(), expected.value.item());
  EXPECT_EQ(gradient.to_doubles(), joined(expected.derivative).to_doubles());
  Tensors direction;
  for (const Tensor& each : values) direction.push_back(each * 0.5 + 0.1);
  expect_near(objective.hessian_product(joined(direction)),
              joined(hvp(f, parameters, direction).product));
  // Of squares, half of the second derivative of the residuals along v: J^T J v 2 / n.
  const Tensor product = objective.gauss_newton_product(joined(direction));
  const double along = sum(product * joined(direction)).item();
  const Tensor residual_slope = jvp(
                                    [&](const Tensors& in) {
                                      const Substitution moved(parameters, in);
                                      return problem.model(problem.x);
                                    },
                                    values, direction)
                                    .derivative;
  EXPECT_NEAR(along, 2 * mean(square(residual_slope)).item(), 1e-5);
}

// In chunks of any size, it is the same function.
TEST(Objective, AddsUpItsBatches) {
  const Problem problem;
  Objective objective(problem.model, nn::mean_squared_error);
  objective.set_batch(problem.x, problem.y);
  const auto whole = objective.value_and_gradient();
  const Tensor product = objective.hessian_product(objective.parameters());
  objective.set_batches([&](const Objective::Visit& visit) {
    for (const auto& [begin, end] : {std::pair{0, 3}, {3, 4}}) {
      visit(slice(problem.x, {{.start = begin, .stop = end}}),
            slice(problem.y, {{.start = begin, .stop = end}}));
    }
  });
  const auto parts = objective.value_and_gradient();
  EXPECT_NEAR(parts.value.item(), whole.value.item(), 1e-6);
  expect_near(parts.derivative, whole.derivative);
  expect_near(objective.hessian_product(objective.parameters()), product);
}

TEST(Objective, ReadingCopiesNothingAndKeepsItsValues) {
  const Problem problem;
  const Objective objective(problem.model, nn::mean_squared_error);
  const State weight = problem.model.parameters()[0];
  const Tensor before = objective.parameters();
  EXPECT_EQ(before.bytes(), weight.memory());
  const Tensor weight_before = weight.value();
  const Values values = before.to_doubles();
  objective.set_parameters(before * 2);
  EXPECT_EQ(before.to_doubles(), values);
  EXPECT_EQ(weight_before.to_doubles(), Values(values.begin(), values.begin() + 12));
  EXPECT_EQ(weight.value().to_doubles()[5], static_cast<double>(2 * static_cast<float>(values[5])));
}

// Dropout drops the same in each evaluation of one step, and others in the next.
TEST(Objective, IsOneFunctionAlsoWithDropout) {
  const nn::Sequential model{nn::Dense(3, 40), nn::Dropout(0.5), nn::Dense(40, 2)};
  const Problem data;
  Objective objective(model, nn::mean_squared_error);
  objective.set_batch(data.x, data.y);
  const double value = objective.value();
  EXPECT_EQ(objective.value(), value);
  EXPECT_EQ(objective.value_and_gradient().value.item(), value);
  objective.set_batch(data.x, data.y);
  EXPECT_NE(objective.value(), value);
}

TEST(Objective, MistakesAreNamed) {
  const Problem problem;
  Objective objective(problem.model, nn::mean_squared_error);
  EXPECT_THROW(objective.value(), ValueError);
  EXPECT_EQ(test::message_of<ShapeError>([&] { objective.set_parameters(problem.x); }),
            "objective: expected a vector f32[26], got f32[4, 3]");
  EXPECT_THROW(Objective(nn::relu, nn::mean_squared_error), ValueError);
  EXPECT_THROW(Objective(problem.model, nullptr), ValueError);
  problem.model.freeze();
  EXPECT_EQ(test::message_of<ValueError>([&] { Objective(problem.model, nn::mean_squared_error); }),
            "objective: all parameters of model \"dense(4) tanh dense(2)\" are frozen: set some "
            "free with unfreeze()");
}

// f(w) = w^2 / 2 from w = 1, which a full step of 1 solves at once.
TEST(LineSearch, TakesTheFirstStepThatIsGoodEnough) {
  const nn::Sequential model{nn::Dense(1, 1, {.bias = false, .initializer = nn::constant(1)})};
  const nn::Loss half_square = [](const Tensor& y, const Tensor&) { return mean(y * y) / 2; };
  Objective objective(model, half_square);
  objective.set_batch(Tensor::from({1.0F}, {1, 1}), Tensor::from({0.0F}, {1, 1}));
  const auto weight = [&] { return model.parameters()[0].value().item(); };
  // From 8 on, halved: 8, 4 and 2 lead to -7, -3 and -1, where f is not smaller.
  LineSearch search({.learning_rate = 8});
  search.states()[1].assign(Tensor(0.0));
  EXPECT_EQ(search.step(objective), 0.5);
  EXPECT_EQ(weight(), 0);
  EXPECT_EQ(search.states()[1].value().item(), 1) << "remembers its step";
}

TEST(LineSearch, NeverGoesUp) {
  const Problem problem;
  Trainer trainer(problem.model, nn::mean_squared_error, LineSearch({.learning_rate = 1e6}));
  const data::Dataset dataset{
      .name = "made", .inputs = problem.x, .targets = problem.y, .class_names = {}};
  const History history = trainer.fit(dataset, {.epochs = 30, .batch_size = 0});
  for (std::size_t i = 1; i < history.epochs.size(); ++i) {
    EXPECT_LE(history.epochs[i].train_loss, history.epochs[i - 1].train_loss);
  }
  EXPECT_LT(history.epochs.back().train_loss, 0.5 * history.epochs.front().train_loss);
}

TEST(LineSearch, StaysWhereNothingIsSmaller) {
  const nn::Sequential model{nn::Dense(1, 1, {.bias = false, .initializer = nn::constant(0)})};
  const nn::Loss square_of = [](const Tensor& y, const Tensor&) { return mean(y * y); };
  Objective objective(model, square_of);
  objective.set_batch(Tensor::from({1.0F}, {1, 1}), Tensor::from({0.0F}, {1, 1}));
  LineSearch search;
  search.attach(model.parameters());
  EXPECT_EQ(search.step(objective), 0);
  EXPECT_EQ(model.parameters()[0].value().item(), 0);
}

// From 1e30 on, 40 halvings end at 1e18 and the next 40 at 1e6: the third step finds one.
TEST(LineSearch, RecoversFromStepsThatAreAllTooLong) {
  const nn::Sequential model{nn::Dense(1, 1, {.bias = false, .initializer = nn::constant(1)})};
  const nn::Loss half_square = [](const Tensor& y, const Tensor&) { return mean(y * y) / 2; };
  Objective objective(model, half_square);
  objective.set_batch(Tensor::from({1.0F}, {1, 1}), Tensor::from({0.0F}, {1, 1}));
  LineSearch search({.learning_rate = 1e30});
  search.attach(model.parameters());
  const auto weight = [&] { return model.parameters()[0].value().item(); };
  for (int i = 0; i < 2; ++i) {
    search.step(objective);
    EXPECT_EQ(weight(), 1);
  }
  search.step(objective);
  EXPECT_LT(std::abs(weight()), 1);
}

TEST(LineSearch, OptionsHaveRanges) {
  EXPECT_THROW(LineSearch({.learning_rate = 0}), ValueError);
  EXPECT_THROW(LineSearch({.shrink = 1}), ValueError);
  EXPECT_THROW(LineSearch({.most_tries = 0}), ValueError);
  EXPECT_EQ(LineSearch({.shrink = 0.25}).text(), "line_search(shrink=0.25)");
}

}  // namespace
}  // namespace nabla::optim
