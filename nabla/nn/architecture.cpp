#include "nabla/nn/architecture.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "nabla/base/error.h"
#include "nabla/base/suggest.h"
#include "nabla/base/text.h"

namespace nabla::nn {
namespace {

constexpr double widest = 1e7;
constexpr double huge = 1e15;
using Arguments = std::span<const double>;

template <const Activation& activation>
std::shared_ptr<const Layer> make_activation(const Shape&, Arguments) {
  return std::make_shared<Activation>(activation);
}

std::shared_ptr<const Layer> make_dense(const Shape& sample, Arguments arguments) {
  return std::make_shared<Dense>(sample.elements(), static_cast<std::int64_t>(arguments[0]),
                                 DenseOptions{.bias = arguments[1] != 0});
}

double dense_parameters(const Shape& sample, Arguments arguments) {
  return arguments[0] * (static_cast<double>(sample.elements()) + arguments[1]);
}

// 10000000 rather than 1e+07.
std::string text_of(double number) {
  const bool whole = number == std::trunc(number) && std::abs(number) <= huge;
  return whole ? std::to_string(static_cast<std::int64_t>(number)) : shortest(number);
}

std::string expand_mlp(Arguments widths) {
  std::string text;
  for (const double width : widths) text += str("dense(", text_of(width), ") relu ");
  return text + "dense";
}

// One layer of a text: a row of the table, and its arguments in order; none: not given.
struct Term {
  const LayerEntry* entry;
  std::vector<std::optional<double>> arguments;
};

template <class Row>
const Row* find(const std::vector<Row>& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Row::name);
  return found == table.end() ? nullptr : &*found;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<Term> parse() {
    std::vector<Term> terms;
    for (skip_space(); at_ < text_.size(); skip_space()) parse_term(terms);
    if (terms.empty()) fail(0, str("no layer; known: ", join(known_layers(), ", ")));
    return terms;
  }

 private:
  struct Value {
    std::string_view name;  // empty: given by its place
    double number;
    std::size_t at;
  };

  [[noreturn]] void fail(std::size_t at, std::string_view what) const {
    throw ValueError(str("architecture ", quote(text_), ", position ", at + 1, ": ", what));
  }

  static std::vector<std::string_view> known_layers() {
    std::vector<std::string_view> names;
    for (const LayerEntry& entry : layer_table()) names.push_back(entry.name);
    for (const ArchitectureAlias& alias : alias_table()) names.push_back(alias.name);
    return names;
  }

  bool skip_space() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    return at_ > begin;
  }

