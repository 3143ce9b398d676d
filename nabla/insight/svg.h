/// Pictures as SVG texts (w3.org/TR/SVG11), shape by shape.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace nabla::insight {

/// Of a picture, in pixels from its left upper corner; of a curve, in the units of its axes.
struct Point {
  double x = 0;
  double y = 0;
};

/// How a line is drawn.
struct Stroke {
  std::string_view colour = "#000";
  double width = 1;
  std::string_view dashes;  ///< lengths of dashes and gaps, "5 3"; empty: solid
};

/// How a text is drawn.
struct TextStyle {
  std::string_view anchor = "start";  ///< which end lies at the point: start, middle, end
  std::string_view colour = "#333";
  double size = 12;
  bool bold = false;
};

/// A picture, white where nothing is drawn. Coordinates must be finite, and are rounded to tenths
/// of a pixel; texts may hold any bytes.
class Svg {
 public:
  /// `name` is what screen readers say.
  Svg(double width, double height, std::string_view name);

  /// A straight line.
  void line(Point from, Point to, const Stroke& stroke);
  /// Straight lines from point to point.
  void polyline(std::span<const Point> points, const Stroke& stroke);
  /// A filled circle with a border.
  void circle(Point centre, double radius, std::string_view fill, const Stroke& stroke);
  /// One line of text.
  void text(Point at, std::string_view text, const TextStyle& style = {});

  /// The whole picture, as the content of a file.
  std::string str() const { return shapes_ + "</svg>\n"; }

 private:
  std::string shapes_;
};

/// The text as XML writes it, between tags and in quotes: < > & " ' as entities. What is not UTF-8,
/// and control characters, which XML 1.0 does not take, become U+FFFD.
std::string xml_text(std::string_view text);

/// About how many pixels wide a text of one line is, in a font of that size. It depends on the
/// font; this is an upper bound for usual ones.
double text_width(std::string_view text, double font_size);

/// The text, cut where it is too wide: the end becomes "...", as one character.
std::string cut_to_width(std::string_view text, double width, double font_size);

}  // namespace nabla::insight
