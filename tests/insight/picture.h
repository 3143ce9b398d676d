/// What tests see in a picture.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nabla::test {

/// Why a text is no XML as nabla writes it: every tag is closed, in order, every attribute quoted,
/// every < and & an entity or part of a tag. Empty: it is.
inline std::string xml_fault(std::string_view xml) {
  const std::vector<std::string_view> entities = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
  std::vector<std::string> open;
  std::size_t at = 0;
  const auto near = [&](const std::string& what) {
    return what + " at \"" + std::string(xml.substr(at, 40)) + "\"";
  };
  bool had_root = false;
  while (at < xml.size()) {
    if (xml[at] == '&') {
      const bool known =
          std::ranges::any_of(entities, [&](auto e) { return xml.substr(at).starts_with(e); });
      if (!known) return near("a bare &");
    }
    if (xml[at] != '<') {
      if (open.empty() && xml[at] != '\n') return near("text outside");
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    std::size_t quotes = 0;
    while (end < xml.size() && (xml[end] != '>' || quotes % 2 == 1)) {
      if (xml[end] == '<') return near("< in a tag");
      if (xml[end++] == '"') ++quotes;
    }
    if (end == xml.size() || quotes % 2 == 1) return near("a tag without end");
    const std::string_view tag = xml.substr(at + 1, end - at - 1);
    if (std::ranges::count(tag, '=') < static_cast<std::ptrdiff_t>(quotes / 2)) {
      return near("an attribute without =");
    }
    const std::string name(tag.substr(0, tag.find_first_of(" /", 1)));
    if (tag.starts_with('/')) {
      if (open.empty() || "/" + open.back() != name) return near("the end of another tag");
      open.pop_back();
    } else {
      if (open.empty() && had_root) return near("a second root");
      had_root = true;
      if (!tag.ends_with('/')) open.push_back(name);
    }
    at = end + 1;
  }
  return open.empty() && had_root ? "" : "not all tags are closed";
}

/// The value of an attribute of each element of that name.
inline std::vector<std::string> attributes(std::string_view svg, const std::string& element,
                                           const std::string& attribute) {
  std::vector<std::string> values;
  const std::string begin = "<" + element + " ";
  for (std::size_t at = svg.find(begin); at != std::string_view::npos;
       at = svg.find(begin, at + 1)) {
    const std::string_view tag = svg.substr(at, svg.find('>', at) - at);
    const std::string key = " " + attribute + "=\"";
    const std::size_t from = tag.find(key);
    if (from == std::string_view::npos) continue;
    const std::size_t value = from + key.size();
    values.emplace_back(tag.substr(value, tag.find('"', value) - value));
  }
  return values;
}

/// The numbers of a list, such as the points of a polyline: x, y, x, y, ...
inline std::vector<double> numbers(std::string_view list) {
  std::vector<double> values;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (at != end) {
    double value = NAN;
    at = std::from_chars(at, end, value).ptr;
    values.push_back(value);
    if (at != end) ++at;
  }
  return values;
}

/// The texts of a picture.
inline std::vector<std::string> texts(std::string_view svg) {
  std::vector<std::string> all;
  for (std::size_t at = svg.find("<text "); at != std::string_view::npos;
       at = svg.find("<text ", at + 1)) {
    const std::size_t begin = svg.find('>', at) + 1;
    all.emplace_back(svg.substr(begin, svg.find('<', begin) - begin));
  }
  return all;
}

}  // namespace nabla::test
