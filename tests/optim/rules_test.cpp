#include "nabla/optim/rules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nabla/base/error.h"
#include "nabla/nn/loss.h"
#include "nabla/nn/sequential.h"
#include "nabla/ops/ops.h"
#include "nabla/plan/capture.h"
#include "tests/support/message.h"

namespace nabla::optim {
namespace {

State number_state(double value) { return State(Tensor(value), "theta"); }

// The first iterates on f = theta^2 / 2, whose gradient is theta, from 1.
template <class Rule>
std::vector<double> iterates(Rule rule, int count = 3) {
  const State theta = number_state(1);
  rule.attach({theta});
  std::vector<double> values;
  for (int i = 0; i < count; ++i) {
    rule.minimize([&] { return 0.5 * square(theta.value()); });
    values.push_back(theta.value().item());
  }
  return values;
}

void expect_near(const std::vector<double>& found, const std::vector<double>& expected,
                 double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], tolerance) << i;
}

TEST(UpdateRules, IteratesOfTheLectures) {
  expect_near(iterates(Sgd({.learning_rate = .1})), {.9, .81, .729}, 1e-15);
  expect_near(iterates(Momentum({.learning_rate = .1})), {.9, .72, .486}, 1e-15);
  expect_near(iterates(Nesterov({.learning_rate = .1})), {.9, .729, .51759}, 1e-15);
  expect_near(iterates(Adam()), {.99900000001, .998000026224, .99700009608}, 1e-12);
}

// The momentum explorer of the lectures: (1 - x)^2 + 20 (3 y - x^2)^2 after 150 steps from
// (-1.21, 0.853). They write z = beta z + g, w -= alpha z; with a constant rate m is alpha z.
template <class Rule>
double explore(Rule rule) {
  const State x(Tensor(-1.21), "x");
  const State y(Tensor(.853), "y");
  const auto f = [&] {
    return square(1 - x.value()) + 20 * square(3 * y.value() - square(x.value()));
  };
  rule.attach({x, y});
  for (int i = 0; i < 150; ++i) rule.minimize(f);
  return f().item();
}

TEST(UpdateRules, MomentumExplorer) {
  constexpr double alpha = .003;
  EXPECT_NEAR(explore(Sgd({.learning_rate = alpha})), 1.1772, 5e-5);
  EXPECT_NEAR(explore(Momentum({.learning_rate = alpha, .momentum = 0})), 1.1772, 5e-5);
  EXPECT_NEAR(explore(Momentum({.learning_rate = alpha, .momentum = .6})), .09035, 5e-6);
  EXPECT_NEAR(explore(Momentum({.learning_rate = alpha, .momentum = .8})), .0010176, 5e-8);
  EXPECT_NEAR(explore(Momentum({.learning_rate = alpha, .momentum = .9})), 1.246e-6, 5e-10);
}

// How far one parameter goes when its gradient is the same in every step.
template <class Rule>
std::vector<double> moves(Rule rule, double gradient, int count) {
  const State theta = number_state(0);
  rule.attach({theta});
  std::vector<double> values;
  double before = 0;
  for (int i = 0; i < count; ++i) {
    rule.step({Tensor(gradient)});
    values.push_back(before - theta.value().item());
    before = theta.value().item();
  }
  return values;
}

// Algorithm 1 adds epsilon to the root of the corrected moment: 0.5 at |g| = epsilon. Epsilon
// inside the root would give 0.0001, and added before the correction 0.0307.
TEST(UpdateRules, AdamAddsEpsilonOutsideTheRoot) {
  EXPECT_NEAR(moves(Adam({.learning_rate = 1}), 1e-8, 1)[0], 0.5, 1e-9);
  EXPECT_NEAR(moves(Adam({.learning_rate = 1}), 1, 1)[0], 1, 1e-7);  // 3.16 without correction
}

// In f32, 1 - beta2 would be wrong by 1e-5 of it.
TEST(UpdateRules, AdamsCorrectionIsPrecise) {
  const State theta(Tensor(0.0F), "theta");
  Adam adam;
  adam.attach({theta});
  adam.minimize([&] { return theta.value() * 1; });
  EXPECT_NEAR(theta.value().item(), -1e-3 / (1 + 1e-8), 1e-3 * 2e-7);
}

TEST(UpdateRules, AdamCountsOncePerStep) {
  Adam adam({.learning_rate = 1});
  std::vector<State> parameters;
  for (int i = 0; i < 10; ++i) parameters.push_back(number_state(0));
  adam.attach(parameters);
  adam.step(Tensors(10, Tensor(1.0)));
  for (const State& parameter : parameters) EXPECT_NEAR(parameter.value().item(), -1, 1e-7);
}

