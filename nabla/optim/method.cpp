#include "nabla/optim/method.h"

#include <set>

#include "nabla/base/dtype.h"
#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla::optim {
namespace {

void check_rate(std::string_view name, double rate) {
  if (is_positive_f32(rate)) return;
  throw ValueError(
      str(name, ": learning_rate ", shortest(rate), ": expected a positive number that f32 has"));
}

}  // namespace

Method::Method(std::string_view name, double learning_rate)
    : name_(name), learning_rate_(Tensor(learning_rate), "learning_rate") {
  check_rate(name_, learning_rate);
}

void Method::set_learning_rate(double rate) const {
  check_rate(name_, rate);
  learning_rate_.assign(Tensor(rate));
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
