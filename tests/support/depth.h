/// How many sizes and numbers the tests try.
#pragma once

#include <cstdlib>

namespace nabla::test {

/// Whether fewer will do: under sanitizers, which look for memory errors and races rather than
/// digits, but not at night (scripts/nightly).
inline bool fewer_will_do() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return std::getenv("NABLA_NIGHTLY") == nullptr;
#else
  return false;
#endif
}

}  // namespace nabla::test
