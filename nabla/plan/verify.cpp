#include "nabla/plan/verify.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla::lowering {
namespace {

// Whether element i of a value of this shape is element i of its storage.
bool is_whole(const Value& value, const Shape& shape) {
  const auto& [own_shape, strides, offset] = value.layout;
  return own_shape == shape && value.layout.is_contiguous() &&
         (offset == 0 || shape.elements() == 0);
}

class Verification {
 public:
  explicit Verification(const Program& program)
      : program_(program), step_(program.operations.size()), time_(program.operations.size()) {}

  void run() {
    check_units();
    check_order();
    for (int id = 0; id < count_of(program_.operations); ++id) {
      check_result(id);
      for (const Value& in : program_.operation(id).in) check_read(id, in);
    }
    check_states();
    check_arena();
  }

 private:
  template <class T>
  static int count_of(const std::vector<T>& list) {
    return static_cast<int>(list.size());
  }

  template <class... Parts>
  [[noreturn]] void fail(int id, const Parts&... what) const {
    const Operation& operation = program_.operation(id);
    const std::string layer = operation.layer.empty() ? "" : str(" of ", operation.layer);
    throw InternalError(
        str("plan: operation ", id, " (", operation.op->name, layer, ") ", what...));
  }

  int& step(int id) { return step_[static_cast<std::size_t>(id)]; }
  int& time(int id) { return time_[static_cast<std::size_t>(id)]; }

  void check_units() const {
    std::vector<int> times(program_.operations.size());
    for (int unit = 0; unit < count_of(program_.units); ++unit) {
      for (const int id : program_.unit(unit).operations) {
        ++times[static_cast<std::size_t>(id)];
        if (program_.operation(id).unit != unit) fail(id, "is in a unit that it does not name");
        if (program_.unit(unit).operations.size() > 1 && id != program_.unit(unit).core &&
            !program_.is_elementwise(id)) {
          fail(id, "cannot run together with others");
        }
      }
    }
    for (int id = 0; id < count_of(times); ++id) {
      const int count = times[static_cast<std::size_t>(id)];
      if (count != 1) fail(id, "is in ", count, " units: expected one");
    }
  }

  // In a unit, what is in front of the core runs before it, and the others behind it.
  void check_order() {
    std::vector<int> times(program_.units.size());
    int now = 0;
    for (int i = 0; i < count_of(program_.order); ++i) {
      const int unit = program_.order[static_cast<std::size_t>(i)];
      ++times[static_cast<std::size_t>(unit)];
      std::vector<int> members = program_.unit(unit).operations;
      const auto part = [&](int id) {
        return id == program_.unit(unit).core ? 1 : program_.operation(id).feeds_core ? 0 : 2;
      };
      std::stable_sort(members.begin(), members.end(),
                       [&](int a, int b) { return part(a) < part(b); });
      for (const int id : members) {
        step(id) = i;
        time(id) = now++;
      }
    }
    for (int id = 0; id < count_of(program_.operations); ++id) {
      const int count = times[static_cast<std::size_t>(program_.operation(id).unit)];
      if (count != 1) fail(id, "is scheduled ", count, " times: expected once");
    }
  }

  void check_result(int id) const {
    const auto& [op, attributes, in, out, layer, unit, feeds_core] = program_.operation(id);
    const Spec result{out.dtype, out.layout.shape};
    const Storage& storage = program_.storage(out.storage);
    if (storage.producer != id) fail(id, "writes a storage that names another writer");
    if (!is_whole(out, out.layout.shape)) fail(id, "writes a result with gaps");
    check_extent(id, out);
    // Operations of lowering itself, copies, infer nothing: they give what they take.
    std::vector<Tensor> inputs;
    inputs.reserve(in.size());
    for (const Value& value : in) {
      inputs.emplace_back(Layout::contiguous(value.layout.shape), value.dtype, BufferRef());
    }
    const Spec expected =
        op->infer == nullptr ? inputs.at(0).spec() : op->infer(*op, inputs, attributes);
    if (result != expected) fail(id, "gives ", result, ": expected ", expected);
  }

