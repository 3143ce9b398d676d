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
          if (producer < 0) continue;
          const int before = program_.operation(producer).unit;
          if (&program_.unit(before) != &unit) unit.after.push_back(before);
        }
      }
      std::sort(unit.after.begin(), unit.after.end());
      unit.after.erase(std::unique(unit.after.begin(), unit.after.end()), unit.after.end());
    }
    // A unit's last operation comes behind those of all that it waits for (docs/design.md).
    units_.resize(program_.units.size());
    std::iota(units_.begin(), units_.end(), 0);
    std::sort(units_.begin(), units_.end(), [&](int a, int b) {
      return program_.unit(a).operations.back() < program_.unit(b).operations.back();
    });
    rank_.resize(units_.size());
    for (std::size_t i = 0; i < units_.size(); ++i) rank(units_[i]) = static_cast<int>(i);
    seen_.assign(units_.size(), 0);
  }

  int& rank(int unit) { return rank_[static_cast<std::size_t>(unit)]; }

  // A state's new value is written over the old one where everybody has read that by then; else it
  // is copied there when all is done.
  void find_aliases() {
    std::vector<const Storage*> old_values(program_.states.size());
    for (const Storage& storage : program_.storages) {
      if (storage.kind != Storage::Kind::state) continue;
      old_values[static_cast<std::size_t>(storage.index)] = &storage;
    }
    for (Storage& storage : program_.storages) {
      if (storage.assigned_to < 0) continue;
      const int writer = program_.operation(storage.producer).unit;
      const auto& readers = old_values[static_cast<std::size_t>(storage.assigned_to)]->readers;
      const bool possible = std::all_of(readers.begin(), readers.end(), [&](int reader) {
        const int unit = program_.operation(reader).unit;
        return unit == writer ? overwrites_as_it_reads(reader, storage) : !waits_for(unit, writer);
      });
      if (!possible) continue;
      storage.alias_of_state = storage.assigned_to;
      for (const int reader : readers) put_behind(writer, program_.operation(reader).unit);
    }
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

  // Marks in `seen_` what `unit` waits for by what is known so far, and itself, so far as that
  // ranks behind `other`; gives whether `other` is among it.
  bool waits_for(int unit, int other) {
    ++search_;
    std::vector<int> open = {unit};
    while (!open.empty()) {
      const int next = open.back();
      open.pop_back();
      if (next == other) return true;
      if (rank(next) < rank(other)) continue;  // and all that it waits for
      if (std::exchange(seen_[static_cast<std::size_t>(next)], search_) == search_) continue;
      for (const int before : program_.unit(next).after) open.push_back(before);
    }
    return false;
  }

  // Lets `unit` wait for `other`, which does not wait for it. What `other` waits for goes with it
  // to the front of the ranks between the two.
  void put_behind(int unit, int other) {
    if (unit == other) return;
    program_.unit(unit).after.push_back(other);
    if (rank(other) < rank(unit)) return;
    waits_for(other, unit);
    const auto first = units_.begin() + rank(unit);
    const auto last = units_.begin() + rank(other) + 1;
    std::stable_partition(first, last, [&](int between) {
      return seen_[static_cast<std::size_t>(between)] == search_;
    });
    for (auto at = first; at != last; ++at) rank(*at) = static_cast<int>(at - units_.begin());
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
  std::vector<int> units_;  // each behind those that it waits for
  std::vector<int> rank_;   // of each unit, there
  std::vector<int> seen_;   // of each unit, the search that saw it last
  int search_ = 0;
  std::vector<Progress> progress_;  // of each unit
};

}  // namespace

void schedule(Program& program) { Scheduling(program).run(); }

}  // namespace nabla::lowering
