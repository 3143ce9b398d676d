/// Durations for people.
#pragma once

#include <string>

namespace nabla {

/// With about three digits: "84 us", "0.949 ms", "12.3 s", "3 min 20 s", "5 h 12 min", "12 days".
/// "-" for a number that is negative or none.
std::string duration_text(double seconds);

}  // namespace nabla
