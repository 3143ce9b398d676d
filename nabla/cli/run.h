/// The command-line tool as a function.
#pragma once

namespace nabla::cli {

/// Does what the arguments say; argv[0] is the program's name. Prints to std::cout; errors are one
/// line on std::cerr; behind it, for a mistake in a text such as that of --model, the text and a ^
/// under the place. Returns the exit status: 0, 1 after an error, or 2 where the command was used
/// wrongly.
int run(int argc, const char* const* argv);

}  // namespace nabla::cli
