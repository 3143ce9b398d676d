#include "nabla/base/syntax.h"

#include <gtest/gtest.h>

#include <locale>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "nabla/base/text.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

std::string canonical(std::string_view text) { return text_of(parse_terms("model", text)); }

TEST(Syntax, HasOneWayToBeWritten) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {" \t\n", ""},
      {"relu", "relu"},
      {"relu()", "relu"},
      {"  dense( 128 )\trelu\n dense ", "dense(128) relu dense"},
      {"dense(64,initializer=he_normal)", "dense(64, initializer=he_normal)"},
      {"adam(learning_rate = cosine(1e-3,10))", "adam(learning_rate=cosine(0.001, 10))"},
      {"residual[dense(64) relu dense(64)] relu", "residual[dense(64) relu dense(64)] relu"},
      {"residual(scale=.5)[ dense ][]", "residual(scale=0.5)[dense][]"},
      {"[ dense [relu]] x", "[dense [relu]] x"},
      {"first:dense(3) body: [relu] b_2:r[a:b]", "first:dense(3) body:[relu] b_2:r[a:b]"},
      {"f([a b], x=[c])", "f([a b], x=[c])"},
      {"f(true, -1.5, 1e6, 1e-7, -0, 123456789012345678)",
       "f(true, -1.5, 1000000, 1e-07, -0, 123456789012345680)"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(canonical(text), expected) << text;
    EXPECT_EQ(canonical(expected), expected);
  }
}

TEST(Syntax, TreesKnowTheirPlaces) {
  const std::string text = "a:dense(64, bias = false)  residual[relu]";
  const std::vector<Term> terms = parse_terms("model", text);
  ASSERT_EQ(terms.size(), 2U);
  EXPECT_EQ(terms[0].label, "a");
  EXPECT_EQ(terms[0].name, "dense");
  EXPECT_EQ(terms[0].place.position, text.find("dense"));
  ASSERT_EQ(terms[0].arguments.size(), 2U);
  EXPECT_EQ(terms[0].arguments[0].name, "");
  EXPECT_EQ(std::get<double>(terms[0].arguments[0].value), 64);
  EXPECT_EQ(terms[0].arguments[1].name, "bias");
  EXPECT_EQ(terms[0].arguments[1].place.position, text.find("bias"));
  EXPECT_EQ(terms[0].arguments[1].value_place.position, text.find("false"));
  EXPECT_EQ(std::get<Term>(terms[0].arguments[1].value).name, "false");
  ASSERT_EQ(terms[1].groups.size(), 1U);
  EXPECT_EQ(terms[1].groups[0].at(0).place.position, text.find("relu"));
  EXPECT_EQ(parse_term("optimizer", " adam(beta1=0.8) ").name, "adam");
}

