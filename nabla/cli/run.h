/// The command-line tool as a function.
#pragma once

namespace nabla::cli {

/// Does what the arguments say; argv[0] is the program's name. Prints to std::cout; errors are one
/// line on std::cerr. Returns the exit status: 0, 1 after an error, or 2 where the command was used
/// wrongly.
int run(int argc, const char* const* argv);

}  // namespace nabla::cli
