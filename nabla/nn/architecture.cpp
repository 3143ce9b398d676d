#include "nabla/nn/architecture.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <typeinfo>

#include "nabla/base/error.h"
#include "nabla/base/text.h"

namespace nabla::nn {
namespace {

constexpr Range widths = {.least = 1, .most = 1e7};

std::vector<LayerRecipe> read_layers(const std::vector<Term>& terms);

std::string text_of_recipes(const std::vector<LayerRecipe>& recipes) {
  std::vector<std::string> texts;
  texts.reserve(recipes.size());
  for (const LayerRecipe& recipe : recipes) texts.push_back(recipe.text);
  return join(texts, " ");
}

Sequential make_layers(const std::vector<LayerRecipe>& recipes, ModelBuild& build) {
  std::vector<AnyLayer> layers;
  for (const LayerRecipe& recipe : recipes) {
    layers.push_back(recipe.make(build));
    try {
      build.shape = layers.back()->output_shape(build.shape);
    } catch (const ShapeError& error) {
      throw ShapeError(str("layer ", quote(recipe.text), " behind a shape ", build.shape,
                           " of samples: ", error.what()));
    }
  }
  return Sequential(layers);
}

// The layers in brackets, for the shape that comes to the layer around them.
Sequential make_group(const std::vector<LayerRecipe>& recipes, ModelBuild& build) {
  const Shape shape = build.shape;
  Sequential group = make_layers(recipes, build);
  build.shape = shape;
  return group;
}

template <class L>
std::vector<LayerRecipe> simple(std::string text, const L& layer) {
  return {{std::move(text), [layer](ModelBuild&) { return AnyLayer(layer); }}};
}

template <Tensor (*function)(const Tensor&)>
std::vector<LayerRecipe> read_activation(const Term& term) {
  NoOptions::table().read(term);
  return simple(term.name, Activation(term.name, function));
}

std::vector<LayerRecipe> read_dense(const Term& term) {
  const DenseText options = DenseText::table().read(term);
  return {{DenseText::table().text("dense", options), [=](ModelBuild& build) -> AnyLayer {
             const std::int64_t in = build.shape.elements();
             const std::int64_t out = options.width.value_or(build.outputs);
             const double rows = static_cast<double>(in) + (options.bias ? 1 : 0);
             build.add_parameters(rows * static_cast<double>(out), term);
             return Dense(in, out, {.bias = options.bias, .initializer = options.initializer});
           }}};
}

std::vector<LayerRecipe> read_leaky_relu(const Term& term) {
  const auto options = LeakyReluOptions::table().read(term);
  const Activation layer = leaky_relu(options.slope);
  return simple(layer.text(), layer);
}

std::vector<LayerRecipe> read_elu(const Term& term) {
  const auto options = EluOptions::table().read(term);
  const Activation layer = elu(options.alpha);
  return simple(layer.text(), layer);
}

std::vector<LayerRecipe> read_dropout(const Term& term) {
  const auto options = DropoutOptions::table().read(term);
  return {{DropoutOptions::table().text("dropout", options),
           [=](ModelBuild&) -> AnyLayer { return Dropout(options.rate); }}};
}

std::vector<LayerRecipe> read_flatten(const Term& term) {
  NoOptions::table().read(term);
  return simple("flatten", Flatten());
}

// What stands in the pairs of brackets behind a name, and the whole as a text.
struct Groups {
  std::string text;
  std::vector<std::vector<LayerRecipe>> all;
};

Groups read_groups(const Term& term) {
  NoOptions::table().read(term);
  Groups groups{term.name, {}};
  for (const auto& group : term.groups) {
    groups.all.push_back(read_layers(group));
    groups.text += str("[", text_of_recipes(groups.all.back()), "]");
  }
  return groups;
}

std::vector<LayerRecipe> read_residual(const Term& term) {
  const Groups groups = read_groups(term);
  return {{groups.text, [all = groups.all](ModelBuild& build) -> AnyLayer {
             const Sequential body = make_group(all[0], build);
             if (all.size() == 1) return Residual(body);
             return Residual(body, make_group(all[1], build));
           }}};
}

template <class Joined>
std::vector<LayerRecipe> read_branches(const Term& term) {
  const Groups groups = read_groups(term);
  return {{groups.text, [all = groups.all](ModelBuild& build) -> AnyLayer {
             std::vector<AnyLayer> branches;
             branches.reserve(all.size());
             for (const auto& group : all) branches.emplace_back(make_group(group, build));
             return Joined(branches);
           }}};
}

// mlp(128, 64) is "dense(128) relu dense(64) relu dense".
std::vector<LayerRecipe> read_mlp(const Term& term) {
  std::vector<Term> layers;
  const auto add = [&](std::string name, std::vector<TermArgument> arguments) {
    layers.push_back({{}, std::move(name), std::move(arguments), {}, term.place});
  };
  for (const TermArgument& argument : term.arguments) {
    const auto width = OptionKind<std::int64_t>::read(argument);
    if (!argument.name.empty() || !width || !widths.holds(static_cast<double>(*width))) {
      argument.place.fail(str("mlp: expected widths, whole numbers ", widths.text()));
    }
    add("dense", {argument});
    add("relu", {});
  }
  add("dense", {});
  return read_layers(layers);
}

// Where it is the last layer it does not come here: see read_architecture.
std::vector<LayerRecipe> read_softmax(const Term& term) {
  NoOptions::table().read(term);
  term.place.fail(
      "softmax: expected it as the last layer alone, such as \"dense softmax\"; the layers before "
      "it give scores");
}

// Makes the layer, of whatever name, and keeps it for places where the name stands again.
LayerRecipe with_label(const LayerRecipe& recipe, const Term& term,
                       const std::shared_ptr<std::map<std::string, AnyLayer>>& made) {
  return {str(term.label, ":", recipe.text), [=](ModelBuild& build) {
            AnyLayer layer = named(term.label, recipe.make(build));
            made->insert_or_assign(term.label, layer);
            return layer;
          }};
}

// What one term of a text stands for.
std::vector<LayerRecipe> read_layer(const Term& term) {
  if (!term.name.empty()) return layer_table().find(term).make(term);
  std::vector<LayerRecipe> group = read_layers(term.groups[0]);
  if (term.label.empty()) return group;  // brackets that nothing needs
  return {{str("[", text_of_recipes(group), "]"),
           [=](ModelBuild& build) -> AnyLayer { return make_group(group, build); }}};
}

std::vector<LayerRecipe> read_layers(const std::vector<Term>& terms) {
  std::vector<LayerRecipe> all;
  std::vector<std::string> labels;
  const auto made = std::make_shared<std::map<std::string, AnyLayer>>();
  const auto is_label = [&](const std::string& name) {
    return std::ranges::find(labels, name) != labels.end();
  };
  for (const Term& term : terms) {
    if (term.label.empty() && is_label(term.name)) {
      if (!term.arguments.empty() || !term.groups.empty()) {
        term.place.fail(str(quote(term.name), " is a layer once more: expected only its name"));
      }
      all.push_back({term.name, [=](ModelBuild&) { return made->at(term.name); }});
      continue;
    }
    std::vector<LayerRecipe> recipes = read_layer(term);
    if (!term.label.empty()) {
      if (layer_table().has(term.label)) {
        term.place.fail(str(quote(term.label), " is a layer: expected another name of one's own"));
      }
      if (is_label(term.label)) term.place.fail(str(quote(term.label), " is given twice"));
      if (recipes.size() != 1) {
        term.place.fail(str(quote(term.name),
                            " is several layers: expected one behind a name; put "
                            "them into [ ]"));
      }
      recipes[0] = with_label(recipes[0], term, made);
      labels.push_back(term.label);
    }
    all.insert(all.end(), recipes.begin(), recipes.end());
  }
  return all;
}

// A model gives scores, of which losses and nabla predict take the softmax: a last one adds
// nothing.
bool ends_in_softmax(const std::vector<Term>& terms) {
  const Term& last = terms.back();
  return last.name == "softmax" && last.label.empty() && last.arguments.empty() &&
         last.groups.empty();
}

std::vector<LayerRecipe> read_architecture(std::string_view text) {
  std::vector<Term> terms = parse_terms("architecture", text);
  if (terms.empty()) {
    std::vector<std::string_view> names;
    for (const EntryInfo* info : layer_table().infos()) names.push_back(info->name);
    throw SyntaxError("architecture", text, 0, str("no layer; known: ", join(names, ", ")));
  }
  if (ends_in_softmax(terms)) {
    terms.pop_back();
    if (terms.empty()) terms = parse_terms("architecture", "dense");
  }
  return read_layers(terms);
}

// The name in a layer's text; of a group, none. Throws ValueError for a text that, among others,
// could be read as another layer, as several or as none.
std::string name_of(const Layer& layer) {
  const bool is_group = typeid(layer) == typeid(Sequential);
  try {
    if (!is_group) return parse_term("layer", layer.text()).name;
  } catch (const SyntaxError&) {  // said below, unless a part's text is to blame
  }
  for (const Part& part : layer.parts()) {
    if (part.layer != nullptr) name_of(*part.layer);
  }
  if (is_group) return "";
  throw ValueError(str("layer ", quote(layer.text()),
                       ": cannot be saved under this text: expected ",
                       "one name, such as \"square\", \"scale(2)\" or \"block[dense(4)]\""));
}

// Whether all layers are of kinds that the table has. Throws what name_of throws.
bool is_known(const Layer& layer) {
  bool known = typeid(layer) == typeid(Sequential) || layer_table().has(name_of(layer));
  if (!known) return false;
  for (const Part& part : layer.parts()) {
    if (part.layer != nullptr && !is_known(*part.layer)) known = false;
  }
  return known;
}

bool is_same_kind(const Layer& a, const Layer& b) {
  if (typeid(a) != typeid(b)) return false;
  const auto* activation = dynamic_cast<const Activation*>(&a);
  return activation == nullptr || activation->is_same(static_cast<const Activation&>(b));
}

// Throws where a layer of the model is another than the one that its text makes.
void check_same_kinds(const Layer& model, const Layer& remade) {
  if (!is_same_kind(model, remade)) {
    throw ValueError(str("layer ", quote(model.text()),
                         " is called as one of the library's is, but is "
                         "another: expected a name of its own"));
  }
  const Parts parts = model.parts();
  const Parts others = remade.parts();
  if (parts.size() != others.size()) {
    throw ValueError(str("layer ", quote(model.text()), " has ", parts.size(),
                         " parts, its text makes ", others.size(), ": expected as many"));
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].layer != nullptr && others[i].layer != nullptr) {
      check_same_kinds(*parts[i].layer, *others[i].layer);
    }
  }
}

