// The two rules every operation states.
#pragma once

#include <optional>

#include "ops/interval.hpp"

namespace bxnn::ops {

// What an operation says of its result: a type, or only the fraction bits of an exact type that follows from ranges.
struct Result {
    std::size_t size = 0;
    Shape natural_shape;  // used when no shape is asked for
    int frac = 0;
    std::optional<Format> type;
};

using Operands = std::span<const ir::Value* const>;
using KnownOperands = std::span<const ir::Known>;

#define BXNN_RULES(Op)                                                           \
    Result check(const ir::Op& op, Operands operands, const std::string& where); \
    ir::Ranges range(const ir::Op& op, const ir::Value& result, KnownOperands operands, const std::string& where)

BXNN_RULES(Input);
BXNN_RULES(Constant);
BXNN_RULES(CastOp);
BXNN_RULES(Dot);
BXNN_RULES(Gather);
BXNN_RULES(Lut);
BXNN_RULES(Binary);
BXNN_RULES(Select);
BXNN_RULES(Reduce);
#undef BXNN_RULES

// A format without its modes.
inline Format type_of(const Format& f) { return {f.width, f.integer, f.is_signed, Round::TRN, Overflow::WRAP}; }

[[noreturn]] inline void bad_graph(const std::string& where, const std::string& what) {
    throw Error(ErrorKind::graph, where + ": " + what);
}

inline void expect_operands(Operands operands, std::size_t n, const std::string& where) {
    if (operands.size() != n)
        bad_graph(where, "expected " + std::to_string(n) + " operands, got " + std::to_string(operands.size()));
}

// Every element of `index` must be -1 or below `limit`.
inline void expect_index(const ir::Indices& index, std::size_t limit, const std::string& where, std::int32_t low = -1) {
    for (const auto i : index)
        if (i < low || (i >= 0 && static_cast<std::size_t>(i) >= limit))
            bad_graph(where, "index " + std::to_string(i) + " is outside an operand of " + std::to_string(limit));
}

// Where both operands have n elements, or one of them has one, which then serves all: n.
std::size_t broadcast_size(Operands operands, Shape& shape, const std::string& where);

}  // namespace bxnn::ops
