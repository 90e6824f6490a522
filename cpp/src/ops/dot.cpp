#include "ops/dot.hpp"

namespace bxnn::ops {

int accumulator_frac(const ir::Dot& op, int x_frac) {
    if (op.accum) return op.accum->frac();
    const int term_frac = op.product ? op.product->frac() : x_frac + op.w_frac;
    return std::max(term_frac, op.b_frac);
}

Interval bias_in_accumulator(const ir::Dot& op, std::size_t i, int acc_frac, const std::string& where) {
    const i128 b = op.bias[i];
    const i128 moved = op.accum ? fx::quantize(b, op.b_frac, *op.accum) : shl(b, acc_frac - op.b_frac, where);
    return {moved, moved};
}

namespace {

struct Term {
    Interval value;
    bool exact, in_range;
};

// One product on its way into the accumulator.
Term term(const ir::Dot& op, Interval product, int product_frac, int acc_frac, const std::string& where) {
    Term t{product, true, true};
    int frac = product_frac;
    for (const auto& format : {op.product, op.accum}) {
        if (!format) continue;
        const auto cast = cast_range(t.value, frac, *format);
        t.exact = t.exact && cast.in_range && frac <= format->frac();
        t.in_range = t.in_range && cast.in_range;
        t.value = cast.result;
        frac = format->frac();
    }
    t.value = shl(t.value, acc_frac - frac, where);
    return t;
}

}  // namespace

DotBounds bounds(const ir::Dot& op, const ir::Known& x, const std::string& where) {
    DotBounds all;
    const int product_frac = x.value.type.frac() + op.w_frac;
    const int acc_frac = accumulator_frac(op, x.value.type.frac());
    all.results.reserve(std::size_t{op.positions} * op.filters);
    for (std::size_t p = 0; p < op.positions; ++p) {
        const auto g = static_cast<std::size_t>(op.group[p]);
        for (std::size_t f = 0; f < op.filters; ++f) {
            const Interval bias = bias_in_accumulator(op, g * op.filters + f, acc_frac, where);
            Interval sum = bias, sequential = bias;
            Interval partial{std::min<i128>(bias.lo, 0), std::max<i128>(bias.hi, 0)};
            const std::int64_t* w = op.weights.data() + (g * op.filters + f) * op.terms;
            for (std::size_t k = 0; k < op.terms; ++k) {
                const std::int32_t i = op.index[p * op.terms + k];
                if (i < 0 || w[k] == 0) continue;  // the term is zero, and adding zero changes nothing
                const Interval product = mul(x.ranges[static_cast<std::size_t>(i)], {w[k], w[k]}, where);
                const Term t = term(op, product, product_frac, acc_frac, where);
                all.products = hull(all.products, product);
                all.terms = hull(all.terms, t.value);
                all.terms_exact = all.terms_exact && t.exact;
                all.terms_in_range = all.terms_in_range && t.in_range;
                sum = add(sum, t.value, where);
                partial = add(partial, {std::min<i128>(t.value.lo, 0), std::max<i128>(t.value.hi, 0)}, where);
                if (op.accum) sequential = cast_range(add(sequential, t.value, where), acc_frac, *op.accum).result;
            }
            const bool fits = !op.accum || contains({fx::target_min(*op.accum), fx::target_max(*op.accum)}, partial);
            all.sums_in_range = all.sums_in_range && fits;
            all.partial = hull(all.partial, partial);
            all.results.push_back(fits ? sum : sequential);
        }
    }
    return all;
}

}  // namespace bxnn::ops
