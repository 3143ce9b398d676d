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
