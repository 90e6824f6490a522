// What every instruction set's file needs before it opens its namespace.
#pragma once

#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/kernels.hpp"

namespace bxnn::isa {

using namespace bxnn::plan;
using bxnn::DType;
using fx::Cast;
using fx::Fit;
using fx::Unsigned;
using ir::BinaryKind;
using ir::Order;
using ir::ReduceKind;
using kernels::BadValue;
using kernels::Kernels;

}  // namespace bxnn::isa
