/// The folder that a training run leaves behind.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace nabla::cli {

/// Makes a folder, and takes it away again if nothing was written to it: after an error, and when a
/// signal such as Ctrl-C ends the program.
class RunFolder {
 public:
  /// Throws FileError where the folder cannot be made, or files of these names not be written to
  /// it: before a run, not after it.
  RunFolder(std::filesystem::path path, const std::vector<std::string>& names);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  using File = std::pair<std::string, std::vector<std::byte>>;
  /// Writes the files, name and content. All are written beside their places before the first takes
  /// its own: if one does not fit, those of an earlier run stay. Throws FileError.
  void write(const std::vector<File>& files) const;

  const std::filesystem::path& path() const { return path_; }

 private:
  void make(const std::vector<std::string>& names);
  void remove_made() const;

  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;  // folders that were not there, innermost first
};

/// runs/<dataset>-<model>-<n>, with the smallest n that is free.
std::filesystem::path free_run_folder(const std::string& dataset, const std::string& model);

}  // namespace nabla::cli
