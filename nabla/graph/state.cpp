#include "nabla/graph/state.h"

#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/graph.h"
#include "nabla/tensor/copy.h"

namespace nabla {
namespace {

struct Substitute {
  State state;
  Tensor tensor;
  std::size_t before;          // the place of what stood for the state before, or none
  std::uint32_t graph_before;  // Impl::differentiating
};
constexpr std::size_t none = SIZE_MAX;
thread_local std::vector<Substitute> substitutes;
thread_local std::unordered_map<const void*, std::size_t> place_of_substitute;

// What is read instead of a state, undefined where nothing is.
Tensor substitute_of(const State& state) {
  if (substitutes.empty()) return {};
  const auto place = place_of_substitute.find(state.id());
  return place == place_of_substitute.end() ? Tensor() : substitutes[place->second].tensor;
}

}  // namespace

void State::Impl::use_memory() {
  value = Tensor(Layout::contiguous(value.shape()), value.dtype(),
                 Buffer::part_of(memory, offset, bytes()));
}

State::State(const Tensor& initial, std::string name) : impl_(std::make_shared<Impl>()) {
  initial.bytes();  // throws where there is no value
  impl_->name = std::move(name);
  impl_->value = initial;
  impl_->memory = Buffer::allocate(impl_->bytes());
  copy_elements(initial, impl_->memory->data());
  impl_->use_memory();
}

void State::throw_undefined() {
  throw ValueError("an undefined state has no value: make it from a tensor");
}

const std::string& State::name() const { return impl().name; }
void State::set_name(std::string name) { impl().name = std::move(name); }
Spec State::spec() const { return impl().value.spec(); }

Tensor State::value() const {
  if (Substitution::is_active()) {
    if (Tensor substitute = substitute_of(*this); substitute.defined()) return substitute;
  }
  if (is_capturing()) return active_graph()->read(*this);
  return read_beside_graphs(impl().value, impl().differentiating.load(std::memory_order_relaxed));
}

void State::assign(const Tensor& tensor) const {
  if (tensor.spec() != spec()) {
    const std::string text =
        str("state \"", name(), "\": holds ", spec(), ", cannot be assigned ", tensor.spec());
    if (tensor.dtype() != spec().dtype) throw DTypeError(text);
    throw ShapeError(text);
  }
  if (substitute_of(*this).defined()) {
    throw Error(str("state \"", name(),
                    "\": assigned in a function whose derivative by it is taken: "
                    "assign it behind that"));
  }
  if (is_capturing()) {
    check_session(tensor);
    active_graph()->assign(*this, tensor);
    return;
  }
  // It may be what this variable holds now.
  const Tensor values = tensor;  // NOLINT(performance-unnecessary-copy-initialization)
  copy_elements(values, writable_memory());
}

void State::leave_to_readers() const {
  impl().value.buffer()->leave();
  impl().use_memory();
}

void State::move_to(const BufferRef& memory, std::size_t offset) const {
  if (!memory) throw ValueError(str("state \"", name(), "\": cannot move to an empty buffer"));
  if (offset > memory->bytes() || memory->bytes() - offset < impl().bytes()) {
    throw ValueError(str("state \"", name(), "\": ", impl().bytes(), " bytes at byte ", offset,
                         " do not fit into ", memory->bytes()));
  }
  std::memcpy(memory->data() + offset, this->memory(), impl().bytes());
  impl().memory = memory;
  impl().offset = offset;
  impl().use_memory();
}

Substitution::Substitution(const std::vector<State>& states, const std::vector<Tensor>& tensors)
    : count_(states.size()) {
  if (tensors.size() != states.size()) {
    throw ValueError(str("substitution: ", tensors.size(), " tensors for ", states.size(),
                         " states: expected one for each"));
  }
  // First, since what is put in place by a constructor that throws is never taken away.
  for (std::size_t i = 0; i < states.size(); ++i) {
    static_cast<void>(states[i].spec());
    if (tensors[i].defined()) continue;
    throw ValueError(str("substitution: the tensor for state ", quote(states[i].name()),
                         " is undefined: expected one with values"));
  }
  substitutes.reserve(substitutes.size() + count_);
  for (std::size_t i = 0; i < states.size(); ++i) {
    std::atomic<std::uint32_t>& graph = states[i].impl().differentiating;
    const bool differentiates = active_graph() != nullptr && active_graph()->contains(tensors[i]);
    const std::uint32_t graph_before = differentiates ? graph.exchange(active_graph()->id()) : 0;
    const auto [place, is_new] = place_of_substitute.try_emplace(states[i].id(), none);
    substitutes.push_back({states[i], tensors[i], place->second, graph_before});
    place->second = substitutes.size() - 1;
  }
}

Substitution::~Substitution() {
  for (std::size_t i = 0; i < count_; ++i) {
    const auto& [state, tensor, before, graph_before] = substitutes.back();
    // Unless another thread differentiates by it now, or a call around this one.
    std::uint32_t mine = tensor.node().graph;
    if (mine != graph_before) state.impl().differentiating.compare_exchange_strong(mine, 0);
    if (before == none) {
      place_of_substitute.erase(state.id());
    } else {
      place_of_substitute[state.id()] = before;
    }
    substitutes.pop_back();
  }
}

bool Substitution::is_active() { return !substitutes.empty(); }

}  // namespace nabla
