// Interval arithmetic on raw integers; every function throws Error(unsupported), naming `where`, beyond 126 bits.
#pragma once

#include "fx/format.hpp"
#include "ir/graph.hpp"

namespace bxnn::ops {

using ir::Interval;

[[noreturn]] inline void too_wide(const std::string& where) {
    throw Error(ErrorKind::unsupported,
                where +
                    ": an intermediate number may need more than 126 bits, which is not supported; "
                    "use narrower formats");
}

inline i128 add(i128 a, i128 b, const std::string& where) {
    i128 out = 0;
    if (!checked_add(a, b, out)) too_wide(where);
    return out;
}
inline i128 shl(i128 a, int bits, const std::string& where) {
    i128 out = 0;
    if (!checked_shl(a, bits, out)) too_wide(where);
    return out;
}
inline i128 mul(i128 a, i128 b, const std::string& where) {
    i128 out = 0;
    if (!checked_mul(a, b, out)) too_wide(where);
    return out;
}

inline Interval add(Interval a, Interval b, const std::string& where) {
    return {add(a.lo, b.lo, where), add(a.hi, b.hi, where)};
}
inline Interval shl(Interval a, int bits, const std::string& where) {
    return {shl(a.lo, bits, where), shl(a.hi, bits, where)};
}
inline Interval mul(Interval a, Interval b, const std::string& where) {
    const i128 p[] = {mul(a.lo, b.lo, where), mul(a.lo, b.hi, where), mul(a.hi, b.lo, where), mul(a.hi, b.hi, where)};
    return {*std::min_element(p, p + 4), *std::max_element(p, p + 4)};
}
inline Interval hull(Interval a, Interval b) { return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)}; }
inline Interval hull(const ir::Ranges& ranges) {
    Interval all = ranges.empty() ? Interval{} : ranges.front();
    for (const auto& r : ranges) all = hull(all, r);
    return all;
}
inline Interval range_of(const Format& f) { return {fx::min_raw(f), fx::max_raw(f)}; }
inline bool contains(Interval outer, Interval inner) { return outer.lo <= inner.lo && inner.hi <= outer.hi; }

// What a cast does to an interval.
struct CastRange {
    Interval result;
    bool in_range = false;  // nothing overflows after rounding
};
CastRange cast_range(Interval x, int frac_from, const Format& format);

// Bits that a lane needs so that quantize's body (fx/quantize.inl) is exact for every x in the interval.
int bits_for_cast(Interval x, int frac_from, const Format& format, bool in_range);
inline int bits_of(Interval x) { return std::max(signed_bits(x.lo), signed_bits(x.hi)); }

// Aligns two numbers on the finer grid: how far each moves, and the common fraction bits.
struct Aligned {
    int up_a, up_b, frac;

    // A number that is always zero need not move, and the lane might be narrower than the way.
    Aligned without_zeros(Interval a, Interval b) const {
        return {a == Interval{0, 0} ? 0 : up_a, b == Interval{0, 0} ? 0 : up_b, frac};
    }
};
inline Aligned align(int frac_a, int frac_b) {
    const int frac = std::max(frac_a, frac_b);
    return {frac - frac_a, frac - frac_b, frac};
}

}  // namespace bxnn::ops
