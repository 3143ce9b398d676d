#include "nabla/base/suggest.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "nabla/base/text.h"

namespace nabla {
namespace {

// How many letters to insert, leave out, replace or swap with their neighbour until a is b.
std::size_t typing_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_before;
  std::vector<std::size_t> before(b.size() + 1);
  std::iota(before.begin(), before.end(), std::size_t{0});
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, before[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_before[j - 2] + 1);
    }
    two_before = before;
    before = row;
  }
  return before.back();
}

}  // namespace

std::string suggestion(std::string_view name, std::span<const std::string_view> known) {
  constexpr std::size_t far = 3;
  constexpr std::size_t longest = 40;
  std::size_t least = far;
  std::string_view closest;
  for (const std::string_view candidate : known) {
    if (name.size() > longest) break;
    const std::size_t distance = typing_distance(name, candidate);
    if (distance >= least || distance >= candidate.size()) continue;
    least = distance;
    closest = candidate;
  }
  const std::string hint = closest.empty() ? "" : str("; did you mean ", quote(closest), "?");
  return str(hint, hint.empty() ? "; " : " ", "known: ", join(known, ", "));
}

}  // namespace nabla
