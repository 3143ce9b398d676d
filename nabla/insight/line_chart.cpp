#include "nabla/insight/line_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla::insight {
namespace {

// Distances in pixels.
constexpr double outer = 16;  // white border of the picture
constexpr double chart_width = 400;
constexpr double single_chart_width = 620;
constexpr double plot_height = 230;
constexpr double font_size = 12;
constexpr double title_size = 14;
constexpr double line_height = 20;
constexpr double title_height = 28;
constexpr double heading_height = 26;  // of a chart
constexpr double x_axis_height = 42;
constexpr double near = 7;        // between a text and what it belongs to
constexpr double baseline = 4;    // from the middle of a text to its foot
constexpr double key_width = 30;  // the piece of a line in the legend
constexpr int most_y_ticks = 8;
constexpr int most_x_ticks = 10;

constexpr std::string_view pale = "#e6e6e6";
constexpr std::string_view grey = "#666";

// Okabe and Ito, "Color Universal Design", 2008, without yellow, which is too pale for lines.
constexpr std::array<std::string_view, 7> colours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                     "#e69f00", "#56b4e9", "#000"};
constexpr std::array<std::array<std::string_view, 2>, 3> dashes = {
    {{"", "5 3"}, {"14 4", "9 3 2 3"}, {"2 2", "9 3 2 3 2 3"}}};

Stroke stroke_of(const Series& series) {
  const auto style = static_cast<std::size_t>(series.style);
  return {.colour = colours[style % colours.size()],
          .width = 1.75,
          .dashes = dashes[style / colours.size() % dashes.size()][series.dashed ? 1 : 0]};
}

bool is_finite(const Point& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool is_empty() const { return low > high; }
};

// Where a chart draws its curves.
struct Plot {
  Axis x;
  Axis y;
  double left = 0;
  double top = 0;
  double width = 0;

  double column(double value) const { return left + x.place(value) * width; }
  double row(double value) const { return top + (1 - y.place(value)) * plot_height; }
  Point at(const Point& value) const { return {column(value.x), row(value.y)}; }
};

// What a column of pixels shows of a curve: where it comes in, how far it reaches, where it leaves.
class Column {
 public:
  explicit Column(const Point& point)
      : first_(point), lowest_(point), highest_(point), last_(point) {}

  bool holds(const Point& point) const { return std::floor(point.x) == std::floor(first_.x); }
  void add(const Point& point) {
    if (point.y > lowest_.y) lowest_ = point;
    if (point.y < highest_.y) highest_ = point;
    last_ = point;
  }
  const Point& last() const { return last_; }
  void append_to(std::vector<Point>& points) const {
    std::array<Point, 4> all = {first_, lowest_, highest_, last_};
    if (lowest_.x > highest_.x) std::swap(all[1], all[2]);
    for (const Point& point : all) {
      const bool is_new =
          points.empty() || points.back().x != point.x || points.back().y != point.y;
      if (is_new) points.push_back(point);
    }
  }

 private:
  Point first_;
  Point lowest_;
  Point highest_;
  Point last_;
};

// The pieces of a curve between its gaps, in pixels. A gap narrower than a pixel is none.
std::vector<std::vector<Point>> pieces_of(const Series& series, const Plot& plot) {
  std::vector<std::vector<Point>> pieces;
  std::optional<Column> column;
  bool behind_gap = true;
  const auto finish = [&] {
    if (column) column->append_to(pieces.back());
    column.reset();
  };
  for (const Point& value : series.points) {
    if (!is_finite(value)) {
      behind_gap = true;
      continue;
    }
    const Point point = plot.at(value);
    if (behind_gap && !(column && point.x - column->last().x < 1)) {
      finish();
      pieces.emplace_back();
    }
    behind_gap = false;
    if (column && column->holds(point)) {
      column->add(point);
    } else {
      finish();
      column.emplace(point);
    }
  }
  finish();
  return pieces;
}

void draw_curve(Svg& svg, const Series& series, const Plot& plot) {
  constexpr double radius = 3;
  const Stroke stroke = stroke_of(series);
  for (const std::vector<Point>& piece : pieces_of(series, plot)) {
    if (piece.size() == 1) {
      const std::string_view fill = series.dashed ? "#fff" : stroke.colour;
      svg.circle(piece.front(), radius, fill, {.colour = stroke.colour, .width = stroke.width});
    } else {
      svg.polyline(piece, stroke);
    }
  }
}

double widest_label(const Axis& axis) {
  double width = 0;
  for (const Tick& tick : axis.ticks) width = std::max(width, text_width(tick.label, font_size));
  return width;
}

// With as many ticks as have room for their labels.
Axis x_axis_of(const Range& range, double width, bool whole) {
  constexpr double apart = 14;
  for (int most = most_x_ticks; most > 2; --most) {
    Axis axis = exact_axis(range.low, range.high, most, whole);
    const std::vector<Tick>& ticks = axis.ticks;
    if (ticks.size() < 2) return axis;
    const double step = (axis.place(ticks[1].value) - axis.place(ticks[0].value)) * width;
    if (step >= widest_label(axis) + apart) return axis;
  }
  return exact_axis(range.low, range.high, 2, whole);
}

