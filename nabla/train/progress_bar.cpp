#include "nabla/train/progress_bar.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iomanip>
#include <string_view>

#include "nabla/base/duration.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

bool can_erase() {
  const char* terminal = std::getenv("TERM");
  return terminal == nullptr || std::string_view(terminal) != "dumb";
}

bool is_pipe(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 &&
         (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

std::size_t terminal_columns() {
  constexpr std::size_t usual = 80;
  winsize size{};
  const bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : usual;
}

}  // namespace

ProgressBar::ProgressBar()
    : is_visible_(can_erase() && ::isatty(STDERR_FILENO) != 0 && !is_pipe(STDOUT_FILENO)) {}

void ProgressBar::on_fit_begin(Progress&) {
  steps_ = 0;
  begin_ = Clock::now();
}

void ProgressBar::erase() {
  if (is_drawn_) std::fputs("\r\033[K", stderr);
  is_drawn_ = false;
}

void ProgressBar::on_batch_end(Progress& progress) {
  ++steps_;
  if (!is_visible_) return;
  constexpr std::chrono::milliseconds pause(50);
  constexpr std::chrono::milliseconds long_enough(500);  // to know the time of a step
  const auto now = Clock::now();
  if (now - drawn_ < pause) return;
  drawn_ = now;
  is_drawn_ = true;
  std::optional<double> seconds_left;
  if (now - begin_ >= long_enough) {
    const double step =
        std::chrono::duration<double>(now - begin_).count() / static_cast<double>(steps_);
    const double epochs = static_cast<double>(progress.epochs - progress.epoch);
    const auto steps = epochs * static_cast<double>(progress.batches) +
                       static_cast<double>(progress.batches - progress.batch);
    seconds_left = step * steps;
  }
  // In one piece, so that a line of another thread or process does not come between.
  const std::string line =
      str("\r", progress_line(progress, seconds_left, terminal_columns()), "\033[K");
  std::fputs(line.c_str(), stderr);
}

std::string progress_line(const Progress& progress, std::optional<double> seconds_left,
                          std::size_t columns) {
  constexpr std::size_t shortest_bar = 8;
  const std::size_t width = columns > 0 ? columns - 1 : 0;  // the last column would wrap
  const std::string epoch = str("epoch ", progress.epoch, "/", progress.epochs);
  const std::string batch = str(progress.batch, "/", progress.batches);
  const std::string loss = str("  loss ", std::fixed, std::setprecision(4), progress.loss);
  const std::string left =
      seconds_left ? str("  ", duration_text(std::ceil(*seconds_left)), " left") : "";
  for (const std::string& tail : {str(batch, loss, left), str(batch, left)}) {
    const std::size_t around = epoch.size() + tail.size() + 4;  // " [" and "] "
    if (around + shortest_bar > width) continue;
    const std::size_t length = width - around;
    const double part = static_cast<double>(progress.batch) / static_cast<double>(progress.batches);
    std::string bar(static_cast<std::size_t>(part * static_cast<double>(length)), '=');
    bar.resize(length, ' ');
    return str(epoch, " [", bar, "] ", tail);
  }
  return str(epoch, "  ", batch, left).substr(0, width);
}

}  // namespace nabla
