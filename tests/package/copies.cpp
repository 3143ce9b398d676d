// A program that has nabla, in which two libraries are linked that have it as well, and which opens
// a third: each copy works, and errors can be caught.
#include <dlfcn.h>
#include <nabla/nabla.h>

#include <iostream>

extern "C" {
double slope_one(double x);
double slope_two(double x);
std::size_t ops_one();
std::size_t ops_two();
void fail_one();
void fail_two();
}

namespace {

const std::size_t ops_before_main = nabla::op_table().size();

bool fails_well(void (*fail)()) {
  try {
    fail();
  } catch (const nabla::Error& error) {
    return std::string_view(error.what()).starts_with("matmul");
  }
  return false;
}

}  // namespace

int main() {
  void* const third = dlopen(THIRD, RTLD_NOW | RTLD_GLOBAL);
  if (third == nullptr) {
    std::cout << dlerror() << "\n";
    return 1;
  }
  const auto slope_three = reinterpret_cast<double (*)(double)>(dlsym(third, "slope_three"));
  const auto ops_three = reinterpret_cast<std::size_t (*)()>(dlsym(third, "ops_three"));
  const auto fail_three = reinterpret_cast<void (*)()>(dlsym(third, "fail_three"));
  const std::size_t ops = nabla::op_table().size();
  const bool slopes = slope_one(3) == 6 && slope_two(4) == 8 && slope_three(5) == 10;
  const bool tables = ops_before_main == ops && ops_one() == ops + 1 && ops_two() == ops + 1 &&
                      ops_three() == ops + 1;
  const bool errors = fails_well(fail_one) && fails_well(fail_two) && fails_well(fail_three);
  std::cout << (slopes ? "" : "a derivative is wrong\n") << (tables ? "" : "a table is wrong\n")
            << (errors ? "" : "an error was not caught\n");
  return slopes && tables && errors ? 0 : 1;
}
