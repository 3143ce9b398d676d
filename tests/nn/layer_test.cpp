#include "nabla/nn/layers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "nabla/autodiff/derivatives.h"
#include "nabla/base/error.h"
#include "nabla/graph/training.h"
#include "nabla/nn/loss.h"
#include "nabla/nn/sequential.h"
#include "nabla/ops/ops.h"
#include "nabla/optim/rules.h"
#include "nabla/plan/capture.h"
#include "tests/support/message.h"

namespace nabla::nn {
namespace {

Tensor f32(std::initializer_list<float> values, const Shape& shape) {
  return Tensor::from(values, shape);
}

double at(const AnyLayer& layer, double x) { return (*layer)(Tensor(x)).item(); }
double slope_at(const AnyLayer& layer, double x) {
  return grad([&](const Tensor& in) { return (*layer)(in); })(Tensor(x)).item();
}

TEST(Dense, IsAWeightedSumOfAllInputs) {
  const Dense layer(4, 3);
  layer.parameters()[0].assign(
      f32({.2F, 1.5F, 0, -.5F, 1.3F, .25F, .1F, 2.1F, .2F, 2, 0, -.3F}, {4, 3}));
  layer.parameters()[1].assign(f32({1.1F, 3.2F, -1.2F}, {3}));
  // The linear classifier of the lectures: four pixels, three classes. An image has axes.
  const Tensor scores = layer(f32({56, 231, 24, 2}, {1, 2, 2}));
  const std::vector<double> expected = {-96.8, 437.9, 60.75};
  ASSERT_EQ(scores.shape(), (Shape{1, 3}));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(scores.to_doubles()[i], expected[i], 1e-4);
}

TEST(Dense, CanGoWithoutBias) {
  const Dense layer(2, 1, {.bias = false, .initializer = constant(3)});
  EXPECT_EQ(layer.parameters().size(), 1U);
  EXPECT_EQ(layer(f32({1, 2}, {1, 2})).item(), 9);
  EXPECT_EQ(layer.text(), "dense(1, bias=false, initializer=constant(3))");
}

TEST(Dense, NamesWhatDoesNotFit) {
  const Dense layer(4, 3);
  EXPECT_THROW(layer(f32({1, 2, 3}, {1, 3})), ShapeError);
  EXPECT_THROW(layer.output_shape({3}), ShapeError);
  EXPECT_THROW(Dense(0, 3), ValueError);
  EXPECT_EQ(layer(Tensor::empty({DType::f32, {0, 2, 2}})).shape(), (Shape{0, 3}));
}

TEST(Layers, MissingFunctionsAreNamed) {
  EXPECT_EQ(test::message_of<ValueError>([] { Dense(1, 1, {.initializer = nullptr}); }),
            "dense: the initializer is missing: expected a function such as nn::he_uniform()");
  EXPECT_EQ(
      test::message_of<ValueError>([] { Activation("wave", nullptr); }),
      "activation \"wave\": the function is missing: expected one from tensor to tensor, such "
      "as nabla::tanh");
}

// z = 3 x1 - 2 x2 + 1, then ReLU; the derivative at z = 0 is 0.
TEST(Layers, TheNeuronOfTheLectures) {
  const Dense neuron(2, 1);
  neuron.parameters()[0].assign(f32({3, -2}, {2, 1}));
  neuron.parameters()[1].assign(f32({1}, {1}));
  const Tensor x = f32({1, 1, 0, 0, -1, 0, 1, 2, 2, 1}, {5, 2});
  EXPECT_EQ(relu(neuron(x)).to_doubles(), (std::vector<double>{2, 1, 0, 0, 5}));
  const auto gradient = value_and_grad([&] { return sum(relu(neuron(x))); }, neuron.parameters());
  // Of (1, 1), (0, 0) and (2, 1): the sum of the inputs.
  EXPECT_EQ(gradient.derivative[0].to_doubles(), (std::vector<double>{3, 2}));
  EXPECT_EQ(gradient.derivative[1].item(), 3);
}

TEST(Activations, ValuesOfTheLectures) {
  EXPECT_NEAR(at(sigmoid, 1), .7310585786300049, 1e-15);
  EXPECT_NEAR(at(tanh, 1), .7615941559557649, 1e-15);
  EXPECT_NEAR(slope_at(tanh, 1), .41997434161402614, 1e-15);
  EXPECT_EQ(at(leaky_relu(), -1), -0.1);
  EXPECT_NEAR(at(elu(), -1), -.6321205588285577, 1e-15);
  EXPECT_NEAR(at(softplus, 1), std::log1p(std::exp(1.0)), 1e-15);
  EXPECT_EQ(at(identity, -2), -2);
}

TEST(Activations, DerivativesAtTheKink) {
  EXPECT_EQ(slope_at(relu, 0), 0);
  EXPECT_EQ(slope_at(leaky_relu(), 0), 0.1);
  EXPECT_EQ(slope_at(elu(2), 0), 2);
}

// What could be saved and never be read again.
TEST(Activations, RefuseWhatArchitecturesCannotSay) {
  for (const double value : {1e22, -1e16, std::nan(""), HUGE_VAL}) {
    EXPECT_THROW(leaky_relu(value), ValueError) << value;
    EXPECT_THROW(elu(value), ValueError) << value;
  }
}

TEST(Activations, FarOutNothingOverflows) {
  EXPECT_EQ(slope_at(elu(), 1000), 1);
  EXPECT_EQ(at(elu(), 1000), 1000);
  EXPECT_EQ(at(sigmoid, -1000), 0);
}

TEST(Dropout, IsTheIdentityWhereNothingIsLearned) {
  const Dropout layer(0.5);
  const Tensor x = f32({1, 2, 3}, {1, 3});
  EXPECT_EQ(layer(x).to_doubles(), x.to_doubles());
  EXPECT_THROW(Dropout(1), ValueError);
  EXPECT_THROW(Dropout(-0.1), ValueError);
}

TEST(Dropout, DropsItsPartAndKeepsTheMean) {
  const Dropout layer(0.25);
  const Tensor ones = broadcast_to(Tensor(1.0F), {100, 200});
  const TrainingScope training;
  const auto values = layer(ones).to_doubles();
  const auto dropped = std::ranges::count(values, 0.0);
  EXPECT_NEAR(static_cast<double>(dropped) / 20000, 0.25, 0.02);
  const auto kept = std::ranges::count(values, static_cast<double>(1 / 0.75F));
  EXPECT_EQ(dropped + kept, 20000);
}

TEST(Dropout, ACapturedStepDropsOthersEachTime) {
  const Dropout layer(0.5);
  const TrainingScope training;
  const auto step = capture([&](const Tensor& x) { return layer(x); });
  const Tensor ones = broadcast_to(Tensor(1.0F), {64});
  const auto first = step(ones).to_doubles();
  EXPECT_NE(first, step(ones).to_doubles());
  layer.initialize(0);
  const auto again = step(ones).to_doubles();
  layer.initialize(0);
  EXPECT_EQ(step(ones).to_doubles(), again);
}

// Number i of a batch is number i of the stream of its name.
TEST(Dropout, ItsNumbersDependOnSeedAndNameAlone) {
  const Sequential model{Dense(2, 2), Dropout(0.5), named("last", Dropout(0.5))};
  model.initialize(3);
  const auto states = model.states();
  ASSERT_EQ(states.size(), 4U);
  for (const auto& [place, name] : {std::pair{2, "dropout_1.random"}, {3, "last.random"}}) {
    const NamedState& state = states[static_cast<std::size_t>(place)];
    EXPECT_EQ(state.name, name);
    EXPECT_EQ(state.role, Role::random);
    EXPECT_EQ(state.state.value().to_vector<std::int64_t>(),
              (std::vector<std::int64_t>{3, static_cast<std::int64_t>(streams::of(name)), 0}));
  }
}

TEST(Training, IsAModeOfTheThread) {
  const Dropout layer(0.5);
  const Tensor ones = broadcast_to(Tensor(1.0F), {200});
  const auto is_dropping = [&] { return min(layer(ones)).item() == 0; };
  EXPECT_FALSE(is_dropping());
  {
    const TrainingScope training;
    EXPECT_TRUE(is_dropping());
    {
      const TrainingScope use(false);
      EXPECT_FALSE(is_dropping());
    }
    EXPECT_TRUE(is_dropping());
    std::thread([&] { EXPECT_FALSE(is_dropping()); }).join();
  }
  EXPECT_FALSE(is_dropping());
}

TEST(Training, CapturedFunctionsKnowTheirMode) {
  const Dropout layer(0.5);
  const auto f = capture([&](const Tensor& x) { return min(layer(x)); });
  const Tensor ones = broadcast_to(Tensor(1.0F), {200});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(f(ones).item(), 1);
    const TrainingScope training;
    EXPECT_EQ(f(ones).item(), 0);
  }
}

// A step by hand that forgets the mode must not train a model without its dropout.
TEST(Training, AStepByHandMustSayItsMode) {
  const Sequential model{Dense(2, 2), Dropout(0.5)};
  const Tensor x = f32({1, 2}, {1, 2});
  const auto loss = [&] { return sum(model(x)); };
  EXPECT_EQ(test::message_of<Error>([&] { value_and_grad(loss, model.parameters()); }),
            "dropout: a derivative by parameters is taken, but nothing says whether this is "
            "training: expected a TrainingScope around it, or TrainingScope(false)");
  const TrainingScope use(false);
  EXPECT_EQ(value_and_grad(loss, model.parameters()).value.item(), loss().item());
  // By its input, a model in use may be differentiated.
  EXPECT_NO_THROW(grad([&](const Tensor& in) { return sum(model(in)); })(x));
}

TEST(Flatten, MakesOneAxis) {
  const Flatten layer;
  EXPECT_EQ(layer(Tensor::empty({DType::f32, {5, 2, 3}})).shape(), (Shape{5, 6}));
  EXPECT_EQ(layer.output_shape({2, 3}), (Shape{6}));
}

// Scores near 0 give the loss ln K.
TEST(SaneStart, LossIsLogOfTheClasses) {
  for (const std::int64_t classes : {2, 3, 10}) {
    const Dense layer(5, classes, {.initializer = normal(1e-6)});
    const Tensor x = broadcast_to(Tensor(1.0F), {4, 5});
    const Tensor labels = Tensor::from<std::int64_t>({0, 1, 0, 1}, {4});
    EXPECT_NEAR(cross_entropy(layer(x), labels).item(), std::log(static_cast<double>(classes)),
                1e-5);
  }
}

struct Trained {
  Sequential model;
  Tensors gradients;
};
// Two layers with these first weights after one step.
Trained train_one_step(const Initializer& initializer) {
  const Sequential model{Dense(3, 4, {.initializer = initializer}), tanh,
                         Dense(4, 2, {.initializer = initializer})};
  const Tensor x = f32({.5F, -1, 2, 1, .25F, -.5F}, {2, 3});
  const Tensor target = f32({1, 3, 0, 1}, {2, 2});
  const auto gradients =
      value_and_grad([&] { return mean_squared_error(model(x), target); }, model.parameters());
  optim::Sgd sgd({.learning_rate = 0.5});
  sgd.attach(model.parameters());
  sgd.step(gradients.derivative);
  return {model, gradients.derivative};
}

// Zeros are a saddle: nothing of the gradient reaches the hidden weights.
TEST(BadStart, ZeroWeightsDoNotLearn) {
  const auto trained = train_one_step(zero());
  EXPECT_EQ(trained.gradients[0].to_doubles(), std::vector<double>(12, 0.0));
}

// Equal weights stay equal: four units do the work of one.
TEST(BadStart, ConstantWeightsStayEqual) {
  const auto weight = train_one_step(constant(0.3)).model.parameters()[0].value().to_doubles();
  for (std::size_t row = 0; row < 3; ++row) {
    EXPECT_NE(weight[4 * row], 0.3F) << "nothing was learned";
    for (std::size_t unit = 1; unit < 4; ++unit) {
      EXPECT_EQ(weight[4 * row + unit], weight[4 * row]);
    }
  }
}

TEST(Losses, MeanSquaredErrorIsTheMeanOverAllElements) {
  const Tensor prediction = f32({1, 2, 3, 4}, {2, 2});
  const Tensor target = f32({1, 0, 0, 0}, {2, 2});
  EXPECT_EQ(mean_squared_error(prediction, target).item(), (4.0 + 9 + 16) / 4);
  EXPECT_THROW(mean_squared_error(prediction, f32({1, 0}, {2})), ShapeError);
}

TEST(Losses, AccuracyCountsTheFirstOfEqualScores) {
  const Tensor scores = f32({1, 2, 3, 3, 0, 1, 5, 5, 5}, {3, 3});
  EXPECT_DOUBLE_EQ(accuracy(scores, Tensor::from<std::int64_t>({2, 0, 0}, {3})).item(), 1);
  EXPECT_DOUBLE_EQ(accuracy(scores, Tensor::from<std::int64_t>({2, 1, 1}, {3})).item(), 1.0 / 3);
  // The types of labels that cross-entropy takes, and no others.
  EXPECT_DOUBLE_EQ(accuracy(scores, Tensor::from<std::int32_t>({2, 1, 1}, {3})).item(), 1.0 / 3);
  EXPECT_THROW(accuracy(scores, f32({2, 1, 1}, {3})), DTypeError);
}

}  // namespace
}  // namespace nabla::nn
