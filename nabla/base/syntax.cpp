#include "nabla/base/syntax.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "nabla/base/text.h"
#include "nabla/base/utf8.h"

namespace nabla {
namespace {

constexpr std::size_t longest_text = 100'000;
constexpr std::size_t deepest = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The characters as they are shown, one column each.
std::vector<std::string> shown_characters(std::string_view text) {
  std::vector<std::string> characters;
  while (!text.empty()) {
    const std::size_t length = utf8_front(text).length;
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    const auto last = static_cast<unsigned char>(character.back());
    const bool control = (length == 1 && (last < ' ' || last == 0x7f)) ||
                         (length == 2 && character[0] == '\xc2' && last < 0xa0);
    const bool space = is_space(character[0]);
    characters.emplace_back(space ? " " : length == 0 || control ? "?" : character);
    text.remove_prefix(character.size());
  }
  return characters;
}

std::string message(std::string_view noun, std::string_view text, std::size_t position,
                    std::string_view what) {
  const std::size_t column = shown_characters(text.substr(0, position)).size() + 1;
  return str(noun, " ", quote(text), ", position ", column, ": ", what);
}

class Parser {
 public:
  Parser(std::string_view noun, std::string_view text)
      : source_(
            std::make_shared<Place::Source>(Place::Source{std::string(noun), std::string(text)})),
        text_(source_->text) {
    if (text.size() > longest_text) {
      fail(longest_text, str(text.size(), " bytes: expected at most ", longest_text));
    }
  }

  std::vector<Term> parse() {
    std::vector<Term> terms = sequence(0);
    if (at_ < text_.size()) fail(at_, "] without [ before it");
    return terms;
  }

 private:
  Place place(std::size_t at) const { return {source_, at}; }
  [[noreturn]] void fail(std::size_t at, std::string_view what) const { place(at).fail(what); }

  bool next_is(char wanted) const { return at_ < text_.size() && text_[at_] == wanted; }
  bool at_name() const { return at_ < text_.size() && is_letter(text_[at_]); }

  bool skip_space() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ > begin;
  }

  bool skip(char wanted) {
    if (!next_is(wanted)) return false;
    ++at_;
    return true;
  }

  std::string word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  // Up to the end or a ].
  std::vector<Term> sequence(std::size_t depth) {
    std::vector<Term> terms;
    skip_space();
    while (at_ < text_.size() && !next_is(']')) {
      terms.push_back(labelled_term(depth));
      if (!skip_space() && at_ < text_.size() && !next_is(']')) fail(at_, "expected a space");
    }
    return terms;
  }

  Term labelled_term(std::size_t depth) {
    const std::size_t begin = at_;
    std::string label = at_name() ? word() : "";
    if (label.empty() || !skip(':')) {
      label.clear();
      at_ = begin;
    }
    skip_space();
    Term result = term(depth);
    result.label = std::move(label);
    return result;
  }

  Term term(std::size_t depth) {
    if (depth > deepest) {
      fail(at_, str("more than ", deepest, " brackets inside one another"));
    }
    Term term;
    term.place = place(at_);
    const bool bare = next_is('[');
    if (!bare && !at_name()) fail(at_, "expected a name, which starts with a letter");
    term.name = word();
    if (!bare && next_is('(')) term.arguments = arguments(depth + 1);
    while (next_is('[') && (!bare || term.groups.empty())) term.groups.push_back(group(depth + 1));
    return term;
  }

  std::vector<Term> group(std::size_t depth) {
    const std::size_t begin = at_++;
    std::vector<Term> terms = sequence(depth);
    if (!skip(']')) fail(begin, "[ without ] behind it");
    return terms;
  }

  std::vector<TermArgument> arguments(std::size_t depth) {
    std::vector<TermArgument> all;
    ++at_;
    skip_space();
    if (skip(')')) return all;
    do {
      all.push_back(argument(depth));
      skip_space();
    } while (skip(','));
    if (!skip(')')) fail(at_, "expected , or )");
    return all;
  }

