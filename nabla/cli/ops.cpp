// nabla ops: the op table.
#include <algorithm>
#include <array>
#include <iomanip>
#include <iostream>
#include <memory>
#include <variant>

#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/graph/op.h"

namespace nabla::cli {
namespace {

std::string_view derivative_of(const Op& op) {
  constexpr std::array<std::string_view, std::variant_size_v<Rule>> kinds = {
      "none", "elementwise", "linear", "multilinear", "by hand"};
  return kinds[op.rule.index()];
}

// A bar would end the cell of a table.
std::string escaped(std::string_view text) {
  std::string cell;
  for (const char c : text) cell += c == '|' ? "\\|" : std::string(1, c);
  return cell;
}

void print_markdown() {
  std::cout << "| op | inputs | derivative | what it computes |\n|---|---|---|---|\n";
  for (const Op* op : op_table()) {
    std::cout << "| `" << op->name << "` | " << op->arity << " | " << derivative_of(*op) << " | "
              << escaped(op->doc) << " |\n";
  }
}

void print_text() {
  std::size_t width = 0;
  for (const Op* op : op_table()) width = std::max(width, op->name.size());
  for (const Op* op : op_table()) {
    std::cout << std::left << std::setw(static_cast<int>(width) + 2) << op->name << std::setw(13)
              << derivative_of(*op) << op->doc << "\n";
  }
}

}  // namespace

void add_ops(CLI::App& app) {
  CLI::App* command = app.add_subcommand("ops", "List the ops: name, kind of derivative, meaning");
  const auto markdown = std::make_shared<bool>(false);
  command->add_flag("--markdown", *markdown, "Print a Markdown table");
  command->footer("Example:\n  nabla ops --markdown");
  command->callback([markdown] { *markdown ? print_markdown() : print_text(); });
}

}  // namespace nabla::cli
