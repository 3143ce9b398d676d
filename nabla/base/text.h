/// Text helpers: building one string out of printable parts.
#pragma once

#include <array>
#include <charconv>
#include <locale>
#include <sstream>
#include <string>
#include <string_view>

namespace nabla {

/// A text that programs may read: numbers in it do not depend on the program's locale.
class TextStream : public std::ostringstream {
 public:
  TextStream() { imbue(std::locale::classic()); }
};

/// Concatenates all parts as `operator<<` prints them: str("expected ", 3, " inputs").
template <class... Parts>
std::string str(const Parts&... parts) {
  TextStream out;
  (out << ... << parts);
  return out.str();
}

/// The shortest text that is read back as the same number: "0.1".
inline std::string shortest(double value) {
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.begin(), text.end(), value).ptr};
}

/// Joins the elements of a range with a separator: join({1, 2}, ", ") is "1, 2".
template <class Range>
std::string join(const Range& range, std::string_view separator) {
  TextStream out;
  bool first = true;
  for (const auto& element : range) {
    if (!first) out << separator;
    out << element;
    first = false;
  }
  return out.str();
}

/// Whether a name is meant by a pattern, in which * stands for any characters, or none.
constexpr bool matches(std::string_view pattern, std::string_view name) {
  std::size_t at = 0, tried = 0, star = std::string_view::npos;
  for (std::size_t i = 0; i < name.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;  // at first for nothing
      tried = i;
    } else if (at < pattern.size() && pattern[at] == name[i]) {
      ++at, ++i;
    } else if (star != std::string_view::npos) {
      at = star + 1;  // for one character more
      i = ++tried;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

/// The text in quotes for a message: control characters become '?', so that it stays on one line,
/// and a long text is cut.
inline std::string quote(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string quoted = str('"', text.substr(0, longest), text.size() > longest ? "...\"" : "\"");
  for (char& c : quoted) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return quoted;
}

}  // namespace nabla