  // That no element of a value lies outside of its storage.
  void check_extent(int id, const Value& value) const {
    if (value.layout.shape.elements() == 0) return;
    const Storage& storage = program_.storage(value.storage);
    std::int64_t first = value.layout.offset;
    std::int64_t last = first;
    for (int axis = 0; axis < value.layout.shape.rank(); ++axis) {
      const std::int64_t way = (value.layout.shape[axis] - 1) * value.layout.strides[axis];
      (way < 0 ? first : last) += way;
    }
    const std::size_t bytes = storage.kind == Storage::Kind::constant
                                  ? storage.constant.buffer()->bytes()
                                  : storage.bytes;
    const auto elements = static_cast<std::int64_t>(bytes / size_of(value.dtype));
    if (first < 0 || last >= elements) {
      fail(id, "uses elements ", first, " to ", last, " of a storage that has ", elements);
    }
  }

  void check_read(int id, const Value& in) {
    check_extent(id, in);
    const Storage& storage = program_.storage(in.storage);
    if (!std::binary_search(storage.readers.begin(), storage.readers.end(), id)) {
      fail(id, "is not among the readers of what it reads");
    }
    const Operation& operation = program_.operation(id);
    const bool any_strides = operation.op->any_strides || program_.is_elementwise(id);
    if (!any_strides && !in.layout.is_contiguous()) fail(id, "reads an input with gaps");
    if (storage.kind != Storage::Kind::temporary) return;
    if (storage.producer < 0 || time(storage.producer) >= time(id)) {
      fail(id, "reads the result of operation ", storage.producer, ", which does not run before");
    }
    if (step(storage.producer) != step(id)) return;
    const Operation& writer = program_.operation(storage.producer);
    const bool same_shape = program_.is_elementwise(id)
                                ? operation.out.layout.shape == writer.out.layout.shape
                                : program_.fusion_of(id) == Fusion::sum;
    if (!same_shape || !is_whole(in, writer.out.layout.shape)) {
      fail(id, "reads elements of operation ", storage.producer,
           " of its unit elsewhere than they are written");
    }
  }

  void check_states() {
    find_readers_of_states();
    std::vector<int> writers(program_.states.size(), -1);
    for (const Storage& storage : program_.storages) {
      if (storage.alias_of_state >= 0 &&
          (storage.alias_of_state != storage.assigned_to || storage.output >= 0)) {
        fail(storage.producer, "writes over state ", storage.alias_of_state,
             ", which it does not assign, or not alone");
      }
      if (storage.assigned_to < 0) continue;
      const State& state = program_.states[static_cast<std::size_t>(storage.assigned_to)];
      const Value& out = program_.operation(storage.producer).out;
      const Spec given{out.dtype, out.layout.shape};
      // As many elements: they may have been given another shape in between.
      if (given.dtype != state.spec().dtype || given.byte_count() != state.spec().byte_count()) {
        fail(storage.producer, "assigns ", given, " to state ", state.name(), ", which is ",
             state.spec());
      }
      int& writer = writers[static_cast<std::size_t>(storage.assigned_to)];
      if (writer >= 0) {
        fail(storage.producer, "assigns state ", state.name(), " as operation ", writer, " does");
      }
      writer = storage.producer;
      if (storage.alias_of_state >= 0) check_overwritten(storage);
    }
  }

  void find_readers_of_states() {
    readers_of_state_.resize(program_.states.size());
    for (int id = 0; id < count_of(program_.operations); ++id) {
      for (const Value& in : program_.operation(id).in) {
        const Storage& read = program_.storage(in.storage);
        if (read.kind != Storage::Kind::state) continue;
        readers_of_state_[static_cast<std::size_t>(read.index)].push_back(id);
      }
    }
  }

