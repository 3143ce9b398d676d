#include "nabla/train/model_file.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "nabla/base/error.h"
#include "nabla/base/file.h"
#include "nabla/base/text.h"
#include "nabla/io/safetensors.h"
#include "nabla/nn/architecture.h"
#include "nabla/nn/loss.h"
#include "nabla/train/evaluator.h"

namespace nabla {
namespace {

constexpr int format_version = 2;  // 1: names with places, "1.dense.weight"; no random states

// What models are trained by where nothing else is said, and were in version 1.
std::string loss_of(const std::vector<std::string>& class_names) {
  return class_names.empty() ? "mean_squared_error" : "cross_entropy";
}

// The metadata of one file, whose path starts every message.
class Metadata {
 public:
  Metadata(const std::map<std::string, std::string>& entries, const std::string& path)
      : entries_(entries), path_(path) {}

  const std::string& text(const std::string& key) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) fail(key, "missing: expected a file that nabla wrote");
    return found->second;
  }

  std::string text_or(const std::string& key, const std::string& other) const {
    return entries_.contains(key) ? text(key) : other;
  }

  template <class Number>
  Number number(const std::string& key) const {
    const std::string& value = text(key);
    Number number{};
    const char* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, number);
    if (error != std::errc() || stop != end) fail(key, "is no number: " + quote(value));
    return number;
  }

  std::vector<std::string> names(const std::string& key) const {
    const std::string wrong = "is no JSON list of texts";
    // Lists in lists would take memory until the last one ends.
    using Event = nlohmann::json::parse_event_t;
    const auto is_flat = [&](int depth, Event event, const auto&) {
      const bool begins = event == Event::array_start || event == Event::object_start;
      if (depth > 0 && begins) fail(key, wrong);
      return true;
    };
    if (text(key).find('\0') != std::string::npos) fail(key, wrong);  // where the parser would stop
    const auto json = nlohmann::json::parse(text(key), is_flat, false);
    std::vector<std::string> names;
    if (!json.is_array()) fail(key, wrong);
    for (const auto& name : json) {
      if (!name.is_string()) fail(key, wrong);
      names.push_back(name.get<std::string>());
    }
    return names;
  }

  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    throw FileError(str(path_, ": metadata ", quote(key), " ", what));
  }

 private:
  const std::map<std::string, std::string>& entries_;
  const std::string& path_;
};

// Throws where the file is a model of a newer version.
int checked_version(const Metadata& metadata) {
  const int version = metadata.number<int>("format_version");
  if (version >= 1 && version <= format_version) return version;
  metadata.fail("format_version", str("is ", version, ": this program reads up to ", format_version,
                                      "; take the nabla that wrote it, or a newer one"));
}

ModelInfo read_info(const Metadata& metadata) {
  if (metadata.text("format") != model_format) metadata.fail("format", "is not nabla's");
  checked_version(metadata);
  ModelInfo info{.architecture = metadata.text("architecture"),
                 .outputs = metadata.number<std::int64_t>("outputs"),
                 .class_names = metadata.names("class_names"),
                 .input_scale = metadata.number<double>("input_scale"),
                 .loss = metadata.text_or("loss", loss_of(metadata.names("class_names"))),
                 .dataset = metadata.text("dataset"),
                 .seed = metadata.number<std::uint64_t>("seed")};
  try {
    if (!info.loss.empty()) static_cast<void>(nn::make_loss(info.loss));
  } catch (const ValueError& error) {
    metadata.fail("loss", error.what());
  }
  try {
    info.input_shape = parse_extents(metadata.text("input_shape"));
  } catch (const ValueError& error) {
    metadata.fail("input_shape", error.what());
  }
  if (!is_positive_f32(info.input_scale)) {
    metadata.fail("input_scale",
                  str("is ", info.input_scale, ": expected a positive number that f32 has"));
  }
  const auto classes = static_cast<std::int64_t>(info.class_names.size());
  if (info.outputs < 1 || (classes != 0 && classes != info.outputs)) {
    metadata.fail("outputs", str("is ", info.outputs, " with ", classes, " class names"));
  }
  return info;
}

