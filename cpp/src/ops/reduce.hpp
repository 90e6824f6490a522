// What the proof needs to know of one sum.
#pragma once

#include "ops/interval.hpp"

namespace bxnn::ops {

struct SumBounds {
    ir::Ranges results;
    Interval widest{0, 0};        // hull of all leaves (after their cast) and all sums before their casts
    bool leaves_in_range = true;  // no leaf overflows in its cast to `accum`
    bool sums_in_range = true;    // no sum overflows
};

SumBounds sum_bounds(const ir::Reduce& op, const ir::Known& x, const std::string& where);

}  // namespace bxnn::ops
