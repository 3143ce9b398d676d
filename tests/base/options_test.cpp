#include "nabla/base/options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/message.h"

namespace nabla {
namespace {

enum class Color { red, green, blue };
constexpr std::array<std::string_view, 3> words_of(Color) { return {"red", "green", "blue"}; }

// An option that is a thing with options itself.
struct Curve {
  double end = 1;
  static const OptionTable<Curve>& table() {
    static const OptionTable<Curve> options = {
        {"end", &Curve::end, "last value", above_zero, {.by_place = true}}};
    return options;
  }
};

}  // namespace

template <>
struct OptionKind<Curve> {
  static std::optional<Curve> read(const TermArgument& argument) {
    const Term* term = std::get_if<Term>(&argument.value);
    if (term == nullptr || term->name != "curve") return {};
    return Curve::table().read(*term);
  }
  static std::string text(const Curve& curve) { return Curve::table().text("curve", curve); }
  static std::string kind() { return "a curve"; }
  static bool holds(const Range&, const Curve&) { return true; }
};

namespace {

struct ThingOptions {
  std::int64_t width = 8;
  double rate = 0.5;
  bool bias = true;
  Color color = Color::red;
  std::optional<std::int64_t> limit;
  Curve curve;
  double shift = 0;

  static const OptionTable<ThingOptions>& table() {
    using T = ThingOptions;
    static const OptionTable<T> options = {
        {"width", &T::width, "number of outputs", from_to(1, 100), {.by_place = true}},
        {"rate", &T::rate, "part that goes", fraction, {.by_place = true}},
        {"bias", &T::bias, "whether it has one"},
        {"color", &T::color, "what it looks like"},
        {"limit", &T::limit, "when to stop", at_least(0)},
        {"curve", &T::curve, "how it bends"},
        {"shift", &T::shift, "a|b"}};
    return options;
  }
};

struct RequiredOptions {
  double value = 0;
  static const OptionTable<RequiredOptions>& table() {
    static const OptionTable<RequiredOptions> options = {
        {"value", &RequiredOptions::value, "the value", {}, {.by_place = true, .required = true}}};
    return options;
  }
};

TEST(Options, TextsAreReadAndWrittenInOneWay) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"thing", "thing"},
      {"thing()", "thing"},
      {"thing(3)", "thing(3)"},
      {"thing(8)", "thing"},
      {"thing(width=3)", "thing(3)"},
      {"thing(3, 0.25)", "thing(3, 0.25)"},
      {"thing(8, 0.25)", "thing(rate=0.25)"},
      {"thing(rate=0, width=3)", "thing(3, 0)"},
      {"thing(bias=false)", "thing(bias=false)"},
      {"thing(3, bias=0)", "thing(3, bias=false)"},
      {"thing(bias=1)", "thing"},
      {"thing(color=blue)", "thing(color=blue)"},
      {"thing(color=red)", "thing"},
      {"thing(limit=0)", "thing(limit=0)"},
      {"thing(curve=curve(2))", "thing(curve=curve(2))"},
      {"thing(curve=curve(end=1))", "thing"},
      {"thing(shift=-1e20)", "thing(shift=-1e+20)"},
      {"thing(shift=1e6)", "thing(shift=1000000)"},
      {"thing(limit=9007199254740992)", "thing(limit=9007199254740992)"},
  };
  const auto canonical = [](const std::string& text) {
    const auto& table = ThingOptions::table();
    return table.text("thing", table.read(parse_term("thing", text)));
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(canonical(text), expected) << text;
    EXPECT_EQ(canonical(expected), expected);
  }
  const ThingOptions options = ThingOptions::table().read(parse_term(
      "thing", "x(3, 0.25, bias=false, color=green, limit=7, curve=curve(2), shift=-1)"));
  EXPECT_EQ(options.width, 3);
  EXPECT_EQ(options.rate, 0.25);
  EXPECT_FALSE(options.bias);
  EXPECT_EQ(options.color, Color::green);
  EXPECT_EQ(options.limit, 7);
  EXPECT_EQ(options.curve.end, 2);
  EXPECT_EQ(options.shift, -1);
}

