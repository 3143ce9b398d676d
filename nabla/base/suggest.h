/// Help for a misspelt name.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace nabla {

/// What to say behind `unknown layer "rleu"`: the known name that is at most two typing mistakes
/// away, if there is one, and all known ones: `; did you mean "relu"? known: dense, relu`.
std::string suggestion(std::string_view name, std::span<const std::string_view> known);

}  // namespace nabla
