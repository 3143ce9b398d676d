// A model is a tree of named parts.
#include <gtest/gtest.h>

#include "nabla/autodiff/derivatives.h"
#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/nn/architecture.h"
#include "nabla/nn/sequential.h"
#include "nabla/nn/summary.h"
#include "nabla/ops/ops.h"
#include "tests/support/message.h"

namespace nabla::nn {
namespace {

using Names = std::vector<std::string>;

Names names_of(const Layer& layer) {
  Names names;
  for (const NamedState& each : layer.states()) names.push_back(each.name);
  return names;
}

// A user's own layer of three.
struct Block : Layer {
  Dense first{3, 3}, second{3, 3};
  Dropout dropout{0.5};
  std::string text() const override { return "block"; }
  Parts parts() const override {
    return {{"first", first}, {"second", second}, {"dropout", dropout}};
  }
  Tensor forward(const Tensor& x) const override { return x + second(dropout(first(x))); }
};

TEST(Tree, ALayerOfTheUserNests) {
  const Sequential model{Block(), Residual{Block(), tanh}, Dense(3, 1)};
  EXPECT_EQ(names_of(model),
            (Names{"block_1.first.weight", "block_1.first.bias", "block_1.second.weight",
                   "block_1.second.bias", "block_1.dropout.random",
                   "residual_1.body.block_1.first.weight", "residual_1.body.block_1.first.bias",
                   "residual_1.body.block_1.second.weight", "residual_1.body.block_1.second.bias",
                   "residual_1.body.block_1.dropout.random", "dense_1.weight", "dense_1.bias"}));
  EXPECT_EQ(model.parameter_count(), 4 * 12 + 4);
  EXPECT_EQ(model.output_shape({3}), (Shape{1}));
}

TEST(Tree, PartsMadeAlikeDiffer) {
  const Block block;
  EXPECT_NE(block.first.parameters()[0].value().to_doubles(),
            block.second.parameters()[0].value().to_doubles());
  EXPECT_NE(Dropout(0.5).states()[0].state.value().to_doubles(),
            Dropout(0.5).states()[0].state.value().to_doubles());
}

TEST(Tree, TheSeedDecidesAllOfThem) {
  const Block one;
  const Block other;
  one.initialize(3);
  other.initialize(3);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(one.states()[i].state.value().to_doubles(),
              other.states()[i].state.value().to_doubles());
  }
  other.initialize(4);
  EXPECT_NE(one.states()[0].state.value().to_doubles(),
            other.states()[0].state.value().to_doubles());
}

TEST(Tree, BuildingAModelTouchesNoPart) {
  const Dense part(3, 3);
  const auto values = part.parameters()[0].value().to_doubles();
  const std::byte* memory = part.parameters()[0].memory();
  const Sequential model{part, relu, Residual{part}};
  EXPECT_EQ(part.parameters()[0].value().to_doubles(), values);
  EXPECT_EQ(part.parameters()[0].memory(), memory);
}

TEST(Tree, ResidualAddsItsInput) {
  const Dense body(2, 3);
  const Dense projection(2, 3);
  const Tensor x = Tensor::from({1.0F, -2.0F}, {1, 2});
  const Residual with({body}, projection);
  EXPECT_EQ(with(x).to_doubles(), (body(x) + projection(x)).to_doubles());
  EXPECT_EQ(with.text(), "residual[dense(3)][dense(3)]");
  const Dense square(2, 2);
  EXPECT_EQ((Residual{square, relu}(x).to_doubles()), (relu(square(x)) + x).to_doubles());
  EXPECT_EQ(test::message_of<ShapeError>([&] { Residual{body}(x); }),
            "\"residual[dense(3)]\": adds results of shapes [1, 3] and [1, 2]: expected the same");
}

TEST(Tree, BranchesAreJoined) {
  const Dense left(2, 3);
  const Dense right(2, 1);
  const Tensor x = Tensor::from({1.0F, -2.0F, 0.5F, 4.0F}, {2, 2});
  const Concatenate both{left, Sequential{right, tanh}};
  EXPECT_EQ(both(x).to_doubles(), concatenate({left(x), tanh(right(x))}, 1).to_doubles());
  EXPECT_EQ(both.text(), "concatenate[dense(3)][dense(1) tanh]");
  EXPECT_EQ(names_of(both), (Names{"branch_1.dense_1.weight", "branch_1.dense_1.bias",
                                   "branch_2.dense_1.weight", "branch_2.dense_1.bias"}));
  const Dense third(2, 3);
  EXPECT_EQ((Add{left, third}(x).to_doubles()), (left(x) + third(x)).to_doubles());
  EXPECT_THROW((Add{left, right}(x)), ShapeError);
  EXPECT_THROW(Add(std::vector<AnyLayer>{}), ValueError);
}

TEST(Tree, ErrorsNameTheWayToTheLayer) {
  const Sequential model{Residual{Dense(4, 3)}};
  EXPECT_EQ(test::message_of<ShapeError>([&] {
              model(Tensor::empty({DType::f32, {2, 5}}));
            }),
            "dense: takes 4 numbers a sample, got 5 (shape [5]), in layer dense_1 \"dense(3)\", in "
            "layer body \"dense(3)\", in layer residual_1 \"residual[dense(3)]\"");
}

TEST(Tree, AStateInTwoPlacesIsOneParameter) {
  const Dense shared(2, 2);
  const Sequential model{Residual{shared}, Concatenate{shared, Dense(2, 2)}};
  EXPECT_EQ(model.parameters().size(), 4U);
  EXPECT_EQ(model.states()[0].other_names, (Names{"concatenate_1.branch_1.dense_1.weight"}));
  model.freeze("concatenate_1.branch_1.*");  // by its other name
  EXPECT_EQ(model.parameters().size(), 2U);
}

TEST(Tree, FreezesByPattern) {
  const Sequential model{named("body", Sequential{Dense(2, 2), relu, Dense(2, 2)}), Dense(2, 1)};
  const auto count = [&] { return model.parameters().size(); };
  model.freeze("body.*");
  EXPECT_EQ(count(), 2U);
  EXPECT_EQ(model.parameter_count(), 6 + 6 + 3) << "what is frozen counts";
  model.unfreeze("*.bias");
  EXPECT_EQ(count(), 4U);
  model.unfreeze();
  model.freeze("body.dense_1.weight");
  EXPECT_EQ(count(), 5U);
  EXPECT_EQ(test::message_of<ValueError>([&] { model.freeze("boddy.*"); }),
            "freeze: no parameter \"boddy.*\": expected some of: body.dense_1.weight, "
            "body.dense_1.bias, body.dense_2.weight, body.dense_2.bias, dense_1.weight, "
            "dense_1.bias");
  EXPECT_EQ(test::message_of<ValueError>([&] { Sequential{relu}.freeze(); }),
            "freeze: \"relu\" has no parameters: expected a layer that learns, such as dense");
}

TEST(Tree, ALayerHasOneName) {
  const Dense dense(1, 1);
  EXPECT_EQ(test::message_of<ValueError>([&] {
              Sequential{named("a", dense), relu, named("b", dense)};
            }),
            "sequential: \"a\" and \"b\" are the same layer: expected one name for both");
  EXPECT_EQ(test::message_of<ValueError>([&] {
              Sequential{dense, relu, named("b", dense)};
            }),
            "sequential: \"dense_1\" and \"b\" are the same layer: expected one name for both");
  EXPECT_EQ((Sequential{named("a", dense), dense, named("a", dense)}.text()), "a:dense(1) a a");
}

TEST(Tree, NamesAreChecked) {
  for (const std::string name : {"", "1st", "a.b", "_a", "a b"}) {
    EXPECT_THROW(named(name, relu), ValueError) << name;
  }
  EXPECT_THROW((Sequential{named("a", Dense(1, 1)), named("a", Dense(1, 1))}), ValueError);
  const Sequential model{named("dense_1", Dense(1, 1)), Dense(1, 1)};
  EXPECT_EQ(model.states()[2].name, "dense_2.weight") << "dense_1 is taken";
}

struct Snake : Layer {
  std::string text() const override { return "snake"; }
  Tensor forward(const Tensor& x) const override { return x; }
  Parts parts() const override { return {{"tail", *this}}; }
};

TEST(Tree, ALayerCannotHoldItself) {
  EXPECT_EQ(test::message_of<ValueError>([] { Snake().states(); }), "layer \"tail\": holds itself");
}

// A layer that holds what holds it.
struct Cycle : Layer {
  std::shared_ptr<Layer> inner;
  std::string text() const override { return inner ? inner->text() : "cycle"; }
  Tensor forward(const Tensor& x) const override { return (*inner)(x); }
  Parts parts() const override { return inner ? Parts{{"inner", *inner}} : Parts{}; }
};

TEST(Tree, ACycleOfLayersIsAnError) {
  const auto cycle = std::make_shared<Cycle>();
  const auto model = std::make_shared<Sequential>(Sequential{cycle});
  cycle->inner = model;
  const std::string endless =
      "a layer holds itself, or there are more than 200 layers within each other: expected fewer";
  const Tensor x = Tensor::from({1.0F}, {1, 1});
  EXPECT_EQ(test::message_of<Error>([&] { (*model)(x); }), endless);
  EXPECT_EQ(test::message_of<Error>([&] { model->text(); }), endless);
  EXPECT_EQ((Sequential{relu}(x)).item(), 1) << "the depth counts from 0 again";
  const std::vector<std::function<void()>> all = {
      [&] { model->output_shape({1}); }, [&] { summarize(*model, {1}); },
      [&] { check_architecture(*model, "dense", {1}, 1); }, [&] { model->freeze(); }};
  for (const auto& each : all) {
    EXPECT_EQ(test::message_of<ValueError>(each), "layer \"cycle_1.inner\": holds itself");
  }
  cycle->inner = nullptr;  // which lets them go
}

struct Gives : Layer {
  explicit Gives(std::function<Tensor(const Tensor&)> function_) : function(std::move(function_)) {}
  std::function<Tensor(const Tensor&)> function;
  std::string text() const override { return "own"; }
  Tensor forward(const Tensor& x) const override { return function(x); }
};

// The layer that gives no batch, not the next one, which cannot use it.
TEST(Tree, TheLayerThatIsWrongIsNamed) {
  const Gives number([](const Tensor& x) { return sum(x); });
  const Gives nothing([](const Tensor&) { return Tensor(); });
  const Gives reader([](const Tensor& x) { return x * x.to_doubles()[0]; });
  const Tensor x = Tensor::from({1.0F, 2.0F}, {2, 1});
  const std::string is_number = "gives f32[] for a batch: expected one row for each sample";
  const std::string is_nothing =
      "gives an undefined tensor for a batch: expected one row for each sample";
  const std::string here = ", in layer own_1 \"own\"";
  const std::vector<std::pair<std::function<void()>, std::string>> cases = {
      {[&] {
         Sequential{number, Dense(1, 1)}(x);
       },
       is_number + here},
      {[&] {
         Sequential{nothing, relu}(x);
       },
       is_nothing + here},
      {[&] { Residual{nothing}(x); }, is_nothing + here + ", in layer body \"own\""},
      {[&] {
         Add{relu, number}(x);
       },
       is_number + here + ", in layer branch_2 \"own\""},
      {[&] {
         Sequential{Dense(1, 1), nothing}.output_shape({1});
       },
       is_nothing + here}};
  for (const auto& [run, expected] : cases) {
    EXPECT_EQ(test::message_of<ShapeError>(run), expected);
  }
  EXPECT_EQ(test::message_of<CaptureError>([&] { Sequential{reader}.output_shape({1}); }),
            "a tensor has no value while its function is being captured: return it from the "
            "captured function and read it there, or keep it in a State" +
                here);
}

// The shape comes from forward itself.
struct Twice : Layer {
  std::string text() const override { return "twice"; }
  Tensor forward(const Tensor& x) const override { return concatenate({x, x}, 1); }
};

TEST(Tree, ShapesComeFromTheFunction) {
  EXPECT_EQ((Sequential{Twice(), Dense(6, 2), Twice()}.output_shape({3})), (Shape{4}));
  const std::string message = test::message_of<ShapeError>([] {
    Sequential{Twice(), Dense(3, 2)}.output_shape({3});
  });
  EXPECT_NE(message.find("takes 3 numbers a sample, got 6"), std::string::npos) << message;
}

// Within a function whose derivative is taken, too.
TEST(Tree, ShapesAreThereInsideADerivative) {
  const Sequential model{Dense(3, 2)};
  const Tensor x = Tensor::from({1.0F, 2.0F, 3.0F}, {1, 3});
  const auto loss = [&](const Tensor& in) {
    EXPECT_EQ(model.output_shape({3}), (Shape{2}));
    return sum(model(in));
  };
  const Tensor slope = grad(loss)(x);
  EXPECT_EQ(slope.to_doubles(), sum(model.parameters()[0].value(), {1}).to_doubles());
}

TEST(Patterns, StarsStandForAnything) {
  const std::vector<std::tuple<std::string, std::string, bool>> cases = {
      {"*", "", true},          {"*", "a.b", true},         {"a*", "a", true},
      {"a*", "ba", false},      {"*.bias", "x.bias", true}, {"*.bias", "x.bias.y", false},
      {"a*c*e", "abcde", true}, {"a*c*e", "abde", false},   {"", "a", false},
      {"a", "a", true},         {"a", "ab", false},         {"*ab", "aab", true}};
  for (const auto& [pattern, name, expected] : cases) {
    EXPECT_EQ(matches(pattern, name), expected) << pattern << " " << name;
  }
}

}  // namespace
}  // namespace nabla::nn
