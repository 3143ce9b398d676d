#include "nabla/nn/sequential.h"

#include <gtest/gtest.h>

#include "nabla/base/error.h"
#include "nabla/ops/ops.h"
#include "nabla/optim/rules.h"
#include "tests/support/message.h"

namespace nabla::nn {
namespace {

std::vector<double> values_of(const Sequential& model) {
  std::vector<double> all;
  for (const State& parameter : model.parameters()) {
    for (const double value : parameter.value().to_doubles()) all.push_back(value);
  }
  return all;
}

TEST(Sequential, RunsItsLayersInTurn) {
  const Dense first(3, 4);
  const Dense second(4, 2);
  const Sequential model{first, tanh, second};
  const Tensor x = Tensor::from({1.0F, 2.0F, 3.0F}, {1, 3});
  EXPECT_EQ(model(x).to_doubles(), second(tanh(first(x))).to_doubles());
}

TEST(Sequential, NamesItsParts) {
  const Sequential model{Dense(784, 128), relu, Dense(128, 10, {.bias = false})};
  EXPECT_EQ(model.text(), "dense(128) relu dense(10, bias=false)");
  EXPECT_EQ(model.parameter_count(), 784 * 128 + 128 + 128 * 10);
  const auto named = model.named_parameters();
  ASSERT_EQ(named.size(), 3U);
  EXPECT_EQ(named[0].name, "dense_1.weight");
  EXPECT_EQ(named[1].name, "dense_1.bias");
  EXPECT_EQ(named[2].name, "dense_2.weight");
  EXPECT_EQ(model.output_shape({28, 28}), (Shape{10}));
}

TEST(Sequential, NamesSurviveLayersWithoutStates) {
  const Sequential model{Flatten(), Dense(4, 4), tanh,
                         relu,      Dense(4, 4), named("head", Dense(4, 2))};
  std::vector<std::string> names;
  for (const NamedState& each : model.states()) names.push_back(each.name);
  EXPECT_EQ(names, (std::vector<std::string>{"dense_1.weight", "dense_1.bias", "dense_2.weight",
                                             "dense_2.bias", "head.weight", "head.bias"}));
  EXPECT_EQ(model.text(), "flatten dense(4) tanh relu dense(4) head:dense(2)");
}

TEST(Sequential, ParametersLieSideBySide) {
  const Sequential model{Dense(3, 5), relu, Dense(5, 2)};
  const auto parameters = model.parameters();
  optim::Sgd().attach(parameters);
  for (std::size_t i = 1; i < parameters.size(); ++i) {
    const auto before = static_cast<std::size_t>(parameters[i - 1].spec().shape.elements());
    EXPECT_EQ(parameters[i].memory(), parameters[i - 1].memory() + before * sizeof(float));
  }
}

TEST(Sequential, TheSeedDecidesTheFirstValues) {
  const Sequential model{Dense(3, 3), relu, Dense(3, 3)};
  model.initialize(0);
  const auto first = values_of(model);
  const auto weights = model.parameters();
  EXPECT_NE(weights[0].value().to_doubles(), weights[2].value().to_doubles());
  model.initialize(7);
  EXPECT_NE(values_of(model), first);
  model.initialize(0);
  EXPECT_EQ(values_of(model), first);
  // Each state draws from the stream of its name, within sqrt(6 / (3 + 3)).
  Random second(0, streams::of("dense_2.weight"));
  EXPECT_EQ(weights[2].value().to_doubles()[0], static_cast<float>(2 * second.uniform() - 1));
  EXPECT_EQ(weights[1].value().to_doubles(), (std::vector<double>{0, 0, 0}));
}

TEST(Sequential, CountsANumberOnceThatStandsTwice) {
  const Dense twice(2, 2);
  const Sequential model{twice, tanh, twice};
  EXPECT_EQ(model.parameter_count(), 6);
  EXPECT_EQ(model.parameters().size(), 2U);
  EXPECT_EQ(model.text(), "dense_1:dense(2) tanh dense_1");
}

TEST(Sequential, NamesALayerThatIsMissing) {
  EXPECT_EQ(test::message_of<ValueError>([] {
              Sequential({Dense(2, 3), nullptr});
            }),
            "sequential: layer 2 is missing: expected a layer, such as nn::Dense");
}

TEST(Sequential, TrainedPartsKeepTheirValues) {
  const Sequential trained{Dense(3, 4), relu};
  trained.initialize(5);
  const auto before = values_of(trained);
  const Sequential model{trained, Dense(4, 2)};
  EXPECT_EQ(values_of(trained), before);
  EXPECT_EQ(model.text(), "dense(4) relu dense(2)");
  EXPECT_EQ(model.named_parameters()[2].name, "dense_2.weight");
  const Sequential copy{model};
  EXPECT_EQ(copy.layers().size(), 3U);
}

// Layers by pointer are shared: a part of a model is one of its own.
TEST(Sequential, LayersByPointerKeepTheirValues) {
  const Sequential trained{Dense(3, 4), relu, Dense(4, 2)};
  trained.initialize(5);
  const auto before = values_of(trained);
  const Sequential front(std::vector(trained.layers().begin(), trained.layers().begin() + 2));
  EXPECT_EQ(values_of(trained), before);
  EXPECT_EQ(values_of(front), std::vector<double>(before.begin(), before.begin() + 16));
  const Sequential whole{std::make_shared<Sequential>(front), trained.layers()[2]};
  EXPECT_EQ(values_of(whole), before);
  EXPECT_EQ(whole.named_parameters()[2].name, "dense_2.weight");
}

TEST(Sequential, KeepsWhatIsDerivedFromItWhole) {
  struct Skipping : Sequential {
    using Sequential::Sequential;
    Tensor forward(const Tensor& x) const override { return x + Sequential::forward(x); }
  };
  const auto residual =
      std::make_shared<Skipping>(std::initializer_list<AnyLayer>{Dense(2, 2), tanh});
  const Sequential model{residual};
  const Tensor x = Tensor::from({1.0F, 2.0F}, {1, 2});
  EXPECT_EQ(model(x).to_doubles(), (*residual)(x).to_doubles());
}

TEST(Sequential, NamesParametersThatAreNamedAlike) {
  struct Block : Layer {
    std::string text() const override { return "block"; }
    Tensor forward(const Tensor& x) const override { return x + second(first(x)); }
    Parts parts() const override { return {{"weight", first}, {"weight", second}}; }
    Dense first{2, 2}, second{2, 2};
  };
  EXPECT_EQ(test::message_of<ValueError>([] { Sequential{std::make_shared<Block>()}; }),
            "layer \"block\": part \"weight\" stands twice: expected a name of its own for each "
            "part");
}

TEST(Sequential, ErrorsNameTheLayer) {
  const Sequential model{relu, Dense(4, 3), tanh};
  const Tensor x = Tensor::empty({DType::f32, {2, 5}});
  const std::string expected =
      "dense: takes 4 numbers a sample, got 5 (shape [5]), in layer dense_1 \"dense(3)\"";
  EXPECT_EQ(test::message_of<ShapeError>([&] { model(x); }), expected);
  EXPECT_EQ(test::message_of<ShapeError>([&] { model.output_shape({5}); }), expected);
  const std::string dtype = test::message_of<DTypeError>([&] {
    model(Tensor::empty({DType::i64, {2, 4}}));
  });
  EXPECT_NE(dtype.find("in layer dense_1 \"dense(3)\""), std::string::npos) << dtype;
}

// A user's own layer, with a parameter.
struct Scale : Layer {
  State factor{Tensor(2.0F), "factor"};
  std::string text() const override { return "scale"; }
  Parts parts() const override { return {{"factor", factor}}; }
  Tensor forward(const Tensor& x) const override { return x * factor.value(); }
};

TEST(Sequential, TakesLayersOfTheUser) {
  const Sequential model{Scale(), Scale()};
  EXPECT_EQ(model(Tensor::from({1.0F, 2.0F}, {1, 2})).to_doubles(), (std::vector<double>{4, 8}));
  EXPECT_EQ(model.named_parameters()[1].name, "scale_2.factor");
}

}  // namespace
}  // namespace nabla::nn
