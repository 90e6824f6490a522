// Which way a dot product may be computed: the conditions are those of docs/spec/exactness.md.
#include <bit>

#include "ops/dot.hpp"
#include "passes/lower.hpp"

namespace bxnn::plan {
namespace {

using ops::Interval;

constexpr int kPlainWidth = kMaxBits;
Format plain(int frac) { return {kPlainWidth, kPlainWidth - frac, true}; }

// One operation on its way to a plan.
struct DotLowering {
    const ir::Dot& op;
    const ir::Known& x;
    const ops::DotBounds bounds;
    const std::string& where;
    const int product_frac, acc_frac;
    DotProducer out{};
    int bits = 0;

    DotLowering(const ir::Dot& o, const ir::Known& operand, const std::string& place)
        : op(o),
          x(operand),
          bounds(ops::bounds(o, operand, place)),
          where(place),
          product_frac(operand.value.type.frac() + o.w_frac),
          acc_frac(ops::accumulator_frac(o, operand.value.type.frac())) {
        out.positions = op.positions, out.filters = op.filters, out.terms = op.terms;
        out.group.assign(op.group.begin(), op.group.end());
        out.weights = op.weights;
        const Interval seen = ops::hull(operand.ranges);
        out.x_lo = static_cast<std::int64_t>(seen.lo), out.x_hi = static_cast<std::int64_t>(seen.hi);
        for (std::size_t i = 0; i < op.bias.size(); ++i)
            out.bias.push_back(ops::bias_in_accumulator(op, i, acc_frac, where).lo);
        need(ops::bits_of(ops::hull(x.ranges)));
        need(ops::bits_of(bounds.products));
        for (const auto w : op.weights) need(signed_bits(w));
        for (const auto b : out.bias) need(signed_bits(b));
    }

    void need(int n) { bits = std::max(bits, n); }
    bool wraps() const { return op.accum && op.accum->overflow == Overflow::WRAP; }
    bool any_order() const { return bounds.sums_in_range || wraps(); }

    // The casts of one product, in order; the last one leaves it on the accumulator's grid.
    void cast_terms(bool prove) {
        Interval seen = bounds.products;
        int frac = product_frac;
        for (const auto& format : {op.product, op.accum}) {
            if (!format) continue;
            const auto cast = ops::cast_range(seen, frac, *format);
            const bool in_range = prove && cast.in_range;
            if (frac - format->frac() > kMaxBits - 2)
                throw Error(ErrorKind::unsupported, where + ": a cast drops more than 124 bits");
            need(ops::bits_for_cast(seen, frac, *format, in_range));
            if (!(in_range && frac == format->frac())) out.term_casts.emplace_back(frac, *format, in_range);
            seen = cast.result;
            frac = format->frac();
        }
        if (frac == acc_frac) return;
        need(ops::bits_for_cast(seen, frac, plain(acc_frac), true));
        out.term_casts.emplace_back(frac, plain(acc_frac), true);
    }

    // All products added as integers on the coarsest grid that holds them and the bias; false if weights outgrow 64
    // bits.
    bool exact(Lowered& lowered) {
        if (product_frac > acc_frac) return false;  // possible where every weight is zero
        int grid = product_frac;
        for (const auto b : out.bias)
            if (b != 0) {
                const auto low = static_cast<std::uint64_t>(b);
                const int zeros = low ? std::countr_zero(low) : 64;
                grid = std::max(grid, acc_frac - zeros);
            }
        const int down = acc_frac - grid, up = grid - product_frac;
        if (up > 62) return false;
        for (auto& w : out.weights) {
            i128 moved = 0;
            if (!checked_shl(w, up, moved) || signed_bits(moved) > 63) return false;
            need(signed_bits(moved));
            w = static_cast<std::int64_t>(moved);
        }
        for (auto& b : out.bias) b >>= down;
        out.path = DotPath::exact;
        const Interval on_grid{bounds.partial.lo >> down, bounds.partial.hi >> down};
        finish(lowered, on_grid, grid, bounds.sums_in_range);
        return true;
    }

    // The cast from the path's sums to the result.
    void finish(Lowered& lowered, Interval sums, int grid, bool in_range) {
        const Format target = op.accum ? *op.accum : plain(acc_frac);
        if (in_range) need(std::max(ops::bits_of(sums), ops::bits_for_cast(sums, grid, target, true)));
        else need(op.accum->width + 1);
        if (!in_range || grid != acc_frac) lowered.steps.push_back(CastStep{{CastParams(grid, target, in_range)}, {}});
    }

    // Whether each product needs nothing but a shift right.
    bool is_floored() const {
        const auto& cast = op.product ? op.product : op.accum;
        if (!cast || (op.product && op.accum) || cast->round != Round::TRN || cast->frac() >= product_frac)
            return false;
        return cast->frac() == acc_frac && (bounds.terms_in_range || wraps());
    }

    void floored(Lowered& lowered) {
        out.path = DotPath::floored;
        out.shift = product_frac - acc_frac;
        need(out.shift + 2);
        const bool in_range = bounds.sums_in_range && bounds.terms_in_range;
        out.sum_bits = in_range ? ops::bits_of(bounds.partial) : op.accum->width;
        finish(lowered, bounds.partial, acc_frac, in_range);
    }

    void per_term(Lowered& lowered) {
        out.path = DotPath::per_term;
        cast_terms(true);
        finish(lowered, bounds.partial, acc_frac, bounds.sums_in_range);
    }

    void in_order(bool prove) {
        out.path = DotPath::in_order;
        cast_terms(prove);
        if (!op.accum) return need(ops::bits_of(bounds.partial));
        out.sum_cast.emplace_back(acc_frac, *op.accum, false);
        const Interval all = ops::range_of(*op.accum);
        need(ops::bits_of(ops::add(all, ops::hull(all, bounds.terms), where)));
    }

    // A copy of the weights in the narrower form that kernels use.
    void narrow_copy() {
        const auto fits = [](std::int64_t w) { return signed_bits(w) <= 32; };
        if (std::all_of(out.weights.begin(), out.weights.end(), fits))
            out.weights32.assign(out.weights.begin(), out.weights.end());
    }
};

std::string proof_of(const DotLowering& d) {
    std::string text = "dot " + std::string(kDotPathNames[static_cast<std::size_t>(d.out.path)]) + ": sums in [" +
                       to_string(d.bounds.partial.lo) + ", " + to_string(d.bounds.partial.hi) + "]";
    if (d.op.accum) text += d.bounds.sums_in_range ? " fit " : d.wraps() ? " wrap in " : " may saturate in ";
    if (d.op.accum) text += d.op.accum->str();
    return text;
}

}  // namespace

Lowered lower_dot(const ir::Dot& op, const ir::Known& x, bool prove, const std::string& where) {
    Lowered lowered;
    DotLowering d(op, x, where);
    const bool done = prove && d.any_order() && d.bounds.terms_exact && d.exact(lowered);
    if (!done) {
        d.out.weights = op.weights;
        if (prove && d.any_order() && d.is_floored()) d.floored(lowered);
        else if (prove && d.any_order()) d.per_term(lowered);
        else d.in_order(prove);
    }
    d.narrow_copy();
    lowered.bits = d.bits;
    lowered.proof = proof_of(d);
    lowered.producer = std::move(d.out);
    return lowered;
}

}  // namespace bxnn::plan
