#include "nabla/base/parallel.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <cstdlib>
#include <latch>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "nabla/base/error.h"
#include "nabla/base/flush_denormals.h"
#include "nabla/base/text.h"

#ifdef NABLA_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
// What oneTBB itself asks of the C library, such as to compare and free its own memory.
extern "C" [[gnu::visibility("default")]] const char* __tsan_default_suppressions() {
  return "called_from_lib:libtbb.so\n";
}
#endif

namespace nabla {
namespace {

int thread_count = 1;
std::unique_ptr<tbb::task_arena> arena;  // exists while more than one thread is set
std::unique_ptr<tbb::global_control> more_than_processors;  // or oneTBB prints a warning

// What the thread sanitizer must be told, since oneTBB is compiled without it: the caller's work
// comes before the chunks, and these before what follows. Nothing orders chunks among each other,
// so it finds their races. This file is compiled without it, too, or it would suspect oneTBB's
// headers (CMakeLists.txt).
class Fork {
 public:
  Fork() { release(&begin_); }
  ~Fork() { acquire(&end_); }
  Fork(const Fork&) = delete;
  Fork& operator=(const Fork&) = delete;

  class Branch {
   public:
    explicit Branch(Fork& fork) : fork_(fork) { acquire(&fork_.begin_); }
    ~Branch() { release(&fork_.end_); }
    Branch(const Branch&) = delete;
    Branch& operator=(const Branch&) = delete;

   private:
    Fork& fork_;
  };

 private:
#ifdef NABLA_THREAD_SANITIZER
  static void acquire(void* mark) { __tsan_acquire(mark); }
  static void release(void* mark) { __tsan_release(mark); }
#else
  static void acquire(void*) {}
  static void release(void*) {}
#endif
  char begin_ = 0;
  char end_ = 0;
};

// Starts so many threads and ends them: where the system gives no more, oneTBB would end the
// program.
void check_threads_start(int count) {
  std::latch end(1);
  std::vector<std::jthread> started;
  const struct Release {
    std::latch& latch;
    ~Release() { latch.count_down(); }
  } release{end};  // before the threads are waited for
  const auto run = [&end] {
    // A thread that works takes memory, and with its first the address space of an arena.
    void* volatile memory = std::malloc(1);
    end.wait();
    std::free(memory);
  };
  try {
    for (int i = 0; i < count; ++i) started.emplace_back(run);
  } catch (const std::system_error& error) {
    throw ValueError(str("threads: expected as many as the system starts, ", started.size() + 1,
                         ", got ", count + 1, " (", error.code().message(), ")"));
  }
}

}  // namespace

void set_threads(int count) {
  if (count < 1 || count > most_threads) {
    throw ValueError(str("threads: expected 1 to ", most_threads, ", got ", count));
  }
  if (count == thread_count) return;
  if (count > thread_count) check_threads_start(count - 1);
  thread_count = count;
  const bool many = count > tbb::info::default_concurrency();
  const auto limit = tbb::global_control::max_allowed_parallelism;
  more_than_processors =
      many ? std::make_unique<tbb::global_control>(limit, static_cast<std::size_t>(count))
           : nullptr;
  arena = count > 1 ? std::make_unique<tbb::task_arena>(count) : nullptr;
}

int threads() { return thread_count; }

void detail::run_chunks(std::int64_t chunks, void (*body)(void*, std::int64_t), void* context) {
  if (arena == nullptr) {
    for (std::int64_t i = 0; i < chunks; ++i) body(context, i);
    return;
  }
  Fork fork;
  const auto run = [&] {
    tbb::parallel_for(
        tbb::blocked_range<std::int64_t>(0, chunks, 1),
        [&](const tbb::blocked_range<std::int64_t>& range) {
          const Fork::Branch branch(fork);
          const FlushDenormals flush;
          for (std::int64_t i = range.begin(); i < range.end(); ++i) body(context, i);
        },
        tbb::simple_partitioner());
  };
  // While it waits, the caller takes no chunks of another thread's work: those would use memory
  // that is the thread's own (kernels/scratch.h), where this one's is in use.
  arena->execute([&] { tbb::this_task_arena::isolate(run); });
}

}  // namespace nabla
