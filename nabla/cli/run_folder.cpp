#include "nabla/cli/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/text.h"
#include "nabla/cli/signals.h"

namespace nabla::cli {

namespace fs = std::filesystem;

namespace {

// Letters and digits, everything else as single hyphens: "dense128-relu-dense".
std::string file_name_of(const std::string& text) {
  constexpr std::size_t longest = 60;
  std::string name;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) name += c;
    if (c == ' ' || c == '-' || c == ',') name += '-';
  }
  return name.substr(0, longest);
}

}  // namespace

RunFolder::RunFolder(fs::path path, const std::vector<std::string>& names)
    : path_(std::move(path)) {
  make(names, false);
}

RunFolder::RunFolder(const std::string& stem, const std::vector<std::string>& names, FreePlace) {
  int n = 0;
  std::error_code error;  // what cannot be looked at is refused where it is made
  do {
    do {
      path_ = stem + std::to_string(++n);
    } while (fs::exists(fs::symlink_status(path_, error)));
  } while (!make(names, true));
}

RunFolder RunFolder::at_free_place(const std::string& stem, const std::vector<std::string>& names) {
  return {stem, names, FreePlace()};
}

RunFolder::~RunFolder() { remove_made(); }

void RunFolder::Descriptor::open(const fs::path& folder) {
  close();
  number = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
void RunFolder::Descriptor::close() {
  if (number >= 0) ::close(std::exchange(number, -1));
}

bool RunFolder::make(const std::vector<std::string>& names, bool new_only) {
  const SignalsWait wait;
  std::error_code error;
  // A symbolic link that leads nowhere is not made here, nor may it be removed.
  const auto is_missing = [&](const fs::path& folder) {
    return fs::symlink_status(folder, error).type() == fs::file_type::not_found;
  };
  made_.clear();
  for (fs::path folder = fs::absolute(path_); is_missing(folder); folder = folder.parent_path()) {
    made_.push_back(folder);
  }
  try {
    if (!make_folders(new_only)) return false;
    for (const std::string& name : names) check_writable((path_ / name).string());
    remove_at_signals(made_, wait);
  } catch (...) {
    remove_made();
    throw;
  }
  return true;
}

bool RunFolder::make_folders(bool new_only) {
  constexpr int most_tries = 100;
  std::error_code error;
  bool is_new = true;
  // Another run may take a folder away that it made, before it is used here.
  for (int tries = 0; tries < most_tries; ++tries) {
    if (new_only) {
      fs::create_directories(path_.parent_path(), error);
      if (!error) is_new = fs::create_directory(path_, error);
    } else {
      fs::create_directories(path_, error);
    }
    if (error && error != std::errc::no_such_file_or_directory) break;
    if (error) continue;
    if (!is_new) return false;
    const Lock lock = take_lock();
    if (lock == Lock::held) return true;
    if (lock == Lock::gone) continue;
    made_.clear();  // by the other run
    if (new_only) return false;
    fail_in_use();
  }
  throw FileError(str(path_.string(), ": cannot make this folder: ", error.message()));
}

// On the folder itself: the system gives it back when the program ends, however that is.
RunFolder::Lock RunFolder::take_lock() {
  struct stat held {};
  struct stat now {};
  const auto is_here = [&] {
    return ::fstat(lock_.number, &held) == 0 && ::stat(path_.c_str(), &now) == 0 &&
           held.st_dev == now.st_dev && held.st_ino == now.st_ino;
  };
  if (lock_.number >= 0 && is_here()) return Lock::held;
  lock_.open(path_);
  if (lock_.number < 0 && errno == ENOENT) return Lock::gone;
  if (lock_.number < 0) {
    const std::string reason = std::generic_category().message(errno);
    throw FileError(str(path_.string(), ": cannot lock this folder: ", reason));
  }
  // Where a file system has no locks, there is none.
  if (::flock(lock_.number, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return Lock::of_another;
  return is_here() ? Lock::held : Lock::gone;
}

void RunFolder::fail_in_use() const {
  throw FileError(str(path_.string(), ": another run is writing to this folder: wait for its end, ",
                      "or give another one"));
}

void RunFolder::remove_made() const {
  std::error_code error;  // a folder that is not empty stays
  for (const fs::path& folder : made_) fs::remove(folder, error);
}

void RunFolder::write(const std::vector<File>& files) {
  std::vector<FileContent> contents;
  contents.reserve(files.size());
  for (const auto& [name, bytes] : files) contents.push_back({(path_ / name).string(), bytes});
  const SignalsWait wait;
  std::error_code error;  // a folder that cannot be made is named where it is written to
  fs::create_directories(path_, error);  // somebody may have taken it away
  if (!error && take_lock() == Lock::of_another) fail_in_use();
  write_files_atomically(contents);
}

std::string run_folder_stem(const std::string& dataset, const std::string& model) {
  return str("runs/", file_name_of(dataset), "-", file_name_of(model), "-");
}

}  // namespace nabla::cli
