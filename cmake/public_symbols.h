// The declarations that a shared library makes visible: see BUILD_SHARED_LIBS in CMakeLists.txt.
#pragma GCC visibility push(default)
#include "nabla/nabla.h"
#pragma GCC visibility pop
