// What the proof needs to know of one dot operation.
#pragma once

#include "ops/interval.hpp"

namespace bxnn::ops {

// All numbers are raw integers; `exact` grids have frac = x.frac + w_frac.
struct DotBounds {
    ir::Ranges results;          // per output, on the grid of the result type
    Interval products{0, 0};     // hull of all w * x, on the exact grid
    Interval terms{0, 0};        // hull of all terms after their casts, on the result grid
    Interval partial{0, 0};      // hull of all partial sums in any order (bias included), were no overflow to occur
    bool terms_exact = true;     // no product loses bits or overflows on its way into the accumulator
    bool terms_in_range = true;  // no cast of a product overflows (it may still round)
    bool sums_in_range = true;   // no sum overflows, in any order
};

// Fraction bits of the accumulator: those of `accum`, or exact.
int accumulator_frac(const ir::Dot& op, int x_frac);
// The bias in accumulator bits, cast to `accum` where there is one.
ir::Interval bias_in_accumulator(const ir::Dot& op, std::size_t i, int acc_frac, const std::string& where);

DotBounds bounds(const ir::Dot& op, const ir::Known& x, const std::string& where);

}  // namespace bxnn::ops
