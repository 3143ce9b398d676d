#include "nabla/tensor/buffer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "nabla/base/error.h"
#include "nabla/base/huge_pages.h"

namespace nabla {
namespace {

constexpr std::size_t alignment = 64;
// The Buffer object lies in front of its data, in the same block.
constexpr std::size_t header = alignment;
static_assert(sizeof(Buffer) <= header);

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kept_bytes_limit = 0;  // or it would not see who uses freed memory
#else
constexpr std::size_t kept_bytes_limit = std::size_t{64} << 20;
#endif

// A tensor in static storage may die after the pool of its thread.
thread_local bool pool_is_gone = false;

// Free blocks by power-of-two size, one pool a thread: no locks, and new memory, which costs ten
// times the op on a large tensor, is rare. What is kept is bounded.
class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    for (auto& blocks : free_) {
      for (void* block : blocks) std::free(block);
    }
    pool_is_gone = true;
  }

  static Pool& mine() {
    static thread_local Pool pool;
    return pool;
  }

  void* take(std::size_t size_class) {
    if (!pool_is_gone) {
      auto& blocks = free_[size_class];
      if (!blocks.empty()) {
        void* block = blocks.back();
        blocks.pop_back();
        kept_bytes_ -= std::size_t{1} << size_class;
        return block;
      }
    }
    void* block = std::aligned_alloc(alignment, std::size_t{1} << size_class);
    if (block == nullptr) refuse_memory("a buffer", std::size_t{1} << size_class);
    ask_for_huge_pages(block, std::size_t{1} << size_class);
    return block;
  }

  void give_back(void* block, std::size_t size_class) {
    const std::size_t size = std::size_t{1} << size_class;
    if (pool_is_gone || kept_bytes_ + size > kept_bytes_limit) {
      std::free(block);
      return;
    }
    try {
      free_[size_class].push_back(block);
      kept_bytes_ += size;
    } catch (const std::bad_alloc&) {  // a destructor must not throw
      std::free(block);
    }
  }

 private:
  std::array<std::vector<void*>, 64> free_;
  std::size_t kept_bytes_ = 0;
};

std::size_t size_class_of(std::size_t bytes) {
  return static_cast<std::size_t>(std::bit_width(std::max(bytes, alignment) - 1));
}

}  // namespace

BufferRef Buffer::allocate(std::size_t bytes) {
  constexpr std::size_t most = std::size_t{1} << 46;  // more than a process can address
  if (bytes > most) refuse_memory("a buffer", bytes);
  auto* block = static_cast<std::byte*>(Pool::mine().take(size_class_of(header + bytes)));
  return BufferRef(new (block) Buffer(block + header, bytes));
}

BufferRef Buffer::part_of(const BufferRef& owner, std::size_t offset, std::size_t bytes) {
  void* block = Pool::mine().take(size_class_of(header));
  auto* part = new (block) Buffer(owner->data() + offset, bytes);
  part->owner_ = owner.get();
  part->owner_->references_.fetch_add(1, std::memory_order_relaxed);
  return BufferRef(part);
}

void Buffer::leave() {
  BufferRef copy = allocate(bytes_);
  std::memcpy(copy->data(), data_, bytes_);
  const BufferRef old_owner(std::exchange(owner_, copy.get()));
  data_ = copy->data();
  copy->references_.fetch_add(1, std::memory_order_relaxed);
}

void Buffer::release(Buffer* buffer) {
  Buffer* owner = buffer->owner_;
  const std::size_t bytes = owner == nullptr ? header + buffer->bytes_ : header;
  buffer->~Buffer();
  Pool::mine().give_back(buffer, size_class_of(bytes));
  if (owner != nullptr) const BufferRef drop(owner);
}

}  // namespace nabla
