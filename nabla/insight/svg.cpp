#include "nabla/insight/svg.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/base/utf8.h"

namespace nabla::insight {
namespace {

constexpr std::string_view font =
    "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

// In tenths of a pixel, the same in every locale: "12.3".
std::string pixels(double value) {
  constexpr double most = 1e6;  // no screen is larger
  if (!std::isfinite(value)) {
    throw ValueError(str("a coordinate of a picture is ", value, ": expected a finite number"));
  }
  const double rounded = std::round(10 * std::clamp(value, -most, most)) / 10;
  std::array<char, 16> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(),
                                          rounded == 0 ? 0 : rounded, std::chars_format::fixed);
  return {text.data(), end};
}

std::string attributes(const Stroke& stroke) {
  std::string text = str(" stroke=\"", stroke.colour, "\"");
  if (stroke.width != 1) text += str(" stroke-width=\"", shortest(stroke.width), "\"");
  if (!stroke.dashes.empty()) text += str(" stroke-dasharray=\"", stroke.dashes, "\"");
  return text;
}

// Of the font's size, as in DejaVu Sans, which is wide; scripts of East Asia are as wide as high.
double width_of(char32_t code) {
  constexpr double narrow = 0.42;
  constexpr double usual = 0.64;
  constexpr double capital = 0.78;
  if (code < 0x80) {
    const char c = static_cast<char>(code);
    if (std::string_view(" !'(),-./:;I[]fijlrt|").find(c) != std::string_view::npos) return narrow;
    if (std::string_view("%@MWmw").find(c) != std::string_view::npos) return 1;
    return c >= 'A' && c <= 'Z' ? capital : usual;
  }
  const bool alphabet = code < 0x1100 || (code >= 0x1e00 && code <= 0x2bff);
  return alphabet ? capital : 1;
}

bool is_xml_character(char32_t code) {
  return (code >= 0x20 && code != 0xfffe && code != 0xffff) || code == '\t' || code == '\n' ||
         code == '\r';
}

}  // namespace

std::string xml_text(std::string_view text) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD
  std::string xml;
  while (!text.empty()) {
    const auto [length, code] = utf8_front(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0 || !is_xml_character(code)) {
      xml += replacement;
    } else if (code == '<') {
      xml += "&lt;";
    } else if (code == '>') {
      xml += "&gt;";
    } else if (code == '&') {
      xml += "&amp;";
    } else if (code == '"') {
      xml += "&quot;";
    } else if (code == '\'') {
      xml += "&#39;";
    } else {
      xml += character;
    }
    text.remove_prefix(character.size());
  }
  return xml;
}

double text_width(std::string_view text, double font_size) {
  double width = 0;
  while (!text.empty()) {
    const auto [length, code] = utf8_front(text);
    width += width_of(code);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return width * font_size;
}

std::string cut_to_width(std::string_view text, double width, double font_size) {
  constexpr std::string_view ellipsis = "\xe2\x80\xa6";
  if (text_width(text, font_size) <= width) return std::string(text);
  double room = width - text_width(ellipsis, font_size);
  std::size_t kept = 0;
  while (true) {
    const auto [length, code] = utf8_front(text.substr(kept));
    room -= width_of(code) * font_size;
    if (room < 0) return str(text.substr(0, kept), ellipsis);
    kept += std::max<std::size_t>(length, 1);
  }
}

Svg::Svg(double width, double height, std::string_view name) {
  const std::string w = pixels(width);
  const std::string h = pixels(height);
  shapes_ =
      nabla::str("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", w, "\" height=\"", h,
                 "\" viewBox=\"0 0 ", w, " ", h, "\" font-family=\"", font, "\" role=\"img\">\n");
  if (!name.empty()) shapes_ += nabla::str("<title>", xml_text(name), "</title>\n");
  shapes_ += nabla::str("<rect width=\"", w, "\" height=\"", h, "\" fill=\"#fff\"/>\n");
}

void Svg::line(Point from, Point to, const Stroke& stroke) {
  shapes_ += nabla::str("<line x1=\"", pixels(from.x), "\" y1=\"", pixels(from.y), "\" x2=\"",
                        pixels(to.x), "\" y2=\"", pixels(to.y), "\"", attributes(stroke), "/>\n");
}

void Svg::polyline(std::span<const Point> points, const Stroke& stroke) {
  shapes_ += nabla::str("<polyline fill=\"none\" stroke-linejoin=\"round\"", attributes(stroke),
                        " points=\"");
  for (const Point& point : points) shapes_ += pixels(point.x) + "," + pixels(point.y) + " ";
  if (!points.empty()) shapes_.pop_back();
  shapes_ += "\"/>\n";
}

void Svg::circle(Point centre, double radius, std::string_view fill, const Stroke& stroke) {
  shapes_ += nabla::str("<circle cx=\"", pixels(centre.x), "\" cy=\"", pixels(centre.y), "\" r=\"",
                        pixels(radius), "\" fill=\"", fill, "\"", attributes(stroke), "/>\n");
}

void Svg::text(Point at, std::string_view text, const TextStyle& style) {
  shapes_ += nabla::str("<text x=\"", pixels(at.x), "\" y=\"", pixels(at.y), "\" font-size=\"",
                        pixels(style.size), "\" fill=\"", style.colour, "\"");
  if (style.anchor != "start") shapes_ += nabla::str(" text-anchor=\"", style.anchor, "\"");
  if (style.bold) shapes_ += " font-weight=\"bold\"";
  shapes_ += nabla::str(">", xml_text(text), "</text>\n");
}

}  // namespace nabla::insight