TEST(UpdateRules, MomentumGathersTenSteps) {
  EXPECT_NEAR(moves(Momentum({.learning_rate = .1}), 1, 400).back(), 1, 1e-12);
}

// The rate lies inside the moment: what was gathered at the old rate stays. Outside it would be
// 0.03439.
TEST(UpdateRules, MomentumHoldsTheRateInside) {
  Momentum momentum({.learning_rate = .1});
  const State theta = number_state(0);
  momentum.attach({theta});
  const auto step = capture([&] {
    momentum.step({Tensor(1.0)});
    return theta.value();
  });
  for (int i = 0; i < 3; ++i) step();
  const double before = theta.value().item();
  momentum.set_learning_rate(.01);
  step();
  EXPECT_NEAR(before - theta.value().item(), .2539, 1e-12);
}

TEST(UpdateRules, CapturedStepsGiveTheSameBits) {
  for (const RuleEntry& entry : rule_table()) {
    std::vector<std::vector<double>> results;
    for (const bool captured : {false, true}) {
      const State a(Tensor::from({1.0F, -2.0F, 3.0F}, {3}), "a");
      const State b(Tensor::from({0.5F}, {1}), "b");
      const auto rule = make_optimizer(entry.name);
      rule->attach({a, b});
      const auto loss = [&] { return sum(square(a.value()) * exp(b.value())); };
      const auto step = capture([&] { return rule->minimize(loss); });
      std::vector<double> values;
      for (int i = 0; i < 5; ++i) {
        values.push_back((captured ? step() : rule->minimize(loss)).item());
      }
      for (const State& state : rule->states()) {
        for (const double value : state.value().to_doubles()) values.push_back(value);
      }
      results.push_back(values);
    }
    EXPECT_EQ(results[0], results[1]) << entry.name;
    EXPECT_LT(results[0][4], results[0][0]) << entry.name;
  }
}

// Where the updates run behind matrix products, of one tile and of many.
TEST(UpdateRules, CapturedStepsOfANetworkGiveTheSameBits) {
  Generator generator(1);
  for (const std::int64_t width : {3, 70}) {
    const Tensor x = generator.uniform({width + 1, width});
    const Tensor y = generator.uniform({width + 1, 2});
    for (const RuleEntry& entry : rule_table()) {
      std::vector<std::vector<double>> results;
      for (const bool captured : {false, true}) {
        const nn::Sequential model{nn::Dense(width, width), nn::tanh, nn::Dense(width, 2)};
        model.initialize(0);
        const auto rule = make_optimizer(entry.name);
        rule->attach(model.parameters());
        const auto loss = [&] { return nn::mean_squared_error(model(x), y); };
        const auto step = capture([&] { return rule->minimize(loss); });
        for (int i = 0; i < 3; ++i) captured ? step() : rule->minimize(loss);
        std::vector<double> values;
        for (const State& state : model.parameters()) {
          for (const double value : state.value().to_doubles()) values.push_back(value);
        }
        results.push_back(values);
      }
      EXPECT_EQ(results[0], results[1]) << entry.name << ", width " << width;
    }
  }
}

TEST(UpdateRules, MemoryLiesSideBySide) {
  const State a(Tensor::from({1.0F, -2.0F, 3.0F}, {3}), "a");
  const State b(Tensor::from({0.5F}, {1}), "b");
  Adam adam;
  adam.attach({a, b});
  const auto states = adam.states();  // rate, counter, m of a and b, v of a and b
  ASSERT_EQ(states.size(), 6U);
  EXPECT_EQ(states[3].memory(), states[2].memory() + 3 * sizeof(float));
  EXPECT_EQ(states[5].memory(), states[4].memory() + 3 * sizeof(float));
  EXPECT_EQ(states[2].name(), "m.1");
  EXPECT_EQ(states[5].name(), "v.2");
}

// The first iterate comes again, also in a step that was captured before.
TEST(UpdateRules, AttachingAnewStartsAnew) {
  for (const auto& [name, first] : {std::pair("momentum", .9), std::pair("adam", .9)}) {
    const auto rule = make_optimizer(name, .1);
    const State theta = number_state(1);
    rule->attach({theta});
    const auto step = capture([&, &loss_rule = *rule] {
      return loss_rule.minimize([&] { return 0.5 * square(theta.value()); });
    });
    for (int i = 0; i < 3; ++i) step();
    theta.assign(Tensor(1.0));
    rule->attach({theta});
    step();
    EXPECT_NEAR(theta.value().item(), first, 1e-8) << name;
  }
}

