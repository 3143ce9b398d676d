/// Memory of tensors: reference-counted, aligned to 64 bytes, pooled.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace nabla {

class BufferRef;

/// A piece of memory that tensors share. It either owns its memory or is a part of another buffer.
class Buffer {
 public:
  /// At least `bytes` bytes, uninitialised, from the pool. Throws MemoryError.
  static BufferRef allocate(std::size_t bytes);
  /// The part of `owner` that starts at byte `offset`; keeps `owner` alive.
  static BufferRef part_of(const BufferRef& owner, std::size_t offset, std::size_t bytes);

  /// The first byte.
  std::byte* data() const { return data_; }
  /// How many bytes there are.
  std::size_t bytes() const { return bytes_; }
  /// Whether the memory is another buffer's, who may want to write it and call `leave`.
  bool is_part() const { return owner_ != nullptr; }

  /// Gives everybody who shares this part a fresh copy of its bytes, so that the memory itself can
  /// be written by its owner. Only for buffers made by `part_of`.
  void leave();

 private:
  friend class BufferRef;
  Buffer(std::byte* data, std::size_t bytes) : data_(data), bytes_(bytes) {}
  ~Buffer() = default;
  static void release(Buffer* buffer);

  std::atomic<int> references_{1};
  std::byte* data_;
  std::size_t bytes_;
  Buffer* owner_ = nullptr;  // whose memory this is; nullptr: its own
};

/// A counted reference to a Buffer, possibly empty.
class BufferRef {
 public:
  BufferRef() = default;
  /// Empty, another reference to the same buffer, or one to a buffer that nobody else counts.
  explicit BufferRef(Buffer* adopted) : buffer_(adopted) {}
  BufferRef(const BufferRef& other) : buffer_(other.buffer_) {
    if (buffer_ != nullptr) buffer_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  BufferRef(BufferRef&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)) {}
  BufferRef& operator=(BufferRef other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~BufferRef() {
    if (buffer_ != nullptr && buffer_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      Buffer::release(buffer_);
    }
  }

  Buffer* operator->() const { return buffer_; }
  /// The buffer, or nullptr.
  Buffer* get() const { return buffer_; }
  explicit operator bool() const { return buffer_ != nullptr; }
  /// True where nobody else holds the buffer.
  bool unique() const { return buffer_->references_.load(std::memory_order_acquire) == 1; }

 private:
  Buffer* buffer_ = nullptr;
};

}  // namespace nabla
