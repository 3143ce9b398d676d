#include "nabla/cli/run.h"

#include <algorithm>
#include <iostream>
#include <new>

#include "nabla/base/error.h"
#include "nabla/base/suggest.h"
#include "nabla/base/syntax.h"
#include "nabla/base/text.h"
#include "nabla/cli/commands.h"
#include "nabla/kernels/isa.h"

namespace nabla::cli {
namespace {

constexpr int failed = 1;
constexpr int wrong_usage = 2;

int fail(std::string message, int status) {
  // One line, whatever stands in a path or a file.
  std::ranges::replace_if(
      message, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  std::cout.flush();
  std::cerr << "nabla: " << message << "\n";
  return status;
}

std::string unknown_command(const CLI::App& app, std::string_view name) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  const std::vector<std::string_view> known(names.begin(), names.end());
  return str("unknown command ", quote(name), suggestion(name, known));
}

std::string unknown_option(const CLI::App& command, const std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  std::vector<std::string> names;
  const auto add_names = [&](const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
      if (!option->get_positional()) names.push_back(option->get_name());
    }
  };
  add_names(command);
  for (const CLI::App* group : command.get_subcommands({})) {
    if (group->get_name().empty()) add_names(*group);
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  return str("unknown option ", quote(name), suggestion(name, known));
}

int run_command(int argc, const char* const* argv) {
  CLI::App app("nabla trains neural networks.", "nabla");
  app.footer(
      "Example:\n  nabla train fashion-mnist --model \"dense(128) relu dense\" --epochs 5\n"
      "\nThe environment variable NABLA_ISA=avx512, avx2 or scalar caps the instruction set.");
  app.require_subcommand(1);
  add_train(app);
  add_evaluate(app);
  add_predict(app);
  add_inspect(app);
  add_bench(app);
  add_ops(app);
  add_tables(app);
  isa();  // throws where NABLA_ISA is none
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    app.exit(help);
  } catch (const CLI::ParseError& error) {
    const auto commands = app.get_subcommands();
    const std::string command = commands.empty() ? "" : commands.front()->get_name() + " ";
    std::string what = error.what();
    const std::vector<std::string> unknown = app.remaining(true);
    const auto option = std::ranges::find_if(
        unknown, [](const std::string& text) { return text.starts_with('-') && text != "--"; });
    if (commands.empty() && argc > 1 && *argv[1] != '-') {
      what = unknown_command(app, argv[1]);
    } else if (option != unknown.end()) {
      what = unknown_option(commands.empty() ? app : *commands.front(), *option);
    }
    return fail(str(what, "; see nabla ", command, "--help"), wrong_usage);
  }
  if (!std::cout.flush()) return fail("standard output cannot be written", failed);
  return 0;
}

}  // namespace

int run(int argc, const char* const* argv) {
  try {
    return run_command(argc, argv);
  } catch (const std::bad_alloc&) {
    // Nothing may be allocated here.
    std::cerr << "nabla: not enough memory: take a smaller model, batch or data set\n";
    return failed;
  } catch (const ExitStatus& exit) {
    std::cout.flush();
    return exit.status;
  } catch (const SyntaxError& error) {
    const int status = fail(error.what(), failed);
    std::cerr << error.excerpt();
    return status;
  } catch (const std::exception& error) {
    return fail(error.what(), failed);
  }
}

}  // namespace nabla::cli