TEST(Options, MistakesAreNamedWithTheirPlace) {
  struct Mistake {
    std::string text;
    std::size_t position;  // from 1
    std::string what;
  };
  const std::string known = "known: width, rate, bias, color, limit, curve, shift";
  const std::vector<Mistake> mistakes = {
      {"thing(rte=1)", 7, "thing has no option \"rte\"; did you mean \"rate\"? " + known},
      {"thing(xyzzy=1)", 7, "thing has no option \"xyzzy\"; " + known},
      {"thing(rate=0, rate=0)", 15, "thing: rate is given twice"},
      {"thing(3, width=3)", 10, "thing: width is given twice"},
      {"thing(0)", 7, "thing: width 0: expected 1 to 100"},
      {"thing(width=101)", 13, "thing: width 101: expected 1 to 100"},
      {"thing(1.5)", 7, "thing: width 1.5: expected a whole number, 1 to 100"},
      {"thing(big)", 7, "thing: width \"big\": expected a whole number, 1 to 100"},
      {"thing(rate=1)", 12, "thing: rate 1: expected at least 0 and below 1"},
      {"thing(rate=nan)", 12, "thing: rate \"nan\": expected a number, at least 0 and below 1"},
      {"thing(rate=f(1))", 12, "thing: rate \"f(1)\": expected a number, at least 0 and below 1"},
      {"thing(bias=2)", 12, "thing: bias 2: expected true or false"},
      {"thing(bias=yes)", 12, "thing: bias \"yes\": expected true or false"},
      {"thing(bias=true[a])", 12, "thing: bias \"true[a]\": expected true or false"},
      {"thing(color=pink)", 13, "thing: color \"pink\": expected red, green or blue"},
      {"thing(color=1)", 13, "thing: color 1: expected red, green or blue"},
      {"thing(color=[red])", 13, "thing: color \"[red]\": expected red, green or blue"},
      {"thing(limit=-1)", 13, "thing: limit -1: expected at least 0"},
      {"thing(limit=9007199254740994)", 13,
       "thing: limit 9007199254740994: expected a whole number, at least 0"},
      {"thing(curve=line)", 13, "thing: curve \"line\": expected a curve"},
      {"thing(curve=curve(0))", 19, "curve: end 0: expected above 0, in f32"},
      {"thing(1, 0, 1)", 13, "thing takes 2 values without a name"},
      {"thing(rate=0, 1)", 15, "thing: expected the option's name behind one with a name"},
  };
  for (const auto& [text, position, what] : mistakes) {
    const auto read = [&, &text = text] { ThingOptions::table().read(parse_term("thing", text)); };
    const std::string message = test::message_of<SyntaxError>(read);
    const std::string start = "thing \"" + text + "\", position " + std::to_string(position) + ": ";
    EXPECT_EQ(message, start + what);
  }
}

TEST(Options, RequiredOnesMustBeGivenAndAreWritten) {
  const auto& table = RequiredOptions::table();
  EXPECT_EQ(table.text("constant", table.read(parse_term("thing", "constant(0)"))), "constant(0)");
  EXPECT_EQ(test::message_of<SyntaxError>([&] { table.read(parse_term("thing", "constant")); }),
            "thing \"constant\", position 1: constant: value is missing: expected a number, "
            "one that f32 has");
  EXPECT_EQ(test::message_of<SyntaxError>(
                [] { NoOptions::table().read(parse_term("thing", "zero(1)")); }),
            "thing \"zero(1)\", position 6: zero takes no options");
}

TEST(Options, OfProgramsAreCheckedAlike) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<ThingOptions, std::string>> cases = {
      {{.width = 0}, "thing: width 0: expected 1 to 100"},
      {{.rate = 1}, "thing: rate 1: expected at least 0 and below 1"},
      {{.rate = std::nan("")}, "thing: rate nan: expected at least 0 and below 1"},
      {{.color = static_cast<Color>(3)}, "thing: color : expected red, green or blue"},
      {{.limit = -1}, "thing: limit -1: expected at least 0"},
      {{.shift = infinity}, "thing: shift inf: expected one that f32 has"},
      {{.shift = std::nan("")}, "thing: shift nan: expected one that f32 has"},
      {{.shift = -1e39}, "thing: shift -1e+39: expected one that f32 has"},
  };
  for (const auto& [options, expected] : cases) {
    EXPECT_EQ(test::message_of<ValueError>(
                  [&, &options = options] { ThingOptions::table().check("thing", options); }),
              expected);
  }
  EXPECT_NO_THROW(ThingOptions::table().check("thing", {}));
}

