/// Captured functions: traced once for each shape of their inputs, then replayed as a plan.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "nabla/autodiff/derivatives.h"
#include "nabla/plan/plan.h"

namespace nabla {

/// A function that is captured when it is called with input shapes and types for the first time in
/// a mode (TrainingScope), and from then on replayed: the same results, bit for bit, without
/// walking a graph and without allocating memory.
///
/// What the function reads from outside must be a State to stay current; any other tensor is kept
/// as it was at the capture, and a State that the function makes lives on between replays. Reading
/// a value inside (item(), to_vector()) throws CaptureError. Calls whose results nothing needs are
/// dropped, and with them the errors that they would throw when they run (an index out of range);
/// wrong shapes and types are found all the same. Where an op throws as it runs, states that the
/// function assigns may or may not have their new values: as when it is executed, where those
/// assigned before have them. Called while another function is captured or differentiated, it just
/// runs as a part of that; and while a Substitution lives, it is executed. One thread at a time may
/// call it; for results that go to other threads see State.
class Captured {
 public:
  /// A function of a list of tensors that gives a list.
  using Function = std::function<Tensors(const Tensors&)>;
  /// Throws ValueError where the function is missing.
  explicit Captured(Function function, PlanOptions options = {});

  /// The function's results. They are overwritten by the next call, unless somebody still holds
  /// them: then they are left to him. The list itself is no longer there when its plan goes.
  const Tensors& operator()(const Tensors& inputs);

  /// How many plans are kept: of more types, shapes and modes, that of the longest unused ones
  /// goes.
  static constexpr std::size_t most_plans = 16;

  /// The plan for inputs of these types and shapes in the current mode, made if need be. Stays
  /// valid until `most_plans` others have been used behind its own last use, and no longer than
  /// this lives. Throws Error where it would have to be made while a Substitution lives.
  Plan& plan(const std::vector<Spec>& inputs);

 private:
  struct Entry {
    std::optional<bool> training;  // the scope that it was captured in
    std::unique_ptr<Plan> plan;
  };
  using Plans = std::vector<Entry>;
  // Puts a plan in front.
  Plan& used(Plans::iterator entry);

  Function function_;
  PlanOptions options_;
  Plans plans_;  // the one used last comes first
  Tensors inlined_;
};

/// Captures a function of at most three tensors that gives a tensor; each call lists its inputs in
/// new memory, which `Captured` leaves to the caller.
/// ```cpp
/// const State count(Tensor(0.0));
/// const auto step = capture([&](const Tensor& x, const Tensor& y) {
///   count.assign(count.value() + 1);
///   return sum(x * y);
/// });
/// const Tensor x = Tensor::from({1.0, 2.0}, {2});
/// step(x, x);     // 5
/// step(x, -x);    // -5
/// count.value();  // 2
/// ```
template <class F>
auto capture(F function, PlanOptions options = {}) {
  Captured::Function of_list = [function](const Tensors& in) -> Tensors {
    if constexpr (std::is_invocable_r_v<Tensor, F>) {
      return {function()};
    } else if constexpr (std::is_invocable_r_v<Tensor, F, Tensor>) {
      return {function(in[0])};
    } else if constexpr (std::is_invocable_r_v<Tensor, F, Tensor, Tensor>) {
      return {function(in[0], in[1])};
    } else {
      return {function(in[0], in[1], in[2])};
    }
  };
  if constexpr (requires { static_cast<bool>(function == nullptr); }) {
    if (function == nullptr) of_list = nullptr;  // which Captured refuses
  }
  return
      [captured = std::make_shared<Captured>(std::move(of_list), options)](const auto&... inputs) {
        static_assert(std::is_invocable_r_v<Tensor, F, decltype(inputs)...>,
                      "call it with as many tensors as the function takes");
        return (*captured)(Tensors{inputs...})[0];
      };
}

}  // namespace nabla
