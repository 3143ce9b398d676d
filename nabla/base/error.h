/// Errors: every mistake of a user becomes one of these exceptions, but for the last. The message
/// names the thing (op, layer, option, file and byte), what was given and what was expected.
#pragma once

#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>

namespace nabla {

/// Base of everything that nabla throws for a user's mistake.
/// ```cpp
/// try {
///   matmul(arange(2), arange(3));
/// } catch (const Error& error) {
///   const std::string message = error.what();
///   message.starts_with("matmul");  // true
/// }
/// ```
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Shapes or axes that do not fit an op or a layer.
class ShapeError : public Error {
  using Error::Error;
};

/// An element type that an op does not take, or two types that must be equal and are not.
class DTypeError : public Error {
  using Error::Error;
};

/// A number or name outside of what an option, index or argument allows.
class ValueError : public Error {
  using Error::Error;
};

/// A file that cannot be read or written; the message starts with its path.
class FileError : public Error {
  using Error::Error;
};

/// Memory that the system refuses.
class MemoryError : public Error {
  using Error::Error;
};

/// A value was asked for while a function is being captured, when no values exist yet.
class CaptureError : public Error {
  using Error::Error;
};

/// Throws ValueError "name is missing: expected ..." for a function or pointer that is empty.
template <class T>
void check_present(const T& thing, const std::string& name, const std::string& expected) {
  if (!thing) throw ValueError(name + " is missing: expected " + expected);
}

/// Throws MemoryError "not enough memory for <what>, <bytes> bytes: ...".
[[noreturn]] inline void refuse_memory(const std::string& what, std::size_t bytes) {
  throw MemoryError("not enough memory for " + what + ", " + std::to_string(bytes) +
                    " bytes: take a smaller model, batch or data set");
}

/// Calls `allocate`, which takes so many bytes for what `what()` names: MemoryError where it fails.
template <class What, class Allocate>
void with_memory_for(const What& what, std::size_t bytes, const Allocate& allocate) {
  try {
    allocate();
  } catch (const std::bad_alloc&) {
    refuse_memory(what(), bytes);
  } catch (const std::length_error&) {  // more than a vector counts
    refuse_memory(what(), bytes);
  }
}

/// A mistake of nabla's own, found when it checks its work: please report it.
class InternalError : public std::logic_error {
  using std::logic_error::logic_error;
};

}  // namespace nabla
