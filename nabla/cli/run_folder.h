/// The folder that a training run leaves behind.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace nabla::cli {

/// The model in a run folder.
inline const std::string model_file = "model.safetensors";
/// What a run needs to go on.
inline const std::string checkpoint_file = "checkpoint.safetensors";

/// Makes a folder that no other run writes to while this lives, and takes it away again if nothing
/// was written to it: after an error, and when a signal such as Ctrl-C ends the program.
class RunFolder {
 public:
  /// Throws FileError where the folder cannot be made, or files of these names not be written to
  /// it, or where another run has it: before a run, not after it.
  RunFolder(std::filesystem::path path, const std::vector<std::string>& names);
  /// The same in <stem><n>, with the smallest n that is free, also while other runs take theirs.
  static RunFolder at_free_place(const std::string& stem, const std::vector<std::string>& names);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  using File = std::pair<std::string, std::vector<std::byte>>;
  /// Writes the files, name and content. All are written beside their places before the first takes
  /// its own: if one does not fit, those of an earlier run stay. Throws FileError.
  void write(const std::vector<File>& files);

  const std::filesystem::path& path() const { return path_; }

 private:
  struct FreePlace {};
  RunFolder(const std::string& stem, const std::vector<std::string>& names, FreePlace);
  // Returns false where somebody else has made a folder that is to be `new_only`.
  bool make(const std::vector<std::string>& names, bool new_only);
  bool make_folders(bool new_only);
  void remove_made() const;
  enum class Lock { held, of_another, gone };
  Lock take_lock();
  [[noreturn]] void fail_in_use() const;

  std::filesystem::path path_;
  struct Descriptor {
    int number = -1;

    Descriptor() = default;
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    void open(const std::filesystem::path& folder);
    void close();
  };
  Descriptor lock_;                          // on the folder
  std::vector<std::filesystem::path> made_;  // folders that were not there, innermost first
};

/// runs/<dataset>-<model>-, in front of a number.
std::string run_folder_stem(const std::string& dataset, const std::string& model);

}  // namespace nabla::cli
