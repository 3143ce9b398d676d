/// Everything that a user of the library needs.
#pragma once

#include "nabla/autodiff/derivatives.h"
#include "nabla/base/error.h"
#include "nabla/base/parallel.h"
#include "nabla/ops/ops.h"
#include "nabla/plan/capture.h"
