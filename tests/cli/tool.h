/// Running the tool as its users do.
#pragma once

#include <sys/wait.h>
#include <wordexp.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "nabla/base/file.h"
#include "nabla/base/parallel.h"
#include "nabla/base/text.h"
#include "nabla/cli/run.h"
#include "tests/support/files.h"

namespace nabla::test {

struct Result {
  int status;
  std::string out;
  std::string error;
};

/// Runs the tool in a folder, in this process; the arguments are words as a shell has them.
inline Result run(const Folder& folder, const std::string& arguments) {
  wordexp_t words;
  if (::wordexp(("nabla " + arguments).c_str(), &words, WRDE_NOCMD) != 0) {
    throw std::runtime_error("no words of a shell: " + arguments);
  }
  const std::filesystem::path place = std::filesystem::current_path();
  const int threads_before = threads();
  std::ios format(nullptr);
  format.copyfmt(std::cout);
  std::ostringstream out;
  std::ostringstream error;
  std::streambuf* const cout = std::cout.rdbuf(out.rdbuf());
  std::streambuf* const cerr = std::cerr.rdbuf(error.rdbuf());
  std::filesystem::current_path(folder.path());
  const int status = cli::run(static_cast<int>(words.we_wordc), words.we_wordv);
  std::filesystem::current_path(place);
  std::cerr.rdbuf(cerr);
  std::cout.rdbuf(cout);
  std::cout.copyfmt(format);
  set_threads(threads_before);
  ::wordfree(&words);
  return {status, out.str(), error.str()};
}

/// Runs `nabla <arguments>` in a folder, as a shell's command in a process of its own; `before`
/// sets environment variables or limits.
inline Result run_process(const Folder& folder, const std::string& arguments,
                          const std::string& before = "") {
  const Folder streams;
  const std::string command = str("cd ", folder.path(), " && ", before, " ", NABLA_TOOL, " ",
                                  arguments, " >", streams / "out", " 2>", streams / "error");
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), text_of(read_file(streams / "out")),
          text_of(read_file(streams / "error"))};
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

inline std::int64_t lines(const std::string& text) { return std::ranges::count(text, '\n'); }

/// Files of an IDX data set: images of one pixel and their labels.
inline void write_part(const std::string& path, int samples) {
  const std::string count = std::string(3, '\0') + static_cast<char>(samples);
  const std::string one("\0\0\0\1", 4);
  const std::string values = std::string("\0\1", 2).substr(0, static_cast<std::size_t>(samples));
  write_file_atomically(path + "-images-idx3-ubyte",
                        bytes_of(std::string("\0\0\x08\x03", 4) + count + one + one + values));
  write_file_atomically(path + "-labels-idx1-ubyte",
                        bytes_of(std::string("\0\0\x08\x01", 4) + count + values));
}

/// A run that takes little time, and writes its three files in the end.
inline const std::string quick =
    "train digits --model \"dense(16) relu dense\" --epochs 2 --checkpoint-minutes 0 ";

}  // namespace nabla::test