std::string list_of_names(const std::vector<std::string>& names) {
  try {
    return nlohmann::json(names).dump();
  } catch (const nlohmann::json::exception&) {
    throw ValueError(str("the class names ", quote(join(names, ", ")), " are not UTF-8"));
  }
}

// Version 1 called tensors by the place of their layer: "3.dense.weight" is that of dense_2 where
// another dense stands before it.
void name_by_kind(std::vector<NamedTensor>& tensors) {
  std::map<std::string, std::map<std::size_t, std::size_t>> numbers;  // of each place, by kind
  const auto visit = [&](const auto& use) {
    for (NamedTensor& tensor : tensors) {
      std::size_t place = 0;
      const std::string& name = tensor.name;
      const auto [dot, error] = std::from_chars(name.data(), name.data() + name.size(), place);
      const auto first = static_cast<std::size_t>(dot - name.data());
      const std::size_t last = name.rfind('.');
      if (error != std::errc() || last == std::string::npos || last <= first) continue;
      use(tensor, name.substr(first + 1, last - first - 1), place, name.substr(last));
    }
  };
  visit([&](const NamedTensor&, const std::string& kind, std::size_t place, const std::string&) {
    numbers[kind][place] = 0;
  });
  for (auto& [kind, places] : numbers) {
    std::size_t number = 0;
    for (auto& [place, given] : places) given = ++number;
  }
  visit([&](NamedTensor& tensor, const std::string& kind, std::size_t place,
            const std::string& rest) { tensor.name = str(kind, "_", numbers[kind][place], rest); });
}

// The tensors of a file, under today's names where nabla wrote it.
TensorFile with_todays_names(TensorFile file, const std::string& path) {
  const auto format = file.metadata.find("format");
  if (format == file.metadata.end() || format->second != model_format) return file;
  if (checked_version(Metadata(file.metadata, path)) == 1) name_by_kind(file.tensors);
  return file;
}

// Assigns the values of states all at once, when none can fail any more.
class Assignments {
 public:
  explicit Assignments(const std::string& path) : path_(path) {}

  // Throws FileError where the tensor does not fit.
  void add(const nn::NamedState& state, const NamedTensor& tensor) {
    if (tensor.value.spec() != state.state.spec()) {
      fail(tensor.name, str("expected ", state.state.spec(), ", found ", tensor.value.spec()));
    }
    if (!is_finite(tensor.value)) fail(tensor.name, "expected finite numbers");
    all_.emplace_back(state.state, tensor.value);
  }
  void carry_out() const {
    for (const auto& [state, value] : all_) state.assign(value);
  }
  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    throw FileError(str(path_, ": tensor ", quote(name), ": ", what));
  }

 private:
  const std::string& path_;
  std::vector<std::pair<State, Tensor>> all_;
};

// By their names.
template <class Element>
std::map<std::string_view, const Element*> index_of(const std::vector<Element>& elements) {
  std::map<std::string_view, const Element*> index;
  for (const Element& element : elements) index[element.name] = &element;
  return index;
}

void assign(const nn::Layer& model, TensorFile of_any_version, const std::string& path) {
  const std::vector<nn::NamedState> states = model.states();
  const TensorFile file = with_todays_names(std::move(of_any_version), path);
  const auto tensors = index_of(file.tensors);
  const auto known = index_of(states);
  Assignments assignments(path);
  for (const nn::NamedState& each : states) {
    if (const auto tensor = tensors.find(each.name); tensor != tensors.end()) {
      assignments.add(each, *tensor->second);
    } else if (each.role != nn::Role::random) {  // which other programs do not write
      assignments.fail(each.name, str("expected ", each.state.spec(), ", found none of that name"));
    }
  }
  for (const NamedTensor& tensor : file.tensors) {
    if (!known.contains(tensor.name)) {
      assignments.fail(tensor.name,
                       str("found ", tensor.value.spec(), ", but the model has none of that name"));
    }
  }
  assignments.carry_out();
}

// What stands for the * of a pattern that matches the name.
std::string_view star_of(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  return name.substr(star, name.size() - (pattern.size() - 1));
}

