#include "passes/lower.hpp"

#include "ops/reduce.hpp"
#include "ops/rules.hpp"

namespace bxnn::plan {
namespace {

using ops::Interval;

std::string interval_text(Interval x) { return "[" + to_string(x.lo) + ", " + to_string(x.hi) + "]"; }

bool all_equal(const std::vector<i128>& v) {
    return std::all_of(v.begin(), v.end(), [&](i128 x) { return x == v.front(); });
}

// Appends the cast that ends an operation, unless the proof says that it changes nothing.
void append_cast(Lowered& lowered, Interval x, int frac, const std::optional<Format>& format,
                 const std::string& where) {
    if (!format) return;
    const bool in_range = ops::cast_range(x, frac, *format).in_range;
    if (in_range && frac == format->frac()) return;
    if (frac - format->frac() > kMaxBits - 2)
        throw Error(ErrorKind::unsupported, where + ": a cast drops more than 124 bits, which is not supported");
    lowered.bits = std::max(lowered.bits, ops::bits_for_cast(x, frac, *format, in_range));
    lowered.steps.push_back(CastStep{{CastParams(frac, *format, in_range)}, {}});
}

}  // namespace

Lowered lower_cast(const ir::CastOp& op, const ir::Known& x, const Format& result, bool prove,
                   const std::string& where) {
    Lowered lowered;
    const int frac = x.value.type.frac() - op.shift;
    if (op.formats.size() == 1) {
        const Interval all = ops::hull(x.ranges);
        lowered.bits = ops::bits_of(all);
        append_cast(lowered, all, frac, op.formats.front(), where);
        if (lowered.steps.empty() && !prove)
            lowered.steps.push_back(CastStep{{CastParams(frac, op.formats.front(), false)}, {}});
        return lowered;
    }
    CastStep step;
    for (std::size_t i = 0; i < op.formats.size(); ++i) {
        Lowered one;
        append_cast(one, x.ranges[i], frac, op.formats[i], where);
        const bool in_range = ops::cast_range(x.ranges[i], frac, op.formats[i]).in_range;
        const int up = result.frac() - op.formats[i].frac();
        lowered.bits =
            std::max({lowered.bits, one.bits, ops::bits_of(x.ranges[i]), ops::bits_of(ops::range_of(result))});
        step.casts.emplace_back(frac, op.formats[i], in_range);
        step.shift_up.push_back(static_cast<std::uint8_t>(up));
    }
    lowered.steps.push_back(std::move(step));
    return lowered;
}

Lowered lower_lut(const ir::Lut& op, const ir::Known& x) {
    LutStep step{op.first, op.table, {}};
    Interval entries{op.table.front(), op.table.front()};
    for (const auto entry : op.table) entries = ops::hull(entries, {entry, entry});
    if (ops::bits_of(entries) <= 32) step.table32.assign(op.table.begin(), op.table.end());
    Lowered lowered;
    lowered.bits = std::max({ops::bits_of(ops::hull(x.ranges)), ops::bits_of(entries), signed_bits(op.first)});
    lowered.steps.push_back(std::move(step));
    return lowered;
}

namespace {

// Range of the exact result of a binary operation, before its cast; and bits for it and its aligned operands.
Interval exact_binary(const ir::Binary& op, const ir::Known& a, const ir::Known& b, const std::string& where,
                      int& bits) {
    const bool multiplies = op.kind == ir::BinaryKind::mul;
    const auto grid = multiplies ? ops::Aligned{0, 0, 0} : ops::align(a.value.type.frac(), b.value.type.frac());
    const ir::Value shape{a.ranges.size() > b.ranges.size() ? a.value.shape : b.value.shape, {}};
    const ir::Known operands[] = {a, b};
    const Interval result = ops::hull(ops::range(ir::Binary{op.kind, {}}, shape, operands, where));
    bits = std::max({bits, ops::bits_of(result), ops::bits_of(ops::shl(ops::hull(a.ranges), grid.up_a, where)),
                     ops::bits_of(ops::shl(ops::hull(b.ranges), grid.up_b, where))});
    return result;
}

int exact_frac(const ir::Binary& op, const ir::Known& a, const ir::Known& b) {
    const int fa = a.value.type.frac(), fb = b.value.type.frac();
    return op.kind == ir::BinaryKind::mul ? fa + fb : is_comparison(op.kind) ? 0 : std::max(fa, fb);
}

}  // namespace

Lowered lower_constant(const ir::Binary& op, const ir::Known& x, const ir::Known& constant, bool constant_first,
                       const std::string& where) {
    Lowered lowered;
    const auto& [a, b] = constant_first ? std::pair(constant, x) : std::pair(x, constant);
    const Interval exact = exact_binary(op, a, b, where, lowered.bits);
    const bool multiplies = op.kind == ir::BinaryKind::mul;
    const auto grid = (multiplies ? ops::Aligned{0, 0, 0} : ops::align(x.value.type.frac(), constant.value.type.frac()))
                          .without_zeros(ops::hull(x.ranges), ops::hull(constant.ranges));
    ConstantStep step{op.kind, constant_first, grid.up_a, {}};
    for (const auto& c : constant.ranges) step.constants.push_back(ops::shl(c.lo, grid.up_b, where));
    if (all_equal(step.constants)) step.constants.resize(1);
    const Interval moved = ops::shl(ops::hull(x.ranges), grid.up_a, where);
    const auto [least, most] = std::minmax_element(step.constants.begin(), step.constants.end());
    const bool changes_nothing = grid.up_a == 0 && ((op.kind == ir::BinaryKind::max && moved.lo >= *most) ||
                                                    (op.kind == ir::BinaryKind::min && moved.hi <= *least));
    if (!changes_nothing) lowered.steps.push_back(std::move(step));
    append_cast(lowered, exact, exact_frac(op, a, b), op.format, where);
    return lowered;
}

Lowered lower_binary(const ir::Binary& op, const ir::Known& a, const ir::Known& b, const std::string& where) {
    Lowered lowered;
    const Interval exact = exact_binary(op, a, b, where, lowered.bits);
    const bool multiplies = op.kind == ir::BinaryKind::mul;
    const auto grid = (multiplies ? ops::Aligned{0, 0, 0} : ops::align(a.value.type.frac(), b.value.type.frac()))
                          .without_zeros(ops::hull(a.ranges), ops::hull(b.ranges));
    lowered.producer = BinaryProducer{op.kind, grid.up_a, grid.up_b};
    append_cast(lowered, exact, exact_frac(op, a, b), op.format, where);
    return lowered;
}

Lowered lower_select(const ir::Select& op, const ir::Known& a, const ir::Known& b, const std::string& where) {
    Lowered lowered;
    const auto grid =
        ops::align(a.value.type.frac(), b.value.type.frac()).without_zeros(ops::hull(a.ranges), ops::hull(b.ranges));
    const Interval exact =
        ops::hull(ops::shl(ops::hull(a.ranges), grid.up_a, where), ops::shl(ops::hull(b.ranges), grid.up_b, where));
    lowered.bits = ops::bits_of(exact);
    lowered.producer = SelectProducer{grid.up_a, grid.up_b};
    append_cast(lowered, exact, grid.frac, op.format, where);
    return lowered;
}

Lowered lower_reduce(const ir::Reduce& op, const ir::Known& x, const std::string& where) {
    Lowered lowered;
    ReduceProducer producer{op.kind, op.order, op.size, op.inner, {}, {}};
    const Interval leaves = ops::hull(x.ranges);
    lowered.bits = std::max(ops::bits_of(leaves), signed_bits(op.size));
    if (op.kind == ir::ReduceKind::sum) {
        const auto seen = ops::sum_bounds(op, x, where);
        const int frac = x.value.type.frac();
        lowered.bits = std::max(lowered.bits, ops::bits_of(seen.widest));
        if (op.accum) {
            if (frac - op.accum->frac() > kMaxBits - 2)
                throw Error(ErrorKind::unsupported,
                            where + ": a cast drops more than 124 bits, which is not supported");
            if (frac != op.accum->frac() || !seen.leaves_in_range)
                producer.leaf.emplace_back(frac, *op.accum, seen.leaves_in_range);
            if (!seen.sums_in_range) producer.sum.emplace_back(op.accum->frac(), *op.accum, false);
            lowered.bits = std::max({lowered.bits, ops::bits_for_cast(leaves, frac, *op.accum, seen.leaves_in_range),
                                     ops::bits_for_cast(seen.widest, op.accum->frac(), *op.accum, seen.sums_in_range)});
        }
        lowered.proof = "sums in " + interval_text(seen.widest);
    }
    lowered.producer = std::move(producer);
    return lowered;
}

}  // namespace bxnn::plan
