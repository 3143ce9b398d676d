#include "nabla/cli/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "tests/support/files.h"

namespace nabla::cli {
namespace {

// Each in a process of its own, which the signal ends.

TEST(Signals, WaitWhileFilesAreWritten) {
  const auto write_files = [] {
    const SignalsWait wait;
    ::raise(SIGTERM);
    std::cerr << "written";
  };
  EXPECT_EXIT(write_files(), testing::KilledBySignal(SIGTERM), "^written$");
}

TEST(Signals, RemoveFoldersThatAreEmpty) {
  const test::Folder folder;
  const std::filesystem::path outer = folder / "outer";
  const std::filesystem::path inner = outer / "inner";
  std::filesystem::create_directories(inner);
  std::filesystem::create_directory(folder / "kept");
  std::filesystem::create_directory(folder / "kept/file");
  const auto end = [&] {
    {
      const SignalsWait wait;
      remove_at_signals({inner, outer, folder / "kept"}, wait);
    }
    ::raise(SIGINT);
  };
  EXPECT_EXIT(end(), testing::KilledBySignal(SIGINT), "^$");
  EXPECT_FALSE(std::filesystem::exists(outer));
  EXPECT_TRUE(std::filesystem::exists(folder / "kept"));
}

TEST(Signals, LeaveOnesThatAreIgnored) {
  const auto go_on = [] {
    ::signal(SIGHUP, SIG_IGN);  // as nohup does
    { const SignalsWait wait; }
    ::raise(SIGHUP);
    ::_exit(7);
  };
  EXPECT_EXIT(go_on(), testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace nabla::cli
