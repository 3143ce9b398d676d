#include "nabla/nn/layer.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/graph/graph.h"
#include "nabla/nn/layer_calls.h"
#include "nabla/ops/elementwise.h"

namespace nabla::nn {
namespace {

// Collects the states of a tree.
class Walk {
 public:
  std::vector<NamedState> states;

  void visit(const Layer& layer, const std::string& prefix) {
    const bool is_cycle = std::ranges::find(path_, &layer) != path_.end();
    if (is_cycle || path_.size() >= deepest) {
      const std::string name = prefix.empty() ? "" : prefix.substr(0, prefix.size() - 1);
      throw ValueError(is_cycle ? str("layer ", quote(name), ": holds itself")
                                : str("layer ", quote(name), ": more than ", deepest,
                                      " layers within each other: expected fewer"));
    }
    path_.push_back(&layer);
    std::map<std::string, const void*> names;
    for (const Part& part : layer.parts()) {
      if (part.layer == nullptr && !part.state.defined()) continue;
      const void* what = part.layer != nullptr ? part.layer : part.state.id();
      const auto [other, is_new] = names.emplace(part.name, what);
      if (part.name.empty() || part.name.find('.') != std::string::npos ||
          (!is_new && other->second != what)) {
        throw ValueError(str("layer ", quote(layer.text()), ": part ", quote(part.name),
                             is_new ? ": expected a name, without dots"
                                    : " stands twice: expected a name of its own for each part"));
      }
      if (!is_new) continue;  // a part that runs twice
      if (part.layer != nullptr) {
        visit(*part.layer, prefix + part.name + ".");
      } else {
        add(part, prefix + part.name);
      }
    }
    path_.pop_back();
  }

 private:
  void add(const Part& part, std::string name) {
    const auto [place, is_new] = places_.emplace(part.state.id(), states.size());
    if (is_new) {
      states.push_back({std::move(name), part.state, part.role, part.initializer, {}});
    } else {
      states[place->second].other_names.push_back(std::move(name));
    }
  }

