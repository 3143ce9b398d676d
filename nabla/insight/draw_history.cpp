#include "nabla/insight/draw_history.h"

#include <cmath>
#include <limits>
#include <utility>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/insight/line_chart.h"

namespace nabla::insight {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

// The value of each epoch; nothing where no epoch has one.
template <class Value>
void add_series(LineChart& chart, Series series, const std::vector<EpochRecord>& epochs,
                const Value& value) {
  bool is_empty = true;
  for (const EpochRecord& record : epochs) {
    const std::optional<double> known = value(record);
    is_empty = is_empty && !known;
    series.points.push_back({static_cast<double>(record.epoch), known.value_or(none)});
  }
  if (!is_empty) chart.series.push_back(std::move(series));
}

}  // namespace

std::string draw_history(const std::vector<NamedHistory>& runs) {
  if (runs.empty()) throw ValueError("draw_history: no runs: expected at least one");
  LineChart loss{.title = "loss", .x_label = "epoch"};
  LineChart accuracy{.title = "accuracy, %", .x_label = "epoch", .y_scale = Scale::linear};
  int style = 0;
  for (const auto& [name, epochs, judged_by] : runs) {
    if (epochs.empty()) {
      throw ValueError(str("draw_history: run ", quote(name), " has no epochs: expected one"));
    }
    const bool single = runs.size() == 1;
    const std::string before = single ? "" : name + ": ";
    const Series train{.label = before + "train", .style = style};
    const Series judged{
        .label = before + judged_by, .style = single ? style + 1 : style, .dashed = true};
    add_series(loss, train, epochs,
               [](const EpochRecord& r) { return std::optional(r.train_loss); });
    add_series(loss, judged, epochs, [](const EpochRecord& r) { return r.validation_loss; });
    add_series(accuracy, judged, epochs, [](const EpochRecord& r) {
      constexpr double percent = 100;
      return r.validation_accuracy ? std::optional(percent * *r.validation_accuracy) : std::nullopt;
    });
    ++style;  // several runs have a colour each
  }
  std::vector<LineChart> charts = {std::move(loss)};
  if (!accuracy.series.empty()) charts.push_back(std::move(accuracy));
  return draw_charts(charts, runs.size() == 1 ? runs.front().name : "");
}

}  // namespace nabla::insight