// What tells models apart: names, shapes, and what is tied.
std::string states_text(const Layer& model) {
  std::vector<std::string> texts;
  for (const NamedState& each : model.states()) {
    const auto tied = each.other_names.empty() ? "" : " = " + join(each.other_names, " = ");
    texts.push_back(str(each.name, tied, " ", each.state.spec()));
  }
  return join(texts, ", ");
}

}  // namespace

void ModelBuild::add_parameters(double count, const Term& layer) {
  parameters += count;
  if (parameters <= limit) return;
  layer.place.fail(str(quote(text_of(layer)), " makes it ", text_of(parameters),
                       " parameters: expected at most ", text_of(limit)));
}

const EntryTable<LayerReader>& layer_table() {
  static const EntryTable<LayerReader> table(
      "layer",
      {
          {{.name = "dense",
            .doc = "every output a weighted sum of all inputs",
            .formula = "x W + b",
            .options = &DenseText::table().rows()},
           read_dense},
          {{.name = "relu", .doc = "cuts what is below 0", .formula = "max(x, 0)"},
           read_activation<relu>},
          {{.name = "leaky_relu",
            .doc = "ReLU with a slope below 0",
            .formula = "x where x > 0, else slope x",
            .options = &LeakyReluOptions::table().rows()},
           read_leaky_relu},
          {{.name = "elu",
            .doc = "exponential below 0",
            .formula = "x where x > 0, else alpha (e^x - 1)",
            .options = &EluOptions::table().rows()},
           read_elu},
          {{.name = "tanh", .doc = "hyperbolic tangent", .formula = "(e^2x - 1) / (e^2x + 1)"},
           read_activation<tanh>},
          {{.name = "sigmoid", .doc = "from 0 to 1", .formula = "1 / (1 + e^-x)"},
           read_activation<sigmoid>},
          {{.name = "softplus", .doc = "smooth ReLU", .formula = "log(1 + e^x)"},
           read_activation<softplus>},
          {{.name = "identity", .doc = "nothing", .formula = "x"}, read_activation<identity>},
          {{.name = "dropout",
            .doc = "while training, drops values at random",
            .source = "Srivastava and others, 2014",
            .options = &DropoutOptions::table().rows()},
           read_dropout},
          {{.name = "flatten", .doc = "all axes of a sample as one"}, read_flatten},
          {{.name = "residual",
            .doc = "residual[f] adds its input to f(x); residual[f][g] adds g(x)",
            .formula = "f(x) + g(x)",
            .source = "He, Zhang, Ren and Sun, 2016",
            .least_groups = 1,
            .most_groups = 2},
           read_residual},
          {{.name = "concatenate",
            .doc = "concatenate[f][g] puts results of branches side by side",
            .least_groups = 1,
            .most_groups = 64},
           read_branches<Concatenate>},
          {{.name = "add",
            .doc = "add[f][g] adds results of branches",
            .least_groups = 1,
            .most_groups = 64},
           read_branches<Add>},
          {{.name = "mlp", .doc = "mlp(128, 64) is dense(128) relu dense(64) relu dense"},
           read_mlp},
          {{.name = "softmax",
            .doc = "last layer; adds nothing, as losses and predict take it of the scores; alone: "
                   "dense"},
           read_softmax},
      });
  return table;
}

