#include "ops/interval.hpp"

namespace bxnn::ops {

CastRange cast_range(Interval x, int frac_from, const Format& format) {
    // Rounding is monotone, so the ends tell what is reached before overflow: round in a format too wide to overflow.
    const int shift = frac_from - format.frac();
    Interval rounded = x;
    if (shift > 0) {
        Format wide{kMaxBits + 1, 0, true, format.round, Overflow::SAT};
        wide.integer = wide.width - format.frac();
        rounded = {fx::quantize(x.lo, frac_from, wide), fx::quantize(x.hi, frac_from, wide)};
    } else if (!checked_shl(x.lo, -shift, rounded.lo) || !checked_shl(x.hi, -shift, rounded.hi)) {
        rounded = {-kMaxMagnitude, kMaxMagnitude};  // certainly outside the format
    }
    const Interval target{fx::target_min(format), fx::target_max(format)};
    if (contains(target, rounded)) return {rounded, true};
    switch (format.overflow) {
        case Overflow::WRAP: return {target, false};
        case Overflow::SAT:
        case Overflow::SAT_SYM:
            return {{std::clamp(rounded.lo, target.lo, target.hi), std::clamp(rounded.hi, target.lo, target.hi)},
                    false};
        case Overflow::SAT_ZERO: {
            const Interval kept{std::max(rounded.lo, target.lo), std::min(rounded.hi, target.hi)};
            if (kept.lo > kept.hi) return {{0, 0}, false};
            return {hull(kept, {0, 0}), false};
        }
    }
    return {target, false};
}

int bits_for_cast(Interval x, int frac_from, const Format& format, bool in_range) {
    const int shift = frac_from - format.frac();
    const Interval target{fx::min_raw(format), fx::max_raw(format)};
    const int own = bits_of(x), with_target = std::max(own, bits_of(target));
    if (shift > 0) {
        if (shift > kMaxBits - 2) return kMaxBits + 2;  // only the scalar body handles these
        const i128 step = i128{1} << shift;
        return std::max({in_range ? own : with_target, bits_of({x.lo - step, x.hi + step}), shift + 2});
    }
    if (in_range) return std::max(own, bits_of(cast_range(x, frac_from, format).result));
    return shift < 0 ? with_target + 1 : with_target;  // so that a shift by all bits of the format leaves it
}

}  // namespace bxnn::ops
