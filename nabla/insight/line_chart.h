/// Charts of lines as pictures: losses, learning rates, whatever has a value at each step.
#pragma once

#include <string>
#include <vector>

#include "nabla/insight/axis.h"
#include "nabla/insight/svg.h"

namespace nabla::insight {

/// A curve.
struct Series {
  std::string label;          ///< in the legend
  std::vector<Point> points;  ///< in the order of x; one that is not finite leaves a gap
  int style = 0;              ///< at least 0: its colour; beyond seven its dashes differ, too
  bool dashed = false;        ///< the second curve of a style
};

/// Curves over one pair of axes.
struct LineChart {
  std::string title;    ///< what the values are
  std::string x_label;  ///< what they are at: "epoch"
  std::vector<Series> series;
  Scale y_scale = Scale::automatic;
};

/// The content of an SVG file: charts beside each other, above them a title where there is one,
/// below them one legend for all, which has curves of one label and look once. A single point is
/// drawn as a dot, hollow for dashed curves. Of many points in one column of pixels those are drawn
/// that the eye sees, so that the picture stays small. Throws ValueError without a chart.
std::string draw_charts(const std::vector<LineChart>& charts, const std::string& title = "");

}  // namespace nabla::insight
