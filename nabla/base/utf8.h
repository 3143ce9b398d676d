/// Texts in UTF-8, character by character.
#pragma once

#include <cstddef>
#include <string_view>

namespace nabla {

struct Utf8Character {
  std::size_t length = 0;  ///< bytes; 0: the text is not UTF-8 here
  char32_t code = 0;       ///< of Unicode
};

/// The character at the front of a text that is not empty (RFC 3629: in its shortest form, and no
/// surrogate).
Utf8Character utf8_front(std::string_view text);

}  // namespace nabla
