// The progress bar, on a terminal of the test's own.
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <functional>
#include <limits>

#include "nabla/nn/layers.h"
#include "nabla/optim/rules.h"
#include "nabla/train/progress_bar.h"
#include "tests/cli/tool.h"

namespace nabla::test {
namespace {

winsize size_of(int columns) {
  winsize size{};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  return size;
}

struct Terminal {
  int status;
  std::string seen;  // all that was written to the terminal
};

// Runs a shell's command in a folder on a terminal. `look` is called whenever something was
// written, with the terminal and all that was.
Terminal run_on_terminal(
    const Folder& folder, int columns, const std::string& command,
    const std::function<void(int, const std::string&)>& look = [](int, const std::string&) {}) {
  int terminal = -1;
  winsize size = size_of(columns);
  const std::string all = str("cd ", folder.path(), " && ", command);
  const pid_t process = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (process == 0) {
    ::execl("/bin/sh", "sh", "-c", all.c_str(), nullptr);
    ::_exit(127);
  }
  std::string seen;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t count = ::read(terminal, part.data(), part.size());
    if (count <= 0) break;  // the last writer is gone
    seen.append(part.data(), static_cast<std::size_t>(count));
    look(terminal, seen);
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  ::close(terminal);
  return {WEXITSTATUS(status), seen};
}

// The bars that were drawn: each stands behind \r and in front of "erase to the end of the line".
std::vector<std::string> bars_of(const std::string& seen) {
  std::vector<std::string> bars;
  const std::string erase = "\033[K";
  for (std::size_t end = seen.find(erase); end != std::string::npos;
       end = seen.find(erase, end + 1)) {
    const std::size_t begin = seen.rfind('\r', end) + 1;
    if (begin < end) bars.push_back(seen.substr(begin, end - begin));
  }
  return bars;
}

// The rows that stand in the end, of what was written on a line and erased again only the last.
std::vector<std::string> rows_of(const std::string& seen) {
  std::vector<std::string> rows = {""};
  std::size_t column = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen.compare(i, 3, "\033[K") == 0) {
      rows.back().resize(column);
      i += 2;
    } else if (seen[i] == '\r') {
      column = 0;
    } else if (seen[i] == '\n') {
      rows.emplace_back();
      column = 0;
    } else {
      rows.back().resize(std::max(rows.back().size(), column + 1), ' ');
      rows.back()[column++] = seen[i];
    }
  }
  return rows;
}

const std::string slow = str(NABLA_TOOL,
                             " train digits --model 'dense(900) relu dense(900) relu dense' "
                             "--threads 1 --output run --epochs ");

TEST(Terminal, TheBarIsAsWideAsTheTerminal) {
  for (const int columns : {40, 80, 200}) {
    const Folder folder;
    const Terminal result = run_on_terminal(folder, columns, "TERM=xterm " + slow + "16");
    EXPECT_EQ(result.status, 0) << result.seen;
    const std::vector<std::string> bars = bars_of(result.seen);
    ASSERT_GT(bars.size(), 2U) << result.seen;
    for (const std::string& bar : bars) {
      EXPECT_LT(bar.size(), static_cast<std::size_t>(columns)) << bar;
      EXPECT_TRUE(bar.starts_with("epoch ")) << bar;
      EXPECT_TRUE(columns < 80 || bar.size() == static_cast<std::size_t>(columns - 1)) << bar;
    }
    EXPECT_TRUE(std::ranges::any_of(bars, [](const auto& bar) { return contains(bar, " left"); }));
    // What stays is what was printed; nothing of a bar.
    int epochs = 0;
    for (const std::string& row : rows_of(result.seen)) {
      EXPECT_FALSE(contains(row, "[=") || contains(row, " left")) << row;
      epochs += row.starts_with("epoch ") && contains(row, "train loss") ? 1 : 0;
    }
    EXPECT_EQ(epochs, 16) << result.seen;
    EXPECT_FALSE(contains(result.seen, "m\033") || contains(result.seen, "\033[0")) << "a colour";
  }
}

TEST(Terminal, TheBarFollowsTheSizeOfTheTerminal) {
  const Folder folder;
  std::size_t behind = std::string::npos;  // what was seen before
  const auto shrink = [&](int terminal, const std::string& seen) {
    if (behind != std::string::npos || bars_of(seen).empty()) return;
    const winsize size = size_of(40);
    EXPECT_EQ(::ioctl(terminal, TIOCSWINSZ, &size), 0);
    behind = seen.size();
  };
  const Terminal result = run_on_terminal(folder, 200, "TERM=xterm " + slow + "6", shrink);
  EXPECT_EQ(result.status, 0) << result.seen;
  EXPECT_EQ(bars_of(result.seen).front().size(), 199U);
  const std::vector<std::string> bars = bars_of(result.seen.substr(behind));
  ASSERT_GT(bars.size(), 2U);
  // One may have been on its way.
  for (std::size_t i = 1; i < bars.size(); ++i) EXPECT_LT(bars[i].size(), 40U) << bars[i];
}

// Into a pipe, whose reader writes to the same terminal, there is no bar between its lines; beside
// a file there is.
TEST(Terminal, NoBarBesideAPipe) {
  const Folder folder;
  const Terminal piped = run_on_terminal(folder, 80, "TERM=xterm " + slow + "3 | cat");
  EXPECT_TRUE(bars_of(piped.seen).empty()) << piped.seen;
  for (const std::string& row : rows_of(piped.seen)) {
    EXPECT_TRUE(!contains(row, "train loss") || row.starts_with("epoch ")) << row;
  }
  const Terminal beside = run_on_terminal(folder, 80, "TERM=xterm " + slow + "3 >log");
  EXPECT_FALSE(bars_of(beside.seen).empty()) << beside.seen;
  EXPECT_FALSE(contains(text_of(read_file(folder / "log")), "\033"));
  for (const std::string other : {"TERM=dumb ", "TERM=xterm NO_COLOR=1 "}) {
    const Terminal result = run_on_terminal(folder, 80, other + slow + "3");
    EXPECT_EQ(bars_of(result.seen).empty(), other == "TERM=dumb ") << result.seen;
  }
}

TEST(Terminal, LinesOfAnyWidth) {
  const nn::Sequential model{nn::Dense(1, 1)};
  optim::Sgd method;
  const Progress progress{.model = model,
                          .method = method,
                          .epochs = 5,
                          .batches = 12,
                          .epoch = 2,
                          .batch = 6,
                          .loss = 0.25};
  const std::vector<std::pair<std::size_t, std::string>> cases = {
      {61, "epoch 2/5 [==========          ] 6/12  loss 0.2500  8 s left"},
      {49, "epoch 2/5 [====    ] 6/12  loss 0.2500  8 s left"},
      {48, "epoch 2/5 [==========          ] 6/12  8 s left"},
      {36, "epoch 2/5 [====    ] 6/12  8 s left"},
      {35, "epoch 2/5  6/12  8 s left"},
      {20, "epoch 2/5  6/12  8 "},
      {1, ""},
      {0, ""},
  };
  for (const auto& [columns, expected] : cases) {
    EXPECT_EQ(progress_line(progress, 7.2, columns), expected) << columns;
  }
  EXPECT_EQ(progress_line(progress, {}, 51), "epoch 2/5 [==========          ] 6/12  loss 0.2500");
  for (std::size_t columns = 1; columns < 300; ++columns) {
    EXPECT_LT(progress_line(progress, 1e7, columns).size(), columns);
  }
}

}  // namespace
}  // namespace nabla::test
