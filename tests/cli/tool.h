/// Running the tool as its users do.
#pragma once

#include <sys/wait.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "nabla/base/file.h"
#include "nabla/base/text.h"
#include "tests/support/files.h"

namespace nabla::test {

struct Result {
  int status;
  std::string out;
  std::string error;
};

/// Runs `nabla <arguments>` in a folder; `before` sets environment variables or limits.
inline Result run(const Folder& folder, const std::string& arguments,
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

/// A run that takes little time.
inline const std::string quick = "train digits --model \"dense(16) relu dense\" --epochs 2 ";

}  // namespace nabla::test