  bool skip(char wanted) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  std::string_view word() {
    const std::size_t begin = at_;
    const auto belongs = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    while (at_ < text_.size() && belongs(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  Value value() {
    skip_space();
    Value value{{}, 0, at_};
    if (at_ < text_.size() && std::isalpha(static_cast<unsigned char>(text_[at_])) != 0) {
      value.name = word();
      if (!skip('=')) fail(at_, str("expected = behind ", quote(value.name)));
      skip_space();
    }
    const auto [end, error] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), value.number);
    if (error != std::errc()) fail(at_, "expected a number");
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  std::vector<Value> values() {
    std::vector<Value> all;
    if (at_ == text_.size() || text_[at_] != '(') return all;
    ++at_;
    if (skip(')')) return all;
    do {
      all.push_back(value());
    } while (skip(','));
    if (!skip(')')) fail(at_, "expected , or )");
    return all;
  }

  void parse_term(std::vector<Term>& terms) {
    const std::size_t at = at_;
    const std::string_view name = word();
    if (name.empty()) fail(at, "expected the name of a layer");
    const LayerEntry* entry = find(layer_table(), name);
    const ArchitectureAlias* alias = find(alias_table(), name);
    if (entry == nullptr && alias == nullptr) {
      fail(at, str("unknown layer ", quote(name), suggestion(name, known_layers())));
    }
    const std::vector<Value> given = values();
    if (entry != nullptr) {
      terms.push_back({entry, arguments_of(*entry, given)});
    } else {
      for (Term& term : expand(*alias, given)) terms.push_back(std::move(term));
    }
    if (at_ < text_.size() && !skip_space()) fail(at_, "expected a space between layers");
  }

  std::vector<std::optional<double>> arguments_of(const LayerEntry& entry,
                                                  const std::vector<Value>& given) const {
    const auto& known = entry.arguments;
    std::vector<std::optional<double>> arguments(known.size());
    for (std::size_t i = 0; i < given.size(); ++i) {
      const Value& value = given[i];
      const std::size_t place = value.name.empty() ? i : place_of(entry, value);
      if (place >= known.size()) {
        fail(value.at, str(entry.name, " takes ", known.size(), " arguments at most"));
      }
      if (arguments[place]) fail(value.at, str(known[place].name, " is given twice"));
      check(entry, known[place], value);
      arguments[place] = value.number;
    }
    return arguments;
  }

  std::size_t place_of(const LayerEntry& entry, const Value& value) const {
    std::vector<std::string_view> names;
    for (const LayerArgument& argument : entry.arguments) names.push_back(argument.name);
    const auto found = std::ranges::find(names, value.name);
    if (found == names.end()) {
      fail(value.at, str(entry.name, " has no argument ", quote(value.name),
                         names.empty() ? "" : suggestion(value.name, names)));
    }
    return static_cast<std::size_t>(found - names.begin());
  }

  void check(const LayerEntry& entry, const LayerArgument& argument, const Value& value) const {
    const double number = value.number;
    const bool fits = number >= argument.least &&
                      (argument.below ? number < argument.most : number <= argument.most);
    if (fits && (!argument.whole || number == std::floor(number))) return;
    fail(value.at, str(entry.name, ": ", argument.name, " ", text_of(number), ": expected a ",
                       argument.whole ? "whole " : "", "number from ", text_of(argument.least),
                       argument.below ? " to below " : " to ", text_of(argument.most)));
  }

  std::vector<Term> expand(const ArchitectureAlias& alias, const std::vector<Value>& given) const {
    const LayerEntry& dense = *find(layer_table(), "dense");
    std::vector<double> widths;
    if (!given.empty() && !alias.takes_widths) {
      fail(given[0].at, str(alias.name, " takes no arguments"));
    }
    for (const Value& value : given) {
      if (!value.name.empty()) fail(value.at, str(alias.name, " takes no named arguments"));
      check(dense, dense.arguments[0], value);
      widths.push_back(value.number);
    }
    return Parser(alias.expand(widths)).parse();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string text_of(const Term& term) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < term.arguments.size(); ++i) {
    const LayerArgument& argument = term.entry->arguments[i];
    const auto& value = term.arguments[i];
    if (!value || value == argument.initial) continue;
    values.push_back((i == 0 ? "" : str(argument.name, "=")) + text_of(*value));
  }
  return values.empty() ? std::string(term.entry->name)
                        : str(term.entry->name, "(", join(values, ","), ")");
}

std::string text_of(const std::vector<Term>& terms) {
  std::vector<std::string> texts;
  texts.reserve(terms.size());
  for (const Term& term : terms) texts.push_back(text_of(term));
  return join(texts, " ");
}

}  // namespace

const std::vector<LayerEntry>& layer_table() {
  static const std::vector<LayerEntry> table = {
      {"dense",
       "every output a weighted sum of all inputs",
       {{"width", "number of outputs; default: what the data need", 1, widest, true},
        {"bias", "1: with a bias, 0: without", 0, 1, true, 1}},
       make_dense,
       dense_parameters},
      {"relu", "max(x, 0)", {}, make_activation<relu>},
      {"leaky_relu",
       "x above 0, slope x below",
       {{"slope", "slope below 0", -huge, huge, false, 0.1}},
       [](const Shape&, Arguments arguments) -> std::shared_ptr<const Layer> {
         return std::make_shared<Activation>(leaky_relu(arguments[0]));
       }},
      {"elu",
       "x above 0, alpha (e^x - 1) below",
       {{"alpha", "minus the value far below 0", -huge, huge, false, 1}},
       [](const Shape&, Arguments arguments) -> std::shared_ptr<const Layer> {
         return std::make_shared<Activation>(elu(arguments[0]));
       }},
      {"tanh", "hyperbolic tangent", {}, make_activation<tanh>},
      {"sigmoid", "1 / (1 + e^-x)", {}, make_activation<sigmoid>},
      {"softplus", "log(1 + e^x)", {}, make_activation<softplus>},
      {"identity", "x", {}, make_activation<identity>},
      {"dropout",
       "while training, drops values at random",
       {{"rate", "probability that a value is dropped", 0, 1, false, 0.5, true}},
       [](const Shape&, Arguments arguments) -> std::shared_ptr<const Layer> {
         return std::make_shared<Dropout>(arguments[0]);
       }},
      {"flatten",
       "all axes of a sample as one",
       {},
       [](const Shape&, Arguments) -> std::shared_ptr<const Layer> {
         return std::make_shared<Flatten>();
       }},
  };
  return table;
}

const std::vector<ArchitectureAlias>& alias_table() {
  static const std::vector<ArchitectureAlias> table = {
      {"mlp", "a dense layer with relu of each width, then dense: mlp(128,64)", true, expand_mlp},
      {"softmax", "the softmax classifier: dense", false,
       [](Arguments) { return std::string("dense"); }},
  };
  return table;
}

std::string canonical_architecture(std::string_view text) { return text_of(Parser(text).parse()); }

Sequential make_model(std::string_view text, const Shape& sample, std::int64_t outputs,
                      double limit) {
  const std::vector<Term> terms = Parser(text).parse();
  const auto fail = [&](const auto&... parts) {
    return str("architecture ", quote(text), parts...);
  };
  double numbers = 1;
  for (const std::int64_t extent : sample) numbers *= static_cast<double>(extent);
  if (!(numbers >= 1 && numbers <= 1ULL << 40)) {
    throw ShapeError(fail(": samples ", sample, ": expected 1 to 2^40 numbers in each"));
  }
  std::vector<AnyLayer> layers;
  Shape shape = sample;
  double parameters = 0;
  for (const Term& term : terms) {
    std::vector<double> arguments;
    for (std::size_t i = 0; i < term.arguments.size(); ++i) {
      const auto initial = term.entry->arguments[i].initial;
      const double missing = initial.value_or(static_cast<double>(outputs));
      arguments.push_back(term.arguments[i].value_or(missing));
    }
    if (term.entry->parameters != nullptr) parameters += term.entry->parameters(shape, arguments);
    if (parameters > limit) {
      throw ValueError(fail(": layer ", layers.size() + 1, " ", quote(text_of(term)), " makes it ",
                            text_of(parameters), " parameters: expected at most ", text_of(limit)));
    }
    layers.push_back(term.entry->make(shape, arguments));
    shape = layers.back()->output_shape(shape);
  }
  if (shape != Shape{outputs}) {
    throw ShapeError(
        fail(" gives ", shape, " for a sample: expected [", outputs, "]; end it with dense"));
  }
  Sequential model(layers);
  model.initialize(0);
  return model;
}

}  // namespace nabla::nn
