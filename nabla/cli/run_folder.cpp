#include "nabla/cli/run_folder.h"

#include <system_error>

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
  int tries = 0;
  do {
    if (new_only) {
      fs::create_directories(path_.parent_path(), error);
      if (!error) is_new = fs::create_directory(path_, error);
    } else {
      fs::create_directories(path_, error);
    }
  } while (error == std::errc::no_such_file_or_directory && ++tries < most_tries);
  if (error) throw FileError(str(path_.string(), ": cannot make this folder: ", error.message()));
  return is_new;
}

void RunFolder::remove_made() const {
  std::error_code error;  // a folder that is not empty stays
  for (const fs::path& folder : made_) fs::remove(folder, error);
}

void RunFolder::write(const std::vector<File>& files) const {
  std::vector<FileContent> contents;
  contents.reserve(files.size());
  for (const auto& [name, bytes] : files) contents.push_back({(path_ / name).string(), bytes});
  const SignalsWait wait;
  std::error_code error;  // a folder that cannot be made is named where it is written to
  fs::create_directories(path_, error);  // a run that shared it may have taken it away
  write_files_atomically(contents);
}

std::string run_folder_stem(const std::string& dataset, const std::string& model) {
  return str("runs/", file_name_of(dataset), "-", file_name_of(model), "-");
}

}  // namespace nabla::cli
