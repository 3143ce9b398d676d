// A loss without any path of derivatives to a parameter would train nothing: an error says so.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "nabla/nabla.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

struct Case {
  const char* name;
  std::function<Tensor(const State& w)> loss;
};

const std::vector<Case> without_path = {
    {"a constant", [](const State&) { return Tensor(1.0); }},
    {"argmax", [](const State& w) { return 1 - cast(argmax(w.value()), DType::f64); }},
    {"a comparison", [](const State& w) { return mean(cast(greater(w.value(), 0), DType::f64)); }},
    {"floor", [](const State& w) { return sum(floor(w.value())); }},
    {"sign", [](const State& w) { return sum(sign(w.value()) * 2); }},
    {"stop_gradient", [](const State& w) { return sum(stop_gradient(square(w.value()))); }},
    {"integers", [](const State& w) { return sum(cast(cast(w.value(), DType::i64), DType::f64)); }},
};

const std::vector<Case> with_path = {
    {"gradient 0", [](const State& w) { return sum(w.value() * 0); }},
    {"a dead unit", [](const State& w) { return sum(relu(w.value() - 100)); }},
    {"a step beside a path", [](const State& w) { return sum(floor(w.value())) + sum(w.value()); }},
};

TEST(GradientPath, NoneToAnyParameterIsAnError) {
  for (const Case& c : without_path) {
    const State w(Tensor::from({1.5, -2.5}, {2}), "w");
    const State v(Tensor::from({1.0}, {1}), "v");
    optim::Adam adam({});
    adam.attach({w, v});
    const auto loss = [&] { return c.loss(w); };
    const std::string eager = test::message_of<ValueError>([&] { adam.minimize(loss); });
    EXPECT_NE(eager.find("does not depend on any parameter"), std::string::npos) << c.name;
    const std::string captured =
        test::message_of<ValueError>([&] { capture([&] { return adam.minimize(loss); })(); });
    EXPECT_EQ(captured, eager) << c.name;
    EXPECT_EQ(w.value().to_doubles(), (std::vector<double>{1.5, -2.5})) << c.name;
    EXPECT_EQ(adam.states()[1].value().item(), 0) << c.name;  // no step was counted
  }
}

TEST(GradientPath, ZerosAndUnusedParametersAreNone) {
  for (const Case& c : with_path) {
    const State w(Tensor::from({1.5, -2.5}, {2}), "w");
    const State unused(Tensor::from({1.0}, {1}), "unused");
    optim::Sgd sgd({.learning_rate = 1});
    sgd.attach({w, unused});
    EXPECT_NO_THROW(sgd.minimize([&] { return c.loss(w); })) << c.name;
    EXPECT_EQ(unused.value().item(), 1) << c.name;
  }
}

TEST(GradientPath, ATrainerSaysSo) {
  const data::Split digits = data::load("digits", 0);
  const nn::Sequential model = nn::make_model("dense", {8, 8}, 10);
  const auto one_minus_accuracy = [](const Tensor& scores, const Tensor& labels) {
    return 1 - nn::accuracy(scores, labels);
  };
  Trainer trainer(model, one_minus_accuracy, std::make_shared<optim::Sgd>(optim::SgdOptions{}));
  EXPECT_NE(test::message_of<ValueError>([&] {
              trainer.fit(digits.train, {.epochs = 1});
            }).find("does not depend on any parameter"),
            std::string::npos);
}

}  // namespace
}  // namespace nabla
