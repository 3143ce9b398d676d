#include "nabla/base/options.h"

#include <algorithm>
#include <cmath>

#include "nabla/base/error.h"
#include "nabla/base/suggest.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

// The word of an argument; empty: it is more than a word.
std::string_view word_of(const TermArgument& argument) {
  const Term* term = std::get_if<Term>(&argument.value);
  const bool word = term != nullptr && term->arguments.empty() && term->groups.empty();
  return word ? std::string_view(term->name) : std::string_view();
}

std::string value_text(const TermArgument& argument) {
  if (const double* number = std::get_if<double>(&argument.value)) return text_of(*number);
  return quote(text_of(std::get<Term>(argument.value)));
}

// "a number, at least 0 and below 1"
std::string expectation(const OptionRow& row) {
  return row.range.empty() ? row.kind : str(row.kind, ", ", row.range);
}

std::string out_of_range(std::string_view who, std::string_view option, std::string_view value,
                         std::string_view expected) {
  return str(who, ": ", option, " ", value, ": expected ", expected);
}

std::string count_of(std::size_t count, std::string_view noun) {
  return str(count, " ", noun, count == 1 ? "" : "s");
}

// A bar would end the cell of a table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? "\\|" : std::string(1, c);
  return escaped;
}

}  // namespace

bool Range::holds(double number) const {
  return (above ? number > least : number >= least) && (below ? number < most : number <= most);
}

std::string Range::text() const {
  if (!words.empty()) return std::string(words);
  constexpr double largest_f32 = std::numeric_limits<float>::max();
  const bool from = least > std::numeric_limits<double>::lowest() && least != -largest_f32;
  const bool to = most < std::numeric_limits<double>::max() && most != largest_f32;
  if (from && to && !above && !below) return str(text_of(least), " to ", text_of(most));
  const std::string first = from ? str(above ? "above " : "at least ", text_of(least)) : "";
  const std::string last = to ? str(below ? "below " : "at most ", text_of(most)) : "";
  std::string text = str(first, from && to ? " and " : "", last);
  if (most != largest_f32) return text;
  return text.empty() ? "one that f32 has" : text + ", in f32";
}

void Range::check(std::string_view who, std::string_view option, double number) const {
  if (holds(number)) return;
  const std::string expected = text();
  throw ValueError(
      out_of_range(who, option, text_of(number), expected.empty() ? "a finite number" : expected));
}

