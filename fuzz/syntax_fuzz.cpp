/// Whatever the text, the parser gives terms, which are read again from what they print as, or
/// throws nabla::Error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "nabla/base/error.h"
#include "nabla/base/syntax.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string text =
        nabla::text_of(nabla::parse_terms("text", {reinterpret_cast<const char*>(data), size}));
    if (nabla::text_of(nabla::parse_terms("text", text)) != text) std::abort();
  } catch (const nabla::SyntaxError& error) {
    static_cast<void>(error.excerpt());
  }
  return 0;
}
