// Methods, losses and initialisers by text.
#include "nabla/optim/methods.h"

#include <gtest/gtest.h>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/nn/initializer.h"
#include "nabla/nn/layers.h"
#include "nabla/nn/loss.h"
#include "tests/support/message.h"

namespace nabla::optim {
namespace {

// Every option of every rule there is: another value is read, and written again.
TEST(Methods, EveryOptionOfEachCanBeGiven) {
  for (const EntryInfo* info : method_infos()) {
    EXPECT_EQ(make_method(info->name)->text(), info->name);
    for (const OptionRow& row : info->options->rows()) {
      const std::string value = row.name == "most_tries" ? "7" : "0.25";
      const std::string text = str(info->name, "(", row.name, "=", value, ")");
      const auto method = make_method(text);
      EXPECT_EQ(method->text(), text);
      EXPECT_EQ(make_method(method->text())->text(), text);
      EXPECT_EQ(method->learning_rate() == 0.25, row.name == "learning_rate");
    }
    EXPECT_EQ(make_method(info->name, 0.125)->learning_rate(), 0.125);
    EXPECT_FALSE(info->formula.empty());
    EXPECT_FALSE(info->source.empty());
  }
}

TEST(Methods, MistakesShowThePlace) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"adma",
       "position 1: unknown optimizer \"adma\"; did you mean \"adam\"? known: sgd, momentum, "
       "nesterov, adam, line_search"},
      {"adam(beta3=1)",
       "position 6: adam has no option \"beta3\"; did you mean \"beta1\"? known: "
       "learning_rate, beta1, beta2, epsilon"},
      {"adam(beta1=1)", "position 12: adam: beta1 1: expected at least 0 and below 1"},
      {"sgd(0.1)", "position 5: sgd: expected the option's name before the value"},
      {"sgd sgd", "position 5: expected the name of one optimizer"}};
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(test::message_of<SyntaxError>([&] { make_method(text); }),
              str("optimizer \"", text, "\", ", expected));
  }
  EXPECT_EQ(
      test::message_of<SyntaxError>([] { make_method("adam(learning_rate=1)", 0.5); }),
      "optimizer \"adam(learning_rate=1)\", position 6: adam: learning_rate stands here and is "
      "also given on its own (--learning-rate): leave one out");
  EXPECT_THROW(make_method("line_search(learning_rate=1)", 0.5), SyntaxError);
}

TEST(Methods, AnOptionInCodeHasTheSameRange) {
  EXPECT_EQ(test::message_of<ValueError>([] { Adam({.beta1 = 2}); }),
            "adam: beta1 2: expected at least 0 and below 1");
  EXPECT_EQ(test::message_of<ValueError>([] { Momentum({.momentum = -1}); }),
            "momentum: momentum -1: expected at least 0 and below 1");
}

TEST(Losses, AreKnownByText) {
  for (const EntryInfo* info : nn::loss_table().infos()) {
    const nn::Loss loss = nn::make_loss(info->name);
    EXPECT_EQ(loss.text(), info->name);
  }
  EXPECT_EQ(nn::Loss(nn::cross_entropy).text(), "cross_entropy");
  EXPECT_EQ(nn::Loss([](const Tensor& y, const Tensor&) { return y; }).text(), "");
  EXPECT_THROW(nn::make_loss("cross_entrpy"), SyntaxError);
}

TEST(Initializers, AreKnownByText) {
  for (const std::string text :
       {"glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "orthogonal", "orthogonal(2)",
        "normal", "normal(0.5)", "constant(3)", "zero"}) {
    EXPECT_EQ(nn::make_initializer(text).text(), text);
  }
  EXPECT_EQ(nn::Dense(2, 3, {.initializer = nn::he_normal()}).text(),
            "dense(3, initializer=he_normal)");
  EXPECT_THROW(nn::make_initializer("constant"), SyntaxError);
  EXPECT_THROW(nn::make_initializer("normal(-1)"), SyntaxError);
  EXPECT_THROW(nn::normal(-1), ValueError);
}

}  // namespace
}  // namespace nabla::optim
