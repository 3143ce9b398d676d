/// The only door to threads.
///
/// Work is split into chunks by its size alone and each chunk computes the same numbers on whatever
/// thread runs it, so results never depend on the number of threads. Threads claim chunks as they
/// come free. Callers keep small work in one chunk, which runs on the calling thread.
#pragma once

#include <cstdint>
#include <type_traits>

namespace nabla {

/// The most that may be set: of two thousand million oneTBB does not come back.
constexpr int most_threads = 4096;

/// Sets how many threads kernels may use, the caller's included. Default 1. Throws ValueError below
/// 1, above most_threads and where the system starts no more. Not to be called while kernels run.
/// ```cpp
/// set_threads(2);
/// threads();  // 2
/// ```
void set_threads(int count);

/// The number set by `set_threads`.
int threads();

/// How many pieces of a size make up n: n / size, rounded up.
constexpr std::int64_t ceil_divide(std::int64_t n, std::int64_t size) {
  return (n + size - 1) / size;
}

namespace detail {
void run_chunks(std::int64_t chunks, void (*body)(void*, std::int64_t), void* context);
}

/// Calls body(chunk) for every chunk in [0, chunks), possibly from several threads, and returns
/// when all are done. Several threads of a program may call it at the same time; while one waits
/// for its last chunks, it runs none of the others'. Denormals are flushed on threads that help; on
/// its own the caller does that. The first exception is thrown on.
template <class Body>
void parallel_for(std::int64_t chunks, Body&& body) {
  if (chunks == 1) {
    body(std::int64_t{0});
    return;
  }
  using Plain = std::remove_reference_t<Body>;
  detail::run_chunks(
      chunks, [](void* context, std::int64_t chunk) { (*static_cast<Plain*>(context))(chunk); },
      const_cast<std::remove_const_t<Plain>*>(&body));
}

}  // namespace nabla
