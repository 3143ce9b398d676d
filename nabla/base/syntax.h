/// The one syntax of texts that describe things: layers, update rules, losses, initialisers.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "nabla/base/error.h"

namespace nabla {

/// A mistake in a text that a user wrote, at one place of it. The message is one line:
/// `optimizer "adam(beta3=1)", position 6: adam has no option "beta3"; ...`; positions count
/// characters, from 1.
class SyntaxError : public ValueError {
 public:
  /// `noun` is what the text describes, `position` a byte of it, from 0 to its size.
  SyntaxError(std::string_view noun, std::string_view text, std::size_t position,
              std::string_view what);

  /// The text with the mistake.
  const std::string& text() const { return text_; }
  /// The byte of the text where it is, from 0.
  std::size_t position() const { return position_; }
  /// The text and below it a line with ^ under the place, for people: two lines, each ended. A long
  /// text is cut around the place; control characters and bytes that are not UTF-8 become '?'.
  std::string excerpt() const;

 private:
  std::string text_;
  std::size_t position_;
};

/// A place in a text: errors show it.
struct Place {
  /// The whole text.
  struct Source {
    std::string noun;  ///< what the text describes: "optimizer"
    std::string text;
  };
  std::shared_ptr<const Source> source;
  std::size_t position = 0;  ///< a byte of the text, from 0

  /// Throws SyntaxError.
  [[noreturn]] void fail(std::string_view what) const;
};

struct TermArgument;

/// A thing of a text: `label:name(arguments)[things][things]`.
struct Term {
  std::string label;  ///< the user's own name of the thing; empty: none
  std::string name;   ///< empty: a bare group in brackets, which is a sequence
  std::vector<TermArgument> arguments;
  std::vector<std::vector<Term>> groups;  ///< what stands in each pair of brackets
  Place place;
};

/// What stands between the commas: `value` or `option=value`.
struct TermArgument {
  std::string name;                  ///< empty: given by its place
  std::variant<double, Term> value;  ///< numbers are finite; a word is a term with only a name
  Place place;                       ///< of the option, or of the value where there is none
  Place value_place;
};

/// Reads things that are separated by space:
///
///     text  = term { space term }
///     term  = [ label ":" ] ( name [ "(" [ value { "," value } ] ")" ] { "[" text "]" }
///                           | "[" text "]" )
///     value = [ option "=" ] ( number | term without a label )
///
/// Names, labels and options consist of letters, digits and _, and start with a letter; numbers are
/// decimal in every locale. Throws SyntaxError; also for more than 100,000 bytes, and for more than
/// 64 brackets inside one another.
std::vector<Term> parse_terms(std::string_view noun, std::string_view text);

/// Reads one thing without a label, such as "adam(beta1=0.8)".
Term parse_term(std::string_view noun, std::string_view text);

/// The term in its one way to be written: "first:dense(64, bias=false)".
std::string text_of(const Term& term);
/// Terms with single spaces between them.
std::string text_of(const std::vector<Term>& terms);
/// The shortest text that is read back as the same number; whole ones up to 10^15 without exponent.
std::string text_of(double number);

}  // namespace nabla
