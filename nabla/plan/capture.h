/// Captured functions: traced once for each shape of their inputs, then replayed as a plan.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <tuple>
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

/// How capture() calls functions: with tensors one by one, or as one Tensors.
namespace detail::capturing {

inline constexpr std::size_t most_inputs = 8;

template <std::size_t>
using Input = const Tensor&;

template <class F, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return std::is_invocable_v<F&, Input<I>...>;
}
/// Whether F can be called with `count` tensors.
template <class F, std::size_t count>
inline constexpr bool takes_inputs = takes<F>(std::make_index_sequence<count>());

/// The number of tensors that F takes; more than most_inputs where there is none.
template <class F, std::size_t count = 0>
constexpr std::size_t arity() {
  if constexpr (count > most_inputs || takes_inputs<F, count>) {
    return count;
  } else {
    return arity<F, count + 1>();
  }
}
/// Whether F takes a list instead. Asked only where it takes no tensors, since a generic function
/// need not compile with a list.
template <class F>
constexpr bool takes_list() {
  if constexpr (arity<F>() > most_inputs) return std::is_invocable_v<F&, const Tensors&>;
  return false;
}

/// What a function gives, as a list.
template <class Result>
Tensors to_list(Result result) {
  if constexpr (std::is_convertible_v<Result, Tensor>) {
    return {std::move(result)};
  } else if constexpr (std::is_convertible_v<Result, Tensors>) {
    return result;
  } else if constexpr (requires { std::tuple_size<Result>::value; }) {
    return std::apply([](auto&... each) { return Tensors{each...}; }, result);
  } else {
    static_assert(never<Result>,
                  "capture: the function gives a Tensor, a Tensors, a tuple, pair or array of "
                  "tensors, or nothing");
  }
}
/// And back.
template <class Result>
auto from_list(const Tensors& list) {
  if constexpr (std::is_convertible_v<Result, Tensor>) {
    return Tensor(list[0]);
  } else if constexpr (std::is_convertible_v<Result, Tensors>) {
    return Tensors(list);
  } else if constexpr (!std::is_void_v<Result>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) { return Result{list[I]...}; }
    (std::make_index_sequence<std::tuple_size_v<Result>>());
  }
}

template <class F, class... In>
Tensors call(F& function, const In&... in) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&, const In&...>>) {
    function(in...);
    return {};
  } else {
    return to_list(function(in...));
  }
}
/// Calls a function with as many tensors as there are.
template <class F, std::size_t count = 0>
Tensors call_with(F& function, const Tensors& in) {
  if constexpr (takes_list<F>()) {
    return call(function, in);
  } else if constexpr (count <= most_inputs) {
    if constexpr (takes_inputs<F, count>) {
      if (in.size() == count) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) { return call(function, in[I]...); }
        (std::make_index_sequence<count>());
      }
    }
    return call_with<F, count + 1>(function, in);
  } else {
    return {};  // for no count of inputs that a call can have
  }
}

}  // namespace detail::capturing

/// Captures a function of up to eight tensors, or of one Tensors, that gives a tensor, several as a
/// Tensors, tuple, pair or array, or nothing; each call lists its inputs in new memory, which
/// `Captured` leaves to the caller.
///     auto step = capture([&](const Tensor& x, const Tensor& y) { ...; return loss; });
///     double loss = step(x, y).item();
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
  constexpr bool fits = detail::capturing::arity<F>() <= detail::capturing::most_inputs ||
                        detail::capturing::takes_list<F>();
  static_assert(fits, "capture: the function takes tensors, const Tensor&, or one const Tensors&");
  if constexpr (fits) {
    const auto held = std::make_shared<F>(std::move(function));
    Captured::Function of_list = [held](const Tensors& in) {
      return detail::capturing::call_with(*held, in);
    };
    if constexpr (requires { static_cast<bool>(*held == nullptr); }) {
      if (*held == nullptr) of_list = nullptr;  // which Captured refuses
    }
    return [captured =
                std::make_shared<Captured>(std::move(of_list), options)](const auto&... inputs) {
      if constexpr (detail::capturing::takes_list<F>()) {
        constexpr bool is_list = std::is_invocable_v<F&, decltype(inputs)...>;
        static_assert(is_list, "call what was captured with a Tensors, as the function takes it");
        if constexpr (is_list) {
          using Result = std::remove_cvref_t<std::invoke_result_t<F&, const Tensors&>>;
          return detail::capturing::from_list<Result>((*captured)(inputs...));
        }
      } else if constexpr ((std::is_convertible_v<decltype(inputs), Tensor> && ...) &&
                           detail::capturing::takes_inputs<F, sizeof...(inputs)>) {
        const Tensors& results = (*captured)(Tensors{inputs...});
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
          using Result =
              std::remove_cvref_t<std::invoke_result_t<F&, detail::capturing::Input<I>...>>;
          return detail::capturing::from_list<Result>(results);
        }
        (std::make_index_sequence<sizeof...(inputs)>());
      } else {
        static_assert(never<F>,
                      "call what was captured with as many tensors as the function takes");
      }
    };
  }
}

}  // namespace nabla
