// How each operation becomes a producer and steps, and which lanes are proven wide enough for them.
#pragma once

#include "passes/plan.hpp"

namespace bxnn::plan {

struct Lowered {
    Producer producer;
    std::vector<Step> steps;
    int bits = 0;       // that every intermediate number fits, sign included
    std::string proof;  // for people
};

// The narrowest lane, from `least` on, with at least `bits` bits.
Lane lane_for(int bits, const std::string& where, Lane least);

// `prove` false: the cast is carried out even if the ranges say that it changes nothing.
Lowered lower_cast(const ir::CastOp& op, const ir::Known& x, const Format& result, bool prove,
                   const std::string& where);
Lowered lower_lut(const ir::Lut& op, const ir::Known& x);
Lowered lower_constant(const ir::Binary& op, const ir::Known& x, const ir::Known& constant, bool constant_first,
                       const std::string& where);
Lowered lower_binary(const ir::Binary& op, const ir::Known& a, const ir::Known& b, const std::string& where);
Lowered lower_select(const ir::Select& op, const ir::Known& a, const ir::Known& b, const std::string& where);
Lowered lower_reduce(const ir::Reduce& op, const ir::Known& x, const std::string& where);
// `prove` false: the stated order with every cast.
Lowered lower_dot(const ir::Dot& op, const ir::Known& x, bool prove, const std::string& where);

}  // namespace bxnn::plan
