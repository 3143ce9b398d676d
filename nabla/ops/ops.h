/// All ops.
#pragma once

#include "nabla/ops/creation.h"
#include "nabla/ops/cross_entropy.h"
#include "nabla/ops/elementwise.h"
#include "nabla/ops/indexing.h"
#include "nabla/ops/linear.h"
#include "nabla/ops/matmul.h"
#include "nabla/ops/random.h"
#include "nabla/ops/reduction.h"
#include "nabla/ops/shaping.h"
#include "nabla/ops/softmax.h"
