#include "nabla/plan/plan.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "nabla/base/error.h"
#include "nabla/base/flush_denormals.h"
#include "nabla/base/text.h"
#include "nabla/plan/program.h"
#include "nabla/plan/step.h"
#include "nabla/plan/verify.h"
#include "nabla/tensor/copy.h"

namespace nabla {

using lowering::Program;
using lowering::Storage;
using lowering::Value;

namespace {

// The same values; what is contiguous shares its memory.
std::vector<Tensor> contiguous_copies(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> copies;
  copies.reserve(tensors.size());
  for (const Tensor& tensor : tensors) copies.push_back(contiguous(tensor));
  return copies;
}

}  // namespace

struct Plan::Impl {
  // Memory that comes from outside and may be elsewhere at the next run: the fields that hold its
  // address, each some bytes behind its start.
  struct External {
    std::byte* address = nullptr;
    std::vector<std::pair<std::byte**, std::ptrdiff_t>> fields;

    // Returns whether anything has changed.
    bool move_to(std::byte* now) { return now != address && set(now); }

   private:
    bool set(std::byte* now) {
      address = now;
      for (const auto& [field, offset] : fields) *field = now + offset;
      return !fields.empty();
    }
  };
  struct StateUse {
    State state;
    External memory;
    bool is_written = false;
  };
  // A state's new value that could not be written in place.
  struct FinalCopy {
    std::size_t state;
    const std::byte* from;
    std::size_t bytes;
  };
  struct Output {
    BufferRef memory;
    std::size_t bytes;
  };

  BufferRef arena;
  std::size_t arena_bytes = 0;
  std::vector<std::unique_ptr<lowering::Step>> steps;
  std::vector<KernelCall> calls;        // of all steps
  std::vector<std::size_t> first_call;  // of each step, and the end
  std::vector<StateUse> states;
  std::vector<External> inputs;
  std::vector<FinalCopy> final_copies;
  std::vector<Output> output_memory;
  std::vector<Tensor> outputs;
  std::vector<Tensor> constants;
  std::vector<std::byte*> address;  // of storages inside, while the plan is made
  bool moved = true;                // states, since the steps were prepared

  void allocate(const Program& program);
  void make_outputs(const Program& program);
  void bind(const Program& program, std::byte*& field, const Value& value);
  void prepare(const std::vector<Tensor>& in);
  void leave_output_to_readers(std::size_t i);
  void list_calls();
  void write_states();
};

// Temporaries that leave their unit lie in the arena, outputs in memory of their own.
void Plan::Impl::allocate(const Program& program) {
  address.assign(program.storages.size(), nullptr);
  output_memory.resize(program.outputs.size());
  arena_bytes = program.arena_bytes;
  arena = Buffer::allocate(arena_bytes);
  for (std::size_t id = 0; id < program.storages.size(); ++id) {
    const Storage& storage = program.storages[id];
    if (storage.kind == Storage::Kind::constant) {
      constants.push_back(storage.constant);
      address[id] = storage.constant.buffer()->data();
    } else if (storage.output >= 0) {
      Output& output = output_memory[static_cast<std::size_t>(storage.output)];
      output = {Buffer::allocate(storage.bytes), storage.bytes};
      address[id] = output.memory->data();
    } else if (storage.offset >= 0) {
      address[id] = arena->data() + storage.offset;
    }
  }
}

void Plan::Impl::make_outputs(const Program& program) {
  for (std::size_t i = 0; i < program.outputs.size(); ++i) {
    const Value& value = program.outputs[i];
    outputs.emplace_back(value.layout, value.dtype,
                         Buffer::part_of(output_memory[i].memory, 0, output_memory[i].bytes));
  }
}

void Plan::Impl::bind(const Program& program, std::byte*& field, const Value& value) {
  const Storage& storage = program.storage(value.storage);
  const std::ptrdiff_t offset =
      value.layout.offset * static_cast<std::int64_t>(size_of(value.dtype));
  if (storage.kind == Storage::Kind::input) {
    inputs[static_cast<std::size_t>(storage.index)].fields.emplace_back(&field, offset);
  } else if (storage.kind == Storage::Kind::state || storage.alias_of_state >= 0) {
    const int state = storage.kind == Storage::Kind::state ? storage.index : storage.alias_of_state;
    states[static_cast<std::size_t>(state)].memory.fields.emplace_back(&field, offset);
  } else {
    field = address[static_cast<std::size_t>(value.storage)] + offset;
  }
}

Plan::Plan(const Graph& graph, const std::vector<Tensor>& inputs,
           const std::vector<Tensor>& outputs, PlanOptions options)
    : impl_(std::make_unique<Impl>()) {
  for (const Tensor& input : inputs) inputs_.push_back(input.spec());
  Program program = lowering::lower(graph, inputs, outputs);
  lowering::group(program, options.fuse);
  lowering::schedule(program);
  lowering::place(program);
  if (lowering::verifies_plans) lowering::verify(program);
  for (const State& state : program.states) impl_->states.push_back({state, {}});
  impl_->inputs.resize(inputs.size());
  impl_->allocate(program);
  impl_->make_outputs(program);
  for (const int unit : program.order) {
    impl_->steps.push_back(lowering::make_step(
        program, unit,
        [&](std::byte*& field, const Value& value) { impl_->bind(program, field, value); }));
  }
  for (std::size_t id = 0; id < program.storages.size(); ++id) {
    const Storage& storage = program.storages[id];
    if (storage.assigned_to < 0) continue;
    const auto state = static_cast<std::size_t>(storage.assigned_to);
    impl_->states[state].is_written = true;
    if (storage.alias_of_state < 0) {
      impl_->final_copies.push_back({state, impl_->address[id], storage.bytes});
    }
  }
}

Plan::~Plan() = default;

bool Plan::takes(const std::vector<Tensor>& inputs) const {
  return std::ranges::equal(inputs, inputs_, [](const Tensor& tensor, const Spec& spec) {
    return tensor.dtype() == spec.dtype && tensor.shape() == spec.shape;
  });
}

// Brings addresses up to date, and leaves what somebody still holds to him.
void Plan::Impl::prepare(const std::vector<Tensor>& in) {
  for (StateUse& use : states) {
    // The usual case: neither moved nor held by a reader.
    if (use.state.is_writable_at(use.memory.address)) continue;
    const bool has_moved =
        use.memory.move_to(use.is_written ? use.state.writable_memory() : use.state.memory());
    moved = moved || has_moved;
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].buffer().unique()) leave_output_to_readers(i);
  }
  // Last: an input may be what was read from a state or an output, and has just been given a copy.
  for (std::size_t i = 0; i < in.size(); ++i)
    inputs[i].move_to(const_cast<std::byte*>(in[i].bytes()));
  if (moved) list_calls();
}