std::optional<double> OptionKind<double>::read(const TermArgument& argument) {
  const double* number = std::get_if<double>(&argument.value);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

std::optional<std::int64_t> OptionKind<std::int64_t>::read(const TermArgument& argument) {
  const double* number = std::get_if<double>(&argument.value);
  const bool whole = number != nullptr && *number == std::trunc(*number) &&
                     std::abs(*number) <= static_cast<double>(largest);
  return whole ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

std::optional<bool> OptionKind<bool>::read(const TermArgument& argument) {
  const std::string_view word = word_of(argument);
  const double* number = std::get_if<double>(&argument.value);
  if (word == "true" || (number != nullptr && *number == 1)) return true;
  if (word == "false" || (number != nullptr && *number == 0)) return false;
  return {};
}

std::optional<std::size_t> word_index(const TermArgument& argument,
                                      std::span<const std::string_view> words) {
  const auto found = std::ranges::find(words, word_of(argument));
  if (found == words.end()) return {};
  return static_cast<std::size_t>(found - words.begin());
}

std::string alternatives(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += str(i == 0 ? "" : i + 1 == words.size() ? " or " : ", ", words[i]);
  }
  return text;
}

OptionRows::OptionRows(std::vector<OptionRow> rows, const void* defaults) : rows_(std::move(rows)) {
  for (OptionRow& row : rows_) {
    if (!row.style.required) row.initial = row.text(defaults);
  }
}

const OptionRow& OptionRows::row_of(const Term& term, std::size_t index) const {
  const TermArgument& argument = term.arguments[index];
  if (argument.name.empty()) {
    if (index < rows_.size() && rows_[index].style.by_place) {
      const bool behind_named = index > 0 && !term.arguments[index - 1].name.empty();
      if (!behind_named) return rows_[index];
      argument.place.fail(str(term.name, ": expected the option's name behind one with a name"));
    }
    const auto count = std::ranges::count(rows_, true, [](auto& r) { return r.style.by_place; });
    const std::size_t values = static_cast<std::size_t>(count);
    argument.place.fail(
        rows_.empty() ? str(term.name, " takes no options")
        : values == 0 ? str(term.name, ": expected the option's name before the value")
                      : str(term.name, " takes ", count_of(values, "value"), " without a name"));
  }
  const auto row = std::ranges::find(rows_, argument.name, &OptionRow::name);
  if (row != rows_.end()) return *row;
  if (rows_.empty()) argument.place.fail(str(term.name, " takes no options"));
  std::vector<std::string_view> names;
  for (const OptionRow& known : rows_) names.push_back(known.name);
  argument.place.fail(
      str(term.name, " has no option ", quote(argument.name), suggestion(argument.name, names)));
}

void OptionRows::read(const Term& term, const TermArgument& argument, const OptionRow& row,
                      void* options) const {
  const bool kind = row.read(options, argument);
  if (kind && row.holds(options)) return;
  const std::string expected = kind && !row.range.empty() ? row.range : expectation(row);
  argument.value_place.fail(out_of_range(term.name, row.name, value_text(argument), expected));
}

void OptionRows::read(const Term& term, void* options) const {
  std::vector<const OptionRow*> given;
  for (std::size_t i = 0; i < term.arguments.size(); ++i) {
    const OptionRow& row = row_of(term, i);
    if (std::ranges::find(given, &row) != given.end()) {
      term.arguments[i].place.fail(str(term.name, ": ", row.name, " is given twice"));
    }
    read(term, term.arguments[i], row, options);
    given.push_back(&row);
  }
  for (const OptionRow& row : rows_) {
    if (!row.style.required || std::ranges::find(given, &row) != given.end()) continue;
    term.place.fail(str(term.name, ": ", row.name, " is missing: expected ", expectation(row)));
  }
}

void OptionRows::check(std::string_view who, const void* options) const {
  for (const OptionRow& row : rows_) {
    if (row.holds(options)) continue;
    throw ValueError(
        out_of_range(who, row.name, row.text(options), row.range.empty() ? row.kind : row.range));
  }
}

std::string OptionRows::text(std::string_view name, const void* options) const {
  std::vector<std::string> values;
  bool in_front = true;  // so far, all that can be given by place are
  for (const OptionRow& row : rows_) {
    const std::string value = row.text(options);
    const bool left_out = value.empty() || (!row.style.required && value == row.initial);
    in_front = in_front && row.style.by_place && !left_out;
    if (!left_out) values.push_back(in_front ? value : str(row.name, "=", value));
  }
  return values.empty() ? std::string(name) : str(name, "(", join(values, ", "), ")");
}

const OptionTable<NoOptions>& NoOptions::table() {
  static const OptionTable<NoOptions> none = {};
  return none;
}

std::size_t entry_index(std::span<const EntryInfo* const> entries, std::string_view noun,
                        const Term& term) {
  const auto found = std::ranges::find(entries, term.name, &EntryInfo::name);
  if (found == entries.end()) {
    std::vector<std::string_view> names;
    for (const EntryInfo* entry : entries) names.push_back(entry->name);
    term.place.fail(str("unknown ", noun, " ", quote(term.name), suggestion(term.name, names)));
  }
  const EntryInfo& entry = **found;
  const std::size_t groups = term.groups.size();
  if (groups < entry.least_groups) {
    term.place.fail(str(entry.name, ": expected ", count_of(entry.least_groups, "pair"),
                        " of [...] behind it, got ", groups));
  }
  if (groups > entry.most_groups) {
    term.place.fail(entry.most_groups == 0 ? str(entry.name, " takes no [...]")
                                           : str(entry.name, ": expected at most ",
                                                 count_of(entry.most_groups, "pair"),
                                                 " of [...] behind it, got ", groups));
  }
  return static_cast<std::size_t>(found - entries.begin());
}

std::string help_text(std::span<const EntryInfo* const> entries) {
  constexpr std::size_t least = 26;
  const auto left_of = [](const OptionRow& row) {
    return str(row.name, row.initial.empty() ? "" : "=" + row.initial);
  };
  std::size_t column = least;
  for (const EntryInfo* entry : entries) {
    for (const OptionRow& row : entry->options->rows()) {
      column = std::max(column, left_of(row).size() + 6);  // 4 in front, 2 behind
    }
  }
  const auto line = [=](std::string_view indent, std::string left, std::string_view right) {
    left.insert(0, indent);
    left.append(left.size() < column ? column - left.size() : 1, ' ');
    return str(left, right, "\n");
  };
  std::string text;
  for (const EntryInfo* entry : entries) {
    text += line("  ", std::string(entry->name), entry->doc);
    for (const OptionRow& row : entry->options->rows()) {
      text += line("    ", left_of(row), str(row.doc, "; ", expectation(row)));
    }
  }
  return text;
}

std::string markdown_text(std::span<const EntryInfo* const> entries) {
  std::string text;
  for (const EntryInfo* entry : entries) {
    text += str(text.empty() ? "" : "\n", "## ", entry->name, "\n\n", entry->doc);
    if (!entry->formula.empty()) text += str(": `", entry->formula, "`");
    text += entry->source.empty() ? str(".\n") : str(" (", entry->source, ").\n");
    if (entry->options->rows().empty()) continue;
    text += "\n| option | default | takes | meaning |\n|---|---|---|---|\n";
    for (const OptionRow& row : entry->options->rows()) {
      text += str("| `", row.name, "` | ", row.initial.empty() ? "" : str("`", row.initial, "`"),
                  " | ", cell(expectation(row)), " | ", cell(row.doc), " |\n");
    }
  }
  return text;
}

}  // namespace nabla
