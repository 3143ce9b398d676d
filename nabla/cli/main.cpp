#include <signal.h>

#include "nabla/cli/run.h"

int main(int argc, char** argv) {
  ::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit is an error then, which is told
  return nabla::cli::run(argc, argv);
}
