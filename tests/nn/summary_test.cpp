#include "nabla/nn/summary.h"

#include <gtest/gtest.h>

#include "nabla/base/error.h"
#include "nabla/nn/sequential.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/reduction.h"

namespace nabla::nn {
namespace {

// Counts by hand: a dense layer in -> out has (in + 1) out parameters and in out multiply-adds.
TEST(Summary, CountsWhatIsThere) {
  const Sequential model{Dense(784, 128), relu, Residual{Dense(128, 128), relu, Dense(128, 128)},
                         named("head", Dense(128, 10))};
  model.freeze("residual_1.*");
  const auto rows = summarize(model, {28, 28});
  struct Expected {
    std::string name;
    Shape output;
    std::int64_t parameters;
    double multiply_adds;
  };
  const std::vector<Expected> expected = {
      {"", {10}, 785 * 128 + 2 * 129 * 128 + 129 * 10, 784 * 128 + 2 * 128 * 128 + 1280},
      {"dense_1", {128}, 785 * 128, 784 * 128},
      {"relu_1", {128}, 0, 0},
      {"residual_1", {128}, 2 * 129 * 128, 2 * 128 * 128},
      {"residual_1.body", {128}, 2 * 129 * 128, 2 * 128 * 128},
      {"residual_1.body.dense_1", {128}, 129 * 128, 128 * 128},
      {"residual_1.body.relu_1", {128}, 0, 0},
      {"residual_1.body.dense_2", {128}, 129 * 128, 128 * 128},
      {"head", {10}, 1290, 1280}};
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].name, expected[i].name);
    EXPECT_EQ(rows[i].output, expected[i].output) << rows[i].name;
    EXPECT_EQ(rows[i].parameters, expected[i].parameters) << rows[i].name;
    EXPECT_EQ(rows[i].multiply_adds, expected[i].multiply_adds) << rows[i].name;
  }
  EXPECT_EQ(rows[0].frozen, 2 * 129 * 128);
  EXPECT_EQ(rows[3].frozen, rows[3].parameters);
  EXPECT_EQ(rows[8].frozen, 0);
}

TEST(Summary, ALayerThatRunsTwiceCountsOnce) {
  const Dense twice(3, 3);
  const auto rows = summarize(Sequential{twice, tanh, twice}, {3});
  ASSERT_EQ(rows.size(), 3U) << "the model, dense_1, tanh_1";
  EXPECT_EQ(rows[1].multiply_adds, 18);
  EXPECT_EQ(rows[0].parameters, 12);
  EXPECT_EQ(rows[0].multiply_adds, 18);
}

// A part that forward does not call has no shape.
struct Idle : Layer {
  Dense used{2, 2}, idle{2, 5};
  std::string text() const override { return "idle"; }
  Parts parts() const override { return {{"used", used}, {"idle", idle}}; }
  Tensor forward(const Tensor& x) const override { return used(x); }
};

// A part may give a number for the whole batch.
struct Total : Layer {
  std::string text() const override { return "total"; }
  Tensor forward(const Tensor& x) const override { return sum(x); }
};
struct Shifted : Layer {
  Total total;
  std::string text() const override { return "shifted"; }
  Parts parts() const override { return {{"total", total}}; }
  Tensor forward(const Tensor& x) const override { return x + total(x); }
};

TEST(Summary, OfAPartThatGivesANumber) {
  const auto rows = summarize(Shifted(), {2});
  EXPECT_EQ(rows[0].output, Shape{2});
  EXPECT_FALSE(rows[1].output);
}

TEST(Summary, OfALayerOfTheUser) {
  const Idle model;
  const auto rows = summarize(model, {2});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].output, Shape{2});
  EXPECT_FALSE(rows[2].output);
  EXPECT_EQ(summary_text(rows),
            "layer   output  parameters  multiply-adds\n"
            "model   [2]             21              4\n"
            "  used  [2]              6              4\n"
            "  idle  -               15              0\n");
  EXPECT_THROW(summarize(model, {3}), ShapeError);
}

}  // namespace
}  // namespace nabla::nn
