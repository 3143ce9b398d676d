/// Messages of the exceptions that tests expect.
#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <string>
#include <typeinfo>

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

}  // namespace nabla::test
