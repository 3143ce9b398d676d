/// Messages of the exceptions that tests expect.
#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <functional>
#include <string>
#include <typeinfo>
#include <vector>

#include "nabla/base/error.h"

namespace nabla::test {

/// The message of the exception that `function` must throw; its type must be exactly `Exception`.
template <class Exception, class Function>
std::string message_of(Function&& function) {
  try {
    function();
  } catch (const Exception& error) {
    EXPECT_EQ(typeid(error), typeid(Exception));
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception: " << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

/// A call that must fail, and the message.
struct ErrorCase {
  std::function<void()> call;
  std::string text;
};

inline void expect_errors(const std::vector<ErrorCase>& cases) {
  for (const auto& [call, text] : cases) {
    try {
      call();
      ADD_FAILURE() << "no error: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), text);
    }
  }
}

}  // namespace nabla::test
