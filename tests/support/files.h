/// Helpers of tests that read and write files.
#pragma once

#include <stdlib.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace nabla::test {

/// A new empty folder, removed with all that it holds at the end of the scope.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "nabla-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  /// The path of a file in the folder.
  std::string operator/(std::string_view name) const { return path_ + '/' + std::string(name); }
  const std::string& path() const { return path_; }
  std::ptrdiff_t entries() const {
    return std::distance(std::filesystem::directory_iterator(path_), {});
  }

 private:
  std::string path_;
};

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The files in tests/corpus/<reader>: valid and broken ones, found by the fuzzers.
inline std::vector<std::string> corpus(const std::string& reader) {
  std::vector<std::string> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(NABLA_SOURCE_DIR "/tests/corpus/" + reader)) {
    paths.push_back(entry.path().string());
  }
  return paths;
}

}  // namespace nabla::test
