// Pictures: what stands in them, also for texts and numbers that are hard to draw.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <locale>
#include <set>
#include <string>
#include <vector>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/base/utf8.h"
#include "nabla/insight/draw_history.h"
#include "nabla/insight/line_chart.h"
#include "nabla/insight/svg.h"
#include "tests/insight/picture.h"
#include "tests/support/message.h"

namespace nabla::insight {
namespace {

using test::attributes;
using test::numbers;
using test::texts;
using test::xml_fault;

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr double infinite = std::numeric_limits<double>::infinity();

std::ptrdiff_t count(const std::string& text, const std::string& part) {
  std::ptrdiff_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST(Utf8, CharactersByTheirCodes) {
  struct Case {
    std::string text;
    std::size_t length;
    char32_t code;
  };
  // RFC 3629, sections 3, 4 and 10.
  const std::vector<Case> cases = {
      {"a", 1, 'a'},
      {std::string(1, '\0'), 1, 0},
      {"\xc3\xa4", 2, 0xe4},
      {"\xe2\x82\xac", 3, 0x20ac},
      {"\xf0\x9f\x98\x80", 4, 0x1f600},
      {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
      {"\x80", 0, 0},
      {"\xc3", 0, 0},
      {"\xc0\x80", 0, 0},
      {"\xe0\x80\x80", 0, 0},
      {"\xed\xa0\x80", 0, 0},
      {"\xf0\x8f\xbf\xbf", 0, 0},
      {"\xf4\x90\x80\x80", 0, 0},
      {"\xff", 0, 0},
      {"\xe2\x82", 0, 0},
      {"\xe2\x28\xa1", 0, 0},
  };
  for (const Case& c : cases) {
    const Utf8Character character = utf8_front(c.text + (c.length > 0 ? "x" : ""));
    EXPECT_EQ(character.length, c.length) << c.text;
    EXPECT_EQ(character.code, c.code) << c.text;
  }
}

TEST(Svg, EscapesTexts) {
  const std::string u = "\xef\xbf\xbd";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"plain", "plain"},
      {"<&\"'>", "&lt;&amp;&quot;&#39;&gt;"},
      {"&lt;", "&amp;lt;"},
      {"]]>", "]]&gt;"},
      {"\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac"},
      {std::string("a\0b\x1b\x7f", 5), "a" + u + "b" + u + "\x7f"},
      {"a\tb\nc\r", "a\tb\nc\r"},
      {"\xff<\xc3", u + "&lt;" + u},
      {"\xef\xbf\xbf", u},  // no character of XML
      {"", ""},
  };
  for (const auto& [text, xml] : cases) {
    EXPECT_EQ(xml_text(text), xml);
    Svg svg(10, 10, text);
    svg.text({0, 0}, text);
    EXPECT_EQ(xml_fault(svg.str()), "");
    EXPECT_EQ(texts(svg.str()), std::vector<std::string>{xml});
  }
}

TEST(Svg, NumbersAreTenthsInEveryLocale) {
  struct German : std::numpunct<char> {
    char do_thousands_sep() const override { return '.'; }
    char do_decimal_point() const override { return ','; }
    std::string do_grouping() const override { return "\3"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale(), new German));
  Svg svg(1000, 2000.25, "");
  svg.line({1234.56, -0.04}, {1e300, 0.05}, {.width = 1.5});
  std::locale::global(before);
  EXPECT_NE(svg.str().find("viewBox=\"0 0 1000 2000.3\""), std::string::npos) << svg.str();
  EXPECT_NE(svg.str().find("x1=\"1234.6\" y1=\"0\" x2=\"1000000\" y2=\"0.1\""), std::string::npos);
  EXPECT_NE(svg.str().find("stroke-width=\"1.5\""), std::string::npos);
  EXPECT_EQ(test::message_of<ValueError>([&] {
              svg.text({none, 0}, "x");
            }),
            "a coordinate of a picture is nan: expected a finite number");
}

TEST(Svg, CutsWideTexts) {
  EXPECT_EQ(cut_to_width("short", 100, 12), "short");
  const std::string many(100, 'x');
  for (const std::string& text : {many, std::string(100, '\xff'), "\xc3\xa4" + many}) {
    const std::string cut = cut_to_width(text, 100, 12);
    EXPECT_LE(text_width(cut, 12), 100);
    EXPECT_GT(text_width(cut, 12), 80);
    EXPECT_TRUE(cut.ends_with("\xe2\x80\xa6"));
  }
}

LineChart chart_of(const std::vector<double>& values, Scale scale = Scale::linear) {
  Series series{.label = "s", .points = {}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    series.points.push_back({static_cast<double>(i + 1), values[i]});
  }
  return {.title = "values", .x_label = "step", .series = {series}, .y_scale = scale};
}

// Pieces by the numbers of their points, dots as 1.
TEST(LineChart, LeavesGapsAndDrawsDots) {
  struct Case {
    std::vector<double> values;
    std::vector<std::size_t> pieces;
    std::ptrdiff_t dots;
  };
  const std::vector<Case> cases = {
      {{1, 2, 3, 4}, {4}, 0},
      {{1, 2, none, 4, 5, 6}, {2, 3}, 0},
      {{1, none, 3, infinite, -infinite, 6}, {}, 3},
      {{none, 1, 2, none}, {2}, 0},
      {{5}, {}, 1},
      {{none, none}, {}, 0},
      {{}, {}, 0},
  };
  for (const Case& c : cases) {
    const std::string svg = draw_charts({chart_of(c.values)});
    EXPECT_EQ(xml_fault(svg), "");
    std::vector<std::size_t> pieces;
    for (const std::string& points : attributes(svg, "polyline", "points")) {
      pieces.push_back(numbers(points).size() / 2);
    }
    EXPECT_EQ(pieces, c.pieces);
    EXPECT_EQ(count(svg, "<circle"), c.dots);
    EXPECT_EQ(count(svg, "no finite values"), c.pieces.empty() && c.dots == 0 ? 1 : 0);
  }
}

// Each point where its axis has it: 1 in 0 to 10 a tenth above the foot.
TEST(LineChart, PutsPointsWhereTheAxesHaveThem) {
  const std::string svg = draw_charts({chart_of({0, 10, 1, 5})});
  const auto at = numbers(attributes(svg, "polyline", "points").at(0));
  const double foot = at[1];
  const double height = at[1] - at[3];
  EXPECT_GT(height, 100);
  EXPECT_NEAR(at[5], foot - height / 10, 0.06);
  EXPECT_NEAR(at[7], foot - height / 2, 0.06);
  EXPECT_NEAR(at[4] - at[2], (at[6] - at[0]) / 3, 0.11);
  const auto logarithmic =
      numbers(attributes(draw_charts({chart_of({1, 10, 100, 1000}, Scale::automatic)}), "polyline",
                         "points")
                  .at(0));
  EXPECT_NEAR(logarithmic[1] - logarithmic[3], logarithmic[5] - logarithmic[7], 0.11);
}

// Of many points the extremes stay, at their places, and the picture stays small.
TEST(LineChart, ThinsManyPoints) {
  const auto points_of = [](const std::vector<double>& values) {
    const std::string svg = draw_charts({chart_of(values)});
    EXPECT_LT(svg.size(), 60'000U);
    std::vector<double> points;
    for (const std::string& list : attributes(svg, "polyline", "points")) {
      for (const double number : numbers(list)) points.push_back(number);
    }
    return points;
  };
  const std::size_t many = 100'000;
  std::vector<double> values(many);
  for (std::size_t i = 0; i < many; ++i) {
    values[i] = 5 + std::sin(static_cast<double>(i * i % 1009));
  }
  values[12'345] = 0;
  values[54'321] = 10;
  const auto all = points_of(values);
  const double left = all[0];
  const double right = all[all.size() - 2];
  double lowest = 0;
  double highest = 1e9;
  double x_of_lowest = 0;
  double x_of_highest = 0;
  for (std::size_t i = 0; i < all.size(); i += 2) {
    if (all[i + 1] > lowest) lowest = all[i + 1], x_of_lowest = all[i];
    if (all[i + 1] < highest) highest = all[i + 1], x_of_highest = all[i];
  }
  EXPECT_NEAR(lowest - highest, 230, 0.2);  // from 0 to 10: the whole height
  EXPECT_NEAR(x_of_lowest, left + (right - left) * 12'345 / (many - 1), 0.11);
  EXPECT_NEAR(x_of_highest, left + (right - left) * 54'321 / (many - 1), 0.11);

  for (std::size_t i = 0; i < many; i += 2) values[i] = none;  // gaps narrower than a pixel
  EXPECT_GT(points_of(values).size(), 1000U);
  std::vector<double> few(300, 1);
  for (std::size_t i = 0; i < few.size(); ++i) few[i] = static_cast<double>(i % 7);
  EXPECT_EQ(points_of(few).size(), 600U);  // a column each: all are drawn
}

TEST(LineChart, LooksOfStylesDiffer) {
  LineChart chart{.title = "t", .x_label = "x", .series = {}};
  std::set<std::string> looks;
  constexpr int styles = 21;
  for (int style = 0; style < styles; ++style) {
    for (const bool dashed : {false, true}) {
      chart.series.push_back({.label = str(style, dashed ? " dashed" : ""),
                              .points = {{1, 1.0 * style}, {2, 2.0 * style}},
                              .style = style,
                              .dashed = dashed});
    }
  }
  const std::string svg = draw_charts({chart, chart});
  for (std::size_t at = svg.find("<polyline"); at != std::string::npos;
       at = svg.find("<polyline", at + 1)) {
    looks.insert(svg.substr(at, svg.find(" points", at) - at));
  }
  EXPECT_EQ(looks.size(), 2U * styles);
  // One legend for both charts.
  EXPECT_EQ(count(svg, ">20 dashed</text>"), 1);
}

TEST(LineChart, NeedsAChart) {
  EXPECT_EQ(test::message_of<ValueError>([] { draw_charts({}); }),
            "draw_charts: no charts: expected at least one");
}

std::vector<EpochRecord> epochs(int count, bool accuracy = true) {
  std::vector<EpochRecord> records;
  for (int i = 1; i <= count; ++i) {
    records.push_back({.epoch = i, .train_loss = 1.0 / i, .validation_loss = 2.0 / i});
    if (accuracy) records.back().validation_accuracy = 1 - 0.5 / i;
  }
  return records;
}

// Texts of one line do not touch each other: labels of ticks are apart, also of large numbers.
TEST(DrawHistory, LabelsDoNotTouch) {
  for (const int count : {1, 2, 3, 10, 11, 100, 999, 1000, 54'321, 100'000}) {
    const std::string svg = draw_history({{"run", epochs(count)}});
    EXPECT_EQ(xml_fault(svg), "") << count;
    EXPECT_LT(svg.size(), 70'000U) << count;
    double row = 0;
    double end = 0;
    int ticks = 0;
    for (std::size_t at = svg.find("text-anchor=\"middle\""); at != std::string::npos;
         at = svg.find("text-anchor=\"middle\"", at + 1)) {
      const std::size_t begin = svg.rfind("<text", at);
      const std::string text = svg.substr(begin, svg.find("</text>", at) + 7 - begin);
      const double x = numbers(attributes(text, "text", "x").at(0))[0];
      const double y = numbers(attributes(text, "text", "y").at(0))[0];
      const double width = text_width(texts(text).at(0), 12);
      if (y == row) {
        EXPECT_GT(x - width / 2, end + 4) << count << ": " << text;
      }
      row = y;
      end = x + width / 2;
      ++ticks;
    }
    EXPECT_GE(ticks, 4) << count;  // two labels of axes, and a tick each
    EXPECT_LE(ticks, 22) << count;
  }
}

TEST(DrawHistory, ShowsRunsBesideEachOther) {
  const std::string svg =
      draw_history({{"a <b&\"c\">", epochs(10), "test"}, {"second", epochs(7), "validation"}});
  EXPECT_EQ(xml_fault(svg), "");
  const auto shown = texts(svg);
  for (const std::string text :
       {"loss", "accuracy, %", "a &lt;b&amp;&quot;c&quot;&gt;: train",
        "a &lt;b&amp;&quot;c&quot;&gt;: test", "second: train", "second: validation"}) {
    EXPECT_EQ(std::ranges::count(shown, text), 1) << text;
  }
  const auto colours = attributes(svg, "polyline", "stroke");
  ASSERT_EQ(colours.size(), 6U);  // losses of train and judge for each run, accuracies
  EXPECT_EQ(colours, (std::vector<std::string>{colours[0], colours[0], colours[2], colours[2],
                                               colours[0], colours[2]}));
  EXPECT_NE(colours[0], colours[2]);
  EXPECT_EQ(attributes(svg, "polyline", "stroke-dasharray").size(), 4U);
}

TEST(DrawHistory, DrawsWhatThereIs) {
  auto losses_only = epochs(5, false);
  EXPECT_EQ(count(draw_history({{"r", losses_only}}), "accuracy"), 0);
  for (EpochRecord& record : losses_only) record.validation_loss.reset();
  std::string svg = draw_history({{"r", losses_only}});
  EXPECT_EQ(count(svg, "<polyline"), 1);
  EXPECT_EQ(count(svg, "validation"), 0);
  losses_only[0].train_loss = 1e30;  // as before a divergence
  svg = draw_history({{"r", losses_only}});
  EXPECT_EQ(count(svg, "loss, logarithmic"), 1);
  losses_only[0].train_loss = infinite;
  EXPECT_EQ(
      numbers(attributes(draw_history({{"r", losses_only}}), "polyline", "points").at(0)).size(),
      8U);
  EXPECT_EQ(test::message_of<ValueError>([] { draw_history({}); }),
            "draw_history: no runs: expected at least one");
  EXPECT_EQ(test::message_of<ValueError>([] {
              draw_history({{"r", {}}});
            }),
            "draw_history: run \"r\" has no epochs: expected one");
}

}  // namespace
}  // namespace nabla::insight
