// nabla layers, optimizers, losses, initializers: what texts can name, and each option.
#include <iostream>
#include <memory>

#include "nabla/cli/commands.h"
#include "nabla/nn/architecture.h"
#include "nabla/nn/initializer.h"
#include "nabla/nn/loss.h"
#include "nabla/optim/methods.h"

namespace nabla::cli {
namespace {

using Infos = std::span<const EntryInfo* const>;

void add_table(CLI::App& app, const std::string& name, const std::string& what,
               const std::string& example, Infos infos) {
  CLI::App* command = app.add_subcommand(name, str("List ", what, " and their options"));
  const auto markdown = std::make_shared<bool>(false);
  command->add_flag("--markdown", *markdown, "Print the page of the documentation");
  command->footer("Example:\n  " + example);
  command->callback([=] {
    if (!*markdown) {
      std::cout << help_text(infos);
      return;
    }
    std::string title = name;
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
    std::cout << "# " << title << "\n\nPrinted by `nabla " << name << " --markdown`. For example: `"
              << example << "`\n\n"
              << markdown_text(infos);
  });
}

}  // namespace

void add_tables(CLI::App& app) {
  add_table(app, "layers", "the layers of --model", "nabla train digits --model \"mlp(64)\"",
            nn::layer_table().infos());
  add_table(app, "optimizers", "the methods of --optimizer",
            "nabla train digits --optimizer \"adam(learning_rate=3e-4, beta1=0.8)\"",
            optim::method_infos());
  add_table(app, "losses", "the losses of --loss", "nabla train digits --loss cross_entropy",
            nn::loss_table().infos());
  add_table(app, "initializers", "the first weights of layers",
            "nabla train digits --model \"dense(64, initializer=he_normal) relu dense\"",
            nn::initializer_table().infos());
}

}  // namespace nabla::cli
