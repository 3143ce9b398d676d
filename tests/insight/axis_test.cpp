// How far axes reach, and where their grid lines stand.
#include "nabla/insight/axis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "nabla/base/text.h"

namespace nabla::insight {
namespace {

constexpr double largest = std::numeric_limits<double>::max();

std::string labels(const Axis& axis) {
  std::vector<std::string> texts;
  for (const Tick& tick : axis.ticks) texts.push_back(tick.label);
  return join(texts, " ");
}

struct Case {
  double low;
  double high;
  std::string labels;
};

TEST(Axis, EndsAtRoundNumbers) {
  const std::vector<Case> cases = {
      {0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"},
      {0.21, 0.55, "0.20 0.25 0.30 0.35 0.40 0.45 0.50 0.55"},
      {0.2004, 0.5536, "0.2 0.3 0.4 0.5 0.6"},
      {0.3, 0.9, "0.3 0.4 0.5 0.6 0.7 0.8 0.9"},
      {82.9, 89.1, "82 83 84 85 86 87 88 89 90"},
      {99.97, 100, "99.970 99.975 99.980 99.985 99.990 99.995 100.000"},
      {-3, 4, "-3 -2 -1 0 1 2 3 4"},
      {-0.5, -0.1, "-0.5 -0.4 -0.3 -0.2 -0.1"},
      {0, 65432, "0 10000 20000 30000 40000 50000 60000 70000"},
      {0, 7e6, "0 1e6 2e6 3e6 4e6 5e6 6e6 7e6"},
      {1.5e-7, 6e-7, "1e-7 2e-7 3e-7 4e-7 5e-7 6e-7"},
      {-1e300, 1e300, "-1.0e300 -5e299 0 5e299 1.0e300"},
      {1000000, 1000004, "1000000 1000001 1000002 1000003 1000004"},
      // A single value is seen from 0.
      {0.5, 0.5, "0.0 0.1 0.2 0.3 0.4 0.5"},
      {100, 100, "0 20 40 60 80 100"},
      {-2, -2, "-2.0 -1.5 -1.0 -0.5 0.0"},
      {0, 0, "0.0 0.2 0.4 0.6 0.8 1.0"},
      {1, 1 + 1e-15, "0.0 0.2 0.4 0.6 0.8 1.0"},
  };
  for (const Case& c : cases) {
    const int most = c.low == 82.9 ? 9 : 8;
    const Axis axis = round_axis(c.low, c.high, most, Scale::linear);
    EXPECT_EQ(labels(axis), c.labels) << c.low << " to " << c.high;
    EXPECT_FALSE(axis.logarithmic);
  }
}

TEST(Axis, IsLogarithmicOverMoreThanTwoDecades) {
  const std::vector<Case> cases = {
      {0.02, 3, "0.02 0.05 0.1 0.2 0.5 1 2 5"},
      {0.003, 2.4, "0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5 1 2 5"},
      {1e-3, 900, "0.001 0.01 0.1 1 10 100 1000"},
      {2e-12, 1, "1e-11 1e-10 1e-9 1e-8 1e-7 1e-6 1e-5 0.0001 0.001 0.01 0.1 1"},
      {1, 1e30, "1 1000 1e6 1e9 1e12 1e15 1e18 1e21 1e24 1e27 1e30"},
  };
  for (const Case& c : cases) {
    const Axis axis = round_axis(c.low, c.high, 8, Scale::automatic);
    EXPECT_TRUE(axis.logarithmic);
    EXPECT_EQ(labels(axis), c.labels) << c.low << " to " << c.high;
    EXPECT_FALSE(round_axis(c.low, c.high, 8, Scale::linear).logarithmic);
  }
  EXPECT_FALSE(round_axis(0.01, 1, 8, Scale::automatic).logarithmic);
  EXPECT_FALSE(round_axis(0, 1e9, 8, Scale::automatic).logarithmic);
  EXPECT_FALSE(round_axis(-1, 1e9, 8, Scale::automatic).logarithmic);
}

// Whatever the numbers: ticks ascend within the axis, which holds the values.
TEST(Axis, HoldsEveryRange) {
  std::vector<double> numbers = {0, 5e-324, 1e-310, 0.1, 1 + 1e-13, 3, largest};
  for (int exponent = -12; exponent <= 300; exponent += 13) {
    numbers.push_back(std::pow(10.0, exponent));
    numbers.push_back(7.3 * std::pow(10.0, exponent));
  }
  const std::size_t positive = numbers.size();
  for (std::size_t i = 0; i < positive; ++i) numbers.push_back(-numbers[i]);
  for (const double low : numbers) {
    for (const double high : numbers) {
      if (low > high) continue;
      for (const Scale scale : {Scale::linear, Scale::automatic}) {
        for (const int most : {5, 8}) {
          const Axis axis = round_axis(low, high, most, scale);
          SCOPED_TRACE(str(low, " to ", high, ": ", labels(axis)));
          ASSERT_LT(axis.low, axis.high);
          ASSERT_GE(axis.place(low), -1e-6);
          ASSERT_LE(axis.place(high), 1 + 1e-6);
          ASSERT_GE(axis.ticks.size(), 2U);
          ASSERT_LE(static_cast<int>(axis.ticks.size()), axis.logarithmic ? most * 3 / 2 : most);
          double last = -1e-9;
          for (const Tick& tick : axis.ticks) {
            const double place = axis.place(tick.value);
            ASSERT_GE(place, last);
            ASSERT_LE(place, 1 + 1e-9);
            ASSERT_LE(tick.label.size(), 22U);
            last = place + 1e-3;  // they are apart
          }
        }
      }
      const Axis exact = exact_axis(low, high, 5, false);
      SCOPED_TRACE(str("exactly ", low, " to ", high, ": ", labels(exact)));
      ASSERT_LT(exact.low, exact.high);
      ASSERT_LE(exact.ticks.size(), 5U);
      for (const double value : {low, high}) {
        ASSERT_GE(exact.place(value), 0);
        ASSERT_LE(exact.place(value), 1);
      }
    }
  }
}

TEST(Axis, LabelsDiffer) {
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{
           {1, 1 + 1e-11}, {123456.7, 123456.8}, {-1e9, -1e9 + 1}}) {
    const Axis axis = round_axis(low, high, 8, Scale::linear);
    for (std::size_t i = 1; i < axis.ticks.size(); ++i) {
      EXPECT_NE(axis.ticks[i].label, axis.ticks[i - 1].label);
      EXPECT_NEAR(std::stod(axis.ticks[i].label), axis.ticks[i].value, (high - low) / 1000);
    }
  }
}

TEST(Axis, CountsInWholeNumbers) {
  const std::vector<Case> cases = {
      {1, 1, "1"},
      {1, 2, "1 2"},
      {1, 3, "1 2 3"},
      {1, 10, "1 2 3 4 5 6 7 8 9 10"},
      {1, 11, "2 4 6 8 10"},
      {1, 1000, "100 200 300 400 500 600 700 800 900 1000"},
      {1, 100000, "10000 20000 30000 40000 50000 60000 70000 80000 90000 100000"},
      {995, 1003, "995 996 997 998 999 1000 1001 1002 1003"},
  };
  for (const Case& c : cases) {
    const Axis axis = exact_axis(c.low, c.high, 10, true);
    EXPECT_EQ(labels(axis), c.labels);
    if (c.low == c.high) continue;
    EXPECT_EQ(axis.low, c.low);
    EXPECT_EQ(axis.high, c.high);
  }
  EXPECT_EQ(labels(exact_axis(1, 2, 10, false)), "1.0 1.2 1.4 1.6 1.8 2.0");
}

TEST(Axis, PlacesValues) {
  const Axis linear = round_axis(0, 10, 8, Scale::automatic);
  EXPECT_DOUBLE_EQ(linear.place(2.5), 0.25);
  const Axis logarithmic = round_axis(1, 10000, 8, Scale::automatic);
  EXPECT_DOUBLE_EQ(logarithmic.place(10), 0.25);
  EXPECT_DOUBLE_EQ(logarithmic.place(1), 0);
}

}  // namespace
}  // namespace nabla::insight
