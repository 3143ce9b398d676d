/// Options by name: tables that make texts, checks, canonical text, --help and documents agree.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "nabla/base/syntax.h"

namespace nabla {

/// The numbers that an option takes, all of them finite.
struct Range {
  double least = std::numeric_limits<double>::lowest();
  double most = std::numeric_limits<double>::max();
  bool above = false;           ///< `least` itself is too little
  bool below = false;           ///< `most` itself is too much
  std::string_view words = {};  ///< in messages; default: made from the numbers

  /// Whether the number is one of them.
  bool holds(double number) const;
  /// The part of it that f32 has: what options are used with is f32, where more is infinite.
  constexpr Range in_f32() const {
    constexpr double largest = std::numeric_limits<float>::max();
    Range part = *this;
    part.least = std::max(least, -largest);
    part.most = std::min(most, largest);
    return part;
  }
  /// "at least 0 and below 1"; empty for all numbers.
  std::string text() const;
  /// Throws ValueError "adam: beta1 2: expected at least 0 and below 1" unless it holds the number.
  void check(std::string_view who, std::string_view option, double number) const;
};
/// `least` and all above.
constexpr Range at_least(double least) { return {.least = least}; }
/// Both ends, and all between.
constexpr Range from_to(double least, double most) { return {.least = least, .most = most}; }
/// All above 0.
inline constexpr Range above_zero = {.least = 0, .above = true};
/// At least 0 and below 1.
inline constexpr Range fraction = {.least = 0, .most = 1, .below = true};

/// How values of type T are read and written. An option can have every type for which there is such
/// a struct. `read` gives none for a value of another kind, and throws SyntaxError for a mistake
/// inside of it; `text` of a value that is not there is empty; `kind` is "a number".
template <class T>
struct OptionKind;

template <>
struct OptionKind<double> {
  static std::optional<double> read(const TermArgument& argument);
  static std::string text(double value) { return text_of(value); }
  static std::string kind() { return "a number"; }
  static bool holds(const Range& range, double value) { return range.holds(value); }
};

/// Whole numbers of up to 53 bits, which f64 has exactly.
template <>
struct OptionKind<std::int64_t> {
  static std::optional<std::int64_t> read(const TermArgument& argument);
  static std::string text(std::int64_t value) { return std::to_string(value); }
  static std::string kind() { return "a whole number"; }
  static bool holds(const Range& range, std::int64_t value) {
    return std::abs(value) <= largest && range.holds(static_cast<double>(value));
  }
  static constexpr std::int64_t largest = std::int64_t{1} << 53;
};

/// true or false; 1 and 0 are read, too.
template <>
struct OptionKind<bool> {
  static std::optional<bool> read(const TermArgument& argument);
  static std::string text(bool value) { return value ? "true" : "false"; }
  static std::string kind() { return "true or false"; }
  static bool holds(const Range&, bool) { return true; }
};

/// Which of the words an argument is; none: none of them.
std::optional<std::size_t> word_index(const TermArgument& argument,
                                      std::span<const std::string_view> words);
/// "mean, sum or none"
std::string alternatives(std::span<const std::string_view> words);

/// Enumerations 0, 1, ... whose words stand beside them, in this order:
///
///     enum class Reduction { mean, sum };
///     constexpr std::array<std::string_view, 2> words_of(Reduction) { return {"mean", "sum"}; }
template <class T>
requires std::is_enum_v<T>
struct OptionKind<T> {
  static constexpr auto words = words_of(T{});
  static std::optional<T> read(const TermArgument& argument) {
    const auto index = word_index(argument, words);
    return index ? std::optional(static_cast<T>(*index)) : std::nullopt;
  }
  static std::string text(T value) {
    const auto index = static_cast<std::size_t>(value);
    return index < words.size() ? std::string(words[index]) : "";
  }
  static std::string kind() { return alternatives(words); }
  static bool holds(const Range&, T value) { return !text(value).empty(); }
};

/// A value that may be missing, and is then not written.
template <class T>
struct OptionKind<std::optional<T>> {
  static std::optional<std::optional<T>> read(const TermArgument& argument) {
    std::optional<std::optional<T>> result;
    if (auto value = OptionKind<T>::read(argument)) result.emplace(std::move(value));
    return result;
  }
  static std::string text(const std::optional<T>& value) {
    return value ? OptionKind<T>::text(*value) : "";
  }
  static std::string kind() { return OptionKind<T>::kind(); }
  static bool holds(const Range& range, const std::optional<T>& value) {
    return !value || OptionKind<T>::holds(range, *value);
  }
};

/// How an option is written.
struct OptionStyle {
  bool by_place = false;  ///< in front, without its name; only behind others that are
  bool required = false;  ///< a text must give it
};

/// An option without its type; the functions take the aggregate that has the field.
struct OptionRow {
  std::string_view name;
  std::string_view doc;
  std::string kind;   ///< "a number"
  std::string range;  ///< "at least 0 and below 1", or empty
  OptionStyle style;
  std::function<bool(void* options, const TermArgument&)> read;  ///< false: another kind
  std::function<bool(const void* options)> holds;                ///< whether the range holds it
  std::function<std::string(const void* options)> text;
  std::string initial = {};  ///< the default; empty: none
};

/// A row for a field of the aggregate `Options`. Numbers are those that f32 has.
template <class Options>
struct Option : OptionRow {
  /// An option of this name, with a clause that says what it is, and the numbers that it takes.
  template <class T>
  Option(std::string_view name_, T Options::*field, std::string_view doc_, Range all = {},
         OptionStyle style_ = {})
      : Option(field, name_, doc_, std::same_as<T, double> ? all.in_f32() : all, style_) {}