TEST(UpdateRules, AFailedAttachLeavesAllAsItWas) {
  Adam rule;
  const State theta = number_state(1);
  rule.attach({theta});
  EXPECT_THROW(rule.attach({theta, State()}), ValueError);
  EXPECT_EQ(rule.states().size(), 4U);
  EXPECT_EQ(rule.parameters(), (std::vector<State>{theta}));
  rule.minimize([&] { return square(theta.value()); });
  EXPECT_NEAR(theta.value().item(), .999, 1e-6);
}

// On theta^2 / 2 the second step begins at .9 with a moment of .1, and looks at .9 - .9 * .1.
TEST(UpdateRules, NesterovGivesTheLossAhead) {
  Nesterov rule({.learning_rate = .1});
  const State theta = number_state(1);
  rule.attach({theta});
  const auto loss = [&] { return 0.5 * square(theta.value()); };
  rule.minimize(loss);
  EXPECT_NEAR(rule.minimize(loss).item(), .5 * .81 * .81, 1e-15);
}

// Where the loss throws, nothing is left as the rule moved it.
TEST(UpdateRules, NesterovPutsTheParametersBack) {
  Nesterov rule({.learning_rate = .1});
  const State theta = number_state(1);
  rule.attach({theta});
  rule.minimize([&] { return 0.5 * square(theta.value()); });
  const double before = theta.value().item();
  EXPECT_THROW(rule.minimize([]() -> Tensor { throw ValueError("no"); }), ValueError);
  EXPECT_EQ(theta.value().item(), before);
}

TEST(UpdateRules, OptionsOutOfRangeAreNamed) {
  const std::vector<std::pair<std::function<void()>, std::string>> cases = {
      {[] { Sgd({.learning_rate = 0}); }, "sgd: learning_rate 0: expected above 0, also in f32"},
      {[] { Sgd({.learning_rate = 1e50}); },
       "sgd: learning_rate 1e+50: expected above 0, also in f32"},
      {[] { Sgd({.learning_rate = std::nan("")}); },
       "sgd: learning_rate nan: expected above 0, also in f32"},
      {[] { Momentum({.momentum = 1}); }, "momentum: momentum 1: expected at least 0 and below 1"},
      {[] { Nesterov({.momentum = -1}); },
       "nesterov: momentum -1: expected at least 0 and below 1"},
      {[] { Adam({.beta1 = 1.5}); }, "adam: beta1 1.5: expected at least 0 and below 1"},
      {[] { Adam({.beta2 = 1}); }, "adam: beta2 1: expected at least 0 and below 1"},
      {[] { Adam({.epsilon = 0}); }, "adam: epsilon 0: expected at least 1e-30, in f32"},
      {[] { Adam({.epsilon = 1e39}); }, "adam: epsilon 1e+39: expected at least 1e-30, in f32"},
      {[] { Adam().set_learning_rate(-1); },
       "adam: learning_rate -1: expected above 0, also in f32"},
  };
  for (const auto& [make, expected] : cases) {
    EXPECT_EQ(test::message_of<ValueError>(make), expected);
  }
  EXPECT_THROW(Sgd().step({Tensor(1.0)}), ShapeError);
}

TEST(UpdateRules, EmptyBracesAreTheDefaults) {
  EXPECT_EQ(iterates(Sgd({})), iterates(Sgd()));
  EXPECT_EQ(iterates(Momentum({})), iterates(Momentum()));
  EXPECT_EQ(iterates(Nesterov({})), iterates(Nesterov()));
  EXPECT_EQ(iterates(Adam({})), iterates(Adam()));
  EXPECT_EQ(iterates(Adam{{}}), iterates(Adam(AdamOptions{})));
}

TEST(UpdateRules, WithoutALossNothingIsLearned) {
  Adam adam;
  adam.attach({number_state(1)});
  EXPECT_EQ(test::message_of<ValueError>([&] { adam.minimize(nullptr); }),
            "adam: the loss is missing: expected a function that gives one number");
}

// Nothing is broadcast, and no parameter has moved when the gradient of another does not fit.
TEST(UpdateRules, GradientsThatDoNotFitChangeNothing) {
  const State a = number_state(1);
  const State b(Tensor::from({1.0, 2.0}, {2}), "b");
  Adam adam;
  adam.attach({a, b});
  EXPECT_EQ(test::message_of<ShapeError>([&] {
              adam.step({Tensor(1.0), Tensor(1.0)});
            }),
            "adam: gradient 1 is f64[], its parameter f64[2]");
  EXPECT_THROW(adam.step({Tensor(1.0F), Tensor::from({1.0, 1.0}, {2})}), ShapeError);
  EXPECT_EQ(a.value().item(), 1);
  EXPECT_EQ(b.value().to_doubles(), (std::vector<double>{1, 2}));
  EXPECT_EQ(adam.states()[1].value().item(), 0) << "a step was counted";
}

