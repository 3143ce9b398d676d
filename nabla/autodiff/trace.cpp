#include "nabla/autodiff/trace.h"

#include <algorithm>
#include <map>

#include "nabla/autodiff/recording.h"
#include "nabla/base/error.h"
#include "nabla/base/text.h"
#include "nabla/ops/elementwise.h"

namespace nabla {
namespace {

// "[1, 2] f64[2]" without the type, which clutters a drawing.
std::string numbers_of(const Tensor& tensor) {
  const std::string text = tensor.to_string();
  const std::string type = str(" ", tensor.spec());
  return text.ends_with(type) ? text.substr(0, text.size() - type.size()) : text;
}

// Text as a label of Graphviz, which is read as HTML.
std::string label(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  }
  return escaped;
}

std::string op_text(const Node& node) {
  const std::string attributes = str(node.attributes());
  return attributes.empty() ? std::string(node.op->name)
                            : str(node.op->name, " (", attributes, ")");
}

std::string label_of(const std::vector<TracedNode>& nodes, int id) {
  const TracedNode& node = nodes[static_cast<std::size_t>(id)];
  if (!node.name.empty()) return node.name;
  return node.op == "constant" ? numbers_of(node.value) : str("n", id);
}

// Which of the variables a node is, by its id.
using Variables = std::map<std::int32_t, std::size_t>;

// Which of the first `count` recorded nodes are variables, or are needed by the last of them. The
// copies that stand for the variables hide what they are copies of.
std::vector<char> needed_nodes(const Recording& recording, const Variables& variables,
                               std::size_t count) {
  std::vector<char> needed(count, 0);
  const std::int32_t first = recording.first_node();
  if (!needed.empty()) needed.back() = 1;
  for (std::size_t at = count; at-- > 0;) {
    const auto id = static_cast<std::int32_t>(at) + first;
    if (variables.contains(id)) {
      needed[at] = 1;
      continue;
    }
    if (needed[at] == 0) continue;
    for (const std::int32_t in : recording.graph()[id].in) {
      if (in >= first) needed[static_cast<std::size_t>(in - first)] = 1;
    }
  }
  return needed;
}

}  // namespace

std::vector<TracedNode> trace(const Function& f, const Tensors& x,
                              const std::vector<std::string>& names) {
  if (!names.empty() && names.size() != x.size()) {
    throw ValueError(str("trace: ", names.size(), " names for ", x.size(), " inputs"));
  }
  check_function(f);
  Recording recording;
  Tensors variables;
  for (const Tensor& tensor : x) variables.push_back(recording.variable(tensor));
  const Tensor output = f(variables);
  recording.stop();
  check_scalar(output, "trace");
  if (!recording.graph().contains(output)) {
    throw ValueError("trace: the result does not depend on the inputs: there is nothing to follow");
  }
  const auto gradients = recording.gradients_of_nodes(output, number(1, output.dtype()));
  Variables variable_at;
  for (std::size_t i = 0; i < x.size(); ++i) variable_at[variables[i].node().index] = i;
  const auto needed = needed_nodes(recording, variable_at, gradients.size());

  std::vector<TracedNode> nodes;
  std::map<std::int32_t, int> place;
  for (std::size_t at = 0; at < needed.size(); ++at) {
    if (needed[at] == 0) continue;
    const auto id = static_cast<std::int32_t>(at) + recording.first_node();
    const Node& node = recording.graph()[id];
    TracedNode traced{{}, op_text(node), {}, node.value, gradients[at]};
    if (const auto variable = variable_at.find(id); variable != variable_at.end()) {
      const std::size_t i = variable->second;
      traced.name = names.empty() ? str("x", i) : names[i];
      traced.op = "input";
    } else {
      for (const std::int32_t in : node.in) {
        if (in >= recording.first_node()) traced.inputs.push_back(place.at(in));
      }
    }
    place[id] = static_cast<int>(nodes.size());
    nodes.push_back(std::move(traced));
  }
  return nodes;
}

std::string to_text(const std::vector<TracedNode>& nodes) {
  TextStream out;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const TracedNode& node = nodes[i];
    if (node.op == "constant") continue;
    out << label_of(nodes, static_cast<int>(i));
    if (node.op != "input") {
      std::vector<std::string> inputs;
      for (const int in : node.inputs) inputs.push_back(label_of(nodes, in));
      out << " = " << node.op << '(' << join(inputs, ", ") << ')';
    }
    out << "   value " << numbers_of(node.value);
    if (node.gradient.defined()) out << "   gradient " << numbers_of(node.gradient);
    out << '\n';
  }
  return out.str();
}

std::string to_dot(const std::vector<TracedNode>& nodes) {
  TextStream out;
  out << "digraph computation {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n";
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const TracedNode& node = nodes[i];
    const bool is_leaf = node.op == "input" || node.op == "constant";
    out << "  n" << i << " [shape=" << (is_leaf ? "box" : "ellipse") << ", label=<";
    if (node.op == "constant") {
      out << numbers_of(node.value);
    } else {
      out << label(is_leaf ? node.name : node.op) << "<br/><font color=\"forestgreen\">"
          << numbers_of(node.value) << "</font>";
      if (node.gradient.defined()) {
        out << "<br/><font color=\"firebrick\">" << numbers_of(node.gradient) << "</font>";
      }
    }
    out << ">];\n";
    for (const int in : node.inputs) out << "  n" << in << " -> n" << i << ";\n";
  }
  out << "}\n";
  return out.str();
}

}  // namespace nabla