std::string nested(std::size_t depth, const std::string& open, const std::string& close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += "a";
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

// Text, position from 1, and what is wrong there.
struct Mistake {
  std::string text;
  std::size_t position;
  std::string what;
};

TEST(Syntax, MistakesAreNamedWithTheirPlace) {
  const std::string name = "expected a name, which starts with a letter";
  const std::vector<Mistake> mistakes = {
      {"(3)", 1, name},
      {"dense 3", 7, name},
      {"a:", 3, name},
      {"a: :b", 4, name},
      {"a:b:c", 4, "expected a space"},
      {"a=b", 2, "expected a space"},
      {"dense;relu", 6, "expected a space"},
      {"dense()(3)", 8, "expected a space"},
      {"r[a]b", 5, "expected a space"},
      {"[a](3)", 4, "expected a space"},
      {"[a][b]", 4, "expected a space"},
      {"dense(12", 9, "expected , or )"},
      {"dense(12 relu", 10, "expected , or )"},
      {"dense(a b)", 9, "expected , or )"},
      {"dense(a:b)", 8, "expected , or )"},
      {"dense(1.5.2)", 10, "expected , or )"},
      {"dense(", 7, "expected a number or a name"},
      {"dense(,)", 7, "expected a number or a name"},
      {"dense(1,)", 9, "expected a number or a name"},
      {"dense(a=)", 9, "expected a number or a name"},
      {"dense(+1)", 7, "expected a number or a name"},
      {"dense(-)", 7, "expected a number or a name"},
      {"dense(12abc)", 9, "expected the number to end"},
      {"dense(0x10)", 8, "expected the number to end"},
      {"dense(1e)", 8, "expected the number to end"},
      {"dense(-inf)", 7, "\"-inf\" is no number that f64 has"},
      {"dense(-nan)", 7, "\"-nan\" is no number that f64 has"},
      {"dense(1e999)", 7, "\"1e999\" is no number that f64 has"},
      {"a ]", 3, "] without [ before it"},
      {"r[a", 2, "[ without ] behind it"},
      {"r[a [b]", 2, "[ without ] behind it"},
      {"\xc3\xa9", 1, name},
      {"a \xe2\x82\xac", 3, name},
  };
  for (const auto& [text, position, what] : mistakes) {
    EXPECT_EQ(test::message_of<SyntaxError>([&] { parse_terms("model", text); }),
              str("model \"", text, "\", position ", position, ": ", what));
  }
}

TEST(Syntax, DepthAndLengthAreBounded) {
  for (const auto& [open, close] : std::vector<std::pair<std::string, std::string>>{
           {"[", "]"}, {"f[", "]"}, {"f(", ")"}, {"f(x=", ")"}, {"a:[", "]"}}) {
    EXPECT_EQ(parse_terms("model", nested(64, open, close)).size(), 1U) << open;
    for (const std::size_t depth : {65, 10'000}) {
      const std::string message = test::message_of<SyntaxError>(
          [&, &open = open, &close = close] { parse_terms("model", nested(depth, open, close)); });
      EXPECT_TRUE(message.ends_with("more than 64 brackets inside one another")) << message;
    }
  }
  EXPECT_EQ(parse_terms("model", std::string(99'999, ' ') + "a").size(), 1U);
  EXPECT_TRUE(test::message_of<SyntaxError>([] {
                parse_terms("model", std::string(100'001, 'a'));
              }).ends_with("position 100001: 100001 bytes: expected at most 100000"));
}

TEST(Syntax, OneTermIsOne) {
  const std::vector<std::pair<std::string, std::size_t>> cases = {
      {"", 1}, {"a b", 3}, {"x:a", 3}, {"[a]", 1}};
  for (const auto& [text, position] : cases) {
    EXPECT_EQ(test::message_of<SyntaxError>([&, &text = text] { parse_term("optimizer", text); }),
              str("optimizer \"", text, "\", position ", position,
                  ": expected the name of one optimizer"));
  }
}

// Writes 123.456,5.
class Punctuation : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(Syntax, NumbersAreTheSameInEveryLocale) {
  const std::locale before = std::locale::global(std::locale(std::locale(), new Punctuation));
  const std::string text = canonical("dense(123456, rate=0.5)");
  std::ostringstream streamed;
  streamed << 123456;
  std::locale::global(before);
  EXPECT_EQ(text, "dense(123456, rate=0.5)");
  EXPECT_EQ(streamed.str(), "123.456") << "the locale was there";
}

TEST(SyntaxExcerpt, PointsAtThePlace) {
  struct Case {
    std::string text;
    std::size_t position;
    std::string excerpt;
  };
  const std::string a50(50, 'a');
  const std::vector<Case> cases = {
      {"dense rleu", 6, "  dense rleu\n        ^\n"},
      {"", 0, "  \n  ^\n"},
      {"ab", 2, "  ab\n    ^\n"},
      // Each character is one column, however many bytes it has.
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 x", 10,
       "  \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 x\n      ^\n"},
      // Nothing that moves the cursor: control characters of C0 and C1, and what is not UTF-8.
      {"a\tb\n\x1b[0m\x7f\xc2\x9b\xff\xe2\x82 x", 15, "  a b ?[0m????? x\n                ^\n"},
      // 100 characters, of which 76 are shown, the place in their middle or close to the end.
      {a50 + "!" + a50, 50,
       "  ..." + std::string(38, 'a') + "!" + std::string(37, 'a') + "...\n" +
           std::string(5 + 38, ' ') + "^\n"},
      {a50 + "!" + a50, 2, "  " + a50 + "!" + std::string(25, 'a') + "...\n    ^\n"},
      {a50 + "!" + a50, 101,
       "  ..." + std::string(25, 'a') + "!" + a50 + "\n" + std::string(5 + 76, ' ') + "^\n"},
  };
  for (const auto& [text, position, excerpt] : cases) {
    const SyntaxError error("model", text, position, "no");
    EXPECT_EQ(error.excerpt(), excerpt);
    EXPECT_EQ(error.text(), text);
    EXPECT_EQ(error.position(), position);
  }
}

}  // namespace
}  // namespace nabla