  std::vector<const Layer*> path_;
  std::map<const void*, std::size_t> places_;
};

void draw(const State& state, const Initializer& initializer, Random random) {
  const Spec spec = state.spec();
  std::vector<double> values;
  const auto count = static_cast<std::size_t>(spec.shape.elements());
  with_memory_for([&] { return str("first weights ", spec); }, count * sizeof(double),
                  [&] { values.resize(count); });
  initializer(values, spec.shape, random);
  const Tensor drawn = cast(Tensor::from(values, spec.shape), spec.dtype);
  if (!is_finite(drawn)) {
    throw ValueError(str("initializer ", quote(initializer.text()), ": gives first values of ",
                         quote(state.name()), " that ", spec.dtype,
                         " does not have: expected finite numbers"));
  }
  state.assign(drawn);
}

std::uint64_t fresh_stream() {
  static std::atomic<std::uint64_t> made;
  return streams::fresh + made++;
}

void set_frozen(const Layer& layer, std::string_view pattern, bool frozen) {
  std::vector<std::string> names;
  bool found = false;
  for (const NamedState& parameter : layer.named_parameters()) {
    const auto is_meant = [&](const std::string& name) { return matches(pattern, name); };
    if (is_meant(parameter.name) || std::ranges::any_of(parameter.other_names, is_meant)) {
      parameter.state.set_frozen(frozen);
      found = true;
    }
    names.push_back(parameter.name);
  }
  if (names.empty()) {
    throw ValueError(str(frozen ? "freeze" : "unfreeze", ": ", quote(layer.text()),
                         " has no parameters: expected a layer that learns, such as dense"));
  }
  if (!found) {
    throw ValueError(str(frozen ? "freeze" : "unfreeze", ": no parameter ", quote(pattern),
                         ": expected some of: ", join(names, ", ")));
  }
}

// Whether it is f64 and the layer computes in f32. Layers without parameters take both.
bool is_too_wide(const Tensor& x, const Layer& layer) {
  if (x.dtype() != DType::f64) return false;
  bool narrow = false;
  for (const NamedState& each : layer.states()) {
    const DType dtype = each.state.spec().dtype;
    if (dtype == DType::f64) return false;
    narrow = narrow || dtype == DType::f32;
  }
  return narrow;
}

thread_local LayerCalls* watcher = nullptr;
thread_local std::size_t depth = 0;

}  // namespace

LayerNesting::LayerNesting() {
  if (depth >= deepest) {
    throw Error(str("a layer holds itself, or there are more than ", deepest,
                    " layers within each other: expected fewer"));
  }
  ++depth;
}
LayerNesting::~LayerNesting() { --depth; }

LayerCalls::LayerCalls() : before_(watcher) { watcher = this; }
LayerCalls::~LayerCalls() { watcher = before_; }

Tensor Layer::operator()(const Tensor& input) const {
  const LayerNesting nesting;
  const Tensor x = is_too_wide(input, *this) ? cast(input, DType::f32) : input;
  if (watcher == nullptr) return forward(x);
  const Graph* graph = active_graph();
  const std::int32_t begin = graph != nullptr ? graph->size() : 0;
  Tensor y = forward(x);
  if (y.defined())
    watcher->calls.push_back({this, y.spec(), begin, graph != nullptr ? graph->size() : 0});
  return y;
}

Shape Layer::output_shape(const Shape& sample) const {
  constexpr std::int64_t batch = 2;
  static_cast<void>(states());  // names a layer that holds itself
  Graph graph(Graph::Mode::capture);
  const GraphScope scope(graph);
  Shape shape{batch};
  for (const std::int64_t extent : sample) shape.push_back(extent);
  const Tensor y = (*this)(graph.append_leaf(input_op, {DType::f32, shape}));
  if (!y.defined() || y.rank() == 0 || y.shape()[0] != batch) {
    throw ShapeError(str(text(), ": gives ", y.defined() ? str(y.spec()) : "an undefined tensor",
                         " for a batch of ", batch, " samples ", sample,
                         ": expected one row for each sample"));
  }
  return Shape(std::span(y.shape().begin() + 1, y.shape().end()));
}

std::vector<NamedState> Layer::states() const {
  Walk walk;
  walk.visit(*this, "");
  return std::move(walk.states);
}

std::vector<NamedState> Layer::named_parameters() const {
  std::vector<NamedState> all = states();
  std::erase_if(all, [](const NamedState& each) { return each.role != Role::learned; });
  return all;
}

std::vector<State> Layer::parameters() const {
  std::vector<State> all;
  for (const NamedState& parameter : named_parameters()) {
    if (!parameter.state.is_frozen()) all.push_back(parameter.state);
  }
  return all;
}

std::int64_t Layer::parameter_count() const {
  std::int64_t count = 0;
  for (const NamedState& parameter : named_parameters()) {
    count += parameter.state.spec().shape.elements();
  }
  return count;
}

void Layer::initialize(std::uint64_t seed) const {
  for (const NamedState& each : states()) {
    const std::uint64_t stream = streams::of(each.name);
    if (each.role == Role::random) {
      each.state.assign(random_key(seed, stream));
    } else if (each.initializer) {
      draw(each.state, each.initializer, Random(seed, stream));
    }
  }
}

void check_learns(std::string_view who, const Layer& model) {
  if (!model.parameters().empty()) return;
  throw ValueError(model.parameter_count() == 0
                       ? str(who, ": model ", quote(model.text()),
                             " has no parameters to change: expected a layer that learns, such as "
                             "dense")
                       : str(who, ": all parameters of model ", quote(model.text()),
                             " are frozen: set some free with unfreeze()"));
}

void Layer::freeze(std::string_view pattern) const { set_frozen(*this, pattern, true); }
void Layer::unfreeze(std::string_view pattern) const { set_frozen(*this, pattern, false); }

AnyLayer named(std::string name, AnyLayer layer) {
  const auto belongs = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty() || !std::ranges::all_of(name, belongs) || (name[0] >= '0' && name[0] <= '9') ||
      name[0] == '_') {
    throw ValueError(
        str("named: ", quote(name), ": expected letters, digits and _, with a letter first"));
  }
  layer.name = std::move(name);
  return layer;
}

void draw_fresh(const State& state, const Initializer& initializer) {
  draw(state, initializer, Random(0, fresh_stream()));
}

Generator fresh_generator() { return Generator(0, fresh_stream()); }

Tensor run_part(const Layer& part, const std::string& name, const Tensor& x) {
  const NameScope scope(name);
  const auto text = [&](const Error& error) {
    return str(error.what(), ", in layer ", name, " ", quote(part.text()));
  };
  try {
    Tensor y = part(x);
    if (!y.defined() || (y.rank() == 0 && x.defined() && x.rank() > 0)) {
      throw ShapeError(str("gives ", y.defined() ? str(y.spec()) : "an undefined tensor",
                           " for a batch: expected one row for each sample"));
    }
    return y;
  } catch (const ShapeError& error) {
    throw ShapeError(text(error));
  } catch (const DTypeError& error) {
    throw DTypeError(text(error));
  } catch (const ValueError& error) {
    throw ValueError(text(error));
  } catch (const CaptureError& error) {
    throw CaptureError(text(error));
  }
}

}  // namespace nabla::nn