 private:
  template <class T>
  Option(T Options::*field, std::string_view name_, std::string_view doc_, const Range& range_,
         OptionStyle style_)
      : OptionRow{
            .name = name_,
            .doc = doc_,
            .kind = OptionKind<T>::kind(),
            .range = range_.text(),
            .style = style_,
            .read =
                [field](void* options, const TermArgument& argument) {
                  auto value = OptionKind<T>::read(argument);
                  if (value) static_cast<Options*>(options)->*field = std::move(*value);
                  return value.has_value();
                },
            .holds =
                [field, range_](const void* options) {
                  return OptionKind<T>::holds(range_, static_cast<const Options*>(options)->*field);
                },
            .text =
                [field](const void* options) {
                  return OptionKind<T>::text(static_cast<const Options*>(options)->*field);
                },
        } {}
};

/// The options of a thing without their types; `options` points to the aggregate.
class OptionRows {
 public:
  /// `defaults` is an aggregate with the default values.
  OptionRows(std::vector<OptionRow> rows, const void* defaults);

  /// One for each option, in the order of texts.
  const std::vector<OptionRow>& rows() const { return rows_; }
  /// OptionTable::read, into an aggregate.
  void read(const Term& term, void* options) const;
  /// OptionTable::check.
  void check(std::string_view who, const void* options) const;
  /// OptionTable::text.
  std::string text(std::string_view name, const void* options) const;

 private:
  const OptionRow& row_of(const Term& term, std::size_t index) const;
  void read(const Term& term, const TermArgument& argument, const OptionRow& row,
            void* options) const;

  std::vector<OptionRow> rows_;
};

/// The options of a thing: the fields of an aggregate, whose default values are their defaults.
/// Each stands once, beside the fields:
/// ```cpp
/// struct StepOptions {
///   double learning_rate = 0.01;
///   double momentum = 0.9;
///
///   static const OptionTable<StepOptions>& table() {
///     static const OptionTable<StepOptions> options = {
///         {"learning_rate", &StepOptions::learning_rate, "size of a step", above_zero},
///         {"momentum", &StepOptions::momentum, "part of the last step", fraction}};
///     return options;
///   }
/// };
/// StepOptions::table().read(parse_term("rule", "mine(momentum=0.5)")).momentum;  // 0.5
/// ```
template <class Options>
class OptionTable : private OptionRows {
 public:
  /// A row for each option, in the order of texts.
  OptionTable(std::initializer_list<Option<Options>> options)
      : OptionRows({options.begin(), options.end()}, &initial()) {}

  /// The options that a text gives, the others at their defaults. Throws SyntaxError for one that
  /// is unknown, given twice, of another kind, out of its range, or required and missing.
  Options read(const Term& term) const {
    Options options;
    OptionRows::read(term, &options);
    return options;
  }
  /// Throws ValueError "adam: beta1 2: expected at least 0 and below 1" for one out of its range.
  void check(std::string_view who, const Options& options) const {
    OptionRows::check(who, &options);
  }
  /// The one way to write a thing of this name with these options: "adam(beta1=0.8)". Options that
  /// equal their defaults are left out.
  std::string text(std::string_view name, const Options& options) const {
    return OptionRows::text(name, &options);
  }
  /// The same without types.
  const OptionRows& rows() const { return *this; }

 private:
  static const Options& initial() {
    static const Options options;
    return options;
  }
};

/// The options of a thing that has none.
struct NoOptions {
  static const OptionTable<NoOptions>& table();
};

/// What is known of a thing that texts can name.
struct EntryInfo {
  std::string_view name;
  std::string_view doc;           ///< one clause
  std::string_view formula = {};  ///< what it computes
  std::string_view source = {};   ///< who published it: "Kingma and Ba, 2015"
  const OptionRows* options = &NoOptions::table().rows();
  std::size_t least_groups = 0;  ///< how many pairs of [...] must stand behind it
  std::size_t most_groups = 0;
};

/// Lines for --help: the thing and each option with default, sentence and range.
std::string help_text(std::span<const EntryInfo* const> entries);
/// A page of Markdown: a section for each thing.
std::string markdown_text(std::span<const EntryInfo* const> entries);

/// The entry that a term names. Throws SyntaxError for a name that is not among them, and where it
/// has too many or too few pairs of brackets.
std::size_t entry_index(std::span<const EntryInfo* const> entries, std::string_view noun,
                        const Term& term);

/// A thing that texts can name, and how one is made: `Make` is a function such as
/// `std::shared_ptr<Optimizer>(const Term&)`.
template <class Make>
struct Entry : EntryInfo {
  Make* make;
};

/// All things of one sort. The entries are in the order of the table.
template <class Make>
class EntryTable {
 public:
  /// `noun` is what messages call one: "optimizer".
  EntryTable(std::string_view noun, std::vector<Entry<Make>> entries)
      : noun_(noun), entries_(std::move(entries)) {
    for (const Entry<Make>& entry : entries_) infos_.push_back(&entry);
  }
  EntryTable(const EntryTable&) = delete;
  EntryTable& operator=(const EntryTable&) = delete;

  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  /// What messages call one.
  std::string_view noun() const { return noun_; }
  /// What is known of each, in order.
  std::span<const EntryInfo* const> infos() const { return infos_; }
  /// Whether one has this name.
  bool has(std::string_view name) const {
    return std::ranges::any_of(infos_, [&](const EntryInfo* info) { return info->name == name; });
  }
  /// Throws SyntaxError as entry_index() does.
  const Entry<Make>& find(const Term& term) const {
    return entries_[entry_index(infos_, noun_, term)];
  }

 private:
  std::string_view noun_;
  std::vector<Entry<Make>> entries_;
  std::vector<const EntryInfo*> infos_;
};

}  // namespace nabla
