/// The axes of a chart: how far they reach, and where their grid lines stand.
#pragma once

#include <string>
#include <vector>

namespace nabla::insight {

/// A grid line.
struct Tick {
  double value = 0;
  std::string label;
};

/// One axis of a chart.
struct Axis {
  double low = 0;  ///< below `high`
  double high = 1;
  bool logarithmic = false;
  std::vector<Tick> ticks = {};

  /// Where a value lies: 0 at `low`, 1 at `high`.
  double place(double value) const;
};

/// How values are spread over an axis.
enum class Scale {
  linear,
  automatic  ///< logarithmic where all values are positive, over more than two decades
};

/// An axis around values from `low` to `high`, finite, that ends at round numbers: multiples of 1,
/// 2 or 5 times a power of ten. At most `most_ticks`, which is at least 5, are ticks, on a
/// logarithmic axis half as many more. A range too narrow for double precision is seen from 0.
Axis round_axis(double low, double high, int most_ticks, Scale scale);

/// An axis from `low` to `high`, finite, exactly, with at most `most_ticks` >= 2 at round numbers
/// within; they are whole where `whole`. A single value lies in the middle.
Axis exact_axis(double low, double high, int most_ticks, bool whole);

}  // namespace nabla::insight
