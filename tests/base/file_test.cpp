#include "nabla/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/files.h"
#include "tests/support/message.h"

namespace nabla {
namespace {

namespace fs = std::filesystem;
using test::bytes_of;
using test::Folder;
using test::message_of;
using test::text_of;

TEST(ReadFile, GivesTheBytes) {
  const Folder folder;
  for (const std::size_t size : {0U, 1U, 4095U, 4096U, 4097U, 100000U}) {
    const std::string content(size, 'x');
    std::ofstream(folder / "a") << content;
    EXPECT_EQ(text_of(read_file(folder / "a")), content);
  }
}

TEST(ReadFileThreads, ReadAPipe) {
  const Folder folder;
  const std::string content(100000, 'p');
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(folder / "pipe") << content; });
  EXPECT_EQ(text_of(read_file(folder / "pipe")), content);
  writer.join();
}

TEST(ReadFile, ErrorsNameThePathAndTheReason) {
  const Folder folder;
  EXPECT_EQ(message_of<FileError>([&] { read_file(folder / "none"); }),
            folder / "none" + ": cannot read: No such file or directory");
  EXPECT_EQ(message_of<FileError>([&] { read_file(folder / ""); }),
            folder / "" + ": cannot read: expected a file, found a folder");
  EXPECT_EQ(message_of<FileError>([&] { read_file("/dev/zero"); }),
            "/dev/zero: cannot read: expected a file, found a device or pipe");
}

TEST(ReadFile, KeepsTheLimit) {
  const Folder folder;
  std::ofstream(folder / "a") << "12345";
  EXPECT_EQ(read_file(folder / "a", 5).size(), 5U);
  EXPECT_EQ(message_of<FileError>([&] { read_file(folder / "a", 4); }),
            folder / "a" + ": too long: expected at most 4 bytes");
}

