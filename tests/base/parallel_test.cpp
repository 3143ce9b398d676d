#include "nabla/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <thread>
#include <vector>

#include "nabla/base/error.h"

namespace nabla {
namespace {

// Long enough that other threads come and claim chunks.
void rest() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

TEST(ParallelForThreads, RunsEachChunkOnce) {
  for (const int count : {1, 2, 5}) {
    set_threads(count);
    EXPECT_EQ(threads(), count);
    for (const std::int64_t chunks : {0, 1, 2, 100}) {
      std::vector<int> runs(static_cast<std::size_t>(chunks), 0);
      parallel_for(chunks, [&](std::int64_t chunk) {
        ++runs[static_cast<std::size_t>(chunk)];
        rest();
      });
      EXPECT_EQ(runs, std::vector<int>(static_cast<std::size_t>(chunks), 1));
    }
  }
  set_threads(1);
  EXPECT_THROW(set_threads(0), ValueError);
  EXPECT_THROW(set_threads(std::numeric_limits<int>::max()), ValueError);
  EXPECT_EQ(threads(), 1);
}

TEST(ParallelForThreads, ThrowsOn) {
  set_threads(3);
  const auto fail = [](std::int64_t chunk) {
    rest();
    if (chunk >= 10) throw ValueError("a chunk failed");
  };
  try {
    parallel_for(50, fail);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const ValueError& error) {
    EXPECT_STREQ(error.what(), "a chunk failed");
  }
  set_threads(1);
}

// One caller waits for a chunk that another thread has not finished, while a second caller has
// work.
TEST(ParallelForThreads, CallersRunOnlyTheirOwnChunks) {
  set_threads(3);
  std::atomic<bool> is_taken = false;
  std::atomic<bool> may_end = false;
  std::atomic<std::thread::id> first_id;
  std::thread first([&] {
    first_id = std::this_thread::get_id();
    parallel_for(2, [&](std::int64_t) {
      if (std::this_thread::get_id() == first_id.load()) {
        while (!is_taken) rest();
      } else {
        is_taken = true;
        while (!may_end) rest();
      }
    });
  });
  while (!is_taken) rest();
  std::atomic<int> foreign = 0;
  parallel_for(100, [&](std::int64_t) {
    if (std::this_thread::get_id() == first_id.load()) ++foreign;
    rest();
  });
  may_end = true;
  first.join();
  set_threads(1);
  EXPECT_EQ(foreign, 0);
}

#ifdef __SANITIZE_THREAD__
// The thread sanitizer is told that chunks come behind what was before them: not so much that it
// would miss a race between them.
TEST(ParallelForThreads, TheSanitizerFindsARace) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto race = [] {
    set_threads(2);
    int sum = 0;
    parallel_for(100, [&](std::int64_t) {
      ++sum;
      rest();
    });
    std::exit(0);
  };
  EXPECT_EXIT(race(), testing::ExitedWithCode(66), "data race");
}
#endif

}  // namespace
}  // namespace nabla
