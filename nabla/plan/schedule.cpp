#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

#include "nabla/plan/program.h"

namespace nabla::lowering {
namespace {

class Scheduling {
 public:
  explicit Scheduling(Program& program) : program_(program) {}

  void run() {
    find_dependencies();
    find_aliases();
    order();
  }

 private:
  void find_dependencies() {
    for (Unit& unit : program_.units) {
      for (const int id : unit.operations) {
        for (const Value& in : program_.operation(id).in) {
          const int producer = program_.storage(in.storage).producer;
          if (producer >= 0) wait_for(unit, program_.operation(producer).unit);
        }
      }
    }
  }

  void wait_for(Unit& unit, int other) {
    if (&program_.unit(other) == &unit) return;
    if (std::find(unit.after.begin(), unit.after.end(), other) == unit.after.end()) {
      unit.after.push_back(other);
    }
  }

  // A state's new value is written over the old one where everybody has read that by then; else it
  // is copied there when all is done.
  void find_aliases() {
    for (Storage& storage : program_.storages) {
      if (storage.assigned_to < 0) continue;
      const int writer = program_.operation(storage.producer).unit;
      const std::vector<int> readers = readers_of_state(storage.assigned_to);
      const bool possible = std::all_of(readers.begin(), readers.end(), [&](int reader) {
        const int unit = program_.operation(reader).unit;
        return unit == writer ? overwrites_as_it_reads(reader, storage) : !waits_for(unit, writer);
      });
      if (!possible) continue;
      storage.alias_of_state = storage.assigned_to;
      for (const int reader : readers) {
        wait_for(program_.unit(writer), program_.operation(reader).unit);
      }
    }
  }

  std::vector<int> readers_of_state(int state) const {
    for (const Storage& storage : program_.storages) {
      if (storage.kind == Storage::Kind::state && storage.index == state) return storage.readers;
    }
    return {};
  }

  // Whether a reader in the writer's own unit only reads the very elements that are written.
  bool overwrites_as_it_reads(int reader, const Storage& storage) const {
    if (!program_.is_elementwise(reader) || !program_.is_elementwise(storage.producer))
      return false;
    const Shape& shape = program_.operation(storage.producer).out.layout.shape;
    const Operation& operation = program_.operation(reader);
    if (operation.feeds_core != program_.operation(storage.producer).feeds_core) return false;
    return std::all_of(operation.in.begin(), operation.in.end(), [&](const Value& in) {
      const Storage& read = program_.storage(in.storage);
      return read.kind != Storage::Kind::state || read.index != storage.assigned_to ||
             (in.layout.is_contiguous() && in.layout.shape == shape);
    });
  }

  // Whether unit `unit` comes after `other` by what is known so far.
  bool waits_for(int unit, int other) const {
    std::vector<char> seen(program_.units.size(), 0);
    std::vector<int> open = {unit};
    while (!open.empty()) {
      const int next = open.back();
      open.pop_back();
      if (next == other) return true;
      if (std::exchange(seen[static_cast<std::size_t>(next)], 1) != 0) continue;
      for (const int before : program_.unit(next).after) open.push_back(before);
    }
    return false;
  }

  // In the order in which the function made the calls, each unit behind what it waits for.
  void order() {
    std::vector<int> units(program_.units.size());
    std::iota(units.begin(), units.end(), 0);
    std::sort(units.begin(), units.end(), [&](int a, int b) {
      return program_.unit(a).operations.front() < program_.unit(b).operations.front();
    });
    progress_.assign(program_.units.size(), Progress::none);
    for (const int unit : units) place(unit);
  }

  // Depth first, by a list: what waits for each other may be longer than calls can be nested.
  void place(int unit) {
    std::vector<int> open = {unit};
    while (!open.empty()) {
      const int next = open.back();
      Progress& progress = progress_[static_cast<std::size_t>(next)];
      if (progress != Progress::none) {
        open.pop_back();
        if (std::exchange(progress, Progress::placed) == Progress::waits) {
          program_.order.push_back(next);
        }
        continue;
      }
      progress = Progress::waits;
      std::vector<int> after = program_.unit(next).after;
      std::sort(after.begin(), after.end(), [&](int a, int b) {  // the first one last, on top
        return program_.unit(a).operations.front() > program_.unit(b).operations.front();
      });
      open.insert(open.end(), after.begin(), after.end());
    }
  }

  enum class Progress : std::uint8_t { none, waits, placed };

  Program& program_;
  std::vector<Progress> progress_;  // of each unit
};

}  // namespace

void schedule(Program& program) { Scheduling(program).run(); }

}  // namespace nabla::lowering
