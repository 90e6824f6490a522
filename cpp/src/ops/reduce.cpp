#include "ops/reduce.hpp"

#include <bit>

#include "ops/rules.hpp"

namespace bxnn::ops {

using ir::ReduceKind;

Result check(const ir::Reduce& op, Operands operands, const std::string& where) {
    expect_operands(operands, 1, where);
    const auto& x = *operands[0];
    if (op.outer > ir::kMaxElements || op.size > ir::kMaxElements || op.inner > ir::kMaxElements || op.size == 0 ||
        std::size_t{op.outer} * op.size > ir::kMaxElements || std::size_t{op.outer} * op.size * op.inner != x.size())
        bad_graph(where, "outer x size x inner = " + std::to_string(op.outer) + " x " + std::to_string(op.size) +
                             " x " + std::to_string(op.inner) + " does not match " + std::to_string(x.size()) +
                             " elements");
    if (op.accum && op.kind != ReduceKind::sum) bad_graph(where, "only a sum has an accumulator format");
    Result result{std::size_t{op.outer} * op.inner, {op.outer, op.inner}, x.type.frac(), {}};
    if (op.kind == ReduceKind::max || op.kind == ReduceKind::min) result.type = x.type;
    if (op.kind == ReduceKind::argmax) {
        const int width = std::max(1, static_cast<int>(std::bit_width(op.size - 1)));
        result.type = Format{width, width, false};
        result.frac = 0;
    }
    if (op.accum) {
        fx::check_format(*op.accum, 64, where);
        result.type = type_of(*op.accum);
        result.frac = op.accum->frac();
    }
    return result;
}

namespace {

Interval cast(const ir::Reduce& op, Interval x, int frac, SumBounds& seen) {
    if (!op.accum) return x;
    const auto c = cast_range(x, frac, *op.accum);
    seen.sums_in_range = seen.sums_in_range && c.in_range;
    return c.result;
}

// Sum of leaves[first, first + n) in the stated order; the leaves are already in the accumulator's format.
Interval sum(const ir::Reduce& op, const std::vector<Interval>& leaves, std::size_t first, std::size_t n, int frac,
             SumBounds& seen, const std::string& where) {
    if (n == 1) return leaves[first];
    const std::size_t left = op.order == ir::Order::tree ? std::bit_floor(n - 1) : n - 1;
    const Interval exact = add(sum(op, leaves, first, left, frac, seen, where),
                               sum(op, leaves, first + left, n - left, frac, seen, where), where);
    seen.widest = hull(seen.widest, exact);
    return cast(op, exact, frac, seen);
}

// The sequential order as a loop: a chain of thousands must not be a recursion.
Interval sum_in_sequence(const ir::Reduce& op, const std::vector<Interval>& leaves, int frac, SumBounds& seen,
                         const std::string& where) {
    Interval total = leaves[0];
    for (std::size_t i = 1; i < leaves.size(); ++i) {
        const Interval exact = add(total, leaves[i], where);
        seen.widest = hull(seen.widest, exact);
        total = cast(op, exact, frac, seen);
    }
    return total;
}

}  // namespace

SumBounds sum_bounds(const ir::Reduce& op, const ir::Known& x, const std::string& where) {
    SumBounds seen;
    const int frac = op.accum ? op.accum->frac() : x.value.type.frac();
    std::vector<Interval> leaves(op.size);
    for (std::size_t o = 0; o < op.outer; ++o)
        for (std::size_t i = 0; i < op.inner; ++i) {
            for (std::size_t k = 0; k < op.size; ++k) {
                leaves[k] = x.ranges[(o * op.size + k) * op.inner + i];
                if (op.accum) {
                    const auto c = cast_range(leaves[k], x.value.type.frac(), *op.accum);
                    seen.leaves_in_range = seen.leaves_in_range && c.in_range;
                    leaves[k] = c.result;
                }
                seen.widest = hull(seen.widest, leaves[k]);
            }
            seen.results.push_back(op.order == ir::Order::tree ? sum(op, leaves, 0, op.size, frac, seen, where)
                                                               : sum_in_sequence(op, leaves, frac, seen, where));
        }
    return seen;
}

ir::Ranges range(const ir::Reduce& op, const ir::Value& result, KnownOperands operands, const std::string& where) {
    const auto& x = operands[0];
    if (op.kind == ReduceKind::sum) return sum_bounds(op, x, where).results;
    if (op.kind == ReduceKind::argmax) return ir::Ranges(result.size(), Interval{0, static_cast<i128>(op.size) - 1});
    ir::Ranges ranges;
    for (std::size_t o = 0; o < op.outer; ++o)
        for (std::size_t i = 0; i < op.inner; ++i) {
            Interval r = x.ranges[o * op.size * op.inner + i];
            for (std::size_t k = 1; k < op.size; ++k) {
                const Interval v = x.ranges[(o * op.size + k) * op.inner + i];
                r = op.kind == ReduceKind::max ? Interval{std::max(r.lo, v.lo), std::max(r.hi, v.hi)}
                                               : Interval{std::min(r.lo, v.lo), std::min(r.hi, v.hi)};
            }
            ranges.push_back(r);
        }
    return ranges;
}

}  // namespace bxnn::ops