  // That nobody reads a state after its new value was written over it.
  void check_overwritten(const Storage& storage) {
    const Operation& writer = program_.operation(storage.producer);
    for (const int id : readers_of_state_[static_cast<std::size_t>(storage.alias_of_state)]) {
      const Operation& reader = program_.operation(id);
      for (const Value& in : reader.in) {
        const Storage& read = program_.storage(in.storage);
        if (read.kind != Storage::Kind::state || read.index != storage.alias_of_state) continue;
        if (step(id) < step(storage.producer)) continue;
        if (step(id) > step(storage.producer)) {
          fail(id, "reads a state that operation ", storage.producer, " has overwritten by then");
        }
        const bool side_by_side = program_.is_elementwise(id) &&
                                  program_.is_elementwise(storage.producer) &&
                                  reader.feeds_core == writer.feeds_core;
        if (!side_by_side || !is_whole(in, writer.out.layout.shape)) {
          fail(id, "reads elements of a state that operation ", storage.producer,
               " of its unit may have overwritten");
        }
      }
    }
  }

  struct Life {
    int first, last;  // steps
    const Storage* storage;
  };

  void check_arena() {
    std::vector<Life> lives;
    for (int id = 0; id < count_of(program_.storages); ++id) {
      const Storage& storage = program_.storage(id);
      if (storage.producer < 0) continue;
      const bool elsewhere = storage.output >= 0 || storage.alias_of_state >= 0 ||
                             !program_.escapes(id, program_.operation(storage.producer).unit);
      if (elsewhere) continue;
      check_place(storage);
      Life life{step(storage.producer), step(storage.producer), &storage};
      for (const int reader : storage.readers) life.last = std::max(life.last, step(reader));
      if (storage.assigned_to >= 0) life.last = count_of(program_.order);
      if (storage.bytes > 0) lives.push_back(life);
    }
    check_apart(lives);
  }

  // From step to step: of those that are alive, only neighbours need to be compared.
  void check_apart(std::vector<Life>& lives) const {
    std::ranges::stable_sort(lives, {}, &Life::first);
    std::vector<Life> by_last = lives;
    std::ranges::stable_sort(by_last, {}, &Life::last);
    std::map<std::ptrdiff_t, const Storage*> alive;  // by offset
    auto ended = by_last.begin();
    for (const Life& life : lives) {
      for (; ended != by_last.end() && ended->last < life.first; ++ended) {
        alive.erase(ended->storage->offset);
      }
      const auto [place, is_new] = alive.emplace(life.storage->offset, life.storage);
      if (!is_new) fail_overlap(*life.storage, *place->second);
      if (place != alive.begin())
        check_apart(*std::prev(place)->second, *life.storage, *life.storage);
      if (const auto next = std::next(place); next != alive.end()) {
        check_apart(*life.storage, *next->second, *life.storage);
      }
    }
  }

  void check_place(const Storage& storage) const {
    if (storage.offset < 0 || storage.offset % 64 != 0 ||
        static_cast<std::size_t>(storage.offset) + storage.bytes > program_.arena_bytes) {
      fail(storage.producer, "writes ", storage.bytes, " bytes at ", storage.offset,
           " of an arena of ", program_.arena_bytes, ": expected a multiple of 64 inside");
    }
  }

  void check_apart(const Storage& below, const Storage& above, const Storage& later) const {
    if (above.offset >= below.offset + static_cast<std::ptrdiff_t>(below.bytes)) return;
    fail_overlap(later, &later == &below ? above : below);
  }

  [[noreturn]] void fail_overlap(const Storage& a, const Storage& b) const {
    fail(a.producer, "shares memory with operation ", b.producer, " while both results are needed");
  }

  const Program& program_;
  std::vector<std::vector<int>> readers_of_state_;
  std::vector<int> step_;  // of operations: the place of their unit in the order
  std::vector<int> time_;  // of operations: their own place
};

}  // namespace

void verify(const Program& program) { Verification(program).run(); }

}  // namespace nabla::lowering
