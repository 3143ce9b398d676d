#include "nabla/cli/history_csv.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla::cli {
namespace {

const std::string loss_suffix = "_loss";
const std::string accuracy_suffix = "_accuracy";

// A field of the file, and where it stands.
struct Field {
  std::string_view text;
  std::size_t line = 0;
  std::size_t column = 0;  // in bytes, from 1
};

class Reader {
 public:
  Reader(std::string_view csv, std::string source) : rest_(csv), source_(std::move(source)) {
    header_ = row();
    const auto loss = std::ranges::find_if(header_, [](const Field& field) {
      return field.text.ends_with(loss_suffix) && field.text != "train_loss";
    });
    if (loss != header_.end()) {
      judge_ = loss->text.substr(0, loss->text.size() - loss_suffix.size());
    }
    for (const std::string_view name : {"epoch", "train_loss"}) {
      if (!place_of(name)) {
        fail({"", 1, 1}, str("expected the header of a history, which has a column ", name));
      }
    }
  }

  insight::NamedHistory read() {
    insight::NamedHistory run;
    if (!judge_.empty()) run.judged_by = judge_;
    while (!rest_.empty()) {
      const std::vector<Field> fields = row();
      if (fields.size() != header_.size()) {
        fail(fields.back(), str("the row ends with field ", fields.size(), " of ", header_.size()));
      }
      const std::int64_t last = run.epochs.empty() ? 0 : run.epochs.back().epoch;
      run.epochs.push_back(record(fields, last));
    }
    if (run.epochs.empty()) {
      throw FileError(source_ + ": no epochs: expected a row for each below the header");
    }
    return run;
  }

 private:
  [[noreturn]] void fail(const Field& field, const std::string& what) const {
    throw FileError(str(source_, ":", field.line, ":", field.column, ": ", what));
  }

  // Takes a line from the rest.
  std::vector<Field> row() {
    ++line_;
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (text.ends_with('\r')) text.remove_suffix(1);
    std::vector<Field> fields;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t comma = std::min(text.find(',', begin), text.size());
      fields.push_back({text.substr(begin, comma - begin), line_, begin + 1});
      begin = comma + 1;
    }
    return fields;
  }

  std::optional<std::size_t> place_of(std::string_view name) const {
    const auto found = std::ranges::find(header_, name, &Field::text);
    if (found == header_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - header_.begin());
  }

  template <class Number>
  Number number(const Field& field, std::string_view expected) const {
    Number value{};
    const char* end = field.text.data() + field.text.size();
    const auto [stop, error] = std::from_chars(field.text.data(), end, value);
    if (error != std::errc() || stop != end) {
      fail(field, str("expected ", expected, ", found ", quote(field.text)));
    }
    return value;
  }

  // A number that a history may lack.
  std::optional<double> optional(const std::vector<Field>& fields, const std::string& name) const {
    const std::optional<std::size_t> place = place_of(name);
    if (!place || fields[*place].text.empty()) return std::nullopt;
    return number<double>(fields[*place], "a number");
  }

  EpochRecord record(const std::vector<Field>& fields, std::int64_t last_epoch) const {
    const Field& epoch = fields[*place_of("epoch")];
    EpochRecord record{.epoch = number<std::int64_t>(epoch, "the number of an epoch"),
                       .train_loss = number<double>(fields[*place_of("train_loss")], "a number")};
    if (record.epoch <= last_epoch) {
      fail(epoch, str("expected an epoch above ", last_epoch, ", found ", record.epoch));
    }
    if (!judge_.empty()) {
      record.validation_loss = optional(fields, judge_ + loss_suffix);
      record.validation_accuracy = optional(fields, judge_ + accuracy_suffix);
    }
    record.seconds = optional(fields, "seconds").value_or(0);
    record.samples_per_second = optional(fields, "samples_per_second").value_or(0);
    return record;
  }

  std::string_view rest_;
  std::string source_;
  std::size_t line_ = 0;
  std::vector<Field> header_;
  std::string judge_;
};

}  // namespace

std::string history_csv(const History& history, const std::string& judge) {
  std::string csv = str("epoch,train_loss,", judge, loss_suffix, ",", judge, accuracy_suffix,
                        ",seconds,samples_per_second\n");
  for (const EpochRecord& record : history.epochs) {
    const auto& accuracy = record.validation_accuracy;
    csv += str(record.epoch, ",", shortest(record.train_loss), ",",
               shortest(*record.validation_loss), ",", accuracy ? shortest(*accuracy) : "", ",",
               shortest(record.seconds), ",", shortest(record.samples_per_second), "\n");
  }
  return csv;
}

insight::NamedHistory read_history_csv(std::string_view csv, const std::string& source) {
  return Reader(csv, source).read();
}

}  // namespace nabla::cli
