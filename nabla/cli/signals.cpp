#include "nabla/cli/signals.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace nabla::cli {
namespace {

std::vector<std::string> folders_to_remove;
std::atomic<bool> waiting;
std::atomic<int> waiting_signal;
std::atomic<bool> finishing;
std::atomic<int> asked_signal;
std::atomic<std::int64_t> asked_at;  // in seconds

extern "C" void remove_folders_and_end(int signal) {
  static std::atomic_flag begun;
  if (waiting) {
    waiting_signal = signal;
    return;
  }
  if (finishing && (signal == SIGINT || signal == SIGTERM)) {
    // Some programs send a signal to a process and to its group: what comes at once is the same.
    constexpr std::int64_t at_once = 1;
    struct timespec now {};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    int none = 0;
    const bool is_first = asked_signal.compare_exchange_strong(none, signal);
    if (is_first) asked_at = now.tv_sec;
    if (is_first || now.tv_sec - asked_at <= at_once) return;
  }
  if (begun.test_and_set()) return;  // a second signal, on another thread
  for (const std::string& folder : folders_to_remove) ::rmdir(folder.c_str());  // if it is empty
  ::signal(signal, SIG_DFL);
  ::raise(signal);  // which ends the program after this function
}

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = remove_folders_and_end;
  ::sigfillset(&action.sa_mask);  // signals to this thread wait until the folders are gone
  for (const int signal :
       {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGXCPU, SIGALRM, SIGUSR1, SIGUSR2}) {
    struct sigaction old {};
    ::sigaction(signal, nullptr, &old);
    if (old.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace

void remove_at_signals(const std::vector<std::filesystem::path>& folders, const SignalsWait&) {
  for (const std::filesystem::path& folder : folders) folders_to_remove.push_back(folder.string());
}

SignalsWait::SignalsWait() {
  waiting = true;
  handle_signals();
}

SignalsWait::~SignalsWait() {
  waiting = false;
  if (const int signal = waiting_signal.exchange(0); signal != 0) ::raise(signal);
}

FinishAtSignals::FinishAtSignals(const SignalsWait&) {
  asked_signal = 0;
  finishing = true;
}

FinishAtSignals::~FinishAtSignals() { finishing = false; }

int FinishAtSignals::asked() { return asked_signal; }

}  // namespace nabla::cli
