#include "nabla/nn/architecture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nabla/base/error.h"
#include "nabla/ops/elementwise.h"
#include "tests/support/message.h"

namespace nabla::nn {
namespace {

TEST(Architecture, HasOneWayToBeWritten) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"dense(128) relu dense", "dense(128) relu dense"},
      {"  dense( 128 )\trelu   dense ", "dense(128) relu dense"},
      {"mlp(128,64)", "dense(128) relu dense(64) relu dense"},
      {"mlp", "dense"},
      {"softmax", "dense"},
      {"dense(10) softmax", "dense(10)"},
      {"mlp(8) softmax", "dense(8) relu dense"},
      {"body:[dense(8) relu] head:dense softmax()", "body:[dense(8) relu] head:dense"},
      {"flatten mlp(8)", "flatten dense(8) relu dense"},
      {"dense(width=5, bias=0)", "dense(5, bias=false)"},
      {"dense(bias=0)", "dense(bias=false)"},
      {"dense(5,bias=1)", "dense(5)"},
      {"residual[ dense(4)  relu ][dense(4)] dense", "residual[dense(4) relu][dense(4)] dense"},
      {"residual[residual[mlp(2)]]", "residual[residual[dense(2) relu dense]]"},
      {"[dense(3) [relu]] dense", "dense(3) relu dense"},
      {"body:[mlp(3)] head:dense", "body:[dense(3) relu dense] head:dense"},
      {"a:dense(3) tanh a", "a:dense(3) tanh a"},
      {"concatenate[dense(2)][relu] add[tanh][relu] dense",
       "concatenate[dense(2)][relu] add[tanh][relu] dense"},
      {"leaky_relu(0.1) elu(2) dropout dense()", "leaky_relu elu(2) dropout dense"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(canonical_architecture(text), expected) << text;
    EXPECT_EQ(canonical_architecture(expected), expected);
  }
}

TEST(Architecture, WidthsComeFromTheData) {
  const Sequential model = make_model("dense(16) relu dropout(0.25) dense", {28, 28}, 10);
  EXPECT_EQ(model.text(), "dense(16) relu dropout(0.25) dense(10)");
  EXPECT_EQ(model.parameter_count(), 784 * 16 + 16 + 16 * 10 + 10);
}

// What a model prints is read as that model again.
TEST(Architecture, WhatAModelPrintsIsReadAgain) {
  std::vector<std::string> texts = {
      "residual[dense(4) dropout relu][dense(4)] dense",
      "concatenate[dense(2)][dense(3) relu] dense", "add[dense(2)][dense(2) tanh] dense",
      "body:[dense(4) relu residual[x:dense(4)]] head:dense", "a:dense(4) tanh a dense"};
  for (const EntryInfo* info : layer_table().infos()) {
    if (info->name == "softmax") continue;  // only as the last layer
    if (info->least_groups == 0) texts.push_back(std::string(info->name) + " dense");
  }
  for (const std::string& text : texts) {
    const Sequential model = make_model(text, {4}, 3);
    const Sequential again = make_model(model.text(), {4}, 3);
    EXPECT_EQ(again.text(), model.text());
    const auto states = model.states();
    const auto others = again.states();
    ASSERT_EQ(states.size(), others.size()) << text;
    for (std::size_t i = 0; i < states.size(); ++i) {
      EXPECT_EQ(states[i].name, others[i].name);
      EXPECT_EQ(states[i].state.value().to_doubles(), others[i].state.value().to_doubles());
    }
    EXPECT_NO_THROW(check_architecture(model, model.text(), {4}, 3)) << text;
  }
}

TEST(Architecture, NamesAndSharing) {
  const Sequential model = make_model("body:[dense(4) relu] a:dense(4) tanh a head:dense", {4}, 3);
  std::vector<std::string> names;
  for (const NamedState& each : model.named_parameters()) names.push_back(each.name);
  EXPECT_EQ(names, (std::vector<std::string>{"body.dense_1.weight", "body.dense_1.bias", "a.weight",
                                             "a.bias", "head.weight", "head.bias"}));
}

// Of a model for samples [2] and two outputs.
std::string refusal(const Sequential& model) {
  return test::message_of<ValueError>([&] { check_architecture(model, model.text(), {2}, 2); });
}