std::string canonical_architecture(std::string_view text) {
  return text_of_recipes(read_architecture(text));
}

Sequential make_model(std::string_view text, const Shape& sample, std::int64_t outputs,
                      double limit) {
  const std::vector<LayerRecipe> recipes = read_architecture(text);
  double numbers = 1;
  for (const std::int64_t extent : sample) numbers *= static_cast<double>(extent);
  if (!(numbers >= 1 && numbers <= 1ULL << 40)) {
    throw ShapeError(str("architecture ", quote(text), ": samples ", sample,
                         ": expected 1 to 2^40 numbers in each"));
  }
  ModelBuild build{.shape = sample, .outputs = outputs, .limit = limit};
  Sequential model = make_layers(recipes, build);
  if (build.shape != Shape{outputs}) {
    throw ShapeError(str("architecture ", quote(text), " gives ", build.shape,
                         " for a sample: expected [", outputs,
                         "]; end it with dense, or \"dense softmax\""));
  }
  model.initialize(0);
  return model;
}

void check_architecture(const Layer& model, std::string_view text, const Shape& sample,
                        std::int64_t outputs) {
  static_cast<void>(model.states());  // names a layer that holds itself
  const bool known = is_known(model);
  const double all = static_cast<double>(model.parameter_count());
  // Where a state stands in several places, the text may mean as many.
  std::size_t places = 1;
  for (const NamedState& each : model.states()) places += each.other_names.size();
  std::optional<Sequential> remade;
  try {
    remade = make_model(text, sample, outputs, all * static_cast<double>(places));
  } catch (const Error& error) {
    if (!known) return;  // with layers of the user's
    throw ValueError(
        str("model ", quote(model.text()), " cannot be made from its text: ", error.what()));
  }
  const std::string wanted = states_text(model);
  const std::string made = states_text(*remade);
  if (wanted != made) {
    throw ValueError(str("model ", quote(model.text()), " has the states ", wanted,
                         ", its text makes ", made,
                         ": expected a layer that stands twice to do so in one Sequential"));
  }
  check_same_kinds(model, *remade);
}

}  // namespace nabla::nn