  TermArgument argument(std::size_t depth) {
    skip_space();
    TermArgument argument;
    argument.place = place(at_);
    if (at_name()) {
      std::string name = word();
      skip_space();
      if (skip('=')) {
        argument.name = std::move(name);
        skip_space();
      } else {
        at_ = argument.place.position;
      }
    }
    argument.value_place = place(at_);
    if (at_name() || next_is('[')) {
      argument.value = term(depth);
    } else {
      argument.value = number();
    }
    return argument;
  }

  double number() {
    double number = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), number);
    const std::string_view digits(begin, static_cast<std::size_t>(end - begin));
    if (error == std::errc::invalid_argument) fail(at_, "expected a number or a name");
    if (error != std::errc() || !std::isfinite(number)) {
      fail(at_, str(quote(digits), " is no number that f64 has"));
    }
    const std::size_t behind = at_ + digits.size();
    if (behind < text_.size() && is_word(text_[behind])) fail(behind, "expected the number to end");
    at_ = behind;
    return number;
  }

  std::shared_ptr<const Place::Source> source_;
  std::string_view text_;
  std::size_t at_ = 0;
};

std::string argument_text(const TermArgument& argument) {
  const std::string value = std::visit([](const auto& v) { return text_of(v); }, argument.value);
  return argument.name.empty() ? value : str(argument.name, "=", value);
}

}  // namespace

SyntaxError::SyntaxError(std::string_view noun, std::string_view text, std::size_t position,
                         std::string_view what)
    : ValueError(message(noun, text, position, what)), text_(text), position_(position) {}

std::string SyntaxError::excerpt() const {
  constexpr std::size_t width = 76;
  constexpr std::string_view cut = "...";
  std::vector<std::string> characters = shown_characters(text_);
  std::size_t column = shown_characters(std::string_view(text_).substr(0, position_)).size();
  const std::size_t begin = characters.size() <= width || column <= width / 2
                                ? 0
                                : std::min(column - width / 2, characters.size() - width);
  const std::size_t end = std::min(begin + width, characters.size());
  std::string line;
  for (std::size_t i = begin; i < end; ++i) line += characters[i];
  column -= begin;
  if (begin > 0) {
    line = str(cut, line);
    column += cut.size();
  }
  if (end < characters.size()) line += cut;
  return str("  ", line, "\n  ", std::string(column, ' '), "^\n");
}

void Place::fail(std::string_view what) const {
  throw SyntaxError(source->noun, source->text, position, what);
}

std::vector<Term> parse_terms(std::string_view noun, std::string_view text) {
  return Parser(noun, text).parse();
}

Term parse_term(std::string_view noun, std::string_view text) {
  std::vector<Term> terms = parse_terms(noun, text);
  if (terms.size() == 1 && terms[0].label.empty() && !terms[0].name.empty()) return terms[0];
  const std::string what = str("expected the name of one ", noun);
  if (terms.empty()) throw SyntaxError(noun, text, 0, what);
  terms[terms.size() > 1 ? 1 : 0].place.fail(what);
}

std::string text_of(const Term& term) {
  std::string text = term.label.empty() ? term.name : str(term.label, ":", term.name);
  std::vector<std::string> values;
  for (const TermArgument& argument : term.arguments) values.push_back(argument_text(argument));
  if (!values.empty()) text += str("(", join(values, ", "), ")");
  for (const auto& group : term.groups) text += str("[", text_of(group), "]");
  return text;
}

std::string text_of(const std::vector<Term>& terms) {
  std::vector<std::string> texts;
  texts.reserve(terms.size());
  for (const Term& term : terms) texts.push_back(text_of(term));
  return join(texts, " ");
}

std::string text_of(double number) {
  if (std::isnan(number)) return "nan";  // whatever its sign
  constexpr double largest = 1e15;
  const bool whole = number == std::trunc(number) && std::abs(number) <= largest &&
                     !(number == 0 && std::signbit(number));
  return whole ? std::to_string(static_cast<std::int64_t>(number)) : shortest(number);
}

}  // namespace nabla