TEST(Options, RangesSayWhatTheyHold) {
  struct Case {
    Range range;
    std::string text;
    std::vector<double> inside;
    std::vector<double> outside;
  };
  const double least = std::numeric_limits<double>::denorm_min();
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<Case> cases = {
      {{}, "", {0, -1e308, 1e308}, {infinity, -infinity, std::nan("")}},
      {above_zero, "above 0", {least, 1e308}, {0, -1, infinity, std::nan("")}},
      {fraction, "at least 0 and below 1", {0, 0.999}, {1, -least}},
      {at_least(2), "at least 2", {2, 3}, {1.999}},
      {from_to(1, 10'000'000), "1 to 10000000", {1, 1e7}, {0.999, 1e7 + 1}},
      {{.most = 5, .below = true}, "below 5", {-1e308, 4.999}, {5}},
      {{.least = 0, .most = 1, .above = true}, "above 0 and at most 1", {least, 1}, {0, 1.001}},
      {{.least = 1, .words = "enough"}, "enough", {1}, {0}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(c.range.text(), c.text);
    for (const double number : c.inside) EXPECT_TRUE(c.range.holds(number)) << c.text << number;
    for (const double number : c.outside) EXPECT_FALSE(c.range.holds(number)) << c.text << number;
  }
  EXPECT_EQ(test::message_of<ValueError>([] { fraction.check("adam", "beta1", 2); }),
            "adam: beta1 2: expected at least 0 and below 1");
}

using Make = std::string(const Term&);

const EntryTable<Make>& things() {
  static const EntryTable<Make> table(
      "thing",
      {{{.name = "thing",
         .doc = "all that can be",
         .formula = "|x|",
         .source = "Plato, -380",
         .options = &ThingOptions::table().rows()},
        [](const Term&) -> std::string { return "a thing"; }},
       {{.name = "zero", .doc = "nothing"}, [](const Term&) -> std::string { return "nothing"; }},
       {{.name = "pair", .doc = "two", .least_groups = 1, .most_groups = 2},
        [](const Term& term) { return text_of(term); }}});
  return table;
}

TEST(Entries, AreFoundByName) {
  const auto make = [](const std::string& text) {
    const Term term = parse_term("thing", text);
    return things().find(term).make(term);
  };
  EXPECT_EQ(make("zero"), "nothing");
  EXPECT_EQ(make("pair[a]"), "pair[a]");
  EXPECT_EQ(make("pair[a][b]"), "pair[a][b]");
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"zreo", "unknown thing \"zreo\"; did you mean \"zero\"? known: thing, zero, pair"},
      {"zero[a]", "zero takes no [...]"},
      {"pair", "pair: expected 1 pair of [...] behind it, got 0"},
      {"pair[a][b][c]", "pair: expected at most 2 pairs of [...] behind it, got 3"},
  };
  for (const auto& [text, what] : mistakes) {
    EXPECT_EQ(test::message_of<SyntaxError>([&, &text = text] { make(text); }),
              "thing \"" + text + "\", position 1: " + what);
  }
}

TEST(Entries, PrintHelpAndMarkdown) {
  const std::string help = help_text(things().infos());
  EXPECT_TRUE(
      help.starts_with("  thing                   all that can be\n"
                       "    width=8               number of outputs; a whole number, 1 to "
                       "100\n"
                       "    rate=0.5              part that goes; a number, at least 0 and "
                       "below 1\n"
                       "    bias=true             whether it has one; true or false\n"))
      << help;
  EXPECT_TRUE(
      help.ends_with("  zero                    nothing\n"
                     "  pair                    two\n"))
      << help;
  const std::string page = markdown_text(things().infos());
  EXPECT_TRUE(
      page.starts_with("## thing\n\nall that can be: `|x|` (Plato, -380).\n\n"
                       "| option | default | takes | meaning |\n|---|---|---|---|\n"
                       "| `width` | `8` | a whole number, 1 to 100 | number of outputs |\n"))
      << page;
  EXPECT_NE(page.find("| `limit` |  | a whole number, at least 0 | when to stop |\n"),
            std::string::npos);
  EXPECT_NE(
      page.find("| `shift` | `0` | a number, one that f32 has | a\\|b |\n\n## zero\n\nnothing.\n"),
      std::string::npos)
      << page;
}

}  // namespace
}  // namespace nabla