void freeze(const nn::Layer& model, const std::vector<std::string>& names,
            const Metadata& metadata) {
  const std::vector<nn::NamedState> parameters = model.named_parameters();
  const auto known = index_of(parameters);
  for (const std::string& name : names) {
    if (!known.contains(name)) {
      metadata.fail("frozen", str("names ", quote(name), ", which is no parameter of the model"));
    }
    known.at(name)->state.set_frozen(true);
  }
}

}  // namespace

ModelInfo describe(const nn::Layer& model, const data::Dataset& dataset, std::uint64_t seed) {
  return describe(model, nn::make_loss(loss_of(dataset.class_names)), dataset, seed);
}

ModelInfo describe(const nn::Layer& model, const nn::Loss& loss, const data::Dataset& dataset,
                   std::uint64_t seed) {
  const Shape output = model.output_shape(dataset.sample_shape());
  const std::int64_t wanted = dataset.outputs();
  if (output != Shape{wanted}) {
    throw ShapeError(str("model ", quote(model.text()), " gives ", output,
                         " for a sample: data set ", quote(dataset.name), " needs [", wanted, "]"));
  }
  return {.architecture = model.text(),
          .input_shape = dataset.sample_shape(),
          .outputs = wanted,
          .class_names = dataset.class_names,
          .input_scale = dataset.input_scale,
          .loss = loss.text(),
          .dataset = dataset.name,
          .seed = seed};
}

Tensor ModelFile::predict(const data::Dataset& dataset) const {
  check_fits(info, dataset);
  return Evaluator(model, nn::mean_squared_error).predict(dataset);  // the loss is not asked for
}

std::vector<std::byte> encode_model(const nn::Layer& model, const ModelInfo& info) {
  if (model.output_shape(info.input_shape) != Shape{info.outputs}) {
    throw ShapeError(str("model ", quote(model.text()), " does not give ", info.outputs,
                         " numbers for inputs ", info.input_shape));
  }
  // What load_model would refuse.
  nn::check_architecture(model, info.architecture, info.input_shape, info.outputs);
  if (!info.loss.empty()) static_cast<void>(nn::make_loss(info.loss));
  if (!info.class_names.empty() &&
      static_cast<std::int64_t>(info.class_names.size()) != info.outputs) {
    throw ValueError(str("model ", quote(model.text()), ": ", info.class_names.size(),
                         " class names: expected none, or ", info.outputs));
  }
  if (!is_positive_f32(info.input_scale)) {
    throw ValueError(str("model ", quote(model.text()), ": input_scale ", info.input_scale,
                         ": expected a positive number that f32 has"));
  }
  TensorFile file;
  std::vector<std::string> frozen;
  for (const nn::NamedState& each : model.states()) {
    if (!is_finite(each.state.value())) {
      throw ValueError(
          str("model ", quote(model.text()), ": ", each.name, ": expected finite numbers"));
    }
    file.tensors.push_back({each.name, each.state.value()});
    if (each.state.is_frozen()) frozen.push_back(each.name);
  }
  file.metadata = {{"format", std::string(model_format)},
                   {"format_version", std::to_string(format_version)},
                   {"architecture", info.architecture},
                   {"input_shape", extents_text(info.input_shape)},
                   {"outputs", std::to_string(info.outputs)},
                   {"class_names", list_of_names(info.class_names)},
                   {"input_scale", shortest(info.input_scale)},
                   {"loss", info.loss},
                   {"dataset", info.dataset},
                   {"seed", std::to_string(info.seed)}};
  if (!frozen.empty()) file.metadata["frozen"] = list_of_names(frozen);
  return encode_safetensors(file);
}

void save_model(const std::string& path, const nn::Layer& model, const ModelInfo& info) {
  write_file_atomically(path, encode_model(model, info));
}

void save_model(const std::string& path, const nn::Layer& model, const data::Dataset& dataset) {
  save_model(path, model, describe(model, dataset));
}

