#include "nabla/base/duration.h"

#include <cmath>
#include <cstdint>
#include <iomanip>
#include <string_view>

#include "nabla/base/text.h"

namespace nabla {
namespace {

std::string rounded(double value) { return str(std::setprecision(3), value); }

// "3 min 20 s": a whole number of units and the rest in whole parts, of which a unit has `parts`.
std::string pair(double units, double parts, std::string_view unit, std::string_view part) {
  const auto all = std::llround(units * parts);
  const auto each = static_cast<std::int64_t>(parts);
  const std::int64_t rest = all % each;
  return rest == 0 ? str(all / each, unit) : str(all / each, unit, " ", rest, part);
}

}  // namespace

std::string duration_text(double seconds) {
  constexpr double milli = 1e-3;
  constexpr double micro = 1e-6;
  constexpr double minute = 60;
  constexpr double hour = 60 * minute;
  constexpr double day = 24 * hour;
  // Beyond each border, what rounds up to the next unit is told in that.
  if (!(seconds >= 0)) return "-";
  if (seconds == 0) return "0 s";
  if (seconds < 0.1 * milli) return rounded(seconds / micro) + " us";
  if (seconds < 0.9995) return rounded(seconds / milli) + " ms";
  if (seconds < minute - 0.05) return rounded(seconds) + " s";
  if (seconds < hour - 0.5) return pair(seconds / minute, 60, " min", " s");
  if (seconds < day - minute / 2) return pair(seconds / hour, 60, " h", " min");
  const double days = seconds / day;
  if (days < 1.5) return "1 day";
  return days < 999.5 ? rounded(std::round(days)) + " days" : "over 1000 days";
}

}  // namespace nabla
