// Every op of the table, in every type, layout and mode: one test an op and subject.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/ops/indexing.h"
#include "tests/ops/checks.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

class EveryOp : public testing::TestWithParam<const Op*> {
 protected:
  const Op& op() const { return *GetParam(); }

  template <class Check>
  void for_cases(std::initializer_list<DType> types, Check check) {
    for (const DType dtype : types) {
      for (const Case& c : cases_of(op(), dtype)) {
        const std::string text = check(c);
        EXPECT_TRUE(text.empty()) << c.name << "\n" << text;
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Table, EveryOp, testing::ValuesIn(op_table()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST_P(EveryOp, IsDeclaredInFull) {
  EXPECT_FALSE(op().doc.empty());
  EXPECT_NE(op().infer, nullptr);
  EXPECT_EQ((op().view != nullptr) + (op().tile != nullptr) + (op().kernel != nullptr), 1);
  EXPECT_GE(op().arity, 0);
  EXPECT_LE(op().arity, max_arity);
  EXPECT_TRUE(op().view == nullptr || op().arity == 1);
  EXPECT_TRUE(std::any_of(op().samples.begin(), op().samples.end(),
                          [](const Sample& sample) { return sample.error.empty(); }));
  for (const Sample& sample : samples_of(op())) {
    EXPECT_EQ(sample.inputs.size(), static_cast<std::size_t>(op().arity));
  }
  const auto slots_fit = [&](const auto& slots) {
    bool any = false;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (slots[i] == nullptr) continue;
      any = true;
      EXPECT_LT(i, static_cast<std::size_t>(op().arity));
    }
    EXPECT_TRUE(any) << "a rule without functions is Constant";
  };
  if (const auto* rule = std::get_if<Elementwise>(&op().rule)) slots_fit(rule->partial);
  if (const auto* rule = std::get_if<Linear>(&op().rule)) slots_fit(rule->transpose);
  if (const auto* rule = std::get_if<Multilinear>(&op().rule)) slots_fit(rule->transpose);
  if (const auto* rule = std::get_if<Custom>(&op().rule)) {
    EXPECT_NE(rule->vjp, nullptr);
    EXPECT_NE(rule->jvp, nullptr);
  }
}

TEST_P(EveryOp, TakesFloats) {
  const std::vector<Sample> samples = samples_of(op());
  for (const DType dtype : {DType::f32, DType::f64}) {
    std::set<std::string> ran;
    for (const Case& c : cases_of(op(), dtype)) ran.insert(c.name.substr(0, c.name.rfind(',')));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const std::string name = str(op().name, ' ', dtype, ", sample ", i);
      EXPECT_EQ(ran.contains(name), samples[i].error.empty()) << name;
    }
  }
}

TEST_P(EveryOp, ComputesItsDefinition) {
  const auto reference = references().find(op().name);
  ASSERT_NE(reference, references().end()) << op().name << " needs a plain definition in tests/ops";
  for_cases({DType::f32, DType::f64, DType::i32, DType::i64, DType::u8},
            [&](const Case& c) { return check_values(c, reference->second); });
}

TEST_P(EveryOp, GivesTheSameBitsInAllModes) {
  for_cases({DType::f32, DType::f64, DType::i32, DType::i64, DType::u8}, check_modes);
}

TEST_P(EveryOp, StaysInItsMemory) {
  for_cases({DType::f32, DType::f64, DType::i32, DType::i64, DType::u8}, check_guards);
}

TEST_P(EveryOp, TakesOneNumberForMany) {
  for_cases({DType::f32, DType::f64, DType::i32, DType::i64, DType::u8}, check_repeats);
}

TEST_P(EveryOp, HasTheRightDerivatives) {
  for_cases({DType::f64}, [](const Case& c) { return check_derivatives(c); });
}

TEST_P(EveryOp, IsLinearWhereItSaysSo) { for_cases({DType::f64}, check_linearity); }

TEST_P(EveryOp, HasTheSameDerivativesInSinglePrecision) {
  for_cases({DType::f32}, check_single_precision);
}

TEST_P(EveryOp, CanBeDifferentiatedThreeTimes) { for_cases({DType::f64}, check_closure); }

std::string error_of(const Mode& mode, const Op& op, const Sample& sample) {
  try {
    mode.run([&](const Tensors& in) { return Tensors{apply(op, in, sample.attributes)}; },
             draw(sample, DType::f32, 1));
    return "no error";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_P(EveryOp, FailsAsItsErrorSamplesSay) {
  for (const Sample& sample : error_samples(op())) {
    const std::string expected = error_of(modes()[0], op(), sample);
    EXPECT_NE(expected.find(sample.error), std::string::npos) << expected;
    for (const Mode& mode : modes()) {
      EXPECT_EQ(error_of(mode, op(), sample), expected) << mode.name;
    }
  }
}

// Types and ranks that an op cannot take are refused by name, never computed with.
TEST_P(EveryOp, RefusesByName) {
  for (const Sample& sample : samples_of(op())) {
    for (const DType dtype : all_dtypes) {
      for (const bool scalars : {false, true}) {
        Sample changed = sample;
        const auto attributes = sample.attributes.index();
        for (SampleInput& input : changed.inputs) {
          input.dtype = dtype;
          if (scalars && attributes == 0) input.shape = {};
        }
        try {
          const Tensors inputs = draw(changed, dtype, 1);
          op().infer(op(), inputs, sample.attributes);
        } catch (const Error& error) {
          EXPECT_EQ(std::string(error.what()).find(str(op().name, ':')), 0U) << error.what();
        }
      }
    }
  }
}

// Whatever the attributes: they fit, or an Error says that they do not.
TEST_P(EveryOp, TakesAttributesOfItsKind) {
  const std::vector<Attributes> kinds = {Attributes(), AxisAttribute{0}, AxesAttribute{0, 1},
                                         ShapeAttribute{{2}}, AxisSizeAttribute{0, 2}};
  for (const Sample& sample : samples_of(op())) {
    if (!sample.error.empty()) continue;
    const Tensors inputs = draw(sample, DType::f32, 1);
    for (const Attributes& attributes : kinds) {
      try {
        nabla::apply(op(), inputs, attributes);
      } catch (const Error&) {
      }
    }
  }
}

TEST(Apply, AttributesOfAnotherKindAreNamed) {
  const auto ops = op_table();
  const auto sum_op = std::ranges::find(ops, "sum", &Op::name);
  const Tensor x = Tensor::from({1.0, 2.0}, {2});
  EXPECT_EQ(test::message_of<ValueError>([&] {
              nabla::apply(**sum_op, {&x, 1});
            }),
            "sum: attributes \"\" are of another kind than it takes");
}

// The op itself knows no axis beyond the updates' own: the function that people call counts them.
TEST(ScatterAdd, IndicesWithMoreAxesThanTheUpdates) {
  EXPECT_EQ(test::message_of<ShapeError>([] {
              scatter_add(Tensor::from({1.0}, {1}), Tensor::from<std::int64_t>({0}, {1, 1}), 3);
            }),
            "scatter_add: updates [1] have fewer axes than indices [1, 1]");
}

TEST(OpTable, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const Op* op : op_table()) EXPECT_TRUE(names.insert(op->name).second) << op->name;
  EXPECT_GT(names.size(), 50U);
}

TEST(OpTable, EveryDefinitionHasAnOp) {
  std::set<std::string_view> names;
  for (const Op* op : op_table()) names.insert(op->name);
  for (const auto& [name, reference] : references()) EXPECT_TRUE(names.contains(name)) << name;
  for (const auto& [name, samples] : edge_samples()) EXPECT_TRUE(names.contains(name)) << name;
}

}  // namespace
}  // namespace nabla