TEST(Architecture, WhatTheTextCannotSayIsNamed) {
  const std::string other =
      " is called as one of the library's is, but is another: expected a name of its own";
  EXPECT_EQ(refusal({Activation("relu", [](const Tensor& x) { return x * x; })}),
            "layer \"relu\"" + other);
  struct MyDense : Dense {
    using Dense::Dense;
    Tensor forward(const Tensor& x) const override { return -Dense::forward(x); }
  };
  EXPECT_EQ(refusal({MyDense(2, 2)}), "layer \"dense(2)\"" + other);
  const Dense shared(2, 2);
  EXPECT_NE(refusal({Residual{shared}, shared}).find("to do so in one Sequential"),
            std::string::npos);
  EXPECT_NE(refusal({Add{shared, shared}}).find("to do so in one Sequential"), std::string::npos);
  EXPECT_NE(refusal({named("relu", shared), relu}).find("\"relu\" is a layer"), std::string::npos);
  for (const Sequential& model :
       {Sequential{shared, tanh, shared, leaky_relu(2)},
        Sequential{shared, tanh, shared, Dense(2, 2)},  // dense_1 and dense_2
        Sequential{named("dense_2", shared), Dense(2, 2), Dense(2, 2)},
        Sequential{Activation("wave", [](const Tensor& x) { return x; }), Dense(2, 1)}}) {
    EXPECT_NO_THROW(check_architecture(model, model.text(), {2}, 2)) << model.text();
  }
}

// Such a text would be read as other layers, or as none.
TEST(Architecture, ATextOfOnesOwnIsOneName) {
  const auto with = [](const std::string& text) {
    const Activation own(text, [](const Tensor& x) { return x * x + 1; });
    return std::vector<Sequential>{{own, Dense(2, 2)}, {Dense(2, 2), own}, {Residual{own}}};
  };
  for (const std::string text :
       {"", " ", "[]", "[relu]", "a:relu", "x:[relu]", "relu relu", "3", "re-lu", "relu("}) {
    for (const Sequential& model : with(text)) {
      EXPECT_EQ(refusal(model), "layer \"" + text +
                                    "\": cannot be saved under this text: expected one name, such "
                                    "as \"square\", \"scale(2)\" or \"block[dense(4)]\"");
    }
  }
  for (const std::string text : {" relu", "relu ", "relu\t", "relu\n", "relu()", "tanh"}) {
    for (const Sequential& model : with(text)) {
      EXPECT_NE(refusal(model).find("is called as one of the library's is"), std::string::npos);
    }
  }
  // Behind a label of the same name it would be that layer once more.
  const Activation own("a", [](const Tensor& x) { return x * x; });
  EXPECT_NE(refusal({named("a", tanh), own, Dense(2, 2)}).find("layer \"a\" is called as"),
            std::string::npos);
}

TEST(Architecture, ANameOfOnesOwnIsNoLayers) {
  EXPECT_EQ(test::message_of<SyntaxError>([] { make_model("relu:dense(32) relu dense", {4}, 3); }),
            "architecture \"relu:dense(32) relu dense\", position 6: \"relu\" is a layer: expected "
            "another name of one's own");
}

TEST(Architecture, ErrorsOfAnMlpShowWhatWasWritten) {
  try {
    make_model("mlp(10000000)", {784}, 10);
    FAIL();
  } catch (const SyntaxError& error) {
    EXPECT_EQ(error.text(), "mlp(10000000)");
    EXPECT_EQ(error.position(), 0U);
  }
}

TEST(Architecture, NestsAsDeepAsTheSyntax) {
  std::string text = "dense";
  for (int i = 0; i < 64; ++i) text = "residual[" + text + "]";
  EXPECT_EQ(make_model(text, {3}, 3).named_parameters().size(), 2U);
}

TEST(Architecture, EveryDropoutIsReadAgain) {
  for (const double rate : {0.0, 1e-300, 0.9995, std::nextafter(1.0, 0.0)}) {
    const std::string text = Dropout(rate).text() + " dense(3)";
    EXPECT_EQ(make_model(text, {4}, 3).text(), text);
  }
}

