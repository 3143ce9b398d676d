#include "nabla/graph/training.h"

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/state.h"

namespace nabla {
namespace {

thread_local std::optional<bool> mode;

}  // namespace

TrainingScope::TrainingScope(bool training) : before_(mode) { mode = training; }
TrainingScope::~TrainingScope() { mode = before_; }

std::optional<bool> training_scope() { return mode; }

bool is_training(const char* layer) {
  if (!mode && Substitution::is_active()) {
    throw Error(str(layer,
                    ": a derivative by parameters is taken, but nothing says whether this is "
                    "training: expected a TrainingScope around it, or TrainingScope(false)"));
  }
  return mode.value_or(false);
}

}  // namespace nabla
