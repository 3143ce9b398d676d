#include "nabla/nn/architecture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nabla/base/error.h"
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
      {"flatten mlp(8)", "flatten dense(8) relu dense"},
      {"dense(width=5, bias=0)", "dense(5,bias=0)"},
      {"dense(bias=0)", "dense(bias=0)"},
      {"dense(5,1)", "dense(5)"},
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

// What a layer prints is read as that layer again.
TEST(Architecture, EveryLayerOfTheTableRoundTrips) {
  for (const LayerEntry& entry : layer_table()) {
    const std::string text = std::string(entry.name) + " dense";
    const Sequential model = make_model(text, {4}, 3);
    EXPECT_EQ(make_model(model.text(), {4}, 3).text(), model.text());
    if (entry.parameters != nullptr) {
      std::vector<double> arguments;
      for (const auto& argument : entry.arguments)
        arguments.push_back(argument.initial.value_or(3));
      double count = 0;
      for (const State& state : model.layers()[0]->parameters()) {
        count += static_cast<double>(state.spec().shape.elements());
      }
      EXPECT_EQ(entry.parameters({4}, arguments), count) << entry.name;
    }
  }
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
      "mlp, softmax";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "position 1: no layer; " + known},
      {"dense rleu", "position 7: unknown layer \"rleu\"; did you mean \"relu\"? " + known},
      {"dense xyzzy", "position 7: unknown layer \"xyzzy\"; " + known},
      {"dense(0)", "position 7: dense: width 0: expected a whole number from 1 to 10000000"},
      {"dense(1.5)", "position 7: dense: width 1.5: expected a whole number from 1 to 10000000"},
      {"dense(-nan)", "position 7: dense: width -nan: expected a whole number from 1 to 10000000"},
      {"dense(12", "position 9: expected , or )"},
      {"dense(a)", "position 8: expected = behind \"a\""},
      {"dense()(3)", "position 8: expected a space between layers"},
      {"dense(,)", "position 7: expected a number"},
      {"dense(1,1,1)", "position 11: dense takes 2 arguments at most"},
      {"dense(3,width=4)", "position 9: width is given twice"},
      {"dense(bia=1)",
       "position 7: dense has no argument \"bia\"; did you mean \"bias\"? known: width, bias"},
      {"relu(1)", "position 6: relu takes 0 arguments at most"},
      {"dropout(1)", "position 9: dropout: rate 1: expected a number from 0 to below 1"},
      {"elu(1e16)",
       "position 5: elu: alpha 1e+16: expected a number from -1000000000000000 to "
       "1000000000000000"},
      {"softmax(3)", "position 9: softmax takes no arguments"},
      {"mlp(0)", "position 5: dense: width 0: expected a whole number from 1 to 10000000"},
      {"dense;relu", "position 6: expected a space between layers"},
      {"(3)", "position 1: expected the name of a layer"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(test::message_of<ValueError>([&] { canonical_architecture(text); }),
              "architecture \"" + text + "\", " + expected);
  }
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
  EXPECT_THROW(make_model("dense(100) dense", {4}, 3, 500), ValueError);
}

}  // namespace
}  // namespace nabla::nn
