#include "nabla/cli/run.h"

#include <algorithm>
#include <filesystem>
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
  std::error_code error;
  static_cast<void>(std::filesystem::current_path(error));
  if (error && status == failed) {
    message += "; the working directory is gone: change to a folder that is there";
  }
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

// A flag that is given twice is a mistake, as every option is: it may contradict itself.
void refuse_repeated_flags(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands({})) {
    for (CLI::Option* option : command->get_options()) {
      const bool is_flag = option->get_expected_min() == 0 && !option->get_positional();
      if (is_flag) option->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    }
  }
}

// What the parser says, in this tool's words.
std::string words_of(const CLI::ParseError& error, const CLI::App& app) {
  std::string what = error.what();
  const auto before = [&](std::string_view part) { return what.substr(0, what.find(part)); };
  const auto behind = [&](std::string_view part) {
    return what.substr(what.find(part) + part.size());
  };
  const std::string kind = error.get_name();
  if (what == "A subcommand is required") {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
    return "expected a command: " + join(names, ", ");
  }
  if (kind == "RequiredError") {
    const std::size_t list = what.find('[');
    if (list == std::string::npos) return "missing: " + before(" is required");
    std::string options = what.substr(list + 1, what.find(']') - list - 1);
    if (const std::size_t comma = options.find(','); comma != std::string::npos) {
      options.replace(comma, 1, " and ");
    }
    return "expected one of " + options;
  }
  if (kind == "ArgumentMismatch" && what.find(" required but received ") != std::string::npos) {
    return str(before(":"), ": given ", behind("received "), " times: expected once");
  }
  if (kind == "ArgumentMismatch" && what.ends_with(" missing")) {
    return before(":") + ": expected a value behind it";
  }
  if (kind == "ExcludesError") {
    return str(before(" excludes "), " and ", behind("excludes "), ": expected one of them");
  }
  if (what.starts_with("The following argument")) {
    return "unexpected argument: " + behind("expected: ");
  }
  return what;
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
  add_plot(app);
  add_bench(app);
  add_ops(app);
  add_tables(app);
  // Throws where NABLA_ISA is none.
  app.set_version_flag("--version",
                       str("nabla ", NABLA_VERSION, " (", NABLA_COMPILER, ", ", isa(), ")"),
                       "name, version, compiler, and the instruction set in use");
  refuse_repeated_flags(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    app.exit(help);
  } catch (const CLI::ParseError& error) {
    const auto commands = app.get_subcommands();
    const std::string command = commands.empty() ? "" : commands.front()->get_name() + " ";
    std::string what = words_of(error, app);
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
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(str(error.path1().string(), ": ", error.code().message()), failed);
  } catch (const std::exception& error) {
    return fail(error.what(), failed);
  }
}

}  // namespace nabla::cli
