/// What signals that end the program, such as Ctrl-C, must not leave behind.
#pragma once

#include <filesystem>

namespace nabla::cli {

/// A signal that ends the program removes this folder before, if it is empty. Of several, those
/// given first go first.
void remove_at_signals(const std::filesystem::path& folder);

/// While it lives, signals that would end the program wait: files are written whole.
class SignalsWait {
 public:
  SignalsWait();
  ~SignalsWait();
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;
};

}  // namespace nabla::cli