Plot plot_of(const LineChart& chart, Point corner, double width) {
  Range x;
  Range y;
  bool whole = true;
  for (const Series& series : chart.series) {
    for (const Point& point : series.points) {
      if (!is_finite(point)) continue;
      x.add(point.x);
      y.add(point.y);
      whole = whole && point.x == std::floor(point.x);
    }
  }
  Plot plot{.left = corner.x, .top = corner.y + heading_height};
  if (x.is_empty()) {
    plot.width = width;
    return plot;
  }
  plot.y = round_axis(y.low, y.high, most_y_ticks, chart.y_scale);
  const double labels = widest_label(plot.y) + near;
  plot.left += labels;
  plot.width = width - labels;
  plot.x = x_axis_of(x, plot.width, whole);
  return plot;
}

void draw_axes(Svg& svg, const Plot& plot, const std::string& x_label) {
  const double right = plot.left + plot.width;
  const double bottom = plot.top + plot_height;
  for (const Tick& tick : plot.y.ticks) {
    const double row = plot.row(tick.value);
    svg.line({plot.left, row}, {right, row}, {.colour = pale});
    svg.text({plot.left - near, row + baseline}, tick.label, {.anchor = "end", .colour = grey});
  }
  for (const Tick& tick : plot.x.ticks) {
    const double column = plot.column(tick.value);
    svg.line({column, plot.top}, {column, bottom}, {.colour = pale});
    svg.text({column, bottom + near + font_size}, tick.label, {.anchor = "middle", .colour = grey});
  }
  svg.line({plot.left, bottom}, {right, bottom}, {.colour = grey});
  svg.text({(plot.left + right) / 2, bottom + x_axis_height - near}, x_label, {.anchor = "middle"});
}

void draw_chart(Svg& svg, const LineChart& chart, Point corner, double width) {
  const Plot plot = plot_of(chart, corner, width);
  const std::string heading = chart.title + (plot.y.logarithmic ? ", logarithmic" : "");
  svg.text({corner.x, corner.y + font_size}, cut_to_width(heading, width, font_size),
           {.bold = true});
  draw_axes(svg, plot, chart.x_label);
  if (plot.x.ticks.empty() && plot.y.ticks.empty()) {
    svg.text({plot.left + plot.width / 2, plot.top + plot_height / 2}, "no finite values",
             {.anchor = "middle", .colour = grey});
  }
  for (const Series& series : chart.series) draw_curve(svg, series, plot);
}

// Entries in columns of one width, each filled from top to bottom.
class Legend {
 public:
  Legend(const std::vector<LineChart>& charts, double width) {
    double widest = 0;
    for (const LineChart& chart : charts) {
      for (const Series& series : chart.series) {
        const bool known = std::ranges::any_of(entries_, [&](const Series* other) {
          return other->label == series.label && other->style == series.style &&
                 other->dashed == series.dashed;
        });
        if (known) continue;
        entries_.push_back(&series);
        widest = std::max(widest, text_width(series.label, font_size));
      }
    }
    constexpr double apart = 16;
    column_width_ = std::min(key_width + near + widest + apart, width);
    const auto columns = std::max<std::size_t>(static_cast<std::size_t>(width / column_width_), 1);
    rows_ = (entries_.size() + columns - 1) / columns;
  }

  double height() const { return static_cast<double>(rows_) * line_height; }

  void draw(Svg& svg, Point corner) const {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Series& series = *entries_[i];
      const std::size_t column = i / rows_;
      const double x = corner.x + static_cast<double>(column) * column_width_;
      const double y = corner.y + (static_cast<double>(i % rows_) + 0.5) * line_height;
      svg.line({x, y}, {x + key_width, y}, stroke_of(series));
      svg.text({x + key_width + near, y + baseline},
               cut_to_width(series.label, column_width_ - key_width - near, font_size));
    }
  }

 private:
  std::vector<const Series*> entries_;
  double column_width_ = 0;
  std::size_t rows_ = 0;
};

}  // namespace

std::string draw_charts(const std::vector<LineChart>& charts, const std::string& title) {
  if (charts.empty()) throw ValueError("draw_charts: no charts: expected at least one");
  const double each = charts.size() == 1 ? single_chart_width : chart_width;
  const double width = static_cast<double>(charts.size()) * (each + outer) + outer;
  const Legend legend(charts, width - 2 * outer);
  const double top = outer + (title.empty() ? 0 : title_height);
  const double bottom = top + heading_height + plot_height + x_axis_height + near;
  Svg svg(width, bottom + legend.height() + outer / 2, title);
  if (!title.empty()) {
    svg.text({outer, outer + title_size}, cut_to_width(title, width - 2 * outer, title_size),
             {.size = title_size, .bold = true});
  }
  double left = outer;
  for (const LineChart& chart : charts) {
    draw_chart(svg, chart, {left, top}, each - outer);
    left += each + outer;
  }
  legend.draw(svg, {outer, bottom});
  return svg.str();
}

}  // namespace nabla::insight