TEST(Architecture, ErrorsNameThePlaceAndWhatIsKnown) {
  const std::string known =
      "known: dense, relu, leaky_relu, elu, tanh, sigmoid, softplus, identity, dropout, flatten, "
      "residual, concatenate, add, mlp, softmax";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "position 1: no layer; " + known},
      {"dense rleu", "position 7: unknown layer \"rleu\"; did you mean \"relu\"? " + known},
      {"residual[dense xyzzy]", "position 16: unknown layer \"xyzzy\"; " + known},
      {"dense(0)", "position 7: dense: width 0: expected 1 to 10000000"},
      {"dense(1.5)", "position 7: dense: width 1.5: expected a whole number, 1 to 10000000"},
      {"dense(1,1,1)", "position 9: dense takes 1 value without a name"},
      {"dense(3,width=4)", "position 9: dense: width is given twice"},
      {"dense(bia=1)",
       "position 7: dense has no option \"bia\"; did you mean \"bias\"? known: width, bias, "
       "initializer"},
      {"relu(1)", "position 6: relu takes no options"},
      {"relu[tanh]", "position 1: relu takes no [...]"},
      {"residual", "position 1: residual: expected 1 pair of [...] behind it, got 0"},
      {"residual[relu][relu][relu]",
       "position 1: residual: expected at most 2 pairs of [...] behind it, got 3"},
      {"dropout(1)", "position 9: dropout: rate 1: expected at least 0 and below 1"},
      {"softmax(3)", "position 9: softmax takes no options"},
      {"dense softmax dense", "position 7: softmax: expected it as the last layer alone"},
      {"residual[softmax]", "position 10: softmax: expected it as the last layer alone"},
      {"[dense softmax]", "position 8: softmax: expected it as the last layer alone"},
      {"softmax softmax", "position 1: softmax: expected it as the last layer alone"},
      {"dense p:softmax", "position 9: softmax: expected it as the last layer alone"},
      {"mlp(0)", "position 5: mlp: expected widths, whole numbers 1 to 10000000"},
      {"mlp(width=3)", "position 5: mlp: expected widths, whole numbers 1 to 10000000"},
      {"a:mlp(3)",
       "position 3: \"mlp\" is several layers: expected one behind a name; put them into [ ]"},
      {"a:relu a:tanh", "position 10: \"a\" is given twice"},
      {"a:dense a(3)", "position 9: \"a\" is a layer once more: expected only its name"},
  };
  for (const auto& [text, expected] : cases) {
    const std::string message =
        test::message_of<SyntaxError>([&] { canonical_architecture(text); });
    EXPECT_TRUE(message.starts_with("architecture \"" + text + "\", " + expected)) << message;
  }
}

// As Keras has it: the last softmax is not another layer of weights, and the loss takes it once.
TEST(Architecture, ALastSoftmaxAddsNothing) {
  const Sequential plain = make_model("dense(3)", {4}, 3);
  const Sequential model = make_model("dense(3) softmax", {4}, 3);
  EXPECT_EQ(model.parameter_count(), 4 * 3 + 3);
  const Tensor x = Tensor::from<float>({1, -2, 3, 0.5F}, {1, 4});
  EXPECT_EQ(model(x).to_doubles(), plain(x).to_doubles());
  EXPECT_THROW(make_model("dense(64) relu softmax", {4}, 3), ShapeError);
}

TEST(Architecture, SamplesHaveABoundedNumberOfNumbers) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(
      test::message_of<ShapeError>([] {
        make_model("dense", {most, most}, 3);
      }),
      "architecture \"dense\": samples [9223372036854775807, 9223372036854775807]: expected 1 "
      "to 2^40 numbers in each");
  EXPECT_THROW(make_model("dense", {0}, 3), ShapeError);
}

TEST(Architecture, MustFitTheData) {
  EXPECT_THROW(make_model("dense(5)", {4}, 3), ShapeError);
  EXPECT_THROW(make_model("relu", {4}, 3), ShapeError);
  EXPECT_THROW(make_model("dense(10000000) dense(10000000) dense", {4}, 3), ValueError);
  EXPECT_EQ(test::message_of<SyntaxError>([] { make_model("relu dense(100) dense", {4}, 3, 499); }),
            "architecture \"relu dense(100) dense\", position 6: \"dense(100)\" makes it 500 "
            "parameters: expected at most 499");
  EXPECT_THROW(make_model("residual[dense(3)] dense", {4}, 3), ShapeError);
}

}  // namespace
}  // namespace nabla::nn
