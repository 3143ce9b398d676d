#include "nabla/optim/method.h"

#include <algorithm>
#include <set>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla::optim {
Method::Method(std::string_view name, double learning_rate)
    : name_(name), learning_rate_(Tensor(learning_rate), "learning_rate") {
  learning_rates.check(name_, "learning_rate", learning_rate);
}

void Method::set_learning_rate(double rate) {
  learning_rates.check(name_, "learning_rate", rate);
  learning_rate_.assign(Tensor(rate));
}

void check_one_rate(const Term& term, std::optional<double> learning_rate) {
  const auto given = std::ranges::find(term.arguments, "learning_rate", &TermArgument::name);
  if (!learning_rate || given == term.arguments.end()) return;
  given->place.fail(str(term.name,
                        ": learning_rate stands here and is also given on its own "
                        "(--learning-rate): leave one out"));
}

void check_distinct(std::string_view who, const std::vector<State>& parameters) {
  std::set<const void*> seen;
  for (const State& parameter : parameters) {
    if (seen.insert(parameter.id()).second) continue;
    throw ValueError(str(who, ": parameter ", quote(parameter.name()),
                         " stands twice: expected each once, as Layer::parameters() gives them"));
  }
}

}  // namespace nabla::optim
