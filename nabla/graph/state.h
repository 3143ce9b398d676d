/// Values that change: parameters, optimizer moments, running statistics, counters.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nabla/tensor/tensor.h"

namespace nabla {

/// A named variable that holds a tensor. Copies of a State are the same variable.
///
/// The value lies in memory that the state owns and keeps: an assignment writes there, and captured
/// steps update it in place. Tensors read before an assignment keep the values they had.
///
/// Threads of a program may read a variable at the same time, and take derivatives by it. While one
/// assigns it, or runs a captured function that does, no other may use it or tensors read from it:
/// give them a copy, such as Tensor::from(w.value().to_vector<float>(), w.spec().shape).
/// ```cpp
/// const State w(Tensor(1.0), "w");
/// const Tensor before = w.value();
/// w.assign(w.value() + 1);
/// w.value();  // 2
/// before;     // 1
/// ```
class State {
 public:
  State() = default;
  /// A new variable with the values of `initial`, in memory of its own.
  explicit State(const Tensor& initial, std::string name = {});

  /// Whether it is a variable; one made without a value is none.
  bool defined() const { return impl_ != nullptr; }
  /// The name that it was given last.
  const std::string& name() const;
  /// Gives it another name.
  void set_name(std::string name);
  /// Type and shape of the value, which never change.
  Spec spec() const;

  /// The current value. While a function is captured: what the variable holds at that point of it.
  Tensor value() const;
  /// Gives the variable another value of the same shape and type; throws ShapeError or DTypeError,
  /// and Error in a function whose derivative by it is being taken.
  /// While a function is captured, the captured function will do so each time it runs. Derivatives
  /// do not go through it: what value() gives from then on is a number like any other.
  void assign(const Tensor& tensor) const;

  /// Whether optimizers are to leave it alone; false at first.
  bool is_frozen() const { return impl().is_frozen; }
  /// From the next attach() on.
  void set_frozen(bool frozen) const { impl().is_frozen = frozen; }

  /// Moves the variable's memory to byte `offset` of `memory`, with its value: how the parameters
  /// of a model come to lie in one vector. Captured functions made before follow it.
  void move_to(const BufferRef& memory, std::size_t offset) const;

  /// The variable's own memory, ready to be written: tensors read before get copies.
  std::byte* writable_memory() const {
    if (!impl().value.buffer().unique()) leave_to_readers();
    return memory();
  }
  /// Whether its memory is at this address, ready to be written as it is.
  bool is_writable_at(const std::byte* address) const {
    const BufferRef& buffer = impl().value.buffer();
    return buffer.unique() && buffer->data() == address;
  }
  /// Address of the variable's own memory.
  std::byte* memory() const { return impl().memory->data() + impl().offset; }
  /// Whether its memory begins `bytes` behind that of another, in the same piece of memory.
  bool lies_at(const State& other, std::size_t bytes) const {
    return impl().memory.get() == other.impl().memory.get() &&
           impl().offset == other.impl().offset + bytes;
  }
  /// Identifies the variable among all.
  const void* id() const { return impl_.get(); }
  bool operator==(const State& other) const { return impl_ == other.impl_; }

 private:
  struct Impl {
    std::string name;
    Tensor value;  // contiguous, in a part of `memory`
    BufferRef memory;
    std::size_t offset = 0;
    bool is_frozen = false;
    std::atomic<std::uint32_t> differentiating = 0;  // the graph in which a tensor stands for it

    std::size_t bytes() const { return value.spec().byte_count(); }
    void use_memory();
  };
  Impl& impl() const {
    if (impl_ == nullptr) throw_undefined();
    return *impl_;
  }
  [[noreturn]] static void throw_undefined();
  void leave_to_readers() const;
  friend class Substitution;
  std::shared_ptr<Impl> impl_;
};

/// Reads of these states on this thread give these tensors while it lives; of a state that stands
/// twice, the last. This is how derivatives by variables are taken. Captured functions are executed
/// meanwhile, since their plans read the states' own memory.
class Substitution {
 public:
  /// Throws ValueError where a state or a tensor is undefined, or there is not one for each.
  Substitution(const std::vector<State>& states, const std::vector<Tensor>& tensors);
  ~Substitution();
  Substitution(const Substitution&) = delete;
  Substitution& operator=(const Substitution&) = delete;

  /// Whether one lives on this thread.
  static bool is_active();

 private:
  std::size_t count_;
};

}  // namespace nabla
