/// What signals that end the program, such as Ctrl-C, must not leave behind.
#pragma once

#include <filesystem>
#include <vector>

namespace nabla::cli {

/// While it lives, signals that would end the program wait: files are written whole.
class SignalsWait {
 public:
  SignalsWait();
  ~SignalsWait();
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;
};

/// A signal that ends the program removes these folders before, in this order, where they are
/// empty. To be called once, while signals wait.
void remove_at_signals(const std::vector<std::filesystem::path>& folders, const SignalsWait&);

/// While it lives, the first SIGINT or SIGTERM ends nothing: asked() says that it came. Another
/// one, more than a second later, ends the program.
class FinishAtSignals {
 public:
  explicit FinishAtSignals(const SignalsWait&);
  ~FinishAtSignals();
  FinishAtSignals(const FinishAtSignals&) = delete;
  FinishAtSignals& operator=(const FinishAtSignals&) = delete;

  /// The signal; 0: none.
  static int asked();
};

}  // namespace nabla::cli