void Plan::Impl::leave_output_to_readers(std::size_t i) {
  Tensor& output = outputs[i];
  output.buffer()->leave();
  output = Tensor(output.layout(), output.dtype(),
                  Buffer::part_of(output_memory[i].memory, 0, output_memory[i].bytes));
}

void Plan::Impl::list_calls() {
  calls.clear();
  first_call.clear();
  for (const auto& step : steps) {
    first_call.push_back(calls.size());
    step->prepare(calls);
  }
  first_call.push_back(calls.size());
  moved = false;
}

void Plan::Impl::write_states() {
  for (const FinalCopy& copy : final_copies) {
    std::memcpy(states[copy.state].state.memory(), copy.from, copy.bytes);
  }
}

const std::vector<Tensor>& Plan::run(const std::vector<Tensor>& inputs) {
  const bool dense = std::all_of(inputs.begin(), inputs.end(),
                                 [](const Tensor& t) { return t.layout().is_contiguous(); });
  // Its own last outputs are copied so that somebody holds them: then they are not overwritten.
  if (!dense || &inputs == &impl_->outputs) return run(contiguous_copies(inputs));
  impl_->prepare(inputs);
  const FlushDenormals flush;
  for (const KernelCall& call : impl_->calls) call();
  impl_->write_states();
  return impl_->outputs;
}

std::vector<StepInfo> Plan::profile(const std::vector<Tensor>& inputs, int repetitions) {
  std::vector<StepInfo> infos;
  for (const auto& step : impl_->steps) infos.push_back(step->info);
  if (repetitions < 1) return infos;
  if (!takes(inputs)) {
    std::vector<Spec> given;
    given.reserve(inputs.size());
    for (const Tensor& tensor : inputs) given.push_back(tensor.spec());
    throw ShapeError(str("profile: inputs (", join(given, ", "), "): expected (",
                         join(inputs_, ", "), "), as in the capture"));
  }
  using Clock = std::chrono::steady_clock;
  std::vector<std::vector<double>> seconds(infos.size());
  const std::vector<Tensor> dense = contiguous_copies(inputs);
  run(dense);
  for (int r = 0; r < repetitions; ++r) {
    impl_->prepare(dense);
    const FlushDenormals flush;
    for (std::size_t i = 0; i < infos.size(); ++i) {
      const auto start = Clock::now();
      for (std::size_t k = impl_->first_call[i]; k < impl_->first_call[i + 1]; ++k) {
        impl_->calls[k]();
      }
      seconds[i].push_back(std::chrono::duration<double>(Clock::now() - start).count());
    }
    impl_->write_states();
  }
  for (std::size_t i = 0; i < infos.size(); ++i) {
    std::nth_element(seconds[i].begin(), seconds[i].begin() + repetitions / 2, seconds[i].end());
    infos[i].seconds = seconds[i][static_cast<std::size_t>(repetitions / 2)];
  }
  return infos;
}

std::size_t Plan::arena_bytes() const { return impl_->arena_bytes; }

}  // namespace nabla