TEST(WriteFile, MakesAndReplaces) {
  const Folder folder;
  write_file_atomically(folder / "a", bytes_of("first"));
  EXPECT_EQ(text_of(read_file(folder / "a")), "first");
  write_file_atomically(folder / "a", bytes_of(""));
  EXPECT_EQ(text_of(read_file(folder / "a")), "");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(WriteFile, KeepsPermissionsAndFollowsLinks) {
  const Folder folder;
  write_file_atomically(folder / "a", bytes_of("first"));
  fs::permissions(folder / "a", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a", folder / "link");
  write_file_atomically(folder / "link", bytes_of("second"));
  EXPECT_EQ(text_of(read_file(folder / "a")), "second");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  fs::create_symlink("new", folder / "ahead");  // where nothing is yet
  write_file_atomically(folder / "ahead", bytes_of("third"));
  EXPECT_EQ(text_of(read_file(folder / "new")), "third");
  EXPECT_TRUE(fs::is_symlink(folder / "ahead"));
  EXPECT_EQ(fs::status(folder / "a").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

// A file larger than the process may write stands for a full disk: the write fails half-way.
TEST(WriteFile, AFullDiskLeavesTheOldFile) {
  const Folder folder;
  write_file_atomically(folder / "a", bytes_of("old"));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = message_of<FileError>(
      [&] { write_file_atomically(folder / "a", bytes_of(std::string(5000, 'n'))); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(message, folder / "a" + ": cannot write: File too large");
  EXPECT_EQ(text_of(read_file(folder / "a")), "old");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(WriteFile, ErrorsNameThePathAndTheReason) {
  const Folder folder;
  write_file_atomically(folder / "a", bytes_of("file"));
  const auto message = [](const std::string& path) {
    return message_of<FileError>([&] { write_file_atomically(path, bytes_of("new")); });
  };
  EXPECT_EQ(message(folder / "a/b"), folder / "a/b" + ": cannot write: Not a directory");
  EXPECT_EQ(message(folder / "none/b"),
            folder / "none/b" + ": cannot write: No such file or directory");
  EXPECT_EQ(message(folder / ""), folder / "" + ": cannot write: expected a file, found a folder");
  EXPECT_EQ(message("/dev/full"),
            "/dev/full: cannot write: expected a file, found a device or pipe");
  EXPECT_EQ(folder.entries(), 1);
}

// A rename would not ask a file's permissions, nor would the system ask those of the superuser's.
TEST(WriteFile, AFileThatForbidsItStays) {
  const Folder folder;
  write_file_atomically(folder / "a", bytes_of("old"));
  fs::create_symlink("a", folder / "link");
  for (const mode_t mode : {0444, 0555, 0400, 0}) {
    ASSERT_EQ(::chmod((folder / "a").c_str(), mode), 0);
    for (const std::string& path : {folder / "a", folder / "link"}) {
      const std::string refused = path + ": cannot write: Permission denied";
      EXPECT_EQ(message_of<FileError>([&] { write_file_atomically(path, bytes_of("new")); }),
                refused);
      EXPECT_EQ(message_of<FileError>([&] { check_writable(path); }), refused);
    }
  }
  ASSERT_EQ(::chmod((folder / "a").c_str(), 0600), 0);
  EXPECT_EQ(text_of(read_file(folder / "a")), "old");
  write_file_atomically(folder / "link", bytes_of("new"));
  EXPECT_EQ(text_of(read_file(folder / "a")), "new");
  EXPECT_EQ(folder.entries(), 2);
}

// A process that is killed while it writes leaves its temporary file; the next one removes it.
TEST(WriteFile, RemovesWhatKilledProcessesLeft) {
  const Folder folder;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
  const auto make = [&](const std::string& name) {
    std::ofstream(folder / name) << "half";
    return folder / name;
  };
  const std::string prefix = ".nabla-" + std::to_string(dead);
  const std::vector<std::string> remnants = {make(prefix + "-0"), make(prefix + "-17")};
  const std::vector<std::string> others = {
      make(".nabla-" + std::to_string(::getpid()) + "-9999"),  // of a process that lives
      make(".nabla-1-0"),
      make(prefix),
      make(prefix + "-"),
      make(prefix + "-x"),
      make(prefix + "-0.txt"),
      make(".nabla--1-0"),
      make(".nabla-0-0"),
      make(".nabla-writable")};
  fs::create_directory(folder / (prefix + "-3"));
  write_file_atomically(folder / "a", bytes_of("new"));
  for (const std::string& path : remnants) EXPECT_FALSE(fs::exists(path)) << path;
  for (const std::string& path : others) EXPECT_TRUE(fs::exists(path)) << path;
  make(prefix + "-0");
  check_writable(folder / "a");
  EXPECT_FALSE(fs::exists(remnants[0]));
  EXPECT_EQ(folder.entries(), 11);
}

// Another name space of processes, such as a container, does not see who is writing here.
TEST(WriteFile, LeavesWhatIsOpen) {
  const Folder folder;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
  const std::string path = folder / (".nabla-" + std::to_string(dead) + "-0");
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::flock(file, LOCK_EX), 0);
  write_file_atomically(folder / "a", bytes_of("new"));
  EXPECT_TRUE(fs::exists(path));
  ::close(file);
  write_file_atomically(folder / "a", bytes_of("new"));
  EXPECT_FALSE(fs::exists(path));
}

TEST(WriteFiles, AllOrNone) {
  const Folder folder;
  write_file_atomically(folder / "a", bytes_of("old"));
  fs::create_directory(folder / "b");
  const auto fresh = bytes_of("new");
  const std::vector<FileContent> files = {{folder / "a", fresh}, {folder / "b", fresh}};
  EXPECT_EQ(message_of<FileError>([&] { write_files_atomically(files); }),
            folder / "b" + ": cannot write: expected a file, found a folder");
  EXPECT_EQ(text_of(read_file(folder / "a")), "old");
  EXPECT_EQ(folder.entries(), 2);
  fs::remove(folder / "b");
  write_files_atomically(files);
  EXPECT_EQ(text_of(read_file(folder / "a")), "new");
  EXPECT_EQ(text_of(read_file(folder / "b")), "new");
  EXPECT_EQ(folder.entries(), 2);
}

TEST(WriteFiles, APlaceIsCheckedWithoutATrace) {
  const Folder folder;
  check_writable(folder / "new");
  EXPECT_EQ(folder.entries(), 0);
  EXPECT_EQ(message_of<FileError>([&] { check_writable(folder / "none/new"); }),
            folder / "none/new" + ": cannot write: No such file or directory");
  EXPECT_EQ(message_of<FileError>([&] { check_writable(folder.path()); }),
            folder.path() + ": cannot write: expected a file, found a folder");
  std::filesystem::create_symlink("none/new", folder / "link");
  EXPECT_EQ(message_of<FileError>([&] { check_writable(folder / "link"); }),
            folder / "link" + ": cannot write: No such file or directory");
}

}  // namespace
}  // namespace nabla
