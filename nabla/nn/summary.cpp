#include "nabla/nn/summary.h"

#include <algorithm>
#include <array>
#include <set>

#include "nabla/base/syntax.h"
#include "nabla/base/text.h"
#include "nabla/graph/graph.h"
#include "nabla/nn/layer_calls.h"

namespace nabla::nn {
namespace {

constexpr std::int64_t batch = 2;

double multiply_adds_of(const Node& node, const Graph& graph) {
  if (node.op->name != "matmul") return 0;
  const Shape in = graph[node.in[0]].spec().shape;
  return static_cast<double>(node.spec().shape.elements() * in[in.rank() - 1]);
}

// Makes the rows of a tree whose forward function a graph holds.
class Rows {
 public:
  Rows(const Graph& graph, const LayerCalls& calls) : graph_(graph), calls_(calls) {}
  std::vector<SummaryRow> rows;

  void add(const Layer& layer, const std::string& name, int depth) {
    SummaryRow row{.name = name, .text = layer.text(), .depth = depth};
    for (const NamedState& each : layer.named_parameters()) {
      const std::int64_t count = each.state.spec().shape.elements();
      row.parameters += count;
      if (each.state.is_frozen()) row.frozen += count;
    }
    for (const LayerCalls::Entry& call : calls_.calls) {
      if (call.layer != &layer) continue;
      const Shape& shape = call.result.shape;
      if (shape.rank() > 0) row.output = Shape(std::span(shape.begin() + 1, shape.end()));
      for (std::int32_t id = call.begin; id < call.end; ++id) {
        row.multiply_adds += multiply_adds_of(graph_[id], graph_) / batch;
      }
    }
    rows.push_back(std::move(row));
    std::set<std::string> seen;  // a part that runs twice has one row
    for (const Part& part : layer.parts()) {
      if (part.layer == nullptr || !seen.insert(part.name).second) continue;
      add(*part.layer, name.empty() ? part.name : str(name, ".", part.name), depth + 1);
    }
  }

 private:
  const Graph& graph_;
  const LayerCalls& calls_;
};

}  // namespace

std::vector<SummaryRow> summarize(const Layer& model, const Shape& sample) {
  static_cast<void>(model.output_shape(sample));  // throws where they do not fit
  Graph graph(Graph::Mode::capture);
  const GraphScope scope(graph);
  const LayerCalls calls;
  Shape shape{batch};
  for (const std::int64_t extent : sample) shape.push_back(extent);
  model(graph.append_leaf(input_op, {DType::f32, shape}));
  Rows rows(graph, calls);
  rows.add(model, "", 0);
  return std::move(rows.rows);
}

std::string summary_text(const std::vector<SummaryRow>& rows) {
  using Cells = std::array<std::string, 5>;
  std::vector<Cells> table = {{"layer", "output", "parameters", "multiply-adds", ""}};
  for (const SummaryRow& row : rows) {
    const std::size_t indent = 2 * static_cast<std::size_t>(row.depth);
    const std::string last = row.name.substr(row.name.rfind('.') + 1);
    table.push_back({std::string(indent, ' ') + (row.name.empty() ? "model" : last),
                     row.output ? str(*row.output) : "-",
                     text_of(static_cast<double>(row.parameters)), text_of(row.multiply_adds),
                     row.frozen == 0                ? ""
                     : row.frozen == row.parameters ? "frozen"
                                                    : str(row.frozen, " frozen")});
  }
  std::array<std::size_t, 5> widths{};
  for (const Cells& cells : table) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  }
  std::string text;
  for (const Cells& cells : table) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string space(widths[i] - cells[i].size(), ' ');
      line += i < 2 ? cells[i] + space + "  " : space + cells[i] + "  ";  // numbers to the right
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace nabla::nn