// A rule of the user may make up its name and those of its slots.
struct Named : Optimizer {
  explicit Named(const std::string& name) : Optimizer("rule_" + name, 1, {name + "_of_slot"}) {}
  void update(const Variables&, const Tensor&, const Tensors&) const override {}
};

TEST(UpdateRules, KeepTheirNames) {
  Named rule("with_a_name_that_lies_on_the_heap");
  EXPECT_EQ(test::message_of<ShapeError>([&] { rule.step({Tensor(1.0)}); }).substr(0, 39),
            "rule_with_a_name_that_lies_on_the_heap:");
  rule.attach({number_state(1)});
  EXPECT_EQ(rule.states()[1].name(), "with_a_name_that_lies_on_the_heap_of_slot.1");
}

TEST(UpdateRules, WithoutParametersNothingIsLearned) {
  EXPECT_EQ(test::message_of<ValueError>([] { Adam().minimize([] { return Tensor(1.0); }); }),
            "adam: no parameters to change: attach them first; frozen ones do not count before "
            "unfreeze()");
}

TEST(UpdateRules, ATermWithoutMomentsIsPlain) {
  EXPECT_EQ(moves(Momentum({.learning_rate = .1, .momentum = 0}), 1, 3),
            moves(Sgd({.learning_rate = .1}), 1, 3));
  EXPECT_NEAR(moves(Adam({.learning_rate = 1, .beta1 = 0, .beta2 = 0}), 3, 2)[1], 1, 1e-7);
}

// Algorithm 1 in doubles, which have the squares.
std::vector<double> adam_by_hand(const AdamOptions& o, const std::vector<double>& gradients) {
  std::vector<double> values;
  double m = 0;
  double v = 0;
  double w = 0;
  for (const double g : gradients) {
    const auto t = static_cast<double>(values.size() + 1);
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    const double corrected = v / (1 - std::pow(o.beta2, t));
    w -= o.learning_rate * m / (1 - std::pow(o.beta1, t)) / (std::sqrt(corrected) + o.epsilon);
    values.push_back(w);
  }
  return values;
}

// The same in f32, run as they are or as one captured step over `count` equal parameters.
std::vector<double> adam_in_f32(const AdamOptions& options, const std::vector<double>& gradients,
                                bool is_captured, std::int64_t count) {
  const State w(broadcast_to(Tensor(0.0F), {count}), "w");
  Adam rule(options);
  rule.attach({w});
  const auto step = [&](const Tensors& in) -> Tensors {
    rule.step(in);
    return {};
  };
  Captured captured(step);
  std::vector<double> values;
  for (const double g : gradients) {
    const Tensor gradient = broadcast_to(number(g, DType::f32), {count});
    is_captured ? captured({gradient}) : step({gradient});
    values.push_back(w.value().to_doubles().back());
  }
  return values;
}

TEST(UpdateRules, AdamStepsAsItsFormulaSaysWhereGradientsAreLarge) {
  const std::vector<std::pair<AdamOptions, std::vector<double>>> cases = {
      {{.learning_rate = 1, .beta2 = 0}, {1e5, 1, 1}},
      {{.learning_rate = 1, .beta1 = 0, .beta2 = 0}, {1e5, 1, -1e-3}},
      {{.learning_rate = 1, .beta1 = 0}, {1e5, 1, 1}},
      {{}, {1e20, 1, 1, -1}},
      {{}, {1, 1e18, 1}},
      {{}, {3e38, 0, 1}}};
  for (const auto& [options, gradients] : cases) {
    const std::vector<double> expected = adam_by_hand(options, gradients);
    for (const bool is_captured : {false, true}) {
      for (const std::int64_t count : {1, 7, 40}) {
        const auto found = adam_in_f32(options, gradients, is_captured, count);
        for (std::size_t i = 0; i < expected.size(); ++i) {
          EXPECT_NEAR(found[i], expected[i], 1e-5 * std::abs(expected[i]))
              << gradients[0] << ", then " << gradients[1] << ": step " << i;
        }
      }
    }
  }
}

// What is not finite is not hidden.
TEST(UpdateRules, AdamKeepsWhatIsNotFinite) {
  for (const double gradient : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_TRUE(std::isnan(adam_in_f32({}, {gradient, 1}, false, 1)[1])) << gradient;
  }
}

}  // namespace
}  // namespace nabla::optim
