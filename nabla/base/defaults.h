/// Options that are all left out.
#pragma once

#pragma GCC visibility push(hidden)
namespace nabla {

/// The empty braces of a call such as `Adam({})`. Without a constructor that takes this they could
/// be options as well as another, copied Adam, and the call would be ambiguous.
enum class Defaults {};

}  // namespace nabla
#pragma GCC visibility pop