ModelFile decode_model(std::span<const std::byte> bytes, const std::string& source) {
  const TensorFile file = decode_safetensors(bytes, source);
  const Metadata metadata(file.metadata, source);
  ModelInfo info = read_info(metadata);
  double held = 0;
  for (const NamedTensor& tensor : file.tensors) held += static_cast<double>(tensor.value.size());
  try {
    // The text may ask for little more memory than the file's tensors take.
    nn::Sequential model =
        nn::make_model(info.architecture, info.input_shape, info.outputs, 2 * held + 1e6);
    assign(model, file, source);
    if (file.metadata.contains("frozen")) freeze(model, metadata.names("frozen"), metadata);
    return {std::move(model), std::move(info)};
  } catch (const FileError&) {
    throw;
  } catch (const Error& error) {
    metadata.fail("architecture", str("does not fit the file: ", error.what()));
  }
}

ModelFile load_model(const std::string& path) { return decode_model(read_file(path), path); }

void load_parameters(const std::string& path, const nn::Layer& model) {
  assign(model, load_safetensors(path), path);
}

void load_part(const std::string& path, const nn::Layer& model, const LoadPartOptions& options) {
  const std::string& to = options.to.empty() ? options.from : options.to;
  for (const std::string& pattern : {options.from, to}) {
    if (std::ranges::count(pattern, '*') == 1) continue;
    throw ValueError(str("load_part: ", quote(pattern), ": expected a pattern with one *"));
  }
  const TensorFile file = with_todays_names(load_safetensors(path), path);
  const std::vector<nn::NamedState> states = model.states();
  auto known = index_of(states);
  for (const nn::NamedState& each : states) {
    for (const std::string& name : each.other_names) known[name] = &each;
  }
  Assignments assignments(path);
  bool found = false;
  std::vector<std::string> names;
  for (const NamedTensor& tensor : file.tensors) {
    names.push_back(tensor.name);
    if (!matches(options.from, tensor.name)) continue;
    found = true;
    std::string name = to;
    name.replace(name.find('*'), 1, star_of(options.from, tensor.name));
    const auto state = known.find(name);
    if (state == known.end()) {
      assignments.fail(tensor.name, str("is to become ", quote(name),
                                        ", but the model has nothing of that name"));
    }
    assignments.add(*state->second, tensor);
  }
  if (!found) {
    throw FileError(
        str(path, ": no tensor ", quote(options.from), ": expected some of: ", join(names, ", ")));
  }
  assignments.carry_out();
}

void check_fits(const ModelInfo& info, const data::Dataset& dataset) {
  if (dataset.sample_shape() != info.input_shape) {
    throw ShapeError(str("the model takes inputs ", info.input_shape, ", data set ",
                         quote(dataset.name), " has ", dataset.sample_shape()));
  }
  if (dataset.input_scale != info.input_scale) {
    throw ValueError(str("the model takes inputs times ", shortest(info.input_scale), ", data set ",
                         quote(dataset.name), " gives them times ", shortest(dataset.input_scale)));
  }
  if (!dataset.targets.defined()) return;
  if (dataset.class_names != info.class_names) {
    throw ValueError(str("the model knows ", info.class_names.size(), " classes (",
                         join(info.class_names, ", "), "), data set ", quote(dataset.name), " has ",
                         dataset.class_names.size(), " (", join(dataset.class_names, ", "), ")"));
  }
  if (dataset.outputs() != info.outputs) {
    throw ShapeError(str("the model predicts ", info.outputs, " numbers, data set ",
                         quote(dataset.name), " has ", dataset.outputs()));
  }
}

std::string extents_text(const Shape& shape) { return join(shape, "x"); }

Shape parse_extents(std::string_view text) {
  Shape shape;
  const char* at = text.data();
  const char* end = text.data() + text.size();
  while (at < end) {
    std::int64_t extent = 0;
    const auto [stop, error] = std::from_chars(at, end, extent);
    const bool ends_well = stop == end || (*stop == 'x' && stop + 1 < end);
    if (error != std::errc() || extent < 1 || !ends_well ||
        shape.rank() == max_rank - 1) {  // the batch is an axis, too
      throw ValueError(str(quote(text), " is no shape: expected extents such as 784 or 1x28x28"));
    }
    shape.push_back(extent);
    at = stop == end ? end : stop + 1;
  }
  return shape;
}

}  // namespace nabla
