#include "nabla/train/run_record.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t columns = 6;

std::optional<double> known(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

std::string prefix_of(std::size_t callback) { return str("callback.", callback, "."); }

}  // namespace

void add_place(TensorFile& file, const RunPlace& place) {
  file.tensors.push_back(
      {"run.counts", Tensor::from<std::int64_t>({place.epochs_done, place.batches}, {2})});
  file.tensors.push_back(
      {"run.sums", Tensor::from<double>({place.loss, place.samples, place.seconds}, {3})});
}

void add_history(TensorFile& file, const std::vector<EpochRecord>& epochs,
                 const std::string& stop_reason) {
  std::vector<double> values;
  for (const EpochRecord& record : epochs) {
    values.insert(values.end(),
                  {static_cast<double>(record.epoch), record.train_loss,
                   record.validation_loss.value_or(none), record.validation_accuracy.value_or(none),
                   record.seconds, record.samples_per_second});
  }
  const auto rows = static_cast<std::int64_t>(epochs.size());
  file.tensors.push_back({"run.history", Tensor::from(values, {rows, columns})});
  file.metadata["stop_reason"] = stop_reason;
}

void add_callback_memory(TensorFile& file, const TensorFile& memory, std::size_t index) {
  for (const auto& [name, value] : memory.tensors) {
    file.tensors.push_back({prefix_of(index) + name, value});
  }
  for (const auto& [key, text] : memory.metadata) file.metadata[prefix_of(index) + key] = text;
}

TensorFile callback_memory(const TensorFile& file, std::size_t index) {
  const std::string prefix = prefix_of(index);
  TensorFile memory;
  for (const auto& [name, value] : file.tensors) {
    if (name.starts_with(prefix)) memory.tensors.push_back({name.substr(prefix.size()), value});
  }
  for (const auto& [key, text] : file.metadata) {
    if (key.starts_with(prefix)) memory.metadata[key.substr(prefix.size())] = text;
  }
  return memory;
}

void check_callback_count(const TensorFile& file, std::size_t callbacks,
                          const std::string& source) {
  const auto check = [&](const std::string& name) {
    bool is_taken = !name.starts_with("callback.");
    for (std::size_t i = 0; i < callbacks && !is_taken; ++i) {
      is_taken = name.starts_with(prefix_of(i));
    }
    if (is_taken) return;
    throw ValueError(str(source, ": has ", quote(name), ", which none of ", callbacks,
                         " callbacks takes: expected the callbacks of the run in their order"));
  };
  for (const NamedTensor& tensor : file.tensors) check(tensor.name);
  for (const auto& [key, text] : file.metadata) check(key);
}

RunRecord read_record(const TensorFile& file, const std::string& source) {
  RunRecord record;
  const auto counts =
      tensor_of(file, "run.counts", {DType::i64, {2}}, source).to_vector<std::int64_t>();
  const auto sums = tensor_of(file, "run.sums", {DType::f64, {3}}, source).to_doubles();
  record.place = {counts[0], counts[1], sums[0], sums[1], sums[2]};
  const auto history = std::ranges::find(file.tensors, "run.history", &NamedTensor::name);
  const std::int64_t rows =
      history == file.tensors.end() || history->value.rank() != 2 ? 0 : history->value.shape()[0];
  const auto values =
      tensor_of(file, "run.history", {DType::f64, {rows, columns}}, source).to_doubles();
  for (std::size_t i = 0; i < values.size(); i += columns) {
    record.epochs.push_back({.epoch = static_cast<std::int64_t>(values[i]),
                             .train_loss = values[i + 1],
                             .validation_loss = known(values[i + 2]),
                             .validation_accuracy = known(values[i + 3]),
                             .seconds = values[i + 4],
                             .samples_per_second = values[i + 5]});
  }
  if (const auto reason = file.metadata.find("stop_reason"); reason != file.metadata.end()) {
    record.stop_reason = reason->second;
  }
  if (counts[0] < 0 || counts[1] < 0) {
    throw FileError(str(source, ": tensor \"run.counts\": expected at least 0 of each"));
  }
  return record;
}

Tensor tensor_of(const TensorFile& file, const std::string& name, const Spec& spec,
                 const std::string& source) {
  const auto found = std::ranges::find(file.tensors, name, &NamedTensor::name);
  if (found == file.tensors.end()) {
    throw FileError(str(source, ": tensor ", quote(name), ": expected ", spec, ", found none"));
  }
  if (found->value.spec() != spec) {
    throw FileError(str(source, ": tensor ", quote(name), ": expected ", spec, ", found ",
                        found->value.spec()));
  }
  return found->value;
}

}  // namespace nabla
